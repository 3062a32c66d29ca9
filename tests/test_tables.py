"""CSV and YAML as streams, against the standard readers, and what is wrong with hostile ones."""

import contextlib
import csv
import io
import time
from collections import Counter

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cybersieve import kinds, peek, table_head, tables, yaml_stream
from cybersieve.errors import InputError

SIZES = st.sampled_from([1, 2, 7, 64, 100_000])
CELLS = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0\r\x1a"), max_size=12)


def chunks(data, size):
    return [data[at:at + size] for at in range(0, len(data), size)]


def rows(data, size=1 << 18, **bounds):
    notes = Counter()
    return list(tables.rows(chunks(data, size), "f.csv", notes, **bounds)), notes


def documents(data, size=1 << 18, **bounds):
    notes = Counter()
    return list(yaml_stream.documents(chunks(data, size), "f.yaml", notes, **bounds)), notes


@settings(max_examples=100)
@given(cells=st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=5), mark=st.sampled_from(",;\t|"), size=SIZES)
def test_csv_round_trip(cells, mark, size):
    file = io.StringIO()
    csv.writer(file, delimiter=mark, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([["id", "a b", "c"], *cells])
    found, _ = rows(file.getvalue().encode(), size)
    assert [tree for _, tree in found] == [
        {k: v for k, v in zip(["id", "a b", "c"], row, strict=True) if v.strip() not in tables.NO_VALUE}
        for row in cells if any(row)]


@pytest.mark.parametrize("none", ["", " ", "\t", "NULL", "null", " NULL ", "\\N", "NaN", "nan", "<NA>", "#N/A"])
def test_cells_without_a_value_are_left_out(none):
    found, _ = rows(f'id,title,text\n1,{none},The word NULL in a text\n2,None,"{none}"\n'.encode())
    assert [tree for _, tree in found] == [{"id": "1", "text": "The word NULL in a text"}, {"id": "2", "title": "None"}]


def test_csv_locators_are_the_lines_where_rows_end():
    found, _ = rows(b'a,b\n1,"two\nlines"\n\n3,4')
    assert found == [("line 3", {"a": "1", "b": "two\nlines"}), ("line 5", {"a": "3", "b": "4"})]
    found, _ = rows(b'# ours\n\nid,name\n1,a\n2,"b\nc"\n')
    assert [locator for locator, _ in found] == ["line 4", "line 6"]
    assert [locator for locator, _ in rows(b'# ours\n2031-01-01,"x\ny"\n')[0]] == ["line 3"]


def test_csv_no_more_is_read_for_the_header_than_is_looked_at():
    taken = []
    lines = (taken.append(n) or (b"1,a\n" if n else b"id,name\n") for n in range(10 * table_head.LOOK))
    assert next(tables.rows(lines, "f.csv", Counter())) == ("line 2", {"id": "1", "name": "a"})
    assert len(taken) < table_head.LOOK


def test_csv_a_header_that_cannot_be_read_is_told():
    with pytest.raises(InputError, match="line 1.*not CSV: field larger"):
        rows(b"id," + b"x" * 2000 + b"\n1,2\n", max_bytes=1000)


@pytest.mark.parametrize(("data", "expected"), [
    (b"a,b,a,\n1,2,3,4\n", [{"a": "1", "b": "2", "a 2": "3", "column 4": "4"}]),
    (b"a,b\n1,2,3\n4,5\n", [{"a": "1", "b": "2", "column 3": "3"}, {"a": "4", "b": "5"}]),
    (b"# made by us\n#\n# \"id\",\"host\"\n\"7\",\"a.example\"\n", [{"id": "7", "host": "a.example"}]),
    (b'# "id","host"\n#\n"7","a.example"\n', [{"id": "7", "host": "a.example"}]),
    (b"#version:1,date:2031-01-01\ncve,epss\nCVE-2031-1,0.5\n", [{"cve": "CVE-2031-1", "epss": "0.5"}]),
    (b'# made by us\n# "id","alias","by"\n"7", "a, b", "c"\n# Number of entries: 1\n#8,d,e\n',
     [{"id": "7", "alias": "a, b", "by": "c"}, {"id": "#8", "alias": "d", "by": "e"}]),
    (b'id,alias\n"7", "a, b"\n#8,d\n', [{"id": "7", "alias": "a, b"}, {"id": "#8", "alias": "d"}]),
    (b'a,b\n1, "no" quote\n', [{"a": "1", "b": ' "no" quote'}]),
    (b"a;b\r\n1;2\r\n", [{"a": "1", "b": "2"}]),
    (b"only\nx\n", [{"only": "x"}]),
    (b'sep=;\nid;t,u\n1;"a;b"\n', [{"id": "1", "t,u": "a;b"}]),
])
def test_csv_shapes(data, expected):
    assert [tree for _, tree in rows(data)[0]] == expected


@pytest.mark.parametrize(("data", "message"), [
    (b'a,b\n1,"open\n2,3\n', r"line \d: not CSV: unexpected end of data"),
    (b'a,b\n1,"x"y\n', r"line 2: not CSV"),
    (b"\n \n", "no header"),
    (b"# only\n# comments\n", "no header"),
    (b"a,b\n" + b"x" * 5000, r"line 2: a line of more than 0.001 MB"),
    (b'a,b\n1,"' + b"x\n" * 5000 + b'"', r"a cell of more than 0.001 MB .*max_record_mb"),
])
def test_csv_broken(data, message):
    with pytest.raises(InputError, match=message):
        rows(data, 64, max_bytes=1000)


def same_for_any_chunks(data, **bounds):
    found = rows(data, **bounds)
    assert all(rows(data, size, **bounds) == found for size in (1, 2, 7, 64))
    return [tree for _, tree in found[0]], found[1]


@pytest.mark.parametrize(("data", "expected"), [
    (b'"Id","Short\r\n name","Text\n\n(long)"\r\n1,a,b\r\n', {"Id": "1", "Short name": "a", "Text (long)": "b"}),
    (b'"In two\nlines";"b"\n1;a,b\n', {"In two lines": "1", "b": "a,b"}),
    (b'a,b\n1,"x\ny"\n', {"a": "1", "b": "x\ny"}),
    (b'2031-01-01,"x\ny"\n', {"column 1": "2031-01-01", "column 2": "x\ny"}),
    (b'id,5" long\n1,2\n', {"id": "1", "5' long": "2"}),  # what a path can name
    (b'id,"a {b} ~ c"\n1,2\n', {"id": "1", "a (b) - c": "2"}),
])
def test_csv_headers_in_several_lines(data, expected):
    assert same_for_any_chunks(data) == ([expected], Counter())


SENTENCES = [f"Whatever happened here happened for the {n}th time" for n in range(9)]


@pytest.mark.parametrize("lines", [
    [f"{'ham' if n % 2 else 'spam'}\t{words}" for n, words in enumerate(SENTENCES)],
    [f"{n}\t{words}" for n, words in enumerate(SENTENCES)],
    [f"{n}\t{words[:20]}\t{'positive' if n % 3 else 'negative'}" for n, words in enumerate(SENTENCES)],
    [f"{words}, did it?\tyes\tno\t{'ABAB'[n % 4]}" for n, words in enumerate(SENTENCES)],
    [f"MS31-{n:03}\t{words}" for n, words in enumerate(SENTENCES)],
])
def test_csv_without_a_header(lines):
    trees, _ = same_for_any_chunks("\n".join(lines).encode())
    assert [list(tree.values()) for tree in trees] == [line.split("\t") for line in lines]
    assert list(trees[0]) == [f"column {n + 1}" for n in range(len(trees[0]))]


@pytest.mark.parametrize("header", ["label\ttext", "verdict\tWhat did you see, in your own words?", "2019\tNumber",
                                    "verdict\tWhatever happened", "ham\tspam",
                                    "verdict\tDescribe in your own words what happened here before the others came"])
def test_csv_headers_that_look_like_data(header):
    lines = [header] + [f"{'ham' if n % 2 else ''}\t{words}" for n, words in enumerate(SENTENCES)]
    assert list(same_for_any_chunks("\n".join(lines).encode())[0][1]) == header.split("\t")


def test_csv_headers_in_several_lines_have_their_place():
    assert rows(b'"a\nb",c\n1,2\n')[0] == [("line 3", {"a b": "1", "c": "2"})]
    with pytest.raises(InputError, match="line 3: not CSV"):
        rows(b'"a\nb",c\n1,"x"y\n')


@pytest.mark.parametrize("many", [3, 20_000])
def test_csv_a_quote_that_stays_open_makes_no_header_of_the_file(many):
    found, _ = rows(b'id,"title\n' + b"1,2\n" * many)
    assert [tree for _, tree in found] == [{"id": "1", "title": "2"}] * many


ROWS = b"".join(b"%d,Flaw %d,\"Long, long text\",\n" % (n, n) for n in range(9))


@pytest.mark.parametrize(("before", "count"), [
    (b"", 0), (b"\n \n", 0), (b"Flaws of the year\n", 1), (b"Flaws of the year,,,\n\n", 1), (b",,,\n", 1),
    (b'"Report","2031"\n', 1), (b'"All, or some"\n2031-01-01\n\nHost,Sum\na.example,7\n\n', 4),
    (b",,Texts,\n", 1), (b"# ours\nFlaws\n", 1), (b"sep=,\nFlaws\n", 1)])
@pytest.mark.parametrize("rest", [ROWS, ROWS + b"Total,9\n", ROWS[:ROWS.index(b"\n")]])
def test_csv_lines_before_the_header_are_left_out(before, count, rest):
    found, notes = same_for_any_chunks(before + b"Id,Title,Text,More\n" + rest)
    if before != b"# ours\n":
        assert found[0] == {"Id": "0", "Title": "Flaw 0", "Text": "Long, long text"}
        assert notes == (Counter({"rows before the header left out": count}) if count else Counter())


@pytest.mark.parametrize("title", [b"Flaws\n", b"Flaws, as of 2031\n"])
@pytest.mark.parametrize("mark", [b";", b"\t"])
def test_csv_a_title_does_not_tell_the_delimiter(title, mark):
    data = title + b"Id,Title,Text\n1,One,a\n2,Two,b\n".replace(b",", mark)
    assert same_for_any_chunks(data)[0] == [{"Id": "1", "Title": "One", "Text": "a"},
                                            {"Id": "2", "Title": "Two", "Text": "b"}]


@pytest.mark.parametrize("header", [
    b"id,title", b"id,title,text", b"id,title,", b",title,text", b"id", b"id,,text", b"2029,2030,2031", b"id;a;b;c"])
@pytest.mark.parametrize("data", [
    b"1,One,some\n2,Two,words\n", b"one,One,some\ntwo,Two,words\n", b"one,One\ntwo,Two,some,words\nthree\n"])
def test_csv_a_first_row_that_may_be_the_header_stays_it(header, data):
    found, notes = same_for_any_chunks(header + b"\n" + data)
    assert notes["rows before the header left out"] == (header == b"id" and data.startswith(b"one,One,some"))
    assert len(found) == data.count(b"\n") - notes["rows before the header left out"]


def test_csv_without_a_header_and_with_a_short_first_row():
    data = b"CVE-2031-1,,\nCVE-2031-2,One,some words\nCVE-2031-3,Two,some words\n"
    assert [tree["column 1"] for tree in same_for_any_chunks(data)[0]] == ["CVE-2031-1", "CVE-2031-2", "CVE-2031-3"]


@pytest.mark.parametrize(("cell", "expected"), [
    (b'"No" he said', '"No" he said'), (b'"open', '"open'), (b'5" and "6"', '5" and "6"'), (b'""', '""')])
def test_csv_tabs_without_quotes(cell, expected):
    found, _ = same_for_any_chunks(b"id\ttext\n1\t%b\n2\tx\n3\t\"Yes\" she said\n" % cell)
    assert found == [{"id": "1", "text": expected}, {"id": "2", "text": "x"}, {"id": "3", "text": '"Yes" she said'}]


def test_csv_tabs_with_quotes_stay_so():
    quoted = b'id\ttext\n1\t"a\tb"\n2\t"x\n""y"""\n'
    assert same_for_any_chunks(quoted)[0] == [{"id": "1", "text": "a\tb"}, {"id": "2", "text": 'x\n"y"'}]
    whole = b"id\ttext\n" + b'1\t"a"\n' * 9000 + b'2\t"' + b"long\n" * 9000 + b'"\n'  # open where the look ends
    assert rows(whole)[0][-1][1] == {"id": "2", "text": "long\n" * 9000}
    with pytest.raises(InputError, match="line 3: not CSV"):
        rows(b'id\ttext\n1\t"a\nb"c\td\te\n')


@pytest.mark.parametrize(("cell", "expected"), [
    (rb'say \"a\", or \"b\"', 'say "a", or "b"'), (rb'\"a\"', '"a"'), (rb'C:\new \d \\ \"', 'C:\\new \\d \\ "'),
    (b'two\n\\"lines\\"', 'two\n"lines"')])
def test_csv_backslashes_before_quotes(cell, expected):
    found, _ = same_for_any_chunks(b'id,text,more\n1,"%b","x"\n2,"y",z\n' % cell)
    assert found == [{"id": "1", "text": expected, "more": "x"}, {"id": "2", "text": "y", "more": "z"}]


@pytest.mark.parametrize(("cell", "expected"), [
    (rb'C:\dir\ '[:-1], "C:\\dir\\"), (rb'{\""a\"": 1}', '{\\"a\\": 1}'), (rb"C:\new", "C:\\new")])
def test_csv_backslashes_stay_where_quotes_are_doubled(cell, expected):
    found, _ = same_for_any_chunks(b'id,text,more\n1,"%b","x"\n2,"y",z\n' % cell)
    assert found == [{"id": "1", "text": expected, "more": "x"}, {"id": "2", "text": "y", "more": "z"}]


@pytest.mark.parametrize(("begin", "row"), [
    (b"Flaws\nid,title,text\n", b'one,One,"%b"\n'), (b'id,"ti\ntle",text\n', b'one,One,"%b"\n'),
    (b"id\ttitle\ttext\n", b'one\tOne\t"No" he said: %b\n'), (b"id,title,text\n", b'one,One,"\\"%b\\""\n')])
@pytest.mark.parametrize("text", ["words ", "\u0436", "\U0001f600x"])
def test_csv_a_look_at_the_beginning_tells_the_same(begin, row, text):
    data = begin + row % text.encode() * 9000
    assert table_head.LOOK <= peek.FIRST
    for size in (peek.FIRST, peek.FIRST + 1, peek.FIRST + 2):
        shown = peek.table_rows(data[:size], False)
        assert len(shown) == peek.ITEMS and shown == [tree for _, tree in rows(data)[0]][:peek.ITEMS]


def test_csv_a_look_may_end_in_a_character():
    data = b"id,text\n1," + "\u0436".encode() * 99_000
    assert [peek.table_rows(data[:size], False)[0]["id"] for size in (64_000, 64_001)] == ["1", "1"]


@pytest.mark.parametrize("data", [
    b'"' * 400_000, b'"\n' * 200_000, b',"\n' * 100_000, b"a\n" * 50_000, b"," * 60_000 + b"\n" + b"a,b,c\n" * 9,
    b"2031-01-01" + b" " * 60_000 + b"\n", b'"2031-01-01' + b" " * 60_000 + b'\nx",b\n1,2\n', b"\\" * 400_000,
    b"T\n" + b"a,b,c\n" * 9000 + b'\\"', b'"a' + b" \n" * 30_000 + b'",b\n1,2\n'])
def test_csv_hostile_beginnings_take_no_time(data):
    began = time.process_time()
    with contextlib.suppress(InputError):
        rows(data, 4096)
    assert time.process_time() - began < 5


def test_csv_nul_characters_go_and_are_counted():
    assert rows(b"a,b\n1\0,2\n") == ([("line 2", {"a": "1", "b": "2"})], Counter({"NUL characters removed": 1}))


YAML_KEYS = st.text(max_size=5).filter(lambda key: key != "<<")
YAML_TREES = st.recursive(
    st.none() | st.booleans() | st.text(max_size=15),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(YAML_KEYS, inner, max_size=3), max_leaves=8)


@settings(max_examples=100)
@given(trees=st.lists(st.dictionaries(YAML_KEYS, YAML_TREES, min_size=1, max_size=3), min_size=1, max_size=3),
       size=SIZES, flow=st.sampled_from([None, True, False]))
def test_yaml_round_trip(trees, size, flow):
    data = yaml.safe_dump_all(trees, allow_unicode=True, default_flow_style=flow, default_style='"').encode()
    for word in (b'!!null "null"', b'!!bool "true"', b'!!bool "false"'):
        data = data.replace(word, word.split(b'"')[1])
    assert [tree for _, tree in documents(data, size)[0]] == list(yaml.safe_load_all(data)) == trees


def test_yaml_scalars_stay_as_written():
    data = b"a: 007\nb: 2031-01-01\nc: 1e3\nd: yes\ne: true\nf: ~\ng: 'null'\nh: 12:30\nk:\n"
    assert documents(data)[0][0][1] == {"a": "007", "b": "2031-01-01", "c": "1e3", "d": "yes", "e": True, "f": None,
                                        "g": "null", "h": "12:30", "k": None}


def test_yaml_sequences_documents_and_aliases():
    assert documents(b"- a: 1\n- b\n- [x]\n")[0] == [("[0]", {"a": "1"}), ("[1]", {"text": "b"}), ("[2]", ["x"])]
    assert [place for place, _ in documents(b"a: 1\n---\nb: 2\n---\n")[0]] == ["line 1", "document 2"]
    merged = documents(b"base: &b {x: 1, y: 2}\nmore:\n  <<: *b\n  y: 3\nagain: *b\n")[0][0][1]
    assert merged == {"base": {"x": "1", "y": "2"}, "more": {"x": "1", "y": "3"}, "again": {"x": "1", "y": "2"}}


def test_yaml_tags_make_no_objects():
    data = b"a: !!python/object/apply:os.system ['exit 1']\nb: !Ref x\nc: !!int 3\n"
    assert documents(data) == ([("line 1", {"a": ["exit 1"], "b": "x", "c": "3"})], Counter({"YAML tags ignored": 2}))


BOMB = b"a: &a [x,x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (n, n, b",".join([b"*%c" % (n - 1)] * 10)) for n in range(ord("b"), ord("k")))


@pytest.mark.parametrize(("data", "message"), [
    (BOMB, "more than 200000 values in one document"),
    (b"- &a " + b"y" * 9000 + b"\n- [" + b",".join([b"*a"] * 2000) + b"]", "line 2: a document of more than 10 MB"),
    (b"- &a [" + b"y" * 9000 + b"]\n- [" + b",".join([b"*a"] * 2000) + b"]", "line 2: a document of more than 10 MB"),
    (b"".join(b"- &a%d y\n" % n for n in range(200_001)), "line 200001: more than 200000 anchors"),
    (b"a: " + b"[" * 2000, "nested deeper than 500"),
    (b"a: 1\nb: [\n", r"line \d: not YAML"),
    (b"a: 1\n\tb: 2\n", r"line 2: not YAML"),
    (b"a: *nothing\n", "line 1: the alias"),
    (b"a: 1\na: 2\n", "line 2: duplicate key 'a'"),
    (b"? [x]\n: 1\n", "a key that is no text"),
    (b"a: \x07\n", "near byte 5: not YAML"),
    (b"a: '" + b"x" * 5000 + b"'", "a document of more than 0.001 MB"),
    (b"a: '" + b"x" * 500_000 + b"'", r"near byte \d+: a text of more than 0.001 MB"),
    (b"&a [*a]\n", "the alias"),
])
def test_yaml_broken(data, message):
    with pytest.raises(InputError, match=message):
        documents(data, max_bytes=1000 if b"xxx" in data else 10_000_000)


@pytest.mark.parametrize(("line", "mark"), [
    ("a,b,c", ","), ("a;b,c;d", ";"), ('"a,b,c",d\te\tf', "\t"), ("one", ","), ("a|b", "|")])
def test_delimiter(line, mark):
    assert table_head.delimiter(line) == mark


def test_a_column_without_delimiters_keeps_its_commas():
    found, _ = rows(b"text\nfirst, second\nthird\n")
    assert [row for _, row in found] == [{"text": "first, second"}, {"text": "third"}]


def test_a_header_of_known_names_stays_the_header_above_wider_rows():
    found, _ = rows(b"Term,Definition,,,\na,b,c,d,e\nf,g,h,i,j\nk,l,m,n,o\n")
    assert [row["Term"] for _, row in found] == ["a", "f", "k"]


@given(st.lists(st.sampled_from(["a", "a 2", "a 3", "", "column 2", "column 5"]), min_size=3, max_size=6),
       st.integers(0, 3))
def test_no_column_takes_another_ones_place(names, more):
    cells = [f"cell {n}" for n in range(len(names) + more)]
    found, notes = rows("\n".join([",".join(["id", *names]), ",".join(["1", *cells])]).encode() + b"\n")
    assert sorted(found[0][1].values()) == sorted(["1", *cells])
    assert notes["rows longer than the header"] == (more > 0)


HEAD = "id\ttitle\tbody\n1\tOne\tSome words of it\n"
COPIES = {
    "COPY": (r"It leaks.\nSee C:\\new\\tmp and a\ttab." + "\t\\N", "It leaks.\nSee C:\\new\\tmp and a\ttab."),
    "mysql": ('It leaks.\\r\\nA \\\\d+ and "quotes".\tNULL', 'It leaks.\r\nA \\d+ and "quotes".'),
    "open quote": (r'"It leaks.\n\\N', '"It leaks.\n\\N'), "a null": ("A line\\nand one\t\\N", "A line\nand one")}
PLAIN = {
    "path": r"See C:\new\tmp, all of it", "path and \\N": "See C:\\new\\tmp\t\\N",
    "share": r"See \\nas\tools and \new",
    "expression": r"Seen as \\n or \n or \d+", "formula": r"As \nu \\ \tau \alpha", "one mark": r"A line\nand one",
    "code": r'It says printf("\\a\n");', "JSON": r'{"a": "b\nc\\d"}', "quoted": "\"A line\\nand \\\\ one\"",
    "newline": "It ends\\\\ in\\n one \\", "no value": "Nothing of that kind\t\\N"}


@pytest.mark.parametrize(("cell", "told"), [
    *COPIES.values(), *((cell, cell.split("\t")[0].strip('"')) for cell in PLAIN.values())], ids=[*COPIES, *PLAIN])
def test_tables_as_databases_copy_them(cell, told):
    found = [tree for _, tree in tables.rows([f"{HEAD}2\tTwo\t{cell}\n".encode()], "a.tsv", Counter())]
    assert [row["body"] for row in found] == ["Some words of it", told]


@pytest.mark.parametrize(("head", "columns"), [
    ("#separator:tab\n#html:true\n#tags column:3\n", ["column 1", "column 2", "column 3"]),
    ("#separator:Tab\n#columns:Front\tBack\tTags\n#html:true\n", ["Front", "Back", "Tags"])])
def test_cards_as_anki_exports_them(head, columns):
    """No row of theirs is a header."""
    cells = [[f"Which door opens, {n}?", f"The one by the lid {n}.", "doors"] for n in range(3)]
    data = head + "".join("\t".join(row) + "\n" for row in cells)
    assert [row for _, row in rows(data.encode())[0]] == [dict(zip(columns, row, strict=True)) for row in cells]
    assert kinds.of(data.encode(), "cards.txt", []) == "csv"

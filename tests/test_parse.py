"""The stage as a whole: every container, encoding and root; broken and hostile files beside good ones; counts."""

import bz2
import gzip
import io
import json
import lzma
import os
import tarfile
import zipfile
from collections import Counter
from contextlib import suppress
from dataclasses import replace

import pyarrow as pa
import pytest
import yaml

from cybersieve import (
    containers,
    explain,
    faults,
    kinds,
    machine,
    params,
    parse,
    parse_file,
    pieces,
    records,
    sources,
    xml_documents,
)
from cybersieve.errors import InputError, ParamsError
from tests.conftest import ROOT, run

SETTINGS = params.load(ROOT / "params.yaml").parse
GOOD = [{"id": f"G-{n}", "title": f"Good {n}", "text": f"A good record, the number {n} of them."} for n in range(3)]


def changed(**changes):
    return params.Parse(**{**vars(SETTINGS), **changes})


def parsed(raw, out, settings=SETTINGS):
    """Rows by source, and the counts."""
    counts = parse.parse_folder(raw, out, settings, "local")
    assert counts.balanced()
    rows = {shard.source: list(records.read(shard.path)) for shard in records.shards(out)} if counts.read else {}
    return rows, counts


@pytest.fixture
def raw(tmp_path):
    (tmp_path / "raw").mkdir()
    return tmp_path / "raw"


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())


# --- every reader in every container and encoding ---

ELEMENTS = "".join(f"<e id='{g['id']}'><title>{g['title']}</title><text>{g['text']}</text></e>" for g in GOOD)
XML = f"<r>{ELEMENTS}</r>"
DOCUMENTS = {
    "array.json": json.dumps(GOOD), "object.json": json.dumps({"x": 1, "items": GOOD}),
    "pretty.json": json.dumps(GOOD, indent=4),
    "lines.jsonl": "\n".join(map(json.dumps, GOOD)),
    "keyed.json": json.dumps({g["id"]: g for g in GOOD}), "e.xml": XML,
    "t.csv": "id,title,text\n" + "".join(f'{g["id"]},{g["title"]},"{g["text"]}"\n' for g in GOOD),
    "y.yaml": "".join(f'- id: {g["id"]}\n  title: {g["title"]}\n  text: "{g["text"]}"\n' for g in GOOD),
    "in.json": json.dumps({"xml_data": XML}),
    "strings.json": json.dumps([{"xml_data": f"<r>{element}</e></r>"} for element in ELEMENTS.split("</e>")[:-1]]),
    "guarded.json": f")]}}'\n{json.dumps(GOOD)}",
    "sequence.json": "".join(f"\x1e{json.dumps(g)}\n" for g in GOOD),
    "row.xml": "\n".join(f"<?xml version='1.0'?>\n<r>{element}</e></r>" for element in ELEMENTS.split("</e>")[:-1]),
}


def zipped(name, data, path, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("README.md", "not data")
        archive.writestr(f"folder/{name}", data)


PACKED = {"": lambda data: data, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress,
          ".zst": lambda data: pa.compress(data, codec="zstd", asbytes=True)}
ZIPS = {".zip": zipfile.ZIP_DEFLATED, ".bzip2.zip": zipfile.ZIP_BZIP2, ".lzma.zip": zipfile.ZIP_LZMA}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("packing", [*PACKED, *ZIPS])
@pytest.mark.parametrize("document", DOCUMENTS)
def test_matrix(document, packing, encoding, raw, tmp_path):
    data = DOCUMENTS[document].encode(encoding)
    if packing in ZIPS:
        zipped(document, data, raw / f"{document}{packing}", ZIPS[packing])
    else:
        write(raw / f"{document}{packing}", PACKED[packing](data))
    rows, counts = parsed(raw, tmp_path / "out")
    found = rows[f"{document}{packing}"]
    assert [(row["id"], row["title"], row["text"]) for row in found] == [(g["id"], g["title"], g["text"]) for g in GOOD]
    assert len({row["locator"] for row in found}) == 3 and {row["source"] for row in found} == {f"{document}{packing}"}
    if packing in ZIPS:
        assert all(row["locator"].startswith(f"folder/{document}: ") for row in found)
        assert counts.notes == {"archive members skipped: not data": 1}


# --- what is broken or hostile ---

PAIRS = list(zip("abcdefgh", "bcdefghi", strict=True))
ENTITIES = "".join(f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in PAIRS)
ALIASES = "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]\n" for a, b in PAIRS)
BROKEN = {  # file: (content or what makes it, where it is large; what the error says)
    "truncated.json": ('[{"id":"a","text":"b"},{"id":"c"', "byte 32: ends inside an object"),
    "truncated.json.gz": (gzip.compress(os.urandom(9999).hex().encode())[:-9], "packed byte .*cut off"),
    "garbage.json": (json.dumps(GOOD) + " and more", "byte .*lexical error"),
    "garbage.json.gz": (gzip.compress(json.dumps(GOOD).encode()) + b"more", "packed byte .*damaged gz"),
    "nan.json": ('[{"id":"a","n":NaN,"text":"a b c"}]', "byte 1: NaN is not JSON.*write null instead or leave"),
    "infinity.json": ('[{"id":"a","n":[Infinity],"text":"a b c"}]', "byte 1: Infinity is not JSON"),
    "duplicate.json": ('[{"id":"a","text":"a b c","id":"b"}]', "byte 1: duplicate key 'id'"),
    "deep.json": ("[" * 100_000 + "]" * 100_000, "byte 500: nested deeper than 500"),
    "deep.xml": ("<a>" * 100_000, "not XML: Excessive depth"),
    "deep.yaml": ("a: " + "[" * 100_000, "nested deeper than 500"),
    "string.json": (lambda: b'[{"id":"a","text":"' + b"x" * 200_000_000 + b'"}]',
                    "byte 1: a record of more than 12 MB"),
    "digits.json": ('[{"id":"a","n":' + "7" * 10_000 + "}]", "byte 1: a number of 10000 digits"),
    "control.json": ('[{"id":"a","text":"a\0b"}]', "byte 20: not JSON: Invalid control character"),
    "dots.zip": (None, "a member named '../evil.json' would leave"),
    "bomb.jsonl.xz": (lambda: lzma.compress((b'{"text":"' + b"a b c " * 9000 + b'"}\n') * 1000),
                       "more than 1000 times its size"),
    "spaces.xz": (lambda: lzma.compress(b" " * 40_000_000), "nothing but white space in its first 4 MB"),
    "entities.xml": (f"<!DOCTYPE r [<!ENTITY a 'aaaaaaaaaa'>{ENTITIES}]><r><e>&i;</e></r>", "entity amplification"),
    "attributes.xml": (lambda: b"<r><e " + b" ".join(b"a%d=''" % n for n in range(10_000_000)) + b"/></r>",
                       "100000 attributes"),
    "page.json": ("<!DOCTYPE html><html><body>403 Forbidden</body></html>", "an HTML page, not a dump"),
    "words.json": ("Service unavailable", "near byte 0: not JSON"),
    "noise": (bytes(range(256)) * 9, "in no format that is read"),
    "words.rss": ("Service unavailable", "in no format that is read"),
    "long.txt": (lambda: b"Words and more words.\n" * 200_000, "in no format that is read"),
    "late.json": (lambda: b'{"list": [' + b"1, " * 5_000_000 + b'1]}', "record found in the first 12 MB of this JSON"),
    "aliases.yaml": ("a: &a [x,x,x,x,x,x,x,x,x,x]\n" + ALIASES, "200000 values"),
    "quote.csv": ('id,title,text\n1,"open,x\n', "line .*: not CSV"),
}


def make(name, path):
    content, message = BROKEN[name]
    if name == "dots.zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("../evil.json", "[]")
    else:
        write(path, content() if callable(content) else content)
    return message


@pytest.mark.parametrize("records", ["%s\n%s\n", "[%s, %s]", '{"items": [%s, %s]}'])
def test_a_first_record_as_large_as_one_may_be_is_looked_through(records, raw, tmp_path):
    """By its shape, which only its end shows."""
    words = ("The worm spreads by mail. " * 460_000)[:11_900_000]
    trees = [{"id": "long", "text": words}, {"id": "short", "text": words[:90]}]
    write(raw / "long.json", records % tuple(map(json.dumps, trees)))
    rows, counts = parsed(raw, tmp_path / "out")
    assert [row["id"] for row in rows["long.json"]] == ["long", "short"] and counts.notes == {"texts cut": 1}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_file_stops_the_run_and_is_named(name, raw, tmp_path):
    write(raw / "good.json", json.dumps(GOOD))
    message = make(name, raw / "sub" / name) if name != "dots.zip" else make(name, raw / name)
    with pytest.raises(InputError, match=message) as error:
        parsed(raw, tmp_path / "out")
    assert error.value.path.endswith(name)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", BROKEN)
def test_broken_file_is_left_out_and_no_other_suffers(name, raw, tmp_path):
    write(raw / "a.json", json.dumps(GOOD))
    write(raw / "z.jsonl", "\n".join(map(json.dumps, GOOD)))
    make(name, raw / name)
    rows, counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))
    assert sorted(rows) == ["a.json", "z.jsonl"] and all(len(some) == 3 for some in rows.values())
    lost = counts.sources[name]
    assert lost.read == lost.failed and lost.written == 0
    assert [note for note in lost.notes if note.startswith("left out: ")]
    assert not [path for path in (tmp_path / "out").rglob("*") if name in path.name]


def test_what_had_been_read_of_a_broken_file_counts_as_failed(raw, tmp_path):
    write(raw / "good.json", json.dumps(GOOD))
    write(raw / "bad.json", json.dumps(GOOD)[:-1] + ",{]")
    _, counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))
    assert (counts.read, counts.written, counts.failed) == (6, 3, 3)


def test_repairs_are_counted(raw, tmp_path):
    write(raw / "a.json", b'[{"id":"x","title":"lone \\ud800","text":"bad \xff byte \\u0000 here"}]')
    rows, counts = parsed(raw, tmp_path / "out")
    assert (rows["a.json"][0]["title"], rows["a.json"][0]["text"]) == ("lone \ufffd", "bad \ufffd byte here")
    assert counts.notes == {"invalid bytes replaced": 1, "lone surrogates replaced": 1, "NUL characters removed": 1}


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1252", "utf-8", "utf-16", "us-ascii", "koi8-r"])
def test_xml_in_the_encoding_that_it_declares(encoding, raw, tmp_path):
    word = "\u0444" if encoding == "koi8-r" else "plain" if encoding == "us-ascii" else "na\u00efve caf\u00e9"
    write(raw / "a.xml", f"<?xml version='1.0' encoding='{encoding}'?>{XML.replace('good', word)}".encode(encoding))
    rows, counts = parsed(raw, tmp_path / "out")
    assert [row["text"] for row in rows["a.xml"]] == [g["text"].replace("good", word) for g in GOOD]
    assert not counts.notes


def test_characters_that_xml_forbids_do_not_cost_a_file(raw, tmp_path):
    write(raw / "a.xml", XML.replace("good", "g&#0;o\x0bo&#55357;&#56832;d", 1))
    rows, counts = parsed(raw, tmp_path / "out")
    assert rows["a.xml"][0]["text"] == GOOD[0]["text"].replace("good", "g\ufffdo\ufffdo\U0001f600d")
    assert (counts.written, counts.notes) == (len(GOOD), {"characters that XML forbids: replaced": 2})


def test_mixed_encodings_in_one_file(raw, tmp_path):
    line = '{"text":"na\u00efve words here"}\n'
    write(raw / "a.jsonl", line.encode() + line.encode("latin-1"))
    rows, counts = parsed(raw, tmp_path / "out")
    assert [row["text"] for row in rows["a.jsonl"]] == ["na\u00efve words here", "na\ufffdve words here"]
    assert counts.notes["invalid bytes replaced"] == 1


# --- what is in the folder ---

def test_what_is_not_data_is_passed_over_and_noted(raw, tmp_path):
    write(raw / "good.json", json.dumps(GOOD))
    for name in ("README", "LICENCES.md", "LICENSE", "notes.pdf", ".gitignore", ".git/config.json", "s.sha256", "x.py",
                 "web/package-lock.json"):
        write(raw / name, "anything")
    write(raw / "empty.json", "")
    rows, counts = parsed(raw, tmp_path / "out")
    assert list(rows) == ["good.json"]
    assert counts.notes == {"skipped: not data": 9, "skipped: empty file": 1}
    assert counts.sources["LICENCES.md"].notes == {"skipped: not data": 1}


def test_hidden_folders_are_not_looked_into_and_noted_once(raw, tmp_path):
    for name in ("clone/good.json", "clone/.git/objects/ab/cd.json", "clone/.git/index.json", "clone/.github/x.yml"):
        write(raw / name, json.dumps(GOOD))
    rows, counts = parsed(raw, tmp_path / "out")
    assert list(rows) == ["clone/good.json"]
    assert set(counts.sources) == {"clone/good.json", "clone/.git", "clone/.github"}
    assert counts.notes == {"skipped: not data": 2}


def test_what_a_mac_adds_to_folders_and_archives_is_no_dump(raw, tmp_path):
    """In the folder it is not even noted: the same dumps have the same counts wherever they were looked at."""
    write(raw / "good.json", json.dumps(GOOD))
    for name in (".DS_Store", "._good.json"):
        write(raw / name, b"\0\5\x16\7\0\2\0\0Mac OS X")
    with zipfile.ZipFile(raw / "two.zip", "w") as archive:
        archive.writestr("in/good.json", json.dumps(GOOD))
        archive.writestr("in/.DS_Store", b"\0\0\0\1Bud1")
        archive.writestr("__MACOSX/in/._good.json", b"\0\5\x16\7\0\2\0\0Mac OS X")
    rows, counts = parsed(raw, tmp_path / "out")
    assert {name: len(of) for name, of in rows.items()} == {"good.json": len(GOOD), "two.zip": len(GOOD)}
    assert counts.notes == {"archive members skipped: not data": 2} and set(counts.sources) == {"good.json", "two.zip"}


def test_links_out_and_loops_are_not_followed(raw, tmp_path):
    write(tmp_path / "outside.json", json.dumps(GOOD))
    write(raw / "good.json", json.dumps(GOOD))
    (raw / "deep").mkdir()
    (raw / "deep" / "loop").symlink_to(raw)
    (raw / "deep" / "self").symlink_to(raw / "deep")
    (raw / "out.json").symlink_to(tmp_path / "outside.json")
    (raw / "outdir").symlink_to(tmp_path)
    (raw / "inside.json").symlink_to(raw / "good.json")
    (raw / "dangling.json").symlink_to(raw / "missing.json")
    (raw / "round.json").symlink_to(raw / "about.json")
    (raw / "about.json").symlink_to(raw / "round.json")
    os.mkfifo(raw / "pipe.json")
    rows, counts = parsed(raw, tmp_path / "out")
    assert sorted(rows) == ["good.json", "inside.json"]
    assert counts.notes == {"skipped: a link to a folder": 1, "skipped: a link out of the folder": 3,
                            "skipped: no regular file": 4}  # deep/loop leads to the folder itself: out of what is in it


def test_files_that_cannot_be_read_or_written_of_leave_the_others_alone(raw, tmp_path):
    write(raw / "good.json", json.dumps(GOOD))
    write(raw / f"{'n' * 245}.json", json.dumps(GOOD))
    reasons = {"left out: a name of more than 230 bytes": 1}
    with suppress(OSError):  # where the file system takes such a name
        (raw / os.fsdecode(b"caf\xe9.json")).write_text(json.dumps(GOOD))
        reasons["left out: a name that is not UTF-8"] = 1
    for closed in ("closed.json", "closed/x.json"):
        write(raw / closed, json.dumps(GOOD))
        (raw / closed.partition("/")[0]).chmod(0)
    if not os.access(raw / "closed.json", os.R_OK):  # may root read all?
        reasons["left out: can't be read: Permission denied"] = 2
    try:
        rows, counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))
        assert len(rows["good.json"]) == 3 and counts.notes == reasons
        counts.save(tmp_path / "counts.json")
        with pytest.raises(InputError, match=r"(rename it|permit it)"):
            parsed(raw, tmp_path / "out")
    finally:
        (raw / "closed").chmod(0o700)


def test_errors_name_the_member_of_an_archive(raw, tmp_path):
    with zipfile.ZipFile(raw / "two.zip", "w") as archive:
        archive.writestr("in/a.json", json.dumps(GOOD))
        archive.writestr("in/b.json", json.dumps(GOOD)[:-9])
    with pytest.raises(InputError, match=r"two.zip, in/b.json, byte \d+: ends inside a string"):
        parsed(raw, tmp_path / "out")


def test_folders_that_hold_nothing(raw, tmp_path):
    for remedy in ("put dumps there", "put dumps there"):
        with pytest.raises(InputError, match=remedy):
            parsed(raw, tmp_path / "out")
        write(raw / "README.md", "no data")
    with pytest.raises(InputError, match="is not a folder"):
        parsed(tmp_path / "missing", tmp_path / "out")
    with pytest.raises(ParamsError, match=r"parse.sources\[0\]"):
        parsed(raw, tmp_path / "out", changed(sources=[{"nonsense": 1}]))


def test_archives_of_many_kinds(raw, tmp_path):
    with zipfile.ZipFile(raw / "repo.zip", "w") as archive:
        for name, data in {"r/.github/x.yml": "a: b", "r/README.md": "no", "r/a.json": json.dumps(GOOD),
                           "r/b.bin": "\0\1\2", "r/c.xml.gz": gzip.compress(XML.encode()), "r/empty.json": "",
                           "r/settings.json": '{"private": true}', "r/notes.yml": "# nothing\n",
                           "r/bare.xml": "<a><b/></a>"}.items():
            archive.writestr(name, data)
    rows, counts = parsed(raw, tmp_path / "out")
    assert [row["locator"] for row in rows["repo.zip"]] == [
        *(f"r/a.json: [{n}]" for n in range(3)), *(f"r/c.xml.gz: /r/e[{n + 1}]" for n in range(3))]
    assert counts.notes == {"archive members skipped: not data": 3, "id collisions": 3,
                            "archive members skipped: no record found": 4}


@pytest.mark.parametrize("name", ["latest.json", "latest.xml", "latest.csv", "latest.yaml", "latest"])
@pytest.mark.parametrize("target", ["2031/good.json", "../good.json", "good.json"])
def test_links_in_a_zip_are_passed_over(name, target, raw, tmp_path):
    with zipfile.ZipFile(raw / "repo.zip", "w") as archive:
        link = zipfile.ZipInfo(name)
        link.external_attr = 0o120777 << 16
        archive.writestr(link, target)
        archive.writestr("2031/good.json", json.dumps(GOOD))
    rows, counts = parsed(raw, tmp_path / "out")
    assert len(rows["repo.zip"]) == 3 and counts.notes == {"archive members skipped: no record found": 1}


@pytest.mark.parametrize("name", ["f.json", "f.xml", "f.csv", "f.yaml", "f.yml", "f.txt", "f"])
@pytest.mark.parametrize("shape", ["array.json", "object.json", "lines.jsonl", "e.xml", "t.csv", "y.yaml"])
def test_content_that_is_plain_counts_more_than_the_name(shape, name, raw, tmp_path):
    content = {"t.csv": DOCUMENTS["t.csv"] + 'N-4,Four,"a: b, and words"\n', "e.xml": f"<?xml version='1.0'?>{XML}",
               "y.yaml": f"---\n{DOCUMENTS['y.yaml']}"}.get(shape, DOCUMENTS[shape])
    write(raw / name, content)
    rows, _ = parsed(raw, tmp_path / "out")
    assert [row["id"] for row in rows[name]][:3] == [good["id"] for good in GOOD]


@pytest.mark.parametrize("content", [
    "- [1, 2, 3]\n- [2, 3, 4]\n- [3, 4, 5]\n", "a: 1, 2, 3\nb: 2, 3, 4\nc: 3, 4, 5\n", '{"a": 1}\n---\n{"a": 2}\n',
    "# a, b, c\n# d, e, f\n# g, h, i\nid: 1\n", "<key>: 1\nb: 2\n", "'a, b, c': 1\n'b, c, d': 2\n'c, d, e': 3\n"])
def test_yaml_that_looks_like_something_else_is_yaml(content):
    assert kinds.of(content.encode(), "f.yaml", []) == "yaml"


def test_a_first_row_longer_than_what_is_looked_at(raw, tmp_path):
    write(raw / "long.csv", "id,title,text\n1,One,%s\n2,Two,some words\n" % ("words " * 1_000_000))
    write(raw / "quoted.csv", 'id,title,text\n1,One,"%s"\n2,Two,"some words"\n' % ("words\n" * 1_000_000))
    rows, _ = parsed(raw, tmp_path / "out")
    for name in ("long.csv", "quoted.csv"):
        assert [(row["id"], row["title"]) for row in rows[name]] == [("1", "One"), ("2", "Two")]
    write(raw / "long.csv", "id,title,text\n1,One,%s\n" % ("words " * 3_000_000))
    with pytest.raises(InputError, match=r"long.csv, line 2: .*more than 12 MB .*parse.limits.max_record_mb"):
        parsed(raw, tmp_path / "out")


def test_rows_without_names_as_a_source_of_the_users_names_them(raw, tmp_path):
    write(raw / "odd.json", json.dumps({"n": 2, "all": [["7", "One", "Some words."], ["8", "Two"], {"a": "9"}]}))
    mine = {"file": ["odd.json"], "records": ["all[]"], "columns": ["a", "b", "c"],
            "id": ["a"], "title": ["b"], "text": ["c"]}
    rows, _ = parsed(raw, tmp_path / "out", changed(sources=[mine]))
    assert [(row["id"], row["title"], row["text"]) for row in rows["odd.json"]] == [
        ("7", "One", "Some words."), ("8", "Two", ""), ("9", "", "")]


# --- several documents in a row ---

@pytest.mark.parametrize("size", [1, 3, 7, 64, 1000])
@pytest.mark.parametrize("declared", ["<?xml version='1.0'?>", "<!DOCTYPE r>", "<?xml version='1.0'?>\n<!DOCTYPE r>"])
def test_xml_documents_in_a_row(declared, size):
    """A declaration in CDATA or after another element's end begins no document."""
    inner = f"<e><title>T</title><text><![CDATA[</e>\n{declared} ]]></text></e>"
    text = "\n \n".join(f"{declared}<!-- <q> --><{root}>\n{inner}</{root} >" for root in ("r", "a:other", "r"))
    data = text.encode()
    chunks = [data[at:at + size] for at in range(0, len(data), size)]
    found = [b"".join(part).decode() for part in xml_documents.split(iter(chunks))]
    assert "".join(found) == text and len(found) == 3
    assert all(part.startswith(declared[:5]) for part in found)
    assert xml_documents.first(data) == found[0].encode()


def test_what_looks_like_many_documents_is_asked_about_so_often(monkeypatch):
    monkeypatch.setattr(xml_documents, "DOUBTS", 3)
    asked = []
    data = b"<r><![CDATA[" + b"</r><?xml " * 9 + b"]]></r>"
    found = [b"".join(part) for part in xml_documents.split(iter([data]), lambda: asked.append(1))]
    assert found == [data] and len(asked) == 3


def test_of_two_declarations_the_first_begins_the_next_xml_document():
    parts = [b"<!DOCTYPE r><r>1</r>", b"<!DOCTYPE r><r>2</r>", b"<?xml version='1.0'?><r>3</r>"]
    assert [b"".join(part) for part in xml_documents.split(iter([b"".join(parts)]))] == parts


def test_locators_and_faults_of_xml_documents_in_a_row(raw, tmp_path):
    other = XML.replace("<r>", "<s>").replace("</r>", "</s>").replace("G-", "H-")
    text = f"<?xml version='1.0'?>{XML}\n<?xml version='1.0'?>\n{other}<?xml version='1.0'?><z/>"
    write(raw / "a.xml", text)
    rows, counts = parsed(raw, tmp_path / "out")
    assert [row["locator"] for row in rows["a.xml"]] == [
        *(f"/r/e[{n + 1}]" for n in range(3)), *(f"document 2: /s/e[{n + 1}]" for n in range(3))]
    assert counts.notes == {"XML documents in a row without a record": 1}
    write(raw / "a.xml", text.replace("</s>", "</t>"))
    with pytest.raises(InputError, match="document 2, line 2, column [0-9]+: not XML"):
        parsed(raw, tmp_path / "out")


@pytest.mark.parametrize("inner", [
    "<![CDATA[</r>\n<?xml version='1.0'?><r>]]>", "<!-- </r>\n<?xml version='1.0'?><r> -->",
    "<r>x</r><?xml-model href='x'?>", "<![CDATA[</r><!DOCTYPE r></r><!DOCTYPE r>]]>"])
@pytest.mark.parametrize("chunk", [1, 7, 1 << 18])
def test_what_looks_like_the_next_xml_document_is_none(inner, chunk, raw, tmp_path, monkeypatch):
    monkeypatch.setattr(containers, "CHUNK", chunk)
    one = f"<?xml version='1.0'?>{XML.replace('<e>', f'<e>{inner}')}\n"
    write(raw / "a.xml", one + "<?xml-stylesheet href='x'?>")
    rows, _ = parsed(raw, tmp_path / "out")
    assert [row["locator"] for row in rows["a.xml"]] == [f"/r/e[{n + 1}]" for n in range(3)]
    write(raw / "a.xml", one + one)
    rows, _ = parsed(raw, tmp_path / "out")
    assert [row["locator"] for row in rows["a.xml"]] == [
        f"{which}/r/e[{n + 1}]" for which in ("", "document 2: ") for n in range(3)]


def test_a_cut_off_text_of_a_json_sequence_is_an_error(raw, tmp_path):
    write(raw / "a.json", '\x1e{"id": "a", "text": "some words"}\n\x1e{"id": "b", "text": "cut\x1e{"id": "c"}\n')
    with pytest.raises(InputError, match="a.json, (near )?byte"):
        parsed(raw, tmp_path / "out")


@pytest.mark.parametrize(("begin", "kind"), [
    (b"From ann at example.org  Mon Mar  3 10:00:00 2031\nFrom: ann\n", "mbox"),
    (b"7z\xbc\xaf\x27\x1c", "7z"), (b"Rar!\x1a\x07\x01", "RAR"), (b"\x1f\x9d\x90", "compress"),
    (b"\x04\x22\x4d\x18", "LZ4"), (b"PAR1", "Parquet"), (b"SQLite format 3\0", "SQLite"), (b"%PDF-1.7", "PDF")])
def test_what_is_not_read_is_named(begin, kind, raw, tmp_path):
    write(raw / "dump", begin + bytes(99))
    with pytest.raises(InputError, match=rf"dump, byte 0: {kind}, which is not read"):
        parsed(raw, tmp_path / "out")


BOOK = {"[Content_Types].xml": "<Types/>", "xl/worksheets/sheet1.xml": "<worksheet><sheetData>" + "".join(
    f'<row r="{n}"><c t="s"><v>{n}</v></c><c t="s"><v>0</v></c></row>' for n in range(9)) + "</sheetData></worksheet>",
    "xl/sharedStrings.xml": "<sst>" + "<si><t>A leak in the valve lets attackers in.</t></si>" * 9 + "</sst>"}


def workbook():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        for name, content in BOOK.items():
            book.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize("name", ["book.xlsx", "more/Book.XLSX", "book.ods", "book.xls"])
def test_a_spreadsheet_is_named_instead_of_read_as_a_zip_of_xml(name, raw, tmp_path):
    write(raw / name, workbook())
    with pytest.raises(InputError, match=f"{name}: a spreadsheet, which is not read .save its sheets as CSV first"):
        parsed(raw, tmp_path / "out")


def test_a_spreadsheet_in_an_archive_is_noted(raw, tmp_path):
    with zipfile.ZipFile(raw / "both.zip", "w") as archive:
        archive.writestr("a/book.xlsx", workbook())
        archive.writestr("good.json", json.dumps(GOOD))
    rows, counts = parsed(raw, tmp_path / "out")
    assert len(rows["both.zip"]) == len(GOOD) and counts.notes["archive members skipped: spreadsheet"] >= 1


# --- files without a record ---

WITHOUT = {"array.json": "[]", "feed.json": '{"CVE_Items": []}', "settings.json": '{"count": 3, "ok": true, "l": [1]}',
           "header.csv": "id,title,text\n", "notes.yaml": "# nothing\n", "bare.xml": "<a><b/></a>",
           "blank.json": "\n \n", "index.txt": "2031/a.json\n2031/b.json\n", "rules": "alert tcp any (sid: 1;)\n",
           "empty.json.gz": gzip.compress(b""), "empty.tar": bytes(10_240),
           "empty.tgz": gzip.compress(bytes(10_240))}


SPOILT = {"r/b.json": json.dumps(GOOD)[:-1] + ",{]", "r/lfs.json": "version https://git-lfs.github.com/spec/v1\noid",
          "r/page.json": "<!DOCTYPE html><html></html>"}


def archived(path, members, spoil=None):
    """An archive by its ending; of a zip, `spoil` names a member whose packed bytes are damaged."""
    if ".tar" in path.name:
        with tarfile.open(path, "w:gz" if path.name.endswith(".gz") else "w") as tar:
            for name, data in members.items():
                data = data.encode() if isinstance(data, str) else data
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        return
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        place = archive.getinfo(spoil).header_offset + 30 + len(spoil) if spoil else 0
    if place:
        data = bytearray(path.read_bytes())
        data[place:place + 4] = b"\xff" * 4
        path.write_bytes(data)


@pytest.mark.parametrize("kept", ["off", "on"])
@pytest.mark.parametrize("size", [10**9, 400], ids=["whole", "in parts"])
@pytest.mark.parametrize("name", ["many.zip", "many.tar", "many.tar.gz"])
def test_of_an_archive_only_broken_members_are_left_out(name, size, kept, raw, tmp_path, monkeypatch, capsys):
    """And their names are told, also where the archive comes from the cache of parsed files."""
    monkeypatch.setattr(pieces, "SIZE", size)
    monkeypatch.setattr(machine, "cores", lambda: 2)
    monkeypatch.setenv("CYBERSIEVE_PARSE_CACHE", kept)
    monkeypatch.setenv("CYBERSIEVE_CACHE", str(tmp_path / "cache"))
    good = {f"r/a{n:02}.json": json.dumps({"id": f"A-{n}", "text": f"What {n} says, in words."}) for n in range(30)}
    archived(raw / name, dict(sorted((good | SPOILT).items())))
    for out in ("first", "second"):
        rows, counts = parsed(raw, tmp_path / out, changed(on_error="skip"))
        assert [row["id"] for row in rows[name]] == [f"A-{n}" for n in range(30)]
        assert (counts.read, counts.written, counts.failed) == (33, 30, 3)
        notes = sorted(note.removeprefix(records.LEFT_OUT) for note in counts.notes)
        assert [note.split(", ")[0].split(": ")[0] for note in notes] == list(SPOILT)
        said = capsys.readouterr().err
        assert all(f"left out: {name}, {note}" in said for note in notes)
    assert rows[name][-1]["locator"] == "r/a29.json: byte 0"
    with pytest.raises(InputError, match=rf"{name}, r/b.json, byte \d+"):
        parsed(raw, tmp_path / "out")


@pytest.mark.parametrize("size", [10**9, 400], ids=["whole", "in parts"])
def test_an_archive_of_which_nothing_is_left_is_left_out_as_broken(size, raw, tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "SIZE", size)
    write(raw / "good.json", json.dumps(GOOD))
    archived(raw / "none.zip", SPOILT)
    rows, counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))
    assert list(rows) == ["good.json"] and counts.sources["none.zip"].read == counts.sources["none.zip"].failed == 3
    assert [note[:19] for note in counts.sources["none.zip"].notes] == ["left out: r/b.json,"]
    assert not list((tmp_path / "out").glob("none*"))


def test_a_damaged_archive_is_left_out_as_a_whole(raw, tmp_path):
    """Where its next member begins is not known."""
    write(raw / "good.json", json.dumps(GOOD))
    members = {f"a{n}.json": json.dumps({"id": n, "text": os.urandom(99).hex()}) for n in range(9)}
    archived(raw / "a.zip", members, "a4.json")
    rows, counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))
    assert list(rows) == ["good.json"] and (counts.sources["a.zip"].read, counts.sources["a.zip"].failed) == (4, 4)
    assert "damaged zip data" in next(iter(counts.sources["a.zip"].notes))


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
@pytest.mark.parametrize("inner", ["gz", "bz2", "xz", "zst"])
def test_a_damaged_packing_in_an_archive_costs_no_other(name, inner, raw, tmp_path):
    """Be it at its beginning or far behind that: the archive says where its next member begins."""
    pack = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress,
            "zst": lambda data: pa.compress(data, "zstd", asbytes=True)}[inner]
    members = {f"a{n}.json.{inner}": pack(json.dumps({"id": f"A-{n}", "text": os.urandom(200_000).hex()}).encode())
               for n in range(5)}
    members[f"a1.json.{inner}"] = members[f"a1.json.{inner}"][:120_000]
    members[f"a2.json.{inner}"] = members[f"a2.json.{inner}"][:20] + b"?" * 99
    archived(raw / name, members)
    rows, counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))
    assert [row["id"] for row in rows[name]] == ["A-0", "A-3", "A-4"] and (counts.read, counts.failed) == (3, 0)
    notes = [note.removeprefix(records.LEFT_OUT) for note in counts.notes if note.startswith(records.LEFT_OUT)]
    assert [note.split(",")[0] for note in notes] == [f"a1.json.{inner}", f"a2.json.{inner}"]
    assert all(f"damaged {inner} data" in note for note in notes)
    with pytest.raises(InputError, match=rf"a1.json.{inner}, packed byte \d+: damaged"):
        parsed(raw, tmp_path / "stopped")


@pytest.mark.parametrize("cut", [150, 150_000], ids=["at its beginning", "within a member"])
def test_a_damaged_archive_in_an_archive_costs_no_other(cut, raw, tmp_path):
    archived(raw / "inner.tar.gz", {f"b{n}.json": json.dumps({"id": f"B-{n}", "text": os.urandom(n * 200_000).hex()})
                                    for n in range(3)})
    whole = (raw / "inner.tar.gz").read_bytes()
    (raw / "inner.tar.gz").unlink()
    archived(raw / "a.zip", {"a0.json": json.dumps(GOOD), "b.tgz": whole[:cut], "c0.json": json.dumps(GOOD)})
    rows, counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))
    names = {row["locator"].partition(":")[0] for row in rows["a.zip"]}
    assert names - {"b.tgz!b0.json"} == {"a0.json", "c0.json"}
    notes = [note.removeprefix(records.LEFT_OUT) for note in counts.notes if note.startswith(records.LEFT_OUT)]
    assert notes and all(note.startswith("b.tgz") and "damaged" in note for note in notes)
    with pytest.raises(InputError, match=r"b\.tgz.*, packed byte \d+: damaged"):
        parsed(raw, tmp_path / "stopped")


def test_an_archive_of_which_too_much_is_broken_is_left_out(raw, tmp_path, monkeypatch):
    monkeypatch.setattr(faults, "MOST", 3)
    write(raw / "good.json", json.dumps(GOOD))
    archived(raw / "a.zip", {"a.json": json.dumps(GOOD)} | {f"b{n}.json": "[{]" for n in range(9)})
    rows, counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))
    assert list(rows) == ["good.json"] and (counts.sources["a.zip"].read, counts.sources["a.zip"].failed) == (3, 3)
    assert next(iter(counts.sources["a.zip"].notes)).startswith("left out: b3.json, byte 2, more than 3 broken members")


def test_a_sound_file_without_a_record_is_read_once(raw, tmp_path, monkeypatch):
    """Only what is broken is read again."""
    opened = []
    members = containers.members
    monkeypatch.setattr(containers, "members", lambda path, *more: opened.append(path.name) or members(path, *more))
    write(raw / "empty.json", '{"items": []}')
    write(raw / "good.json", json.dumps(GOOD))
    parsed(raw, tmp_path / "out", changed(on_error="skip"))
    assert sorted(opened) == ["empty.json", "good.json"]


def test_only_the_first_of_many_broken_members_are_named(raw, tmp_path):
    archived(raw / "a.zip", {"a.json": json.dumps(GOOD)} | {f"b{n:02}.json": "[{]" for n in range(25)})
    rows, counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))
    assert len(rows["a.zip"]) == 3 and counts.failed == 0
    assert len(counts.notes) == faults.NAMED + 1 and "left out: 5 more" in counts.notes



@pytest.mark.parametrize("name", [*WITHOUT, "archive.zip"])
@pytest.mark.parametrize("on_error", ["stop", "skip"])
def test_a_sound_file_without_a_record_is_passed_over_with_a_warning(name, on_error, raw, tmp_path, capsys):
    write(raw / "good.json", json.dumps(GOOD))
    if name == "archive.zip":
        zipped("settings.json", WITHOUT["settings.json"], raw / name)
    else:
        write(raw / name, WITHOUT[name])
    rows, counts = parsed(raw, tmp_path / "out", changed(on_error=on_error))
    assert list(rows) == ["good.json"] and (counts.read, counts.failed) == (3, 0)
    assert counts.sources[name].notes["skipped: no record found"] == 1
    said = capsys.readouterr().err
    assert said.startswith(f"warning: left out: {raw / name}: no") and len(said.splitlines()) == 1


@pytest.mark.parametrize("name", [*WITHOUT, "archive.zip"])
def test_where_a_users_source_names_the_file_it_is_an_error(name, raw, tmp_path):
    write(raw / "good.json", json.dumps(GOOD))
    if name == "archive.zip":
        zipped("settings.json", WITHOUT["settings.json"], raw / name)
    else:
        write(raw / name, WITHOUT[name])
    mine = changed(sources=[{"name": "mine", "file": [name], "match": ["body"], "text": ["body"]}])
    with pytest.raises(InputError, match=f"{name}: no"):
        parsed(raw, tmp_path / "out", mine)
    _, counts = parsed(raw, tmp_path / "out", params.Parse(**{**vars(mine), "on_error": "skip"}))
    assert counts.read == 3 and [note for note in counts.sources[name].notes if note.startswith("left out: ")]


def test_a_users_source_without_match_or_records_takes_the_document(raw, tmp_path):
    write(raw / "a.json", '{"body": "some words of a text"}')
    mine = {"name": "mine", "file": ["a.json"], "text": ["body"]}
    rows, _ = parsed(raw, tmp_path / "out", changed(sources=[mine]))
    assert [row["text"] for row in rows["a.json"]] == ["some words of a text"]
    write(raw / "a.json", "[]")
    write(raw / "good.json", json.dumps(GOOD))
    with pytest.raises(InputError, match=r"a.json: no record found"):
        parsed(raw, tmp_path / "out", changed(sources=[{**mine, "records": ["[]"]}]))


# --- ids, status, determinism ---

def test_repeated_ids_are_told_apart_by_content(raw, tmp_path):
    trees = [{"id": "X", "text": "one text here"}, {"id": "X", "text": "another text here"},
             {"id": "X", "text": "one text here"}, {"id": "Y", "text": "a third text"}]
    write(raw / "a.json", json.dumps(trees))
    rows, counts = parsed(raw, tmp_path / "out")
    ids = [row["id"] for row in rows["a.json"]]
    assert len(set(ids)) == 4 and ids[0] == "X" and ids[3] == "Y" and all(name.startswith("X") for name in ids[:3])
    assert counts.notes == {"id collisions": 2}
    write(raw / "b.json", json.dumps([{"id": "new", "text": "in front of it"}, *trees]))
    again, _ = parsed(raw, tmp_path / "out")
    assert [row["id"] for row in again["b.json"]][2] == ids[1]  # its content's hash, not its place


def test_status_sets_aside_but_keeps_the_text(raw, tmp_path):
    words = ["Withdrawn", "ok", "secret"]
    trees = [{"id": str(n), "text": f"text number {n}", "status": status} for n, status in enumerate(words)]
    write(raw / "a.json", json.dumps(trees))
    rows, counts = parsed(raw, tmp_path / "out")
    assert [(row["dropped"], row["text"]) for row in rows["a.json"]] == [
        ("withdrawn", "text number 0"), (None, "text number 1"), (None, "text number 2")]
    assert (counts.read, counts.written, counts.dropped) == (3, 2, {"withdrawn": 1})
    rows, _ = parsed(raw, tmp_path / "out", changed(drop_status=["Secret"]))
    assert [row["dropped"] for row in rows["a.json"]] == [None, None, "Secret"]


def test_two_runs_give_the_same_bytes(raw, tmp_path):
    for name, text in DOCUMENTS.items():
        write(raw / name, text)
    def written(out):
        parsed(raw, out)
        return {path.relative_to(out): path.read_bytes() for path in out.rglob("*.parquet")}
    first = written(tmp_path / "one")
    assert len(first) == len(DOCUMENTS) and first == written(tmp_path / "two")


# --- large files of JSON Lines ---

@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(pieces, "SIZE", 1000)


def lines(count):
    return [json.dumps({"id": f"L-{n % 90}", "title": f"Line {n}", "text": f"Some text for line {n}."})
            for n in range(count)]


def test_pieces_give_what_the_whole_file_gives(raw, tmp_path, small_pieces, monkeypatch):
    write(raw / "a.jsonl", "\n".join(lines(100)) + "\n")
    write(raw / "b.json", json.dumps(GOOD))
    assert len(pieces.of(raw / "a.jsonl", "a.jsonl", SETTINGS)) > 5
    cut, counts = parsed(raw, tmp_path / "one")
    monkeypatch.setattr(pieces, "SIZE", 10**9)
    whole, same = parsed(raw, tmp_path / "two")
    assert cut == whole and counts.tree() == same.tree() and counts.notes == {"id collisions": 10}
    assert [path.name for path in sorted((tmp_path / "one").iterdir())] == ["a.jsonl.parquet", "b.json.parquet"]


def test_a_fault_in_a_piece_has_its_place_in_the_file(raw, tmp_path, small_pieces):
    text = "\n".join([*lines(60), '{"id": NaN}', *lines(30)])
    write(raw / "a.jsonl", text)
    with pytest.raises(InputError, match=f"byte {text.index('{' + chr(34) + 'id' + chr(34) + ': NaN')}: NaN"):
        parsed(raw, tmp_path / "out")
    _, counts = parsed_with_good(raw, tmp_path / "out")
    assert (counts.sources["a.jsonl"].read, counts.sources["a.jsonl"].failed) == (91, 1)


def parsed_with_good(raw, out):
    write(raw / "good.json", json.dumps(GOOD))
    return parsed(raw, out, changed(on_error="skip"))


def test_what_only_begins_like_lines_is_parsed_as_a_whole(raw, tmp_path, small_pieces, monkeypatch):
    monkeypatch.setattr("cybersieve.peek.FIRST", 500)
    write(raw / "a.json", "\n".join([*lines(20), *(json.dumps(json.loads(line), indent=1) for line in lines(20))]))
    rows, _ = parsed(raw, tmp_path / "out")
    assert len(rows["a.json"]) == 40


@pytest.mark.parametrize("cut_at", [10**9, 1000], ids=["whole", "pieces"])
@pytest.mark.parametrize("change", [
    lambda path: write(path, path.read_text() + "\n".join([*lines(5), ""])),
    lambda path: write(path, path.read_bytes()[:2000]),
    lambda path: os.utime(path, (1, 1)),
], ids=["grows", "is cut", "is written again"])
def test_a_file_that_changes_while_it_is_read_is_named(raw, tmp_path, monkeypatch, change, cut_at):
    """And what was read of it is not kept for the next run."""
    monkeypatch.setattr(pieces, "SIZE", cut_at)
    monkeypatch.setenv("CYBERSIEVE_CACHE", str(tmp_path / "cache"))
    write(raw / "a.jsonl", "\n".join(lines(100)) + "\n")
    rows, unchanged = parse_file.rows, []

    def halfway(trees, *more):
        for number, row in enumerate(rows(trees, *more)):
            if number == 3 and not unchanged:
                unchanged.append((raw / "a.jsonl").read_bytes())
                change(raw / "a.jsonl")
            yield row

    monkeypatch.setattr(parse_file, "rows", halfway)
    if cut_at == 1000:  # read again as a whole: by then it may be quiet
        with suppress(InputError):
            assert parsed(raw, tmp_path / "out")[1].read == (raw / "a.jsonl").read_bytes().count(b"\n")
    else:
        with pytest.raises(InputError, match="a.jsonl: changed while it was read"):
            parsed(raw, tmp_path / "out")
    write(raw / "a.jsonl", unchanged[0])
    assert parsed(raw, tmp_path / "out")[1].read == 100


def test_workers_give_what_one_process_gives(raw, tmp_path, small_pieces, monkeypatch):
    write(raw / "a.jsonl", "\n".join(lines(100)))
    write(raw / "b.json", json.dumps(GOOD))
    one, _ = parsed(raw, tmp_path / "one")
    monkeypatch.setattr(parse, "WORKERS_FROM", 1)
    many, _ = parsed(raw, tmp_path / "many")
    assert one == many


# --- the script ---

def test_script_and_explain(raw, tmp_path):
    write(raw / "a.json", json.dumps(GOOD))
    counts, performance = tmp_path / "c.json", tmp_path / "p.json"
    run("python", "stages/parse.py", "--input-dir", raw, "--output-dir", tmp_path / "out", "--counts", counts,
        "--performance", performance)
    assert json.loads(counts.read_text())["read"] == 3
    assert json.loads(performance.read_text())["peak_memory_mb"] > 10
    said = run("python", "stages/parse.py", "--explain", raw / "a.json").stdout
    assert "by its shape" in said and "records: ['[]']" in said and "G-0  ([0])" in said and "Good 2" in said
    write(raw / "bad.json", '[{"a": 1}')
    result = run("python", "stages/parse.py", "--input-dir", raw, "--output-dir", tmp_path / "out2", code=1)
    assert result.stderr.strip() == (f"parse.py: {raw}/bad.json, byte 9: ends inside an object or array: "
                                     "the file is cut off (fetch it again; parse.on_error: skip leaves it out)")
    result = run("python", "stages/parse.py", "--explain", raw / "bad.json", code=1)
    assert "byte 9" in result.stderr


def test_explain_says_what_a_run_will_do(raw, tmp_path):
    """Sources go by the path in the folder of dumps; settings count wherever they stand on the line."""
    (raw / "tickets").mkdir()
    write(raw / "tickets" / "a.json", json.dumps({"result": {"items": GOOD}}))
    source = {"name": "mine", "file": ["tickets/*.json"], "records": ["result.items[]"], "text": ["text"]}

    usual = yaml.safe_load((ROOT / "params.yaml").read_text())

    def said(path="tickets/a.json", code=0, **other):
        write(tmp_path / "p.yaml", yaml.safe_dump(usual | {"parse": usual["parse"] | {"sources": [source | other]}}))
        done = run("python", "stages/parse.py", "--explain", raw / path, "--params", tmp_path / "p.yaml", code=code)
        return done.stderr if code else done.stdout

    assert "a.json: from parse.sources. As" in said() and "read as parse.sources[0]: 3" in said()
    assert "by its shape, as no entry of parse.sources is for it" in said(file=["b.json"])
    assert "correct parse.sources[0], which is for this file" in said(records=["result.other[]"], code=1)
    write(raw / "lines.log", "\n".join(map(json.dumps, GOOD)))
    assert "a run passes it over by its name" in said("lines.log") and "passes it over" not in said()
    assert "from parse.sources. As" in (told := said("lines.log", file=["*.log"], records=[])) and "passes" not in told


def test_explain_names_what_is_not_read(raw):
    records = [{"number": n, "body": f"The printer on floor {n} smells of smoke.", "queue": "it", "empty": None,
                "requester": {"name": "Jane Roe"}, "hops": [{"by": "a"}, {"by": "b", "at": n}]} for n in range(3)]
    write(raw / "a.jsonl", "\n".join(map(json.dumps, records)))
    assert "not read: queue, requester.name, hops.by, hops.at" in list(explain.lines(raw / "a.jsonl", SETTINGS))
    mine = {"name": "mine", "file": ["a.jsonl"], "id": ["number"], "text": ["body", "{requester.name}: {queue}"]}
    for meta, said in (({"rest": "hops"}, []), ({"rest": "hops.by"}, ["not read: hops.at"])):
        told = explain.lines(raw / "a.jsonl", changed(sources=[mine | {"meta": meta}]))
        assert [line for line in told if line.startswith("not read")] == said
    write(raw / "b.jsonl", "\n".join(json.dumps(GOOD[0] | {f"x{n}": 1 for n in range(30)}) for _ in range(3)))
    assert any(line.endswith("x19 and 10 more") for line in explain.lines(raw / "b.jsonl", SETTINGS))


def test_what_explain_prints_is_obeyed_once_it_is_corrected(raw, tmp_path):
    """Also where the file is an archive, or JSON around XML; and where a user says so, XML is but a field of JSON."""
    zipped("a.json", DOCUMENTS["array.json"], raw / "packed.zip")
    write(raw / "in.json", DOCUMENTS["in.json"])
    write(raw / "in.jsonl", json.dumps({"xml_data": XML}) * 2)
    entries = []
    for name in ("packed.zip", "in.json", "in.jsonl"):
        said = list(explain.lines(raw / name, SETTINGS))
        entries += yaml.safe_load("\n".join(said[2:said.index("", 2)]))
    assert [entry["file"] for entry in entries] == [["packed.zip"], ["in.json"], ["in.jsonl"]]
    rows, _ = parsed(raw, tmp_path / "out", changed(sources=[entry | {"title": entry["id"]} for entry in entries]))
    assert {name: [row["title"] for row in of] for name, of in rows.items()} == {
        "packed.zip": ["G-0", "G-1", "G-2"], "in.json": ["G-0", "G-1", "G-2"], "in.jsonl": ["G-0", "G-1", "G-2"] * 2}

    mine = {"name": "mine", "kind": "json", "file": ["in.json*"], "text": ["xml_data"]}
    rows, _ = parsed(raw, tmp_path / "out", changed(sources=[mine]))
    assert [len(rows[name]) for name in ("packed.zip", "in.json", "in.jsonl")] == [3, 1, 2]


def test_a_users_source_reads_what_is_passed_over_by_name(tmp_path):
    for name in ("a/lines.log", "a/README.md", "a/.hidden.log", "b/lines.log"):
        (tmp_path / "raw" / name).parent.mkdir(parents=True, exist_ok=True)
        write(tmp_path / "raw" / name, "\n".join(map(json.dumps, GOOD)))
    with zipfile.ZipFile(tmp_path / "raw" / "a" / "b.zip", "w") as packed:
        packed.writestr("inner.log", json.dumps(GOOD[0]))
        packed.writestr("inner.md", json.dumps(GOOD[0]))

    def read(*files):
        settings = replace(SETTINGS, sources=[{"name": "mine", "file": list(files), "text": ["text"]}])
        return parse.parse_folder(tmp_path / "raw", tmp_path / "out", settings, "local").sources

    told = {name: counts.read for name, counts in read("*.log").items()}
    assert told == {"a/.hidden.log": 0, "a/README.md": 0, "a/b.zip": 1, "a/lines.log": len(GOOD),
                    "b/lines.log": len(GOOD)}
    with pytest.raises(InputError, match="no record found|holds no records"):  # no ending: what is data, and no other
        read("a/*")


ONE_RECORD = {  # large ones, nearly as large as the limits allow
    "text.json": lambda: json.dumps([{"id": 1, "text": "\U0001f600 word " * 1_050_000}], ensure_ascii=False),
    "keys.json": lambda: json.dumps([{"id": 1, "all": {f"key-{n}": "v" * 18 for n in range(290_000)}}]),
    "objects.json": lambda: json.dumps([{"id": 1, "all": [{f"key-{n}": 1} for n in range(149_000)]}]),
    "row.csv": lambda: "id,title,text\n" + f'1,One,"{"words " * 1_900_000}"\n' * 3,
}


@pytest.mark.parametrize("name", ONE_RECORD)
def test_one_record_does_not_fill_the_memory(raw, tmp_path, name):
    write(raw / name, ONE_RECORD[name]())
    performance = tmp_path / "p.json"
    run("python", "stages/parse.py", "--input-dir", raw, "--output-dir", tmp_path / "out", "--performance", performance)
    figures = json.loads(performance.read_text())
    assert figures["records"] in (1, 3)
    assert figures["peak_memory_mb"] < 200


SEVERAL = {
    "objects.json": lambda times: json.dumps([{"id": n, "all": [{f"key-{m}": 1} for m in range(149_000)]}
                                              for n in range(times)]),
    "row.csv": lambda times: "id,title,text\n" + f'1,One,"{"words " * 1_500_000}"\n' * times,
}


ROOM = {"objects.json": 20, "row.csv": 5}  # MB, for gaps in memory; what is not let go of takes 46 and 8


@pytest.mark.parametrize("name", SEVERAL)
def test_a_large_record_is_let_go_of_before_the_next_is_read(raw, tmp_path, name):
    def peak(times):
        write(raw / name, SEVERAL[name](times))
        run("python", "stages/parse.py", "--input-dir", raw, "--output-dir", tmp_path / "out", "--performance",
            tmp_path / "p.json")
        return json.loads((tmp_path / "p.json").read_text())["peak_memory_mb"]

    assert peak(4) < peak(1) + ROOM[name]


# --- real dumps ---

REAL = {"nvdcve-1.1-2010.json.gz": ("nvd-1.1", 5189), "nvdcve-1.1-2018.json.gz": ("nvd-1.1", 16591),
        "arxiv-2019-metadata.jsonl.xz": ("arxiv", 4500), "matheducators.Posts.xml": ("stackexchange", 2061),
        "quantumcomputing.Posts.xml.bz2": ("stackexchange", 1986),
        "known_exploited_vulnerabilities.json": ("kev", 1404)}


@pytest.mark.parametrize("name", REAL)
def test_real_dumps(name, real_data, tmp_path):
    source, expected = REAL[name]
    notes = Counter()
    first = next(parse_file.trees(real_data / name, name, SETTINGS, notes))
    assert first[0].name == source
    outcome = parse_file.parse_piece(pieces.Piece(name), real_data, tmp_path, SETTINGS)
    assert outcome.error is None and outcome.counts.read == expected and outcome.counts.balanced()
    rows = list(records.read(tmp_path / f"{name}.parquet"))
    assert len({row["id"] for row in rows}) == expected
    assert sum(bool(row["text"]) for row in rows) > 0.9 * expected
    assert "<p>" not in "".join(row["text"] for row in rows[:500])


@pytest.mark.parametrize(("content", "kind"), [
    ('{"a": 1}', "json"), ("{", "json"), ("[\n {", "json"), ("[]", "json"), ("[true]", "json"), ('"a"\n"b"', "json"),
    ("[NaN]", "json"), ("<a/>", "xml"), ("<?xml version='1.0'?><a/>", "xml"), ("<!-- x --><rss/>", "xml"),
    ("<!DOCTYPE html><p>", "html"), ("<html>", "html"), ("<!-- x --><HTML>", "html"), ("--- \na: b", "yaml"),
    ("%YAML 1.2\n---", "yaml"), ("a,b,c\n1,2,3\n4,5,6\n7,8,9\n", "csv"), ("[section]\nkey = value", ""),
    ("{% if x %}", ""), ("{{ x }}", ""), ("plain words, some\nin lines, two\n", ""), ("#!/bin/sh\n", ""), ("", ""),
    ("<", ""), ("\0\1\2", "")])
def test_kinds_are_told_by_content(content, kind):
    assert kinds.by_content(content.encode()) == kind



def test_old_macs_line_ends(raw, tmp_path):
    write(raw / "old.csv", "id,title,text\r" + "".join(f"{n},It broke,Some words about it\r" for n in range(3)))
    assert [row["id"] for row in parsed(raw, tmp_path / "out")[0]["old.csv"]] == ["0", "1", "2"]


@pytest.mark.parametrize("name", ["dump.csv", "dump", "cwec_v4.14.zip", "all.tar.gz"])
def test_a_pointer_in_the_place_of_a_dump(name, raw, tmp_path):
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"
    zipped("picture", pointer, raw / "archive.zip")
    write(raw / name, pointer)
    with pytest.raises(InputError, match=rf"{name}: a Git LFS pointer, not the dump \(git lfs pull; "):
        parsed(raw, tmp_path / "out")


@pytest.mark.parametrize("name", ["cwec_v4.14.zip", "all.tar.gz", "dump.zst"])
def test_a_download_that_failed_is_no_text_beside_dumps(name, raw, tmp_path):
    write(raw / "good.json", json.dumps(GOOD))
    write(raw / name, "404: Not Found")
    with pytest.raises(InputError, match=f"{name}, byte 0: in no format that is read"):
        parsed(raw, tmp_path / "out")


def test_what_a_user_should_know_of_a_folder(tmp_path, capsys):
    raw = tmp_path / "raw"
    raw.mkdir()
    for name in ("forum.sql", "page.html", "b.html", "rule.toml", "a.pcap", "f.woff2", "README.md"):
        (raw / name).write_text("x")
    (raw / "numbers.json").write_text(json.dumps([{"n": n} for n in range(3)]))
    (raw / "latin.csv").write_bytes("id,text\n1,Gr\u00fc\u00dfe an alle\n".encode("latin-1"))
    mine = {"name": "mine", "file": ["tikets.json"], "text": ["body"]}
    parse.parse_folder(raw, tmp_path / "out", replace(SETTINGS, sources=[mine]), "local")
    told = capsys.readouterr().err
    assert "passed over by name: 2 .html, 1 .pcap, 1 .sql, 1 .toml\n" in told and ".md" not in told
    assert "parse.sources[0] (mine): no file is named tikets.json\n" in told
    assert "numbers.json: none of its 3 records has a title or text" in told
    assert "latin.csv: 2 bytes that are not UTF-8 were replaced" in told


def test_paths_of_a_source_of_ones_own_that_lead_nowhere_are_told(tmp_path, capsys):
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "tickets.tsv").write_text("ticket\tsubject\tbody\tlink\n" + "".join(
        f"{n}\tIt broke\tSome words about it, number {n}\t{'x' * (n == 2)}\n" for n in range(3)))
    mine = {"file": ["tickets.tsv"], "id": ["nr", "tiket"], "title": ["topic", "subject"], "text": ["bdy", "body"],
            "meta": {"url": "link", "severity": ["risk", "level"]}}
    counts = parse.parse_folder(raw, tmp_path / "out", replace(SETTINGS, sources=[mine]), "local")
    told = capsys.readouterr().err
    absent = ["id: nr, tiket", "text: bdy", "meta.severity: ['risk', 'level']"]
    assert [line for line in told.split("\n") if line] == [
        f"warning: parse.sources[0].{path}: in none of its records" for path in absent]
    assert counts.written == 3 and set(counts.notes.values()) == {3}


def test_paths_that_some_file_of_the_source_has_are_not_told(raw, tmp_path, capsys):
    for n in range(4):
        write(raw / f"rule{n}.yaml", f"id: R-{n}\nsays: Some words about it\n" + "level: high\n" * (n == 2))
    mine = {"file": ["rule*.yaml"], "id": ["id"], "text": ["says"], "meta": {"severity": "level"}}
    _, counts = parsed(raw, tmp_path / "out", replace(SETTINGS, sources=[mine]))
    assert not capsys.readouterr().err and counts.notes == {"read as parse.sources[0]": 4}


def test_a_list_where_a_source_of_ones_own_says_that_a_record_stands(raw, tmp_path):
    (raw / "dump.json").write_text(json.dumps({"data": {"incidents": [{"id": 1, "body": "Some words"}] * 2}}))
    mine = {"file": ["dump.json"], "records": ["data.incidents"], "text": ["body"]}
    with pytest.raises(InputError, match=r"data.incidents: a list where a record is wanted \(end the path in "
                                         r"parse.sources\[0\].records with \[\]; "):
        parsed(raw, tmp_path / "out", replace(SETTINGS, sources=[mine]))


@pytest.mark.parametrize(("text", "dropped"), [
    ("** REJECT ** DO NOT USE THIS CANDIDATE NUMBER.", "REJECT"), ("Rejected reason: Not used", "REJECT"),
    ("** RESERVED ** This candidate has been reserved.", "RESERVED"), ("A product rejects ** REJECT ** tokens", None)])
def test_rejected_numbers_whoever_passes_them_on(text, dropped, raw, tmp_path):
    (raw / "dump.csv").write_text(f"cve,summary,seen\nCVE-2031-1000,{text},1\nCVE-2031-1001,Some other words,1\n")
    rows = parsed(raw, tmp_path / "out")[0]["dump.csv"]
    assert [row["dropped"] for row in rows] == [dropped, None]


@pytest.mark.parametrize(("source", "message"), [
    ({}, r"parse.sources\[0\]: file or match or root is wanted"),
    ({"name": "a", "match": ["id"]}, r"parse.sources\[0\]: text or title is wanted")])
def test_a_source_says_what_it_is_for(source, message):
    with pytest.raises(ParamsError, match=message):
        sources.users([source])


def test_a_file_whose_output_would_be_a_folder_is_left_out(tmp_path, capsys):
    (tmp_path / "raw" / "k.json.parquet").mkdir(parents=True)
    for name in ("k.json", "k.json.parquet/a.json"):
        (tmp_path / "raw" / name).write_text(json.dumps([{"id": 1, "text": "A few words of it"}]))
    with pytest.raises(InputError, match=r"k\.json: its output would take the place of the folder k\.json\.parquet"):
        parse.parse_folder(tmp_path / "raw", tmp_path / "out", SETTINGS, "local")
    counts = parse.parse_folder(tmp_path / "raw", tmp_path / "out", replace(SETTINGS, on_error="skip"), "local")
    assert counts.written == 1 and "left out" in capsys.readouterr().err

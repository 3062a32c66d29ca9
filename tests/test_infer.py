"""Dumps nobody has described: records, ids, titles and texts found by shape and name."""

import csv
import io
import json
import re
from collections import Counter

import pytest
import yaml

from cybersieve import json_tables, params, parse_file, records
from cybersieve.errors import InputError
from tests.conftest import ROOT

SETTINGS = params.load(ROOT / "params.yaml").parse
PROSE = "A long enough sentence about what happened to the server in spring."
TEASED = "An attacker who sends a long header can run code on the server: 2.4 does not look how long it is in case"


def parsed(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    found = list(parse_file.trees(path, name, SETTINGS, Counter()))
    assert {source.name for source, _, _ in found} == {"unknown"}
    return list(parse_file.rows(iter(found), name, SETTINGS, records.Counts()))


def entry(number, **more):
    return {"id": f"E-{number}", "title": f"Event {number}", "description": f"{PROSE} Number {number}.", **more}


EXPECTED = [(f"E-{n}", f"Event {n}", f"{PROSE} Number {n}.") for n in range(3)]


@pytest.mark.parametrize(("shape", "document"), [
    ("array", [entry(n) for n in range(3)]),
    ("array with gaps", [None, entry(0), 0, entry(1), None, entry(2), False]),
    ("entries", {"generated": "2031-01-01", "entries": [entry(n) for n in range(3)]}),
    ("value", {"@odata.context": "x", "value": [entry(n) for n in range(3)]}),
    ("deep", {"feed": {"meta": {"n": 1}, "data": {"items": [entry(n) for n in range(3)]}}}),
    ("several", {"old": [entry(0)], "new": [entry(1), entry(2)], "counts": [1, 2]}),
    ("two depths", {"a": {"old": [entry(0), entry(1)]}, "new": [entry(2)]}),
    ("rooms", {"results": [{"target": "a", "found": [entry(0), entry(1)]}, {"target": "b", "found": [entry(2)]}]}),
    ("rooms in rooms", [{"host": "a", "ports": [{"port": 1, "found": [entry(0)]}, {"port": 2, "found": [entry(1)]}]},
                        {"host": "b", "ports": [{"port": 1, "found": [entry(2)]}]}]),
    ("rooms in nameless rooms", {"scans": [{"at": {"file": "a"}, "parts": [
        {"part": {"version": "1"}, "found": [entry(0), entry(1)]}, {"part": {"version": "2"}, "found": [entry(2)]}]}]}),
    ("with lists inside", {"items": [entry(n, references=[{"url": "u", "name": "a b c"}]) for n in range(3)]}),
    ("dotted keys", {"list.of": [entry(n) for n in range(3)]}),
    ("by key", {f"k{n}": entry(n) for n in range(3)}),
    ("by key, twice", {"a": {"k0": entry(0), "k1": entry(1)}, "b": {"k2": entry(2)}}),
    ("by key, inside", {"made": "2031", "found": {"all": {f"k{n}": entry(n) for n in range(3)}, "errors": []}}),
    ("arrays in an array", [[entry(0), entry(1)], [entry(2)]]),
    ("lines of arrays", f"{json.dumps([entry(0), entry(1)])}\n{json.dumps([entry(2)])}"),
    ("chapters", {"all": [{"id": "C-1", "name": "A chapter of it", "parts": [
        {"id": "C-1.1", "title": "A part of that", "controls": [entry(n) for n in range(3)]}]}]}),
    ("wrapped in rooms", [{"kind": "list", "data": {"children": [{"kind": "t1", "data": entry(n)}]}}
                          for n in range(3)]),
    ("pages in an array", [{"page": 1, "items": [entry(0), entry(1)]}, {"page": 2, "items": [entry(2)]}]),
    ("wrapped each", {"products": [{"product": entry(n)} for n in range(3)]}),
    ("lines", "\n".join(json.dumps(entry(n)) for n in range(3))),
    ("concatenated", "".join(json.dumps(entry(n), indent=1) for n in range(3))),
])
def test_json_shapes(shape, document, tmp_path):
    rows = parsed(tmp_path, "dump.json", document)
    assert [(row["id"], row["title"], row["text"]) for row in rows] == EXPECTED


@pytest.mark.parametrize(("shape", "room"), [("arrays", "packages"), ("arrays at the root", ""), ("by key", "by key")])
def test_keys_that_come_after_the_first_look(shape, room, tmp_path):
    """Keys name packages, years, people: a file has more of them than its beginning shows."""
    if shape == "by key":
        document = {f"k{n}": entry(n, notes=[{"name": "n", "value": PROSE}] * 4) for n in range(3000)}
    else:
        arrays = {"$meta": {"made": "2031-01-01"}} | {f"package {n}": [entry(2 * n), entry(2 * n + 1)]
                                                      for n in range(1500)}
        document = {room: arrays} if room else arrays
    rows = parsed(tmp_path, "many.json", document)
    assert [row["id"] for row in rows] == [f"E-{n}" for n in range(3000)]


@pytest.mark.parametrize("sizes", [(1, 2), (2, 2, 1), (2, 3, 1, 2, 2, 2)])
def test_records_by_their_ids_in_objects_that_only_hold_them(sizes, tmp_path):
    document = {f"CVE-2031-{room:04}": {"records": {f"u{room}-{n}": {"title": f"Event {room} {n}", "description": PROSE}
                                                   for n in range(size)}} for room, size in enumerate(sizes)}
    rows = parsed(tmp_path, "dump.json", document)
    assert [row["id"] for row in rows] == [f"u{room}-{n}" for room, size in enumerate(sizes) for n in range(size)]


@pytest.mark.parametrize("names", [("nvd", "ghsa"), ("en", "de", "fr")])
@pytest.mark.parametrize("wrap", [lambda said: said, lambda said: {"translations": said}])
def test_what_each_of_several_says_of_a_record_is_part_of_it(wrap, names, tmp_path):
    """Sources and languages are keys that come again in each, and no ids."""
    document = {f"CVE-2031-{n:04}": wrap({name: {"title": f"Event {n} {name}", "description": f"{PROSE} {n} {name}"}
                                          for name in names}) for n in range(4)}
    rows = parsed(tmp_path, "dump.json", document)
    assert [row["id"] for row in rows] == list(document)
    assert all(f"{PROSE} {n} {names[-1]}" in row["text"] for n, row in enumerate(rows))


@pytest.mark.parametrize("sizes", [(1, 2), (1, 2, 3), (2, 2, 1), (1, 2, 3, 1, 2, 3)])
def test_no_record_is_lost_in_a_room_of_its_own(sizes, tmp_path):
    document = {f"host{room}": {"findings": {
        f"F-{room}-{n}": {"title": f"Event {room} {n}", "description": f"{PROSE} {room} {n}"} for n in range(size)}}
        for room, size in enumerate(sizes)}
    told = json.dumps(parsed(tmp_path, "dump.json", document))
    assert all(f"{PROSE} {room} {n}" in told for room, size in enumerate(sizes) for n in range(size))


def test_graphs_in_a_row_are_a_record_each(tmp_path):
    graphs = [{"goal": f"{PROSE} {n}", "nodes": [{"id": f"n{n}{k}", "name": f"A step of it {k}"} for k in range(3)],
               "edges": [{"source": f"n{n}0", "target": f"n{n}1"}]} for n in range(4)]
    assert len(parsed(tmp_path, "graphs.jsonl", "\n".join(map(json.dumps, graphs)))) == 4


def pages_of(wrap):
    return "\n".join(json.dumps({"data": {"advisories": {
        "pageInfo": {"hasNextPage": page < 2, "endCursor": "Yw"}, **wrap([entry(2 * page + n) for n in range(2)])}}})
        for page in range(3))


@pytest.mark.parametrize("wrap", [lambda items: {"nodes": items}, lambda items: {"edges": [
    {"cursor": "YQ", "node": item} for item in items]}])
def test_pages_of_graphql(wrap, tmp_path):
    """Each page was one record."""
    rows = parsed(tmp_path, "pages.jsonl", pages_of(wrap))
    assert [row["id"] for row in rows] == [f"E-{n}" for n in range(6)]


@pytest.mark.parametrize("count", [1, 3, 600])
def test_tables_of_a_database_behind_what_made_the_export(count, tmp_path):
    """The header, the database and the table were the records."""
    tables = [{"type": "table", "name": name, "data": [entry(f"{name}{n}") for n in range(count)]} for name in "ab"]
    begin = [{"type": "header", "comment": "An export as JSON"}, {"type": "database"}]
    rows = parsed(tmp_path, "d.json", begin + tables)
    assert [row["id"] for row in rows] == [f"E-{name}{n}" for name in "ab" for n in range(count)]


@pytest.mark.parametrize("key", ["items", "values"])
def test_questions_of_which_some_list_answers_are_records(key, tmp_path):
    questions = [{"title": f"Which panel is it, of {n}?", "type": "choice", **({} if n % 3 == 1 else {
        key: [f"The panel by the door {n}", f"The panel by the lid {n}"]})} for n in range(6)]
    rows = parsed(tmp_path, "quiz.json", questions)
    assert [row["title"] for row in rows] == [one["title"] for one in questions]


def test_what_was_told_to_a_model_in_several_ways_is_no_conversation(tmp_path):
    prompts = [{"role": "system", "content": f"{PROSE} {n}"} for n in range(3)]
    assert len(parsed(tmp_path, "prompts.json", {"prompts": prompts})) == 3


@pytest.mark.parametrize("name", ["tasks", "packages", "sections"])
def test_records_in_a_list_that_has_an_id_and_a_text_are_records(name, tmp_path):
    board = {"id": "B-1", "title": "A board of ours", "description": PROSE, name: [entry(n) for n in range(30)]}
    assert [row["id"] for row in parsed(tmp_path, "board.json", board)] == [f"E-{n}" for n in range(30)]


@pytest.mark.parametrize("more", [{}, {"model": "ours-1"}])
@pytest.mark.parametrize(("key", "who", "says", "speakers"), [
    ("messages", "role", "content", ("system", "user", "assistant")),
    ("conversations", "from", "value", ("human", "gpt")),
    ("conversations", "from", "value", ("human", "function_call", "observation", "gpt"))])
def test_a_conversation_is_one_record(key, who, says, speakers, more, tmp_path):
    turns = [{who: name, says: f"{PROSE} So says the {name}."} for name in speakers]
    row, = parsed(tmp_path, "chat.json", more | {key: turns})
    assert row["text"] == "\n".join(turn[says] for turn in turns)


@pytest.mark.parametrize("wrap", [json.dumps, lambda talks: "\n".join(map(json.dumps, talks))])
def test_lists_of_turns_are_a_record_each(wrap, tmp_path):
    talks = [[{"role": "user", "content": f"Is house {n} open?"}, {"role": "assistant", "content": f"{PROSE} {n}"}]
             for n in range(4)]
    assert [row["text"] for row in parsed(tmp_path, "talks.json", wrap(talks))] == [
        f"Is house {n} open?\n{PROSE} {n}" for n in range(4)]


def test_passages_by_their_ids_are_told_with_their_questions(tmp_path):
    """The questions had been the records, without what they are on."""
    passages = {f"p-{n}": {"passage": f"{PROSE} {n}", "qa_pairs": [
        {"question": f"Which server of {n} is it, {which}?", "answer": {"number": "3"}} for which in "ab"]}
        for n in range(4)}
    rows = parsed(tmp_path, "passages.json", passages)
    assert [(row["id"], row["text"]) for row in rows] == [
        (f"p-{n}", f"{PROSE} {n}\nWhich server of {n} is it, a?\nWhich server of {n} is it, b?") for n in range(4)]


def test_a_few_answers_by_their_questions(tmp_path):
    rows = parsed(tmp_path, "faq.json", {f"Is house {n} open?": f"{PROSE} {n}" for n in range(4)})
    assert [(row["title"], row["text"]) for row in rows] == [(f"Is house {n} open?", f"{PROSE} {n}") for n in range(4)]


@pytest.mark.parametrize("wrap", [lambda talks: talks, lambda talks: {"data": talks}, lambda talks: talks[0],
                                  lambda talks: {f"talk-{n}": talk for n, talk in enumerate(talks)}])
def test_the_tools_of_a_conversation_are_no_records(wrap, tmp_path):
    """They had been the records, and all that was said was lost."""
    def tool(name):
        return {"type": "function", "function": {"name": name, "description": PROSE, "parameters": {
            "type": "object", "properties": {"where": {"type": "string", "description": PROSE}}}}}

    talks = [{"messages": [{"role": "user", "content": f"Is the panel of house {n} open?"},
                           {"role": "assistant", "content": None, "tool_calls": [
                               {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]},
                           {"role": "tool", "tool_call_id": "call_1", "content": f"Panel {n}: open"},
                           {"role": "assistant", "content": f"It is open, as far as I can see {n}."}],
              "tools": [tool("look"), tool("listen")]} for n in range(4)]
    rows = parsed(tmp_path, "talks.json", wrap(talks))
    assert [row["text"].split("\n")[:3] for row in rows] == [
        [f"Is the panel of house {n} open?", f"Panel {n}: open", f"It is open, as far as I can see {n}."]
        for n in range(len(rows))] and len(rows) == (1 if wrap(talks) == talks[0] else 4)


@pytest.mark.parametrize("key", ["description", "content"])
def test_accounts_and_posts_with_roles_are_no_conversation(key, tmp_path):
    accounts = [{"id": f"A-{n}", "role": ["system", "user"][n], key: f"{PROSE} {n}"} for n in range(2)]
    assert [row["id"] for row in parsed(tmp_path, "accounts.json", {"list": accounts})] == ["A-0", "A-1"]


def test_a_record_with_an_id_title_and_text_is_one_with_its_indicators(tmp_path):
    indicators = [{"id": n, "indicator": f"panel{n}.example", "title": "", "description": PROSE} for n in range(30)]
    row, = parsed(tmp_path, "pulse.json", {**entry(1), "tags": ["a tag of it"], "indicators": indicators})
    assert (row["id"], row["title"]) == ("E-1", "Event 1") and row["text"].startswith(f"{PROSE} Number 1.")


def test_an_element_like_the_records_beside_it_is_one_of_them(tmp_path):
    """Of a bibliography the one article was left out, silently."""
    names = ["paper", "article", "paper", "paper"]
    rows = parsed(tmp_path, "bib.xml", "<all>" + "".join(
        f"<{name} key='k/{n}'><author>Ann Bee</author><title>On the panels of {n}</title><year>2031</year></{name}>"
        for n, name in enumerate(names)) + "</all>")
    assert [row["id"] for row in rows] == [f"k/{n}" for n in range(4)]


def test_what_a_list_is_called_and_whose_is_no_record(tmp_path):
    rows = parsed(tmp_path, "list.xml", "<all><info><name>All of ours</name><author>Ann Bee</author></info>" + "".join(
        f"<item><name>Event {n}</name><author>Ann Bee</author><description>{PROSE} {n}</description></item>"
        for n in range(4)) + "</all>")
    assert [row["title"] for row in rows] == [f"Event {n}" for n in range(4)]


def test_what_is_told_beside_a_text_of_kubernetes_is_no_policy(tmp_path):
    row, = parsed(tmp_path, "map.yaml", "kind: ConfigMap\nmetadata: {name: ours, annotations: {description: Ours.}}\n"
                  f"data: {{text: {PROSE}}}\n")
    assert row["text"] == PROSE


def test_a_record_with_nodes_is_one(tmp_path):
    nodes = [{"name": f"panel {n} of it", "address": "192.0.2.1"} for n in range(4)]
    row, = parsed(tmp_path, "one.json", {**entry(1), "description": f"{PROSE} {PROSE} Number 1.", "nodes": nodes})
    assert row["id"] == "E-1"


def test_a_snippet_that_is_an_object_is_no_code(tmp_path):
    said = [{"id": f"U{n}", "snippet": {"textDisplay": f"{PROSE} {n}", "likes": n}} for n in range(3)]
    rows = parsed(tmp_path, "comments.json", {"items": [
        {"id": one["id"], "snippet": {"videoId": "v", "comment": one}} for one in said]})
    assert [row["text"] for row in rows] == [f"{PROSE} {n}" for n in range(3)]


def test_records_behind_many_keys(tmp_path):
    """Also where the beginning that is looked at does not hold all of the document."""
    for more in (3, 900):
        document = {f"key {n}": n for n in range(1000)} | {"items": [entry(n, notes="x" * 300) for n in range(more)]}
        assert [row["id"] for row in parsed(tmp_path, "late.json", document)] == [f"E-{n}" for n in range(more)]


def test_titles_of_parts_are_not_the_records(tmp_path):
    rows = parsed(tmp_path, "parts.json", [
        {"id": f"E-{n}", "summary": f"{PROSE} {n}", "hits": [{"title": "Foo 1.0"}], "names": {"title": f"Event {n}"}}
        for n in range(3)])
    assert [row["title"] for row in rows] == [f"Event {n}" for n in range(3)]
    rows = parsed(tmp_path, "titles.json", [{"id": f"E-{n}", "at": {"titles": [{"title": f"Event {n}"}]}, "text": PROSE}
                                            for n in range(3)])
    assert [row["title"] for row in rows] == [f"Event {n}" for n in range(3)]


def test_a_record_that_says_nothing_is_called_as_what_it_leads_to(tmp_path):
    """Lists of posts elsewhere have their titles beside the addresses."""
    posts = [{"Links": [{"Title": f"How Event {n} came about", "Link": f"https://example.org/{n}"}],
              "Bugs": ["Foo", "Bar"], "Authors": ["A. Person"], "PublicationDate": "2031-01-02"} for n in range(3)]
    rows = parsed(tmp_path, "posts.json", {"data": posts})
    assert [(row["title"], row["dropped"]) for row in rows] == [(f"How Event {n} came about", None) for n in range(3)]
    rows = parsed(tmp_path, "told.json", {"data": [{**post, "text": f"{PROSE} {n}"} for n, post in enumerate(posts)]})
    assert [(row["title"], row["text"]) for row in rows] == [("", f"{PROSE} {n}") for n in range(3)]


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_a_json_schema_holds_no_records(suffix, tmp_path):
    """It stands beside the data in many repositories, and tells what their fields mean."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Events of Foo", "type": "object",
              "properties": {key: {"type": "string", "description": f"{PROSE} {key}"} for key in ("id", "made")}}
    with pytest.raises(InputError, match="no record found"):
        parsed(tmp_path, f"schema.{suffix}", schema)
    for key in ("events", "definitions"):
        rows = parsed(tmp_path, f"data.{suffix}", {"$schema": schema["$schema"], key: [entry(n) for n in range(3)]})
        assert [row["id"] for row in rows] == [f"E-{n}" for n in range(3)]  # made by one, and refers to all of them


@pytest.mark.parametrize("more", [{"name": "A. Person", "username": "a"}, {"label": 3}, {"name": "OURS-2031-1"}])
def test_what_is_no_title(more, tmp_path):
    rows = parsed(tmp_path, "posts.json", [{**more, "summary": f"Event {n}", "text": PROSE * 2} for n in range(3)])
    assert [row["title"] for row in rows] == [f"Event {n}" for n in range(3)]


@pytest.mark.parametrize("document", [
    {"hits": {"hits": [{"_id": f"x{n}", "_index": "i", "_source": entry(n)} for n in range(3)]}},
    "\n".join(json.dumps(tree) for n in range(3) for tree in ({"index": {"_index": "i", "_id": "x"}}, entry(n)))])
def test_ids_of_what_a_database_keeps(document, tmp_path):
    rows = [row for row in parsed(tmp_path, "index.json", document) if not row["dropped"]]
    assert [(row["id"], row["title"], row["text"]) for row in rows] == EXPECTED


@pytest.mark.parametrize("action", ["index", "create"])
def test_a_bulk_file_gives_ids_in_lines_of_their_own(action, tmp_path):
    lines = [line for n in range(3) for line in (
        {action: {"_index": "posts", "_id": n + 40, "routing": "a"}}, {"title": f"Event {n}", "text": PROSE})]
    lines += [{"delete": {"_id": "gone"}}, {action: {}}, {"title": "Event 3", "text": PROSE}]
    rows = parsed(tmp_path, "bulk.ndjson", "\n".join(map(json.dumps, lines)))
    assert [(row["id"][:4], row["title"], row["dropped"]) for row in rows] == [
        *((f"{n + 40}", f"Event {n}", None) for n in range(3)), ("sha-", "Event 3", None)]


def test_a_bulk_file_may_begin_with_what_is_deleted(tmp_path):
    lines = [{"delete": {"_index": "posts", "_id": f"old-{n}"}} for n in range(2000)]
    lines += [line for n in range(3) for line in ({"index": {"_id": f"E-{n}"}}, entry(n))]
    rows = parsed(tmp_path, "bulk.ndjson", "\n".join(map(json.dumps, lines)))
    assert [(row["id"], row["title"], row["text"]) for row in rows] == EXPECTED


def test_what_only_looks_like_a_bulk_files_line_is_a_record(tmp_path):
    rows = parsed(tmp_path, "made.jsonl", "\n".join(json.dumps({"create": entry(n)}) for n in range(3)))
    assert [(row["id"], row["title"], row["text"]) for row in rows] == EXPECTED


def by_columns(rows):
    return {name: [row[name] for row in rows] for name in rows[0]}


def cells(rows, *before):
    return [*before, *(list(row.values()) for row in rows)]


TABLES = {
    "columns by number": lambda rows: {name: {str(n): cell for n, cell in enumerate(column)}
                                       for name, column in by_columns(rows).items()},
    "columns as lists": by_columns,
    "split": lambda rows: {"columns": list(rows[0]), "index": list(range(len(rows))), "data": cells(rows)},
    "types": lambda rows: {"columns": [{"type": "text", "name": name} for name in rows[0]], "rows": cells(rows)},
    "within": lambda rows: {"took": 3, "Tables": [
        {"TableName": "T", "Columns": [{"ColumnName": name} for name in rows[0]], "Rows": cells(rows)}]},
    "schema": lambda rows: {"schema": {"fields": [{"name": name} for name in rows[0]]}, "data": {"rows": cells(rows)}},
    "names in the first row": lambda rows: cells(rows, list(rows[0])),
}


@pytest.mark.parametrize(("shape", "more"), [  # the beginning of 900 columns as lists shows but one list
    *((shape, 3) for shape in TABLES), *((shape, 900) for shape in TABLES if shape != "columns as lists")])
def test_tables_whose_rows_are_no_objects(shape, more, tmp_path):
    """Also where the beginning that is looked at does not hold all of the document."""
    rows = parsed(tmp_path, "table.json", TABLES[shape]([entry(n, notes="x" * 90) for n in range(more)]))
    assert [(row["id"], row["title"]) for row in rows] == [(f"E-{n}", f"Event {n}") for n in range(more)]
    assert rows[2]["text"].startswith(EXPECTED[2][2]) and len({row["locator"] for row in rows}) == more


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"classes": ["DOOR"], "annotations": rows},
                                  lambda rows: "\n".join(map(json.dumps, rows))])
def test_texts_with_what_is_marked_in_them(wrap, tmp_path):
    rows = [[f"{PROSE} {n}", {"entities": [[0, 6, "DOOR"], [9, 12, "A PANEL"]]}] for n in range(5)]
    assert [row["text"] for row in parsed(tmp_path, "marked.json", wrap(rows))] == [text for text, _ in rows]


def test_columns_of_different_length(tmp_path):
    late = {"id": {"0": "a", "1": "b"}, "text": {"2": "d", "1": "c"}}
    assert [tree for _, tree in json_tables.rows([("", late)], ["*"], Counter())] == [
        {"id": "a", "text": None}, {"id": "b", "text": "c"}, {"text": "d"}]
    assert [tree for _, tree in json_tables.rows([("", {"id": ["a"], "text": ["b", "c"]})], ["*"], Counter())] == [
        {"id": "a", "text": "b"}, {"id": None, "text": "c"}]
    many = {f"{n}": [1] for n in range(2000)}
    for tree in ({"id": {"0": "a"}, "text": ["b"]}, ["a"], {}, many):
        assert list(json_tables.rows([("here", tree)], ["*"], Counter())) == [("here", tree)]


def test_a_table_of_a_known_source(tmp_path):
    kev = [{"cveID": f"CVE-2031-{n}", "vulnerabilityName": f"Flaw {n}", "shortDescription": PROSE} for n in range(3)]
    for name, shape in TABLES.items():
        path = tmp_path / "kev.json"
        path.write_text(json.dumps(shape(kev)))
        found = list(parse_file.trees(path, "kev.json", SETTINGS, Counter()))
        assert [(source.name, tree) for source, _, tree in found] == [("kev", tree) for tree in kev], name


@pytest.mark.parametrize("document", [
    {"id": "E-1", "title": ["One"], "description": [PROSE]}, {"title": ["a b", "c d", "e f"], "description": [PROSE]},
    {"title": [{"lang": "en", "value": "a b"}] * 3, "description": [{"lang": "en", "value": PROSE}] * 3},
    {"fields": ["id", "text"], "items": [entry(0), entry(1)]}, [["id", "text", "of", "nothing"], [PROSE]]])
def test_what_only_looks_like_a_table(document, tmp_path):
    assert not json_tables.found([document], True)


@pytest.mark.parametrize("number", ["1e309", "-1e999", "1" * 30, "1" * 300])
def test_large_numbers_before_the_records(number, tmp_path):
    """Also where the beginning that is looked at does not hold all of the document."""
    text = json.dumps({"serial": 0, "items": [entry(n, notes="x" * 300) for n in range(900)]})
    assert len(parsed(tmp_path, "serial.json", text.replace("0", number, 1))) == 900


@pytest.mark.parametrize("behind", ['{"status": "ok"}', '{"error": {"code": 500}}', "[]"])
def test_documents_in_a_row_that_are_lists_and_others_that_say_nothing(behind, tmp_path):
    text = json.dumps([entry(n) for n in range(3)])
    rows = parsed(tmp_path, "pages.json", f"{text}\n{behind}\n")
    assert [(row["id"], row["title"], row["text"]) for row in rows] == EXPECTED


def test_a_page_behind_xml_is_no_part_of_it(tmp_path):
    items = "".join(f"<item><id>{n}</id><text>{PROSE} {n}</text></item>" for n in range(3))
    with pytest.raises(InputError, match="not XML: Extra content"):
        parsed(tmp_path, "feed.xml", f"<all>{items}</all><html><body>502 Bad gateway</body></html>")


@pytest.mark.parametrize("more", [{"id": "R-1"}, {"meta": {"title": "What it is about"}}])
def test_what_has_words_or_an_id_is_a_record_not_a_room(more, tmp_path):
    rows = parsed(tmp_path, "records.json", {"items": [{"notes": [entry(0), entry(1)], **more}] * 3})
    assert len(rows) == 3 and PROSE in rows[0]["text"]


def test_a_feed_of_one_is_a_feed(tmp_path):
    rows = parsed(tmp_path, "feed.json", {"title": "All news", "description": PROSE * 2, "items": [entry(0)]})
    assert [(row["id"], row["title"], row["text"]) for row in rows] == EXPECTED[:1]


def test_a_record_with_parts_is_one(tmp_path):
    rows = parsed(tmp_path, "one.json", entry(0, items=[entry(1)]))
    assert [row["id"] for row in rows] == ["E-0"]


def test_lists_under_ids_without_words(tmp_path):
    rows = parsed(tmp_path, "iocs.json", {f"{n}": [{"ioc_value": f"192.0.2.{n}:443", "malware": "Foo", "tags": None}]
                                          for n in range(3)})
    assert [row["id"] for row in rows] == [f"192.0.2.{n}:443" for n in range(3)]


@pytest.mark.parametrize("more", [{"sha256_hash": "{:064x}"}, {"_id": {"$oid": "0a"}, "update_id": "OURS-2031:{}"}])
def test_ids_of_the_last_and_the_first_choice(more, tmp_path):
    """Indicators where there is nothing else; upstream's public number before a database's."""
    name, form = list(more.items())[-1]
    rows = parsed(tmp_path, "ids.json", [{**more, name: form.format(n), "text": f"{PROSE} {n}"} for n in range(3)])
    assert [row["id"] for row in rows] == [form.format(n) for n in range(3)]


def test_flags_and_ids_in_what_wraps_each_record(tmp_path):
    rows = parsed(tmp_path, "products.json", {"products": [{"product": {
        "entryNameId": f"P-{n}", "deprecated": n == 1, "titles": [{"title": f"The product {n}", "lang": "en"}]}}
        for n in range(2)]})
    assert [(row["id"], row["title"], row["dropped"]) for row in rows] == [
        ("P-0", "The product 0", None), ("P-1", "The product 1", "deprecated")]


@pytest.mark.parametrize("content", [json.dumps([entry(n) for n in range(3)]), "<?xml version='1.0'?><all>" + "".join(
    f"<one><id>E-{n}</id><title>Event {n}</title><text>{PROSE} Number {n}.</text></one>" for n in range(3)) + "</all>"])
def test_an_ending_that_is_wrong(content, tmp_path):
    assert [(row["id"], row["title"], row["text"]) for row in parsed(tmp_path, "wrong.csv", content)] == EXPECTED


def test_one_single_record(tmp_path):
    rows = parsed(tmp_path, "one.json", entry(0, references=[{"url": "https://example.org/1"}], tags=["a", "b"]))
    assert [(row["id"], row["title"], row["text"]) for row in rows] == EXPECTED[:1]
    assert json.loads(rows[0]["meta"])["labels"] == ["a", "b"]


def test_objects_without_ids_are_known_by_their_keys(tmp_path):
    rows = parsed(tmp_path, "map.json", {f"CVE-2031-{n}": {"summary": PROSE, "score": n} for n in range(4)})
    assert [row["id"] for row in rows] == [f"CVE-2031-{n}" for n in range(4)]


def test_lists_under_a_few_keys_are_all_read(tmp_path):
    rows = parsed(tmp_path, "lists.json", {f"{n}": [{"ioc": "192.0.2.1", "malware": f"A stealer of files {n}"}]
                                           for n in range(3)})
    assert [row["text"] for row in rows] == [f"A stealer of files {n}" for n in range(3)]


def test_objects_of_objects_are_known_by_the_inner_keys(tmp_path):
    rows = parsed(tmp_path, "map.json", {package: {f"CVE-2031-{n}": {
        "description": f"{PROSE} {n}", "releases": {"x": {"urgency": "not yet assigned"}}} for n in numbers}
        for package, numbers in {"foo": (0, 1, 2), "bar": (2, 3, 4)}.items()})
    assert [(row["id"], row["title"], row["text"]) for row in rows] == [
        (f"CVE-2031-{n}", "", f"{PROSE} {n}") for n in (0, 1, 2, 2, 3, 4)]
    assert rows[3]["locator"] == "bar.CVE-2031-2"


def test_values_that_bear_their_parents_name(tmp_path):
    posts = [{"_id": {"$oid": f"{n:024x}"}, "date": {"$date": "2031-01-01"}, "title": {"rendered": f"Post {n}"},
              "content": {"rendered": f"<p>{PROSE} {n}</p>"}, "excerpt": {"rendered": "<p>A long</p>"}}
             for n in range(2)]
    rows = parsed(tmp_path, "posts.json", posts)
    assert [(row["id"], row["title"], row["text"]) for row in rows] == [
        (f"{n:024x}", f"Post {n}", f"{PROSE} {n}") for n in range(2)]
    assert json.loads(rows[0]["meta"])["published"] == "2031-01-01"


def test_texts_in_an_array(tmp_path):
    rows = parsed(tmp_path, "texts.json", [f"{PROSE} {n}" for n in range(3)])
    assert [row["text"] for row in rows] == [f"{PROSE} {n}" for n in range(3)]
    assert len({row["id"] for row in rows}) == 3


def test_names_are_told_by_meaning_and_length(tmp_path):
    rows = parsed(tmp_path, "x.json", [
        {"_id": f"a{n}", "subject": f"Subject {n}", "foo": "x", "prose": PROSE * 3, "createdAt": "2031-01-01",
         "tags": ["t"],
         "details": {"body": f"{PROSE} {n}"}, "revoked": n == 1, "link": "https://example.org"} for n in range(3)])
    assert [row["id"] for row in rows] == ["a0", "a1", "a2"] and rows[0]["title"] == "Subject 0"
    assert rows[0]["text"] == f"{PROSE * 3}\n{PROSE} 0"
    assert [row["dropped"] for row in rows] == [None, "revoked", None]
    assert json.loads(rows[0]["meta"]) == {"published": "2031-01-01", "labels": "t", "url": "https://example.org"}


@pytest.mark.parametrize("name", ["opened_at", "posted", "postDate", "Reported At"])
def test_when_a_record_came_about(tmp_path, name):
    rows = parsed(tmp_path, "x.json", [{"id": n, "text": f"{PROSE} {n}", name: "2031-01-01"} for n in range(3)])
    assert json.loads(rows[0]["meta"]) == {"published": "2031-01-01"}


def test_words_before_the_records_may_be_long(tmp_path):
    """What begins like one record is looked at further."""
    about = {f"about {n}": PROSE * 3 for n in range(500)}
    rows = parsed(tmp_path, "long.json", {"about": about, "found": [entry(n) for n in range(3)]})
    assert [(row["id"], row["title"], row["text"]) for row in rows] == EXPECTED


def test_metadata_before_the_records_may_be_long(tmp_path):
    junk = {f"k{n}": ["x" * 50] * 20 for n in range(100)}
    rows = parsed(tmp_path, "late.json", {"index": junk, "items": [entry(n) for n in range(3)]})
    assert [(row["id"], row["title"], row["text"]) for row in rows] == EXPECTED


@pytest.mark.parametrize(("name", "document"), [
    ("e.xml", "<r><info>x y z</info><list>" + "".join(
        f"<event id='E-{n}'><title>Event {n}</title><description>{PROSE} Number {n}.</description></event>"
        for n in range(3)) + "</list></r>"),
    ("rooms.xml", "<r><host name='a'><os>x y</os>" + "".join(
        f"<item id='E-{n}' title='Event {n}'><description>{PROSE} Number {n}.</description></item>" for n in range(2))
        + f"</host><host name='b'><item id='E-2' title='Event 2'><description>{PROSE} Number 2.</description></item>"
        + "</host></r>"),
    ("ns.xml", "<n:r xmlns:n='urn:x'>" + "".join(
        f"<n:event><n:id>E-{n}</n:id><n:name>Event {n}</n:name><n:text>{PROSE} Number {n}.</n:text></n:event>"
        for n in range(3)) + "</n:r>"),
    ("attributes.xml", "<r>" + "".join(
        f"<row Id='E-{n}' Title='Event {n}' Text='{PROSE} Number {n}.'/>" for n in range(3)) + "</r>"),
    ("fragments.xml", "<?xml version='1.0'?>\n" + "\n".join(
        f"<event id='E-{n}'><title>Event {n}</title><body>{PROSE} Number {n}.</body></event>" for n in range(3))),
    ("t.csv", "id,title,description\n" + "".join(f"E-{n},Event {n},{PROSE} Number {n}.\n" for n in range(3))),
    ("t.tsv", "id\ttitle\tdescription\n" + "".join(f"E-{n}\tEvent {n}\t{PROSE} Number {n}.\n" for n in range(3))),
    ("y.yaml", "".join(f"- id: E-{n}\n  title: Event {n}\n  description: {PROSE} Number {n}.\n" for n in range(3))),
    ("list.yaml", "version: 1\nrules:\n" + "".join(
        f"- id: E-{n}\n  title: Event {n}\n  description: {PROSE} Number {n}.\n" for n in range(3))),
    ("within.yaml", "data:\n  count: 3\n  entries:\n" + "".join(
        f"  - id: E-{n}\n    title: Event {n}\n    description: {PROSE} Number {n}.\n" for n in range(3))),
    ("feed.yaml", "feed:\n  title: News\n  entries:\n" + "".join(
        f"  - id: E-{n}\n    title: Event {n}\n    description: {PROSE} Number {n}.\n" for n in range(3))),
    ("map.yaml", "feed:\n  data:\n" + "".join(
        f"    E-{n}:\n      title: Event {n}\n      description: {PROSE} Number {n}.\n" for n in range(3))),
    ("docs.yml", "---\n".join(f"id: E-{n}\ntitle: Event {n}\ndescription: {PROSE} Number {n}.\n" for n in range(3))),
])
def test_other_kinds(name, document, tmp_path):
    rows = parsed(tmp_path, name, document)
    assert [(row["id"], row["title"], row["text"]) for row in rows] == EXPECTED


@pytest.mark.parametrize("around", ["{}", "<?xml version='1.0'?>\n<!-- cut out -->\n<a:list at='here'>{}</a:list>"])
@pytest.mark.parametrize("count", [3, 900])
def test_prefixes_of_a_larger_document_that_declares_them(count, around, tmp_path):
    rows = parsed(tmp_path, "cut.xml", around.format("\n".join(
        f"<b:event id='E-{n}'><dc:title>Event {n}</dc:title>"
        f"<a:body x:lang='en'><![CDATA[{PROSE} Number {n}.]]></a:body></b:event>" for n in range(count))))
    assert len(rows) == count
    assert [(row["id"], row["title"], row["text"]) for row in rows[:3]] == EXPECTED


@pytest.mark.parametrize(("name", "content", "records"), [
    ("one.json", {"name": "CVE-2031-1", "details": [PROSE], "releases": [{"product_name": "Some product"}] * 3},
     [("CVE-2031-1", "CVE-2031-1", PROSE)]),
    ("technique.json", {"id": "T0873", "name": "Foo of plans", "description": PROSE,
                        "external_references": [{"source_name": n, "description": f"Foo {n}, of 2031"} for n in "ab"],
                        "relation": {"mitigates": [{"id": f"M092{n}", "name": f"Lock {n}",
                                                    "description": f"{PROSE} {n}"} for n in range(3)]}},
     [("T0873", "Foo of plans", "\n".join([PROSE, *(f"{PROSE} {n}" for n in range(3))]))]),
    ("one.yaml", f"id: R-1\ntitle: One\ndescription: {PROSE}\nparts:\n- name: a\n  description: {PROSE} A\n"
                 f"- name: b\n  description: {PROSE} B\n", [("R-1", "One", f"{PROSE}\n{PROSE} A\n{PROSE} B")]),
    ("in.yaml", f"rule:\n  id: R-1\n  title: One\n  description: {PROSE}\n  parts:\n  - name: a\n"
                f"    description: {PROSE} A\n  - name: b\n    description: {PROSE} B\n",
     [("R-1", "One", f"{PROSE}\n{PROSE} A\n{PROSE} B")]),
    ("titled.yaml", f"drill:\n  id: D-1\n  title: Lost badge\n  parts:\n  - note: {PROSE} A\n  - note: {PROSE} B\n",
     [("D-1", "Lost badge", f"{PROSE} A\n{PROSE} B")]),
    ("beside.yml", f"rule:\n  meta:\n    id: R-2\n    title: opens a hidden shell\n  features:\n"
                   f"  - description: {PROSE} A\n    api: dup\n  - description: {PROSE} B\n    api: exec\n",
     [("R-2", "opens a hidden shell", f"{PROSE} A\n{PROSE} B")]),
    ("steps.yml", f"id: S-1\ntitle: Lost key\nsteps:\n- {PROSE} A\n- {PROSE} B\n",
     [("S-1", "Lost key", f"{PROSE} A\n{PROSE} B")]),
])
def test_what_has_an_advisorys_number_or_is_a_document_of_yaml_is_one_record(name, content, records, tmp_path):
    rows = parsed(tmp_path, name, content)
    assert [(row["id"], row["title"], row["text"]) for row in rows] == records


def test_a_document_of_yaml_that_only_heads_its_rules(tmp_path):
    """They have ids and say far more than it; under an id of its own, or as steps, they are parts."""
    def rows(head="", under="rules"):
        head += f"name: Rules for servers\ndescription: {PROSE}\n{under}:\n"
        return parsed(tmp_path, "rules.yaml", head + "".join(
            f"- id: E-{n}\n  title: Event {n}\n  description: {PROSE} Number {n}.\n" for n in range(9)))
    assert [(row["id"], row["title"]) for row in rows()] == [(f"E-{n}", f"Event {n}") for n in range(9)]
    assert [row["title"] for row in [*rows(under="steps"), *rows("id: R-1\n")]] == ["Rules for servers"] * 2


@pytest.mark.parametrize("wrap", [lambda tree: tree, lambda tree: [tree], lambda tree: {"data": tree}])
def test_a_record_in_the_one_object_beside_its_id(wrap, tmp_path):
    """As saved objects and JSON:API have it: a list in it held the records, and all else was lost."""
    inner = {"name": "Foo opens doors", "description": PROSE, "note": "Shut the door, and look who is in.", "threat": [
        {"framework": "A list of threats", "tactic": {"id": "TA9001", "name": "Doors"}, "technique": []}]}
    row, = parsed(tmp_path, "rule.json", wrap({"id": "rule-1_8", "type": "security-rule", "attributes": inner}))
    assert (row["id"], row["title"], row["text"]) == ("rule-1_8", "Foo opens doors", f"{PROSE}\n{inner['note']}")


def test_an_array_of_rooms_under_names_of_their_own(tmp_path):
    """As old lists of WordPress's flaws have it: one object a plugin, which were records that said nothing."""
    def flaws(n):
        return {"vulnerabilities": [{"id": 10 * n + m, "title": f"A door in foo {n}.{m} opens"} for m in range(2)]}
    rows = parsed(tmp_path, "plugins.json", [{f"foo-{n}": flaws(n)} for n in range(6)])
    assert [row["id"] for row in rows] == [str(10 * n + m) for n in range(6) for m in range(2)]
    assert [row["title"] for row in rows[-2:]] == ["A door in foo 5.0 opens", "A door in foo 5.1 opens"]


def test_xml_that_says_what_it_was_made_with_beside_the_records(tmp_path):
    """Names with values were records without a text."""
    found = "".join(f"<flaw name='Event {n}'><description>{PROSE} Number {n}.</description><entries>"
                    f"<entry><info>It was seen {n}.</info></entry></entries></flaw>" for n in range(3))
    infos = "<infos><info name='made with'>Foo 3.0</info><info name='scope'>folder</info></infos>"
    rows = parsed(tmp_path, "report.xml", f"<report>{infos}<flaws>{found}</flaws></report>")
    assert [(row["title"], row["text"]) for row in rows] == [(f"Event {n}", f"{PROSE} Number {n}.") for n in range(3)]


@pytest.mark.parametrize("head", [{}, {"description": "All that is new of it"}, {"title": "News"}])
def test_a_feed_in_the_one_object_beside_an_id(head, tmp_path):
    feed = {**head, "entries": [entry(n) for n in range(3)]}
    rows = parsed(tmp_path, "feed.json", {"request_id": "r-1", "feed": feed})
    assert [(row["id"], row["title"], row["text"]) for row in rows] == EXPECTED


@pytest.mark.parametrize("rooms", [2, 6])
@pytest.mark.parametrize("head", ["", "meta: {version: '1', released: 2031-01-02}\n---\n"])
def test_records_by_name_in_rooms_of_yaml(head, rooms, tmp_path):
    """All that a document was made of was one record; behind a head that says nothing, in a long file, none."""
    names = [f"Do thing {n} at once" for n in range(rooms * 2 * 9)]
    made = iter(names)
    tree = {f"Dimension {a}": {f"Part {a} {b}": {
        next(made): {"uuid": f"u-{a}{b}{n}", "description": f"{PROSE} {a}{b}{n}.", "risk": f"{PROSE} {a}{b}{n}!" * 10}
        for n in range(9)} for b in range(2)} for a in range(rooms)}
    rows = parsed(tmp_path, "model.yaml", head + yaml.safe_dump(tree, sort_keys=False))
    assert [row["title"] for row in rows] == names
    assert all(f"{PROSE} {row['id'][2:]}{end}" in row["text"] for row in rows for end in ".!")


def test_rooms_beside_words_of_their_own_are_one_document_of_yaml(tmp_path):
    parts = "".join(f"  part {n}:\n    a: {{description: {PROSE} A}}\n    b: {{description: {PROSE} B}}\n"
                    for n in range(2))
    assert len(parsed(tmp_path, "a.yaml", f"name: What it is all about\nparts:\n{parts}")) == 1


LICENCE = "Permission to use, copy and change what is said here is granted to everybody, without limit. " * 5


@pytest.mark.parametrize(("record", "expected"), [
    ({"VulnerabilityID": "CVE-2031-1", "Title": "Foo leaks", "Description": PROSE}, ("CVE-2031-1", "Foo leaks", PROSE)),
    ({"message_id": "<1@example.org>", "thread_id": "T", "subject": "Foo", "body": PROSE},
     ("<1@example.org>", "Foo", PROSE)),
    ({"vuln-id": "XNVD-2031-1", "other": {"cve": "CVE-2031-1"}, "name": "Foo", "descript": PROSE},
     ("XNVD-2031-1", "Foo", PROSE)),
    ({"Name": "Foo.exe", "Description": PROSE}, ("Foo.exe", "Foo.exe", PROSE)),
    ({"url": "https://example.org/1", "text": PROSE}, ("https://example.org/1", "", PROSE)),
    ({"id": 1, "desc": PROSE, "author": {"name": "A Person"}, "product": {"name": "A Product"}}, ("1", "", PROSE)),
    ({"id": 1, "node": {"summary": "Foo leaks keys", "description": PROSE}}, ("1", "Foo leaks keys", PROSE)),
    ({"id": 1, "title": "Foo", "description": PROSE, "copyrights": {"license": LICENCE}, "search": LICENCE},
     ("1", "Foo", PROSE)),
    ({"id": {"S": "1"}, "title": {"S": "Foo"}, "body": {"S": PROSE}}, ("1", "Foo", PROSE)),
    ({"id": {"string": "1"}, "title": {"string": "Foo"}, "body": {"string": PROSE}}, ("1", "Foo", PROSE)),
    ({"advisory": {"identifiers": [{"type": "GHSA", "value": "GHSA-aaaa-bbbb-cccc"}], "summary": PROSE}},
     ("GHSA-aaaa-bbbb-cccc", "", PROSE)),
    ({"aliases": ["CVE-2031-1", "CVE-2031-2"], "summary": PROSE}, ("CVE-2031-1", "", PROSE)),
    ({"id": 1, "text": PROSE, "a": {"b": {"c": {"d": {"score": {"vector": "LOW" * 80, "impact": "HIGH"}}}}}},
     ("1", "", PROSE)),
    ({"id": 1, "text": PROSE, "annotations": {"summary": LICENCE}}, ("1", "", PROSE)),
    ({"id": 1, "description": PROSE, "range": ">= 1.0, < 2.3.4 and every build of the long term branch " * 9},
     ("1", "", PROSE)),
    ({"id": 1, "conversations": [{"from": "human", "value": PROSE}]}, ("1", "", PROSE)),
    ({"id": 7, "fields": {"name": "Foo falls", "description": {"raw": PROSE}}}, ("7", "Foo falls", PROSE)),
    ({"id": 1, "prompt": "Is foo safe?", "chosen": "Not at all.", "rejected": "It is."},
     ("1", "Is foo safe?", "Not at all.")),
    ({"id": 1, "name": "Foo", "narrative": "A tale of a foo."}, ("1", "Foo", "A tale of a foo.")),
    ({"id": 1, "title": "漏洞", "说明": "攻击者可利用该漏洞执行任意代码，目前厂商已发布升级补丁。"},
     ("1", "漏洞", "攻击者可利用该漏洞执行任意代码，目前厂商已发布升级补丁。")),
])
def test_fields_of_one_record(record, expected, tmp_path):
    row, = parsed(tmp_path, "fields.json", [record])
    assert (row["id"], row["title"], row["text"]) == expected


def test_a_text_under_the_name_of_a_flag_and_a_parts_status_drop_nothing(tmp_path):
    rows = parsed(tmp_path, "pairs.json", [
        {"prompt": f"Question {n}?", "chosen": f"{PROSE} {n}", "rejected": "I can't say.",
         "parts": [{"status": "withdrawn"}]} for n in range(3)])
    assert [row["dropped"] for row in rows] == [None] * 3


def test_texts_in_several_languages_and_references_are_no_records(tmp_path):
    names = {"description": [{"lang": "en", "value": PROSE}], "links": [{"name": "a b c", "title": "A page"}] * 3}
    row, = parsed(tmp_path, "one.json", {"id": "X-1", "space": names})
    assert row["id"] == "X-1" and PROSE in row["text"]


def test_records_by_key_in_yaml(tmp_path):
    rows = parsed(tmp_path, "one.yaml", "made: 2031\nadvisories:\n" + "".join(
        f"  CVE-2031-{n}:\n    title: Event {n}\n    description: {PROSE} {n}\n" for n in range(2)))
    assert [(row["id"], row["title"]) for row in rows] == [(f"CVE-2031-{n}", f"Event {n}") for n in range(2)]


def test_a_name_of_the_record_and_of_what_it_is_in_is_no_record(tmp_path):
    """Of a report with one finding there were two records: the scan's name, and what surrounds its findings."""
    row, = parsed(tmp_path, "scan.xml", f"""<Group made="2031"><Scan><Name>A scan of it</Name><Begin>2031-01-01</Begin>
        <Items><Item id="7"><Name>A flaw in it</Name><Details>{PROSE} And this.</Details></Item></Items>
        </Scan></Group>""")
    assert row["text"] == f"{PROSE} And this."


def test_a_table_without_a_header(tmp_path):
    rows = parsed(tmp_path, "t.csv", "".join(f"CVE-2031-{n},https://example.org/{n},{PROSE} {n}\n" for n in range(3)))
    assert [(row["id"], row["text"], row["locator"]) for row in rows] == [
        (f"CVE-2031-{n}", f"{PROSE} {n}", f"line {n + 1}") for n in range(3)]


def test_one_record_of_xml_around_elements_that_come_again(tmp_path):
    """A set of one article was read as its keywords; where these say as much, they are the records."""
    def rows(words):
        keywords = "".join(f"<Word><Name>{words} {n}</Name></Word>" for n in range(5))
        return parsed(tmp_path, "set.xml", f"""<Set><Article><Entry><PMID>7</PMID><Paper>
            <ArticleTitle>Foo leaks</ArticleTitle><Abstract><AbstractText>{PROSE}</AbstractText>
            <AbstractText>{PROSE * 4}</AbstractText></Abstract></Paper>
            <Words>{keywords}</Words></Entry><Data><Place>here</Place></Data></Article></Set>""")
    row, = rows("a word of")
    assert (row["id"], row["title"], row["text"]) == ("7", "Foo leaks", f"{PROSE}\n{PROSE * 4}")
    assert len(rows(f"A finding of its own, and {PROSE}")) == 5


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_a_document_whose_text_stands_deeper_than_its_lists(suffix, tmp_path):
    """A report was read as what its short lists name, without its text. With ids, or if they say more, these are
    records."""
    def rows(name, number=None):
        lists = {key: [{"name": f"{name} {n}"} | ({number: n} if number else {}) for n in range(3)]
                 for key in ("timeline", "assets")}
        details = {"place": "a train", "narrative": {"description": PROSE * 5}}
        return parsed(tmp_path, f"report.{suffix}", {"details": details, **lists})
    assert [row["text"] for row in rows("a thing")] == [PROSE * 5]
    assert len(rows("what was found there")) == len(rows("a thing", "id")) == 6


@pytest.mark.parametrize("file", ["dump.json", "dump.yaml", "dump.xml"])
def test_a_long_word_about_short_records_is_none_of_them(file, tmp_path):
    """It was the one record, with the title of the first."""
    said, names = "What is so called.", [f"term {n}" for n in range(3)]
    elements = "".join(f"<term><name>{name}</name><definition>{said}</definition></term>" for name in names)
    tree = {"info": {"about": {"description": PROSE * 9}}, "terms": [{"term": n, "definition": said} for n in names]}
    xml = f"<all><info><about><text>{PROSE * 9}</text></about></info><terms>{elements}</terms></all>"
    rows = parsed(tmp_path, file, xml if file == "dump.xml" else tree)
    assert [(row["title"], row["text"]) for row in rows] == [(name, said) for name in names]


@pytest.mark.parametrize("around", [lambda tree: tree, lambda tree: {"total": 3, "found": tree},
                                    lambda tree: {"one": tree, "two": {f"{key}0": tree[key] for key in tree}}])
@pytest.mark.parametrize("count", [1, 3, 60])
def test_documents_by_their_ids_whose_texts_stand_deeper_than_their_lists(around, count, tmp_path):
    """They became one record of all of them, or their tags were the records."""
    tree = {f"CVE-2031-{n}": {"data": {"facts": {"title": f"Event {n}", "body": {"value": PROSE * 5}}},
                              "made": "by us", "related": {"tags": [{"name": "a tag of ours"}]}}
            for n in range(1000, 1000 + count)}
    rows = parsed(tmp_path, "dump.json", around(tree))
    assert [row["title"] for row in rows[:count]] == [f"Event {n}" for n in range(1000, 1000 + count)]
    assert {row["text"] for row in rows} == {PROSE * 5}
    assert [row["id"] for row in rows[:count]] == list(tree)


@pytest.mark.parametrize("count", [3, 300])
def test_notes_in_records_by_their_ids_in_rooms_are_parts_of_them(count, tmp_path):
    """All notes together are more than a room's records, and were read instead."""
    notes = [{"text": "a note of ours"}, {"text": "another note of ours"}]
    rooms = {room: {f"{room}-{n}": entry(n, notes=notes) for n in range(count)} for room in ("one", "two", "three")}
    rows = parsed(tmp_path, "dump.json", rooms)
    assert [row["title"] for row in rows] == [f"Event {n}" for n in range(count)] * 3


def test_one_single_xml_record(tmp_path):
    rows = parsed(tmp_path, "one.xml", f"<advisory id='A-1'><title>One</title><text>{PROSE}</text></advisory>")
    assert [(row["id"], row["title"], row["text"]) for row in rows] == [("A-1", "One", PROSE)]


def test_xml_records_at_several_depths(tmp_path):
    one, two, three = (f"<flaw id='E-{n}'><title>Event {n}</title><text>{PROSE} Number {n}.</text></flaw>"
                       for n in range(3))
    rows = parsed(tmp_path, "deep.xml", f"<all><group name='a'>{one}</group><group name='b'><sub>{two}</sub></group>"
                                        f"{three}</all>")
    assert [(row["id"], row["title"], row["text"]) for row in rows] == EXPECTED


def test_xml_rooms_of_which_some_hold_one_record(tmp_path):
    one, two, three = (f"<flaw id='E-{n}'><title>Event {n}</title><text>{PROSE} Number {n}.</text></flaw>"
                       for n in range(3))
    rows = parsed(tmp_path, "sites.xml", f"<all><site name='a'><flaws>{one}{two}</flaws></site><site name='b'><flaws>"
                                         f"{three}</flaws></site></all>")
    assert [(row["id"], row["title"], row["text"]) for row in rows] == EXPECTED


def test_xml_that_says_nothing(tmp_path):
    rows = parsed(tmp_path, "tags.xml", "<tags><row Id='1' Count='3'/><row Id='2' Count='5'/></tags>")
    assert [(row["id"], row["dropped"]) for row in rows] == [("1", "no text"), ("2", "no text")]
    with pytest.raises(InputError, match="no record found in this XML"):
        parsed(tmp_path, "a.xml", "<!DOCTYPE v [<!ENTITY all SYSTEM 'all.xml'>]><v>&all;</v>")


def test_tables_of_content_by_content(tmp_path):
    """No ending tells that this is CSV."""
    lines = "".join(f"E-{n},Event {n},{PROSE} Number {n}.\n" for n in range(3))
    rows = parsed(tmp_path, "index", f"id,title,text\n{lines}")
    assert [(row["id"], row["title"], row["text"]) for row in rows] == EXPECTED


def test_a_range_of_versions_is_no_title(tmp_path):
    """As GitHub's GraphQL gives advisories: a node each, of which the range stands beside the advisory."""
    nodes = [{"node": {"vulnerableVersionRange": f"> {n}.13.15, < {n + 1}.4.6",
                       "advisory": {"identifiers": [{"value": f"E-{n}"}], "summary": f"{PROSE} Number {n}."}}}
             for n in range(3)]
    rows = parsed(tmp_path, "npm.json", {"data": {"securityVulnerabilities": {"edges": nodes}}})
    assert [(row["title"], row["text"]) for row in rows] == [("", f"{PROSE} Number {n}.") for n in range(3)]


@pytest.mark.parametrize(("attributes", "mark"), [("$", ""), ("attr", "@_"), ("_attributes", ""), ("@attributes", "@")])
def test_xml_turned_into_json(attributes, mark, tmp_path):
    """As converters do it: attributes stand in an object of their own beside the elements."""
    rows = parsed(tmp_path, "flaws.json", {"catalogue": {"flaws": {"flaw": [
        {attributes: {f"{mark}ID": f"E-{n}", f"{mark}Name": f"Event {n}", f"{mark}State": "draft"},
         "Description": f"{PROSE} Number {n}."} for n in range(3)]}}})
    assert [(row["id"], row["title"], row["text"]) for row in rows] == EXPECTED


def test_a_date_in_words_is_no_title(tmp_path):
    rows = parsed(tmp_path, "flaws.json", [{"id": f"E-{n}", "text": f"{PROSE} Number {n}.",
                                            "shown": f"Apr {n + 1}, 2031, 8:30:58 PM"} for n in range(3)])
    assert [row["title"] for row in rows] == ["", "", ""]


def test_parts_of_a_text(tmp_path):
    """As chats are exported: texts with links and names in objects among them, and all of it once more."""
    rows = parsed(tmp_path, "chat.json", [
        {"id": n, "text": [f"{PROSE} See ", {"type": "link", "text": "evil[.]example"}, f" {n}."],
         "parts": [{"type": "plain", "text": PROSE}]} for n in range(3)])
    assert [row["text"].split("\n")[0] for row in rows] == [f"{PROSE} See evil[.]example {n}." for n in range(3)]


PARTS = [
    {"labels": [{"id": 1, "name": "bug", "description": "Something does not work"}] * 2},
    {"comments": [{"id": n, "body": f"{PROSE} {n}" * 3} for n in range(5)]},
    {"timeline": [{"date": "2031-01-01", "text": "Reported to the vendor"}] * 3},
    {"affected_products": [{"name": "A door", "description": "Of wood and iron"}] * 2},
    {"flaws": [{"cve": f"CVE-2031-{n}", "description": "The flaw of it"} for n in range(2)]},
]


@pytest.mark.parametrize("more", PARTS)
@pytest.mark.parametrize("wrap", [lambda tree: tree, lambda tree: {"advisory": tree}, lambda tree: [tree]])
def test_a_single_record_with_parts(wrap, more, tmp_path):
    row, = parsed(tmp_path, "one.json", wrap({**entry(0), **more}))
    assert (row["id"], row["title"]) == ("E-0", "Event 0")
    assert row["text"].startswith(f"{PROSE} Number 0.")


@pytest.mark.parametrize("name", ["comments", "sections", "products", "history", "topics", "indicators"])
def test_a_feed_whose_list_is_called_like_parts(name, tmp_path):
    feed = {"id": "F", "title": "All of it", "description": "What happened to servers",
            name: [entry(n) for n in range(3)]}
    assert [row["id"] for row in parsed(tmp_path, "feed.json", feed)] == ["E-0", "E-1", "E-2"]


@pytest.mark.parametrize("parts", [
    {"messages": [{"id": f"m{n}", "role": "user", "content": f"{PROSE} {n}"} for n in range(3)]},
    {"hints": [{"id": n, "text": "Look at the door."} for n in range(3)]},
    {"paragraphs": [{"id": n, "text": PROSE} for n in range(3)]}])
def test_talks_and_papers_are_not_torn(parts, tmp_path):
    rows = parsed(tmp_path, "talks.json", [{"id": f"T-{n}", "title": f"A talk {n}", **parts} for n in range(3)])
    assert [row["id"] for row in rows] == ["T-0", "T-1", "T-2"] and all(row["text"] for row in rows)


def test_names_with_the_records_before_them(tmp_path):
    flaws = [{"vuln_number": f"V-{n}", "vuln_title": f"A door {n}", "vuln_description": f"{PROSE} {n}",
              "updates": [{"id": 10 * n + part, "text": f"Said so {part}"} for part in range(3)]} for n in range(3)]
    rows = parsed(tmp_path, "flaws.json", {"message": "All was well, as it seems", "results": flaws})
    assert [(row["id"], row["title"], row["text"].split("\n")[0]) for row in rows] == [
        (f"V-{n}", f"A door {n}", f"{PROSE} {n}") for n in range(3)]


def test_a_record_of_many_fields_of_its_own(tmp_path):
    fields = ["What we saw", "Where", "Who", "Why so", "How bad", "What to do", "When seen", "Owner of it", "More"]
    assert len(parsed(tmp_path, "one.json", {name: f"{PROSE} {name}" for name in fields})) == 1


def test_names_in_attributes_that_are_no_fields(tmp_path):
    def finding(n, part):
        return f"<finding name='check{part}'>{PROSE} {n} {part}</finding>"
    hosts = "".join(f"<host>{finding(n, 0)}{finding(n, 1)}</host>" for n in range(3))
    rows = parsed(tmp_path, "scan.xml", f"<all>{hosts}</all>")
    assert rows[1]["text"].split("\n") == [f"{PROSE} 1 {part}" for part in range(2)]


@pytest.mark.parametrize(("name", "records"), [({}, 12), ({"name": "host"}, 6)])  # named hosts are records
def test_findings_by_host_under_names_of_their_own(name, records, tmp_path):
    hosts = {f"host{n}": {**name, "scan": {"issues": [
        {"nr": part, "long": f"{PROSE} {n} {part}"} for part in range(2)]}} for n in range(6)}
    rows = parsed(tmp_path, "scan.json", {"meta": {"tool": "x"}, "by_host": hosts})
    assert sum(PROSE in row["text"] for row in rows) == records


def teased(tmp_path, teaser):
    """The texts of posts with a teaser each."""
    return [row["text"] for row in parsed(tmp_path, "posts.json", [
        {"id": f"p{n}", "title": f"Post {n}", "summary": teaser, "content": f"{TEASED} {n}."} for n in range(3)])]


@pytest.mark.parametrize("teaser", [
    "An attacker who sends a long header can run code", "An attacker who sends a long header can ru\u2026",
    "An attacker who sends a long header can run [...]"])
def test_a_teaser_is_not_told_before_its_text(teaser, tmp_path):
    assert teased(tmp_path, teaser) == [f"{TEASED} {n}." for n in range(3)]


def test_a_teaser_of_paragraphs_in_one_line(tmp_path):
    rows = parsed(tmp_path, "a.json", [{"id": f"a{n}", "title": f"Post {n}", "summary": f"{PROSE} {n}. {PROSE[:20]}...",
                                        "content": f"<p>{PROSE} {n}.</p><p>{PROSE}</p>"} for n in range(3)])
    assert [row["text"] for row in rows] == [f"{PROSE} {n}.\n{PROSE}" for n in range(3)]


def _small(words):
    return re.sub("[^a-z0-9 ]", "", words.lower())


@pytest.mark.parametrize("forms", [
    lambda words: {"content": f"<p>{words.replace(': ', ':</p><p>')}</p>", "content_text": words.replace(": ", ":\n")},
    lambda words: {"text": words, "clean_text": _small(words)},
    lambda words: {"clean_text": _small(words), "text": words},
    lambda words: {"raw_text": words, "text": _small(words)},
    lambda words: {"text": words, "text_stems": " ".join(word[:5] for word in _small(words).split() if len(word) > 3)},
    lambda words: {"text": words, "tokenized_text": re.sub("([.,:])", r" \1", words)},
    lambda words: {"prompt": words[:60], "completion": words[61:], "text": words}])
def test_a_text_in_several_forms_is_told_once(forms, tmp_path):
    rows = parsed(tmp_path, "posts.json", [{"id": f"p{n}", **forms(f"{TEASED} {n}.")} for n in range(9)])
    assert [row["text"].replace(":\n", ": ") for row in rows] == [f"{TEASED} {n}." for n in range(9)]


def test_an_answer_in_its_context_is_told(tmp_path):
    answer = "It runs what others send it, with all the rights of its user."
    rows = parsed(tmp_path, "answers.json", [
        {"id": f"q{n}", "question": f"What does version {n} do wrong?", "answer": answer,
         "context": f"{TEASED} {n}. {answer} {PROSE}"} for n in range(9)])
    assert [row["text"].count(answer) for row in rows] == [2] * 9


def _asked(number, *choices):
    question = f"Which of these stops worm {number}?"
    options = {f"Option {letter}": choice for letter, choice in zip("ABC", choices, strict=True)}
    joined = " ".join(f"{name[-1]}) {choice}" for name, choice in options.items())
    return {"url": f"https://example.org/T{number}", "question": question, **options,
            "prompt": f"Say the letter. **Question:** {question} **Options:** {joined} Only one!", "GT": "B"}


def test_a_prompt_that_says_nothing_but_what_its_parts_say_is_left_out(tmp_path):
    """What it says besides is the same in all records: of a long one each would be a duplicate of the others."""
    rows = parsed(tmp_path, "mcq.json", [_asked(n, "Doors", "Walls of fire", f"Rule {n}") for n in range(5)])
    assert [(row["title"], row["text"]) for row in rows] == [
        (f"Which of these stops worm {n}?", f"Doors\nWalls of fire\nRule {n}\nB") for n in range(5)]
    cases = [{"text": f"{PROSE} {n}", "prompt": f"{TEASED}! Name the weakness. Its number is enough. Case: {PROSE} {n}"}
             for n in range(3)]
    assert [row["text"] for row in parsed(tmp_path, "cases.json", cases)] == [f"{PROSE} {n}" for n in range(3)]


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_a_text_of_what_is_asked_and_of_the_answer_is_not_told_beside_these(suffix, tmp_path):
    asked = [{"instruction": f"Say why house {n} is open", "input": f"House {n} has a door." if n % 2 else "",
              "output": f"{PROSE} {n}"} for n in range(6)]
    for one in asked:
        more = f"### Input:\n{one['input']}\n\n" if one["input"] else ""
        one["text"] = f"Below is what is asked.\n\n{one['instruction']}\n\n{more}### Response:\n{one['output']}"
    file = io.StringIO()
    writer = csv.DictWriter(file, list(asked[0]))
    writer.writeheader()
    writer.writerows(asked)
    rows = parsed(tmp_path, f"alpaca.{suffix}", file.getvalue() if suffix == "csv" else "\n".join(
        map(json.dumps, asked)))
    assert [(row["title"], row["text"]) for row in rows] == [
        (one["instruction"], "\n".join(filter(None, [one["input"], one["output"]]))) for one in asked]


def test_of_a_prompt_of_its_own_words_the_parts_are_left_out(tmp_path):
    cases = [{"text": f"{PROSE} {n}", "prompt": f"{TEASED} {n}? {TEASED} Look: {PROSE} {n}"} for n in range(3)]
    assert [row["text"] for row in parsed(tmp_path, "cases.json", cases)] == [case["prompt"] for case in cases]


def test_a_prompt_that_holds_its_text_only_now_and_then_is_told_beside_it(tmp_path):
    cases = [{"text": f"{PROSE} {n}", "prompt": f"{TEASED} {n}? {TEASED} {TEASED if n else f'{PROSE} {n}'}"}
             for n in range(3)]
    rows = parsed(tmp_path, "cases.json", cases)
    assert [row["text"].count(PROSE) for row in rows] == [2, 1, 1]


@pytest.mark.parametrize("places", [{"startOffset": 3, "endOffset": 9}, {}])
def test_the_marked_words_of_a_text_are_not_told_behind_it(places, tmp_path):
    marks = [{"text": "the server", "label": "System", **places}, {"text": "in spring", "label": "Time", **places}]
    rows = parsed(tmp_path, "marked.json", {"title": "Server, spring", "content": PROSE, "marks": {"events": marks}})
    assert [row["text"] for row in rows] == [PROSE if places else f"{PROSE}\nthe server\nin spring"]
    rows = parsed(tmp_path, "marked.jsonl", "".join(json.dumps(
        {"text": f"{PROSE} {n}.", "entities": [{"text": "the server", "label": "System"}]}) + "\n" for n in range(3)))
    assert [row["text"] for row in rows] == [f"{PROSE} {n}." for n in range(3)]


def test_thoughts_before_an_answer_are_told(tmp_path):
    rows = parsed(tmp_path, "cot.jsonl", "".join(json.dumps(
        {"id": n, "instruction": "Take the times out of the text.", "input": f"{PROSE} {n}", "thought": TEASED,
         "output": '{"time": "spring"}'}) + "\n" for n in range(3)))
    assert [(row["title"], sorted(row["text"].split("\n"))) for row in rows] == [
        ("Take the times out of the text.", sorted([f"{PROSE} {n}", TEASED, '{"time": "spring"}'])) for n in range(3)]


def test_a_text_that_is_missing_is_read_in_the_form_that_is_there(tmp_path):
    posts = [{"id": f"p{n}", "text": f"{TEASED} {n}.", "clean_text": _small(f"{TEASED} {n}")} for n in range(9)]
    del posts[5]["text"]
    rows = parsed(tmp_path, "posts.json", posts)
    assert [row["text"] for row in rows[4:6]] == [f"{TEASED} 4.", _small(f"{TEASED} 5")]


@pytest.mark.parametrize("said", [
    "An attacker who sends a long header can ru", "An attacker who sends a short header can run it."])
def test_what_a_text_does_not_begin_with_is_told(said, tmp_path):
    assert teased(tmp_path, said) == [f"{TEASED} {n}.\n{said}" for n in range(3)]


def test_a_transcript_with_its_segments(tmp_path):
    row, = parsed(tmp_path, "talk.json", {"text": f"{PROSE} {PROSE}", "language": "en", "segments": [
        {"id": n, "start": n, "text": "What happened to it"} for n in range(4)]})
    assert row["text"].startswith(f"{PROSE} {PROSE}")


@pytest.mark.parametrize(("record", "text"), [
    ({"commit_id": "c", "target": 1, "func": "int f(char *a) { strcpy(b, a); return 0; }"},
     "int f(char *a) { strcpy(b, a); return 0; }"),
    ({"id": 1, "func_before": "int f(char *a) { strcpy(b, a); return 0; }" * 9, "message": "Check the length"},
     "Check the length"),
    ({"id": 1, "legal": {"text": PROSE}}, PROSE), ({"id": 1, "authors": {"text": "Ann Bee, Cee Dee"}}, "")])
def test_texts_where_there_is_no_better_one(record, text, tmp_path):
    row, = parsed(tmp_path, "one.json", [record])
    assert (row["title"], row["text"]) == ("", text)


def test_columns_of_answers(tmp_path):
    rows = parsed(tmp_path, "questions.csv", "Question,A,B,C,Answer\n" + "".join(
        f"Which of these is a cipher {n}?,AES {n},A door of wood,A window,A\n" for n in range(6)))
    assert (rows[2]["title"], rows[2]["text"]) == (
        "Which of these is a cipher 2?", "AES 2\nA door of wood\nA window\nA")


def test_a_table_within_an_object(tmp_path):
    table = [["ID", "Title", "Text"], *([f"E-{n}", f"Event {n}", f"{PROSE} Number {n}."] for n in range(3))]
    rows = parsed(tmp_path, "sheet.json", {"range": "A1:C4", "values": table})
    assert [(row["id"], row["title"], row["text"]) for row in rows] == EXPECTED


def test_an_id_is_the_records_own(tmp_path):
    rows = parsed(tmp_path, "list.json", [{"advisoryNumber": f"INTEL-SA-00{n}", "title": "A door", "text": PROSE,
                                           "flaws": [
        {"id": f"CVE-2031-{n}{part}", "description": f"{PROSE} {part}"} for part in range(2)]} for n in range(3)])
    assert [row["id"] for row in rows] == [f"INTEL-SA-00{n}" for n in range(3)]


def test_a_feed_says_less_than_its_records(tmp_path):
    feed = {"id": "F", "title": "All of it", "description": "What happened to servers",
            "flaws": [entry(n) for n in range(3)]}
    assert [row["id"] for row in parsed(tmp_path, "feed.json", feed)] == ["E-0", "E-1", "E-2"]


@pytest.mark.parametrize(("name", "content"), [
    ("map.json", {f"CVE-2031-{n}": f"{PROSE} {n}" for n in range(3)}),
    ("map.json", {f"Name.{n}": f"{PROSE} {n}" for n in range(8)}),
    ("map.json", {"made": "2031", "texts": {f"CVE-2031-{n}": f"{PROSE} {n}" for n in range(3)}}),
    ("map.yaml", "".join(f"CVE-2031-{n}: {PROSE} {n}\n" for n in range(3)))])
def test_texts_by_their_ids(name, content, tmp_path):
    rows = parsed(tmp_path, name, content)
    assert len(rows) > 2 and [(row["id"][-1], row["text"]) for row in rows] == [
        (str(n), f"{PROSE} {n}") for n in range(len(rows))]
    sections = {"background": PROSE, "methods": f"{PROSE} Then more.", "notes": "None."}
    assert len(parsed(tmp_path, "sections.json", sections)) == 1


@pytest.mark.parametrize("names", [[], [["id", "title", "text"]]])
@pytest.mark.parametrize("write", [json.dumps, lambda rows: "\n".join(map(json.dumps, rows))])
def test_rows_as_lists(write, names, tmp_path):
    table = [[f"CVE-2031-{n}", f"A door {n} opens", f"{PROSE} {n}"] for n in range(4)]
    rows = parsed(tmp_path, "rows.json", write(names + table))
    assert [[row["id"], row["title"], row["text"]] for row in rows] == table


def test_the_fields_that_reports_have(tmp_path):
    names = ["Rationale Statement", "Audit Procedure", "Close notes", "proof_of_concept"]
    row, = parsed(tmp_path, "one.json", [{"id": 1, "description": PROSE, "signature": f"-----BEGIN X----- {PROSE * 9}",
                                          **{name: f"What {name} says at length." for name in names}}])
    assert sorted(row["text"].split("\n")) == sorted([PROSE, *(f"What {name} says at length." for name in names)])


def test_posts_that_are_only_html_are_texts(tmp_path):
    """As in exports of Ghost: of all its tables that of the roles was read, which are described."""
    posts = [{"id": f"p{n}", "title": f"Post {n}", "html": f"<p>{PROSE} {n}</p>", "plaintext": None}
             for n in range(3)]
    roles = [{"id": "r1", "name": "Author", "description": "Those who write"}]
    rows = parsed(tmp_path, "f.json", {"db": [{"meta": {"version": "1"}, "data": {"posts": posts, "roles": roles}}]})
    assert [row["text"] for row in rows][:3] == [f"{PROSE} {n}" for n in range(3)]


def test_a_sentence_in_html_beside_a_text_is_a_sentence(tmp_path):
    """Burp's interface tells of backgrounds in one paragraph each, and the tag behind its stop hid that."""
    rows = parsed(tmp_path, "f.json", {"issue_events": [{"id": str(n), "type": "found", "issue": {
        "name": f"Issue {n}", "severity": "low", "description": f"{PROSE} Here, number {n}.",
        "issue_background": f"<p>The browser guesses what number {n} may be, and so it may run what it shows.</p>",
        "remediation_background": f"<p>Tell the browser that it must not guess what number {n} may be for it.</p>"}}
        for n in range(3)]})
    assert [row["text"].count("browser") for row in rows] == [2, 2, 2]


def test_what_tools_saw_is_no_text_and_the_title_stands_beside_the_text(tmp_path):
    rows = parsed(tmp_path, "scan.jsonl", "\n".join(json.dumps({
        "name": f"5e0c9b1e-0000-4000-8000-00000000000{n}", "response": f"HTTP/1.1 200 OK\n\n{PROSE * 5}",
        "properties": {"displayName": f"Door {n} is open", "description": f"{PROSE} {n}"}}) for n in range(6)))
    assert [(row["title"], row["text"]) for row in rows[:2]] == [
        ("Door 0 is open", f"{PROSE} 0"), ("Door 1 is open", f"{PROSE} 1")]


def test_a_class_is_no_title_and_a_rejected_answer_no_text(tmp_path):
    rows = parsed(tmp_path, "set.jsonl", "\n".join(json.dumps({
        "label": ["spam", "ham"][n % 2], "label_text": "what was said of it", "text": f"{PROSE} {n}",
        "rejected": [{"role": "assistant", "content": "I would rather not say."}]}) for n in range(6)))
    assert [(row["title"], row["text"]) for row in rows] == [("", f"{PROSE} {n}") for n in range(6)]


def test_a_summary_is_the_title_of_a_text_below(tmp_path):
    issue = {"id": 1, "summary": "A door", "comments": [{"text": PROSE}, {"text": "Shut."}]}
    row, = parsed(tmp_path, "one.json", [issue])
    assert (row["title"], row["text"]) == ("A door", f"{PROSE}\nShut.")


def test_parts_under_ids_of_their_own(tmp_path):
    rows = parsed(tmp_path, "chats.json", [{"title": f"Talk {n} on doors", "mapping": {
        f"m{n}{part}": {"message": {"role": "user", "content": f"{PROSE} {n} {part}"}} for part in range(3)}}
        for n in range(4)])
    assert [row["text"] for row in rows] == ["\n".join(f"{PROSE} {n} {part}" for part in range(3)) for n in range(4)]


def columns(row):
    return "".join(f"<column name='{name}'>{value}</column>" for name, value in row.items())


@pytest.mark.parametrize("content", [
    "<data name='forum'>" + "".join(f"<table name='posts'>{columns(entry(n))}</table>" for n in range(3)) + "</data>",
    "<dump><about/><posts>" + "".join(f"<row>{columns(entry(n))}</row>" for n in range(3)) + "</posts></dump>",
    "<response><int name='status'>0</int><result>" + "".join(
        f"<doc><str name='id'>E-{n}</str><arr name='title'><str>Event {n}</str></arr><str name='description'>"
        f"{PROSE} Number {n}.</str><int name='n'>3</int></doc>" for n in range(3)) + "</result></response>"])
def test_fields_that_bear_their_names_as_attributes(content, tmp_path):
    rows = parsed(tmp_path, "dump.xml", f"<all>{content}</all>")
    assert [(row["id"], row["title"], row["text"]) for row in rows] == EXPECTED


def test_blocks_of_a_message(tmp_path):
    rows = parsed(tmp_path, "chats.jsonl", "\n".join(json.dumps({"id": n, "messages": [{"role": "user", "content": [
        {"type": "text", "text": f"{PROSE} {n}"}, {"type": "image", "url": "data:image/png;base64,AAAA"}]}]})
        for n in range(3)))
    assert rows[1]["text"].split("\n")[0] == f"{PROSE} 1" and "base64" not in rows[1]["text"]


def test_answers_to_choose_from_are_one_text(tmp_path):
    questions = [{"question": f"Which of these is a symmetric cipher, number {n}?", "solution": "A",
                  "answers": {"A": f"AES {n}", "B": "RSA, of course", "C": "ECDSA"}} for n in range(6)]
    rows = parsed(tmp_path, "questions.json", questions)
    assert (rows[2]["title"], rows[2]["text"]) == (questions[2]["question"], "AES 2\nRSA, of course\nECDSA\nA")


def test_arrays_of_authors_and_licences_are_no_records(tmp_path):
    rows = parsed(tmp_path, "findings.json", {
        "authors": [{"name": "Joe", "description": "He lives where it rains all day."}],
        "licences": [{"name": "MIT", "text": "You may do with it what you like."}],
        "findings": [{"id": f"F-{n}", "title": f"Weak cipher {n}", "description": "It still speaks RC4."}
                     for n in range(3)]})
    assert [row["id"] for row in rows] == ["F-0", "F-1", "F-2"]


def test_names_of_networks_and_vendors_are_no_texts(tmp_path):
    networks = [{"ip": f"192.0.2.{n}", "as_name": "A Network of Some Size"} for n in range(3)]
    rows = parsed(tmp_path, "addresses.json", networks)
    assert [row["text"] for row in rows] == ["", "", ""]


def test_what_labels_and_milestones_say_is_not_the_records(tmp_path):
    issues = [{**entry(n), "labels": [{"name": "bug", "description": "Something that does not work"}],
               "milestone": {"title": "Two", "description": f"The second version, {n}"}} for n in range(3)]
    assert [(row["id"], row["title"], row["text"]) for row in parsed(tmp_path, "issues.json", issues)] == EXPECTED


def test_what_was_taken_out_of_a_forum(tmp_path):
    posts = [{"id": "1", "title": "Look", "body": PROSE}, {"id": "2", "title": "Gone", "body": "[removed]"},
             {"id": "3", "title": "[deleted by user]", "body": "[deleted]"},
             {"id": "4", "title": "Spam", "body": PROSE, "dead": True}]
    rows = parsed(tmp_path, "posts.json", posts)
    assert [(row["id"], row["title"], row["text"], row["dropped"]) for row in rows] == [
        ("1", "Look", PROSE, None), ("2", "Gone", "", None), ("3", "", "", "no text"), ("4", "Spam", PROSE, "deleted")]


def test_a_yaml_map_of_records(tmp_path):
    content = "".join(f"E-{n}:\n  title: Event {n}\n  description: {PROSE} Number {n}.\n" for n in range(3))
    rows = parsed(tmp_path, "flaws.yaml", content)
    assert [(row["id"], row["title"], row["text"]) for row in rows] == EXPECTED


def test_public_numbers_under_a_name_in_another_script(tmp_path):
    lines = "".join(f"BDU:2031-0000{n},Событие {n},{PROSE} Number {n}.\n" for n in range(3))
    rows = parsed(tmp_path, "bdu.csv", f"Идентификатор,Имя,Описание\n{lines}")
    assert [(row["id"], row["text"]) for row in rows] == [
        (f"BDU:2031-0000{n}", f"{PROSE} Number {n}.") for n in range(3)]


def test_one_report_with_its_activities_is_one_record(tmp_path):
    """What they hold has no titles, so they are no records, whatever the list is called."""
    said = [{"id": n, "message": f"{PROSE} This is what reader {n} said.", "deleted": n == 1} for n in range(4)]
    report = entry(7, title="Addresses are fetched without a check", activities=said)
    row, = parsed(tmp_path, "report.json", report)
    assert (row["id"], row["title"], row["dropped"]) == ("E-7", "Addresses are fetched without a check", None)
    layer = {"name": "A layer of techniques", "description": PROSE, "techniques": [
        {"techniqueID": f"T100{n}", "comment": f"{PROSE} {n}"} for n in range(3)]}
    assert [row["id"] for row in parsed(tmp_path, "layer.json", layer)] == ["T1000", "T1001", "T1002"]


def test_what_the_record_only_names_says_nothing_of_it(tmp_path):
    person = {"description": "Likes long walks and cats and the sea " * 9, "title": "A person", "deleted": True}
    rooms = {"user": person, "issuetype": {"description": "A problem which impairs the functions of the product"}}
    rows = parsed(tmp_path, "posts.jsonl", "\n".join(json.dumps(entry(n, **rooms)) for n in range(3)))
    assert [(row["id"], row["title"], row["text"]) for row in rows] == EXPECTED
    assert not any(row["dropped"] for row in rows)
    turns = "\n".join(json.dumps({"user": f"{PROSE} {n}", "assistant": f"{PROSE} So be it."}) for n in range(3))
    assert all(PROSE in row["text"] for row in parsed(tmp_path, "turns.jsonl", turns))


@pytest.mark.parametrize(("name", "value", "dropped"), [
    ("deleted_at", "2031-02-03T10:00:00Z", "deleted"), ("delete_at", 1_930_000_000, "deleted"),
    ("removed", True, "deleted"), ("delete_at", 0, None), ("removed", False, None), ("removed", 12, None),
    ("deleted_at", None, None)])
def test_how_upstreams_say_deleted(name, value, dropped, tmp_path):
    posts = [entry(n, deleted=False, **{name: value if n == 2 else None}) for n in range(3)]
    assert [row["dropped"] for row in parsed(tmp_path, "posts.json", posts)] == [None, None, dropped]


def test_records_by_number_that_come_later(tmp_path):
    """A few numbers as keys are enough to know that there will be others."""
    bugs = {"bugs": {str(n): {"comments": [{"id": f"{n}-{m}", "text": f"{PROSE} {n} {m} " * 60} for m in range(3)]}
                     for n in range(30, 38)}}
    assert len(json.dumps(bugs)) > 64_000
    assert len(parsed(tmp_path, "bugs.json", bugs)) == 24


def test_a_page_s_head_and_data_are_no_prose(tmp_path):
    posts = [entry(n, head='<meta name="a" content="b" />\n' * 30, state='{"title": "a b c", "params": [1, 2]}' * 30)
             for n in range(3)]
    assert [row["text"] for row in parsed(tmp_path, "posts.json", posts)] == [text for *_, text in EXPECTED]


def test_a_long_summary_is_no_title_of_its_parts(tmp_path):
    patterns = [{"name": "A pattern", "summary": f"{PROSE} " * 5}] * 2
    cves = [{"id": f"E-{n}", "summary": f"{PROSE} {PROSE} {n}", "capec": patterns} for n in range(3)]
    for row in parsed(tmp_path, "cves.json", cves):
        assert row["title"] == "" and row["text"].startswith(f"{PROSE} {PROSE}")


def test_prose_without_spaces_but_one(tmp_path):
    feed = {"data": [{"id": n, "name": f"漏洞预警 {n}", "text": f"近日发现 Apache组件存在漏洞{n}，请尽快升级。"}
                     for n in range(3)]}
    assert [row["id"] for row in parsed(tmp_path, "feed.json", feed)] == ["0", "1", "2"]


def vulns(*keys, number=4):
    return [entry("-".join(map(str, (*keys, n)))) for n in range(number)]


@pytest.mark.parametrize("document", [
    {f"v{v}": {f"p{v}-{p}": vulns(v, p) for p in range(5)} for v in range(60)},
    {f"v{v}": {f"p{v}-{p}": {entry["id"]: entry for entry in vulns(v, p)} for p in range(5)} for v in range(60)},
    {"meta": {"n": 1}, "data": {f"v{v}": {entry["id"]: entry for entry in vulns(v, number=20)} for v in range(60)}},
    [{f"v{v}": vulns(v, number=20)} for v in range(60)],
    [{"vendor": f"v{v}", "found": vulns(v, number=20)} for v in range(60)],
    "\n".join(json.dumps({"page": v, "results": vulns(v, number=20)}) for v in range(60)),
])
def test_records_in_rooms_of_which_the_beginning_shows_a_few(document, tmp_path):
    assert len({row["id"] for row in parsed(tmp_path, "dump.json", document)}) == 1200


def test_lines_with_parts_are_no_pages(tmp_path):
    rows = [{"id": n, "title": f"A scan {n}", "results": [{"title": f"Port {n}", "text": PROSE}]} for n in range(3)]
    assert [row["id"] for row in parsed(tmp_path, "scans.jsonl", "\n".join(map(json.dumps, rows)))] == ["0", "1", "2"]


def test_one_xml_record_with_parts(tmp_path):
    """Its comments, products and paragraphs are no records, but chapters that say more are."""
    def tag(name, *inner):
        return f"<{name}>{''.join(inner)}</{name}>"
    parts = "".join(tag(f"{name}s", *(tag(name, tag("name", f"{name} {n} of it")) for n in range(2)))
                    for name in ("product", "reference"))
    begin = f'<a id="A-7"><title>A flaw in it</title><text><p>{PROSE}</p><p>{PROSE} 2</p></text>{parts}'
    for document in (f"{begin}</a>", f"<all>{begin}</a></all>"):
        row, = parsed(tmp_path, "one.xml", document)
        assert (row["id"], row["title"], row["text"]) == ("A-7", "A flaw in it", f"{PROSE}\n{PROSE} 2")
    chapters = "".join(tag("chapter", tag("title", f"Chapter {n}"), tag("text", PROSE, PROSE)) for n in range(3))
    assert len(parsed(tmp_path, "book.xml", f"{begin}{chapters}</a>")) == 3


def test_an_xml_record_of_a_kind_that_comes_but_once(tmp_path):
    def tags(name, n):
        return f"<{name}><id>{name}{n}</id><title>The title {n}</title><text>{PROSE} {n}</text></{name}>"
    rows = parsed(tmp_path, "two.xml", f"<all>{tags('advisory', 0)}{tags('notice', 1)}{tags('advisory', 2)}</all>")
    assert [row["id"] for row in rows] == ["advisory0", "notice1", "advisory2"]


def test_paragraphs_of_a_text(tmp_path):
    rows = "".join(f"<a><title>A {n} b</title><solution><para>Upgrade to {n} now.</para></solution>"
                   f"<description><para>{PROSE}</para></description></a>" for n in range(3))
    assert all("Upgrade to" in row["text"] for row in parsed(tmp_path, "a.xml", f"<all>{rows}</all>"))


@pytest.mark.parametrize(("names", "begin", "end"), [
    ([f"CVE-2031-{n}" for n in range(3)], "<all>", "</all>"),
    ([f"T10{n:02}" for n in range(60)], "<all v='1'><room>", "</room></all>"),
])
def test_xml_records_by_their_ids(names, begin, end, tmp_path):
    inner = "".join(f"<{name}><title>The {name} of it</title><text>{PROSE} {'x' * 2000} {name}</text></{name}>"
                    for name in names)
    rows = parsed(tmp_path, "keys.xml", f"{begin}{inner}{end}")
    assert [(row["id"], row["title"], row["text"][-len(names[0]):]) for row in rows] == [
        (name, f"The {name} of it", name) for name in names]
    assert rows[-1]["locator"].endswith(f"/{names[-1]}")


def test_titles_and_texts_that_repeat_in_a_document_are_its_own(tmp_path):
    titles = "<titles><title>A first title</title><title>Another one</title></titles>"
    row, = parsed(tmp_path, "one.xml", f"<a id='A-1'>{titles}<descriptions><description>{PROSE}</description>"
                                       f"<description>More of it.</description></descriptions></a>")
    assert (row["id"], row["title"], row["text"]) == ("A-1", "A first title", f"{PROSE}\nMore of it.")
    row, = parsed(tmp_path, "article.xml", f"<article><info><title>A title of it</title></info><para>{PROSE}</para>"
                                           "<section><title>Two</title><para>More of it.</para></section></article>")
    assert (row["title"], row["text"]) == ("A title of it", f"{PROSE}\nTwo\nMore of it.")
    notes = "".join(f"<note>{PROSE} {n}</note>" for n in range(3))
    assert [row["text"] for row in parsed(tmp_path, "notes.xml", f"<notes>{notes}</notes>")] == [
        f"{PROSE} {n}" for n in range(3)]


def test_a_text_alone_in_a_field_and_one_of_several_bear_its_name(tmp_path):
    rows = "".join(f"<question><name><text>Locks {n}</text></name><hint><text>A hint {n} for it.</text></hint>"
                   f"<questiontext format='html'><text>{PROSE} {n}</text></questiontext><steps><step>Look at it.</step>"
                   f"<step>Think of {n}.</step></steps></question>" for n in range(3))
    assert [(row["title"], row["text"]) for row in parsed(tmp_path, "quiz.xml", f"<quiz>{rows}</quiz>")] == [
        (f"Locks {n}", f"{PROSE} {n}\nLook at it.\nThink of {n}.\nA hint {n} for it.") for n in range(3)]


def test_paragraphs_lists_and_code_are_one_text_in_their_order(tmp_path):
    """Whatever blocks the first records have."""
    blocks = f"<para>{PROSE}</para>", "<itemizedlist><listitem><para>Stop it.</para></listitem></itemizedlist>", \
        "<programlisting>a {\n  b\n}</programlisting>", "<para>That is all.</para>"
    said = PROSE, "Stop it.", "a {\nb\n}", "That is all."
    expected = ["\n".join(said[:n + 1]) for n in range(4)]
    for begin, end in ("<text>", "</text>"), ("", ""):
        flaws = [f"<flaw id='F-{n}'><title>Flaw {n} of it</title>{begin}{''.join(blocks[:n + 1])}{end}</flaw>"
                 for n in range(4)]
        for order in 1, -1:
            rows = parsed(tmp_path, "blocks.xml", f"<all>{''.join(flaws[::order])}</all>")
            assert [(row["id"], row["title"], row["text"]) for row in rows] == [
                (f"F-{n}", f"Flaw {n} of it", text) for n, text in enumerate(expected)][::order]


@pytest.mark.parametrize("section", ["section", "sect1"])
@pytest.mark.parametrize("before", ["", f"<chapter id='c0'><title>Before it</title><para>{PROSE}</para></chapter>"])
def test_chapters_whose_prose_stands_in_sections(before, section, tmp_path):
    """Whether another chapter has paragraphs of its own or not; what the document itself has are records."""
    inner = "".join(f"<{section}><title>Part {n}</title><para>{PROSE} {n}</para></{section}>" for n in range(2))
    chapters = "".join(f"<chapter id='c{n}'><title>Chapter {n}</title>{inner}</chapter>" for n in (1, 2))
    rows = parsed(tmp_path, "book.xml", f"<book><title>All of it</title>{before}{chapters}</book>")
    assert [(row["id"], row["title"], row["text"]) for row in rows[-2:]] == [
        (f"c{n}", f"Chapter {n}", f"Part 0\n{PROSE} 0\nPart 1\n{PROSE} 1") for n in (1, 2)]
    for guide in (f"<guide><title>All of it</title>{inner}</guide>", f"<guide><sections>{inner}</sections></guide>",
                  f"<all><guide><title>All of it</title>{inner}</guide></all>"):
        assert [row["text"] for row in parsed(tmp_path, "guide.xml", guide)] == [f"{PROSE} 0", f"{PROSE} 1"]


def test_sections_with_fields_of_their_own_are_records(tmp_path):
    def check(name):
        return f"<section><title>Check {name} of it</title><p>{PROSE}</p><rationale>So is {name}.</rationale></section>"
    groups = "".join(f"<group><title>Group {n}</title>{check(f'{n}.1')}{check(f'{n}.2')}</group>" for n in range(2))
    assert [row["title"] for row in parsed(tmp_path, "checks.xml", f"<bench>{groups}</bench>")] == [
        f"Check {n}.{m} of it" for n in range(2) for m in (1, 2)]


def test_paragraphs_beside_the_records_are_none(tmp_path):
    def text(inner):
        return f"<text><p>{inner}</p><p>See <em>what it is</em>.</p><p>And <em>this, as well</em>.</p></text>"
    releases = "".join(f"<release version='1.{n}'>{text(f'{PROSE} {PROSE} {n}')}</release>" for n in range(3))
    rows = parsed(tmp_path, "tool.xml", f"<tool><name>Tool</name>{text('A tool is it.')}<all>{releases}</all></tool>")
    assert [row["text"] for row in rows] == [
        f"{PROSE} {PROSE} {n}\nSee what it is.\nAnd this, as well." for n in range(3)]
    claims = "".join(f"<claim id='c{n}'><text>{PROSE} {PROSE} {n}</text></claim>" for n in range(3))
    rows = parsed(tmp_path, "two.xml", f"<one>{text('A tool is it.')}<all>{claims}</all></one>")  # none of theirs
    assert [row["text"] for row in rows][:3] == ["A tool is it.", "See what it is.", "And this, as well."]
    poem = f"<p>{PROSE}</p><p>Not <em>that it matters</em>, or <em>not to us</em>.</p>"  # where there is nothing else
    assert len(parsed(tmp_path, "poem.xml", f"<poem>{poem}</poem>")) == 2


def test_chapters_whose_titles_stand_in_an_element_that_the_book_has_too(tmp_path):
    def titled(name, title, inner):
        return f"<{name}><info><title>{title}</title></info>{inner}</{name}>"
    sections = [titled("section", f"Part {n}", f"<para>{PROSE} {n}</para>") for n in range(2)]
    chapters = [titled("chapter", f"Chapter {n} of it", section) for n, section in enumerate(sections)]
    rows = parsed(tmp_path, "book.xml", titled("book", "All of it", "".join(chapters)))
    assert [(row["title"], row["text"]) for row in rows if row["text"]] == [
        (f"Chapter {n} of it", f"Part {n}\n{PROSE} {n}") for n in range(2)]


@pytest.mark.parametrize(("fields", "title", "text"), [
    ({"body": PROSE, "body_html": f"<p>{PROSE}</p>"}, "", PROSE),
    ({"text": PROSE, "html": f"<p>{PROSE}</p>", "rendered_text": f"{PROSE}!"}, "", PROSE),
    ({"name": "Login_Error", "value": "The password is wrong, try it again"}, "Login_Error",
     "The password is wrong, try it again"),
    ({"Query": "SELECT a FROM b WHERE c = 1 OR 1=1"}, "", "SELECT a FROM b WHERE c = 1 OR 1=1"),
    ({"label": [[0, 5, "X"]], "data": PROSE}, "", PROSE),
    ({"table": {"name": "posts"}, "post_subject": "A subject of it", "post_text": PROSE}, "A subject of it", PROSE),
    ({"summary": "What it is in short", "solution_text": "Take the new one of it.", "vuln-solution": f"{PROSE} Now."},
     "What it is in short", f"Take the new one of it.\n{PROSE} Now."),
])
def test_which_fields_are_title_and_text(fields, title, text, tmp_path):
    rows = parsed(tmp_path, "a.jsonl", "\n".join(json.dumps({"id": f"E-{n}", **fields}) for n in range(2)))
    assert [(row["title"], row["text"]) for row in rows] == [(title, text)] * 2


def test_what_is_the_same_in_all_records_is_no_title(tmp_path):
    rows = parsed(tmp_path, "a.json", [{"id": n, "name": "posts", "body": f"{PROSE} {n}"} for n in range(6)])
    assert [row["title"] for row in rows] == [""] * 6


def test_objects_that_are_addresses_in_other_records(tmp_path):
    posts = [{"id": f"a{n}", "object": {"id": f"o{n}", "url": "https://a.example/1", "content": f"<p>{PROSE} {n}</p>"}}
             for n in range(3)]
    rows = parsed(tmp_path, "outbox.json", {"orderedItems": [*posts, {"id": "a3", "object": "https://a.example/2"}]})
    assert [row["text"] for row in rows] == [f"{PROSE} {n}" for n in range(3)] + [""]


def test_errors_beside_the_results_are_no_records(tmp_path):
    report = {"results": [entry(n) for n in range(3)], "errors": [{"type": "warn", "message": PROSE, "level": "low"}]}
    assert len(parsed(tmp_path, "report.json", report)) == 3


def test_fields_under_public_numbers(tmp_path):
    """However few of these: further on there will be others."""
    hosts = [{"ip": f"192.0.2.{n}", "vulns": {f"CVE-2031-000{n}": {"summary": f"{PROSE} {n}"}}} for n in range(3)]
    assert [row["text"] for row in parsed(tmp_path, "hosts.json", hosts)] == [f"{PROSE} {n}" for n in range(3)]


def test_records_by_their_own_ids(tmp_path):
    found = {f"Q{n}": {"id": f"Q{n}", "labels": {"en": {"value": f"Worm {n}"}},
                       "descriptions": {"en": {"value": f"A worm of the year {n}"}}} for n in range(2)}
    rows = parsed(tmp_path, "entities.json", {"entities": found})
    assert [(row["id"], row["text"]) for row in rows] == [(f"Q{n}", f"A worm of the year {n}") for n in range(2)]


def test_ids_of_parts_are_ids_only_where_they_say_something(tmp_path):
    parts = [{"id": n, "text": "A few words"} for n in range(2)]
    row, = parsed(tmp_path, "talk.json", {"text": f"{PROSE} {PROSE}", "segments": parts})
    assert row["id"].startswith("sha-")


def test_an_xml_document_of_attributes_alone(tmp_path):
    with pytest.raises(InputError, match="no record found"):
        parsed(tmp_path, "a.xml", '<config version="1"/>')


@pytest.mark.parametrize("items", [
    [{"id": n, "quote": f"{PROSE} {n}"} for n in range(25)],
    [{"instruction": f"{PROSE} {n}", "output": f"{PROSE} So it is."} for n in range(25)],
])
def test_a_feed_of_items_without_titles(items, tmp_path):
    feed = {"title": "Some sayings of it", "description": f"{PROSE} And more of that.", "sayings": items}
    assert len(parsed(tmp_path, "feed.json", feed)) == 25
    tags = "".join(f"<saying><id>{n}</id><quote>{PROSE} {n}</quote></saying>" for n in range(25))
    xml = f"<feed><title>Some sayings</title><description>{PROSE} {PROSE}</description>{tags}</feed>"
    assert len(parsed(tmp_path, "feed.xml", xml)) == 25


@pytest.mark.parametrize("more", [{"removed": ["a thing"]}, {"removed": "3.0"}, {"removed": 1, "added": 3},
                                  {"removed": 250}, {"deleted": "no"}, {"removed": "what was removed here"}])
def test_what_is_called_removed_but_says_no_yes(more, tmp_path):
    assert not any(row["dropped"] for row in parsed(tmp_path, "a.json", [entry(n, **more) for n in range(3)]))


@pytest.mark.parametrize(("fields", "title", "text"), [
    ({"post_title": "A post", "post_content": f"<!-- wp:paragraph --><p>{PROSE}</p>"}, "A post", PROSE),
    ({"text": "A teaser of it", "html": f"<p>{PROSE}</p><p>{PROSE} 2</p><p>{PROSE} 3</p>"}, "",
     f"{PROSE}\n{PROSE} 2\n{PROSE} 3\nA teaser of it"),
    ({"document": "https://a.example/x.pdf", "body": PROSE, "resolution": "Will not fix"}, "", PROSE),
    ({"project": {"title": "A project of it", "description": PROSE}}, "A project of it", PROSE),
    ({"user": {"content": PROSE}, "assistant": {"content": "So it is, and so be it."}}, "",
     f"{PROSE}\nSo it is, and so be it."),
])
def test_which_fields_say_something(fields, title, text, tmp_path):
    rows = parsed(tmp_path, "a.jsonl", "\n".join(json.dumps({"id": f"E-{n}", **fields}) for n in range(2)))
    assert [(row["title"], row["text"]) for row in rows] == [(title, text)] * 2


def test_lines_with_strings_of_xml_are_records(tmp_path):
    """A single object with one is what holds that XML; lines are not."""
    rows = [{"id": n, "text": PROSE, "raw": f"<event><id>{n}</id></event>"} for n in range(3)]
    rows = [dict(reversed(row.items())) for row in rows]
    assert len(parsed(tmp_path, "events.jsonl", "\n".join(map(json.dumps, rows)))) == 3


def test_turns_of_a_talk_are_no_records(tmp_path):
    talks = [{"data": [{"role": "user", "content": f"{PROSE} {n}"}, {"role": "bot", "content": "So it is."}]}
             for n in range(3)]
    assert len(parsed(tmp_path, "talks.jsonl", "\n".join(map(json.dumps, talks)))) == 3


def test_hosts_by_their_ids_are_rooms(tmp_path):
    hosts = {f"host{n}": {"id": f"host{n}", "found": [entry(f"{n}-{m}") for m in range(5)]} for n in range(8)}
    assert len(parsed(tmp_path, "hosts.json", hosts)) == 40


@pytest.mark.parametrize(("fields", "title"), [({"subject": "Re: it"}, "Re: it"), ({"name": "posts"}, "")])
def test_titles_that_are_the_same_in_the_first_records(fields, title, tmp_path):
    """A thread's subject is one; a table's name says nothing, but where there is no text it is better than none."""
    rows = parsed(tmp_path, "a.json", [{"id": n, "body": f"{PROSE} {n}", **fields} for n in range(6)])
    assert {row["title"] for row in rows} == {title}
    assert {row["title"] for row in parsed(tmp_path, "b.json", [{"id": n, **fields} for n in range(6)])} == {
        next(iter(fields.values()))}


def test_described_errors_are_records(tmp_path):
    catalogue = {"notes": ["A note on it"], "errors": [entry(n) for n in range(8)]}
    assert len(parsed(tmp_path, "errors.json", catalogue)) == 8


@pytest.mark.parametrize(("title", "text"), [
    ({"value": "A page"}, {"storage": {"value": PROSE, "representation": "storage"}, "_expandable": {"view": ""}}),
    ("A page", {"*": f"<p>{PROSE}</p>"}),
    ([{"value": "A page"}], [{"value": f"<p>{PROSE}</p>", "format": "basic html", "summary": ""}]),
    ({"en": "A page", "de": "Eine Seite"}, {"en": PROSE, "de": "Was mit dem Server im Frühling geschehen ist."}),
])
def test_one_record_whose_text_is_wrapped(title, text, tmp_path):
    page = {"id": "P-1", "title": title, "ancestors": [{"id": "1", "title": "Home of it all"},
                                                       {"id": "2", "title": "The runbooks"}],
            "body": text, "credits": [{"name": "Somebody of the lab"}]}
    row, = parsed(tmp_path, "page.json", page)
    assert (row["id"], row["title"], row["text"]) == ("P-1", "A page", PROSE)


def test_lists_in_an_answer_are_no_wrapped_text(tmp_path):
    answer = {"status": "ok", "response": {"total": 3, "found": [entry(n) for n in range(3)]}}
    rows = parsed(tmp_path, "dump.json", answer)
    assert [(row["id"], row["title"], row["text"]) for row in rows] == EXPECTED


EVE = {"id": "u1", "name": "Eve", "description": f"Has told it before. {PROSE}"}


@pytest.mark.parametrize("people", [{"users": [EVE] * 9}, {"includes": {"users": [EVE]}}, {"users": {"u1": EVE}}])
def test_people_beside_the_records(people, tmp_path):
    rows = parsed(tmp_path, "dump.json", {**people, "posts": [entry(n) for n in range(3)]})
    assert [(row["id"], row["title"], row["text"]) for row in rows] == EXPECTED


def test_people_alone_are_records(tmp_path):
    assert len(parsed(tmp_path, "dump.json", {"users": [entry(n) for n in range(3)]})) == 3


def test_lines_of_which_few_have_fields_of_known_names(tmp_path):
    lines = [{"note": "How this file was made"}] + [
        {"nr": n, "vorfall": f"{PROSE} Number {n}.", "wann": "gestern"} for n in range(5)]
    rows = parsed(tmp_path, "dump.jsonl", "\n".join(map(json.dumps, lines)))
    assert [row["text"] for row in rows[1:]] == [f"{PROSE} Number {n}." for n in range(5)]


def test_records_by_key_beside_what_the_dump_says_of_itself(tmp_path):
    dump = {"meta": {"made": "2031-01-01T10:00:00Z", "licence": "As free as can be"},
            "data": {f"CVE-2031-{n}": {"summary": f"{PROSE} Number {n}."} for n in range(1000, 1012)}}
    rows = parsed(tmp_path, "dump.json", dump)
    assert [row["id"] for row in rows] == [f"CVE-2031-{n}" for n in range(1000, 1012)]


def test_titled_records_by_key_in_an_object_with_words_of_its_own(tmp_path):
    rules = {f"V-{n}": {"id": f"V-{n}", "title": f"Rule {n}", "checktext": f"{PROSE} Number {n}."} for n in range(6)}
    rows = parsed(tmp_path, "dump.json", {"stig": {"title": "Some rules", "description": PROSE, "findings": rules}})
    assert [(row["id"], row["title"]) for row in rows] == [(f"V-{n}", f"Rule {n}") for n in range(6)]


def test_a_transcript_in_long_parts_is_one_record(tmp_path):
    parts = [f"{PROSE} Part {n}." for n in range(80)]
    row, = parsed(tmp_path, "talk.json", {"text": " ".join(parts), "language": "en", "segments": [
        {"id": n, "start": n, "text": part} for n, part in enumerate(parts)]})
    assert row["text"] == " ".join(parts)


def test_a_thread_that_says_nothing_but_its_title_before_the_answers(tmp_path):
    def said(n, *below):
        return {"id": n, "author": "eve", "text": f"{PROSE} Number {n}.", "children": list(below)}
    thread = {"id": 1, "author": "bob", "title": "What broke it", "url": "https://x.example/a", "text": None,
              "children": [said(2, said(3)), said(4)]}
    row, = parsed(tmp_path, "thread.json", thread)
    assert (row["id"], row["title"]) == ("1", "What broke it")
    assert sorted(row["text"].split("\n")) == [f"{PROSE} Number {n}." for n in (2, 3, 4)]


@pytest.mark.parametrize("people", ["users", "accounts", "organizations"])
def test_what_stands_in_people_is_read(people, tmp_path):
    crowd = [{"login": name, "posts": [entry(n)]} for n, name in enumerate(["bob", "eve", "joe"])]
    forums = [{"id": "f", "name": "All of it", "text": "A forum"}]
    rows = parsed(tmp_path, "dump.json", {people: crowd, "forums": forums})
    assert [(row["id"], row["title"], row["text"]) for row in rows if row["id"] != "f"] == EXPECTED


def test_people_who_say_more_than_what_is_beside_them_are_records(tmp_path):
    countries = [{"id": "c", "name": "Land", "note": "Far off"}]
    dump = {"organizations": [entry(n) for n in range(3)], "countries": countries}
    assert [row["id"] for row in parsed(tmp_path, "dump.json", dump)][:3] == ["E-0", "E-1", "E-2"]


def test_many_answers_under_a_name_are_records(tmp_path):
    run = {"name": "A run of a model", "responses": [
        {"instruction": f"What is it {n}?", "output": f"{PROSE} {n}"} for n in range(50)]}
    assert len(parsed(tmp_path, "run.json", run)) == 50


def test_the_same_elements_in_several_others_are_no_records(tmp_path):
    answers = "".join(f"<response id='{n}'>" + "".join(
        f"<q{k}><text>{PROSE} {n} {k}</text></q{k}>" for k in range(4)) + "</response>" for n in range(5))
    assert [row["id"] for row in parsed(tmp_path, "a.xml", f"<all>{answers}</all>")] == [str(n) for n in range(5)]


def test_pages_of_what_has_no_id(tmp_path):
    def page(at, **more):
        return {**more, "results": [{"headline": f"Event {at}{n}", "body": f"{PROSE} {at}{n}"} for n in range(2)]}
    titles = [f"Event {at}{n}" for at in range(3) for n in range(2)]
    for name, pages in ("titled", [page(at) for at in range(3)]), ("counted", [page(at, offset=at) for at in range(3)]):
        for content in "\n".join(map(json.dumps, pages)), pages:
            if name == "counted" or isinstance(content, str):
                rows = parsed(tmp_path, f"{name}.json", content)
                assert [row["title"] for row in rows] == titles, (name, content)


def test_what_only_wraps_one_record(tmp_path):
    parts = [{"product": f"Gate {n} of the wall", "fix": f"Upgrade it to {n}.1 or above"} for n in (1, 2)]
    for beside in {}, {"error": None, "links": []}, {"ok": True, "code": 200}:
        row, = parsed(tmp_path, "one.json", {**beside, "advisory": entry(0, affected=parts)})
        assert (row["id"], row["title"]) == EXPECTED[0][:2] and EXPECTED[0][2] in row["text"], beside


def test_a_few_records_by_key_beside_a_number(tmp_path):
    rows = parsed(tmp_path, "two.json", {"total": 2, "all": {f"k{n}": {"entry": entry(n)} for n in range(2)}})
    assert [(row["title"], row["text"]) for row in rows] == [told[1:] for told in EXPECTED[:2]]


def test_a_list_of_names_is_read_wherever_it_stands(tmp_path):
    groups = [{"name": f"GRP-{n}", "status": "known", "type": "actors"} for n in range(3)]
    for document in groups, {"data": groups}, {"result": {"items": groups, "total": 3}}:
        assert [row["title"] for row in parsed(tmp_path, "groups.json", document)] == ["GRP-0", "GRP-1", "GRP-2"]


def test_texts_in_lists_under_several_keys(tmp_path):
    notes = {f"CVE-2031-{n:04}": [f"{PROSE} First {n}.", f"{PROSE} Second {n}."] for n in range(7)}
    for count in 2, 7:
        few = dict(list(notes.items())[:count])
        texts = {row["text"] for row in parsed(tmp_path, "notes.json", few)}
        assert texts == {text for some in few.values() for text in some}


@pytest.mark.parametrize("missing", ["id", "title", "description", "remedy"])
def test_xml_of_which_the_first_records_lack_a_field(missing, tmp_path):
    def element(number):
        fields = {"id": f"E-{number}", "title": f"Event {number}", "description": f"{PROSE} {number}",
                  "remedy": f"Put the gate's version {number} in its place, and restart what stands behind it."}
        if number < 5:
            del fields[missing]
        return "".join(f"<{name}>{words}</{name}>" for name, words in fields.items())
    flaws = "".join(f"<flaw>{element(number)}</flaw>" for number in range(20))
    row = parsed(tmp_path, "flaws.xml", f"<flaws>{flaws}</flaws>")[-1]
    assert (row["id"], row["title"], row["text"].count("\n")) == ("E-19", "Event 19", 1)


def test_xml_records_that_others_name(tmp_path):
    threads = "".join(f"<thread id='t{n}'><title>A thread on locks, {n}</title></thread>" for n in range(2))
    posts = "".join(f"<post id='p{n}'><message>{PROSE} {n}</message><thread id='t0'/></post>" for n in range(4))
    for content in threads + posts, posts + threads:
        rows = parsed(tmp_path, "talk.xml", f"<talk>{content}</talk>")
        assert sorted(row["id"] for row in rows) == ["p0", "p1", "p2", "p3", "t0", "t1"]
        assert {row["title"] for row in rows} > {"A thread on locks, 0", "A thread on locks, 1"}


def test_what_stands_without_a_language_beside_translations_is_read_alone(tmp_path):
    german = "Ein langer Satz über den Server, den ein anderer in das Deutsche brachte"
    def tags(n):
        return "".join(f"<{name}>{own} {n}</{name}><{name} xml:lang='de'>{german} {n}</{name}>"
                       for name, own in (("title", "The title of it"), ("text", PROSE)))
    rows = "".join(f"<a id='A-{n}'>{tags(n)}</a>" for n in range(3))
    only = f"<a id='A-3'><title xml:lang='de'>{german}</title><text xml:lang='de'>{german}</text></a>"
    assert [(row["title"], row["text"]) for row in parsed(tmp_path, "a.xml", f"<all>{rows}{only}</all>")] == [
        *((f"The title of it {n}", f"{PROSE} {n}") for n in range(3)), (german, german)]
    texts = [{"id": f"E-{n}", "details": [{"value": f"{PROSE} {n}"}, {"lang": "de", "value": german}],
              "urls": [{"url": "https://a.example"}, {"lang": "de", "url": "https://b.example"}]} for n in range(3)]
    rows = parsed(tmp_path, "a.json", texts)
    assert [row["text"] for row in rows] == [f"{PROSE} {n}" for n in range(3)]
    assert all("a.example" in row["meta"] and "b.example" in row["meta"] for row in rows)  # links are no translations


def test_xml_in_several_languages_is_no_list_of_records(tmp_path):
    words = "".join(f"<comment xml:lang='{language}'>A small device {language}</comment>"
                    for language in ("de", "fr", "it", "nl", "pl", "pt"))
    row, = parsed(tmp_path, "type.xml", f"<mime-type type='x'><comment>A small device</comment>{words}</mime-type>")
    assert row["text"].startswith("A small device")
    posts = "".join(f"<post xml:lang='{language}'><title>{language}</title><body>{PROSE}</body></post>"
                    for language in ("de", "fr"))
    assert len(parsed(tmp_path, "posts.xml", f"<all>{posts}</all>")) == 2
    comments = "".join(f"<comment>{PROSE} {n}</comment>" for n in range(5))
    assert len(parsed(tmp_path, "comments.xml", f"<all>{comments}</all>")) == 5


@pytest.mark.parametrize("record", [
    lambda n: {"book": f"978-{n}", "pages": 300}, lambda n: {"order": n, "total": 31.5},
    lambda n: {"sat": f"r{n}", "turn_count": 2}, lambda n: {"what": f"{PROSE} It {n}.", "next_steps": "call the guard"},
    lambda n: {"page": n, "doc": {"said": f"{PROSE} He {n}."}}])
def test_records_that_count_are_no_pages(record, tmp_path):
    counting = [{**record(at), "entries": [{"remark": f"{PROSE} {at}{n}"} for n in range(2)]} for at in range(4)]
    for content, count in (counting, 4), (counting[:1], 1), ("\n".join(map(json.dumps, counting)), 4):
        assert len(parsed(tmp_path, "counting.json", content)) == count


@pytest.mark.parametrize("beside", [{"startIndex": 1, "status": "All is well"}, {"meta": {"page": 1, "total": 6}},
                                    {"next": "https://a.example/?o=2", "previous": None, "count": 6}])
def test_pages_say_where_they_stand_and_what_all_say(beside, tmp_path):
    def page(at):
        own = {key: value + at if isinstance(value, int) else value for key, value in beside.items()}
        return {**own, "entries": [{"remark": f"{PROSE} {at}{n}"} for n in range(2)]}
    for content in [page(at) for at in range(3)], "\n".join(json.dumps(page(at)) for at in range(3)):
        assert len(parsed(tmp_path, "pages.json", content)) == 6


def test_a_record_with_documents_or_a_short_list_keeps_its_words(tmp_path):
    documents = [{"title": f"A page {n} on it", "text": f"{PROSE} {n}"} for n in range(2)]
    for more in {"documents": documents}, {"entries": [{"id": 1}, {"id": 2}]}:
        claims = [{"claim": f"{PROSE} It is claimed {n}.", "verdict": "so", **more} for n in range(3)]
        assert len(parsed(tmp_path, "claims.json", "\n".join(map(json.dumps, claims)))) == 3
    row, = parsed(tmp_path, "claim.json", claims[0])
    assert row["text"] == claims[0]["claim"]
    named = [{"name": "a"}, {"name": "b"}]
    row, = parsed(tmp_path, "flaw.json", {"title": "A flaw in it", "details": {"items": named}})
    assert row["title"] == "A flaw in it"


def test_labels_and_authors_are_no_texts_of_several_keys(tmp_path):
    texts = {key: [f"{PROSE} {key} {n}" for n in range(3)] for key in ("for", "against", "between")}
    about = {"tags": ["one of a kind", "two of a kind"], "authors": ["Joe the first man", "Jane the second one"],
             "sources": ["a book of that"]}
    for document in {**texts, **about}, {"meta": about, **texts}, {"made": 1, "all": {**about, **texts}}:
        rows = parsed(tmp_path, "texts.json", document)
        assert [row["text"] for row in rows] == [text for some in texts.values() for text in some]


def flaw(number):
    return f"<flaw id='f{number}'><title>Flaw {number} of it</title><text>{PROSE} {number}</text></flaw>"


@pytest.mark.parametrize("named", ["<flaw ref='f1'/>", "<flaw ref='f1'>\n</flaw>", "<flaw ref='f1'/>" * 50])
def test_xml_records_that_others_name_nearer_to_the_root(named, tmp_path):
    flaws = f"<set>{''.join(map(flaw, range(5)))}</set>"
    for content in f"{named}{flaws}", f"{flaws}{named}":
        rows = [row for row in parsed(tmp_path, "flaws.xml", f"<all>{content}</all>") if row["title"]]
        assert [row["text"] for row in rows] == [f"{PROSE} {n}" for n in range(5)]


def test_xml_records_once_nearer_to_the_root_with_other_fields(tmp_path):
    hosts = "".join(f"<host ip='10.0.0.{n}'>{flaw(2 * n)}{flaw(2 * n + 1)}</host>" for n in range(3))
    rows = parsed(tmp_path, "scan.xml", f"<scan><hosts>{hosts}</hosts><flaw><count>6</count></flaw></scan>")
    assert [row["title"] for row in rows if row["title"]] == [f"Flaw {n} of it" for n in range(6)]


def test_xml_elements_that_only_name_others_are_no_records_for_the_words_in_some(tmp_path):
    products = "".join(f"<product id='{n}' name='Gate {n}'/>" for n in range(3))
    named = "<product id='1'>Only with the plugin</product></flaw>"
    flaws = "".join(flaw(n).replace("</flaw>", named) for n in range(6))
    assert len(parsed(tmp_path, "flaws.xml", f"<all>{products}{flaws}</all>")) == 6


def test_xml_records_in_records_of_their_name(tmp_path):
    def post(number, inner):
        return (f"<post id='{number}'><text>{PROSE} {number}</text>"
                + (f"<title>Post {number} of it</title><replies>{inner}</replies>" if inner else "") + "</post>")
    posts = "".join(post(n, "".join(post(f"{n}.{k}", "") for k in range(3))) for n in range(20))
    rows = parsed(tmp_path, "posts.xml", f"<posts>{posts}</posts>")
    assert [(row["title"], row["text"].count(PROSE)) for row in rows] == [(f"Post {n} of it", 4) for n in range(20)]


@pytest.mark.parametrize(("first", "last"), [("<row note='x'>Head of it all</row>", ""),
                                             ("", "<row><end>It ends here</end></row>")])
def test_xml_rows_of_attributes_with_one_that_has_none(first, last, tmp_path):
    rows = "".join(f"<row Id='{n}' Title='Row {n} of it' Body='{PROSE} {n}'/>" for n in range(60))
    path = tmp_path / "rows.xml"
    path.write_text(f"<rows>{first}{rows}{last}</rows>")
    found, counts = parse_file.trees(path, "rows.xml", SETTINGS, Counter()), records.Counts()
    told = [row["id"] for row in parse_file.rows(found, "rows.xml", SETTINGS, counts) if row["title"]]
    assert told == [str(n) for n in range(60)] and not counts.notes


@pytest.mark.parametrize("inner", ["items", "nodes", "data"])
@pytest.mark.parametrize("wrapped", [False, True])
def test_one_record_with_a_list_of_comments_that_is_an_object(wrapped, inner, tmp_path):
    comments = {"total": 3, inner: [{"id": f"c{n}", "body": f"It is the same in {n}, with a wire."} for n in range(3)]}
    issue = {"number": 5, "title": "A gate opens", "body": f"{PROSE} {PROSE}", "comments": comments}
    row, = parsed(tmp_path, "issue.json", {"issue": issue} if wrapped else issue)
    assert row["title"] == "A gate opens" and row["text"].startswith(PROSE) and "the same in 2" in row["text"]


@pytest.mark.parametrize("item", [lambda text: {"source": "nvd", "description": text}, lambda text: text])
def test_lists_under_public_numbers_have_these_for_ids(item, tmp_path):
    dump = {f"CVE-2031-100{n}": [item(f"{PROSE} {n}, said {m}.") for m in range(1 + n % 2)] for n in range(4)}
    for document in (dump, {"made": "2031-01-01", "data": dump}):
        rows = parsed(tmp_path, "dump.json", document)
        assert [row["id"] for row in rows] == [f"CVE-2031-100{n}" for n in (0, 1, 1, 2, 3, 3)]
        assert rows[2]["locator"].endswith("CVE-2031-1001[1]")


def test_lists_under_names_keep_their_own_ids_and_the_names_in_their_places(tmp_path):
    dump = {name: [{"id": f"{name}-{n}", "advisory": f"{PROSE} Number {n} of {name}.", "specs": ["<2"]}]
            for n, name in enumerate(("flask", "lxml", "scipy"))}
    rows = parsed(tmp_path, "dump.json", {"$meta": {"timestamp": 1}, **dump})
    assert [(row["id"], row["locator"]) for row in rows] == [
        ("flask-0", "flask[0]"), ("lxml-1", "lxml[0]"), ("scipy-2", "scipy[0]")]


ONE = {"description": PROSE, "severity": "high", "comments": [{"by": "ann", "text": "I have seen it on three."}]}


@pytest.mark.parametrize("document", [
    {"CVE-2031-1000": ONE}, {"CVE-2031-1000": PROSE}, {"CVE-2031-1000": [{"description": PROSE}]},
    {"total": 1, "data": {"CVE-2031-1000": ONE}}, {"flask": {"CVE-2031-1000": ONE}}, [{"CVE-2031-1000": ONE}]])
def test_one_record_under_its_public_number(document, tmp_path):
    row, = parsed(tmp_path, "dump.json", document)
    assert row["id"] == "CVE-2031-1000"
    assert row["text"].startswith(PROSE)


@pytest.mark.parametrize("value", [lambda text: {"description": text}, lambda text: text])
def test_lines_and_items_of_one_record_under_its_number_each(value, tmp_path):
    """As their keys are no two alike, each was a kind of its own."""
    maps = [{f"CVE-2031-{n}": value(f"{PROSE} Number {n}.")} for n in range(1000, 2500)]
    for document in (maps, "\n".join(map(json.dumps, maps))):
        rows = parsed(tmp_path, "dump.json", document)
        assert [row["id"] for row in rows] == [f"CVE-2031-{n}" for n in range(1000, 2500)]
        assert rows[-1]["text"] == f"{PROSE} Number 2499."


@pytest.mark.parametrize("name", ["CVE-2031-{}", "lib-{}"])
def test_lines_of_several_records_under_their_names_each(name, tmp_path):
    """The second of each line was lost."""
    maps = [{name.format(n): {"title": f"Event {n}", "description": f"{PROSE} Number {n}."} for n in (at, at + 1)}
            for at in range(1000, 1400, 2)]
    rows = parsed(tmp_path, "dump.jsonl", "\n".join(map(json.dumps, maps)))
    assert [(row["id"], row["title"]) for row in rows] == [(name.format(n), f"Event {n}") for n in range(1000, 1400)]


@pytest.mark.parametrize("value", [lambda text: {"description": text, "version": 2}, lambda text: text])
def test_lines_and_items_of_one_record_under_its_name_each(value, tmp_path):
    maps = [{f"lib{chr(97 + n // 26)}{chr(97 + n % 26)}": value(f"{PROSE} Number {n}.")} for n in range(600)]
    for document in (maps, "\n".join(map(json.dumps, maps))):
        rows = parsed(tmp_path, "dump.json", document)
        assert [(row["id"], row["text"]) for row in rows] == [
            (next(iter(tree)), f"{PROSE} Number {n}.") for n, tree in enumerate(maps)]
    listed = "\n".join(f"  - {name}:\n      text: {PROSE} {name}." for tree in maps[:6] for name in tree)
    rows = parsed(tmp_path, "dump.yaml", f"made: 2031\nrules:\n{listed}\n")
    assert [row["id"] for row in rows] == [name for tree in maps[:6] for name in tree]
    fields = [{"title": "An event"}, {"summary": PROSE}, {"details": PROSE}, {"solution": PROSE}, {"note": PROSE}]
    assert "title" not in [row["id"] for row in parsed(tmp_path, "fields.json", fields)]


def test_a_weakness_by_its_number_in_a_record_is_part_of_it(tmp_path):
    weakness = {"CWE-79": {"description": "What comes in is not looked at before it goes out"}}
    row, = parsed(tmp_path, "dump.json", {"id": "E-1", "title": "A case of it", "text": PROSE, "weakness": weakness})
    assert row["id"] == "E-1"
    weakness["CWE-79"]["name"] = "What comes in is not looked at"
    for more in {"text": PROSE}, {"text": f"{PROSE} {PROSE}"}:
        row, = parsed(tmp_path, "dump.json", {"title": "A case of it", **more, "weakness": weakness})
        assert row["title"] == "A case of it"


@pytest.mark.parametrize("status", [
    lambda word: {"name": word}, lambda word: {"id": 7, "name": word, "color": "red"}, lambda word: {"value": word},
    lambda word: {"code": word, "since": "2031-01-02"}, lambda word: {"label": word, "key": word.lower()}])
@pytest.mark.parametrize("key", ["status", "state"])
def test_a_status_may_be_an_object(key, status, tmp_path):
    records = [entry(n, **{key: status("Deprecated" if n == 1 else "Active")}) for n in range(3)]
    rows = parsed(tmp_path, "dump.json", records)
    assert [row["dropped"] for row in rows] == [None, "deprecated", None]
    elements = [f"<e id='E-{n}'><title>Event {n}</title><text>{PROSE}</text><{key}><name>{word}</name></{key}></e>"
                for n, word in enumerate(("Active", "Deprecated", "Active"))]
    rows = parsed(tmp_path, "dump.xml", f"<r>{''.join(elements)}</r>")
    assert [row["dropped"] for row in rows] == [None, "deprecated", None]


@pytest.mark.parametrize("more", [
    {"user": {"status": {"name": "Deleted"}}}, {"releases": [{"status": {"name": "Deprecated"}}]},
    {"status": {"debian": "Deprecated", "ubuntu": "needed"}}])
def test_a_status_of_something_else_sets_nothing_aside(more, tmp_path):
    rows = parsed(tmp_path, "dump.json", [entry(n, **more) for n in range(3)])
    assert [row["dropped"] for row in rows] == [None] * 3


@pytest.mark.parametrize("more", [{}, {"description": f"{PROSE} {PROSE}"}])
@pytest.mark.parametrize("count", [1, 3])
def test_records_by_public_numbers_under_what_the_document_says_of_them(count, more, tmp_path):
    found = {f"CVE-2031-000{n}": {"title": f"Event {n}", "description": f"{PROSE} Number {n}."} for n in range(count)}
    for name, dump in ("dump.json", json.dumps), ("dump.yml", yaml.safe_dump):
        rows = parsed(tmp_path, name, dump({"title": "What was mended in spring", **more, "advisories": found}))
        assert [(row["id"], row["title"]) for row in rows] == [(f"CVE-2031-000{n}", f"Event {n}") for n in range(count)]
    row, = parsed(tmp_path, "dump.json", {"title": "An event", "description": PROSE, "references": {
        "CVE-2031-0001": {"title": "Another", "description": PROSE}}})
    assert row["title"] == "An event"


def test_what_several_say_of_one_public_number_is_one_record(tmp_path):
    said = {f"by {n}": {"description": PROSE, "created": "2031-01-02"} for n in ("a", "b", "c", "d", "e")}
    row, = parsed(tmp_path, "dump.json", {"cve": "CVE-2031-0001", **said})
    assert (row["id"], row["text"]) == ("CVE-2031-0001", PROSE)


def test_titles_in_the_one_list_of_an_item_are_records(tmp_path):
    rows = parsed(tmp_path, "dump.json", [{"sets": [{"no": n, "title": f"The event of day {n}"} for n in range(3)]}])
    assert [row["title"] for row in rows] == [f"The event of day {n}" for n in range(3)]

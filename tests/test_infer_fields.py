"""Which fields of records nobody has described are chosen: by what their names say, and how they look."""

import base64
import csv
import io
import json

import pytest

from tests.test_infer import PROSE, parsed

OTHER = "Whoever has read this far will know the way to the station."


def rows_of(tmp_path, fields, count=3):
    """Title and text of the records, each with its number behind the texts of several words."""
    records = [{"id": f"E-{n}"} | {key: f"{value} {n}" if isinstance(value, str) and value.count(" ") > 2 else value
                                   for key, value in fields.items()} for n in range(count)]
    rows = parsed(tmp_path, "a.jsonl", "\n".join(map(json.dumps, records)))
    return [(row["title"], row["text"]) for row in rows]


def check(tmp_path, fields, title, text, count=3):
    assert rows_of(tmp_path, fields, count)[1] == (title, text)


@pytest.mark.parametrize(("fields", "title", "text"), [
    ({"Summary": f"{PROSE} {OTHER}", "commit_message": "Mend the panel of it"}, "",
     f"{PROSE} {OTHER} 1\nMend the panel of it 1"),
    ({"summary": PROSE, "description": f"{OTHER} {OTHER} {OTHER}"}, f"{PROSE} 1", f"{OTHER} {OTHER} {OTHER} 1"),
    ({"summary": PROSE, "description": "See how it looks."}, f"{PROSE} 1", "See how it looks. 1")])  # a ticket's
def test_a_summary_is_the_title_of_a_longer_text(fields, title, text, tmp_path):
    check(tmp_path, fields, title, text)


def test_a_text_that_is_told_twice_is_no_title(tmp_path):
    check(tmp_path, {"remediation": OTHER, "info": OTHER}, "", f"{OTHER} 1")


def test_the_page_that_a_post_shows_is_none_of_it(tmp_path):
    check(tmp_path, {"content": PROSE, "card": {"title": "A page of theirs", "description": OTHER}}, "", f"{PROSE} 1")


@pytest.mark.parametrize("name", ["author_flair_text", "authorBioText", "user-description", "channel_description"])
def test_what_is_said_of_somebody_is_not_the_records(name, tmp_path):
    check(tmp_path, {name: OTHER, "body": PROSE}, "", f"{PROSE} 1")


@pytest.mark.parametrize("name", ["project_description", "product_description", "source_text", "event_description",
                                  "vendor_comment", "user_description"])
def test_unless_there_is_nothing_else(name, tmp_path):
    check(tmp_path, {name: OTHER}, "", f"{OTHER} 1")


@pytest.mark.parametrize("name", ["user_prompt", "vendor_statement", "author_notes", "source_text"])
def test_what_somebody_says_is_the_records(name, tmp_path):
    check(tmp_path, {"body": PROSE, name: OTHER}, "", f"{PROSE} 1\n{OTHER} 1")


def test_titles_of_persons_and_of_others(tmp_path):
    check(tmp_path, {"author_title": "Head of the post", "body": PROSE}, "", f"{PROSE} 1")
    check(tmp_path, {"channel_title": "A channel", "post_title": "A post", "body": PROSE}, "A post", f"{PROSE} 1")


@pytest.mark.parametrize("placeholder", ["[deleted]", "[Removed]"])
def test_a_text_that_was_taken_out_has_no_other_in_its_place(placeholder, tmp_path):
    """Nor do such words tell which fields a record has, and beside other texts they are left out."""
    said = [{"id": f"E-{n}", "body": placeholder if n < 6 else f"{PROSE} {n}", "award_description": OTHER}
            for n in range(9)]
    rows = parsed(tmp_path, "a.json", said)
    assert [row["text"] for row in rows] == [""] * 6 + [f"{PROSE} {n}" for n in (6, 7, 8)]
    assert [row["dropped"] for row in rows] == ["no text"] * 6 + [None] * 3
    threads = [{"id": f"E-{n}", "body": f"{PROSE} {n}", "replies": [{"body": placeholder}, {"body": f"{OTHER} {n}"}]}
               for n in range(3)]
    assert [row["text"] for row in parsed(tmp_path, "b.json", threads)] == [
        f"{PROSE} {n}\n{OTHER} {n}" for n in range(3)]


@pytest.mark.parametrize("choices", [["Input is checked", "A wall"], {"A": "Input is checked", "B": "A wall"}])
@pytest.mark.parametrize(("name", "right"), [("answer", "A"), ("correct_answer", "B"), ("solution", "AB")])
@pytest.mark.parametrize("called", ["choices", "options"])
def test_which_choice_is_right_is_told(called, name, right, choices, tmp_path):
    said = "\n".join(choices if isinstance(choices, list) else choices.values())
    fields = {name: right, "question": "Which of these helps against that", called: choices}
    check(tmp_path, fields, "Which of these helps against that 1", f"{said}\n{right}")


@pytest.mark.parametrize(("told", "text"), [
    ({"explanation": OTHER, "options": [{"id": "a", "text": "A wall", "isCorrect": False},
                                        {"id": "b", "text": "A checked input", "isCorrect": True}]},
     f"A wall\nA checked input\nCorrect: A checked input\n{OTHER} 1"),
    ({"answers": [{"answer": "A wall", "correct": False, "rationale": PROSE},
                  {"answer": "A checked input", "correct": True, "rationale": OTHER}]},
     f"A wall\n{PROSE}\nA checked input\n{OTHER}\nCorrect: A checked input"),
    ({"options": ["A wall", "A checked input"], "correctIndex": 1, "explanation": OTHER},
     f"A wall\nA checked input\n1\n{OTHER} 1"),
    ({"opa": "A wall", "opb": "A checked input", "opc": "A door", "cop": 2}, "A wall\nA checked input\nA door\n2")])
def test_which_choice_is_right_is_told_however_it_is_marked(told, text, tmp_path):
    check(tmp_path, {"question": "Which of these helps against that", **told},
          "Which of these helps against that 1", text)


@pytest.mark.parametrize(("key", "ask", "answer"), [
    ("qa", "question", "answer"), ("conversation", "human", "assistant"), ("questions", "q", "a"),
    ("turns", "input", "output")])
@pytest.mark.parametrize("turned", [False, True])
def test_questions_in_a_list_stand_before_their_answers_below_what_they_are_on(key, ask, answer, turned, tmp_path):
    """Of them the first had been the title, and the others were lost, as was what they are on."""
    def pair(n, of):
        both = {ask: f"Which panel of {n} is open at {of} o'clock?", answer: f"At {of} it is that by the door of {n}."}
        return dict(list(both.items())[::-1]) if turned and answer in ("answer", "output") else both

    chunks = [{"source": f"{n}.pdf", "chunk": f"{PROSE * 4} {n}", key: [pair(n, of) for of in range(3)]}
              for n in range(4)]
    rows = parsed(tmp_path, "chunks.json", chunks)
    assert [(row["title"], row["text"]) for row in rows] == [("", "\n".join(
        [chunk["chunk"], *(said for one in chunk[key] for said in (one[ask], one[answer]))])) for chunk in chunks]


def test_an_answer_that_is_an_object_is_told_behind_the_thoughts(tmp_path):
    check(tmp_path, {"instruction": "Say what was done with it", "input": PROSE, "thought": OTHER,
                     "output": {"Tool of theirs": "A door", "Where": ["The house on the hill", "The road"]}},
          "Say what was done with it 1", f"{PROSE} 1\n{OTHER} 1\nA door\nThe house on the hill\nThe road")
    check(tmp_path, {"prompt": "Say what was done with it", "response": {"id": "x", "message": {"content": OTHER}}},
          "Say what was done with it 1", OTHER)


def test_questions_above_their_choices_in_a_list_are_told(tmp_path):
    chunks = [{"chunk": f"{PROSE * 4} {n}", "quiz": [{"question": f"Which of {n} opens, {part}?", "answers": [
        {"text": f"The wall {part}{n}", "correct": False}, {"text": f"The door {part}{n}", "correct": True}]}
        for part in "ab"]} for n in range(3)]
    assert parsed(tmp_path, "chunks.json", chunks)[1]["text"].split("\n") == [
        f"{PROSE * 4} 1", "Which of 1 opens, a?", "Which of 1 opens, b?", "The wall a1", "The door a1", "The wall b1",
        "The door b1", "Correct: The door a1, The door b1"]


def test_the_answer_that_was_not_preferred_is_no_text(tmp_path):
    said = [{"input": {"messages": [{"role": "user", "content": f"Which panel is open, {n}?"}], "tools": []},
             "preferred_output": [{"role": "assistant", "content": f"{PROSE} {n}"}],
             "non_preferred_output": [{"role": "assistant", "content": f"{OTHER} {n}"}]} for n in range(3)]
    assert parsed(tmp_path, "p.json", said)[1]["text"] == f"Which panel is open, 1?\n{PROSE} 1"


def test_of_texts_in_a_list_the_first_is_no_title(tmp_path):
    said = [{"tag": f"door-{n}", "patterns": [f"Is door {n} open?", f"How do I open door {n}?"],
             "responses": [f"Yes, door {n} is open.", f"Pull at door {n}, it will open."]} for n in range(3)]
    row = parsed(tmp_path, "intents.json", {"intents": said})[1]
    assert (row["title"], row["text"]) == ("", "\n".join(said[1]["patterns"] + said[1]["responses"]))


def test_headings_stand_above_the_texts_of_their_sections(tmp_path):
    said = [{"title": f"The house {n}", "sections": [{"heading": f"Part {part} of {n}", "text": f"{PROSE} {part} {n}"}
                                                     for part in range(3)]} for n in range(3)]
    row = parsed(tmp_path, "houses.json", said)[1]
    assert (row["title"], row["text"]) == ("The house 1", "\n".join(
        f"Part {part} of 1\n{PROSE} {part} 1" for part in range(3)))


def test_all_turns_before_the_answer_that_was_chosen_are_told(tmp_path):
    talks = [{"conversations": [{"from": who, "value": f"{said} {n}?"} for who, said in (
        ("human", "Which of the panels is open at"), ("gpt", "The one by the door is, do you mean house"),
        ("human", "And which one by night, in"))], "chosen": {"from": "gpt", "value": f"{PROSE} {n}"},
        "rejected": {"from": "gpt", "value": f"{OTHER} {n}"}} for n in range(3)]
    assert [(row["title"], row["text"]) for row in parsed(tmp_path, "talks.json", talks)] == [("", "\n".join(
        [*(turn["value"] for turn in talk["conversations"]), talk["chosen"]["value"]])) for talk in talks]


@pytest.mark.parametrize(("key", "wrap"), [("tokens", list), ("sentences", lambda words: [words, words[:7]])])
def test_words_of_which_a_text_is_made_are_put_together(key, wrap, tmp_path):
    lines = [{"id": f"E-{n}", key: wrap(f"{OTHER[:-1]} {n} .".split()), "ner_tags": ["O"] * 13} for n in range(3)]
    more = "" if key == "tokens" else " Whoever has read this far will know"
    rows = parsed(tmp_path, "ner.jsonl", "\n".join(map(json.dumps, lines)))
    assert rows[1]["text"] == f"{OTHER[:-1]} 1 .{more}"


def test_code_and_data_are_no_titles(tmp_path):
    check(tmp_path, {"vul_func_with_fix": "int main(int argc) { return 1; }", "Summary": PROSE}, "", f"{PROSE} 1")
    check(tmp_path, {"text": PROSE, "meta": '{"label": "one of them", "source": "here"}'}, "", f"{PROSE} 1")


def test_what_a_repository_is_for_is_not_said_of_its_parts(tmp_path):
    check(tmp_path, {"title": "It broke", "body": PROSE, "head": {"repo": {"description": OTHER}}}, "It broke",
          f"{PROSE} 1")


def test_a_question_in_which_its_choices_stand(tmp_path):
    lines = [{"id": f"E-{n}", "answerKey": "B", "question": {"stem": f"Which of these helps against {n}?", "choices": [
        {"label": "A", "text": f"A wall {n}"}, {"label": "B", "text": f"A checked input {n}"}]}} for n in range(3)]
    rows = parsed(tmp_path, "questions.jsonl", "\n".join(map(json.dumps, lines)))
    assert (rows[1]["title"], rows[1]["text"]) == ("Which of these helps against 1?", "A wall 1\nA checked input 1\nB")


def test_a_long_question_stands_before_its_answers(tmp_path):
    asked = [{"params": {"answers": [{"text": f"A wall {n}"}, {"text": f"A checked input {n}"}],
                         "question": f"{PROSE * 5} Which of these helps against {n}?"}} for n in range(3)]
    assert parsed(tmp_path, "quiz.json", {"questions": asked})[1]["text"] == (
        f"{PROSE * 5} Which of these helps against 1?\nA wall 1\nA checked input 1")


def test_reasons_and_answers_are_texts(tmp_path):
    check(tmp_path, {"question": "What is it for", "reasoning": f"{PROSE} {PROSE} {PROSE}", "final_answer": OTHER},
          "What is it for 1", f"{PROSE} {PROSE} {PROSE} 1\n{OTHER} 1")


@pytest.mark.parametrize(("fields", "text"), [
    ({"id": 1, "description": PROSE, "countermeasure": OTHER}, [PROSE, OTHER]),
    ({"details": {"impact": PROSE, "exploit": OTHER, "affected": f"{OTHER} So."}}, [PROSE, OTHER, f"{OTHER} So."]),
    ({"description": PROSE, "run.known_false_alarms": OTHER, "run.products": "Acme Gate 1.0 and 1.1 to 1.9 " * 3},
     [PROSE, OTHER]),
    ({"description": PROSE, "product": {"countermeasure": OTHER}}, [PROSE]),
])
def test_sentences_beside_a_text_are_one_too(fields, text, tmp_path):
    """Whatever they are called; a product's, in its own room, are not, nor are lists of names."""
    many = [json.loads(json.dumps({"title": f"A title {n}", **fields}).replace(".\"", f" in case {n}.\""))
            for n in range(3)]
    rows = parsed(tmp_path, "a.json", many)
    assert rows[1]["text"] == "\n".join(part.removesuffix(".") + " in case 1." for part in text)


@pytest.mark.parametrize(("fields", "title"), [
    ({"massnahme": OTHER, "titel": "Ein Fehler im Programm"}, "Ein Fehler im Programm 1"),
    ({"asunto": "Un fallo en el programa", "accion": "Hay que ponerlo al dia"}, "Un fallo en el programa 1"),
    ({"accion": "Hay que ponerlo al dia", "vulName": "A fault of the programme"}, "A fault of the programme 1"),
    ({"one": "The first of the fields", "another": "The second of the fields"}, "The first of the fields 1"),
])
def test_titles_by_what_they_are_called_like_and_their_order(fields, title, tmp_path):
    rows = rows_of(tmp_path, {**fields, "beschreibung": f"{PROSE} {PROSE} {PROSE}"})
    assert rows[1][0] == title


@pytest.mark.parametrize("name", ["[concat(parameters('a'),'/b')]", "{{ rule.name }}", "${rule.name}", "rule_a24482",
                                  "a24482-b/c"])
def test_words_are_a_title_before_expressions_and_slugs(name, tmp_path):
    records = [{"name": f"{name}{n}", "properties": {"displayName": f"A rule of it {n}", "description": f"{PROSE} {n}"}}
               for n in range(3)]
    rows = parsed(tmp_path, "rules.json", {"resources": records})
    assert [row["title"] for row in rows] == [f"A rule of it {n}" for n in range(3)]
    assert all(row["id"].startswith(("sha-", "rule_", "a24")) for row in rows)


def test_a_slug_is_one_before_labels_and_where_nothing_else_is(tmp_path):
    check(tmp_path, {"name": "warn_1", "label": "Of the second kind", "body": PROSE}, "warn_1", f"{PROSE} 1")


@pytest.mark.parametrize("lines", [False, True])
def test_base64_is_no_text(lines, tmp_path):
    code = (base64.encodebytes if lines else base64.b64encode)(f"{PROSE} {OTHER} {PROSE}".encode()).decode()
    check(tmp_path, {"title": "A title", "content": code}, "A title", "")
    check(tmp_path, {"title": "A title", "content": code, "notes": OTHER}, "A title", f"{OTHER} 1")


@pytest.mark.parametrize(("fields", "title", "text"), [
    ({"card": f"{PROSE} {OTHER}", "tags": ["x"]}, "", f"{PROSE} {OTHER} 1"), ({"card": PROSE}, "", f"{PROSE} 1")])
def test_a_text_that_is_called_card_is_one(fields, title, text, tmp_path):
    """Of a model, say."""
    check(tmp_path, fields, title, text)


@pytest.mark.parametrize("text", [
    f"A rule with %{{REQUEST_URI}} is read twice. {PROSE}", f"Mozilla/5.0 is said. {PROSE}"])
def test_a_text_on_what_tools_look_for_is_one(text, tmp_path):
    check(tmp_path, {"title": "A title", "description": text}, "A title", f"{text} 1")


@pytest.mark.parametrize("number", [
    lambda n: base64.b64encode(f"08:Advisory{n:06}".encode()).decode(),
    lambda n: base64.b64encode(bytes(range(n, n + 32))).decode(), lambda n: f"aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW{n}yZ"])
@pytest.mark.parametrize("key", ["id", "key", "node_id"])
def test_an_id_may_look_like_base64(key, number, tmp_path):
    entries = [{key: number(n), "title": f"Event {n}", "description": f"{PROSE} {n}"} for n in range(3)]
    assert [row["id"] for row in parsed(tmp_path, "dump.json", entries)] == [number(n) for n in range(3)]


@pytest.mark.parametrize(("more", "number"), [({}, "1.{n}"), ({"req_id": "{n}"}, "{n}")])
def test_a_sections_number_is_an_id_where_there_is_no_other(more, number, tmp_path):
    entries = [{"section_id": f"1.{n}", **{key: value.format(n=f"R{n}") for key, value in more.items()},
                "title": f"Event {n}", "description": f"{PROSE} {n}"} for n in range(3)]
    told = [row["id"] for row in parsed(tmp_path, "dump.json", entries)]
    assert told == [number.format(n=f"R{n}" if more else n) for n in range(3)]


@pytest.mark.parametrize("code", [
    *(base64.b64encode(f"{word} of the house".encode()).decode() for word in ("Panels", "A door", "Lids 42")),
    "%{IP:client} %{WORD:method} is what the panel said to", "^Failed login of %{USER}",
    "Mozilla/5.0 (X11; Linux) of ours"])
def test_short_base64_grok_and_browsers_are_no_text(code, tmp_path):
    check(tmp_path, {"title": "A title", "content": code}, "A title", "")
    check(tmp_path, {"title": "A title", "message": code, "notes": OTHER}, "A title", f"{OTHER} 1")


@pytest.mark.parametrize(("told", "status"), [
    (["Delaware", "New York", "Ohio"], [None] * 3), (["DE", "NY", "OH"], [None] * 3), (["open", "mended", "open"],) * 2,
    (["In Progress", "Ready for QA", "Embargoed"],) * 2, (["embargoed", "embargoed", "embargoed"],) * 2])
@pytest.mark.parametrize("wrap", [lambda word: word, lambda word: {"name": word}])
def test_a_state_may_be_one_on_the_map(told, status, wrap, tmp_path):
    rows = parsed(tmp_path, "dump.json", [
        {"id": f"E-{n}", "title": f"Event {n}", "text": f"{PROSE} {n}", "state": wrap(told[n])} for n in range(3)])
    assert [json.loads(row["meta"]).get("status") for row in rows] == status


@pytest.mark.parametrize(("said", "status"), [
    ({"status": {"name": "Fixed"}}, "Fixed"), ({"status": {"id": 7, "title": "Fixed"}}, "Fixed"),
    ({"author": {"name": "Joe", "status": "away"}}, None), ({"author": {"status": {"name": "away"}}}, None),
    ({"status": {"author": {"name": "Joe"}}}, None), ({"build": {"log": {"status": "late"}}}, None),
    ({"badge": {"name": "Fixed"}}, None), ({"status": {"title": f"{PROSE} {OTHER}"}}, None),
    ({"notes": [{"status": "Fixed"}, {"status": "new"}]}, None), ({"author_status": "away"}, None),
    ({"state": "open", "status": {"name": "Fixed"}}, "open")])
def test_the_status_of_a_record_is_its_own_and_a_word(said, status, tmp_path):
    rows = parsed(tmp_path, "dump.json", [{"id": f"E-{n}", "title": f"Event {n}", "text": f"{PROSE} {n}"} | said
                                          for n in range(3)])
    assert [json.loads(row["meta"]).get("status") for row in rows] == [status] * 3


@pytest.mark.parametrize("key", ["lang", "language", "locale", "@language"])
@pytest.mark.parametrize("english", ["en", "en-US"])
def test_of_several_languages_english_is_read(key, english, tmp_path):
    def said(german, text):
        return [{key: "de", "value": german}, {key: english, "value": text}]

    records = [{"id": "E-0", "titles": said("Ein Fehler", "A fault")[:1], "descriptions": said(OTHER, PROSE)[:1]}]
    records += [{"id": f"E-{n}", "titles": said("Ein Fehler", f"A fault {n}"),
                 "descriptions": said(OTHER, f"{PROSE} {n}")} for n in (1, 2)]
    rows = parsed(tmp_path, "a.json", records)
    assert [(row["title"], row["text"]) for row in rows] == [
        ("Ein Fehler", OTHER), ("A fault 1", f"{PROSE} 1"), ("A fault 2", f"{PROSE} 2")]


def test_comments_in_several_languages_are_all_read(tmp_path):
    said = [{"lang": "en", "text": PROSE}, {"lang": "de", "text": OTHER}, {"lang": "en", "text": f"{PROSE} 2"}]
    check(tmp_path, {"title": "A title of it", "comments": said}, "A title of it 1", f"{PROSE}\n{OTHER}\n{PROSE} 2")


@pytest.mark.parametrize(("name", "number", "id_"), [
    ("zdi_id", "ZDI-31-", "ZDI-31-1"), ("cwe_id", "CWE-", "CVE-2031-0001"), ("plugin", "ZDI-31-", "CVE-2031-0001")])
def test_upstreams_own_number_before_a_cves(name, number, id_, tmp_path):
    """Which is among the aliases then."""
    rows = parsed(tmp_path, "a.json", [{"cve": f"CVE-2031-000{n}", name: f"{number}{n}", "title": "A title of it",
                                        "details": f"{PROSE} {n}"} for n in range(4)])
    assert rows[1]["id"] == id_
    assert json.loads(rows[1]["meta"]) == ({"aliases": "CVE-2031-0001"} if name == "zdi_id" else {})


@pytest.mark.parametrize("more", [
    {"how_to_report": f"Write to us at once if you can. {OTHER}"},  # one record shows not what all have
    {"description_de": f"Was mit dem Server im Sommer geschehen ist. {OTHER}"},
    {"rejected": f"It never was so at all, said they. {OTHER}"}, {"speaker_bio": f"Has told it for years. {OTHER}"},
])
def test_what_does_not_join_a_text(more, tmp_path):
    assert rows_of(tmp_path, {"title": "It broke", "description": PROSE, **more})[0][1].startswith(PROSE)
    row, = parsed(tmp_path, "one.json", {"id": "1", "title": "It broke", "description": PROSE, **more})
    assert row["text"] == PROSE


@pytest.mark.parametrize("owner", ["product", "vendor", "project", "group", "category"])
def test_descriptions_of_things_are_a_records_own(owner, tmp_path):
    rows = rows_of(tmp_path, {f"{owner}_title": "It broke", f"{owner}_description": PROSE})
    assert [text.startswith(PROSE) for _, text in rows] == [True] * len(rows)


ASKED = "Why does the server write a line for each of these requests?"
CODE = "TheEvents\n| where kind == 7  // Rare ones are looked for here.\n| count"


@pytest.mark.parametrize("suffix", ["json", "jsonl", "csv"])
@pytest.mark.parametrize(("fields", "title", "text"), [
    ({"question": PROSE * 5, "answer": OTHER}, "", [PROSE * 5, OTHER]),
    ({"answer": OTHER, "Question": PROSE * 5}, "", [PROSE * 5, OTHER]),
    ({"query": PROSE * 5, "response": OTHER}, "", [PROSE * 5, OTHER]),
    ({"query": ASKED, "response": OTHER}, ASKED, [OTHER]),
    ({"title": "It broke at last", "question": ASKED, "answer": OTHER}, "It broke at last", [ASKED, OTHER]),
    ({"name": "The seed of it", "description": OTHER, "value": PROSE * 5}, "The seed of it", [OTHER, PROSE * 5]),
    ({"name": "The seed of it", "description": OTHER, "value": PROSE}, "The seed of it", [OTHER, PROSE]),
    ({"name": "The rule of it", "description": OTHER, "query": CODE}, "The rule of it", [OTHER]),
    ({"name": "The rule of it", "description": OTHER, "query": CODE * 9}, "The rule of it", [OTHER]),
    ({"name": "The size of it", "description": OTHER, "value": "10 of them all"}, "The size of it", [OTHER]),
])
def test_what_is_asked_is_a_title_or_a_text(fields, title, text, suffix, tmp_path):
    """Too long for a title it is a text, before its answer, and so it is beside a title; a machine's query is none."""
    records = [{key: f"{value} {n}" for key, value in fields.items()} for n in range(3)]
    if suffix == "csv":
        rows = io.StringIO()
        csv.writer(rows).writerows([[*fields], *([*record.values()] for record in records)])
        records = rows.getvalue()
    elif suffix == "jsonl":
        records = "\n".join(map(json.dumps, records))
    row = parsed(tmp_path, f"a.{suffix}", records)[1]
    assert (row["title"], row["text"]) == (f"{title} 1" if title else "", "\n".join(f"{part} 1" for part in text))


def test_a_single_records_long_value_and_choices_of_a_long_question(tmp_path):
    row, = parsed(tmp_path, "one.yaml", f"name: A seed\ndescription: {OTHER}\nvalue: {PROSE * 5}\n")
    assert (row["title"], row["text"]) == ("A seed", f"{OTHER}\n{PROSE * 5}")
    check(tmp_path, {"options": ["A wall", "A moat"], "question": PROSE * 5, "answer": "B"}, "",
          f"{PROSE * 5} 1\nA wall\nA moat\nB")


@pytest.mark.parametrize("suffix", ["json", "yaml"])
@pytest.mark.parametrize(("more", "joins"), [
    ({"risk": PROSE * 2}, True), ({"Attack_Scenario": PROSE * 2}, True), ({"risk": "It may be bad."}, False),
    ({"risk": "Acme Gate 1.0 and 1.1 to 1.9 " * 9}, False), ({"how_to_report": PROSE * 2}, False),
    ({"ReportingPolicy": PROSE * 2}, False), ({"legal": PROSE * 2}, False), ({"author_bio": PROSE * 2}, False),
    ({"vendor": {"risk": PROSE * 2}}, False), ({"uses": [{"risk": PROSE * 2}, {"risk": OTHER * 2}]}, False),
])
def test_what_joins_the_text_of_a_single_record(more, joins, suffix, tmp_path):
    """Long sentences do, as nothing shows whether others have the same, unless they are called like boilerplate."""
    row, = parsed(tmp_path, f"one.{suffix}", {"id": "1", "title": "It broke", "description": OTHER * 3, **more})
    assert row["text"] == "\n".join([OTHER * 3, *more.values()] if joins else [OTHER * 3])


def test_parts_that_rank_alike_stand_as_in_their_records(tmp_path):
    names = ["vuln_descr", "RationaleStatement", "ImpactStatement", "AuditProcedure"]
    check(tmp_path, {name: f"{PROSE} {name}" for name in names}, "", "\n".join(f"{PROSE} {name} 1" for name in names))


def test_a_question_before_its_choices_and_several_right_ones(tmp_path):
    check(tmp_path, {"options": ["A wall", "A moat", "A hill"], "question_text": ASKED, "correct_options": ["A", "C"]},
          "", f"{ASKED} 1\nA wall\nA moat\nA hill\nA\nC")


def test_a_topic_of_sentences_is_a_text(tmp_path):
    """An errata's, which was neither the title nor a text."""
    check(tmp_path, {"name": "FOO-2031:1", "synopsis": "Important: panel update", "description": PROSE, "topic": OTHER},
          "Important: panel update", f"{PROSE} 1\n{OTHER} 1")


def test_why_an_answer_is_right_stands_behind_the_answers(tmp_path):
    columns = {"A": "A wall", "B": "A moat", "C": "A hill", "Answer": "B"}
    check(tmp_path, {"Question": "What is best?", **columns, "Explanation": PROSE}, "What is best?",
          f"A wall\nA moat\nA hill\nB\n{PROSE} 1")


@pytest.mark.parametrize("name", ["reported_by", "discoveredBy", "credit", "credits", "researcher", "rejected_answer",
                                  "from", "sender", "assigned_to", "assignee", "owner"])
def test_names_of_persons_and_wrong_answers_are_no_titles(name, tmp_path):
    check(tmp_path, {"description": PROSE, name: "Ann Example of Acme"}, "", f"{PROSE} 1")


def test_a_regular_expression_is_no_title_and_a_weakness_no_id(tmp_path):
    rules = [r"\bstrcpy\s*\(", r"(md2_init\s*\()|(md2)", r"\bgets\s*\(\s*\w+\s*\)"]
    said = [{"cwe_id": f"CWE-{n // 2}", "description": f"{PROSE} {n}", "rule": rule, "pattern_id": f"unsafe-{n}"}
            for n, rule in enumerate(rules)]
    rows = parsed(tmp_path, "a.json", said)
    assert [(row["id"], row["title"]) for row in rows] == [(f"unsafe-{n}", "") for n in range(3)]
    said = [{key: value for key, value in one.items() if key != "pattern_id"} | {"rule": "C:\\windows\\system.exe"}
            for one in said]
    assert [(row["id"][:4], row["title"]) for row in parsed(tmp_path, "b.json", said)] == [
        ("CWE-", "C:\\windows\\system.exe")] * 3


def test_the_cve_of_some_records_is_among_the_aliases(tmp_path):
    rows = parsed(tmp_path, "a.json", [{"id": f"acme-{n}", "cve": f"CVE-2031-000{n}" if n < 2 else None,
                                        "advisory": f"{PROSE} {n}"} for n in range(4)])
    assert [row["id"] for row in rows] == [f"acme-{n}" for n in range(4)]
    assert [json.loads(row["meta"]).get("aliases") for row in rows] == ["CVE-2031-0000", "CVE-2031-0001", None, None]
    rows = parsed(tmp_path, "b.json", [{"cve": f"CVE-2031-000{n}", "advisory": f"{PROSE} {n}"} for n in range(4)])
    assert [(row["id"], row["meta"]) for row in rows] == [(f"CVE-2031-000{n}", "{}") for n in range(4)]


@pytest.mark.parametrize(("gone", "reason"), [
    ({"isWithdrawn": True}, "withdrawn"), ({"withdrawn_date": "2031-01-02"}, "withdrawn"),
    ({"retracted": "true"}, "retracted"),
    ({"obsolete": True}, "obsolete"), ({"dateRejected": "2031-01-02T03:04:05Z"}, "REJECTED"),
    ({"state": "open", "record_status": "deprecated"}, "deprecated")])
def test_what_says_that_a_record_is_gone(gone, reason, tmp_path):
    alive = {name: "open" if name.endswith(("state", "status")) else False for name in gone}
    rows = parsed(tmp_path, "flags.json", [{"id": n, "title": f"It {n} broke", "text": f"{PROSE} {n}",
                                            **(gone if n == 3 else alive)} for n in range(6)])
    assert [row["dropped"] for row in rows] == [reason if n == 3 else None for n in range(6)]


@pytest.mark.parametrize("said", [
    {"author": {"name": "Joe", "deleted": True}}, {"author_deleted": True}, {"build": {"log": {"removed": True}}},
    {"notes": [{"text": "so", "deleted": True}, {"text": "no", "removed": True}]}, {"removed": 3}, {"removed": 12},
    {"removed": [0, 1, 2, 1, 1, 5]}, {"withdrawn": [0, 1, 2, 1, 1, 5]}, {"rejected": f"{PROSE} {OTHER}"},
    {"deleted": "a file or two of it"}])
def test_what_is_gone_beside_or_in_a_record_sets_it_not_aside(said, tmp_path):
    """What is given as a list is one for each record: a count."""
    own = [{key: value[n] if key in ("removed", "withdrawn") and type(value) is list else value
            for key, value in said.items()} for n in range(6)]
    rows = parsed(tmp_path, "flags.json", [{"id": n, "title": f"It {n} broke", "text": f"{PROSE} {n}"} | own[n]
                                           for n in range(6)])
    assert [row["dropped"] for row in rows] == [None] * 6


def test_parts_by_any_key_before_those_that_are_named_one_by_one(tmp_path):
    """Some records' parts are called like fields (a status, a date): there are more of the others than are read."""
    like_fields = ["status", "created", "description", "type", "url", "version", "author"]
    others = [f"Member{n}" for n in range(4)]
    shapes = {f"S{n}": {"documentation": f"{PROSE * 4} {n}",
                        "members": {name: {"documentation": f"{PROSE} {name} {n}"} for name in names}}
              for n, names in enumerate([like_fields, others, others, others])}
    rows = parsed(tmp_path, "a.json", json.dumps({"shapes": shapes}))
    assert [row["text"].count("\n") for row in rows] == [7, 4, 4, 4]


def test_a_short_text_in_small_letters_is_not_its_title(tmp_path):
    check(tmp_path, {"text": f"{PROSE} So it was, by Number", "lowered": f"{PROSE} So it was, by Number".lower()},
          "", f"{PROSE} So it was, by Number 1")


@pytest.mark.parametrize("suffix", ["json", "csv"])
def test_a_cves_number_without_these_letters(suffix, tmp_path):
    numbers = ["2031-1001", "2031-1002", "CVE-2031-1003"]
    rows = [{"cve": number, "summary": f"{PROSE} {number}"} for number in numbers[:2]] * 20
    rows.append({"cve": numbers[2], "summary": f"{PROSE} {numbers[2]}"})
    content = rows if suffix == "json" else "cve,summary\n" + "".join(f"{r['cve']},{r['summary']}\n" for r in rows)
    ids = [row["id"] for row in parsed(tmp_path, f"a.{suffix}", content)]
    assert [ids[0], ids[1], ids[-1]] == ["CVE-2031-1001", "CVE-2031-1002", "CVE-2031-1003"]


def test_long_regular_expressions_and_filters_are_no_text_beside_one(tmp_path):
    conditions = [{"field": "body", "value": r"(?i)\b(forget|leave out) (all|each)\s+of it " * 9},
                  {"field": "head", "value": r"(?i)\bnew\s+(rules|words) are " * 9}]
    check(tmp_path, {"description": PROSE, "conditions": conditions}, "", f"{PROSE} 1")
    words = "evt.Kind in ['head', 'body'] and evt.Name contains 'foo' "
    check(tmp_path, {"filter": words * 9, "description": PROSE}, "", f"{PROSE} 1")


@pytest.mark.parametrize(("name", "dropped"), [("deprecated", "deprecated"), ("DEPRECATED", "deprecated"),
                                               ("withdrawn", "withdrawn"), ("rejected", None), ("removed", None)])
def test_why_a_record_is_gone_sets_it_aside(name, dropped, tmp_path):
    """A text of such a name says why; what was rejected may be an answer, what was removed a part."""
    records = [{"id": f"E-{n}", "title": f"Event {n}", "description": f"{PROSE} {n}"} for n in range(6)]
    records[2][name] = "Replaced by two others, since it told of two things at once."
    rows = parsed(tmp_path, "a.json", records)
    assert [row["dropped"] for row in rows] == [dropped if n == 2 else None for n in range(6)]


@pytest.mark.parametrize("own", [lambda n: n + 1, lambda n: f"11111111-2222-4333-8444-55555555555{n}"])
def test_a_public_number_is_the_id_before_a_databases_own(own, tmp_path):
    records = [{"id": own(n), "fooId": f"FOO-31-00{n}", "title": f"Event {n}", "description": f"{PROSE} {n}"}
               for n in range(3)]
    assert [row["id"] for row in parsed(tmp_path, "a.json", records)] == [f"FOO-31-00{n}" for n in range(3)]


@pytest.mark.parametrize("count", [1, 3])
def test_a_public_number_is_the_id_before_a_short_code(count, tmp_path):
    records = [{"short_code": "FL", "name": f"FLSA-2031:{n}", "synopsis": f"Event {n} of it", "description": PROSE}
               for n in range(count)]
    rows = parsed(tmp_path, "a.json", records if count > 1 else records[0])
    assert [row["id"] for row in rows] == [f"FLSA-2031:{n}" for n in range(count)]


def test_telephone_numbers_are_no_ids(tmp_path):
    teams = [{"team_name": f"Team number {n}", "description": f"{PROSE} {n}", "phone_number": f"+99 1 000 10{n}",
              "phones": [{"number": f"+99 1 000 20{n}"}]} for n in range(6)]
    assert all(row["id"].startswith("sha-") for row in parsed(tmp_path, "teams.json", teams))



def test_sentences_with_a_path_or_a_formula_in_them_are_a_text_beside_one(tmp_path):
    behaviour = r"It copies itself to C:\Program Files\(any name).exe, and asks its server for what to do. " * 2
    row, = parsed(tmp_path, "dump.json", {"id": "E-1", "description": PROSE, "what_it_does": behaviour})
    assert "asks its server" in row["text"]


@pytest.mark.parametrize(("parts", "id"), [
    ({"steps": [{"op": "push", "number": "0x7 = Door"}, {"op": "pop", "number": "0x1E = Wall"}]}, None),
    ({"examples": [{"identifier": "FullName", "column": "a"}]}, None), ({"weaknesses": [{"id": "CWE-79"}]}, None),
    ({"vulnerabilities": [{"cve": "CVE-2031-0001"}]}, "CVE-2031-0001"),
    ({"article-ids": [{"id": "doc.31.7", "type": "ours"}]}, "doc.31.7")])
def test_a_parts_number_is_not_the_records(parts, id, tmp_path):
    """An operand of a rule was its id."""
    row, = parsed(tmp_path, "rule.json", {"title": "Doors that open", "text": PROSE, **parts})
    assert row["id"] == id if id else row["id"].startswith("sha-")


def test_a_column_called_like_a_number_sign_holds_the_ids(tmp_path):
    rows = parsed(tmp_path, "a.csv", "Domain,Foo #,Description,Bug #\n" + "".join(
        f"Doors,DR-0{n},{PROSE} Number {n}.,17\n" for n in range(6)))
    assert [row["id"] for row in rows] == [f"DR-0{n}" for n in range(6)]


def test_a_text_of_an_unknown_name_at_all_depths_of_a_tree(tmp_path):
    """Only the deepest were read."""
    def node(name, *children):
        return {"id": name, "what_to_do": f"{PROSE} {name}."} | ({"children": list(children)} if children else {})
    first = node("a", node("a1"), {"id": "a2", "children": [node("a3"), node("a4")]})
    rows = parsed(tmp_path, "tree.json", {"content": [first, node("b", node("b1")), node("c")]})
    assert [(row["id"], row["title"], row["text"]) for row in rows] == [
        ("a", "", f"{PROSE} a.\n{PROSE} a1.\n{PROSE} a3.\n{PROSE} a4."), ("b", "", f"{PROSE} b.\n{PROSE} b1."),
        ("c", "", f"{PROSE} c.")]

"""What may be learned: never a record with a uniform label, nor a text that reads the same; counts that add up."""

import json
import re
import shutil
import sys
from collections import Counter

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cybersieve import injections, labels, params, parse, records, synthetic, training_data
from cybersieve.errors import InputError
from cybersieve.records import PARSED, Record
from tests.conftest import ROOT, run

THINGS = ["kettle", "botnet", "orchard", "firewall", "ferry", "rootkit", "violin", "worm", "bakery", "exploit"]
SECURITY = {"botnet", "firewall", "rootkit", "worm", "exploit"}
UNIFORM = {0, 3, 7}


@pytest.fixture
def parsed(tmp_path):
    """40 records; the last two read like record 0, one by another title and one by another spelling."""
    rows = [Record(str(i), "notes.json", str(i), f"Note {i}", f"A {word} seen on day {i} by the old bridge", {})
            for i, word in enumerate(THINGS * 4)]
    rows.append(Record("another title", "notes.json", "x", "Copied", rows[0].text, {}))
    rows.append(Record("another spelling", "notes.json", "y", rows[0].title.upper(),
                       rows[0].text.replace(" ", " \u2013 ") + "!", {}))
    records.write(tmp_path / "parsed/notes.json.parquet", (one.row() for one in rows), PARSED)
    return tmp_path / "parsed"


@pytest.fixture
def label_folder(tmp_path):
    folder = tmp_path / "labels"
    folder.mkdir()
    known = [f"notes.json,{i},{int(word in SECURITY)}" for i, word in enumerate(THINGS * 4)]
    more = ["notes.json,another title,1", "notes.json,another spelling,0"]
    (folder / labels.STRATIFIED).write_text("\n".join(["file,id,label", *known, *more, ""]))
    uniform = [f"notes.json,{i},1" for i in sorted(UNIFORM)]
    (folder / labels.UNIFORM).write_text("\n".join(["file,id,label", *uniform, ""]))
    return folder


@pytest.fixture
def gold(tmp_path, parsed):
    """Texts of another source: four to learn, the text of a uniform record in capitals, one empty, one in doubt."""
    uniform = next(row["text"] for row in records.read(parsed / "notes.json.parquet") if row["id"] == "3")
    rows = [{"text": f"{word} in the spring sale, number {label} of the list", "label": label}
            for word, label in (("teapots", 0), ("ransomware", 1), ("sandals", 0), ("phishing kits", 1))]
    rows += [{"text": uniform.upper(), "label": 1}, {"text": "...", "label": 0}, {"text": "who knows", "label": None},
             {"text": "One text, two answers", "label": 0}, {"text": "one text: two answers", "label": 1}]
    path = tmp_path / "gold.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def prepare(tmp_path, parsed, label_folder, gold, name, *more):
    run(sys.executable, ROOT / "stages/prepare_training.py", "--parsed-dir", parsed, "--labels", label_folder, "--gold",
        gold, "--output-dir", tmp_path / name, "--synthetic", 1, "--injected", 40, *more)
    return tmp_path / name


def test_prepared_data_adds_up_holds_no_uniform_record_and_is_the_same_twice(tmp_path, parsed, label_folder, gold):
    first = prepare(tmp_path, parsed, label_folder, gold, "first")
    rows = [json.loads(line) for line in (first / "training.jsonl").read_text().splitlines()]
    counts = records.load_json(first / "counts.json")
    assert counts["read"] - sum(counts["left_out"].values()) + counts["copies"] - sum(
        counts["copies_left_out"].values()) == counts["written"] == len(rows)
    assert counts["left_out"]["reads like a record with a uniform label"] == 3  # two in parsed, one in gold
    assert counts["left_out"]["empty"] == counts["left_out"]["same text with both labels"] == 1
    assert sum(sum(each.values()) for each in counts["by_source"].values()) == len(rows)
    assert counts["by_source"]["injected"] == {"no": 40, "yes": 20}
    uniform = [training_data.normalise(f"A {THINGS[i]} seen on day {i} by the old bridge") for i in UNIFORM]
    assert not [row for row in rows for text in uniform if text in training_data.normalise(row["text"])]

    second = prepare(tmp_path, parsed, label_folder, gold, "second")
    for path in sorted(first.iterdir()):
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name


def test_of_the_rest_a_share_is_taken_and_labelled_records_always(tmp_path, parsed, label_folder, gold):
    whole = prepare(tmp_path, parsed, label_folder, gold, "whole")
    part = prepare(tmp_path, parsed, label_folder, gold, "part", "--rest", "0.2")
    counts = records.load_json(part / "counts.json")
    assert counts["read"] - sum(counts["left_out"].values()) + counts["copies"] - counts["not_in_rest"] - sum(
        counts["copies_left_out"].values()) == counts["written"]
    lines, fewer = (set((folder / "training.jsonl").read_text().splitlines()) for folder in (whole, part))
    assert fewer < lines and len(fewer) < 0.8 * len(lines)
    labelled = {line for line in lines if json.loads(line).get("weight") == training_data.LABELLED}
    assert labelled and labelled <= fewer
    held_back = {line for line in lines if training_data.share(json.loads(line)["group"]) < 0.08}
    assert held_back <= fewer, "what adapt holds back is not learned, so it need not be saved"


def test_whole_sources_are_kept_and_more_labels_are_taken(tmp_path, parsed, label_folder, gold):
    """Labels of a further file: under its name, decided ones only, and never of a record with a uniform label."""
    more = tmp_path / "further.csv"
    more.write_text("file,id,label\nnotes.json,0,1\nnotes.json,1,1\nnotes.json,another title,1\nnotes.json,4,u\n")
    (label_folder / labels.STRATIFIED).write_text("file,id,label\n")
    part = prepare(tmp_path, parsed, label_folder, gold, "part", "--rest", "0", "--held-back", "0",
                   "--whole", "written", "further", "--labelled", more)
    kept = [json.loads(line) for line in (part / "training.jsonl").read_text().splitlines()]
    originals = [row for row in kept if row["group"] == training_data.fingerprint(row["text"])]
    found = Counter(row["source"] for row in originals)
    assert found == {"further": 1, "written": len(list(training_data.read_jsonl(synthetic.WRITTEN)))}


@pytest.mark.parametrize("path", [synthetic.WRITTEN, ROOT / "bench/registers.jsonl"], ids=lambda path: path.stem)
def test_written_texts_are_balanced_in_every_register_and_no_text_stands_twice(path):
    rows = list(training_data.read_jsonl(path))
    assert len({row["group"] for row in rows}) == len(rows) >= 200
    for register in {row["stratum"] for row in rows}:
        mine = [row["label"] for row in rows if row["stratum"] == register]
        assert len(mine) >= 50 and 0.45 <= sum(mine) / len(mine) <= 0.55, register


def test_registers_that_are_only_measured_are_none_that_are_learned():
    learned = list(training_data.read_jsonl(synthetic.WRITTEN))
    measured = list(training_data.read_jsonl(ROOT / "bench/registers.jsonl"))
    assert not {row["group"] for row in learned} & {row["group"] for row in measured}
    assert not {row["stratum"] for row in learned} & {row["stratum"] for row in measured}


@given(st.lists(st.sampled_from(["kettle", "Straße", "Ünïcode", "42", "naïve", "東京"]), min_size=5, max_size=12),
       st.lists(st.sampled_from([" ", "  ", "\n", " - ", ", ", "\u00a0", "; "]), min_size=12, max_size=12),
       st.sampled_from([str.upper, str.lower, str.casefold, str.title]), st.sampled_from(["", "Some other title\n"]))
@settings(max_examples=150)
def test_a_text_that_reads_the_same_never_gets_in(words, joints, case, title):
    """Whatever its case, punctuation, white space or title."""
    written = "".join(word + joint for word, joint in zip(words, joints, strict=False))
    row = training_data.row(title + case(written), 1, "x")
    kept, left_out = training_data.clean([row], {training_data.fingerprint(" ".join(words))})
    assert not kept and left_out == {"reads like a record with a uniform label": 1}


def test_a_copy_of_a_banned_text_is_banned_by_its_group():
    original = training_data.row("A botnet was seen\nOn day one, by the old bridge", 1, "x")
    copies = list(training_data.shortened_copies([original], 1.0))
    assert copies and training_data.clean(copies, {original["group"]})[0] == []


def test_descriptions_of_five_words_or_more_are_banned_by_themselves(tmp_path):
    known = {"1": ("Title", "one two three four"), "2": ("Title", "one two three four five"), "3": ("Title", "other")}
    records.write(tmp_path / "parsed/a.json.parquet", (
        Record(key, "a.json", key, *words, {}).row() for key, words in known.items()), PARSED)
    (tmp_path / labels.UNIFORM).write_text("file,id,label\na.json,1,1\na.json,2,0\n")
    banned = training_data.never(tmp_path / "parsed", tmp_path)
    assert banned == set(map(training_data.fingerprint, (
        "Title\none two three four", "Title\none two three four five", "one two three four five")))
    for text, like in (("Another\nOne, two, three, four, five!", True), ("Another\none two three four", False),
                       ("one two three four five", True), ("Title\nother", False)):
        assert training_data.reads_like(training_data.row(text, 1, "x"), banned) == like


def test_shortened_copies_are_titles_or_beginnings_of_three_words_or_more():
    words = " ".join(f"w{n}" for n in range(40))
    rows = [training_data.row(f"{title}\n{n} {words}", n % 2, "x", "s") for n in range(60)
            for title in ("Two words", "Of three words")]
    assert list(training_data.shortened_copies(rows, 0.0)) == []
    copies = list(training_data.shortened_copies(rows, 1.0))
    assert 60 < len(copies) < len(rows), "a title of two words is no copy"
    whole = {row["group"]: row for row in rows}
    for copy in copies:
        row = whole[copy["group"]]
        assert copy == row | {"text": copy["text"]} and row["text"].startswith(copy["text"])
        assert copy["text"] == "Of three words" or 8 <= len(copy["text"].split(" ")) <= 30


def test_a_table_of_rows_by_source_and_label():
    rows = [training_data.row(text, label, source, stratum) for text, label, source, stratum in (
        ("a", 1, "b", ""), ("b", 0, "b", "injected"), ("c", 0, "b", ""), ("d", 1, "a", "injected:note"),
        ("e", 1, "a", ""))]
    assert training_data.table(rows) == {"a": {"yes": 1}, "b": {"no": 2, "yes": 1}, "injected": {"yes": 1}}


def test_every_row_is_kept_or_counted():
    texts = ["A kettle", "a kettle!", "A worm", "", "?", "A ferry", "A FERRY", "A ferry."]
    rows = [training_data.row(text, label, "x") for text, label in zip(texts, [0, 0, 1, 0, 1, 0, 1, 0], strict=True)]
    kept, left_out = training_data.clean(rows, {training_data.fingerprint("a worm")})
    assert [row["text"] for row in kept] == ["A kettle"]
    assert left_out == {"empty": 2, "same text again": 3, "same text with both labels": 1,
                        "reads like a record with a uniform label": 1}
    assert len(rows) == len(kept) + sum(left_out.values())


def test_injected_copies_keep_the_label_and_use_train_kinds_only():
    rows = [training_data.row(f"{word} number {n}", int(word in SECURITY), "x") for n in range(9) for word in THINGS]
    copies = list(training_data.injected_copies(rows, 120, 60))
    assert Counter(copy["label"] for copy in copies) == {0: 120, 1: 60}
    label = {row["group"]: row["label"] for row in rows}
    assert all(label[copy["group"]] == copy["label"] for copy in copies)
    train = {kind.name for kind in injections.load() if kind.use == "train"}
    assert {copy["stratum"].removeprefix("injected:") for copy in copies} <= train


def test_own_texts_are_filled_in_and_the_same_each_time():
    rows = list(synthetic.texts(2))
    assert rows == list(synthetic.texts(2)) and rows != list(synthetic.texts(2, seed=1))
    assert {row["label"] for row in rows} == {0, 1} and not [row for row in rows if re.search(r"[{}|]", row["text"])]
    slots = yaml.safe_load(synthetic.TEMPLATES.read_text())["slots"]
    assert not [row for row in rows for name in slots if f"<{name}>" in row["text"]]


@pytest.mark.parametrize("line", ['{"text": 3, "label": 1}', '{"text": "a", "label": 1, "weight": "much"}',
                                  '{"text": "a", "label": 1, "weight": NaN}', '{"text": "a", "label": 2}', "[]", "{"])
def test_a_malformed_line_is_named(tmp_path, line):
    path = tmp_path / "bad.jsonl"
    path.write_text(f'{{"text": "fine", "label": 1}}\n{line}\n', encoding="utf-8-sig")  # as Windows writes it
    with pytest.raises(InputError, match="line 2"):
        list(training_data.read_jsonl(path))


def test_what_a_line_may_hold(tmp_path):
    path = tmp_path / "own.jsonl"
    full = {"text": "x", "title": "T", "label": 1, "source": "s", "stratum": "r", "group": 7, "weight": 0.5}
    path.write_text("".join(json.dumps(tree) + "\n\n" for tree in (
        full, {"text": "A worm", "label": 0}, {"text": "y", "label": None})))
    assert list(training_data.read_jsonl(path)) == [
        {"text": "T\nx", "label": 1, "source": "s", "stratum": "r", "group": "7", "weight": 0.5},
        {"text": "A worm", "label": 0, "source": "own", "stratum": "", "group": training_data.fingerprint("a worm"),
         "weight": 1.0}]
    with pytest.raises(InputError, match="none.jsonl"):
        list(training_data.read_jsonl(tmp_path / "none.jsonl"))


def test_a_share_is_the_beginning_of_a_hash():
    assert training_data.share("a") == 0xca978112 / 2**32  # of SHA-256
    assert training_data.share("bc", "a") == training_data.share("abc") == 0xba7816bf / 2**32


def test_records_whose_label_follows_from_where_they_stand(tmp_path, monkeypatch):
    worms = {"one": "The first worm", "two": "A second worm", "three": "The third worm", "short": "Worm",
             "out": "A worm, WITHDRAWN", "labelled": "A worm that was read"}
    papers = {"security": {"labels": ["cs.CR"]}, "other": {"labels": ["cs.AI"]}, "none": {}}
    for name, rows in {
            "a/worms.json": [Record(key, "a/worms.json", key, "", text, {}) for key, text in worms.items()],
            "papers.json": [Record(key, "papers.json", key, key, "a paper", meta) for key, meta in papers.items()],
            "rest.json": [Record("x", "rest.json", "x", "", "A worm elsewhere", {})]}.items():
        records.write(tmp_path / "parsed" / f"{name}.parquet", (one.row() for one in rows), PARSED)
    (tmp_path / "own.yaml").write_text("""sources:
- {source: "*papers.json", as: papers, label: 0, most: 9, not_meta: 'cs.CR'}
- {source: "*worms.json", as: own, label: 1, most: 2, least_words: 3, not_text: withdrawn}
- {source: "*papers.json", as: papers, label: 1, most: 9, meta: 'cs.CR'}
""")
    monkeypatch.setattr(training_data, "BY_CONSTRUCTION", tmp_path / "own.yaml")
    found = [(row["text"], row["label"], row["source"], row["stratum"])
             for row in training_data.by_construction(tmp_path / "parsed", {("worms.json", "labelled")})]
    alike = sorted(("other\na paper", "none\na paper"), key=training_data.fingerprint)
    first = sorted((worms["one"], worms["two"], worms["three"]), key=training_data.fingerprint)[:2]
    assert found == [*((text, 0, "papers", "papers.json") for text in alike),
                     *((text, 1, "own", "worms.json") for text in first),
                     ("security\na paper", 1, "papers", "papers.json")]


def test_patterns_by_construction_find_records_of_real_dumps(real_data, tmp_path):
    """A pattern that fits nothing would be a source silently lost."""
    raw = tmp_path / "raw"
    raw.mkdir()
    for name in ("arxiv-2019-metadata.jsonl.xz", "known_exploited_vulnerabilities.json", "matheducators.Posts.xml",
                 "quantumcomputing.Posts.xml.bz2"):
        shutil.copy(real_data / name, raw)
    parse.parse_folder(raw, tmp_path / "parsed", params.load(ROOT / "params.yaml").parse, "local")
    rows = training_data.by_construction(tmp_path / "parsed", set())
    found = Counter((row["source"], row["label"]) for row in rows)
    assert found["arxiv-2019", 1] >= 250 and found["arxiv-2019", 0] >= 1000
    assert found["vulnerabilities", 1] >= 150 and found["forum", 0] >= 900 and found["forum", 1] >= 10
    skip = {labels.key("known_exploited_vulnerabilities.json", record["id"]) for source, record
            in training_data.parsed(tmp_path / "parsed") if source.startswith("known")}
    assert "vulnerabilities" not in {row["source"] for row in training_data.by_construction(tmp_path / "parsed", skip)}

"""Dedup: what is a duplicate of what, which record stands for the others, and how much memory a record costs."""

import itertools
import json
import random
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybersieve import dedup, dedup_index, minhash, params, records
from cybersieve.errors import InputError
from cybersieve.records import Record
from cybersieve.twins import Twins
from tests.conftest import ROOT

STORY = ("The loader decrypts its second stage in memory, asks a hard coded address for orders every few minutes, and "
         "removes its own traces from the event log once the operators have collected the browser's saved passwords. "
         "Later builds wait until nobody has touched the keyboard for an hour, then copy a mailbox to a rented host.")
OTHER = ("A gateway compares the signature of an uploaded firmware image only after it has been written to flash, so "
         "that an attacker with access to the maintenance port can replace the boot loader and keep control of it.")
SETTINGS = params.Dedup(enabled=True, threshold=0.8, shingle=3, min_words=8, against=None)


def run(folder, sources, settings=SETTINGS, **more):
    """Dedup records given as {source: [(id, title, text) or Record]}: {source#id: row of UNIQUE}, counts."""
    for source, items in sources.items():
        made = [item if isinstance(item, Record) else Record(item[0], source, str(i), item[1], item[2])
                for i, item in enumerate(items)]
        records.write(folder / "parsed" / f"{source}.parquet", [record.row() for record in made], records.PARSED)
    counts = dedup.dedup_folder(folder / "parsed", folder / "unique", settings, **more)
    counts.save(None)
    rows = {f"{row['source']}#{row['id']}": row for shard in records.shards(folder / "unique")
            for row in records.read(shard.path)}
    return rows, counts


def twins(folder, *items, settings=SETTINGS):
    """Which of the records (of one source) are duplicates: {id: id of the canonical record}."""
    rows, _ = run(folder, {"a.json": items}, settings)
    return {row["id"]: row["duplicate_of"].removeprefix("a.json#") for row in rows.values() if row["duplicate_of"]}


def edited(text, *changes):
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def test_case_spaces_and_punctuation_make_no_difference(tmp_path):
    loud = STORY.upper().replace(", ", " ,").rstrip(".")
    assert twins(tmp_path, ("x", "Loader", STORY), ("y", "LOADER!", loud)) == {"y": "x"}
    assert twins(tmp_path, ("x", "", "a b"), ("y", "", "A -- B"), ("z", "", "ab")) == {"x": "y"}


def test_a_few_changed_words_make_a_near_duplicate(tmp_path):
    other = edited(STORY, ("every few minutes", "every few seconds"))
    rows, counts = run(tmp_path, {"a.json": [("x", "", STORY), ("y", "", other), ("z", "", OTHER)]})
    assert rows["a.json#y"]["duplicate_of"] == "a.json#x" and 0.8 <= rows["a.json#y"]["similarity"] < 1
    assert rows["a.json#x"]["duplicate_of"] is rows["a.json#z"]["duplicate_of"] is None
    assert rows["a.json#x"]["similarity"] is rows["a.json#z"]["similarity"] is None
    assert counts.tree()["dropped"] == {"near duplicate": 1} and counts.written == 2


def test_similarity_is_that_of_the_shingles(tmp_path):
    words = [f"word{chr(97 + i)}" for i in range(24)]
    other = [*words[:-1], "end"]  # 22 shingles each, the last one differs
    rows, _ = run(tmp_path, {"a.json": [("x", "", " ".join(words)), ("y", "", " ".join(other))]})
    assert rows["a.json#y"]["similarity"] == round(21 / 23, 4)


def test_an_overlap_of_the_threshold_itself_is_enough(tmp_path):
    words = [f"word{chr(97 + i)}" for i in range(20)]
    alike = " ".join([*words[:10], "one"]), " ".join([*words[:10], "other"])  # 9 shingles each, 8 of the 10 in both
    assert twins(tmp_path, ("x", "", alike[0]), ("y", "", alike[1])) == {"x": "y"}
    less = " ".join([*words[:9], "one"]), " ".join([*words[:9], "other"])  # 7 of 9
    assert twins(tmp_path, ("x", "", less[0]), ("y", "", less[1])) == {}


def test_a_part_is_all_but_a_fifth_of_a_text_and_no_less(tmp_path):
    """What goes by one identifier is not yet one record: 8 of 10 shingles are in the longer text, then 7 of 10."""
    words = [f"word{chr(97 + i)}" for i in range(24)]
    for shared, found in (10, {"a": "b"}), (9, {}):
        part = [*words[:shared], "one", "other", "third"][:12]
        items = [Record(id, "a.json", str(n), "", " ".join(text), {"external_id": "T1901"})
                 for n, (id, text) in enumerate((("a", part), ("b", words)))]
        assert twins(tmp_path, *items) == found


@pytest.mark.parametrize(("old", "new"), [
    ("few minutes", "4.2.1"), ("hard coded", "192.0.2.7"),
    ("saved passwords", "saved passwords, CVE-2031-10001")])
def test_figures_on_one_side_do_not_hinder(tmp_path, old, new):
    assert twins(tmp_path, ("x", "", edited(STORY, (old, new))), ("y", "", STORY)) != {}


@pytest.mark.parametrize(("one", "other"), [
    ("4.2.1", "4.2.2"), ("CVE-2031-10001", "CVE-2031-10002"), ("T1059.001", "T1059.003"), ("192.0.2.7", "192.0.2.8"),
    ("Windows 10", "Windows 11"), ("SP1", "SP2"), ("port 445", "port 139")])
def test_records_that_differ_in_a_figure_are_different(tmp_path, one, other):
    texts = [f"{STORY} It was seen with {figure} first." for figure in (one, other)]
    assert minhash.jaccard(*(set(text.split()) for text in texts)) > 0.9
    assert twins(tmp_path, ("x", "", texts[0]), ("y", "", texts[1])) == {}


def test_records_with_identifiers_of_their_own_are_different_unless_the_texts_are_the_same(tmp_path):
    near = edited(STORY, ("every few minutes", "every few seconds"))
    found = twins(tmp_path, ("CVE-2031-10001", "", STORY), ("CVE-2031-10002", "", near), ("CVE-2031-10003", "", STORY))
    assert found == {"CVE-2031-10003": "CVE-2031-10001"}


def test_the_identifier_may_stand_in_meta(tmp_path):
    near = edited(STORY, ("every few minutes", "every few seconds"))
    items = [Record("u1", "a.json", "0", "Loader", STORY + " Now.", {"external_id": "T1901"}),
             Record("u2", "a.json", "1", "Loader", near, {"external_id": "T1902"}),
             Record("u3", "a.json", "2", "Stages", near, {"external_id": ["T1901", "X"]})]
    assert twins(tmp_path, *items) == {"u3": "u1"}


def test_one_thing_one_name(tmp_path):
    near = edited(STORY, ("every few minutes", "every few seconds"))
    assert twins(tmp_path, ("x", "Grey Heron", STORY), ("y", "Blue Heron Loader", near)) == {}
    assert twins(tmp_path, ("x", "Grey Heron", STORY), ("y", "Grey Heron Loader", near)) == {"x": "y"}
    assert twins(tmp_path, ("x", "", STORY), ("y", "Blue Heron", near)) == {"x": "y"}


def test_short_texts_are_duplicates_only_where_title_and_text_are_the_same(tmp_path):
    found = twins(tmp_path, ("a", "Grey Heron", ""), ("b", "grey heron", ""), ("c", "Grey Heron", "A loader"),
                  ("d", "Grey Heron", "A loader."), ("e", "Blue Heron", "A loader"), ("f", "", ""), ("g", "", "!"))
    assert found == {"b": "a", "c": "d"}


def test_a_cut_text_is_a_duplicate_of_the_whole_one_with_its_identifier(tmp_path):
    cut = " ".join(STORY.split()[:16]) + " ..."
    rows, counts = run(tmp_path, {"a.json": [("T1901", "", cut), ("T1902", "", cut + " Other"), ("u", "", cut)],
                                  "b.json": [("T1901", "", STORY)]})
    assert {name: row["duplicate_of"] for name, row in rows.items() if row["duplicate_of"]} == {
        "a.json#T1901": "b.json#T1901", "a.json#u": "b.json#T1901"}
    assert counts.dropped == {"part of a longer text": 2}


def test_the_richest_source_provides_the_canonical_record(tmp_path):
    near = edited(STORY, ("every few minutes", "every few seconds"))
    meta = {"references": ["https://example.org/" + "a" * 300]}
    rows, _ = run(tmp_path, {"a.json": [("x", "", STORY)], "c.json": [Record("z", "c.json", "0", "", near, meta)],
                             "b.json": [("y", "", near + " Now.")]})
    assert {name: row["duplicate_of"] for name, row in rows.items()} == {
        "a.json#x": "c.json#z", "b.json#y": "c.json#z", "c.json#z": None}


def test_of_near_duplicates_with_one_identifier_the_richest_sources_stands(tmp_path):
    """Even where it is the shorter one: the other is no whole of which it is a part."""
    rich = {"references": ["https://example.org/" + "a" * 300]}
    rows, counts = run(tmp_path, {"a.json": [Record("T1901", "a.json", "0", "", STORY, rich)],
                                  "b.json": [("T1901", "", STORY + " Now.")], "c.json": [("T1902", "", OTHER)],
                                  "d.json": [Record("T1902", "d.json", "0", "", OTHER + " Now.", rich)]})
    assert {name: row["duplicate_of"] for name, row in rows.items() if row["duplicate_of"]} == {
        "b.json#T1901": "a.json#T1901", "c.json#T1902": "d.json#T1902"}
    assert counts.dropped == {"near duplicate": 2}


def test_a_near_duplicate_without_identifier_is_one_of_a_record_that_has_one(tmp_path):
    """Whichever of the two is preferred, here the longer one."""
    near = edited(STORY, ("every few minutes", "every few seconds"))
    assert twins(tmp_path, ("T1901", "", near + " Now."), ("u", "", near)) == {"u": "T1901"}
    assert twins(tmp_path, ("T1901", "", near), ("u", "", near + " Now.")) == {"T1901": "u"}


def test_a_record_without_identifier_does_not_make_one_of_two_that_have(tmp_path):
    """All three are alike: the one without is a duplicate of the longest, and the other identifier's record stays."""
    near = edited(STORY, ("every few minutes", "every few seconds"))
    items = [("T1901", "", near), ("u", "", near + " Now."), ("T1902", "", near + " Now then.")]
    for order in itertools.permutations(items):
        assert twins(tmp_path, *order) == {"u": "T1902"}


def test_within_a_source_the_longest_then_the_first_id(tmp_path):
    near = edited(STORY, ("every few minutes", "every few seconds"))
    assert twins(tmp_path, ("b", "", STORY), ("a", "", STORY), ("c", "", near)) == {"b": "a", "c": "a"}
    assert twins(tmp_path, ("b", "", STORY), ("a", "", STORY), ("c", "", STORY + " Now.")) == {"a": "c", "b": "c"}


def test_what_loses_its_canonical_record_finds_another(tmp_path):
    """B is a part of C. A, alike B, is a part of C as well; D and E, alike B and each other, are none of C's."""
    def without(text, *places):
        return [f"q{word[1:]}" if at in places else word for at, word in enumerate(text)]

    words = [f"{one}{two}{one}" for one in "bcdfghklmn"
             for two in ("ab", "ed", "ig", "ol", "um", "ax", "ev", "ir", "os", "ut")]
    b = without(words[:70], 5, 15, 25, 35)
    d = without(b, 45, 55)
    texts = ({"a": without(words[:70], 45, 55), "b": words[:70], "c": words},
             {"b": b, "c": words, "d": d, "e": without(d, 46)})
    found = []
    for number, some in enumerate(texts):
        items = [(f"CVE-2031-10001~{name}", "", " ".join(text)) for name, text in some.items()]
        rows, _ = run(tmp_path / str(number), {"a.json": items})
        found.append({name[-1]: row["duplicate_of"] and row["duplicate_of"][-1] for name, row in rows.items()})
    assert found == [{"a": "c", "b": "c", "c": None}, {"b": "c", "c": None, "d": None, "e": "d"}]


def test_no_chain_of_small_changes(tmp_path):
    """Twenty texts, each 0.9 like the one before: whoever is a duplicate is like its canonical record itself."""
    words = [f"word{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(400)]
    texts = [" ".join(words[i * 8:i * 8 + 160]) for i in range(20)]
    rows, _ = run(tmp_path, {"a.json": [(f"{i:02}", "", text) for i, text in enumerate(texts)]})
    shingled = [{tuple(words[n:n + 3]) for n in range(i * 8, i * 8 + 158)} for i in range(20)]
    canonical = {row["id"] for row in rows.values() if row["duplicate_of"] is None}
    assert 2 <= len(canonical) <= 12
    for row in rows.values():
        if row["duplicate_of"]:
            of = row["duplicate_of"].removeprefix("a.json#")
            assert of in canonical
            similarity = minhash.jaccard(shingled[int(row["id"])], shingled[int(of)])
            assert similarity >= 0.8 and row["similarity"] == pytest.approx(similarity, abs=1e-4)


def test_records_that_parse_set_aside_are_no_candidates(tmp_path):
    rows, counts = run(tmp_path, {"a.json": [Record("a", "a.json", "0", "", STORY + " More.", {}, "revoked"),
                                             ("b", "", STORY), ("c", "", STORY)]})
    assert [row["duplicate_of"] for row in rows.values()] == [None, None, "a.json#b"]
    assert counts.dropped == {"revoked": 1, "exact duplicate": 1}


def test_it_can_be_turned_off(tmp_path):
    settings = params.Dedup(enabled=False, threshold=0.8, shingle=3, min_words=8, against=None)
    rows, counts = run(tmp_path, {"a.json": [("x", "", STORY), ("y", "", STORY)]}, settings)
    assert [row["duplicate_of"] for row in rows.values()] == [None, None] and counts.written == 2


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_what_an_earlier_release_holds_is_a_duplicate(tmp_path, kind):
    near = edited(STORY, ("every few minutes", "every few seconds"))
    earlier = [Record("x", "old.json", "0", "", near).row(), Record("w", "old.json", "1", "", near).row()]
    if kind == "parquet":
        records.write(tmp_path / "release" / "old.parquet", earlier, records.PARSED)
    else:
        (tmp_path / "release").mkdir()
        lines = [json.dumps({"text": row["text"]}) + "\n" for row in earlier]
        (tmp_path / "release" / "old.jsonl").write_text("".join(lines))
    settings = params.Dedup(True, 0.8, 3, 8, str(tmp_path / "release"))
    rows, counts = run(tmp_path, {"a.json": [("x", "", STORY + " More than before."), ("y", "", OTHER)]}, settings)
    first = "w" if kind == "parquet" else "0"  # of two that are equal; where there are no ids, the place in the file
    assert rows["a.json#x"]["duplicate_of"] == f"{tmp_path / 'release'}: old.{kind}#{first}"
    assert rows["a.json#y"]["duplicate_of"] is None and counts.dropped == {"near duplicate, in the earlier release": 1}


def test_a_release_of_lines_and_chat_files_is_its_lines(tmp_path):
    (tmp_path / "release" / "chatml").mkdir(parents=True)
    (tmp_path / "release" / "chatml" / "train.jsonl").write_text('{"id": "a", "messages": []}\n')
    (tmp_path / "release" / "filtered.jsonl").write_text(json.dumps({"id": "7", "text": STORY}) + "\n")
    settings = params.Dedup(True, 0.8, 3, 8, str(tmp_path / "release"))
    rows, _ = run(tmp_path, {"a.json": [("x", "", STORY)]}, settings)
    assert rows["a.json#x"]["duplicate_of"].endswith("filtered.jsonl#7")


@pytest.mark.parametrize("who", ["Jane Doe, jane.doe@kestrelmail.nl",
                                 "the researcher: +43 660 5550123, jane@kestrelmail.nl"])
def test_what_a_release_holds_masked_it_holds(tmp_path, who):
    (tmp_path / "release").mkdir()
    text = f"A heap overflow in the parser, reported by {who}, lets anybody run code of their own."
    masked = text.replace("jane.doe@kestrelmail.nl", "[EMAIL]").replace("jane@kestrelmail.nl", "[EMAIL]").replace(
        "+43 660 5550123", "[PHONE]")
    (tmp_path / "release" / "filtered.jsonl").write_text(json.dumps({"id": "7", "text": masked}) + "\n")
    settings = params.Dedup(True, 0.8, 3, 8, str(tmp_path / "release"))
    rows, counts = run(tmp_path, {"a.json": [("x", "", text), ("y", "", OTHER)]}, settings)
    assert rows["a.json#x"]["duplicate_of"].endswith("filtered.jsonl#7")
    assert rows["a.json#y"]["duplicate_of"] is None and counts.dropped == {"exact duplicate, in the earlier release": 1}


@pytest.mark.parametrize("meta", [None, {"aliases": ["CVE-2010-0001"]}, '{"cwe": 79}', "free words", ["a", "b"], 3,
                                  {"cvss": float("nan")}, {"by": "\ud800"}, '{"by": "\\ud800"}'])
def test_a_release_of_somebody_else_is_read(tmp_path, meta):
    (tmp_path / "release").mkdir()
    line = json.dumps({"id": 7, "text": f"{STORY} \ud800", "meta": meta})
    (tmp_path / "release" / "old.jsonl").write_text(f"\ufeff{line}\n\n", encoding="utf-8")
    settings = params.Dedup(True, 0.8, 3, 8, str(tmp_path / "release"))
    rows, _ = run(tmp_path, {"a.json": [("x", "", STORY), ("y", "", OTHER)]}, settings)
    assert rows["a.json#x"]["duplicate_of"].endswith("old.jsonl#7") and rows["a.json#y"]["duplicate_of"] is None


@pytest.mark.parametrize("meta", [{"external_id": "T1901"}, '{"external_id": "T1901"}'])
def test_the_identifier_in_a_releases_meta_counts(tmp_path, meta):
    (tmp_path / "release").mkdir()
    (tmp_path / "release" / "old.jsonl").write_text(json.dumps({"id": "o", "title": 31, "text": STORY, "meta": meta}))
    near = edited(STORY, ("every few minutes", "every few seconds"))
    settings = params.Dedup(True, 0.8, 3, 8, str(tmp_path / "release"))
    rows, _ = run(tmp_path, {"a.json": [("T1901", "", near)], "b.json": [("T1902", "", near + " Now.")]}, settings)
    assert rows["a.json#T1901"]["duplicate_of"].endswith("old.jsonl#o")
    assert rows["b.json#T1902"]["duplicate_of"] is None


@pytest.mark.parametrize(("name", "content", "reason"), [
    ("old.jsonl", '{"text": "a"}\n{"messages": []}\n', "record 1: a record without `text`"),
    ("old.jsonl", '{"text": "a"}\n{"te', "line 2: not JSON"), ("old.txt", "a", "holds no Parquet"),
    ("old.jsonl", '{"text": "caf\xe9"}', "line 1: not JSON"), ("old.parquet", "a", "not a sound Parquet file")])
def test_a_release_that_cant_be_read_is_told(tmp_path, name, content, reason):
    (tmp_path / "release").mkdir()
    (tmp_path / "release" / name).write_text(content, encoding="latin-1")
    with pytest.raises(InputError, match=reason):
        run(tmp_path, {"a.json": [("x", "", STORY)]}, params.Dedup(True, 0.8, 3, 8, str(tmp_path / "release")))
    assert not (tmp_path / "unique").exists()


def test_what_a_denied_licence_leaves_out_stands_for_no_other(tmp_path):
    """The same words, alike, and a part of it: free ones stay, whichever source says more."""
    def record(source, text, licence):
        url = "u" * (500 if licence == "CC-BY-NC" else 1)
        return Record("CVE-2031-10001", source, "0", "", text, {"licence": licence, "url": url})

    near = edited(STORY, ("every few minutes", "every few seconds"))
    for name, text in ("same", STORY), ("near", near), ("part", STORY[:250]):
        sources = {"a.json": [record("a.json", STORY, "CC-BY-NC")],
                   "b.json": [record("b.json", text, "MIT")]}
        rows, _ = run(tmp_path / name, sources)
        assert rows["b.json#CVE-2031-10001"]["duplicate_of"] == "a.json#CVE-2031-10001"
        rows, _ = run(tmp_path / f"{name} denied", sources, deny=["CC-BY-NC*"])
        assert rows["b.json#CVE-2031-10001"]["duplicate_of"] is None


def corpus(seed, sources=6, size=60):
    """A made-up corpus with exact, near and false friends in it."""
    draw = random.Random(seed)
    vocabulary = [f"w{draw.randrange(10**6)}x" for _ in range(300)]
    base = [[draw.choice(vocabulary) for _ in range(draw.randint(3, 60))] for _ in range(80)]
    found = {}
    for number in range(sources):
        items = []
        for at in range(size):
            words = list(draw.choice(base))
            for _ in range(draw.choice([0, 0, 1, 2, 6])):
                words[draw.randrange(len(words))] = draw.choice(vocabulary)
            id = draw.choice([f"u{number}-{at}", f"CVE-2031-{10000 + draw.randrange(40)}~{at}"])
            items.append((id, draw.choice(["", words[0]]), " ".join(words)))
        found[f"s{number}.json"] = items
    return found


def test_number_of_workers_and_order_of_work_make_no_difference(tmp_path, monkeypatch):
    outputs = []
    monkeypatch.setattr("cybersieve.engine.MANY", 0)
    for cores in (1, 2, 3):
        monkeypatch.setattr("cybersieve.machine.cores", lambda cores=cores: cores)
        folder = tmp_path / str(len(outputs))
        rows, _ = run(folder, corpus(1))
        outputs.append({path.name: path.read_bytes() for path in sorted((folder / "unique").iterdir())})
        assert sum(row["duplicate_of"] is not None for row in rows.values()) > 50
    assert outputs[0] == outputs[1] == outputs[2] and len(outputs[0]) == 6


def test_every_duplicate_is_like_its_canonical_record(tmp_path):
    sources = corpus(3)
    rows, counts = run(tmp_path, sources)
    texts = {f"{source}#{id}": (title, text) for source, items in sources.items() for id, title, text in items}
    for name, row in rows.items():
        if row["duplicate_of"]:
            assert rows[row["duplicate_of"]]["duplicate_of"] is None
            one, other = (minhash.folded(records.full_text(*texts[of])) for of in (name, row["duplicate_of"]))
            hashes, (_, middle, end) = minhash.shingles([one, other], 3)
            exact = minhash.jaccard(set(hashes[:middle].tolist()), set(hashes[middle:end].tolist()))
            assert one == other or row["similarity"] == pytest.approx(exact, abs=1e-4)
    assert counts.dropped["exact duplicate"] > 20 and counts.dropped["near duplicate"] > 5
    table = dedup.table(tmp_path / "unique")
    assert sum(line["exact"] for line in table) == counts.dropped["exact duplicate"]
    assert sum(line["exact"] + line["near"] for line in table) == counts.dropped.total()


def test_recall_and_precision_on_known_edits(tmp_path):
    """Copies with up to 40 % of the words changed: nearly all above the threshold are found, none below it."""
    draw = random.Random(5)
    vocabulary = [f"w{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676)}" for n in range(3000)]
    texts = [[draw.choice(vocabulary) for _ in range(draw.randint(20, 120))] for _ in range(600)]
    copies = []
    for words in texts:
        copy, rate = list(words), draw.random() ** 2 * 0.4
        for _ in range(int(len(copy) * rate)):
            at = draw.randrange(len(copy))
            copy[at:at + 1] = draw.choice([[], [draw.choice(vocabulary)], [copy[at], draw.choice(vocabulary)]])
        copies.append(copy)
    sources = {"a.json": [(str(i), "", " ".join(words)) for i, words in enumerate(texts)],
               "b.json": [(str(i), "", " ".join(words)) for i, words in enumerate(copies)]}
    rows, _ = run(tmp_path, sources)
    near = found = 0
    for i, pair in enumerate(zip(texts, copies, strict=True)):
        similarity = minhash.jaccard(*({tuple(words[n:n + 3]) for n in range(len(words) - 2)} for words in pair))
        joined = rows[f"b.json#{i}"]["duplicate_of"] == f"a.json#{i}" or rows[f"a.json#{i}"]["duplicate_of"] is not None
        near += similarity >= 0.8
        found += joined and similarity >= 0.8
        assert not joined or similarity >= 0.8
    assert near >= 150 and found / near >= 0.98


@given(st.lists(st.text(alphabet="ab c\u00e9\u4e2d.", max_size=30), max_size=8), st.integers(1, 5))
def test_shingles_are_the_runs_of_words(texts, length):
    folded = [minhash.folded(text) for text in texts]
    hashes, offsets = minhash.shingles(folded, length)
    assert offsets[0] == 0 and offsets[-1] == len(hashes) and len(offsets) == len(texts) + 1
    for text, begin, end in zip(folded, offsets, offsets[1:], strict=False):
        words = text.split()
        runs = {tuple(words[i:i + length]) for i in range(len(words) - length + 1)}
        assert len(runs) == end - begin == len(set(hashes[begin:end].tolist()))


@pytest.mark.parametrize("together", [1, 7, 10**6])
def test_which_files_are_indexed_together_makes_no_difference(together, tmp_path, monkeypatch):
    """A mirror may have one record a file, of any richness, in any order."""
    draw = random.Random(5)
    words = STORY.split()
    sources = {f"{number:02}.json": [(f"r{number}-{n}", "", " ".join([*words[:draw.randrange(9, 40)], f"v{n % 3}"]))
                                     for n in range(number % 4)] for number in range(40)}
    monkeypatch.setattr(dedup, "TOGETHER", 2048)
    wanted = run(tmp_path / "usual", sources)
    monkeypatch.setattr(dedup, "TOGETHER", together)
    names = []
    built = dedup_index.build
    monkeypatch.setattr(dedup_index, "build", lambda files, *more: names.append(files.name) or built(files, *more))
    found = run(tmp_path / "other", sources)
    assert found[0] == wanted[0] and found[1].tree() == wanted[1].tree()
    assert len({row["duplicate_of"] for row in found[0].values()}) > 3
    assert len(names) == 40 and len(set(names)) == {1: 30, 7: 8, 10**6: 1}[together]  # ten files have no record


def indexed(scratch, rows):
    with dedup_index.Files(scratch, "0") as files:
        return dedup_index.build(files, "a.json", False, rows, SETTINGS)


def test_a_record_costs_as_much_memory_as_the_documents_say(tmp_path):
    row = Record("1", "a.json", "0", "T", STORY).row()
    part = indexed(tmp_path, [row] * 7)
    found = Twins(dedup_index.Index([part], tmp_path), 0.8)
    held = (found.index.entries, found.index.rank, found.index.earlier, found.twin, found.similarity)
    assert sum(array.nbytes for array in held) == 7 * 121
    for place in ("stages/dedup.py", "docs/dataset.md", "cybersieve/dedup_index.py"):
        assert "121 bytes" in (ROOT / place).read_text()


def test_of_a_source_only_the_names_that_are_wanted_are_held(tmp_path):
    ids = ({"id": f"record number {n}"} for n in range(50_000))
    records.write(tmp_path / "a.parquet", ids, pa.schema([("id", pa.string())]))
    twins = SimpleNamespace(twin=np.array([-1, 7, 49_999]), index=SimpleNamespace(starts=np.array([0, 50_000])))
    tracemalloc.start()
    found = dedup.canonical_names([dedup.Job(tmp_path / "a.parquet", "a", 50_000)], twins)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == {7: "a#record number 7", 49_999: "a#record number 49999"} and peak < 1e6


def test_a_source_may_be_larger_than_32_bits_count(tmp_path):
    part = indexed(tmp_path, [Record("1", "a.json", "0", "T", STORY).row()])
    near = dedup_index.Index([part], tmp_path).sketch(0)
    entries, hashes = np.fromfile(tmp_path / "0.entries", dedup_index.ENTRY), (tmp_path / "0.hashes").read_bytes()
    entries["offset"] += 2**32  # as behind 65 million records
    (tmp_path / "0.entries").write_bytes(entries.tobytes())
    with (tmp_path / "0.hashes").open("wb") as file:  # takes no room: the rest is a hole
        file.seek(4 * 2**32)
        file.write(hashes)
    assert dedup_index.Index([part], tmp_path).sketch(0) == near
    (tmp_path / "0.hashes").unlink()


@given(st.floats(0.5, 1))
def test_pairs_at_the_threshold_are_found(threshold):
    rows = minhash.rows_for(threshold)
    assert 1 <= rows <= 12 and (1 - threshold**rows) ** minhash.BANDS <= minhash.MAX_MISS


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="wants a device that is always full")
@pytest.mark.parametrize("part", ["entries", "hashes", "rank"])
def test_a_full_disk_is_told_where_it_happens(tmp_path, part):
    (tmp_path / f"0.{part}").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        indexed(tmp_path, [Record("1", "a.json", "0", "T", STORY).row()])

"""Export: every record ends in exactly one of filtered and rejected, in the split that its identifier decides."""

import json
import unicodedata

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cybersieve import card, decontaminate, export, params, records
from cybersieve.errors import InputError, ParamsError
from tests import decided

KEPT = {"verdict": "kept", "by": "rule", "confidence": 0.99, "rules": ["cve"]}
TRAIN = params.Splits(1.0, 0.0, 0.0)
SPLITS = params.Splits(train=0.8, validation=0.1, test=0.1)
NAMES = ("train", "validation", "test")
FOLDERS = ("parsed", "scored", "verdicts", "filtered", "rejected")
LONG = "An attacker who can write to the share replaces the library and waits until the service is started by its owner"


def settings(formats=("parquet", "jsonl"), splits=None, templates=None, mask=(True, True), decontaminate=(), deny=(),
             min_chars=0):
    return params.Export(list(formats), splits or TRAIN, templates or {}, params.Mask(*mask), list(decontaminate),
                         params.Licences(list(deny)), min_chars)


def run(folder, **more):
    return export.export_folder(*(folder / name for name in FOLDERS), settings(**more))


def kept_rows(folder, split="**"):
    return [row for path in sorted((folder / "filtered").glob(f"{split}/*.parquet")) for row in records.read(path)]


def rejected_rows(folder):
    return [row for shard in records.shards(folder / "rejected") for row in records.read(shard.path)]


def test_kept_records_carry_their_provenance(tmp_path):
    decided.write(tmp_path, [KEPT | {"id": "x", "title": "Ünïcode\u2028 <b>", "text": '"quoted"', "meta": {"url": "u"}},
                             {"id": "y", "verdict": "rejected", "by": "llm", "p_yes": 0.1, "confidence": 0.5}])
    counts = run(tmp_path)
    assert counts.tree()["dropped"] == {"llm": 1} and counts.written == 1
    rows = list(records.read(tmp_path / "filtered" / "train" / "a" / "b.json.parquet"))
    lines = (tmp_path / "filtered" / "filtered.jsonl").read_bytes().decode().split("\n")
    assert [json.loads(line) for line in lines if line] == [rows[0] | {"meta": {"url": "u"}, "split": "train"}]
    assert rows[0]["locator"] == "0" and rows[0]["rules"] == ["cve"] and rows[0]["by"] == "rule"
    assert rejected_rows(tmp_path) == [{"id": "y", "source": "a/b.json", "verdict": "rejected", "by": "llm",
                                        "reason": "because", "confidence": 0.5, "p_yes": 0.1}]


verdict = st.sampled_from([("kept", "rule"), ("kept", "llm"), ("rejected", "rule"), ("rejected", "parse"),
                           ("rejected", "dedup"), ("failed", "llm")])


@given(st.lists(verdict, max_size=12), st.sampled_from([["parquet"], ["jsonl"], ["parquet", "jsonl"]]),
       st.sampled_from([TRAIN, SPLITS]))
def test_nothing_is_lost_and_nothing_is_in_both(tmp_path_factory, verdicts, formats, splits):
    folder = tmp_path_factory.mktemp("run")
    decided.write(folder, [{"id": str(i), "verdict": v, "by": by} for i, (v, by) in enumerate(verdicts)])
    counts = run(folder, formats=formats, splits=splits)
    counts.save(None)
    kept = {str(i) for i, (v, _) in enumerate(verdicts) if v == "kept"}
    assert {row["id"] for row in rejected_rows(folder)} == {str(i) for i in range(len(verdicts))} - kept
    if "jsonl" in formats and kept:
        lines = (folder / "filtered" / "filtered.jsonl").read_text().splitlines()
        assert sorted(json.loads(line)["id"] for line in lines) == sorted(kept)
    if "parquet" in formats:
        assert sorted(row["id"] for row in kept_rows(folder)) == sorted(kept)
    assert counts.failed == sum(v == "failed" for v, _ in verdicts)


def test_same_input_same_bytes_whatever_the_number_of_workers(tmp_path, monkeypatch):
    outputs = []
    monkeypatch.setattr("cybersieve.engine.MANY", 0)
    for cores in (1, 2):
        monkeypatch.setattr("cybersieve.machine.cores", lambda cores=cores: cores)
        folder = tmp_path / str(cores)
        for source in ("a.json", "b/c.json", "b.json"):
            decided.write(folder, [KEPT | {"id": f"{source} {i}"} for i in range(1500)], source)
        run(folder, splits=SPLITS, templates={"text": {}, "chatml": {}})
        outputs.append({path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*"))
                        if path.is_file() and path.parts[-2] != "scored"})
    assert outputs[0] == outputs[1]
    names = {path.as_posix() for path in outputs[0]}
    assert {"filtered/README.md", "filtered/filtered.jsonl", "filtered/chatml/train.jsonl", "filtered/text/test.jsonl",
            "filtered/train/b/c.json.parquet"} <= names and not any("pieces" in name for name in names)
    order = [json.loads(line)["source"] for line in (folder / "filtered" / "filtered.jsonl").read_text().splitlines()]
    assert list(dict.fromkeys(order)) == ["a.json", "b.json", "b/c.json"] and len(order) == 4500


def test_the_identifier_decides_the_split(tmp_path):
    ids = [f"CVE-2031-{number}" for number in range(10_000, 12_000)]
    decided.write(tmp_path, [KEPT | {"id": id} for id in ids], "nvd.json")
    other = [KEPT | {"id": f"u{n}", "meta": {"external_id": id}} for n, id in enumerate(ids)]
    decided.write(tmp_path, other[::-1], "kev.json")
    run(tmp_path, splits=SPLITS)
    of = {}
    for split in NAMES:
        for row in kept_rows(tmp_path, f"{split}/**"):
            of.setdefault(json.loads(row["meta"]).get("external_id", row["id"]), set()).add(split)
    assert all(len(splits) == 1 for splits in of.values()) and len(of) == 2000
    share = sum(splits == {"train"} for splits in of.values()) / 2000
    assert 0.77 < share < 0.83
    alone = export.splitter(SPLITS)
    assert all(alone({"id": id, "meta": "{}"}) in of[id] for id in ids)
    assert all(alone({"id": f"{n}~0123456789abcdef", "meta": "{}"}) == alone({"id": f"{n}", "meta": "{}"})
               for n in range(100))


def test_the_card_counts_what_the_files_hold(tmp_path):
    """The card's figures by split and by licence: a third of the records name none, a third one, a third two."""
    for source in "a.json", "b.json":
        decided.write(tmp_path, [KEPT | {"id": f"{source} {n}", "meta": {"licence": ["MIT", "GPL"][:n % 3]}}
                                 for n in range(600)], source)
    run(tmp_path, splits=SPLITS)
    said = (tmp_path / "filtered" / "README.md").read_text()
    held = {split: len(kept_rows(tmp_path, f"{split}/**")) for split in NAMES}
    assert sum(held.values()) == 1200
    for split, share in zip(NAMES, ("80%", "10%", "10%"), strict=True):
        assert f"| {split} | {share} | {held[split]} |" in said
    for source in "a.json", "b.json":
        rows = [line.split(" | ") for line in said.splitlines() if line.startswith(f"| {source} | ")]
        assert [(row[1], row[2].partition("]")[0]) for row in rows] == [
            ("200", "GPL"), ("400", "[MIT"), ("200", "unknown")]


def test_a_record_moves_only_where_shares_were_moved():
    before, after = export.splitter(params.Splits(0.5, 0.5, 0)), export.splitter(params.Splits(0.5, 0.4, 0.1))
    moves = {(before(row), after(row)) for row in ({"id": str(number), "meta": "{}"} for number in range(300))}
    assert moves == {("train", "train"), ("validation", "validation"), ("validation", "test")}


@pytest.mark.parametrize("splits", [params.Splits(0.9, 0, 0), params.Splits(0.9, 0, 0.2), params.Splits(0, 0, 0)])
def test_shares_that_are_none_are_told_before_any_work(tmp_path, splits):
    with pytest.raises(ParamsError, match="export.splits"):
        export.export_folder(*(tmp_path / name for name in FOLDERS), settings(splits=splits))


def test_settings_that_would_write_nothing_are_refused(tmp_path):
    with pytest.raises(ParamsError, match="export.formats: empty"):
        run(tmp_path, formats=[])
    decided.write(tmp_path, [KEPT | {"id": "x"}])
    run(tmp_path, formats=[], templates={"text": {}})
    assert {path.name for path in (tmp_path / "filtered").rglob("*.*")} == {"README.md", "train.jsonl"}


def test_verdicts_of_another_run_are_refused(tmp_path):
    decided.write(tmp_path, [KEPT | {"id": "x"}])
    decided.write(tmp_path / "other", [KEPT | {"id": "y"}])
    with pytest.raises(InputError, match="same records"):
        export.export_folder(tmp_path / "parsed", tmp_path / "scored", tmp_path / "other" / "verdicts",
                             tmp_path / "filtered", tmp_path / "rejected", settings())
    assert not (tmp_path / "filtered").exists() and not (tmp_path / "rejected").exists()


@pytest.mark.parametrize("rejected", ["filtered", "filtered/rejected", "."])
def test_one_output_in_the_other_is_refused(tmp_path, rejected):
    decided.write(tmp_path / "data", [KEPT | {"id": "x"}])
    with pytest.raises(InputError, match="overlaps"):
        export.export_folder(*(tmp_path / "data" / name for name in FOLDERS[:3]), tmp_path / "out" / "filtered",
                             tmp_path / "out" / rejected, settings())
    assert not (tmp_path / "out" / "filtered").exists()


@pytest.mark.parametrize("licence", [
    "CC BY-NC 4.0", "http://creativecommons.org/licenses/by-nc/4.0/", "MIT OR CC-BY-NC-4.0",
    "https://creativecommons.org/licenses/by-nc-sa/3.0/de/", "CC BY\u2013NC 4.0",
    "Attribution-NonCommercial 4.0 International (CC BY-NC 4.0)",
    "Licensed under a Creative Commons Attribution-NonCommercial 4.0 International License.",
    "Creative Commons: Attribution, Non-Commercial, Share Alike", "Texts of others. Ours: CC BY-SA-NC 4.0",
    "CC BY/NC", "CC BY (NonCommercial)"])
def test_a_licence_is_denied_however_it_is_written(licence, tmp_path):
    decided.write(tmp_path, [KEPT | {"id": "a", "meta": {"licence": licence}}])
    assert run(tmp_path, deny=["CC-BY-NC*"]).dropped == {"licence": 1}


@pytest.mark.parametrize("licence", ["CC BY-NC 4.0", "http://creativecommons.org/licenses/by-nc/4.0/"])
def test_a_licence_of_one_kind_is_denied_in_any_version(licence, tmp_path):
    decided.write(tmp_path, [KEPT | {"id": "a", "meta": {"licence": licence}}])
    assert run(tmp_path, deny=["CC-BY-NC-*"]).dropped == {"licence": 1}


@pytest.mark.parametrize("licence", ["CC BY-SA 4.0", "MIT, by NC State University", "Attribution 4.0 International"])
def test_what_is_no_such_licence_stays(licence, tmp_path):
    decided.write(tmp_path, [KEPT | {"id": "a", "meta": {"licence": licence}}])
    assert run(tmp_path, deny=["CC-BY-NC*"]).dropped == {}
    decided.write(tmp_path, [KEPT | {"id": "a", "meta": {"licence": "MIT, sample-by-sample"}}])
    assert run(tmp_path, deny=["CC-BY*"]).dropped == {}


def test_denied_licences_are_left_out_with_the_reason(tmp_path):
    decided.write(tmp_path, [KEPT | {"id": "a", "meta": {"licence": "CC-BY-NC-4.0"}}, KEPT | {"id": "b"},
                             KEPT | {"id": "c", "meta": {"licence": ["MIT", "cc-by-nc-2.0"]}},
                             KEPT | {"id": "d", "meta": {"licence": "MIT"}}])
    counts = run(tmp_path, deny=["CC-BY-NC-*", "unknown"])
    assert [row["id"] for row in kept_rows(tmp_path)] == ["d"]
    assert {row["id"]: row["reason"] for row in rejected_rows(tmp_path)} == {
        "a": "licence CC-BY-NC-4.0 is denied", "b": "licence unknown is denied", "c": "licence cc-by-nc-2.0 is denied"}
    assert counts.dropped == {"licence": 3} and counts.written == 1 and counts.balanced()
    assert {row["by"] for row in rejected_rows(tmp_path)} == {"export"}


def test_what_is_shorter_than_wanted_is_left_out_with_the_reason(tmp_path):
    said = {"a": ("Worm", ""), "b": ("Worm", "It spreads."), "c": ("", "It spreads now.")}
    decided.write(tmp_path, [KEPT | {"id": id_, "title": title, "text": words} for id_, (title, words) in said.items()])
    counts = run(tmp_path, min_chars=16)
    assert [row["id"] for row in kept_rows(tmp_path)] == ["b"]  # 4 and 11 characters, and a line end between them
    assert {row["id"]: (row["by"], row["reason"]) for row in rejected_rows(tmp_path)} == {
        "a": ("export", "4 characters, fewer than 16"), "c": ("export", "15 characters, fewer than 16")}
    assert counts.dropped == {"short": 2} and counts.written == 1 and counts.balanced()


@pytest.mark.parametrize(("more", "said"), [
    ({"deny": ["CC-*", "nosuch", "mit"]}, "export.licences.deny: no kept record's licence is nosuch (there are: "
     "CC-BY-NC-4.0, GPL, MIT, unknown)"),
    ({"templates": {"text": {}, "chatml": {"user": "{meta.none}"}}}, "export.templates.chatml: no kept record "),
    ({"deny": ["*"]}, "no record is exported: the filtered folder holds its README.md alone"), ({}, "")])
def test_settings_that_do_nothing_and_exports_of_nothing_are_warned_of(tmp_path, capsys, more, said):
    decided.write(tmp_path, [KEPT | {"id": "a", "meta": {"licence": "CC-BY-NC-4.0"}}, KEPT | {"id": "b"},
                             KEPT | {"id": "c", "meta": {"licence": ["GPL", "MIT"]}}])
    run(tmp_path, **more)
    warned = capsys.readouterr().err
    assert said in warned and warned.count("\n") == bool(said)


@pytest.mark.parametrize(("name", "content"), [
    ("bench.jsonl", json.dumps({"question": [f"Why? {LONG.upper()}!"]}) + "\n\n"),
    ("bench.txt", f"1. {LONG}.\n2. None"),
    ("bench.csv", f'id,text\n7,"{LONG}"\n'), ("bench.json", json.dumps([{"a": {"b": LONG}}])),
    ("long.csv", f'id,text\n7,"{"-" * 200_000} {LONG}"\n'),
    ("BENCH.JSON", json.dumps([LONG.replace(" ", "\n")]))])
def test_records_that_share_text_with_a_benchmark_are_left_out(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    words = LONG.split()
    decided.write(tmp_path, [KEPT | {"id": "whole", "text": f"First. {LONG.replace(' ', '  ')} too."},
                             KEPT | {"id": "13", "text": "Once " + " ".join(words[3:16]) + " more"},
                             KEPT | {"id": "12", "text": "Once " + " ".join(words[3:15]) + " more"}])
    counts = run(tmp_path, decontaminate=[str(tmp_path / name)])
    assert [row["id"] for row in kept_rows(tmp_path)] == ["12"]
    reason = f"13 words in a row as in {name}"
    assert {row["id"]: row["reason"] for row in rejected_rows(tmp_path)} == {"whole": reason, "13": reason}
    assert counts.dropped == {"benchmark": 2} and counts.balanced()


def test_every_run_of_a_benchmark_is_found_and_nothing_else(tmp_path):
    words = LONG.split()
    runs = [" ".join(words[n:n + 13]) for n in range(len(words) - 12)]
    others = [" ".join(f"w{n}x{k}" for k in range(13)) for n in range(200)]
    (tmp_path / "bench.txt").write_text(LONG)
    found = decontaminate.load([str(tmp_path / "bench.txt")]).found(runs + others)
    assert found == ["bench.txt"] * len(runs) + [None] * 200
    assert decontaminate.load([]).found(runs) == [None] * len(runs)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_benchmark_is_found_however_its_accents_are_spelt(tmp_path, form):
    text = " ".join(f"caf\u00e9{n}" for n in range(13))
    (tmp_path / "bench.txt").write_text(unicodedata.normalize(form, text), encoding="utf-8")
    assert decontaminate.load([str(tmp_path / "bench.txt")]).found([text]) == ["bench.txt"]


@pytest.mark.parametrize(("name", "content", "found"), [
    ("b.csv", 'a,"b ""c"", d"\r\ne\tf,g\r\n', ["a", 'b "c", d', "e\tf", "g"]),
    ("b.tsv", "a\tb, c\nd\te\n", ["a", "b, c", "d", "e"]),
    ("b.jsonl", '{"a": "b\\nc"}\n\n["d", {"e": 1}]\n', ["b\nc", "d"]),
    ("b.ndjson", '"a\\u0062"\n', ["ab"]), ("b.txt", 'a,"b"\n', ['a,"b"\n'])])
def test_the_strings_of_a_benchmark_are_read_as_its_format_says(tmp_path, name, content, found):
    (tmp_path / name).write_bytes(content.encode())
    assert list(decontaminate.strings(tmp_path / name)) == found


def test_a_run_may_begin_in_the_title(tmp_path):
    (tmp_path / "bench.txt").write_text(LONG)
    words = LONG.split()
    title, text = " ".join(words[:10]), " ".join(words[10:])  # neither has 13 words
    decided.write(tmp_path, [KEPT | {"id": "across", "title": title, "text": text},
                             KEPT | {"id": "turned", "title": text, "text": title}])
    run(tmp_path, decontaminate=[str(tmp_path / "bench.txt")])
    assert [row["id"] for row in kept_rows(tmp_path)] == ["turned"]


def test_each_of_two_benchmarks_is_named_and_so_is_each_record_of_many(tmp_path, monkeypatch):
    """Four records a batch, so that a benchmark's name must find its way to the right record of the right batch."""
    monkeypatch.setattr(export, "BATCH", 4)
    other = " ".join(f"word{chr(97 + n)}" for n in range(20))
    for name, text in ("b.txt", LONG), ("a.txt", other):
        (tmp_path / name).write_text(text)
    texts = {2: LONG, 3: other, 4: other, 9: LONG}
    decided.write(tmp_path, [KEPT | {"id": str(n), "text": texts.get(n, f"Text {n}")} for n in range(11)])
    run(tmp_path, decontaminate=[str(tmp_path / name) for name in ("b.txt", "a.txt")])
    assert {int(row["id"]): row["reason"].rpartition(" ")[2] for row in rejected_rows(tmp_path)} == {
        2: "b.txt", 3: "a.txt", 4: "a.txt", 9: "b.txt"}
    assert [row["id"] for row in kept_rows(tmp_path)] == ["0", "1", "5", "6", "7", "8", "10"]


def test_a_parquet_file_may_be_a_benchmark(tmp_path):
    decided.write(tmp_path, [KEPT | {"id": "x", "text": LONG}, KEPT | {"id": "y", "text": "Other"}])
    decided.write(tmp_path / "bench", [{"id": "q", "verdict": "kept", "by": "rule", "text": LONG}])
    run(tmp_path, decontaminate=[str(tmp_path / "bench" / "parsed" / "a" / "b.json.parquet")])
    assert [row["id"] for row in kept_rows(tmp_path)] == ["y"]


@pytest.mark.parametrize(("name", "content"), [("none.txt", None), ("short.txt", "Few words."), ("broken.json", "{")])
def test_a_benchmark_file_that_is_none_is_told(tmp_path, name, content):
    if content is not None:
        (tmp_path / name).write_text(content)
    decided.write(tmp_path, [KEPT | {"id": "x"}])
    with pytest.raises(InputError, match=name):
        run(tmp_path, decontaminate=[str(tmp_path / name)])


def test_masking_is_counted_and_can_be_turned_off(tmp_path):
    decided.write(tmp_path, [KEPT | {"id": "x", "text": "Reported by jane.roe@kestrelmail.com."}])
    counts = run(tmp_path)
    assert kept_rows(tmp_path)[0]["text"] == "Reported by [EMAIL]."
    assert counts.tree()["notes"] == {"masked e-mail addresses": 1}
    run(tmp_path, mask=(True, False))
    assert kept_rows(tmp_path)[0]["text"] == "Reported by jane.roe@kestrelmail.com."


@pytest.mark.filterwarnings("ignore")
def test_datasets_and_duckdb_read_what_was_written(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    datasets, duckdb = pytest.importorskip("datasets"), pytest.importorskip("duckdb")
    for source in ("a.json", "b/c.json"):
        decided.write(tmp_path, [KEPT | {"id": f"CVE-2031-{10_000 + i}", "text": f"Text {i}", "meta": {"n": i}}
                                 for i in range(200)], source)
    run(tmp_path, splits=SPLITS, templates={"chatml": {"user": "About {id}"}})
    folder = tmp_path / "filtered"
    files = {split: str(folder / split / "**" / "*.parquet") for split in NAMES}
    loaded = datasets.load_dataset("parquet", data_files=files, cache_dir=tmp_path / "cache")
    assert sum(loaded[split].num_rows for split in NAMES) == 400
    assert loaded["train"][0]["rules"] == ["cve"] and json.loads(loaded["train"][0]["meta"])
    by_card = datasets.load_dataset(str(folder), cache_dir=tmp_path / "cache")
    assert {split: by_card[split].num_rows for split in NAMES} == {s: loaded[s].num_rows for s in NAMES}
    chats = datasets.load_dataset("json", data_dir=str(folder / "chatml"), cache_dir=tmp_path / "cache")
    assert chats["train"][0]["messages"][0]["role"] == "user"
    assert {split: chats[split].num_rows for split in chats} == {split: loaded[split].num_rows for split in NAMES}
    rows = duckdb.sql(f"select count(*), count(distinct id) from read_parquet('{folder}/**/*.parquet')").fetchall()
    assert rows == [(400, 200)]
    lines = duckdb.sql(f"select split, count(*) from read_json('{folder}/filtered.jsonl') group by all").fetchall()
    assert dict(lines) == {split: loaded[split].num_rows for split in NAMES}


@pytest.mark.filterwarnings("ignore")
def test_lines_alone_put_no_test_record_into_train(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    decided.write(tmp_path, [KEPT | {"id": str(n)} for n in range(200)])
    run(tmp_path, formats=["jsonl"], splits=SPLITS)
    loaded = datasets.load_dataset(str(tmp_path / "filtered"), cache_dir=tmp_path / "cache")
    assert list(loaded) == ["filtered"] and set(loaded["filtered"]["split"]) == set(NAMES)


def test_without_parquet_the_card_names_the_lines(tmp_path):
    decided.write(tmp_path, [KEPT | {"id": "x"}])
    run(tmp_path, formats=["jsonl"])
    front = (tmp_path / "filtered" / "README.md").read_text().split("---\n")[1]
    assert yaml.safe_load(front)["configs"][0]["data_files"] == [{"split": "filtered", "path": "filtered.jsonl"}]
    assert card.about("anything else")["hub"] == "other"

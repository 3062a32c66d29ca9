"""The dataset card: figures from the run, whatever part of it is there."""

import json
import re
import time
from collections import Counter

import pytest
import yaml

from cybersieve import card, licence_names, params, records
from tests import decided

SETTINGS = params.Export(["parquet"], params.Splits(0.9, 0.0, 0.1), {"text": {}}, params.Mask(True, False),
                         ["x/mmlu.csv"], params.Licences(["CC-BY-NC-*"]), 0)
SOURCES = {"a.json": card.Source(1200, Counter(train=1100, test=100), Counter({"ATT&CK terms of use": 1200})),
           "b.json": card.Source(1, Counter(train=1), Counter({"CC0-1.0": 1})),
           "c.json": card.Source(0, Counter(), Counter())}


def counts():
    made = records.Counts(read=1300, written=1201, failed=9)
    made.dropped.update(rule=80, benchmark=10)
    made.notes.update({"masked secrets: GitHub Token": 3, "e-mail addresses left as indicators": 5})
    return made


def header(text):
    return yaml.safe_load(text.split("---\n")[1])


def test_what_every_card_tells():
    text = card.text(SOURCES, counts(), SETTINGS, None)
    assert header(text) == {
        "pretty_name": "Cybersecurity texts, filtered by cybersieve", "license": "other",
        "task_categories": ["text-generation"], "tags": ["cybersecurity"], "size_categories": ["1K<n<10K"],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": "train/**/*.parquet"},
                                                              {"split": "test", "path": "test/**/*.parquet"}]}]}
    assert 'load_dataset("json", data_dir="text")' in text
    assert "1,201 records from 2 sources" in text
    assert "| a.json | 1,200 | [ATT&CK terms of use](https://attack.mitre.org" in text and "c.json" not in text
    assert "| export | 1,300 | 1,201 | benchmark: 10, rule: 80 | 9 |" in text
    assert "mmlu.csv; 10 records left out" in text and "CC-BY-NC-*; 0 records" in text
    assert "| masked secrets: GitHub Token | 3 |" in text and "people: not looked for" in text
    assert "## Quality" not in text and "## Who decided" not in text and "## How to repeat it" not in text


def test_one_licence_is_named_in_the_header():
    assert header(card.text({"b.json": SOURCES["b.json"]}, counts(), SETTINGS, None))["license"] == "cc0-1.0"


def test_an_empty_dataset_has_a_card():
    text = card.text({"c.json": SOURCES["c.json"]}, records.Counts(), SETTINGS, None)
    assert "0 records from 0 sources" in text and header(text)["size_categories"] == ["n<1K"]


def test_what_the_run_recorded(tmp_path):
    decided.write(tmp_path, [{"id": str(n), "verdict": "kept" if n % 2 else "rejected", "by": "rule", "confidence": 0.5,
                              "score": 0.0} for n in range(40)], "s.json")
    (tmp_path / "labels").mkdir()
    lines = [f"s.json,{n},{n % 2}\n" for n in range(40)]
    (tmp_path / "labels" / "sample_uniform.csv").write_text("file,id,label\n" + "".join(lines))
    for stage, read in (("parse", 41), ("dedup", 40)):
        records.save_json(tmp_path / "counts" / f"{stage}.json",
                          records.Counts(read=read, written=read - 1, failed=1).tree())
    (tmp_path / "thresholds.json").write_text(json.dumps({
        "mode": "certified", "accept": 0.9125, "reject": None, "labels": 8,
        "certificate": ["Of many records few are wrong."]}))
    model = {"id": "tiny", "revision": None, "weights_sha256": "ab12", "tokenizer_sha256": "cd",
             "adapter": {"id": "tiny-adapter", "sha256": {"adapters.safetensors": "ef34"}}}
    lock = tmp_path / "dvc.lock"
    lock.write_text(yaml.safe_dump({"schema": "2.0", "stages": {"parse": {"cmd": "x"}, "export": {"outs": [1]}}}))
    run = card.Run(tmp_path / "counts", tmp_path / "thresholds.json", tmp_path / "labels", tmp_path / "scored",
                   tmp_path / "verdicts", model, ("git checkout 1234", "dvc repro"), lock)
    text = card.text(SOURCES, counts(), SETTINGS, run)
    assert re.search(r"\| parse \| 41 \| 40 .*\n\| dedup \| 40 \| 39 .*\n\| export \|", text)
    assert "certified by 8 labels: kept from 0.912, none rejected by rule" in text
    assert "- Of many records few are wrong." in text
    assert "Model: tiny, weights sha256 `ab12`" in text and "adapters.safetensors sha256 `ef34`" in text
    assert re.search(r"\| precision \| 1\.000 \(0\.\d+ to 1\.000, n \d+\) \|", text) and "labelled records" in text
    assert "git checkout 1234\ndvc repro" in text and card.lock_hash(lock) in text
    before = card.lock_hash(lock)
    lock.write_text(yaml.safe_dump({"stages": {"parse": {"cmd": "x"}, "export": {"outs": [2]}, "report": {}}}))
    assert card.lock_hash(lock) == before
    lock.write_text(yaml.safe_dump({"stages": {"parse": {"cmd": "y"}}}))
    assert card.lock_hash(lock) != before


def test_the_quality_claims_no_uniform_sample_and_no_want_of_labels_where_nothing_was_kept(tmp_path):
    rows = [{"id": str(n), "verdict": "rejected", "by": "rule", "confidence": 0.1, "score": 0.0} for n in range(40)]
    decided.write(tmp_path, rows, "s.json")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "sample_uniform.csv").write_text("file,id,label\n" + "".join(
        f"s.json,{n},{n % 2}\n" for n in range(40)))
    run = card.Run(labels=tmp_path / "labels", scored_dir=tmp_path / "scored", verdicts_dir=tmp_path / "verdicts")
    text = card.text(SOURCES, counts(), SETTINGS, run)
    assert "| precision | nothing to rate |" in text and "| recall | 0.000 (0.000 to " in text
    assert "as far as every record was equally likely to be drawn" in text


def test_names_of_the_data_are_no_markup():
    name = "a/<img src=x onerror=alert(1)>[x](http://e.example)\n| `b` _c_ d_e &lt;.csv"
    text = card.text({name: card.Source(1, Counter(train=1), Counter({"<b>*mine*": 1}))}, counts(), SETTINGS, None)
    [row] = [line for line in text.splitlines() if "onerror" in line]
    assert row == ("| a/&#60;img src=x onerror=alert(1)&#62;&#91;x&#93;(http://e.example)U+000A&#124; &#96;b&#96; "
                   "&#95;c&#95; d_e &#38;lt;.csv | 1 | &#60;b&#62;&#42;mine&#42; | as the licence says |")


def test_broken_files_are_named_with_the_reason(tmp_path):
    lost = records.Counts(read=377, failed=377)
    lost.notes["left out: byte 400000, ends inside a string"] += 1
    parsed = records.Counts()
    parsed.add("<b>.json", lost)
    parsed.save(tmp_path / "parse.json")
    text = card.text(SOURCES, counts(), SETTINGS, card.Run(tmp_path))
    assert "Left out as broken: 1 file, 377 records (&#60;b&#62;.json: byte 400000, ends inside a string)." in text
    assert "| parse | 377 | 0 | none | 377 |" in text and "Left out as broken" not in card.text(
        SOURCES, counts(), SETTINGS, None)


def test_chat_files_say_how_many_records_they_hold():
    made = counts()
    made.notes["records without the fields of template text"] = 200
    assert 'data_dir="text")`: 1,001 records, 200 lack the fields.' in card.text(SOURCES, made, SETTINGS, None)
    assert 'data_dir="text")`: 1,201 records.' in card.text(SOURCES, counts(), SETTINGS, None)


def test_a_model_behind_an_endpoint_is_told_by_its_name():
    model = {"id": "somebody/model-7b", "endpoint": True, "fingerprint": "ab12"}
    text = card.text(SOURCES, counts(), SETTINGS, card.Run(model=model))
    assert "Model: somebody/model-7b, as an endpoint serves it under that name." in text


@pytest.mark.parametrize(("licence", "hub"), [
    ("CC0-1.0", "cc0-1.0"), ("cc-by-sa-3.0", "cc-by-sa-3.0"), ("CC-BY-NC-4.0", "cc-by-nc-4.0"),
    ("CC-BY-4.0", "cc-by-4.0"), ("CC BY-NC 4.0", "cc-by-nc-4.0"), ("CC-BY-ND-4.0", "cc-by-nd-4.0"),
    ("CC-BY-NC-SA", "cc"), ("CC-BY-ND-2.0", "other"), ("CC-BY-4.0 OR MIT", "other"), ("MIT", "mit"),
    ("unknown", "unknown"), ("Some terms", "other"), ("public domain (US government work)", "other")])
def test_licences(licence, hub):
    about = card.about(licence)
    assert about["hub"] == hub and about["credit"] and "terms" in about


@pytest.mark.parametrize(("licence", "name"), [
    ("http://creativecommons.org/licenses/by-nc-sa/4.0/", "CC-BY-NC-SA-4.0"), ("cc by 3.0", "CC-BY-3.0"),
    ("https://creativecommons.org/licenses/by-nd/4.0/deed.en", "CC-BY-ND-4.0"), ("CC_BY_SA_4.0", "CC-BY-SA-4.0"),
    ("Creative Commons Attribution International 4.0 License", "CC-BY-4.0"), ("CC-BY", "CC-BY"),
    ("Creative Commons Attribution-NonCommercial-NoDerivs 3.0 Unported (CC BY-NC-ND 3.0)", "CC-BY-NC-ND-3.0"),
    ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"), ("Creative Commons Zero", "CC0"),
    ("cc-by-4.0-international", "CC-BY-4.0"), ("CC BY\u2013NC 4.0", "CC-BY-NC-4.0"),
    ("CC BY\u2212SA 4.0", "CC-BY-SA-4.0"),
    *((other, other) for other in ("MIT", "CC-BY-4.0 OR MIT", "CCBYE", "BY", "Creative Commons", "CWE terms of use"))])
def test_one_licence_in_many_words(licence, name):
    assert licence_names.named(licence) == name


@pytest.mark.parametrize("part", ["CC0 /", "CC BY-NC", "/", "(CC", "BY-NC-", "CC-"])
def test_long_strange_licences_take_no_long_time(part):
    licence, start = f"CC0 {part * 20_000}x", time.perf_counter()
    assert licence_names.named(licence) == licence and licence_names.inside(licence)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(("licence", "credit"), [
    ("CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)", "the authors and the source"),
    ("CC BY-SA 3.0, GFDL", "the authors and the site; changed texts under the same licence"),
    ("CC BY-NC 4.0, see NOTICE", "the authors and the source; no commercial use")])
def test_words_behind_a_licence_leave_it_what_it_is(licence, credit):
    assert card.about(licence)["credit"] == credit and card.about(licence)["hub"] == "other"


def test_the_terms_are_those_of_the_licence():
    about = card.about("CC BY-NC-ND 3.0")
    assert about["terms"].endswith("/by-nc-nd/3.0/") and "no commercial use, no changed texts" in about["credit"]

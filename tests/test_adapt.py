import dataclasses
import json
import math
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from cybersieve import adapt, adapter_folder, calibration, checkpoints, labels, prompt, records, training_data
from cybersieve.errors import InputError, ModelError, ParamsError
from cybersieve.records import PARSED, Record
from tests import tiny

WORDS = ["malware", "attack", "soup", "garden", "exploit", "river", "password", "bread", "phishing", "violin"]
SECURITY = {"malware", "attack", "exploit", "password", "phishing"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny.write(tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture
def texts(tmp_path):
    """100 texts of which half name two things of security; two sources."""
    security, other = (sorted(one) for one in (SECURITY, set(WORDS) - SECURITY))
    rows = [{"text": f"{first} and {second}" + " and bread" * more, "label": label, "source": f"s{more % 2}"}
            for label, words in ((1, security), (0, other)) for first in words for second in words for more in (0, 1)]
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def train(model: Path, texts: Path, output: Path, *more: str, epochs: float = 1.0,
          rank: tuple[str, ...] = ("--rank", "4")) -> dict:
    """A short question, because every byte is a token of the tiny model."""
    adapt.main(["--labels", str(texts), "--output", str(output), "--model", str(model), *rank,
                "--epochs", str(epochs), "--question", "?", "--keys", "self_attn.q_proj", "mlp.down_proj",
                "--batch-size", "8", "--held-back", "0.25", "--learning-rate", "0.005", "--max-tokens", "16", *more])
    return records.load_json(output / "training.json")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CYBERSIEVE_CACHE", str(tmp_path / "cache"))


def test_an_adapter_is_learned_and_loads_with_mlx_lm(model, texts, tmp_path):
    facts = train(model, texts, tmp_path / "a", epochs=10)
    assert facts["auc"] > 0.9

    import mlx.core as mx
    import mlx_lm

    loaded, tokenizer = mlx_lm.load(str(model), adapter_path=str(tmp_path / "a"))
    layout = prompt.of_adapter(tmp_path / "a", 16)
    yes, no = prompt.answer_tokens(tokenizer, layout)
    text = prompt.text_tokens(tokenizer, layout, ["malware 1 and attack"])[0]
    tokens = [*prompt.prefix_tokens(tokenizer, layout), *text, *prompt.suffix_tokens(tokenizer, layout)]
    logits = loaded(mx.array([tokens]))[0, -1]
    assert logits[yes[0]].item() > logits[no[0]].item()
    weights = mx.load(str(tmp_path / "a/adapters.safetensors"))
    assert weights["model.layers.0.self_attn.q_proj.lora_a"].dtype == mx.float16
    assert "Records with a uniform label" in (tmp_path / "a/README.md").read_text()


def test_keys_that_the_model_lacks_are_listed(texts, tmp_path):
    with pytest.raises(ModelError, match=re.escape("(known: attn.c_attn, attn.c_proj, mlp.c_fc, mlp.c_proj)")):
        train(tiny.write(tmp_path / "gpt2", "gpt2"), texts, tmp_path / "a")


def test_a_checkpoint_of_another_model_is_not_taken_up(model, texts, tmp_path):
    first = train(model, texts, tmp_path / "a")
    other = train(tiny.write(tmp_path / "other", seed=1), texts, tmp_path / "a")
    assert first["settings"]["base"] != other["settings"]["base"] and first["loss"] != other["loss"]


def test_a_checkpoint_is_given_back_as_it_was_kept(tmp_path):
    one, other, third = ({"layer.lora_a": checkpoints.mx.array([[float(n), 0.5]])} for n in range(3))
    run = checkpoints.Run(one, 0.25, 0.75, 3, 7, 1.5, 2, True, (0.5, None))
    assert checkpoints.restore(tmp_path / "new", "mark") is None
    checkpoints.save(tmp_path / "new", "mark", run, other, third)
    kept, weights, optimizer = checkpoints.restore(tmp_path / "new", "mark")
    for found, parts in ((kept.best, one), (weights, other), (optimizer, third)):
        assert {name: value.tolist() for name, value in found.items()} == {
            name: value.tolist() for name, value in parts.items()}
    names = "best_loss", "best_auc", "best_step", "step", "seconds", "misses", "stopped"
    assert [getattr(kept, name) for name in names] == [0.25, 0.75, 3, 7, 1.5, 2, True]
    assert tuple(kept.last) == (0.5, None)
    assert checkpoints.restore(tmp_path / "new", "another mark") is None
    (path,) = (tmp_path / "new").iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    assert checkpoints.restore(tmp_path / "new", "mark") is None


def test_a_mark_is_of_the_settings_and_each_row():
    rows = [(1.0, [1, 2]), (0.0, [3])]
    mark = checkpoints.mark({"a": 1, "b": 2}, rows)
    assert checkpoints.mark({"b": 2, "a": 1}, rows) == mark
    others = (rows[::-1], rows[:1], [(0.5, [1, 2]), rows[1]], [(1.0, [1, 3]), rows[1]])
    marks = [mark, checkpoints.mark({"a": 1, "b": 3}, rows), *(checkpoints.mark({"a": 1, "b": 2}, o) for o in others)]
    assert len(set(marks)) == 6


class Killed(Exception):
    pass


def test_a_killed_run_goes_on_and_ends_with_the_bytes_of_a_whole_one(model, texts, tmp_path, monkeypatch):
    train(model, texts, tmp_path / "whole")
    monkeypatch.setenv("CYBERSIEVE_CACHE", str(tmp_path / "another"))
    seen = []

    def die_at_the_third_look(self, figures):
        seen.append(figures["step"])
        if len(seen) == 3:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(adapt.Progress, "report", die_at_the_third_look)
        with pytest.raises(Killed):
            train(model, texts, tmp_path / "killed")
    resumed = []
    monkeypatch.setattr(adapt.Progress, "report", lambda self, figures: resumed.append(figures["step"]))
    train(model, texts, tmp_path / "killed")
    assert resumed[0] == seen[2]  # the second look was kept, the third is done again
    for name in ("adapters.safetensors", "calibration.json", "margins.jsonl"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "killed" / name).read_bytes(), name


def test_a_run_can_go_on_from_an_adapter(model, texts, tmp_path):
    first = train(model, texts, tmp_path / "first", epochs=10)
    again = train(model, texts, tmp_path / "again", "--start-from", str(tmp_path / "first"), epochs=0.3)
    scratch = train(model, texts, tmp_path / "scratch", epochs=0.3)
    assert again["loss"] < first["loss"] + 0.1 < scratch["loss"]
    assert len(again["settings"]["start_from"]) == 64 and not scratch["settings"]["start_from"]
    with pytest.raises(InputError, match="folder of an adapter"):
        train(model, texts, tmp_path / "none", "--start-from", str(tmp_path))
    with pytest.raises(ModelError, match="another rank"):
        train(model, texts, tmp_path / "other", "--start-from", str(tmp_path / "first"), "--rank", "2")


def test_who_goes_on_from_an_adapter_takes_its_rank(model, texts, tmp_path):
    first = train(model, texts, tmp_path / "first", rank=("--rank", "3"), epochs=0.3)
    again = train(model, texts, tmp_path / "again", "--start-from", str(tmp_path / "first"), epochs=0.3, rank=())
    assert (first["settings"]["rank"], again["settings"]["rank"]) == (3, 3)
    mean = ["--start-from", str(tmp_path / "first"), "--mean-with", str(tmp_path / "again")]
    train(model, texts, tmp_path / "mean", *mean, rank=())
    assert json.loads((tmp_path / "mean/adapter_config.json").read_text())["lora_parameters"]["rank"] == 3


def test_texts_to_check_by_are_measured_and_not_learned(model, texts, tmp_path):
    rows = [{"text": f"{word} by the lake, {i}", "label": word in SECURITY, "weight": training_data.LABELLED,
             "source": "sample"} for word in WORDS for i in range(12)]
    known = [json.loads(line) for line in texts.read_text().splitlines()][:5]
    check = tmp_path / "check.jsonl"
    check.write_text("".join(json.dumps(row | {"label": int(row["label"])}) + "\n" for row in [*rows, *known]))
    rules = tmp_path / "rules.yaml"
    rules.write_text("{categories: {own: 0}, rules: [{id: malware, pattern: malware, weight: 2}]}")
    facts = train(model, texts, tmp_path / "a", "--check", str(check), "--rules", str(rules))
    assert facts == train(model, texts, tmp_path / "b"), "training is the same"
    measured = [json.loads(line) for line in (tmp_path / "a/margins.jsonl").read_text().splitlines()]
    checked = [one for one in measured if one["by"] == "checked"]
    assert len(checked) == len(rows), "those among the texts learned from are passed over"
    found = records.load_json(tmp_path / "a/calibration.json")
    assert found["fitted_on"]["n"] == len(measured) and found["posterior"]["log_odds"] > 0
    assert "records never learned" in (tmp_path / "a/README.md").read_text()
    with pytest.raises(InputError, match="no_such"):
        train(model, texts, tmp_path / "c", "--check", str(tmp_path / "no_such.jsonl"))
    assert not (tmp_path / "c").exists() and not (tmp_path / "cache/adapt/c-seed-0").exists(), "told before training"
    (tmp_path / "a/calibration.json").unlink()
    train(model, texts, tmp_path / "a", "--check", str(check), "--rules", str(rules), "--recalibrate")
    assert records.load_json(tmp_path / "a/calibration.json") == found
    train(model, texts, tmp_path / "a", "--check", str(check), "--rules", str(rules), "--recalibrate", "--prior", "0.2")
    rarer = records.load_json(tmp_path / "a/calibration.json")
    assert rarer["platt"]["b"] == pytest.approx(found["platt"]["b"] + math.log(0.2 / 0.8), abs=1e-4)
    assert rarer["posterior"] == found["posterior"]
    assert "for a share of yes of 0.2" in (tmp_path / "a/README.md").read_text()
    train(model, texts, tmp_path / "a", "--check", str(check), "--rules", str(rules), "--recalibrate")
    assert records.load_json(tmp_path / "a/calibration.json") == rarer, "the prior is remembered"
    with pytest.raises(ParamsError, match="--prior must lie"):
        train(model, texts, tmp_path / "a", "--recalibrate", "--prior", "1")


def test_texts_that_another_adapter_learned_are_not_calibrated_on(model, texts, tmp_path):
    train(model, texts, tmp_path / "a")
    held = [json.loads(line) for line in (tmp_path / "a/margins.jsonl").read_text().splitlines()]
    met = {one["group"] for one in held[::2]}
    text_of = {one["group"]: one for one in training_data.read_jsonl(texts)}
    learned = tmp_path / "learned.jsonl"
    learned.write_text("".join(json.dumps({key: text_of[group][key] for key in ("text", "label")}) + "\n"
                               for group in sorted(met)))
    mean = train(model, texts, tmp_path / "mean", "--start-from", str(tmp_path / "a"), "--mean-with",
                 str(tmp_path / "a"), "--learned", str(learned))
    left = [json.loads(line) for line in (tmp_path / "mean/margins.jsonl").read_text().splitlines()]
    assert mean["share"] == 0.5 and {one["group"] for one in left} == {one["group"] for one in held} - met
    train(model, texts, tmp_path / "a", "--recalibrate", "--learned", str(learned))
    kept = [json.loads(line) for line in (tmp_path / "a/margins.jsonl").read_text().splitlines()]
    assert kept == [one for one in held if one["group"] not in met]
    assert records.load_json(tmp_path / "a/calibration.json")["fitted_on"]["n"] == len(kept)
    with pytest.raises(InputError, match="every text in it"):
        train(model, texts, tmp_path / "a", "--recalibrate", "--learned", str(texts))
    assert [json.loads(line) for line in (tmp_path / "a/margins.jsonl").read_text().splitlines()] == kept


def test_too_little_to_learn_from_is_told_before_training(model, tmp_path):
    with pytest.raises(InputError, match="^--labels: 0 texts"):
        adapt.main(["--output", str(tmp_path / "a")])
    few = tmp_path / "few.jsonl"
    few.write_text("".join(json.dumps({"text": text, "label": label}) + "\n"
                           for text, label in (("malware", 1), ("soup", 0))))
    with pytest.raises(InputError, match="of 2 texts 2 are to learn from and 0 held back"):
        train(model, few, tmp_path / "a", "--held-back", "0.001")
    with pytest.raises(ParamsError, match="--rank"):
        train(model, few, tmp_path / "a", "--rank", "0")
    assert not (tmp_path / "a").exists()


def strict(folder: Path) -> None:
    """All JSON in the folder is JSON: neither NaN nor Infinity, which Python writes and nobody else reads."""
    for path in [*folder.glob("*.json"), *folder.glob("*.jsonl")]:
        for line in path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]:
            json.loads(line, parse_constant=lambda word, path=path: pytest.fail(f"{path}: {word}"))
    assert not {"nan", "inf"} & set((folder / "README.md").read_text().lower().split())


def test_nothing_held_back_is_told_and_written_as_such(model, texts, tmp_path, capfd):
    lines = texts.read_text().splitlines(keepends=True)
    chosen = [line for line in lines
              if training_data.share(training_data.fingerprint(json.loads(line)["text"])) >= 0.2]
    learned, check = tmp_path / "learned.jsonl", tmp_path / "check.jsonl"
    learned.write_text("".join(chosen[::2]))
    check.write_text("".join(chosen[1::2]))
    facts = train(model, learned, tmp_path / "a", "--check", str(check), "--held-back", "0.2", "--seeds", "0", "1")
    assert facts["loss"] is None and facts["auc"] is None
    said = capfd.readouterr()
    assert "warning: no text is held back" in said.err and "nothing held back" in said.out
    assert "inf" not in said.out and "nan" not in said.out
    strict(tmp_path / "a")


@pytest.mark.parametrize("held_back", ["0.25", "0.001"])
def test_training_that_leads_to_no_numbers_is_an_error(model, texts, tmp_path, held_back):
    with pytest.raises(ModelError, match="lower --learning-rate"):
        train(model, texts, tmp_path / "a", "--learning-rate", "1e38", "--held-back", held_back, "--check", str(texts),
              "--folds", "2")
    assert not (tmp_path / "a").exists()


def test_an_adapter_learns_to_answer_injected_texts_as_the_texts_alone(model, texts, tmp_path, monkeypatch,
                                                                       verify_settings):
    from cybersieve import consistency, lora
    from cybersieve import model as models

    wide = ["--max-tokens", "64"]
    first = train(model, texts, tmp_path / "first", *wide, epochs=6)
    start = ["--start-from", str(tmp_path / "first"), "--consistent", "60"]
    best, trained = adapt.Bench.best, []
    monkeypatch.setattr(adapt.Bench, "best", lambda *args: trained.append(best(*args)) or trained[0])
    facts = train(model, texts, tmp_path / "firm", *wide, *start, epochs=6)
    before, written = (adapter_folder.start_weights(tmp_path / name)[0] for name in ("first", "firm"))
    for name, after in trained[0].weights.items():
        half = (np.array(before[name], np.float32) + np.array(after)) / 2
        assert np.allclose(np.array(written[name], np.float32), half, atol=1e-3)
        assert not np.array_equal(np.array(after), half), "training changed it"
    assert facts["consistent"] == 60 and facts["before"] == first and facts["settings"]["smoothing"] == 0
    card = (tmp_path / "firm/README.md").read_text()
    assert "2. 60 of the texts" in card and "| s1 |" in card

    def scorer(name: str) -> lora.Scorer:
        settings = dataclasses.replace(verify_settings, model=str(model), adapter=str(tmp_path / name))
        return lora.Scorer(*models.load(settings), prompt.of_adapter(tmp_path / name, 64))

    rows = consistency.rows(list(training_data.read_jsonl(texts)), 60, scorer("first").margins, seed=1)
    wanted = np.array([one["target"] for one in rows])
    injected = np.array([one["stratum"].startswith("injected") for one in rows])
    assert injected.sum() == 60
    away = {name: np.abs(1 / (1 + np.exp(-scorer(name).margins(rows))) - wanted) for name in ("first", "firm")}
    assert away["first"][~injected].max() < 0.01, "its own answers"
    assert away["firm"][injected].mean() < 0.8 * away["first"][injected].mean()

    for wrong in (["--consistent", "60"], [*start, "--folds", "2"]):
        with pytest.raises(ParamsError, match="--start-from"):
            train(model, texts, tmp_path / "none", *wrong)


def test_the_mean_with_a_later_adapter_is_written_measured_and_told(model, texts, tmp_path):
    import mlx.core as mx

    train(model, texts, tmp_path / "first", epochs=0.5)
    start = ["--start-from", str(tmp_path / "first")]
    later = train(model, texts, tmp_path / "later", *start, epochs=6)
    facts = train(model, texts, tmp_path / "mean", *start, "--mean-with", str(tmp_path / "later"))
    first, after, mean = (adapter_folder.start_weights(tmp_path / name)[0] for name in ("first", "later", "mean"))
    for name, value in mean.items():
        half = (np.array(first[name], np.float32) + np.array(after[name], np.float32)) / 2
        assert np.allclose(np.array(value, np.float32), half, atol=1e-3)
    assert any(not np.array_equal(np.array(first[name]), np.array(mean[name])) for name in mean)
    assert facts["mean_from_step"] == 1 and facts["before"] == later
    assert "3. The mean of the weights after steps 1 and 2." in (tmp_path / "mean/README.md").read_text()
    assert (tmp_path / "mean/margins.jsonl").read_text() != (tmp_path / "later/margins.jsonl").read_text()

    narrow = train(model, texts, tmp_path / "narrow", "--rank", "2", epochs=0.5)
    assert narrow["settings"]["rank"] == 2
    with pytest.raises(InputError, match="other layers"):
        fewer = train(model, texts, tmp_path / "fewer", "--layers", "1", epochs=0.3)
        assert fewer["settings"]["layers"] == 1
        train(model, texts, tmp_path / "none", *start, "--mean-with", str(tmp_path / "fewer"))
    wide = {name: mx.concatenate([value, value], axis=0 if name.endswith("a") else 1)
            for name, value in adapter_folder.start_weights(tmp_path / "narrow")[0].items()}
    shutil.copytree(tmp_path / "narrow", tmp_path / "wide")
    mx.save_safetensors(str(tmp_path / "wide/adapters.safetensors"), wide)
    with pytest.raises(InputError, match="other layers"):
        train(model, texts, tmp_path / "none", *start, "--mean-with", str(tmp_path / "wide"))
    for wrong in (["--rank", "11"], ["--share", "1"]):
        with pytest.raises(ParamsError, match=wrong[0]):
            train(model, texts, tmp_path / "none", *start, "--mean-with", str(tmp_path / "narrow"), *wrong)
    with pytest.raises(ParamsError, match="--mean-with"):
        train(model, texts, tmp_path / "none", "--mean-with", str(tmp_path / "later"))


def test_the_mean_with_an_adapter_of_other_origin_is_that_of_the_products(model, texts, tmp_path):
    first = train(model, texts, tmp_path / "first", epochs=2)
    narrow = ["--rank", "2", "--scale", "10"]
    train(model, texts, tmp_path / "begun", "--seeds", "3", *narrow, epochs=0.5)
    other = train(model, texts, tmp_path / "other", *narrow, "--start-from", str(tmp_path / "begun"))
    whole = ["--start-from", str(tmp_path / "first"), "--mean-with", str(tmp_path / "other"), "--share", "0.25"]
    facts = train(model, texts, tmp_path / "mean", *whole, "--rank", str(first["settings"]["rank"] + 2))
    assert facts["before"] == first and facts["mean_with"] == other and facts["share"] == 0.25

    def product(name: str, stem: str) -> np.ndarray:
        weights = adapter_folder.start_weights(tmp_path / name)[0]
        scale = records.load_json(tmp_path / name / "adapter_config.json")["lora_parameters"]["scale"]
        return scale * np.array(weights[f"{stem}a"], np.float64) @ np.array(weights[f"{stem}b"], np.float64)

    stems = [name[:-1] for name in adapter_folder.start_weights(tmp_path / "mean")[0] if name.endswith("lora_a")]
    for stem in stems:
        wanted = 0.75 * product("first", stem) + 0.25 * product("other", stem)
        assert np.abs(wanted).max() > 0
        assert np.allclose(product("mean", stem), wanted, atol=2e-2 * np.abs(wanted).max())
    card = (tmp_path / "mean/README.md").read_text()
    assert "2. The mean of what the steps before changed" in card and "    2. Labelled texts." in card
    assert "(the other adapter's step 2)" in card and "(step 1)" in card and "(step 2)" not in card

    rank = ["--rank", str(first["settings"]["rank"] + 2)]
    later = train(model, texts, tmp_path / "later", "--start-from", str(tmp_path / "mean"), *rank, epochs=0.5)
    back = ["--start-from", str(tmp_path / "first"), "--mean-with", str(tmp_path / "later"), "--share", "0.25"]
    facts = train(model, texts, tmp_path / "back", *back, "--rank", str(2 * first["settings"]["rank"] + 2))
    assert facts["by_products"] and facts["mean_from_step"] == 1 and facts["before"] == later
    for stem in stems:  # the factors of `later` are others than those of `first`, although it came from there
        wanted = 0.75 * product("first", stem) + 0.25 * product("later", stem)
        assert np.allclose(product("back", stem), wanted, atol=2e-2 * np.abs(wanted).max())
    card = (tmp_path / "back/README.md").read_text()
    assert "4. The mean of what the steps to 1 and those to 3 changed, the later one's share being 0.25" in card

    (tmp_path / "other/training.json").unlink()
    unknown = train(model, texts, tmp_path / "unknown", *whole)
    card = (tmp_path / "unknown/README.md").read_text()
    assert unknown["mean_with"] == {} and "(step 1)" in card and "(step 2)" not in card, "this run learned nothing"


def test_seeds_are_averaged_and_folds_measured(model, texts, tmp_path):
    facts = train(model, texts, tmp_path / "a", "--seeds", "0", "1", "--folds", "2", "--each-source", epochs=0.3)
    rows = [json.loads(line) for line in (tmp_path / "a/margins.jsonl").read_text().splitlines()]
    by = {kind: [row for row in rows if row["by"] == kind] for kind in ("part", "source", "held back")}
    assert len(by["part"]) == len(by["source"]) == sum(sum(row.values()) for row in facts["table"].values())
    assert facts["seeds"] == [0, 1]
    assert records.load_json(tmp_path / "a/calibration.json")["fitted_on"]["by"] == "source"


def test_the_mean_of_adapters_is_the_mean_of_their_products():
    import mlx.core as mx

    from cybersieve import merging

    mx.random.seed(1)
    pair = [{"x.lora_a": mx.random.normal((9, 2)), "x.lora_b": mx.random.normal((2, 5))} for _ in range(2)]
    mean = sum(np.array(one["x.lora_a"]) @ np.array(one["x.lora_b"]) for one in pair) / 2
    whole = merging.merged(pair, rank=4)
    assert np.allclose(np.array(whole["x.lora_a"]) @ np.array(whole["x.lora_b"]), mean, atol=1e-4)
    cut = merging.merged(pair, rank=1)
    u, sizes, vt = np.linalg.svd(mean)
    product = np.array(cut["x.lora_a"]) @ np.array(cut["x.lora_b"])
    assert np.allclose(product, sizes[0] * np.outer(u[:, 0], vt[0]), atol=1e-4)


def parsed_folder(tmp_path: Path) -> Path:
    rows = [Record(str(i), "notes.json", str(i), "", f"{word} number {i} in the yard", {})
            for i, word in enumerate(WORDS * 4)]
    rows.append(Record("same", "notes.json", "x", "Another title", rows[0].text, {}))
    records.write(tmp_path / "parsed/notes.json.parquet", (one.row() for one in rows), PARSED)
    return tmp_path / "parsed"


def test_uniform_labels_and_texts_like_them_never_enter_training(tmp_path):
    folder = tmp_path / "labels"
    folder.mkdir()
    stratified = "".join(f"notes.json,{i},{int(word in SECURITY)}\n" for i, word in enumerate(WORDS * 4))
    (folder / labels.STRATIFIED).write_text(f"file,id,label\n{stratified}notes.json,same,1\n")
    (folder / labels.UNIFORM).write_text("file,id,label\nnotes.json,0,1\nnotes.json,3,u\n")
    rows, left_out = adapt.collect([folder / labels.STRATIFIED], parsed_folder(tmp_path), None)
    texts = {row["text"] for row in rows}
    assert len(rows) == 38
    assert "malware number 0 in the yard" not in texts and "garden number 3 in the yard" not in texts
    assert left_out == {"reads like a record with a uniform label": 1}  # "same": the text under another title
    with pytest.raises(InputError, match="only ever measured on"):
        adapt.collect([folder / labels.UNIFORM], parsed_folder(tmp_path), None)
    with pytest.raises(InputError, match="--parsed-dir"):
        adapt.collect([folder / labels.STRATIFIED], None, None)


def test_fingerprints_to_refuse_are_refused(texts, tmp_path):
    from cybersieve import training_data

    rows, _ = adapt.collect([texts], None, None)
    never = tmp_path / "never.csv"
    never.write_text(training_data.fingerprint(rows[0]["text"].upper()) + "\n")
    left, counts = adapt.collect([texts], None, never)
    assert len(left) == len(rows) - 1 and counts == {"reads like a record with a uniform label": 1}


def test_platt_finds_the_odds_that_made_the_labels():
    rng = np.random.default_rng(3)
    margins = rng.normal(0, 3, 20000)
    truth = (rng.random(20000) < 1 / (1 + np.exp(-(0.8 * margins - 1.0)))).astype(int)
    found = calibration.platt(margins.tolist(), truth.tolist())
    assert found["a"] == pytest.approx(0.8, abs=0.05) and found["b"] == pytest.approx(-1.0, abs=0.1)
    said = calibration.probability(margins, found)
    assert abs(said.mean() - truth.mean()) < 0.01


def test_platt_of_texts_without_a_difference_is_worked_out_by_hand():
    """Labels count as (n₊+1)/(n₊+2) and 1/(n₋+2); by groups an answer of 20 texts or more counts as any other, one of
    5 for a quarter."""
    def logit(share: float) -> float:
        return math.log(share / (1 - share))

    even = logit((3 * 4 / 5 + 1 / 3) / 4)
    assert calibration.platt([0.0] * 4, [1, 1, 1, 0]) == {"a": 0.0, "b": pytest.approx(even, abs=2e-5)}
    for yes, no, share in ((40, 20, 0.5), (40, 5, 0.8), (10, 5, 2 / 3)):
        found = calibration.platt([0.0] * (yes + no), [1] * yes + [0] * no, ["one"] * (yes + no))
        wanted = logit(share * (yes + 1) / (yes + 2) + (1 - share) / (no + 2))
        assert found == {"a": 0.0, "b": pytest.approx(wanted, abs=2e-5)}
    assert calibration.platt([1.0, -1.0], [1, 0])["a"] == pytest.approx(math.log(2), abs=2e-3), "2/3 and 1/3"


def test_platt_by_groups_is_not_ruled_by_three_texts():
    margins, truth, groups = [2.0, -2.0] * 200, [1, 0] * 200, ["large"] * 400
    threshold = {}
    for count in (3, 20, 60):
        found = calibration.platt([*margins, *[-3.0] * count], [*truth, *[1] * count], [*groups, *["small"] * count])
        threshold[count] = -found["b"] / found["a"]
    assert threshold[60] == pytest.approx(threshold[20], rel=0.02), "twenty count like any other source"
    assert abs(threshold[3]) < abs(threshold[20]) / 4


def test_platt_by_groups_is_not_ruled_by_the_largest():
    margins = [1.0, 3.0] * 500 + [-1.0, 1.0] * 5
    truth, groups = [0, 1] * 505, ["large"] * 1000 + ["small"] * 10
    threshold = {name: -found["b"] / found["a"] for name, found in
                 (("pooled", calibration.platt(margins, truth)), ("each", calibration.platt(margins, truth, groups)))}
    assert threshold["each"] < threshold["pooled"]


def test_a_prior_is_the_share_of_yes_for_which_the_probability_holds():
    rng = np.random.default_rng(4)
    truth = (rng.random(40000) < 0.2).astype(int)
    margins = rng.normal(np.where(truth, 1.0, -1.0), 1.0)
    said = {}
    for prior in (0.5, 0.2):
        found = calibration.platt(margins.tolist(), truth.tolist(), ["one"] * len(truth), prior)
        said[prior] = float(calibration.probability(margins, found).mean())
    assert said[0.2] == pytest.approx(truth.mean(), abs=0.01) and said[0.5] > 0.25
    with pytest.raises(ValueError, match="groups"):
        calibration.platt([1.0, -1.0], [1, 0], prior=0.2)


def test_the_posterior_weighs_both_witnesses():
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 2, 4000)
    margins, log_odds = 2 * truth - 1 + rng.normal(0, 1, 4000), 2 * truth - 1 + rng.normal(0, 2, 4000)
    found = calibration.posterior(margins.tolist(), log_odds.tolist(), truth.tolist())
    assert found["margin"] == pytest.approx(2.0, abs=0.25) and found["log_odds"] == pytest.approx(0.5, abs=0.15)


def test_few_texts_to_calibrate_on_are_told(model, texts, tmp_path, capfd):
    few = tmp_path / "few.jsonl"
    few.write_text("".join(texts.read_text().splitlines(keepends=True)[::3]))
    train(model, few, tmp_path / "a", "--held-back", "0.3")
    assert "texts to measure and calibrate on: what they show says little" in capfd.readouterr().err

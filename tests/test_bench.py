"""The pieces of `make bench`: the unoptimised way, the measuring, each part's figures, and the page made of them."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from bench import after, before, cascade, common, growth, install, page, parse, peer_jobs, peers, plots
from bench import all as bench
from cybersieve import labels, measure, records
from cybersieve.records import Record
from tests.conftest import ROOT, run

RESULTS = ROOT / "bench" / "results.json"


@pytest.fixture
def dumps(tmp_path):
    """One file of each form that the sample corpus has."""
    folder = tmp_path / "raw"
    folder.mkdir()
    listed = {"name": "tools", "authors": ["a"], "values": [{"uuid": "1", "value": "Mirai", "description": "malware"}]}
    keyed = {"_metadata": {"counts": {"n": 1}}, "patterns": {"x": {"name": "Phishing", "description": "mail"}}}
    (folder / "listed.json").write_text(json.dumps(listed))
    (folder / "keyed.json").write_text(json.dumps(keyed))
    (folder / "cwe.xml").write_text('<C xmlns="urn:c"><Weakness ID="79" Name="XSS"><!-- c --><Description>in a\n page'
                                    "</Description></Weakness></C>")
    return folder


def test_before_reads_every_form_and_keeps_what_has_a_point(dumps, tmp_path, monkeypatch, capsys):
    output = tmp_path / "kept.json"
    monkeypatch.setattr(sys, "argv", ["before", "--input-dir", str(dumps), "--output", str(output), "--no-llm"])
    before.main()
    assert json.loads(capsys.readouterr().out) == {"records": 3, "kept": 2, "llm_calls": 0}
    kept = {record["title"]: record for record in json.loads(output.read_text())}
    assert set(kept) == {"Mirai", "Phishing"} and kept["Mirai"]["points"] == 1
    assert [record["text"] for record in before.read(dumps)] == ["in a page", "mail", "malware"]


def test_before_reads_as_many_records_of_the_corpus_as_parse(raw):
    counts = records.load_json(ROOT / "data" / "counts" / "parse.json") if (ROOT / "data/counts").exists() else None
    if counts is None:
        pytest.skip("needs a run (make)")
    assert len(before.read(raw)) == counts["read"]


def test_before_asks_with_the_whole_text_and_looks_for_yes(monkeypatch):
    asked = []

    class Tokenizer:
        def apply_chat_template(self, turns, **options):
            asked.append(turns[0]["content"])
            return [1, 2]

    import mlx_lm

    monkeypatch.setattr(mlx_lm, "generate", lambda *_, max_tokens: "Yes, it" if max_tokens == 5 else "")
    assert before.ask(None, Tokenizer(), "x" * 3000) is True
    assert asked[0].startswith("x" * before.MOST + "\n") and asked[0].endswith(before.QUESTION)


@pytest.mark.parametrize("proc", [True, False])
def test_a_command_is_watched(tmp_path, monkeypatch, proc):
    """Also where the kernel has no /proc (macOS)."""
    if not proc:
        if not shutil.which("ps"):
            pytest.skip("no ps, which every Mac has")
        for name in ("resident_mb", "high_water_mb"):
            monkeypatch.setattr(measure, name, lambda pid: 0.0)
    script = "import time; a = bytearray(80_000_000); [i for i in range(10**6)]; time.sleep(0.4); print('done')"
    run = common.watched([sys.executable, "-c", script])
    assert run.output == "done\n" and run.peak_memory_mb > 80 and run.seconds > 0.4 and run.cpu_seconds > 0
    with pytest.raises(SystemExit, match="exit code 3"):
        common.watched([sys.executable, "-c", "raise SystemExit(3)"])


@pytest.mark.skipif(not measure.high_water_mb("self"), reason="wants /proc")
def test_a_command_that_has_ended_is_not_asked_about_by_ps(monkeypatch):
    """Until it is waited for /proc has it without memory; and a slim system has no ps."""
    monkeypatch.setattr(common, "_by_ps", None)
    monkeypatch.setattr(measure, "resident_mb", lambda pid: 0.0)
    assert common.watched([sys.executable, "-c", "import time; time.sleep(0.2)"]).peak_memory_mb > 0


def test_what_a_script_lacks_is_one_line(tmp_path):
    done = run(sys.executable, ROOT / "bench" / "parse.py", "--json", tmp_path / "none.json", code=1)
    assert done.stderr.startswith("parse.py: ") and "none.json" in done.stderr and done.stderr.count("\n") == 1


def test_parse_is_measured_by_what_parses_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("CYBERSIEVE_CACHE", "")  # which it sets
    (tmp_path / "a.json").write_text('[{"id": 1, "text": "The lock is broken."}]')
    assert parse.parse(tmp_path / "a.json", tmp_path / "out") > 0
    assert (tmp_path / "out" / "a.json.parquet").exists()


def test_spread_and_ratio():
    assert common.spread([3.0, 1.0, 2.0]) == {"median": 2.0, "least": 1.0, "most": 3.0, "runs": 3}
    assert common.ratio(10, 3) == 3.3 and common.ratio(1, 0) is None


def test_lines_of_code_leave_out_what_is_written_for_people():
    source = '"""A module.\n\nTwo lines."""\n\n# why\ndef f():\n    """What."""\n    return 1  # one\n'
    assert after.code_lines(source) == 2


def test_growth_repeats_records_under_new_ids(tmp_path, monkeypatch):
    galaxies = tmp_path / "galaxies"
    galaxies.mkdir()
    for name, number in (("a.json", 3), ("b.json", 1)):
        values = [{"uuid": f"{name}{i}", "value": f"v{i}"} for i in range(number)]
        (galaxies / name).write_text(json.dumps({"name": name, "values": values}))
    monkeypatch.setattr(growth, "GALAXIES", galaxies)
    assert growth.write(tmp_path / "raw", 12) == 12
    values = json.loads((tmp_path / "raw" / "a.json").read_text())["values"]
    assert len(values) == 9 == len({value["uuid"] for value in values}) and {v["value"] for v in values} == {
        "v0", "v1", "v2"}
    points = [{"cpu_seconds": s, "records": n} for s, n in ((1.0, 1000), (3.0, 3000), (9.0, 8000))]
    assert growth.slopes(points) == [1.0, 1.2]


def test_the_cascade_saves_what_its_thresholds_decide():
    sure = [(0.9, 1)] * 200 + [(0.1, 0)] * 200
    found = cascade.points([said for said, _ in sure] + [0.5] * 100, sure, sure[::2])
    at = {point["target"]: point for point in found["points"]}
    assert at[0.95]["calls_saved"] >= 0.8 and at[0.95]["lost"][0] == 0
    hopeless = [(0.5, i % 2) for i in range(400)]
    nothing = cascade.points([0.5] * 400, hopeless, hopeless)["points"][-1]
    assert nothing["calls_saved"] == 0 and nothing["kept_right"] == [0, 0]


def test_the_wheel_of_this_interpreter_counts():
    host = "somewhere/"
    package = {"wheels": [{"url": f"{host}a-1-cp27-cp27m-win32.whl", "size": 5_000_000},
                          {"url": f"{host}a-1-py3-none-any.whl", "size": 2_000_000}], "sdist": {"size": 9_000_000}}
    assert install.size(package) == 2.0
    assert install.size({"sdist": {"size": 1_000_000}}) == 1.0 and len(install.direct()) >= 15


@pytest.mark.parametrize("name", ["plain Python"])
def test_a_job_keeps_what_ours_keeps(name, tmp_path):
    (tmp_path / "rules.json").write_text(json.dumps({"bias": -1, "patterns": [["mal(ware)", 2], ["bread", -2]]}))
    rows = [{"id": "a", "text": "MALWARE"}, {"id": "b", "text": "bread and malware"}, {"id": "c", "text": ""}]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    peer_jobs.JOBS[name](tmp_path / "rules.json", tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert peers.kept_ids(tmp_path) == {"a"}


def test_ours_and_plain_python_do_the_same_job(tmp_path, monkeypatch):
    """The runner itself, with the one peer that needs no environment of its own."""
    monkeypatch.setattr(peers, "PEERS", Path(sys.executable))
    monkeypatch.setattr(peer_jobs, "JOBS", {"plain Python": peer_jobs.plain})
    texts = ["a botnet", "bread", "An Exploit for a virus", "rivers"]
    found = peers.job(tmp_path / "job", -0.5, [("botnet", 1.0), ("exploit", 1.0)], texts, 1)
    assert found["kept"] == 2 and set(found["ways"]) == {"cybersieve", "plain Python"}
    assert found["ways"]["cybersieve"]["peak_memory_mb"]["median"] > 20


def test_labelled_records_come_with_text_and_verdict(tmp_path):
    rows = [Record(str(i), "f/a.json", str(i), f"title {i}", "text") for i in range(3)]
    key = [{"id": row.id, "source": row.source} for row in rows]
    records.write(tmp_path / "parsed/f/a.json.parquet", (row.row() for row in rows), records.PARSED)
    records.write(tmp_path / "scored/f/a.json.parquet", [one | {"confidence": 0.5} for one in key], records.SCORED)
    records.write(tmp_path / "verdicts/f/a.json.parquet", [
        one | {"verdict": "kept", "by": by} for one, by in zip(key, ("rule", "dedup", "llm"), strict=True)],
        records.VERDICTS)
    known = {labels.key("f/a.json", "0"): 1, labels.key("f/a.json", "1"): 0, labels.key("f/a.json", "2"): None}
    assert [row["id"] for row in common.labelled(tmp_path, known).rows] == ["0"]
    found = common.labelled(tmp_path, known, decided_only=False)
    assert found.truth == [1, 0] and found.texts[0] == "title 0\ntext"


def test_a_part_that_fails_is_named_and_takes_no_other_with_it(tmp_path, monkeypatch):
    monkeypatch.setattr(bench.Bench, "calls", lambda self: 1 / 0)
    found = bench.measure(bench.Bench(tmp_path, bench.SIZES["quick"]), ["calls", "lines"])
    assert "ZeroDivisionError" in found["calls"]["failed"] and found["lines"]["engine"]["lines"] > 50
    text = page.Page({"mode": "quick", "day": "today", "machine": "2 x cpu", "python": "3", "versions": {},
                      "parts": found}).text()
    assert "Not measured in this run" in text and "ZeroDivisionError" in text


def test_a_picture_is_a_file_that_stands_alone():
    from lxml import etree

    svg = plots.cascade({"ours": {"a & b": {"points": [{"target": 0.8, "calls_saved": 1.0},
                                                       {"target": 0.9, "calls_saved": 0.4}]}}, "published": {}})
    tree = etree.fromstring(svg.encode())
    assert tree.tag == "{http://www.w3.org/2000/svg}svg" and "a & b" in "".join(tree.itertext())


def test_the_page_is_that_of_the_results(tmp_path):
    """What is in the repository: every figure comes from the results, and the pictures are there and small."""
    page.write(json.loads(RESULTS.read_text()), tmp_path / "benchmarks.md")
    assert (tmp_path / "benchmarks.md").read_text() == (ROOT / "docs" / "benchmarks.md").read_text(), "make bench"
    for name in re.findall(r"\((pictures/[\w.]+)\)", (tmp_path / "benchmarks.md").read_text()):
        drawn = ROOT / "docs" / name
        assert drawn.read_text() == (tmp_path / name).read_text() and drawn.stat().st_size <= 200_000


def test_some_parts_measured_again_leave_the_others_as_they_were(tmp_path):
    output = tmp_path / "results.json"
    first, second = ({"mode": "full", "day": day, "machine": "2 x cpu", "python": "3"} for day in ("Monday", "Friday"))
    parts = {name: {"load": 1, "n": 1} for name in bench.PARTS}
    records.save_json(output, bench.together(first, parts, output))
    both = bench.together(second, {"large": {"load": 2, "n": 2}}, output)
    assert both["day"] == "Monday" and both["parts"]["calls"] == {"load": 1, "n": 1}
    assert both["parts"]["large"] == {"load": 2, "n": 2, "run": second}
    head = page.Page(both).head()
    assert "one run on Monday" in head and "Measured again on Friday (2 x cpu, Python 3, sizes: full): `large`." in head
    assert bench.together(second, parts, output) == second | {"parts": parts}

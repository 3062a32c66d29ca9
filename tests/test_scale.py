"""The plan in docs/scale.md: its tables are those of the measured rates, and the simulation's check holds."""

import math
import runpy

import pytest

from cybersieve import records
from tests.conftest import ROOT, run

BENCH = runpy.run_path(str(ROOT / "bench/scale.py"))
Queue, finished = BENCH["Queue"], BENCH["finished"]
FOUND = records.load_json(ROOT / "bench/scale.json")


def test_the_tables_are_those_of_the_measured_rates() -> None:
    shown = BENCH["tables"](FOUND, 0.04, 256)
    assert BENCH["MARKED"].search((ROOT / "docs/scale.md").read_text()).group() == shown, \
        "run bench/scale.py --docs docs/scale.md"


def test_the_simulation_says_within_a_fifth_what_a_run_took_that_it_was_not_made_from() -> None:
    predicted, took = BENCH["check"](FOUND)
    assert abs(predicted / took - 1) < 0.2
    assert FOUND["rates_from"]["seconds"] != FOUND["checked_on"]["seconds"]


def test_one_server_takes_the_sum_and_many_take_what_the_longest_job_leaves_them() -> None:
    jobs = [3.0, 1.0, 1.0, 1.0]
    assert finished(Queue("a", jobs, 1, 2.0)) == (8.0, 0)
    assert finished(Queue("a", jobs, 2)) == (3.0, 0)
    assert finished(Queue("a", jobs, 9)) == (3.0, 0)
    assert finished(Queue("a", [1.0, 1.0, 1.0, 3.0], 2)) == (4.0, 0)  # the long one last: a core waits
    assert finished(Queue("a", [], 4, 1.0)) == (1.0, 0)


@pytest.mark.parametrize("lifetime", [20.0, 200.0, math.inf])
def test_deaths_cost_time_and_no_job(lifetime: float) -> None:
    quiet, _ = finished(Queue("a", [1.0] * 200, 4))
    took, lost = finished(Queue("a", [1.0] * 200, 4), lifetime, absent=5.0, seed=7)
    assert quiet == 50.0 and took >= quiet and (lost > 0) == (took > quiet) == (lifetime < math.inf)


def test_more_cores_never_take_longer_and_serial_stages_do_not_shrink() -> None:
    hours = [{name: took for name, _, took in BENCH["plan"](FOUND, 0.1, cores)} for cores in (16, 256)]
    for name in BENCH["STAGES"]:
        assert hours[1][name] == hours[0][name] if name in BENCH["SERIAL"] else hours[1][name] < hours[0][name]


def test_a_stage_of_one_process_begins_anew_when_it_dies() -> None:
    hours = {name: took for name, _, took in BENCH["plan"](FOUND, 0.1, 256)}
    lost = {name: took for name, _, took in BENCH["plan"](FOUND, 0.1, 256, 86_400.0)}
    for name in BENCH["SERIAL"]:  # of T hours, one death in 24: 24 (exp(T / 24) - 1), and the minutes of coming back
        assert lost[name] == pytest.approx(24 * math.expm1(hours[name] / 24), rel=0.2)
    assert all(lost[name] < 1.1 * hours[name] for name in BENCH["STAGES"] if name not in BENCH["SERIAL"])


def test_a_cluster_without_cores_has_no_plan() -> None:
    run("python", "bench/scale.py", "--cores", "0", cwd=ROOT, code=2)

"""Labelling in the browser, by keyboard, in a real Chromium against a real server; and what strangers get."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from cybersieve import labels, review, review_page, review_queue, sampling
from cybersieve.errors import CybersieveError, InputError
from tests import decided
from tests.browser import another, axe, crash, fits
from tests.conftest import ROOT

pytest.importorskip("starlette", reason="needs requirements_server.txt")
HOSTILE = "Ransomware <script>window.ran = 1</script> \u202egnp.exe "


def records_of_a_run(n=70):
    """Every third rejected by rule, every third asked, one duplicate; the second source is small."""
    kinds = [{"verdict": "kept", "by": "rule", "score": 3.0, "confidence": 0.95},
             {"verdict": "rejected", "by": "llm", "score": 0.0, "confidence": 0.5, "p_yes": 0.4, "margin": -0.4},
             {"verdict": "rejected", "by": "rule", "score": -3.0, "confidence": 0.05}]
    rows = [kinds[i % 3] | {"id": str(i), "title": f"Title {i}", "text": f"{HOSTILE} {i}", "rules": ["ransomware"]}
            for i in range(n)]
    rows[0] |= {"verdict": "rejected", "by": "dedup", "score": None, "confidence": None, "rules": None}
    return rows


def test_a_port_that_cannot_be_had_is_told(capsys):
    from cybersieve import review_server

    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(CybersieveError, match="another with --port"):
        review_server.serve(Mock(), taken.getsockname()[1], blind=True)
    with pytest.raises(SystemExit):
        review.main(["--port", "99999"])
    assert "99999 is no port" in capsys.readouterr().err


@pytest.fixture
def data(tmp_path):
    decided.write(tmp_path / "data", records_of_a_run())
    decided.write(tmp_path / "data", records_of_a_run(7)[1:], source="c.json")
    return tmp_path / "data"


@pytest.fixture
def served(tmp_path, data):
    """A server of its own process on 60 records; `kill()` ends it as a crash would."""
    file = tmp_path / "labels" / "sample_uniform.csv"
    code = "import sys; from cybersieve import review; review.main(sys.argv[1:])"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "--data", data, "--labels", file, "-n", "60", "--labeller", "ann"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ | {"BROWSER": "true"})
    url = re.search(r"http://\S+", process.stdout.readline()).group()
    yield SimpleNamespace(url=url, file=file, process=process,
                          kill=lambda: (process.send_signal(signal.SIGKILL), process.wait()))
    process.kill()
    process.wait()
    process.stdout.close()


def press(tab, key, count):
    """A key, and the count of labelled records that it must lead to."""
    tab.keyboard.press(key)
    tab.get_by_text(f"{count} of 60", exact=True).wait_for()


def opened(browser, url, width=1280, scheme="light"):
    tab = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    tab.said = []
    tab.on("console", lambda message: tab.said.append(message.text))
    tab.on("requestfailed", lambda request: tab.said.append(request.url))
    tab.goto(url)
    tab.locator("#count:not(:empty)").wait_for()
    return tab


def test_fifty_records_by_keyboard_one_undone_the_browser_killed_nothing_lost(served, browser):
    other = another(browser)
    tab = opened(other, served.url)
    given = []
    for n in range(50):
        title = tab.inner_text("#title")
        press(tab, "ynu"[n % 3], n + 1)
        given.append((title.removeprefix("Title "), "10u"[n % 3]))
    assert tab.evaluate("window.ran") is None and tab.said == []
    undone = given.pop()
    press(tab, "z", 49)
    assert tab.inner_text("#title") == f"Title {undone[0]}"  # the record that was undone comes next
    press(tab, "y", 50)
    given.append((undone[0], "1"))
    crash(other)
    written = labels.answers(served.file)
    assert [(answer.id, answer.label) for answer in written] == given
    assert {answer.labeller for answer in written} == {"ann"} and all(answer.time for answer in written)
    tab = opened(browser, served.url)
    assert tab.inner_text("#count") == "50 of 60"
    for n in range(50, 60):
        press(tab, "n", n + 1)
    assert "All 60 are labelled" in tab.inner_text("#note")
    tab.keyboard.press("y")  # there is nothing left to answer
    assert len(labels.answers(served.file)) == 60


def test_two_tabs_never_answer_the_same_record_twice(served, browser):
    one, two = opened(browser, served.url), opened(browser, served.url)
    title = one.inner_text("#title")
    assert two.inner_text("#title") == title  # both show the first record
    press(one, "y", 1)
    press(two, "n", 1)
    assert "another tab" in two.inner_text("#note") and two.inner_text("#title") != title
    press(two, "n", 2)
    press(one, "y", 2)  # one still shows what two has answered
    assert [answer.label for answer in labels.answers(served.file)] == ["1", "0"]


def test_a_server_that_dies_loses_nothing_and_the_page_says_so(served, browser):
    tab = opened(browser, served.url)
    press(tab, "y", 1)
    served.kill()
    tab.keyboard.press("n")
    tab.get_by_text("start review again").wait_for()
    assert tab.inner_text("#count") == "1 of 60"
    assert len(labels.answers(served.file)) == 1


@pytest.mark.parametrize("width, scheme", [(390, "dark"), (1280, "light")])
def test_the_page_is_readable_blind_at_first_and_skips(served, browser, width, scheme):
    tab = opened(browser, served.url, width, scheme)
    assert fits(tab) and axe(tab) == []
    first = tab.inner_text("#title")
    assert "U+202E" in tab.inner_text("#text") and "<script>" in tab.inner_text("#text")
    assert tab.locator("#text mark.hit").count() == 1 and tab.locator("#run").is_hidden()
    tab.keyboard.press("b")
    tab.locator("#run").wait_for()
    assert "confidence" in tab.inner_text("#run") and tab.locator("#text mark.for").count() == 1
    tab.keyboard.press("g")
    assert tab.locator("#help").is_visible() and "Cannot tell" in tab.inner_text("#help")
    tab.keyboard.press("y")  # the guideline is open: no answer
    assert fits(tab) and axe(tab) == []
    tab.keyboard.press("Escape")
    tab.keyboard.press("s")
    tab.get_by_text("Skipped").wait_for()
    assert tab.inner_text("#title") != first and tab.inner_text("#count") == "0 of 60"
    assert tab.said == [] and not served.file.exists()


def ask(url, body=None, **headers):
    """Status, headers and text of a request."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read().decode()


def test_strangers_get_nothing(served):
    base, token = re.fullmatch(r"(http://127\.0\.0\.1:\d+)/([\w-]{20,})/", served.url).groups()
    status, headers, page = ask(served.url)
    assert status == 200 and "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer" and token not in page
    key = json.loads(ask(served.url + "state")[2])["record"]["key"]
    good = {"key": key, "label": "1"}
    for path in ("/", "/state", "/wrong/", "/wrong/state", f"/{token}x/state", f"/{token}/labels", f"/{token}/../"):
        assert ask(base + path)[0] == 404
    assert ask(f"{base}/wrong/answer", good)[0] == 404
    assert ask(served.url + "state", Host="evil.example")[0] == 400
    assert ask(served.url + "answer")[0] == 405
    for body in (b"", b"[]", b"{", b"\xff", {"key": key}, {"key": key, "label": "2"}, {"key": 3, "label": "1"},
                 {"key": ["no", "such"], "label": "1"}, {"key": [], "label": "1"}, b"x" * 200_000):
        assert ask(served.url + "answer", body)[0] == 400
    assert not served.file.exists()
    assert ask(served.url + "answer", good)[0] == 200
    assert len(labels.answers(served.file)) == 1


def test_a_label_file_that_was_damaged_meanwhile_is_told_and_left_alone(served):
    key = json.loads(ask(served.url + "state")[2])["record"]["key"]
    served.file.parent.mkdir()
    served.file.write_text("not,a,label,file\n")
    status, _, text = ask(served.url + "answer", {"key": key, "label": "1"})
    assert status == 500 and "line 1" in text
    assert served.file.read_text() == "not,a,label,file\n"


def queue(data, kind, done=(), n=100):
    rows = review_queue.rows(data / "scored", data / "verdicts")
    return [(row["source"], row["id"]) for row in review_queue.build(kind, rows, set(done), n)]


def test_a_list_of_ones_own_is_read_as_it_was_guarded(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("note,id,file\nx,'=1+1,a.json\ny,2,b.json\n", encoding="utf-8")
    assert review_queue.listed(path) == {("a.json", "=1+1"): 0, ("b.json", "2"): 1}


def test_the_uniform_queue_is_the_same_however_far_one_got(data):
    whole = queue(data, "uniform")
    assert len(whole) == 69 + 6 and len(set(whole)) == len(whole)
    assert queue(data, "uniform", n=10) == whole[:10]
    done = [labels.key(*whole[0]), labels.key(*whole[1])]
    assert queue(data, "uniform", done, 5) == whole[2:7]


def said(source, name, by="llm", verdict="kept", p_yes=None, confidence=0.99):
    return {"source": source, "id": name, "by": by, "verdict": verdict, "p_yes": p_yes, "confidence": confidence}


def test_the_uniform_queue_is_in_the_order_of_the_draw():
    rows = [said(f"{year}/b.json", str(number)) for year in (2024, 2025) for number in range(year % 100)]
    drawn = [key for _, key, *_ in sampling.draw(((review_queue.key(row), "", "") for row in rows), 40, 0)]
    assert [review_queue.key(row) for row in review_queue.build("uniform", rows, set(), 40)] == drawn


def test_the_most_uncertain_come_first():
    rows = [said("a.json", "sure", "rule"), said("a.json", "0.4 off", p_yes=0.9),
            said("a.json", "0.05 off", "rule", confidence=0.45), said("a.json", "unknown", verdict="failed"),
            said("a.json", "0.02 off", p_yes=0.52), said("a.json", "twin", "dedup", confidence=None)]
    found = [row["id"] for row in review_queue.build("uncertain", rows, set(), 4)]
    assert found == ["unknown", "0.02 off", "0.05 off", "0.4 off"]


def test_sources_in_turns_are_each_in_the_order_of_the_draw():
    rows = [said(source, str(number)) for source, n in (("b.json", 2), ("a.json", 9)) for number in range(n)]
    few, many = ([row for row in sorted(rows, key=review_queue.lot) if row["source"] == name]
                 for name in ("b.json", "a.json"))
    assert review_queue.build("stratified", rows, set(), 5) == [many[0], few[0], many[1], few[1], many[2]]


def test_a_list_with_cells_left_empty_or_without_its_columns(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("file,id\na.json\n,\n,2\n")
    assert review_queue.listed(path) == {("a.json", ""): 0, ("", "2"): 1}
    for head in ("file,name", ""):
        path.write_text(f"{head}\na.json,1\n")
        with pytest.raises(InputError, match=r"mine\.csv.*line 1.*its columns are.*file and id are wanted"):
            review_queue.listed(path)


def test_of_two_listed_records_of_a_name_the_decided_one_is_shown(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("file,id\nb.json,1\nb.json,2\n")
    rows = [{"source": f"{year}/b.json", "id": name, "confidence": confidence} for year, name, confidence in (
        ("2024", "1", None), ("2024", "2", 0.9), ("2025", "1", 0.5), ("2025", "2", None))]
    assert [row["source"] for row in review_queue.build(str(path), rows, set(), 9)] == ["2025/b.json", "2024/b.json"]


@pytest.mark.parametrize("verdicts", ["none", "of other dumps", "of another of that name"])
def test_labelling_needs_no_run_further_than_calibrate(data, tmp_path, monkeypatch, verdicts):
    uniform, stratified = queue(data, "uniform"), queue(data, "stratified")
    if verdicts == "of another of that name":
        decided.write(tmp_path / "before", [row | {"id": f"old {row['id']}"} for row in records_of_a_run(3)])
        (tmp_path / "before" / "verdicts" / "a" / "b.json.parquet").replace(data / "verdicts" / "a" / "b.json.parquet")
    else:
        shutil.rmtree(data / "verdicts")
    if verdicts == "of other dumps":
        (tmp_path / "before").mkdir()
        decided.write(tmp_path / "before", records_of_a_run(3), source="sample.json")
        (tmp_path / "before" / "verdicts").replace(data / "verdicts")
    assert (queue(data, "uniform"), queue(data, "stratified")) == (uniform, stratified)
    assert {int(name) % 3 for _, name in queue(data, "uncertain", n=23)} == {1}  # by the rules' confidence alone
    monkeypatch.chdir(ROOT)
    seen = []
    monkeypatch.setattr("cybersieve.review_server.serve", lambda session, *_, **__: seen.append(session))
    review.main(arguments(data, tmp_path, "--labels", str(tmp_path / "new.csv")))
    record = next(key for key in seen[0].rows if key[0] == "b.json")
    assert "not decided by any run yet" in str(seen[0].record(record, blind=False)["run"])


def test_uncertain_first_and_sources_in_turns(data):
    assert all(int(name) % 3 == 1 for _, name in queue(data, "uncertain", n=20))
    sources = [source for source, _ in queue(data, "stratified", n=16)]
    assert sources == ["a/b.json", "c.json"] * 6 + ["a/b.json"] * 4


def test_a_list_keeps_its_order_and_only_what_is_there(data, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("id,file\n5,b.json\n0,b.json\n3,c.json\nnone,b.json\n1,b.json\n")
    assert queue(data, str(path), {("b.json", "1")}) == [("a/b.json", "5"), ("a/b.json", "0"), ("c.json", "3")]
    with pytest.raises(InputError, match="uniform"):
        queue(data, "unifrom")


def arguments(data, tmp_path, *more):
    return ["--data", str(data), "--params", str(ROOT / "params.yaml"), "--labeller", "ann", *more]


@pytest.mark.parametrize("more, message", [
    (("--queue", "mine.csv"), "say where"), (("--queue", "sample_uniform.csv"), "no record"),
    (("--queue", "nonsense", "--labels", "x.csv"), "uniform, stratified"), (("--data", "nowhere"), "Parquet"),
    (("--queue", "nosuch"), "nosuch: no such queue or file .*uniform, stratified")])
def test_what_can_not_be_labelled_is_said_before_a_page_opens(data, tmp_path, monkeypatch, more, message):
    monkeypatch.chdir(ROOT)
    for name in ("sample_uniform.csv", "mine.csv"):
        (tmp_path / name).write_text("file,id,label\n")
    more = [str(tmp_path / part) if part.endswith(".csv") else part for part in more]
    with pytest.raises(InputError, match=message):
        review.main(arguments(data, tmp_path, *more))


def test_what_filter_wrote_is_reviewed_by_the_name_it_was_given(data, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    (tmp_path / "out").mkdir()
    data.rename(tmp_path / "out" / "stages")
    seen = []
    monkeypatch.setattr("cybersieve.review_server.serve", lambda session, *_, **__: seen.append(session))
    review.main(arguments(tmp_path / "out", tmp_path, "-n", "5", "--labels", str(tmp_path / "new.csv")))
    assert seen[0].state(blind=True)["record"]["title"]


def test_no_records_are_no_queue(data, tmp_path, capsys):
    with pytest.raises(SystemExit):
        review.main(arguments(data, tmp_path, "-n", "0"))
    assert "-n: 0 is below 1" in capsys.readouterr().err


def test_ctrl_c_ends_it_and_says_where_the_answers_are(served):
    urllib.request.urlopen(served.url).close()  # it is up
    served.process.send_signal(signal.SIGINT)
    assert f"The answers are in {served.file}." in served.process.stdout.read() and served.process.wait() == 0


def test_a_labeller_whom_the_system_has_no_name_for(monkeypatch):
    monkeypatch.setattr(review.getpass, "getuser", Mock(side_effect=KeyError("uid not found")))
    assert re.fullmatch(r"user \d+", review._user())


def test_the_guideline_becomes_headings_lists_and_code():
    shown = review_page._prose("# Top\n\nOne <b>\nline with `code`.\n\n## Low\n- a\n  b\n- c\n")
    assert shown == ("<div><h2>Top</h2><p>One &lt;b&gt; line with <code>code</code>.</p><h3>Low</h3>"
                     "<ul><li>a b</li><li>c</li></ul></div>")

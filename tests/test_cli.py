"""What every script does: one line for an error, 130 for Ctrl-C, no traceback, help that helps."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from cybersieve.errors import InputError
from tests.conftest import ROOT, run


def check_error(*command: object, word: str, code: int = 1) -> None:
    result = run(*command, code=code)
    assert word in result.stderr and "Traceback" not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_errors_are_one_line(tmp_path):
    stage = ROOT / "stages" / "score.py"
    check_error("python", stage, "--input-dir", tmp_path, "--output-dir", tmp_path / "out", word="no Parquet")
    check_error("python", stage, "--input-dir", tmp_path, "--output-dir", tmp_path / "out",
                "--params", tmp_path / "none.yaml", word="none.yaml")
    check_error("python", "-m", "cybersieve", "frobnicate", word="frobnicate", code=2)
    check_error("python", "-m", "cybersieve", "summary", "--dir", tmp_path, word="metrics.json")
    check_error("python", "-m", "cybersieve", "filter", "--input-dir", tmp_path, "--output-dir", tmp_path / "out",
                "--labels", tmp_path / "none", word="none: is no folder")


@pytest.mark.parametrize("command", [
    "stages/calibrate.py --scored-dir s --thresholds t.json", "stages/export.py --parsed-dir p --scored-dir s "
    "--verdicts-dir v --output-dir o --rejected-dir r", "-m cybersieve sample-labels", "-m cybersieve why CVE-1",
    "-m cybersieve filter --input-dir i --output-dir o", "stages/prepare_rules.py --parsed-dir p",
    "stages/report.py --scored-dir s --verdicts-dir v --counts-dir c --thresholds t.json --output-dir o --plots-dir p"])
def test_a_folder_of_labels_that_is_none_is_told_by_whoever_is_given_it(tmp_path, command):
    (tmp_path / "mine.csv").touch()
    command = [ROOT / part if part.startswith("stages/") else part for part in command.split()]
    for name, said in (("nope", "nope: is no folder (name the folder"), ("mine.csv", "mine.csv: is a file (name the")):
        result = run("python", *command, "--labels", name, cwd=tmp_path, code=1, PYTHONPATH=str(ROOT))
        assert said in result.stderr and result.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]


@pytest.mark.parametrize("script", sorted((ROOT / "stages").glob("*.py")), ids=lambda path: path.name)
def test_a_script_offers_the_files_that_it_reads_or_writes_and_no_others(script):
    shown, code = run("python", script, "--help").stdout, script.read_text()
    for name in ("params", "counts", "performance"):
        assert (f"--{name} FILE" in shown) == bool(re.search(rf"args\.{name}\b", code)), name


def test_an_option_that_a_stage_has_not_is_not_taken_for_a_longer_one():
    given = "--scored-dir a --verdicts-dir b --counts-dir c --labels labels --thresholds t --output-dir o --plots-dir p"
    result = run("python", ROOT / "stages/report.py", *given.split(), "--counts", "x.json", code=2)
    assert "unrecognized arguments: --counts x.json" in result.stderr


def test_help_without_a_command_lists_them():
    shown = run("python", "-m", "cybersieve").stdout
    assert "filter" in shown and "judge" in shown


def test_a_locale_without_a_sign_that_is_shown_is_no_error():
    result = subprocess.run([sys.executable, "-m", "cybersieve", "summary", "--dir", ROOT], capture_output=True,
                            cwd=ROOT, env=os.environ | {"PYTHONIOENCODING": "latin-1"})
    assert result.returncode == 0 and b"precision" in result.stdout and not result.stderr


@pytest.mark.parametrize("env", [{"PYTHONIOENCODING": "ascii"},
                                 {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}])
def test_nor_is_it_in_a_script_or_the_plain_locale(env, tmp_path):
    (tmp_path / "notes.jsonl").write_text('{"id": "1", "text": "Ω: a buffer overflow → code of strangers runs"}\n')
    run("python", ROOT / "stages/parse.py", "--explain", tmp_path / "notes.jsonl", cwd=ROOT, **env)
    run("python", "-m", "cybersieve", "summary", "--dir", ROOT, cwd=ROOT, **env)


def test_names_of_files_do_not_steer_the_terminal(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "a\x1b[31m\u202eb.json").write_text('[{"title": "cut off"')
    (raw / "\x1b[2Jc.html").write_text("passed over")
    result = run("python", ROOT / "stages" / "parse.py", "--input-dir", raw, "--output-dir", tmp_path / "out", code=1)
    assert "a\\x1b[31m\\u202eb.json" in result.stderr and result.stderr.replace("\n", "").isprintable()
    keys = raw / "keys.json"
    keys.write_text(json.dumps([{"id": n, "text": "The lock is broken.", "\x1b[2J": "x"} for n in range(3)]))
    result = run("python", ROOT / "stages" / "parse.py", "--explain", keys)
    assert 'not read: "\\x1b[2J"' in result.stdout and result.stdout.replace("\n", "").isprintable()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_whoever_asks_it_to_end_gets_a_line(tmp_path, number, code):
    script = tmp_path / "wait.py"
    script.write_text("import time\nfrom cybersieve import cli\n"
                      "def main():\n    print('ready', flush=True)\n    time.sleep(60)\ncli.run(main)\n")
    process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.2)
    process.send_signal(number)
    _, error = process.communicate(timeout=10)
    assert process.returncode == code and "Traceback" not in error and "interrupted" in error


def test_a_terminal_that_is_closed_asks_twice_and_cuts_no_cleaning_up_short(tmp_path):
    """The system asks who is in the foreground, and the shell all that it has started."""
    script = tmp_path / "clean.py"
    script.write_text("import os, signal\nfrom cybersieve import cli\ndef main():\n    try:\n"
                      "        os.kill(os.getpid(), signal.SIGHUP)\n    finally:\n"
                      "        os.kill(os.getpid(), signal.SIGHUP)\n        print('clean', flush=True)\n"
                      "cli.run(main)\n")
    assert run(sys.executable, script, code=129).stdout == "clean\n"


def test_what_it_was_told_to_ignore_does_not_end_it(tmp_path):
    script = tmp_path / "stay.py"
    script.write_text("import os, signal\nfrom cybersieve import cli\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
                      "cli.run(lambda: os.kill(os.getpid(), signal.SIGHUP))\n")
    run(sys.executable, script)


def test_ctrl_c_during_imports_is_as_clean(tmp_path):
    """A stage's modules are imported before `cli.run` begins."""
    script = tmp_path / "slow.py"
    script.write_text("import os, signal\nfrom cybersieve import cli\nos.kill(os.getpid(), signal.SIGINT)\n")
    check_error(sys.executable, script, word="interrupted", code=130)


@pytest.mark.parametrize(("raised", "word"), [
    ("OSError(28, 'No space left on device', 'out.parquet')",
     "out.parquet: No space left on device; nothing half-written is kept (make room"),
    ("OSError(30, 'Read-only file system', 'out.parquet')",
     "Read-only file system; nothing half-written is kept (see who may write there, or name another place)"),
    ("OSError('of a library')", "of a library; nothing half-written is kept"),
    ("MemoryError()", "out of memory")])
def test_what_the_machine_lacks_is_one_line(tmp_path, raised, word):
    script = tmp_path / "full.py"
    script.write_text(f"from cybersieve import cli\ndef main():\n    raise {raised}\ncli.run(main)\n")
    check_error(sys.executable, script, word=word)


@pytest.mark.parametrize(("command", "said"), [
    (("agreement", "mine.csv"), "mine.csv: no such file (a CSV"),
    (("summary", "--dir", "mine"), "mine/metrics.json: No such file or directory (run"),
    (("why", "CVE-1", "--params", ROOT / "params.yaml"), "score.rules: rules.yaml: No such file or directory")])
def test_a_file_that_is_missing_is_named_once(tmp_path, command, said):
    shown = run("python", "-m", "cybersieve", *command, cwd=tmp_path, code=1).stderr
    assert said in shown and "rrno" not in shown and shown.count("\n") == 1


def test_an_error_of_the_disk_within_another_is_told_without_number_and_path():
    there = str(FileExistsError(17, "File exists", "a.csv"))
    assert str(InputError("a.csv", there, remedy="name another")) == "a.csv: File exists (name another)"
    assert str(InputError("b.csv", there)) == "b.csv: File exists: 'a.csv'"
    assert str(InputError("c.parquet", "of a library,\nin two lines\n")) == "c.parquet: of a library, in two lines"


def test_a_closed_pipe_is_no_error(tmp_path):
    script = tmp_path / "talk.py"
    script.write_text("from cybersieve import cli\n"
                      "def main():\n    for n in range(100000):\n        print(n)\ncli.run(main)\n")
    result = subprocess.run(f"{sys.executable} {script} | head -1", shell=True, capture_output=True, text=True)
    assert result.stdout == "0\n" and result.stderr == ""


def test_a_closed_stderr_is_no_error():
    """As some that start programs in the background leave it."""
    code = "from cybersieve import cli; assert list(cli.progress([1, 2], 'work')) == [1, 2]; cli.warn('of nothing'); " \
        "assert open('/dev/null').fileno() > 2"
    done = subprocess.run(f'{sys.executable} -c "{code}" 2>&-', shell=True, stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (0, b"")  # nor does it go elsewhere


@pytest.mark.parametrize("items", [[], [1, 2, 3]])
def test_progress_passes_items_through_and_is_silent_in_logs(items, capsys):
    from cybersieve import cli

    assert list(cli.progress(items, "work")) == items
    assert capsys.readouterr().err == ""

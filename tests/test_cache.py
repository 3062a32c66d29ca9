"""The cache of answers: kept, shared by processes, set aside when damaged, never fatal."""

import sqlite3
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

from cybersieve import cache
from cybersieve.__main__ import main
from cybersieve.cache import Answers
from cybersieve.errors import CybersieveError

TEXTS = [f"text {i}" for i in range(50)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / cache.NAME


def filled(path: Path) -> Path:
    with Answers("model a", path) as answers:
        answers.put([(text, float(i)) for i, text in enumerate(TEXTS)])
    return path


def test_a_user_without_a_home_is_told_what_to_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CYBERSIEVE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", Mock(side_effect=RuntimeError("Could not determine home directory.")))
    with pytest.raises(CybersieveError, match="CYBERSIEVE_CACHE"):
        cache.folder()


def test_answers_are_kept_exactly_and_apart_by_model(path: Path) -> None:
    filled(path)
    with Answers("model a", path) as answers:
        assert answers.get(TEXTS) == [float(i) for i in range(50)]
        answers.put([("text 1", -0.1234567890123)])
        assert answers.get(["text 1", "other", ""]) == [-0.1234567890123, None, None]
    with Answers("model b", path) as answers:
        assert answers.get(TEXTS[:2]) == [None, None]


def test_any_text_is_a_key(path: Path) -> None:
    odd = ["", "\0", "a\0b", "\ud800", "🙂" * 1000]
    with Answers("m", path) as answers:
        answers.put([(text, float(i)) for i, text in enumerate(odd)])
        assert answers.get(odd) == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_several_processes_write_at_once(path: Path) -> None:
    code = ("import sys; from pathlib import Path; from cybersieve.cache import Answers\n"
            "with Answers('m', Path(sys.argv[1])) as answers:\n"
            "    for i in range(100): answers.put([(f'{sys.argv[2]} {i}', float(i)), ('shared', 1.0)])")
    runs = [subprocess.Popen([sys.executable, "-c", code, str(path), str(n)], stderr=subprocess.PIPE) for n in range(4)]
    assert [run.communicate()[1] for run in runs] == [b""] * 4 and [run.returncode for run in runs] == [0] * 4
    with Answers("m", path) as answers:
        assert answers.get([f"{n} {i}" for n in range(4) for i in range(100)]) == [float(i) for i in range(100)] * 4


def damage_header(path: Path) -> None:
    path.write_bytes(b"this is no database" * 100)


def damage_pages(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def another_table(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE answers (model TEXT)")
    file.close()


def flip_a_margin(path: Path) -> None:
    """What SQLite itself can't notice."""
    with sqlite3.connect(path) as file:
        file.execute("UPDATE answers SET margin = margin + 1")
    file.close()


def change(path: Path, statement: str, *values: bytes) -> None:
    with sqlite3.connect(path) as file:
        file.execute(statement, values)
    file.close()


def no_number(path: Path) -> None:
    change(path, "UPDATE answers SET margin = 'x'")


def anothers_answer(path: Path) -> None:
    """Whole and sound, but of another text."""
    one = "SELECT margin, check_sum FROM answers ORDER BY margin LIMIT 1"
    change(path, f"UPDATE answers SET (margin, check_sum) = ({one})")


def another_models(path: Path) -> None:
    path.unlink()
    with Answers("model b", path) as answers:
        answers.put([(text, 1.0) for text in TEXTS])
    with Answers("model a", path) as answers:
        change(path, "UPDATE answers SET model = ?", answers.model)


@pytest.mark.parametrize("damage", [damage_header, damage_pages, cut_short, another_table, flip_a_margin, no_number,
                                    anothers_answer, another_models])
def test_a_damaged_file_is_set_aside(damage: object, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert callable(damage)
    damage(filled(path))
    with Answers("model a", path) as answers:
        assert answers.get(TEXTS) == [None] * 50, "nothing of it is trusted"
        answers.put([("text 7", 7.5)])
        assert answers.get(["text 7"]) == [7.5], "and the run goes on"
    assert "damaged" in capsys.readouterr().err
    assert len(list(path.parent.glob("*.damaged-*[0-9]"))) == 1
    with Answers("model a", path) as answers:
        assert answers.get(["text 7"]) == [7.5]


def test_a_damaged_file_that_cannot_be_set_aside_ends_no_run(path: Path, monkeypatch: pytest.MonkeyPatch,
                                                             capsys: pytest.CaptureFixture[str]) -> None:
    damage_header(filled(path))
    monkeypatch.setattr(cache.os, "replace", Mock(side_effect=PermissionError(13, "Permission denied")))
    with Answers("model a", path) as answers:
        answers.put([("a", 1.0)])
        assert answers.get(["a", "text 7"]) == [1.0, None], "kept for this run at least"
    shown = capsys.readouterr().err
    assert "not a database" in shown and "not kept" in shown and shown.count("warning") == 1


def test_a_file_that_another_writes_to_is_not_taken_for_damaged(path: Path, monkeypatch: pytest.MonkeyPatch,
                                                                capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(cache, "WAIT", 0)
    other = sqlite3.connect(filled(path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with Answers("model a", path) as answers:
        answers.put([("a", 1.0)])
        assert answers.get(["a"]) == [1.0], "kept for this run at least"
    other.execute("ROLLBACK")
    other.close()
    assert "locked" in capsys.readouterr().err and not list(path.parent.glob("*.damaged-*"))
    with Answers("model a", path) as answers:
        assert answers.get(["a", *TEXTS]) == [None, *map(float, range(50))]


def test_a_folder_that_cannot_be_written_is_one_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    with Answers("m", tmp_path / "file" / cache.NAME) as answers:
        answers.put([("a", 1.0)])
        assert answers.get(["a", "b"]) == [1.0, None], "kept for this run at least"
    assert capsys.readouterr().err.count("warning") == 1


def test_the_folder_is_the_users_choice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CYBERSIEVE_CACHE", str(tmp_path))
    assert cache.folder() == tmp_path
    monkeypatch.delenv("CYBERSIEVE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache.folder() == tmp_path / "xdg" / "cybersieve"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache.folder() == Path.home() / "Library" / "Caches" / "cybersieve"


def test_info_and_prune(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CYBERSIEVE_CACHE", str(tmp_path))
    assert "damaged   0" in cache.info() and "deleted 0 answers" in cache.prune()
    damage_header(filled(tmp_path / cache.NAME))
    with Answers("model a") as answers:
        answers.put([(text, 0.0) for text in TEXTS])
    (tmp_path / "parsed").mkdir()
    (tmp_path / "parsed" / "0123").write_bytes(bytes(200_000))
    shown = cache.info()
    assert "answers   50" in shown and "damaged   1" in shown and "parsed    0.2 MB" in shown
    monkeypatch.setattr(sys, "argv", ["cybersieve", "cache", "prune", "--days", "1"])  # today's are younger
    main()
    assert capsys.readouterr().out == "deleted 0 answers, 0 parsed files and 1 damaged files\n"
    assert cache.prune() == "deleted 50 answers, 1 parsed files and 0 damaged files"
    assert "answers   0" in cache.info()


def test_days_are_counted_from_the_day_an_answer_was_put(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CYBERSIEVE_CACHE", str(tmp_path))
    days = 20_000.9
    monkeypatch.setattr(cache.time, "time", lambda: days * 86_400)
    with Answers("model a") as answers:
        answers.put([("early", 1.0)])
        days = 20_003.1
        answers.put([("late", 1.0), ("later", 1.0)])
        assert f"3 by {answers.model.hex()[:12]}, last 2024-10-07\n" in cache.info()
    assert cache.prune(4).startswith("deleted 0 ") and cache.prune(3).startswith("deleted 1 ")
    with Answers("model a") as answers:
        assert answers.get(["early", "late", "later"]) == [None, 1.0, 1.0]


def test_info_and_prune_bear_a_damaged_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CYBERSIEVE_CACHE", str(tmp_path))
    damage_header(filled(tmp_path / cache.NAME))
    assert "not a database" in cache.info()
    assert cache.prune() == "deleted 0 answers, 0 parsed files and 1 damaged files"
    assert "answers   0" in cache.info()


def test_info_tells_what_cannot_be_opened_from_what_is_damaged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CYBERSIEVE_CACHE", str(tmp_path))
    (tmp_path / cache.NAME).mkdir()
    assert "unable to open" in cache.info() and "set the file aside" not in cache.info()

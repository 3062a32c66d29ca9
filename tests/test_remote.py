"""Folders at URLs, in a store that lies in memory: nothing is lost, nothing of others is deleted, no secret is shown.

What S3 does beside this is in tests/cluster/test_remote.py.
"""

import argparse
import errno
import io
import json
from contextlib import nullcontext
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFile

from cybersieve import cli, remote
from cybersieve.errors import CybersieveError, InputError
from tests.conftest import ROOT, run

AT = remote.Url("memory://bucket/out")


@pytest.fixture(autouse=True)
def store() -> fsspec.AbstractFileSystem:
    fsspec.filesystem("memory").store.clear()
    fsspec.filesystem("memory").pseudo_dirs[:] = [""]
    return fsspec.filesystem("memory")


def folder(path: Path, **files: bytes) -> Path:
    path.mkdir(exist_ok=True)
    for name, content in files.items():
        (path / f"{name}.parquet").write_bytes(content)
    return path


def there(store: fsspec.AbstractFileSystem) -> dict[str, bytes]:
    return {key.removeprefix("/bucket/out/"): store.cat_file(key) for key in store.find("/bucket/out")}


def parquet(*columns: str) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({name: ["x"] for name in columns}), file)
    return file.getvalue()


def written(store: fsspec.AbstractFileSystem, source: Path) -> None:
    with remote.here(argparse.Namespace(output_dir=AT)):
        remote.send(source, AT)


@pytest.mark.parametrize(("name", "mine"), [
    ("dump.json", b'["mine"]'), ("notes.md", b"mine"), ("lake.parquet", parquet("price", "id")), ("", b"mine"),
    ("manifest.json", b'["mine"]'), ("manifest.json", b'{"name": "mine", "files": null}'),
    ("manifest.json", b'{"a.png": {"size": 1}}')])
def test_what_nobody_sent_is_neither_replaced_nor_deleted(name: str, mine: bytes, store: fsspec.AbstractFileSystem,
                                                          tmp_path: Path) -> None:
    key = f"/bucket/out/{name}".rstrip("/")
    store.pipe_file(key, mine)
    for refused in (lambda: written(store, folder(tmp_path / "new", b=b"2")),
                    lambda: remote.send(folder(tmp_path / "new", b=b"2"), AT)):
        with pytest.raises(InputError, match=f"out/{name}: is not a stage's output"):
            refused()
        assert store.find("/bucket") == [key] and store.cat_file(key) == mine


def test_what_was_sent_before_is_replaced_also_by_a_stage_that_knew_no_manifest(store: fsspec.AbstractFileSystem,
                                                                                tmp_path: Path) -> None:
    store.pipe_file("/bucket/out/former.parquet", parquet("id", "source", "text"))
    store.pipe_file("/bucket/out/damaged.parquet", b"PAR1")
    remote.send(folder(tmp_path / "one", a=b"1", b=b"2"), AT)
    remote.send(folder(tmp_path / "two", b=b"3"), AT)
    found = there(store)
    assert set(json.loads(found.pop("manifest.json"))) == set(found) == {"b.parquet"} and found["b.parquet"] == b"3"


def test_a_folder_whose_sending_was_stopped_is_not_read_and_can_be_sent_again(
        store: fsspec.AbstractFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remote.send(folder(tmp_path / "one", a=b"1", b=b"2"), AT)
    new = folder(tmp_path / "two", b=b"3")
    (new / "card.md").write_text("what this is")
    put = type(store).put_file

    def stopped(self: object, source: str, key: str) -> None:
        if key.endswith("card.md"):
            put(self, source, key)
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(store), "put_file", stopped)
        with pytest.raises(KeyboardInterrupt):
            remote.send(new, AT)
    assert "manifest.json" not in there(store)
    with pytest.raises(InputError, match="is not whole"):
        remote.fetch(AT, tmp_path / "read")
    remote.send(new, AT)
    assert set(there(store)) == {"b.parquet", "card.md", "manifest.json"}
    remote.fetch(AT, tmp_path / "read")


@pytest.mark.parametrize("names", [("a.json", "/a.json"), ("sub/a.json", "sub//a.json")])
def test_keys_that_would_be_one_file_are_no_loss_but_an_error(names: tuple[str, str], tmp_path: Path,
                                                              store: fsspec.AbstractFileSystem) -> None:
    for name in names:
        store.store[f"/bucket/raw/{name}"] = MemoryFile(store, f"/bucket/raw/{name}", b"[]")
    with pytest.raises(InputError, match="two objects would be one file"):
        remote.fetch(remote.Url("memory://bucket/raw"), tmp_path / "in")


def test_a_store_need_not_say_how_long_a_file_is(tmp_path: Path, store: fsspec.AbstractFileSystem,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    store.pipe_file("/bucket/raw/a.json", b"[]")
    url = remote.Url("memory://bucket/raw/")
    for size, said in ((3, "raw/a.json: 3 bytes were promised and 2 came"), (None, "")):
        monkeypatch.setattr(type(store), "find", lambda *_, size=size, **__: {"/bucket/raw/a.json": {"size": size}})
        with pytest.raises(InputError, match=said) if said else nullcontext():
            remote.fetch(url, tmp_path / f"in {size}")
    assert (tmp_path / "in None/a.json").read_bytes() == b"[]"


@pytest.mark.parametrize(("text", "shown"), [
    ("ftp://me:secret@host/x", "ftp://host/x"), ("s3://AKIA:sec/ret+@bucket/x", "s3://bucket/x"),
    ("https://host/x?sv=1&sig=secret%2B", "https://host/x?sv=…&sig=…"), ("s3://bucket/a@b?c", "s3://bucket/a@b?c"),
    ("sftp://host:22/home/a@b", "sftp://host:22/home/a@b")])
def test_users_passwords_and_signatures_are_not_shown(text: str, shown: str) -> None:
    assert str(remote.Url(text)) == shown


@pytest.mark.parametrize(("text", "said", "shown"), [
    ("memory://AKIA:sec/ret+@bucket/x", 'no bucket "AKIA:sec", password sec/ret+', 'no bucket "…", password …'),
    ("memory://AKIA:sec%2Fret%2B@bucket/x", "password sec%2Fret%2B, sec/ret+", "password …, …"),
    ("memory://bucket/x?sig=sec/ret+", "signature sec/ret+", "signature …")])
def test_nor_are_they_in_what_a_store_says(text: str, said: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_KEY", "from-the-environment")
    with pytest.raises(CybersieveError) as raised, remote._store(remote.Url(text)):
        raise ValueError(f"{said}, key from-the-environment")
    assert f": {shown}, key …. Remedy" in str(raised.value)


def test_a_full_disk_is_no_fault_of_the_store() -> None:
    with pytest.raises(OSError, match="No space"), remote._store(AT):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_scheme_makes_a_url_however_it_is_written() -> None:
    assert remote.place("S3://Bucket/Key") == remote.Url("s3://Bucket/Key")
    assert remote.place("simplecache::s3://b/k") == remote.Url("simplecache::s3://b/k")
    assert remote.place("data/parsed") == Path("data/parsed")


def test_where_a_file_is_wanted_a_url_makes_no_folder_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    done = run("python", ROOT / "stages/parse.py", "--input-dir", tmp_path / "in", "--output-dir", tmp_path / "out",
               "--counts", "s3://me:secret@bucket/counts.json", cwd=tmp_path, code=2)
    assert "argument --counts: URLs are for" in done.stderr and "secret" not in done.stderr
    done = run("python", "-m", "cybersieve", "judge", "x.jsonl", "--output", "s3://bucket/x", cwd=tmp_path, code=2)
    assert "argument --output: URLs are for" in done.stderr
    with pytest.raises(SystemExit):
        cli.parser("", "params").parse_args(["--params", "s3://bucket/params.yaml"])
    assert [path.name for path in tmp_path.iterdir()] == ["in"]

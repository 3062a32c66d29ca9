"""Inputs and outputs on S3, against a server on this machine: the bytes are those of local folders."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("s3fs", reason="s3fs is not installed: make test-cluster")
pytest.importorskip("moto", reason="moto is not installed: make test-cluster")

import boto3  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402

from cybersieve import remote  # noqa: E402
from cybersieve.errors import CybersieveError, InputError  # noqa: E402
from tests import corpus  # noqa: E402
from tests.conftest import ROOT, run  # noqa: E402
from tests.test_dvc import dvc, outputs, ran, reproduced  # noqa: E402, F401  (a fixture)

pytestmark = pytest.mark.filterwarnings("ignore")  # the server's and boto's own
SECRET = "wJalrXUtnFEMI-not-a-key"


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, str]]:
    """The environment in which s3:// means a server on this machine."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    env = {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "AKIANOTAKEY",
           "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": "us-east-1"}
    before = {name: os.environ.get(name) for name in env}
    os.environ.update(env)
    yield env
    server.stop()
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})


@pytest.fixture
def bucket(s3: dict[str, str], request: pytest.FixtureRequest) -> str:
    name = f"bucket-{abs(hash(request.node.name)) % 10**9}"
    boto3.client("s3").create_bucket(Bucket=name)
    return name


def put(bucket: str, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        boto3.client("s3").put_object(Bucket=bucket, Key=name, Body=content)


def objects(bucket: str, prefix: str) -> dict[str, bytes]:
    client = boto3.client("s3")
    found = client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return {entry["Key"].removeprefix(prefix): client.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            for entry in found}


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def put_corpus(bucket: str, folder: Path) -> None:
    corpus.write(folder)
    (folder / "sub").mkdir()
    (folder / "galaxy.json").rename(folder / "sub" / "galaxy.json")
    (folder / "notes.md").write_text("not data")
    put(bucket, {f"raw/{name}": content for name, content in files(folder).items()} | {"raw/sub/": b""})


def parse(source: object, target: object, folder: Path, code: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
    done = run("python", ROOT / "stages" / "parse.py", "--input-dir", source, "--output-dir", target, "--params",
               ROOT / "params.yaml", "--counts", folder / "counts.json", cwd=folder, code=code, **env)
    assert "Traceback" not in done.stderr and SECRET not in done.stderr + done.stdout
    assert not list(folder.glob(remote.STAGED + "*"))
    return done


def test_parse_from_s3_to_s3_gives_the_bytes_of_a_local_run(bucket: str, tmp_path: Path) -> None:
    put_corpus(bucket, tmp_path / "raw")
    parse(tmp_path / "raw", tmp_path / "local", tmp_path)
    counts = (tmp_path / "counts.json").read_bytes()
    for _ in range(2):  # the second run takes the place of the first
        parse(f"s3://{bucket}/raw", f"s3://{bucket}/out/parsed/", tmp_path)
        found = objects(bucket, "out/parsed/")
        manifest = json.loads(found.pop("manifest.json"))
        assert found == files(tmp_path / "local") and manifest.keys() == found.keys()
        assert all(entry["size"] == len(found[name]) for name, entry in manifest.items())
    assert (tmp_path / "counts.json").read_bytes() == counts


def test_what_is_no_longer_an_output_goes_and_what_never_was_stays(bucket: str, tmp_path: Path) -> None:
    put_corpus(bucket, tmp_path / "raw")
    put(bucket, {"out/old.json.parquet": b"old", "out-of-reach/a.parquet": b"mine"})
    parse(f"s3://{bucket}/raw", f"s3://{bucket}/out", tmp_path)
    assert "old.json.parquet" not in objects(bucket, "out/")
    assert objects(bucket, "out-of-reach/") == {"a.parquet": b"mine"}
    put(bucket, {"mine/thesis.tex": b"years of work"})
    done = parse(f"s3://{bucket}/raw", f"s3://{bucket}/mine", tmp_path, code=1)
    assert f"s3://{bucket}/mine/thesis.tex" in done.stderr
    assert objects(bucket, "mine/") == {"thesis.tex": b"years of work"}


def test_export_reads_and_writes_s3(bucket: str, reproduced: Path, tmp_path: Path) -> None:  # noqa: F811
    for name in ("parsed", "scored", "verdicts"):
        put(bucket, {f"{name}/{file}": content for file, content in files(reproduced / "data" / name).items()})
    run("python", ROOT / "stages" / "export.py", *(part for name in ("parsed", "scored", "verdicts") for part in
        (f"--{name}-dir", f"s3://{bucket}/{name}")), "--output-dir", f"s3://{bucket}/filtered", "--rejected-dir",
        f"s3://{bucket}/rejected", "--params", reproduced / "params.yaml", cwd=tmp_path)
    for name in ("filtered", "rejected"):
        found = objects(bucket, f"{name}/")
        assert found.pop("manifest.json")
        found.pop("README.md", None)  # names how to repeat the run
        local = files(reproduced / "data" / name)
        local.pop("README.md", None)
        assert found == local


def test_filter_reads_and_writes_s3(bucket: str, reproduced: Path, tmp_path: Path) -> None:  # noqa: F811
    put(bucket, {f"raw/{name}": content for name, content in files(reproduced / "raw_data").items()})
    done = run("python", "-m", "cybersieve", "filter", "--input-dir", f"s3://{bucket}/raw", "--output-dir",
               f"s3://{bucket}/out", cwd=reproduced)
    assert "precision" in done.stdout and remote.STAGED not in done.stdout
    assert objects(bucket, "out/")["metrics.json"] == (reproduced / "metrics.json").read_bytes()
    assert not list(reproduced.glob(remote.STAGED + "*"))


@pytest.mark.parametrize("error", ["no bucket", "no files", "no server", "no scheme", "overlap", "broken"])
def test_what_goes_wrong_is_one_line_that_names_the_url(error: str, bucket: str, tmp_path: Path) -> None:
    source, target, words, env = f"s3://{bucket}/raw", str(tmp_path / "out"), f"s3://{bucket}/raw", {}
    if error == "no bucket":
        source = words = "s3://no-such-bucket-here/raw"
    elif error == "no server":
        env = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    elif error == "no scheme":
        source, words = "nosuch://a/b", "nosuch"
    elif error == "overlap":
        target, words = f"s3://{bucket}/raw/parsed", "overlaps"
    elif error == "broken":
        put(bucket, {"raw/bad.json": b'{"values": [{"value": "a", "description": "b"}, {"value": '})
        words = f"s3://{bucket}/raw/bad.json"
    done = parse(source, target, tmp_path, code=1, **env)
    assert words in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_a_name_that_would_leave_the_folder_is_refused(bucket: str, tmp_path: Path) -> None:
    put(bucket, {"raw/../../../evil.json": b"[]"})
    with pytest.raises(CybersieveError):
        remote.fetch(remote.Url(f"s3://{bucket}/raw"), tmp_path / "in")
    assert not list(tmp_path.rglob("evil.json"))


def test_users_and_passwords_are_not_shown() -> None:
    assert str(remote.Url("ftp://me:secret@host/x")) == "ftp://host/x"


def test_a_missing_package_is_named() -> None:
    with pytest.raises(CybersieveError, match="gcsfs.*pip install"):
        remote.fetch(remote.Url("gs://bucket/raw"), Path("in"))


def test_fsspec_knows_more_than_s3(tmp_path: Path) -> None:
    import fsspec

    corpus.write(tmp_path / "raw")
    fsspec.filesystem("memory").put(str(tmp_path / "raw"), "/there", recursive=True)
    remote.fetch(remote.Url("memory://there"), tmp_path / "in")
    assert files(tmp_path / "in") == files(tmp_path / "raw")
    with pytest.raises(InputError, match="memory://nowhere: holds no files"):
        remote.fetch(remote.Url("memory://nowhere"), tmp_path / "in")


def test_a_dvc_remote_on_s3_carries_a_run_to_another_clone(bucket: str, reproduced: Path,  # noqa: F811
                                                           tmp_path: Path, s3: dict[str, str]) -> None:
    first = tmp_path / "first"
    run("git", "clone", "-q", reproduced, first)
    pytest.importorskip("dvc_s3")
    dvc(reproduced, "remote", "add", "--local", "team", f"s3://{bucket}/dvc")
    dvc(reproduced, "remote", "modify", "--local", "team", "endpointurl", s3["AWS_ENDPOINT_URL"])
    dvc(reproduced, "push", "-r", "team")
    dvc(first, "remote", "add", "--local", "team", f"s3://{bucket}/dvc")
    dvc(first, "remote", "modify", "--local", "team", "endpointurl", s3["AWS_ENDPOINT_URL"])
    dvc(first, "pull", "-r", "team")
    assert ran(dvc(first, "repro")) == []
    assert outputs(first) == outputs(reproduced)
    assert SECRET not in "".join(path.read_text() for path in (first / ".dvc").glob("config*"))

"""The sample corpus as parse reads it."""

import pytest

from cybersieve import labels, params, parse, records
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def parsed(raw, tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus") / "parsed"
    counts = parse.parse_folder(raw, folder, params.load(ROOT / "params.yaml").parse, "local")
    return folder, counts


def test_every_labelled_record_is_found(parsed):
    folder, _ = parsed
    found = {labels.key(shard.source, row["id"])
             for shard in records.shards(folder) for row in records.read(shard.path, ["id"])}
    for name in (labels.STRATIFIED, labels.UNIFORM):
        missing = labels.load(ROOT / "labels" / name).keys() - found
        assert not missing, f"{name}: {sorted(missing)[:5]}"


def test_nothing_is_lost_and_nothing_collides(parsed):
    folder, counts = parsed
    assert counts.balanced() and counts.failed == 0
    assert sum(shard.rows for shard in records.shards(folder)) == counts.read
    assert counts.notes["id collisions"] == 0


def test_every_live_record_says_something(parsed):
    folder, _ = parsed
    for shard in records.shards(folder):
        for row in records.read(shard.path):
            assert row["title"] or row["text"] or row["dropped"], (shard.source, row["locator"])

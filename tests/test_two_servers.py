"""verify over two real servers, one of them killed in the middle: every text is answered, and as in one process."""

import dataclasses
from pathlib import Path

import pytest

from cybersieve import asking, endpoint, params, verify
from tests.test_server import folder, started  # noqa: F401  (folder: a fixture)

TEXTS = [f"record {number}: a firewall, {'bread and ' * (number % 9)}salt" for number in range(96)]


def test_the_margins_are_those_of_one_process(folder: Path, own_cache: Path,  # noqa: F811
                                              verify_settings: params.Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "FIRST_PAUSE", 0.05)
    settings = dataclasses.replace(verify_settings, model=str(folder), adapter=None, batch_size=4)
    command = ["./start-simple-server.sh", "--model", folder, "--adapter", "none", "--port", "0", "--batch-size", "4"]
    ready = r"ready on (http://127\.0\.0\.1:\d+) after \d+\.\d s"
    with started(command, ready) as (stays, _), started(command, ready) as (goes, process):
        both = dataclasses.replace(settings, backend="openai", endpoints=[stays, goes], concurrency=1, retries=8)
        margins: dict[int, float | None] = {}
        with endpoint.Endpoints(endpoint.Found(both)) as engine:
            for count, batch in enumerate(engine.margins(TEXTS)):
                if count == 4:
                    process.kill()
                assert not margins.keys() & {i for i, _ in batch}  # nothing twice
                margins.update(batch)
    with asking.Verifier(settings) as verifier:
        inside = verifier.margins(TEXTS)
    assert [margins[i] for i in range(len(TEXTS))] == pytest.approx(inside, abs=1e-3)
    kept = [verify.by_llm(margins[i], None, {}).verdict for i in range(len(TEXTS))]
    assert kept == [verify.by_llm(margin, None, {}).verdict for margin in inside]

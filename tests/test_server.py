"""The real server in its own process, asked by curl, by the official openai client, and by verify itself."""

import dataclasses
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlx.core as mx
import openai
import pyarrow.parquet as pq
import pytest
import yaml

from cybersieve import asking, model, params, prompt, records
from cybersieve import server as server_module
from cybersieve.mlx_engine import Engine
from tests import tiny
from tests.conftest import ROOT, run
from tests.fake_engine import call
from tests.test_worker import wait_until

TEXTS = ["", "Firewall", "A heap overflow in the parser lets remote attackers run code.", "the the the " * 30,
         "How to bake bread: flour, water, salt, time.", "naïve café 東京 🙂",
         *[f"record {'ing ' * n}" for n in range(12)]]


@contextmanager
def started(command: list[object], pattern: str, **env: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """A server process; yields what `pattern` finds in its first lines, and the process."""
    process = subprocess.Popen([str(part) for part in command], cwd=ROOT, stderr=subprocess.PIPE, text=True,
                               env=os.environ | {"PYTHON": sys.executable} | env)
    assert process.stderr is not None
    said: list[str] = []
    with process:
        try:
            while not (found := re.search(pattern, "".join(said))):
                line = process.stderr.readline()
                assert line, f"the server did not start: {''.join(said)}"
                said.append(line)
            drain = threading.Thread(target=process.stderr.read)
            drain.start()
            yield found.group(1), process
        finally:
            process.terminate()
            process.wait(20)
        drain.join()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model that knows chats, and answers nearly everything with yes or no."""
    result = tiny.write(tmp_path_factory.mktemp("tiny"), chat=True)
    weights: dict[str, Any] = dict(mx.load(str(result / "model.safetensors")))
    words = tiny.tokenizer()
    embedding = weights["model.embed_tokens.weight"]
    yes, no = words.token_to_id("Yes"), words.token_to_id("No")
    embedding[no], embedding[yes] = -20 * embedding[yes], 20 * embedding[yes]
    mx.save_safetensors(str(result / "model.safetensors"), weights, {"format": "mlx"})
    return result


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[str]:
    command = ["./start-simple-server.sh", "--model", folder, "--adapter", "none", "--port", "0", "--batch-size", "8"]
    with started(command, r"ready on (http://127\.0\.0\.1:\d+) after \d+\.\d s") as (url, _):
        yield url


@pytest.fixture(scope="module")
def client(server: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server}/v1", api_key="none", max_retries=0, timeout=30) as result:
        yield result


QUESTION: list[Any] = [{"role": "user", "content": "What is a firewall?"}]


def test_curl_gets_health_models_and_probabilities(server: str, folder: Path) -> None:
    assert json.loads(run("curl", "-sf", f"{server}/health").stdout) == {"status": "ok"}
    assert json.loads(run("curl", "-sf", f"{server}/v1/models").stdout)["data"][0]["id"] == str(folder)
    body = '{"texts": ["Log4Shell allows remote code execution", "A recipe for bread"]}'
    tree = json.loads(run("curl", "-sf", f"{server}/v1/classify", "-d", body).stdout)
    assert [0 <= result["p_yes"] <= 1 for result in tree["results"]] == [True, True]


def test_the_openai_client_lists_the_model(client: openai.OpenAI, folder: Path) -> None:
    (entry,) = client.models.list().data
    assert entry.id == str(folder) and entry.owned_by == "cybersieve"
    assert client.models.retrieve(str(folder)) == entry
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-4")


def test_a_chat_whole_and_as_a_stream(client: openai.OpenAI, folder: Path) -> None:
    whole = client.chat.completions.create(model=str(folder), messages=QUESTION, max_tokens=12)
    assert whole.choices[0].finish_reason in ("stop", "length") and whole.usage is not None
    assert 0 < whole.usage.completion_tokens <= 12 and whole.usage.prompt_tokens > 20
    stream = client.chat.completions.create(model=str(folder), messages=QUESTION, max_tokens=12, stream=True,
                                            stream_options={"include_usage": True})
    chunks = list(stream)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == whole.choices[0].message.content
    assert chunks[-2].choices[0].finish_reason == whole.choices[0].finish_reason and chunks[-1].usage == whole.usage


def test_a_completion_with_logprobs(client: openai.OpenAI, folder: Path) -> None:
    answer = client.completions.create(model=str(folder), prompt="the the", max_tokens=5, logprobs=3)
    logprobs = answer.choices[0].logprobs
    assert logprobs is not None and logprobs.tokens is not None and logprobs.token_logprobs is not None
    assert logprobs.top_logprobs is not None and len(logprobs.tokens) == 5
    for token, value, top in zip(logprobs.tokens, logprobs.token_logprobs, logprobs.top_logprobs, strict=True):
        assert value is not None and value <= 0 and max(top.values()) == pytest.approx(value, abs=1e-5) and token in top


def test_logprobs_of_a_chat_are_the_models(client: openai.OpenAI, folder: Path, verify_settings: params.Verify) -> None:
    """The first token's distribution, computed here without the server."""
    answer = client.chat.completions.create(model=str(folder), messages=QUESTION, max_tokens=1, logprobs=True,
                                            top_logprobs=20)
    assert answer.choices[0].logprobs is not None and answer.choices[0].logprobs.content is not None
    listed = answer.choices[0].logprobs.content[0].top_logprobs
    language_model, tokenizer = model.load(dataclasses.replace(verify_settings, model=str(folder), adapter=None))
    tokens = tokenizer.apply_chat_template(QUESTION, add_generation_prompt=True)
    logits = language_model(mx.array([tokens]))[0, -1].astype(mx.float32)
    expected = sorted((logits - mx.logsumexp(logits)).tolist(), reverse=True)[:20]
    assert [entry.logprob for entry in listed] == pytest.approx(expected, abs=1e-3)


def test_a_seed_gives_the_same_text_again(client: openai.OpenAI, folder: Path) -> None:
    def said(seed: int, **more: Any) -> str | None:
        answer = client.chat.completions.create(model=str(folder), messages=QUESTION, max_tokens=12, temperature=1.5,
                                                seed=seed, **more)
        return answer.choices[0].message.content

    assert said(1) == said(1) != said(2)
    assert said(1, top_p=1e-6) == said(2, top_p=1e-6), "only the likeliest token is left"


def test_stop_words_end_an_answer(client: openai.OpenAI, folder: Path) -> None:
    whole = client.completions.create(model=str(folder), prompt="the", max_tokens=20).choices[0].text
    stop = whole[6:9]
    short = client.completions.create(model=str(folder), prompt="the", max_tokens=20, stop=[stop, "never"]).choices[0]
    assert short.text == whole[: whole.find(stop)] and short.finish_reason == "stop"


def test_errors_reach_the_openai_client(client: openai.OpenAI, folder: Path) -> None:
    with pytest.raises(openai.NotFoundError, match="no such model"):
        client.chat.completions.create(model="gpt-4", messages=QUESTION)
    with pytest.raises(openai.BadRequestError, match="more than the 4096"):
        client.completions.create(model=str(folder), prompt="the " * 5000)
    with pytest.raises(openai.BadRequestError, match="tools"):
        client.chat.completions.create(model=str(folder), messages=QUESTION, tools=[
            {"type": "function", "function": {"name": "f", "parameters": {}}}])


def test_a_stream_that_is_left_frees_the_worker(client: openai.OpenAI, server: str, folder: Path) -> None:
    def generated() -> float:
        found = re.search(r"^cybersieve_tokens_generated_total (\d+)$", call(f"{server}/metrics")[1], re.M)
        assert found
        return int(found.group(1))

    before = generated()
    for _ in range(4):
        with client.completions.create(model=str(folder), prompt="the", max_tokens=4000, stream=True) as stream:
            next(iter(stream))
    assert client.completions.create(model=str(folder), prompt="the", max_tokens=3).usage is not None
    assert generated() - before < 4000


def test_answers_are_those_of_the_engine_whoever_asks_beside(server: str, folder: Path,
                                                             verify_settings: params.Verify) -> None:
    settings = dataclasses.replace(verify_settings, model=str(folder), adapter=None)
    language_model, tokenizer = model.load(settings)
    with Engine(language_model, tokenizer, prompt.of_model(tokenizer, settings)) as engine:
        expected = dict(pair for batch in engine.margins(TEXTS) for pair in batch)
    answers: list[Any] = [None] * len(TEXTS)

    def ask(i: int) -> None:
        answers[i] = call(f"{server}/v1/classify", {"texts": TEXTS[i:] + TEXTS[:i]})

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(TEXTS))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, (status, tree, _) in enumerate(answers):
        assert status == 200
        for j, result in enumerate(tree["results"]):
            text = (i + j) % len(TEXTS)
            assert result["margin"] == (pytest.approx(expected[text], abs=1e-3) if TEXTS[text] else None)


def test_the_token_is_asked_for_and_a_signal_ends_it_cleanly(folder: Path) -> None:
    command = ["./start-simple-server.sh", "--model", folder, "--adapter", "none", "--port", "0"]
    with started(command, r"ready on (\S+)", CYBERSIEVE_API_KEY="sesame") as (url, process):
        assert call(f"{url}/health")[0] == 200 and call(f"{url}/v1/models")[0] == 401
        with openai.OpenAI(base_url=f"{url}/v1", api_key="sesame", max_retries=0) as client:
            stream = client.completions.create(model=str(folder), prompt="the", max_tokens=100, stream=True)
            first = next(stream)
            process.send_signal(signal.SIGTERM)
            rest = list(stream)
            assert first.model == str(folder) and rest[-1].choices[0].finish_reason, "the answer is given to its end"
        assert process.wait(15) == 0


def test_what_mlx_compiled_does_not_abort_the_end(tmp_path: Path) -> None:
    """Such functions are let go of by their thread after Python calls it ended, which needs the interpreter."""
    tiny.write(tmp_path, "afm7")
    command = [sys.executable, "-m", "cybersieve.server", "--model", tmp_path, "--adapter", "none", "--port", "0"]
    with started(command, r"\Aready on (\S+)") as (url, process):
        assert call(f"{url}/v1/classify", {"texts": TEXTS})[0] == 200
        process.terminate()
        assert process.wait(15) == 0


def test_ctrl_c_ends_it_with_a_line(folder: Path) -> None:
    command = [sys.executable, "-m", "cybersieve.server", "--model", folder, "--adapter", "none", "--port", "0"]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None and "ready" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    assert process.communicate()[1] == "stopped\n" and process.returncode == 130


@pytest.mark.parametrize(("options", "words"), [
    (["--model", "/nowhere/at/all"], "verify.model"), (["--batch-size", "0"], "--batch-size: 0"),
    (["--host", "192.0.2.1"], "--host 192.0.2.1"), (["--port", "99999"], "(name another one of the two)"),
    (["--params", "nowhere.yaml"], "nowhere.yaml"), (["--max-body-mb", "nan"], "--max-body-mb: nan")])
def test_what_prevents_a_start_is_one_line(options: list[str], words: str, tmp_path: Path) -> None:
    shown = run(ROOT / "start-simple-server.sh", *options, code=1, cwd=tmp_path, HF_HUB_OFFLINE="1").stderr
    lines = [line for line in shown.splitlines() if not line.startswith("warning:")]
    assert len(lines) == 1 and words in lines[0]


def test_an_address_can_be_copied_into_a_client() -> None:
    assert server_module._address("127.0.0.1", 80) == "http://127.0.0.1:80"
    assert server_module._address("::1", 80) == "http://[::1]:80"


@pytest.mark.parametrize(("key", "host", "warned"), [(None, "0.0.0.0", True), ("", "0.0.0.0", True),
                                                     ("secret", "0.0.0.0", False), (None, "127.0.0.1", False)])
def test_who_may_ask_without_a_token_is_told(key: str | None, host: str, warned: bool,
                                             monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.delenv(server_module.KEY, raising=False)
    if key is not None:
        monkeypatch.setenv(server_module.KEY, key)
    server_module._settings(server_module.arguments(["--host", host, "--params", str(ROOT / "params.yaml")]))
    assert ("anybody who reaches" in capsys.readouterr().err) == warned


def test_a_model_that_cannot_be_loaded_ends_the_server(tmp_path: Path) -> None:
    broken = tiny.write(tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"not weights")
    shown = run(ROOT / "start-simple-server.sh", "--model", "broken", "--adapter", "none", "--port", "0", code=1,
                cwd=tmp_path).stderr
    assert "can't be loaded" in shown.splitlines()[-1]


# verify against servers

def stage_folders(tmp_path: Path, texts: list[str]) -> list[object]:
    """Arguments of stages/verify.py for records that the rules leave uncertain."""
    parsed = [{"id": str(i), "source": "a", "locator": "", "title": "", "text": text, "meta": "{}", "dropped": None}
              for i, text in enumerate(texts)]
    scored = [{"id": str(i), "source": "a", "rules": [], "score": 0.0, "confidence": 0.5} for i in range(len(texts))]
    records.write(tmp_path / "parsed" / "a.parquet", parsed, records.PARSED)
    records.write(tmp_path / "scored" / "a.parquet", scored, records.SCORED)
    (tmp_path / "thresholds.json").write_text('{"accept": 0.9, "reject": 0.1}')
    return ["--parsed-dir", tmp_path / "parsed", "--scored-dir", tmp_path / "scored", "--thresholds",
            tmp_path / "thresholds.json"]


def verdicts(tmp_path: Path, name: str, texts: list[str], **changes: object) -> list[dict[str, Any]]:
    """What stages/verify.py says with these verify settings."""
    tree = yaml.safe_load((ROOT / "params.yaml").read_text())
    tree["verify"] |= changes
    (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(tree))
    run("python", "stages/verify.py", *stage_folders(tmp_path, texts), "--output-dir", tmp_path / name,
        "--params", tmp_path / f"{name}.yaml", CYBERSIEVE_CACHE=os.environ["CYBERSIEVE_CACHE"])
    return list(pq.read_table(tmp_path / name / "a.parquet").to_pylist())


def test_verify_says_the_same_with_our_server_as_in_process(prepared_model: Path, own_cache: Path,
                                                            tmp_path: Path) -> None:
    texts = [text for text in TEXTS if text]
    inside = verdicts(tmp_path, "mlx", texts)
    (own_cache / "answers.sqlite").unlink()
    with started(["./start-simple-server.sh", "--port", "0"], r"ready on (\S+)") as (url, _):
        outside = verdicts(tmp_path, "openai", texts, backend="openai", endpoints=[url])
    assert [row["verdict"] for row in outside] == [row["verdict"] for row in inside]
    for one, other in zip(inside, outside, strict=True):
        assert one["by"] == "llm" and abs(one["p_yes"] - other["p_yes"]) <= 1e-3


def test_verify_with_our_server_shares_the_cache_with_mlx(server: str, folder: Path, own_cache: Path,
                                                          verify_settings: params.Verify) -> None:
    settings = dataclasses.replace(verify_settings, model=str(folder), adapter=None)
    with asking.Verifier(dataclasses.replace(settings, backend="openai", endpoints=[server])) as verifier:
        asked = verifier.margins(TEXTS[1:])
    with asking.Verifier(settings) as verifier:
        assert verifier.margins(TEXTS[1:]) == asked
    assert verifier.cached == len(TEXTS[1:]) and verifier.engine is None


def test_verify_runs_to_the_end_with_mlx_lm_server(folder: Path, own_cache: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mlx_lm", "server", "--model", folder, "--port", (port := free_port())]
    with started(command, "(Starting httpd)"):
        url = f"http://127.0.0.1:{port}/v1"
        wait_until(lambda: call(f"http://127.0.0.1:{port}/health")[0] == 200, 20)
        rows = verdicts(tmp_path, "openai", TEXTS[1:], backend="openai", endpoints=[url], model=str(folder))
    assert [row["verdict"] in ("kept", "rejected") and 0 <= row["p_yes"] <= 1 for row in rows] == [True] * len(rows)
    assert not any(abs(row["margin"]) == 3 for row in rows), "log-probabilities were read, not words"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])

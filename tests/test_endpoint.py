"""verify.backend openai against a stub: every answer reaches its text, whatever an endpoint does."""

import contextlib
import dataclasses
import json
import math
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cybersieve import asking, endpoint, params, yes_no
from cybersieve.errors import ModelError, ParamsError
from cybersieve.http_json import Client, Garbage, Refusal
from tests.conftest import ROOT
from tests.stub_endpoint import FAULTS, Stub, margin_of

TEXTS = [f"record {i}: {'word ' * (i % 7)}" for i in range(40)]
DEAD = "http://127.0.0.1:9/v1"  # the discard port: nobody listens


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(endpoint, "LONGEST_PAUSE", 0.1)
    monkeypatch.delenv(endpoint.KEY, raising=False)


@pytest.fixture
def settings(verify_settings: params.Verify) -> params.Verify:
    return dataclasses.replace(verify_settings, backend="openai", model="stub", batch_size=8, timeout=10.0)


def asked(settings: params.Verify, *urls: str, texts: list[str] = TEXTS, **changes: object) -> list[float | None]:
    """The margins, in the order of the texts; every text is answered once."""
    settings = dataclasses.replace(settings, endpoints=list(urls), **changes)  # type: ignore[arg-type]
    with endpoint.Endpoints(endpoint.Found(settings)) as engine:
        answers = [pair for batch in engine.margins(texts) for pair in batch]
    assert sorted(i for i, _ in answers) == list(range(len(texts)))
    return [margin for _, margin in sorted(answers)]


def check_right(margins: list[float | None], texts: list[str] = TEXTS) -> None:
    assert margins == pytest.approx([margin_of(text) for text in texts], abs=1e-6)


def test_our_own_server_is_sent_batches_of_texts(settings: params.Verify) -> None:
    with Stub() as stub:
        check_right(asked(settings, stub.url))
    assert len(stub.asked) == 5 and {len(texts) for texts in stub.asked} == {8}
    assert stub.bodies[0]["model"] == "stub"


@pytest.mark.parametrize(("said", "taken"), [
    ("0", 0), ("2.5", 2.5), ("3600", 3600), ("Infinity", None), ("nan", None), ("-1", None), ("1e30", None),
    ("9" * 400, None), ("soon", None), ("Fri, 31 Dec 9999 23:59:59 GMT", None)])
def test_a_senseless_retry_after_is_none(said: str, taken: float | None) -> None:
    with Stub(fault=lambda number, texts: "503") as stub:
        stub.retry_after = said
        client = Client(stub.url, None, 10)
        with contextlib.closing(client), pytest.raises(Refusal) as refusal:
            client.post("/classify", {"texts": ["a"]})
    assert refusal.value.retry_after == taken


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_models_that_never_come_are_not_waited_for(settings: params.Verify, fault: str) -> None:
    with Stub() as stub, pytest.raises(ModelError, match="none answers .*timed out"):
        stub.models = fault
        endpoint.Found(dataclasses.replace(settings, endpoints=[stub.url], timeout=0.5, retries=0))


@pytest.mark.parametrize("models", [
    [], {"data": 5}, {"data": "x"}, {"data": [None, 1]}, {"data": [{"id": "stub", "cybersieve": None}]},
    {"data": [{"id": "stub", "cybersieve": {"fingerprint": ["f"]}}]}, {"data": [{"cybersieve": {"fingerprint": "f"}}]},
    {"data": [{"id": "stub", "cybersieve": {"fingerprint": "f", "card": {}, "settings": None, "calibration": {}}}]},
    {"data": [{"id": "stub", "cybersieve": {"fingerprint": "f", "card": {}, "settings": {}, "calibration": 1}}]},
    {"data": [{"id": "stub", "cybersieve": {"fingerprint": "f", "card": {}, "settings": {},
                                            "calibration": {"platt": {"a": 10 ** 400, "b": 0}}}}]}])
def test_who_says_something_else_of_its_models_is_another_server(settings: params.Verify, models: object) -> None:
    with Stub(ours=False) as stub:
        stub.models = models
        check_right(asked(settings, stub.url, texts=TEXTS[:3]), TEXTS[:3])


def test_the_base_url_may_leave_out_v1(settings: params.Verify) -> None:
    with Stub() as stub:
        check_right(asked(settings, stub.url.removesuffix("/v1")))


def test_what_our_own_server_says_of_its_model_is_taken_over(settings: params.Verify) -> None:
    with Stub(fingerprint="abc") as stub:
        found = endpoint.Found(dataclasses.replace(settings, endpoints=[stub.url]))
        assert found.fingerprint(settings) == "abc" and found.card() == {"id": "stub"}
        assert found.calibration() == {"platt": {"a": 1.0, "b": 0.0}}


def test_settings_that_the_server_overrules_are_named(settings: params.Verify, capsys: pytest.CaptureFixture) -> None:
    with Stub() as stub:
        endpoint.Found(dataclasses.replace(settings, endpoints=[stub.url], max_tokens=40))
    assert "verify.max_tokens is 40 here and 80 at the endpoints" in capsys.readouterr().err


def test_a_chat_server_is_read_by_all_spellings_in_its_logprobs(settings: params.Verify) -> None:
    with Stub(ours=False) as stub:
        check_right(asked(settings, stub.url))
    assert all(body["logprobs"] and body["max_tokens"] == 1 and body["temperature"] == 0 for body in stub.bodies)


def test_tokens_that_a_chat_server_says_it_has_read_are_added_up(settings: params.Verify) -> None:
    with Stub(ours=False) as stub:
        found = endpoint.Found(dataclasses.replace(settings, endpoints=[stub.url]))
        with endpoint.Endpoints(found) as engine:
            list(engine.margins(TEXTS))
    assert engine.tokens == 7 * len(TEXTS)


@pytest.mark.parametrize("logprobs", ["left out", "refused"])
def test_a_chat_server_without_logprobs_is_read_by_its_words(settings: params.Verify, logprobs: str) -> None:
    with Stub(ours=False, logprobs=logprobs) as stub:
        margins = asked(settings, stub.url, concurrency=1)
    assert margins == [math.copysign(3, margin_of(text)) for text in TEXTS]
    assert len(stub.asked) == len(TEXTS) + 2 * (logprobs == "refused"), "refused for a text and a plain one, then left"


@pytest.mark.parametrize("number", [0, 7])
@pytest.mark.parametrize("status", ["400", "422"])
def test_a_passing_refusal_is_not_one_of_logprobs(settings: params.Verify, number: int, status: str) -> None:
    with Stub(ours=False, fault=lambda now, _: status if now == number else None) as stub:
        check_right(asked(settings, stub.url, concurrency=1))


def test_who_answers_another_with_logprobs_meanwhile_takes_them(settings: params.Verify) -> None:
    first, texts = "refused " * 9, [f"record {9 - i}: {'word ' * (3 - i)}" for i in range(3)]  # asked in this order
    in_words, answered = threading.Event(), threading.Event()

    def fault(number: int, asked: list[str]) -> str | None:
        refused = asked[0] in (first, endpoint.PLAIN) and "logprobs" in stub.bodies[number]
        if asked[0] == first and not refused:
            in_words.set()
            assert answered.wait(10)
        elif asked[0] == texts[0]:
            assert in_words.wait(10)
        elif asked[0] == texts[1]:  # by whom the one before it has been asked
            answered.set()
        return "400" if refused else None

    with Stub(ours=False, fault=fault) as stub:
        check_right(asked(settings, stub.url, texts=[first, *texts], concurrency=2)[1:], texts)
    assert sum("logprobs" not in body for body in stub.bodies) == 1


@pytest.mark.parametrize(("number", "margin"), [("2", 2.0), ("-0.5", -0.5), ("null", None)])
def test_the_margin_of_a_result(number: str, margin: float | None) -> None:
    assert yes_no.margin_of_result(json.loads(f'{{"margin": {number}}}')) == margin


@pytest.mark.parametrize("number", ["NaN", "1e400", "1" + 400 * "0", "true", '"1"', "[1]"])
def test_what_is_no_margin(number: str) -> None:
    with pytest.raises(Garbage):
        yes_no.margin_of_result(json.loads(f'{{"margin": {number}}}'))


@pytest.mark.parametrize("number", ["NaN", "null", "-Infinity", "-1" + 400 * "0", "1" + 400 * "0", "false", '"x"'])
def test_a_token_with_no_sane_logprob_adds_nothing(number: str) -> None:
    def said(*more: dict[str, object]) -> float | None:
        listed = [{"token": "Yes", "logprob": -0.5}, {"token": " NO", "logprob": -1.5}, *more]
        logprobs = {"content": [{"top_logprobs": listed}]}
        return yes_no.margin_of_chat({"choices": [{"message": {}, "logprobs": logprobs}]})

    assert said({"token": "yes", "logprob": json.loads(number)}) == pytest.approx(1.0) == said()


def test_requests_take_more_fields_and_leave_some_out(settings: params.Verify) -> None:
    with Stub(ours=False) as stub:
        asked(settings, stub.url, request={"max_tokens": None, "max_completion_tokens": 3}, texts=TEXTS[:1])
    assert stub.bodies[0]["max_completion_tokens"] == 3 and "max_tokens" not in stub.bodies[0]


def test_texts_are_cut_and_close_no_turn(settings: params.Verify) -> None:
    with Stub(ours=False) as stub:
        asked(settings, stub.url, texts=["<|im_end|> </s> [INST] <end_of_turn> a<b " + "long " * 1000])
    content = stub.bodies[0]["messages"][-1]["content"]
    assert len(content) < 5 * settings.max_tokens and " a<b long" in content
    assert not any(mark in content for mark in ("<|im_end|>", "</s>", "[INST]", "<end_of_turn>"))


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_costs_an_answer(settings: params.Verify, fault: str, ours: bool) -> None:
    def first_of_three(number: int, texts: list[str]) -> str | None:
        return fault if number % 3 == 0 and number < 9 else None

    with Stub(ours, first_of_three) as stub:
        check_right(asked(settings, stub.url, timeout=1.0 if fault in ("hang", "drip") else 10.0))
    assert len(stub.asked) >= 3


@pytest.mark.parametrize("fault", [*FAULTS, "400"])
def test_an_endpoint_that_only_fails_is_made_up_for_by_another(settings: params.Verify, fault: str) -> None:
    with Stub(fault=lambda *_: fault) as ill, Stub() as well:
        check_right(asked(settings, ill.url, well.url, timeout=0.3))


def test_an_endpoint_that_is_not_there_is_named_and_made_up_for(
        settings: params.Verify, capsys: pytest.CaptureFixture) -> None:
    with Stub() as stub:
        check_right(asked(settings, DEAD, stub.url))
    assert "not every endpoint answers: http://127.0.0.1:9/v1" in capsys.readouterr().err


@pytest.mark.parametrize("fault", ["503", "cut"])
def test_an_endpoint_is_looked_up_as_often_as_it_is_asked(settings: params.Verify, fault: str) -> None:
    with Stub() as stub:
        stub.looks = [fault] * 2
        check_right(asked(settings, stub.url, retries=2))
        stub.looks = [fault] * 2
        with pytest.raises(ModelError, match="none answers"):
            asked(settings, stub.url, retries=1)


@pytest.mark.parametrize("status", ["401", "403"])
def test_an_endpoint_that_does_not_take_the_key_is_asked_nothing(settings: params.Verify, status: str,
                                                                 capsys: pytest.CaptureFixture) -> None:
    with Stub() as shut, Stub() as well:
        shut.looks = [status]
        check_right(asked(settings, shut.url, well.url))
        assert f"not every endpoint answers: {shut.url}: HTTP {status}: fault {status}" in capsys.readouterr().err
        shut.looks = [status] * 3
        with pytest.raises(ModelError, match=f"none answers .*fault {status}"):
            asked(settings, shut.url, retries=5)
        assert len(shut.looks) == 2 and not shut.asked


@pytest.mark.parametrize("said", ["404", "not JSON", "not an object", {"data": None}, {"data": ["stub"]}, {"a": 1}])
def test_a_server_that_says_nothing_of_its_models_is_asked_in_chats(settings: params.Verify, said: object) -> None:
    with Stub(ours=False) as stub:
        stub.looks = [said]
        check_right(asked(settings, stub.url))


@pytest.mark.parametrize("status", ["401", "403", "404", "405"])
def test_an_endpoint_that_nothing_can_be_asked_of_is_not_asked_on(settings: params.Verify, status: str,
                                                                  capsys: pytest.CaptureFixture) -> None:
    with Stub(fault=lambda *_: status) as ill, Stub() as well:
        check_right(asked(settings, ill.url, well.url, concurrency=1))
    assert f"{ill.url} is not asked any more: HTTP {status}" in capsys.readouterr().err
    plain = ill.asked.count([endpoint.PLAIN])
    assert len(ill.asked) == 2 * plain and plain <= 2  # another batch may come before the plain text is refused, too


@pytest.mark.parametrize("status", ["404", "405"])
def test_one_that_has_answered_refuses_the_text(settings: params.Verify, status: str) -> None:
    with Stub(fault=lambda _, texts: status if TEXTS[5] in texts else None) as stub:
        margins = asked(settings, stub.url, texts=TEXTS[:8], batch_size=1, concurrency=1)
    assert [i for i, margin in enumerate(margins) if margin is None] == [5]


def test_who_fails_rests_longer_each_time(settings: params.Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    for attempt, longest in ((0, 0.01), (2, 0.04), (50, 0.1)):
        assert longest / 2 <= endpoint.pause(attempt) <= longest
    pauses: list[int] = []
    monkeypatch.setattr(endpoint, "pause", lambda attempt: pauses.append(attempt) or 0.001)
    with Stub(fault=lambda *_: "cut") as stub:
        assert asked(settings, stub.url, texts=TEXTS[:1], retries=2) == [None]
    assert pauses == [0, 0, 1, 1, 2, 2]  # after each attempt the endpoint's and the request's


def test_an_endpoint_that_comes_back_is_asked_again(settings: params.Verify) -> None:
    def away(number: int, texts: list[str]) -> str | None:
        return "cut" if number < 4 else None

    with Stub(fault=away) as stub:
        check_right(asked(settings, stub.url))


def test_work_is_shared(settings: params.Verify) -> None:
    with Stub(seconds=0.02) as one, Stub(seconds=0.02) as two:
        check_right(asked(settings, one.url, two.url, batch_size=1, concurrency=2))
    assert min(len(one.asked), len(two.asked)) > len(TEXTS) / 4
    assert max(one.most_at_once, two.most_at_once) <= 2


def test_who_is_left_gets_no_more_at_once(settings: params.Verify) -> None:
    with Stub(seconds=0.02) as stub:
        check_right(asked(settings, DEAD, stub.url, texts=TEXTS[:12], batch_size=1, concurrency=2), TEXTS[:12])
    assert stub.most_at_once <= 2


def test_no_endpoint_at_all_ends_the_run_with_a_reason(settings: params.Verify) -> None:
    with pytest.raises(ModelError, match=r"none answers \(http://127.0.0.1:9/v1: .*refused"):
        asked(settings, DEAD, retries=1)


def test_endpoints_that_go_for_good_end_the_run(settings: params.Verify) -> None:
    with Stub(fault=lambda number, _: "cut" if number > 2 else None) as stub, \
            pytest.raises(ModelError, match="none is left that answers"):
        asked(settings, stub.url, batch_size=1, concurrency=2)


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("after", [0, 20])
def test_endpoints_that_answer_nothing_but_errors_end_the_run_as_if_they_were_gone(settings: params.Verify, ours: bool,
                                                                                   after: int) -> None:
    def fault(number: int, _: list[str]) -> str | None:
        return "500" if number >= after else None

    with Stub(ours, fault) as one, Stub(ours, fault) as two:
        with pytest.raises(ModelError, match="none is left that answers .*fault 500.*fault 500"):
            asked(settings, one.url, two.url, batch_size=4, texts=TEXTS * 20, retries=2)
        assert len(one.asked) + len(two.asked) < 2 * after + 50  # and not until every text has had its attempts


@pytest.mark.parametrize(("fault", "said"), [("500", "fault 500"), ("cut", "closed"), ("half", "IncompleteRead")])
def test_endpoints_that_fail_at_texts_one_after_another_are_not_gone(settings: params.Verify, fault: str,
                                                                     said: str) -> None:
    with Stub(fault=lambda _, texts: fault if any("record" in text for text in texts) else None) as stub:
        assert asked(settings, stub.url, texts=[TEXTS[0]], retries=3) == [None]
        assert len(stub.asked) < 10
        check_right(asked(settings, stub.url, texts=["another"]), ["another"])
        with pytest.raises(ModelError, match=f"in a row failed.*{said}"):
            asked(settings, stub.url, batch_size=1, retries=2)


def test_one_endpoint_written_in_several_ways_is_one(settings: params.Verify) -> None:
    with Stub() as stub:
        found = endpoint.Found(dataclasses.replace(settings, endpoints=[stub.url, f"{stub.url}/", stub.url[:-3]]))
    assert [one.client.url for one in found.endpoints] == [stub.url]


@pytest.mark.parametrize("fault", ["500", "400", "413", "401", "403", "404", "redirect", "cut", "wrong shape"])
def test_a_text_that_cannot_be_answered_takes_no_other_with_it(settings: params.Verify, fault: str) -> None:
    with Stub(fault=lambda _, texts: fault if TEXTS[11] in texts else None) as stub:
        margins = asked(settings, stub.url, retries=1)
    assert [i for i, margin in enumerate(margins) if margin is None] == [11]
    check_right(margins[:11] + margins[12:], TEXTS[:11] + TEXTS[12:])  # type: ignore[arg-type]
    if fault in ("400", "413"):  # five batches, and of one of them two fours, twos and ones; what is refused twice
        assert len(stub.asked) == 5 + 3 * 2 + 4


def test_a_text_at_which_the_connection_is_cut_is_given_up(settings: params.Verify) -> None:
    with Stub(fault=lambda _, texts: "cut" if TEXTS[11] in texts else None) as stub:
        margins = asked(settings, stub.url, batch_size=1, retries=1)
    assert [i for i, margin in enumerate(margins) if margin is None] == [11]


@pytest.mark.parametrize("fault", ["408", "425"])
def test_an_answer_that_says_later_is_asked_again(settings: params.Verify, fault: str) -> None:
    with Stub(fault=lambda number, _: fault if number == 0 else None) as stub:
        check_right(asked(settings, stub.url, texts=TEXTS[:8], batch_size=1, concurrency=1, retries=1), TEXTS[:8])
    assert len(stub.asked) == 9


@pytest.mark.parametrize(("ours", "fault", "said"), [(True, "413", "fault 413"), (False, "413", "fault 413"),
                                                     (False, "in words", "neither yes nor no")])
def test_what_it_was_that_left_a_text_unanswered_is_told(settings: params.Verify, ours: bool, fault: str,
                                                         said: str) -> None:
    with Stub(ours, lambda *_: fault) as stub:
        found = endpoint.Found(dataclasses.replace(settings, endpoints=[stub.url]))
        with endpoint.Endpoints(found) as engine:
            assert list(engine.margins(["a text"])) == [[(0, None)]]
    assert said in engine.trouble


def test_a_full_queue_is_waited_for(settings: params.Verify) -> None:
    with Stub(fault=lambda number, _: "429" if number < 20 else None) as stub:
        check_right(asked(settings, stub.url, retries=0))


def test_a_queue_that_stays_full_is_given_up(settings: params.Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "BUSY", 3)
    with Stub(fault=lambda *_: "429") as stub:
        assert asked(settings, stub.url, texts=TEXTS[:1], retries=0) == [None]
    assert len(stub.asked) == 4


def test_what_is_to_wait_an_hour_waits_the_longest_pause(settings: params.Verify) -> None:
    with Stub(fault=lambda number, _: "503" if number == 0 else None) as stub:
        stub.retry_after = "3600"
        started = time.monotonic()
        check_right(asked(settings, stub.url, texts=TEXTS[:1], retries=1), TEXTS[:1])
    assert endpoint.LONGEST_PAUSE <= time.monotonic() - started < 60


@pytest.mark.parametrize("ours", [True, False])
def test_a_kept_connection_that_was_closed_costs_no_attempt(settings: params.Verify, ours: bool) -> None:
    with Stub(ours, closes_after=2) as stub:
        check_right(asked(settings, stub.url, retries=0, batch_size=1, concurrency=8))


def test_the_key_goes_into_requests_and_nowhere_else(settings: params.Verify, monkeypatch: pytest.MonkeyPatch,
                                                     capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setenv(endpoint.KEY, "sk-secret")
    with Stub(fault=lambda number, _: "500" if number == 0 else None) as stub:
        stub.key = "sk-secret"
        found = endpoint.Found(dataclasses.replace(settings, endpoints=[stub.url]))
        check_right(asked(settings, stub.url, DEAD, retries=1))
        assert "sk-secret" not in f"{found.card()}{found.fingerprint(settings)}{vars(settings)}"
    shown = capsys.readouterr()
    assert "sk-secret" not in shown.out + shown.err


def test_a_key_out_of_a_file_loses_its_line_break(settings: params.Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(endpoint.KEY, "sk-secret\n")
    with Stub() as stub:
        stub.key = "sk-secret"
        check_right(asked(settings, stub.url))


@pytest.mark.parametrize("key", ["sk-\nsecret", "sk-\x00secret", "sk-schlüssel"])
def test_a_key_that_no_header_holds_is_refused_and_not_shown(settings: params.Verify, key: str,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {endpoint.KEY: key})
    with pytest.raises(ParamsError, match=f"{endpoint.KEY}: printable ASCII") as error:
        asked(settings, DEAD)
    assert "sk-" not in str(error.value)


def test_a_page_instead_of_an_answer_is_one_line(settings: params.Verify) -> None:
    assert str(Refusal(404, "<html>\n  <p>no\n")) == "HTTP 404: <html> <p>no"


def test_a_wrong_key_ends_the_run_and_is_not_shown(settings: params.Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(endpoint.KEY, "sk-wrong")
    with Stub() as stub, pytest.raises(ModelError, match="401.*wrong key") as error:
        stub.key = "sk-right"
        asked(settings, stub.url)
    assert "sk-" not in str(error.value)


def test_redirects_are_not_followed(settings: params.Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(endpoint.KEY, "sk-secret")
    with Stub(fault=lambda *_: "redirect") as stub, pytest.raises(ModelError, match="name that address"):
        asked(settings, stub.url)


def test_endpoints_must_serve_one_model(settings: params.Verify) -> None:
    with Stub(fingerprint="a") as one, Stub(fingerprint="b") as two, pytest.raises(ModelError, match="the same model"):
        asked(settings, one.url, two.url)
    with Stub() as ours, Stub(ours=False) as other, pytest.raises(ModelError, match="the same model"):
        asked(settings, ours.url, other.url)
    with Stub(model="other") as stub, pytest.raises(ModelError, match="the endpoints serve other"):
        asked(settings, stub.url)


def test_a_server_that_changes_its_model_is_not_asked_on(settings: params.Verify) -> None:
    with Stub() as stub, pytest.raises(ModelError, match="another model"):
        found = endpoint.Found(dataclasses.replace(settings, endpoints=[stub.url]))
        stub.fingerprint = "g"
        with endpoint.Endpoints(found) as engine:
            list(engine.margins(TEXTS))


@pytest.mark.parametrize(("urls", "words"), [([], "at least one base URL"), (["ftp://host/v1"], "no http or https"),
                                             (["http://host:80800/v1"], "no http"), (["http://[::1/v1"], "no http"),
                                             (["http://me:key@host/v1"], "environment"),
                                             (["ftp://me:key@host:80800"], "environment"),
                                             (["http://a b/v1"], "no http"), (["http://host/v1\n"], "no http"),
                                             (["http://host/ü"], "no http"),
                                             (["http://host/v1?me:key"], "no http")])
def test_urls_are_checked(settings: params.Verify, urls: list[str], words: str) -> None:
    with pytest.raises(ParamsError, match=words) as error:
        asked(settings, *urls)
    assert "me:key" not in str(error.value)


def test_leaving_does_not_wait_for_answers(settings: params.Verify) -> None:
    with Stub(fault=lambda number, _: "hang" if number > 1 else None) as stub:
        started = time.monotonic()
        found = endpoint.Found(dataclasses.replace(settings, endpoints=[stub.url], concurrency=1))
        with pytest.raises(KeyboardInterrupt), endpoint.Endpoints(found) as engine:
            for _ in engine.margins(TEXTS):
                raise KeyboardInterrupt
        assert time.monotonic() - started < 3


def test_answers_are_kept_and_not_asked_for_again(settings: params.Verify, own_cache: Path) -> None:
    with Stub(ours=False) as stub:
        settings = dataclasses.replace(settings, endpoints=[stub.url])
        for _ in range(2):
            with asking.Verifier(settings) as verifier:
                check_right(verifier.margins(TEXTS))  # type: ignore[arg-type]
        assert len(stub.asked) == len(TEXTS)
        other = dataclasses.replace(settings, prompt="Is this about cooking?")
        with asking.Verifier(other) as verifier:
            verifier.margins(TEXTS)
        assert len(stub.asked) == 2 * len(TEXTS), "another question is another answer"


def test_what_came_before_the_end_is_kept(settings: params.Verify, own_cache: Path) -> None:
    with Stub(fault=lambda number, _: "cut" if number > 2 else None) as stub:
        settings = dataclasses.replace(settings, endpoints=[stub.url], concurrency=1, retries=1)
        with pytest.raises(ModelError), asking.Verifier(settings) as verifier:
            verifier.margins(TEXTS)
        stub.fault = lambda *_: None
        before = sum(map(len, stub.asked))
        with asking.Verifier(settings) as verifier:
            check_right(verifier.margins(TEXTS))  # type: ignore[arg-type]
        assert verifier.cached == 24 and sum(map(len, stub.asked)) - before == 16


def test_many_texts_in_flat_time(settings: params.Verify) -> None:
    texts = [f"text {i}" for i in range(20_000)]
    with Stub() as stub:
        check_right(asked(settings, stub.url, texts=texts, batch_size=500), texts)


def test_prepare_model_writes_what_the_endpoints_serve(settings: params.Verify, tmp_path: Path) -> None:
    text = (ROOT / "params.yaml").read_text()
    with Stub() as stub:
        changed = text.replace("backend: mlx", "backend: openai").replace("endpoints: []", f"endpoints: [{stub.url}]")
        (tmp_path / "params.yaml").write_text(changed.replace("model: smollm2-135m-instruct", "model: stub"))
        command = [sys.executable, "stages/prepare_model.py", "--params", str(tmp_path / "params.yaml")]
        subprocess.run([*command, "--output", str(tmp_path / "model.json")], cwd=ROOT, check=True)
    assert (tmp_path / "model.json").read_text() == '{\n "id": "stub"\n}\n'


def test_no_thread_is_left(settings: params.Verify) -> None:
    with Stub() as stub:
        asked(settings, stub.url)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]

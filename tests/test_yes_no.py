"""A yes/no question as a chat, and what is read out of a server's answer to it."""

import dataclasses
import math

import pytest

from cybersieve import params, prompt, yes_no
from cybersieve.http_json import Garbage


def chat(content: object = None, logprobs: object = None) -> dict[str, object]:
    return {"choices": [{"message": {"content": content}, "logprobs": logprobs}]}


def listed(*shares: tuple[object, float]) -> dict[str, object]:
    """Log-probabilities as OpenAI gives them, of tokens with these shares."""
    return {"content": [{"token": "x", "logprob": -9.0, "top_logprobs": [
        {"token": token, "logprob": math.log(share)} for token, share in shares]}]}


def test_a_question_shows_the_examples_before_the_text(verify_settings: params.Verify) -> None:
    examples = [{"text": "A worm", "label": 1}, {"text": "Bread", "label": 0}]
    settings = dataclasses.replace(verify_settings, examples=examples, max_tokens=5)
    assert [(turn["role"], turn["content"]) for turn in yes_no.messages(settings, "x" * 99)] == [
        ("system", prompt.instruction(settings)), ("user", "Text: A worm"), ("assistant", "Yes"),
        ("user", "Text: Bread"), ("assistant", "No"), ("user", "Text: " + "x" * 20)]


@pytest.mark.parametrize(("text", "put"), [
    ("<|im_end|> <b> a<b", "< |im_end|> <b> a<b"), ("</s><eos>", "< /s>< eos>"),
    ("[INST] [/INST] [1]", "[ INST] [ /INST] [1]"),
    ("<start_of_turn><end_of_turn>", "< start_of_turn>< end_of_turn>"), ("<\uff5cUser\uff5c>", "< \uff5cUser\uff5c>")])
def test_a_control_token_spelled_out_is_taken_apart(verify_settings: params.Verify, text: str, put: str) -> None:
    assert yes_no.messages(verify_settings, text)[-1]["content"] == f"Text: {put}"


def test_words_are_given_room_and_log_probabilities_one_token(verify_settings: params.Verify) -> None:
    by_words, by_one = (yes_no.body(verify_settings, "x", logprobs) for logprobs in (False, True))
    assert not {"logprobs", "top_logprobs"} & set(by_words) and by_words["max_tokens"] > by_one["max_tokens"] == 1
    assert by_one["logprobs"] is True and 5 <= by_one["top_logprobs"] <= 11  # mlx_lm.server gives no more


@pytest.mark.parametrize(("shares", "odds"), [
    ([(" Yes", 0.5), ("yes", 0.25), ("No", 0.125)], 6), ([("\u0120YES", 0.2), ("\u2581no.", 0.4), ("The", 0.1)], 0.5),
    ([("Yes", 0.9), ("The", 0.05)], 18),  # a no has at most the twentieth that is left
    ([("Yes", 0.7), ("A", 0.2), ("The", 0.09)], 70),
    ([("The", 0.01), ("Yes", 0.5)], 50),  # and no more than the least that is listed
    ([("No", 0.8), ("Maybe", 0.1)], 0.125), ([("yes", 1.0)], 1e9), ([("Yes", 0.6), ("Nobody", 0.1)], 6),
    ([("Yes", 0.5), ("No", 0.25), (None, 0.25), ("No", 1.1)], 2)])
def test_spellings_of_yes_and_no_are_added_up(shares: list[tuple[object, float]], odds: float) -> None:
    assert yes_no.margin_of_chat(chat("No", listed(*shares))) == pytest.approx(math.log(odds))


def test_a_token_without_others_counts_by_itself() -> None:
    logprobs = {"content": [{"token": "No", "logprob": math.log(0.75), "top_logprobs": []}]}
    assert yes_no.margin_of_chat(chat("Yes", logprobs)) == pytest.approx(math.log(1 / 3))


@pytest.mark.parametrize("logprobs", [
    None, [], {"content": None}, {"content": []}, {"content": ["No"]}, {"content": {"No": -0.1}},
    {"content": [{"top_logprobs": 3}]}, {"content": [{"token": "No"}]},
    {"content": [{"top_logprobs": {"No": -0.1}}]}, {"content": [{"top_logprobs": ["No", 3]}]},
    listed(("The", 0.5), ("A", 0.25))])
def test_where_no_log_probability_tells_the_words_do(logprobs: object) -> None:
    assert yes_no.margin_of_chat(chat("Yes", logprobs)) == 3


@pytest.mark.parametrize(("words", "margin"), [
    ("Yes.", 3), ("**No**, because", -3), ("yes and no", 3), ("The answer is no, no.", -3), ("It is yes or no", None),
    ("nothing", None), ("<think>Yes?</think>No", -3), ("<think>\nyes</think> a <think>no", None), ("", None),
    (None, None), (["Yes"], None)])
def test_words_of_an_answer(words: object, margin: float | None) -> None:
    assert yes_no.margin_of_chat(chat(words)) == margin


@pytest.mark.parametrize("tree", [{}, {"choices": []}, {"choices": None}, {"choices": [{}]}, {"choices": ["Yes"]},
                                  {"choices": [{"message": None}]}, {"choices": [{"message": "Yes"}]}])
def test_what_is_no_chat_is_garbage(tree: dict[str, object]) -> None:
    with pytest.raises(Garbage, match="no chat completion"):
        yes_no.margin_of_chat(tree)


def test_results_of_our_own_server() -> None:
    assert [yes_no.margin_of_result({"margin": said}) for said in (2, -0.5, None)] == [2.0, -0.5, None]
    for wrong in ({}, {"margin": "2"}, {"margin": math.nan}, {"margin": math.inf}, [2.0], None, 2.0):
        with pytest.raises(Garbage):
            yes_no.margin_of_result(wrong)


def test_tokens_that_a_server_says_it_has_read() -> None:
    assert yes_no.tokens_read({"usage": {"prompt_tokens": 7}}) == 7
    for tree in ({}, {"usage": None}, {"usage": {}}, {"usage": {"prompt_tokens": "7"}}):
        assert yes_no.tokens_read(tree) == 0

"""Chat and instruction files: fields from the record, nothing else."""

import json

import pytest

from cybersieve import templates
from cybersieve.errors import ParamsError

ROW = {"id": "u1", "source": "a/b.json", "title": "Grey Heron", "text": "A loader {with} braces.\nTwo lines.",
       "meta": json.dumps({"external_id": "S1901", "platforms": ["Windows", "Linux"], "cvss": {"score": 9.8}})}


def line(name, parts=None, **row):
    made = templates.compiled({name: parts or {}})[name](ROW | row)
    return None if made is None else json.loads(made)


@pytest.mark.parametrize(("name", "tree"), [
    ("alpaca", {"instruction": "What is Grey Heron?", "input": "", "output": ROW["text"]}),
    ("chatml", {"messages": [{"role": "user", "content": "What is Grey Heron?"},
                             {"role": "assistant", "content": ROW["text"]}]}),
    ("sharegpt", {"conversations": [{"from": "human", "value": "What is Grey Heron?"},
                                    {"from": "gpt", "value": ROW["text"]}]}),
    ("text", {"text": f"Grey Heron\n{ROW['text']}"}),
])
def test_formats(name, tree):
    assert line(name) == {"id": "a/b.json#u1"} | tree
    assert "\n" not in templates.compiled({name: {}})[name](ROW)


def test_the_first_template_is_taken_whose_fields_are_there():
    assert line("alpaca", title="")["instruction"] == "Describe S1901."
    assert line("alpaca", title="", meta="{}") is None
    assert line("alpaca", text="") is None


@pytest.mark.parametrize(("template", "filled"), [
    ("{title}, on {meta.platforms}: {meta.cvss.score}", "Grey Heron, on Windows, Linux: 9.8"),
    ("{{literal}} {id} {source} {identifier}", "{literal} u1 a/b.json S1901"),
    ("{meta.none}", None), ("{meta.cvss}", None), ("{meta.platforms.x}", None)])
def test_fields(template, filled):
    made = line("text", {"text": template})
    assert (made and made["text"]) == filled


def test_a_system_message_comes_first():
    made = line("chatml", {"system": "You know {title}."})["messages"]
    assert [message["role"] for message in made] == ["system", "user", "assistant"]
    assert made[0]["content"] == "You know Grey Heron."


@pytest.mark.parametrize(("tree", "reason"), [
    ({"vicuna": {}}, "export.templates.vicuna: unknown format"),
    ({"alpaca": {"question": "x"}}, "export.templates.alpaca.question: unknown part"),
    ({"text": {"text": "{body}"}}, "export.templates.text.text: unknown field {body}"),
    ({"text": {"text": "{title"}}, "export.templates.text.text"),
    ({"text": {"text": "{}"}}, "unknown field"),
    ({"text": {"text": "{title:>9}"}}, "{title} takes no format"),
    ({"text": {"text": "{id!r}"}}, "{id} takes no format"),
    ({"text": {"text": "{meta.}"}}, "unknown field {meta.}"), ({"text": {"text": "{meta.a..b}"}}, "unknown field"),
    ({"text": {"text": 7}}, "a template is a text"),
])
def test_wrong_settings_are_told_by_name(tree, reason):
    with pytest.raises(ParamsError) as error:
        templates.compiled(tree)
    assert reason in str(error.value)

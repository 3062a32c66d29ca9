"""Prose in lines of one width becomes paragraphs; whatever else has lines keeps them."""

import json
import textwrap
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cybersieve import text
from cybersieve.hard_wrapped import joined
from tests.test_infer import parsed

FIRST = ("An attacker who sends a long header can run code on the server, as its length is not looked at before it is "
         "copied into a buffer of fixed size on the stack. The update of spring removes it, and there is no other way "
         "to mend the server but to take it off the network until then. Whoever runs an older version should look at "
         "the logs of the last weeks for requests of more than eight kilobytes, as these were seen in the winter.")
SECOND = "The flaw was found by a student of ours in the course of her thesis, and told to us in January."


def filled(*paragraphs, width=72, between="\n\n"):
    return between.join(textwrap.fill(paragraph, width) for paragraph in paragraphs)


@pytest.mark.parametrize("width", [60, 65, 72, 76, 78, 80, 99])
def test_prose_of_one_width_is_paragraphs(width):
    assert joined(filled(FIRST, SECOND, width=width)) == f"{FIRST}\n\n{SECOND}"


def test_a_heading_and_the_end_of_a_paragraph_stay_alone():
    assert joined(f"The server and its headers\n{filled(FIRST)}") == f"The server and its headers\n{FIRST}"
    assert joined(filled(FIRST, SECOND, between="\n")).startswith(FIRST)
    assert joined(f"Impact:\n{filled(FIRST)}\n\n- one\n- two\n") == f"Impact:\n{FIRST}\n\n- one\n- two\n"


@pytest.mark.parametrize("lines", [
    """2031-01-02 10:00:01 host sshd[123]: Failed password for root from 192.0.2.1
2031-01-02 10:00:02 host sshd[123]: Failed password for root from 192.0.2.1
2031-01-02 10:00:03 host sshd[123]: Failed password for root from 192.0.2.7""",
    """Jan  2 10:00:01 host sshd[123]: Failed password for root from 192.0.2.1 port
Jan  2 10:00:02 host sshd[123]: Failed password for root from 192.0.2.1 port
Jan  2 10:00:03 host sshd[123]: Failed password for root from 192.0.2.7 port""",
    """allows remote attackers to read arbitrary files by means of dots in a name
allows local users to gain privileges via a symlink attack on its lock file
allows remote servers to crash the client through a packet without a length""",
    """Nobody had ever looked at what the header held, or so we had been told.
Somebody has now, and many of us wished that she had not done that.
Everybody will know of it by noon, and then we shall have to tell them.
All that is left to do is to take the server off the network at once.""",
    """def check(header):
    if len(header) > MAX:
        raise ValueError("too long, says the server, and closes it again")
    return header.strip() or None, the_other_thing_that_is_long_enough_too""",
    """Example Security Team of the University of Somewhere in the Far North
Long Street Number One Hundred and Twenty-Three, Second Floor, Room Nine
12345 Somewhere in the Far North, Country of the Long Winters and Summers""",
    """apt update && apt install libfoo1 libfoo-dev libbar2 libbaz-dev libqux-dev
systemctl restart foo bar baz qux quux corge grault garply waldo fred plugh
rm -rf /var/lib/foo /var/lib/bar /var/lib/baz /var/lib/qux /var/lib/quux xy""",
    """sshd[4711]: Failed password for root from 192.0.2.1 port 40022 ssh2
sshd[4712]: Failed password for root from 192.0.2.7 port 40023 ssh2
sshd[4713]: Failed password for alice from 192.0.2.7 port 40024 ssh2
sshd[4714]: Failed password for root from 192.0.2.1 port 40025 ssh2""",
    """permit tcp host 192.0.2.10 host 198.51.100.17 eq 443 log
permit tcp host 192.0.2.11 host 198.51.100.18 eq 443 log
permit udp host 192.0.2.12 host 198.51.100.19 eq 853 log
permit tcp host 192.0.2.13 host 198.51.100.20 eq 443 log""",
    "\n".join(f"{letter * 32} {number} dropper.exe 192.0.2.{number}" for number, letter in enumerate("abcdef", 10)),
    """alice: did any of you look at the logs of the server yet
bob: no, I think that it is the same as it was last week
carol: and what is this process that listens on port 4444
alice: no idea, but it was not there when I left the house""",
    """Ошибка чтения заголовка запроса на первом из серверов сети
Пароль хранится в открытом виде в настройках второго сервера
Проверка подписи не выполняется при обновлении третьего сервера
Утечка памяти возникает при разборе длинных имён на четвёртом""",
    "\n".join(f"    {line}" for line in filled(FIRST).split("\n")),
    "\n".join(f"> {line}" for line in filled(FIRST).split("\n")),
    f"```\n{filled(FIRST)}\n```", filled(SECOND), filled(FIRST, width=40), filled(FIRST, width=130)])
def test_lines_that_may_mean_something_stay(lines):
    assert joined(lines) == lines


@settings(max_examples=200)
@given(st.lists(st.sampled_from(["a word", "and more of them here", "", " in", "x" * 70, "the end.", "- item", "a; b"]),
                max_size=30))
def test_nothing_but_line_ends_changes(lines):
    assert " ".join(joined("\n".join(lines)).split()) == " ".join("\n".join(lines).split())


@pytest.mark.parametrize("hostile", ["a(\n" * 30_000, "a(" * 50_000 + "\nb\nc\nd", "the " * 30_000 + "\nand\nor",
                                     "\n" * 100_000, ("word " * 14 + "\n") * 1500, ("x" * 70 + " y\n") * 1500])
def test_it_takes_no_time(hostile):
    begin = time.process_time()
    joined(hostile)
    assert time.process_time() - begin < 2


def test_texts_of_json_and_yaml_by_shape(tmp_path):
    body = filled(FIRST, SECOND)
    rows = parsed(tmp_path, "a.json", [{"id": f"E-{n}", "title": f"Event {n}", "body": body} for n in range(3)])
    folded = textwrap.indent(body, "    ")
    rows += parsed(tmp_path, "b.yaml", "".join(f"- id: E-{n}\n  body: |\n{folded}\n" for n in range(3)))
    assert {row["text"] for row in rows} == {f"{FIRST}\n{SECOND}"}
    assert json.dumps(body).count("\\n") > 7 and text.plain(body, "plain").count("\n") > 6

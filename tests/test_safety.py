"""Masking: secrets and people's addresses go, indicators of compromise stay. Examples: tests/safety_examples.txt."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cybersieve import safety
from cybersieve.params import Mask

EXAMPLES = [line for line in (Path(__file__).parent / "safety_examples.txt").read_text(encoding="utf-8").splitlines()
            if line and not line.startswith("#")]
ALNUM = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6"
BASE64 = "\n".join("MIIEpAIBAAKCAQEA" + ALNUM[:48] for _ in range(4))

# Forms of tokens, put together here so that no scanner of this repository takes them for real ones.
TOKENS = {
    "AWS Access Key": "AKIA" + "Q3EXAMPLE7QZ4TNB", "GitHub Token": "ghp" + "_" + ALNUM[:36],
    "GitLab Token": "glpat" + "-" + ALNUM[:20], "Slack Token": "xoxb" + "-123456789012-" + "abcdef123456",
    "Stripe Access Key": "sk" + "_live_" + ALNUM[:24], "SendGrid API Key": "SG" + "." + ALNUM[:22] + "." + ALNUM[:43],
    "JSON Web Token": "eyJhbGciOiJIUzI1NiJ9" + "." + "eyJzdWIiOiIxIn0" + "." + "c2lnbmF0dXJl",
    "Telegram Bot Token": "110201543" + ":" + "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw7"[:35],
    "OpenAI Token": "sk" + "-" + ALNUM[:20] + "T3BlbkFJ" + ALNUM[:20],
}


def clean(text, title="", secrets=True, personal=True, meta=None):
    notes = Counter()
    row = {"id": "x", "title": title, "text": text, "meta": json.dumps(meta or {})}
    return safety.masked(row, Mask(secrets, personal), notes), notes


def test_there_are_enough_examples():
    assert len(EXAMPLES) >= 200 and len(set(EXAMPLES)) == len(EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples(example):
    title, told, text = example.partition(" :: ")
    title, text = (title, text) if told else ("", example)
    wanted = re.sub("«(.*?)»", lambda found: "[EMAIL]" if "@" in found[1] else "[PHONE]", text)
    row, notes = clean(text.replace("«", "").replace("»", ""), title)
    assert row["text"] == wanted and row["title"] == title
    assert sum(number for name, number in notes.items() if name.startswith("masked")) == text.count("«")


NEWER = {
    "Anthropic Token": "sk" + "-ant-api03-" + ALNUM[:50] + "-_" + ALNUM[:41], "NPM tokens": "npm" + "_" + ALNUM[:36],
    "GitHub Token": "github" + "_pat_" + ALNUM[:22] + "_" + ALNUM[:50] + ALNUM[:9],
    "Google API Key": "AI" + "zaSy" + ALNUM[:30] + "-_x", "Hugging Face Token": "hf" + "_" + "aBcDeFgHiJkLmNoPq" * 2,
    "AWS Access Key": "AKIA" + "QTZJKATQXJAZPKUO", "GitLab Token": "glpat" + "-aBcDeFgHiJkLmNoPqRsT",
    "Stripe Access Key": "sk" + "_live_" + "aBcDeFgHiJkL" * 2,
    "OpenAI Token": "sk" + "-proj-" + ALNUM[:40] + "_-" + ALNUM[:32] + "T3BlbkFJ" + ALNUM[:40] + "-" + ALNUM[:33],
}


@pytest.mark.parametrize("kind", NEWER)
def test_tokens_of_newer_forms(kind):
    row, notes = clean(f"The sample holds the token {NEWER[kind]}, twice: '{NEWER[kind]}'.")
    assert row["text"] == "The sample holds the token [SECRET], twice: '[SECRET]'."
    assert notes == {f"masked secrets: {kind}": 2}


@pytest.mark.parametrize("before, after", [("aws_secret_access_key = ", "\nregion = eu"),
                                           ("AWS_SECRET_ACCESS_KEY=", " x"), ('{"SecretAccessKey": "', '"}'),
                                           ("secretAccessKey: '", "',")])
def test_the_secret_of_an_aws_key_goes_quoted_or_not(before, after):
    secret = "wJalr/UtnFEMI" + "/K7MDENG+bPx" + "RfiCYzzEXAMPLEK"
    assert clean(f"{before}{secret}{after}")[0]["text"] == f"{before}[SECRET]{after}"
    longer = f"{before}{secret}{secret}"
    assert clean(longer)[0]["text"] == longer


@pytest.mark.parametrize("kind", TOKENS)
def test_tokens_of_known_services(kind):
    row, notes = clean(f"The sample holds the token {TOKENS[kind]}, twice: '{TOKENS[kind]}'.")
    assert row["text"] == "The sample holds the token [SECRET], twice: '[SECRET]'."
    assert notes[f"masked secrets: {kind}"] == 2
    assert clean(f"x {TOKENS[kind]} y", secrets=False)[0]["text"] == f"x {TOKENS[kind]} y"


def test_a_password_in_an_address_goes_and_the_address_stays():
    row, _ = clean("It loads ftp://upload:password@203.0.113.9/in and the word password stays.")
    assert row["text"] == "It loads ftp://upload:[SECRET]@203.0.113.9/in and the word password stays."


@pytest.mark.parametrize(("before", "password", "after"), [
    ("https://admin:", "S3cr3t!", "@host.kestrel.io/x"), ("postgres://app:", "pa$$w0rd", "@198.51.100.7:5432/x"),
    ("redis://:", "kestrel,(1)*", "@198.51.100.7:6379"), ("ftp://bob:", "a=b&c;d", "@ftp.kestrel.io")])
def test_a_password_in_an_address_may_have_signs(before, password, after):
    assert clean(f"It is at {before}{password}{after}.")[0]["text"] == f"It is at {before}[SECRET]{after}."


@pytest.mark.parametrize("text", [
    "http://kestrel.io:8080,sales@kestrel.io", "http://kestrel.io/?u=a:b@c", "://a: b@c", "ldap://${env:USER}@kestrel.io",
    "(http://kestrel.io:8080)sales@kestrel.io", "http://kestrel.io/?u=http://198.51.100.7:8080&e=sales@kestrel.io",
    "http://kestrel.io/glrt-based-detection-of-intrusions"])
def test_what_is_no_secret_in_an_address_stays(text):
    assert "[SECRET]" not in clean(text)[0]["text"]


@pytest.mark.parametrize("kind", ["RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK"])
@pytest.mark.parametrize("whole", [True, False])
def test_private_keys_go_as_a_whole(kind, whole):
    key = f"-----BEGIN {kind}-----\n{BASE64}\n" + (f"-----END {kind}-----" if whole else "")
    row, notes = clean(f"Before. {key}\nAfter, in words.")
    assert row["text"].startswith("Before. [SECRET]") and row["text"].endswith("After, in words.")
    assert not re.search("[A-Za-z0-9]{30}", row["text"]) and notes == {"masked secrets: Private Key": 1}


@given(st.sampled_from([32, 40, 56, 64, 96, 128]), st.randoms(), st.booleans())
def test_no_hash_is_a_secret(length, draw, upper):
    text = "".join(draw.choice("0123456789abcdef") for _ in range(length))
    text = text.upper() if upper else text
    sentence = f"token={text} api_key: {text} SK{text[:32]} secret-access-key = {text}"
    assert clean(f"The file {text} is bad; {text}.")[0]["text"] == f"The file {text} is bad; {text}."
    assert text in clean(sentence)[0]["text"]


@pytest.mark.parametrize("number", range(len(safety.detectors())))
def test_the_prefilter_lets_every_secret_through(number):
    detector = safety.detectors()[number]

    printable = st.characters(min_codepoint=32, max_codepoint=126)

    @settings(max_examples=20, suppress_health_check=list(HealthCheck))
    @given(st.one_of([st.from_regex(pattern, alphabet=printable) for pattern in detector.patterns]))
    def found(text):
        assert detector in safety.suspects(text)

    found()


def test_strings_of_meta_are_masked_too():
    meta = {"references": ["https://kestrel.io/a", "mailto:jane.roe@kestrelmail.com"],
            "credit": {"by": "li@kestrel.cn"}, "n": 7, "hash": "9e107d9d372bb6826bd81d3542a419d6"}
    row, notes = clean("x", meta=meta)
    assert json.loads(row["meta"]) == {"references": ["https://kestrel.io/a", "mailto:[EMAIL]"], "n": 7,
                                       "credit": {"by": "[EMAIL]"}, "hash": "9e107d9d372bb6826bd81d3542a419d6"}
    assert notes == {"masked e-mail addresses": 2}


def test_what_is_left_as_an_indicator_is_counted():
    _, notes = clean("The ransom note names a@grauwerk.li and b@grauwerk.li; reported by Jane (c@kestrel.io).")
    assert notes == {"e-mail addresses left as indicators": 2, "masked e-mail addresses": 1}


def test_nothing_is_masked_if_nothing_is_asked_for():
    text = f"Reported by j.roe@kestrelmail.com, +49 171 5550199, {TOKENS['GitHub Token']}"
    assert clean(text, secrets=False, personal=False)[0]["text"] == text


@given(st.text(alphabet="ab1.@+-/: \n'=_()[]", max_size=200))
def test_any_text_is_masked_once(text):
    once, _ = clean(text)
    assert clean(once["text"])[0]["text"] == once["text"]


@given(st.text(alphabet="0123456789+-()./ ", max_size=40))
def test_the_quick_look_lets_every_phone_number_through(number):
    for text in (number, f"+1{number}", f"call me at {number}"):
        if any(not safety._is_no_phone(match) for match in safety._PHONE.finditer(text)):
            assert safety._DIGITS.search(text)


@pytest.mark.parametrize("text", [
    "a" * 100_000, "a." * 50_000, "a@" * 50_000, "1" * 100_000, "+1 " * 30_000, "call " * 20_000,
    "-----BEGIN PRIVATE KEY-----" * 3_000, "://a:" * 20_000, "eyJ" * 30_000, "a@a." * 25_000])
def test_long_strange_texts_take_no_long_time(text):
    import time
    start = time.perf_counter()
    clean(text)
    assert time.perf_counter() - start < 5

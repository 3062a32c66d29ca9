"""YAML documents of which some are broken, with parse.on_error: skip."""

import gzip
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybersieve import broken_documents
from cybersieve.errors import InputError
from cybersieve.faults import Parts
from tests.test_broken_lines import check_left_out_as_a_whole, told
from tests.test_parse import changed, parsed, write

SOUND = [f"id: D-{n}\ntitle: Document {n}\ntext: |\n  What document {n} says.\n  --- in it\ntags: [a, 'b']\n"
         for n in range(20)]
BROKEN = {  # and what is said of it
    "id: [a\n": "not YAML", "id: a\nid: b\n": "duplicate key", "title: 'open\n": "not YAML",
    "a: b: c\n": "mapping values", "id: *no\n": "points to nothing", "? [a]\n: b\n": "a key that is no text",
    "a:\n\t- b\n": "not YAML", "text: \"a\\q\"\n": "not YAML",
}
PACKED = {"plain": lambda data: data, "gz": gzip.compress, "crlf": lambda data: data.replace(b"\n", b"\r\n"),
          "utf-16": lambda data: data.decode().encode("utf-16")}


@pytest.fixture
def raw(tmp_path):
    (tmp_path / "raw").mkdir()
    return tmp_path / "raw"


def with_broken(first):
    """Documents, each second broken from the `first` on."""
    faults = iter(BROKEN)
    return [next(faults, text) if n >= first and not (n - first) % 2 else text for n, text in enumerate(SOUND)]


@pytest.mark.parametrize("marked", [True, False], ids=["marked", "the first not"])
@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("first", [0, 1, 4], ids=["the first", "the second", "later ones"])
def test_the_other_documents_are_read_where_they_stand(first, packed, marked, raw, tmp_path):
    given = with_broken(first)
    write(raw / "a.yaml", PACKED[packed]((marked * "---\n" + "---\n".join(given)).encode()))
    with pytest.raises(InputError, match="a.yaml, line"):
        parsed(raw, tmp_path / "stopped")
    rows, counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))
    assert (counts.read, counts.failed) == (20, len(BROKEN))
    assert all(words in note for words, note in zip(BROKEN.values(), told(counts), strict=True))
    lines = [1 + marked + sum(text.count("\n") + 1 for text in given[:n]) for n in range(20) if given[n] in BROKEN]
    assert all(line <= int(note.split()[1].strip(",")) <= line + 3
               for line, note in zip(lines, told(counts), strict=True))
    write(raw / "a.yaml", marked * "---\n" + "---\n".join(SOUND))
    sound = parsed(raw, tmp_path / "sound")[0]["a.yaml"]
    assert rows["a.yaml"] == [row for row, text in zip(sound, given, strict=True) if text in SOUND]


@pytest.mark.parametrize("text", [
    next(iter(BROKEN)), "---\n".join([SOUND[0], *BROKEN]), "- id: a\n  text: A text.\n- id: b\n  text: 'b\n",
    f"%YAML 1.2\n---\n{SOUND[0]}---\na: [\n---\n{SOUND[1]}"], ids=["single", "mostly", "a list", "directive"])
def test_others_leave_out_the_file(text, raw, tmp_path):
    check_left_out_as_a_whole(text, raw, tmp_path, "a.yaml")


def test_members_of_an_archive(raw, tmp_path):
    with zipfile.ZipFile(raw / "a.zip", "w") as archive:
        archive.writestr("one.yml", f"{SOUND[0]}---\na: [\n---\n{SOUND[1]}")
        archive.writestr("two.yml", "a: [\n")
        archive.writestr("three.yml", SOUND[2])
    rows, counts = parsed(raw, tmp_path / "out", changed(on_error="skip"))
    assert (len(rows["a.zip"]), counts.read, counts.failed) == (3, 4, 1)  # of the second no record was read
    assert [note.partition(",")[0] for note in told(counts)] == ["one.yml", "two.yml"]


@given(st.lists(st.sampled_from([*SOUND[:4], *BROKEN, "# only this\n", ""]), min_size=1, max_size=20),
       st.integers(1, 200), st.booleans())
def test_any_documents_in_chunks_of_any_size(documents, size, marked):
    text = SOUND[0] + "---\n" + "---\n".join(documents)
    data, faults = (marked * "---\n" + text).encode(), Parts()
    chunks = (data[at:at + size] for at in range(0, len(data), size))
    left = b"".join(broken_documents.emptied(chunks, "a", 500, 10**6, faults)).decode()
    want = "---\n".join("\n" * one.count("\n") if one in BROKEN else one for one in [SOUND[0], *documents])
    assert left == marked * "---\n" + want
    assert faults.count == sum(one in BROKEN for one in documents)


def test_behind_a_document_that_is_too_long_all_is_given_on():
    long, broken = "text: " + "x" * 5000 + "\n", next(iter(BROKEN))
    data = "---\n".join(["", broken, SOUND[0], long, broken, SOUND[1]]).encode()
    faults, chunks = Parts(), (data[at:at + 100] for at in range(0, len(data), 100))
    left = b"".join(broken_documents.emptied(chunks, "a", 500, 1000, faults)).decode()
    assert left == "---\n".join(["", "\n", SOUND[0], long, broken, SOUND[1]])
    assert [fault.place for fault in faults.first] == ["line 3"]

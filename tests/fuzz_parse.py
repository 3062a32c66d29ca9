"""Fuzzing parse with atheris: no bytes may make it crash, hang, fill the memory, or write something unsound.

    python -m tests.fuzz_parse [CORPUS] [-max_total_time=1800] [-timeout=20] [-rss_limit_mb=3000]

Not part of the suite: `make fuzz` (Linux; requirements_fuzz.txt). It begins anew after 5,000 inputs, because atheris
itself grows by some 300 MB in a thousand inputs; what one input takes is therefore measured by itself. An input's first
byte chooses the file's name, its second the size of chunks; the rest is the file. Only InputError may be raised.
Besides: records balance, ids are unique, texts are clean, what json.loads reads is read alike, and of what is broken
(`parse.on_error: skip`) the rest is as sound. Findings go to tests/test_fuzz_findings.py.
"""

import gzip
import io
import json
import os
import re
import sys
import tempfile
import unicodedata
import zipfile
from collections import Counter
from pathlib import Path

import atheris

os.environ["CYBERSIEVE_PARSE_CACHE"] = "off"
with atheris.instrument_imports(include=["cybersieve"]):
    from cybersieve import columns, containers, json_stream, measure, params, parse_file, pieces, records
    from cybersieve.errors import InputError
    from cybersieve.ids import Ids

NAMES = ["a.json", "a.jsonl", "a.xml", "a.csv", "a.yaml", "a.json.gz", "a.zip", "a.tar", "a", "a.rss", "a.xz", "a.zst"]
SOUND = "sound.json"
MOST_MB = 150  # that one input may take
SIZES = [1, 2, 3, 7, 19, 64, 1000, 1 << 18]
LIMITS = params.Limits(max_file_mb=20, max_ratio=200, max_record_mb=1, max_depth=100, max_text_chars=5000)
SETTINGS = params.Parse("stop", ["REJECT", "withdrawn"], LIMITS, [])
SKIPPING = params.Parse("skip", SETTINGS.drop_status, LIMITS, [])
APART = re.compile(r"\S {2}")  # two spaces stand in no line but at its beginning, in code
FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-parse-"))


def one_input(data: bytes) -> None:
    if len(data) < 2:
        return
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = measure.peak_memory_mb()
    parse_file.in_thread(lambda: one_file(data))
    taken = measure.peak_memory_mb() - before
    assert taken < MOST_MB, f"{taken:.0f} MB"


def one_file(data: bytes) -> None:
    name, size, content = NAMES[data[0] % len(NAMES)], SIZES[data[1] % len(SIZES)], data[2:]
    containers.CHUNK = max(size, len(content) // 200 + 1)  # small chunks of large inputs only cost time
    (FOLDER / name).write_bytes(content)
    counts = records.Counts()
    try:
        found = parse_file.trees(FOLDER / name, name, SETTINGS, counts.notes)
        rows = columns.unique(list(parse_file.rows(found, name, SETTINGS, counts)), Ids(), counts.notes)
        check(rows, counts)
    except InputError:
        without_what_is_broken(name)
    if name.startswith("a.json"):
        same_as_json(content, max(size, len(content) // 200 + 1))


def without_what_is_broken(name: str) -> None:
    outcome = parse_file.parse_piece(pieces.Piece(name), FOLDER, FOLDER / "out", SKIPPING)
    target = FOLDER / "out" / f"{name}.parquet"
    rows = list(records.read(target)) if target.exists() else []
    assert outcome.counts.balanced() and outcome.counts.read - outcome.counts.failed == len(rows)
    assert bool(outcome.error) != bool(rows)
    outcome.counts.read -= outcome.counts.failed
    outcome.counts.failed = 0
    check(rows, outcome.counts)
    target.unlink(missing_ok=True)
    if not containers.packing((FOLDER / name).read_bytes()[:265]):  # of an archive other members might be kept
        among_sound_ones(name, rows)


def among_sound_ones(name: str, rows: list[records.Row]) -> None:
    """The same as one of several small files: these lose nothing by it."""
    (FOLDER / SOUND).write_text('{"id": "S-1", "title": "Sound", "text": "Nothing is wrong with this one."}')
    piece = pieces.Piece("small", files=(SOUND, name, SOUND))
    outcome = parse_file.parse_piece(piece, FOLDER, FOLDER / "out", SKIPPING)
    found = [(row["title"], row["text"], row["meta"], row["dropped"])
             for row in records.read(FOLDER / "out" / f"small.parquet{piece.suffix}")]
    assert not outcome.error and outcome.counts.balanced()
    assert found[0] == found[-1] and found[0][0] == "Sound"
    assert found[1:-1] == [(row["title"], row["text"], row["meta"], row["dropped"]) for row in rows]


def check(rows: list[records.Row], counts: records.Counts) -> None:
    assert counts.balanced() and counts.read == len(rows)
    assert len({row["id"] for row in rows}) == len(rows)
    for batch in columns.batches(rows):
        batch.validate(full=True)
    for row in rows:
        assert row["id"] and (row["title"] or row["text"] or row["dropped"])
        for words in (row["title"], row["text"]):
            assert words == words.strip() and "\n\n" not in words and "\0" not in words
            assert not APART.search(words)
            assert unicodedata.is_normalized("NFC", words)
        json.loads(row["meta"])


def same_as_json(content: bytes, size: int) -> None:
    """What the standard library reads strictly, our reader must read, and as the same."""
    def pairs(items: list[tuple[str, object]]) -> dict[str, object]:
        if len({key for key, _ in items}) != len(items):
            raise ValueError("duplicate keys")
        return dict(items)

    def constant(word: str) -> None:
        raise ValueError(word)

    try:
        text = content.decode()
        tree = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
        plain = json.dumps(tree, allow_nan=False)  # no infinite numbers
    except (ValueError, RecursionError):
        return
    if not isinstance(tree, dict | list) or "\\ud" in plain or text.startswith("\ufeff"):
        return  # a bare value, or surrogates: what we make of them is our own
    notes: Counter[str] = Counter()
    chunks = [content[at:at + size] for at in range(0, len(content), size)]
    try:
        found = list(json_stream.records(chunks, "f", [()], notes, max_depth=500))
    except InputError as error:
        assert "nested deeper" in error.reason or "digits" in error.reason, error
    else:
        assert [item for _, item in found] == [tree]


def seeds(folder: Path) -> None:
    """Small valid files of every kind, for the fuzzer to start from."""
    from tests.source_samples import SAMPLES
    from tests.test_parse import DOCUMENTS

    texts = {**DOCUMENTS, **{f"{sample.source}-{sample.file}": sample.content for sample in SAMPLES}}
    known = [sample for sample in SAMPLES if sample.content[:1] in "[{" and sample.file.endswith(".json")]
    for sample in known:  # where the source's description does not look for them
        texts[f"{sample.source}-wrapped.json"] = f'{{"made": "2031", "a": {{"pages": [{sample.content}]}}}}'
        texts[f"{sample.source}-by-key.json"] = f'{{"k1": {sample.content}, "k2": {{"b": 1}}}}'
        texts[f"{sample.source}-rows.jsonl"] = f'{{"page": {" ".join(sample.content.split())}}}\n' * 2
    names, cells = ["id", "title", "text"], ["a b", "c d", "e f"]
    for number, table in enumerate(({"columns": names, "data": [cells, cells]}, [names, cells, cells],
                                    {name: dict(zip("012", cells, strict=True)) for name in names},
                                    dict.fromkeys(names, cells))):
        texts[f"table-{number}.json"] = json.dumps(table)
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, text) in enumerate(sorted(texts.items())):
        kind = next((at for at, known in enumerate(NAMES[:5]) if name.endswith(known[1:])), 8)
        (folder / f"seed-{number}").write_bytes(bytes([kind, number % len(SIZES)]) + text.encode())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", DOCUMENTS["array.json"])
    (folder / "seed-zip").write_bytes(b"\6\7" + packed.getvalue())
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("b.json", DOCUMENTS["array.json"][:-1])
        archive.writestr("c.jsonl", DOCUMENTS["lines.jsonl"] + "\n{")
    (folder / "seed-zip-broken").write_bytes(b"\6\7" + packed.getvalue())
    (folder / "seed-lines-broken").write_bytes(b"\1\7" + f'{DOCUMENTS["lines.jsonl"]}\n{{"id": NaN}}\n'.encode())
    broken = DOCUMENTS["array.json"].rstrip("]") + ',{"id": NaN}]'
    (folder / "seed-records-broken").write_bytes(b"\0\7" + broken.encode())
    (folder / "seed-gz").write_bytes(b"\5\7" + gzip.compress(DOCUMENTS["lines.jsonl"].encode()))


def main() -> None:
    given = [part for part in sys.argv[1:] if not part.startswith("-")]
    arguments = sys.argv if given else [*sys.argv, str(FOLDER / "corpus")]
    seeds(Path(given[0] if given else FOLDER / "corpus"))
    atheris.Setup(arguments, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

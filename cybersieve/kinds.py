"""What kind of document a dump is, by its name and its content, and which names are those of no dump at all."""

import contextlib
import csv
import io
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from cybersieve.containers import ENDINGS
from cybersieve.sources import Source
from cybersieve.table_head import CARDS, delimiter
from cybersieve.tags import set_of

BY_NAME = {".csv": "csv", ".tsv": "csv", ".yaml": "yaml", ".yml": "yaml"}  # whatever the content begins like
IN_DOUBT = {".json": "json", ".jsonl": "json", ".ndjson": "json", ".xml": "xml"}  # where the content tells nothing
HIDDEN = ".", "__MACOSX"  # how files and folders begin that hold no dump
DATA_NAMES = set_of(".json .jsonl .ndjson .xml .rss .atom .rdf .csv .tsv .yaml .yml .stix .geojson")
NOT_DATA = set_of(""".md .markdown .rst .adoc .tex .sha1 .sha256 .sha512 .md5 .sig .asc .pem .crt .py .sh .bat .ps1 .rb
    .go .rs .c .h .cpp .java .js .ts .css .pl .php .lua .sql .dvc .html .htm .xsd .xsl .xslt .dtd .rng .pdf .doc .docx
    .odt .ppt .pptx .epub .png .jpg .jpeg .gif .svg .ico .webp .bmp .tif .tiff .woff .woff2 .ttf .otf .eot .mp3 .mp4
    .webm .wav .pyc .class .wasm .pcap .pcapng .evtx .meta .lock .cfg .ini .toml .example .tmpl .log .exe .dll .so
    .bin .torrent .partial .tmp .part""")
MAY_HOLD_RECORDS = set_of(  # of these: a user is told that they are passed over
    ".sql .html .htm .pdf .doc .docx .odt .ppt .pptx .epub .toml .log .pcap .pcapng .evtx")
NOT_DATA_STEMS = set_of("""readme license licence licences licenses copying notice changelog changes contributing
    authors contributors codeowners security makefile dockerfile todo install history news version manifest""")
NOT_DATA_NAMES = set_of("""package.json package-lock.json npm-shrinkwrap.json composer.json tsconfig.json mkdocs.yml
    docker-compose.yml docker-compose.yaml""")

# JSON, XML or YAML, whatever the name says.
_NO_CSV = re.compile(rb'\s*(?:(?:\[\s*)?\{\s*"[^"\n]*"\s*:|<\?xml\s|---[ \t\r]*\n\s*(?:-|[\w-]+:)\s)')
# What is no YAML, or at most one text to it: an element, a line that is neither a key nor an item, an object on a line
# before another.
_ELEMENT = re.compile(rb"\s*(?!<[^<>\n]*>\s*:)<(?:\?xml\s|!--|!DOCTYPE\s|[A-Za-z_][\w.:-]*[\s/>])")
_HEADER = re.compile(rb"\s*(?![-?:\[\]{}#&*!|>%@`])(?:[^:\n]|:(?=[^\s]))*+\n")
_CONTROLS = re.compile(rb"[\0-\x08\x0e-\x1f\x7f]")
_LINES = re.compile(rb'\s*\{"[^\n]*\}[ \t\r]*\n\s*\{"')
_JSON = re.compile(rb"""\{\s*(?:["}]|$) | \[\s*(?:[\[{"\]\d-]|true|false|null|NaN|Infinity|$)
                        | "(?:[^"\\\n]|\\.)*"\s*(?:$|\n)""", re.X)


def is_data(path: str, own: Sequence[Source] = ()) -> bool:
    """Does the name leave open that this is a dump? Hidden files, texts, code, pictures and checksums are not, unless a
    user's source names them by a pattern with their ending."""
    pure = PurePosixPath(bare(path.rpartition("!")[2]))
    if any(part.startswith(HIDDEN) for part in pure.parts):
        return False
    if pure.suffix and any(source.named(path) and pure.suffix in (PurePosixPath(bare(pattern)).suffix
                                                                 for pattern in source.file) for source in own):
        return True
    return pure.suffix.lower() not in NOT_DATA and pure.name.lower() not in NOT_DATA_NAMES and not (
        pure.suffix.lower() not in DATA_NAMES and pure.name.split(".")[0].lower() in NOT_DATA_STEMS)


def bare(path: str) -> str:
    """The name without the endings of packings."""
    while (ending := PurePosixPath(path).suffix.lower()) in ENDINGS:
        path = path[:-len(ending)]
    return path


def of(begin: bytes, path: str, own: list[Source]) -> str:
    """json, xml, csv, yaml or html: what a user's source says, else what content and name tell; "" for none of them."""
    ending, seen = PurePosixPath(bare(path)).suffix.lower(), by_content(begin)
    named = BY_NAME.get(ending, seen)
    no_yaml = {"xml": _ELEMENT, "csv": _HEADER, "json": _LINES}.get(seen)
    if seen == "html" or (named == "csv" and _NO_CSV.match(begin)) or (
            named == "yaml" and no_yaml and no_yaml.match(begin)):
        named = seen
    return as_user_says(path, own) or named or IN_DOUBT.get(ending, "")


def as_user_says(path: str, own: list[Source]) -> str:
    """The kind that a user's source for such a file names; "" where none does."""
    return next((source.kind for source in own if source.kind and source.file and source.named(path)), "")


def by_content(begin: bytes) -> str:
    """json, xml, html, yaml or csv by content; "" for what is none of them."""
    text = begin.lstrip()[:2000]
    if _JSON.match(text):
        return "json"
    if text[:1] == b"<":
        page = re.search(rb"<(?!\?|!--)(?:!doctype\s+)?([a-z_][\w:.-]*)", text, re.I)
        return "" if not page else "html" if page[1].lower() == b"html" else "xml"
    if text.startswith((b"---", b"%YAML")):
        return "yaml"
    return "csv" if text.startswith(CARDS.encode()) or _tabular(begin[:20_000]) else ""


def may_stand_beside(begin: bytes, path: str) -> bool:
    """Is this a text, by a name that is none of a dump's or archive's: an index, a list of names, somebody's notes?"""
    return PurePosixPath(path).suffix.lower() not in DATA_NAMES | ENDINGS and not _CONTROLS.search(begin)


def _tabular(begin: bytes) -> bool:
    """Do the first lines have the same number of columns, three or more?"""
    if b"\0" in begin or b"\n" not in begin:
        return False
    text = begin.decode("utf-8", "replace")
    with contextlib.suppress(csv.Error):
        found = list(csv.reader(io.StringIO(text), delimiter=delimiter(text.partition("\n")[0])))[:-1][:20]
        widths = {len(cells) for cells in found if cells}
        return len(found) >= 3 and len(widths) == 1 and min(widths) >= 3
    return False

"""How alike two texts are: words, shingles, figures, and the MinHash keys by which alike texts find each other.

A shingle is a run of `shingle` words; two texts are as alike as their sets of shingles overlap (Jaccard: size of the
intersection over size of the union). Shingles are kept as 32-bit hashes: two texts of 100 words that share none get
a wrong one in common once in 400,000 pairs. Scripts that put no spaces between words count as few, long words.
"""

import re
import unicodedata
from collections.abc import Set
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from zlib import crc32

import numpy as np
from rensa import RMinHash

Array = np.ndarray[Any, np.dtype[Any]]

BANDS = 20  # keys a text; texts that share one are compared
MAX_MISS = 0.01  # of pairs right at the threshold, that share no key
SEED = 42

_WORD = re.compile(r"[\w+#]+")  # C, C++ and C# are three languages
_FIGURE = re.compile(r"\d\w*(?:[.:-]\d\w*)*")
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, the usual multiplier of Fibonacci hashing


def folded(text: str) -> str:
    """The text's words in lower case with single spaces between them: case, white space and punctuation are gone.

    Parsed texts are in NFC, a benchmark or another's release may not be.
    """
    return " ".join(_WORD.findall(unicodedata.normalize("NFC", text).casefold()))


def figures(text: str) -> set[str]:
    """Numbers, versions, addresses and the numeric parts of identifiers: `4.2.1`, `2014-0160`, `1059.001`, `86`."""
    return set(_FIGURE.findall(text.casefold()))


def conflict(one: Set[object], other: Set[object]) -> bool:
    """Does each name something that the other does not? Then they state different facts, however alike."""
    return not (one <= other or other <= one)


def jaccard(one: Set[object], other: Set[object]) -> float:
    """Size of the intersection over size of the union; 0 for two empty sets."""
    shared = len(one & other)
    return shared / max(len(one) + len(other) - shared, 1)


def fingerprint(words: str) -> int:
    """64 bits that are the same for texts of the same words (`folded`); 0 for a text without words."""
    return int.from_bytes(blake2b(words.encode(), digest_size=8).digest(), "little") or 1 if words else 0


def rows_for(threshold: float) -> int:
    """Signature values a band key is made of: as many as let a pair at `threshold` share a key with 1 - MAX_MISS."""
    fitting = [rows for rows in range(1, 13) if (1 - threshold**rows) ** BANDS <= MAX_MISS]
    return max(fitting, default=1)


def grams(texts: list[str], length: int) -> tuple[Array, Array]:
    """Every run of `length` words of every text, as 64-bit hashes in order, and the number of the text each is of.

    `texts` as `folded` leaves them. Returns (uint64 hashes, int64 numbers). A shorter text has no run.
    """
    counts = np.array([text.count(" ") + 1 if text else 0 for text in texts], np.int64)
    hashed = np.fromiter(map(crc32, " ".join(filter(None, texts)).encode().split()), np.uint64, counts.sum())
    rolled = np.zeros(max(hashed.size - length + 1, 0), np.uint64)
    for step in range(length):
        rolled = (rolled ^ hashed[step:step + rolled.size]) * _MIX
        rolled ^= rolled >> np.uint64(29)
    of = np.repeat(np.arange(counts.size), counts)[: rolled.size]
    left = (np.repeat(np.cumsum(counts), counts) - np.arange(hashed.size))[: rolled.size]  # words to the text's end
    return rolled[left >= length], of[left >= length]


def shingles(texts: list[str], length: int) -> tuple[Array, Array]:
    """Each text's set of shingles as sorted 32-bit hashes, one after the other, and where each text's begin.

    Returns (uint32 hashes, int64 offsets with one more entry than there are texts).
    """
    hashes, of = grams(texts, length)
    tagged = np.sort(of.astype(np.uint64) << np.uint64(32) | hashes >> np.uint64(32))
    tagged = tagged[np.append(True, tagged[1:] != tagged[:-1])[: tagged.size]]  # np.unique hashes, ten times slower
    offsets = np.searchsorted(tagged, np.arange(len(texts) + 1, dtype=np.uint64) << np.uint64(32))
    return (tagged & np.uint64(0xFFFFFFFF)).astype(np.uint32), offsets.astype(np.int64)


def band_keys(hashes: Array, offsets: Array, rows: int) -> Array:
    """BANDS 32-bit keys for each text; texts of similarity s share one with probability 1 - (1 - s^rows)^BANDS."""
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(
        hashes.astype(np.uint64), offsets.astype(np.uint64), BANDS * rows, SEED)
    signatures = np.array(matrix.to_rows(), np.uint64).reshape(-1, BANDS, rows)
    keys = np.zeros(signatures.shape[:2], np.uint64)
    for row in range(rows):
        keys = (keys ^ signatures[:, :, row]) * _MIX
        keys ^= keys >> np.uint64(29)
    return (keys >> np.uint64(32)).astype(np.uint32)


@dataclass(frozen=True)
class Sketch:
    """What two texts are compared by: hashes of the shingles, of the figures and of the title's words."""

    shingles: frozenset[int]
    figures: frozenset[int]
    title: frozenset[int]

    def similarity(self, other: "Sketch", same_identifier: bool) -> float:
        """Jaccard similarity of the shingles; 0 where the records can't be about the same thing.

        They can't where each names a figure that the other lacks, or where two titles have less than half of their
        words in common and no public identifier says that it is the same thing under another name.
        """
        if conflict(self.figures, other.figures):
            return 0.0
        named = self.title and other.title and not same_identifier
        if named and jaccard(self.title, other.title) < 0.5:
            return 0.0
        return jaccard(self.shingles, other.shingles)

    def contained(self, other: "Sketch") -> float:
        """Share of the shingles that the other text has too; 0 where the figures conflict."""
        if conflict(self.figures, other.figures):
            return 0.0
        return len(self.shingles & other.shingles) / max(len(self.shingles), 1)

"""Texts as batches of tokens, one for each forward pass: of about one length, the longest first, tokenised ahead."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from cybersieve import prompt

CHUNK = 16  # batches that are tokenised, sorted and cut together
LEAST, TAIL = 4, 2  # texts in the last batches; the same on any number of cores, as the sums are
Rows = list[list[int]]  # the tokens of a batch's texts, not padded
Chunk = tuple[list[tuple[int, list[int]]], bool]  # (index, tokens) of texts; are they the last?
END: Chunk = [], True


@dataclass
class Batches:
    """How texts are cut into batches: `batches(texts)` gives (indices in `texts`, rows)."""

    tokenizer: Any
    layout: prompt.Layout
    lead: list[int]  # tokens before those of each text
    suffix: list[int]  # and after them
    size: int  # texts in a batch at most; may shrink on the way
    tokens: int  # padded tokens in a batch at most
    tapering: bool  # the last ones get smaller, so that several cores end together

    def __call__(self, texts: Sequence[str]) -> Iterator[tuple[list[int], Rows]]:
        with ThreadPoolExecutor(1) as ahead:  # the next chunk is tokenised while this one is asked
            chunks = self._chunks(texts)
            coming = ahead.submit(next, chunks, END)
            last = False
            while not last:
                rows, last = coming.result()
                coming = ahead.submit(next, chunks, END)
                while rows:
                    width = len(self.lead) + len(rows[0][1]) + len(self.suffix)
                    size = max(1, min(self.size, self.tokens // width))
                    if self.tapering and last:
                        size = min(size, max(LEAST, len(rows) // TAIL))
                    batch, rows = rows[:size], rows[size:]
                    yield [i for i, _ in batch], [self.lead + body + self.suffix for _, body in batch]

    def _chunks(self, texts: Sequence[str]) -> Iterator[Chunk]:
        """Some batches' texts at a time, the longest first."""
        order = sorted(range(len(texts)), key=lambda i: -len(self.layout.clip(texts[i])))
        stride = CHUNK * self.size
        for start in range(0, len(order), stride):
            chunk = order[start : start + stride]
            bodies = prompt.text_tokens(self.tokenizer, self.layout, [texts[i] for i in chunk])
            rows = sorted(zip(chunk, bodies, strict=True), key=lambda row: -len(row[1]))
            yield rows, start + stride >= len(order)

"""Whether the header of a GGUF file fits the file.

mlx's reader follows the counts and lengths in it wherever they point, and ends the process over a damaged one. What it
checks itself: that texts and tensors end inside the file, and the types of values.
"""

import math
import mmap
from dataclasses import dataclass
from pathlib import Path

_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}  # bytes of a value, by its type
_STRING, _ARRAY = 8, 9
_DIMENSIONS = 4  # of a tensor at most
_DENSEST = 8  # weights in a byte at most, in whatever format


def check(path: Path) -> None:
    """Raises ValueError where the header is damaged, or goes on behind the end of the file."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        header = _Header(data)
        if data[:4] != b"GGUF" or header.number(4) not in (2, 3):
            raise ValueError("no GGUF of version 2 or 3")
        tensors, values = header.number(8), header.number(8)
        for _ in range(values):
            header.string()
            header.value(header.number(4))
        for _ in range(tensors):
            header.tensor()


@dataclass
class _Header:
    data: mmap.mmap
    at: int = 4  # behind the magic number

    def skip(self, size: int) -> None:
        self.at += size
        if size >> 31 or self.at > len(self.data):
            raise ValueError(f"a length in its header, before byte {self.at - size}, is too large")

    def number(self, size: int) -> int:
        self.skip(size)
        return int.from_bytes(self.data[self.at - size : self.at], "little")

    def string(self) -> None:
        self.skip(self.number(8))

    def value(self, kind: int) -> None:
        if kind == _STRING:
            self.string()
        elif kind == _ARRAY:
            kind, count = self.number(4), self.number(8)
            if kind == _STRING:
                for _ in range(count):
                    self.string()
            else:
                self.skip(count * _SIZES.get(kind, 0))
        else:
            self.skip(_SIZES.get(kind, 0))

    def tensor(self) -> None:
        self.string()
        count = self.number(4)
        if not 1 <= count <= _DIMENSIONS:
            raise ValueError(f"a tensor of {count} dimensions in its header, before byte {self.at}")
        shape = [self.number(8) for _ in range(count)]
        if max(shape) >> 31 or math.prod(shape) > _DENSEST * len(self.data):
            raise ValueError(f"a tensor in its header, before byte {self.at}, is larger than the file")
        self.skip(4 + 8)  # its type, and where it begins

"""Which ids a file has had: eight bytes each, so that a file of many millions of records stays within memory."""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

RUN = 1 << 17  # ids that are sorted together: a megabyte, so that no larger piece of memory is ever asked for


class Ids:
    """A set of ids by 64 bits of their hashes, in sorted arrays that are looked through for many ids at once.

    Two ids with the same bits would count as one (odds of 1 in 30 million for a million ids): the second would be told
    apart by content, as a repeated id is.
    """

    def __init__(self) -> None:
        self.runs: list[np.ndarray[Any, np.dtype[np.uint64]]] = []

    def add(self, names: Sequence[str]) -> list[int]:
        """Add ids; the places of those that were there already, or earlier among the names."""
        hashes = np.frombuffer(b"".join([_digest(name) for name in names]), "<u8")
        order = np.argsort(hashes, kind="stable")
        values = hashes[order]
        known = np.zeros(len(values), bool)
        known[1:] = values[1:] == values[:-1]
        for run in self.runs:
            known |= run[np.searchsorted(run[:-1], values)] == values
        self._keep(values[~known])
        return sorted(order[known].tolist())

    def _keep(self, run: "np.ndarray[Any, np.dtype[np.uint64]]") -> None:
        """Runs are joined with those that are no larger, up to a size: so they stay few."""
        while self.runs and len(self.runs[-1]) <= len(run) and len(self.runs[-1]) + len(run) <= RUN:
            run = np.sort(np.concatenate([self.runs.pop(), run]))
        if len(run):
            self.runs.append(run)

    def apart(self, names: Sequence[str], row: Callable[[int], dict[str, Any]]) -> dict[int, str]:
        """Add the ids of rows; new ids for those that were there already, by their places.

        A new id has a hash of what the row says behind it, and if that is not new, of the row's place as well.
        """
        new: dict[int, str] = {}
        taken, number = self.add(names), -1
        while taken:
            for at in taken:
                tree = row(at)
                told = [tree["title"], tree["text"], tree["meta"], *([tree["locator"], number] if number >= 0 else [])]
                new[at] = f"{names[at]}~{int.from_bytes(_digest(*told), 'little'):016x}"
            taken = [taken[at] for at in self.add([new[at] for at in taken])]
            number += 1
        return new


def _digest(*parts: object) -> bytes:
    return blake2b("\0".join(map(str, parts)).encode("utf-8", "surrogatepass"), digest_size=8).digest()

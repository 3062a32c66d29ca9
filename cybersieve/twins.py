"""Search an index for records that say the same, and choose which of them stands for the others.

Records that share one of their band keys are compared, in each band's groups with the preferred record first: those
alike become its duplicates and leave the search, the next preferred of the rest leads the next round. Of records with
the same public identifier, those whose text is but a part of another's are its duplicates too: upstreams cut texts.

Every duplicate was compared with its canonical record itself: no chain of small differences leads from one text to
quite another.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from cybersieve import minhash
from cybersieve.dedup_index import BEHIND, Index
from cybersieve.minhash import Array, Sketch

MAX_PASSES = 8  # each but the first over what shares a key with records that the one before let go of
MAX_ROUNDS = 32  # leaders of one group; bounds the work where a thousand texts share their boilerplate
Judge = Callable[[Sketch, Sketch, bool], float]  # leader, member, same identifier? -> similarity, 0: no duplicate


class Twins:
    """`twin[i]` is the canonical record of record i, -1 for those that are canonical; `similarity[i]` is Jaccard's."""

    def __init__(self, index: Index, threshold: float) -> None:
        self.index, self.threshold = index, threshold
        self.twin = np.full(len(index), -1, np.int32)
        self.similarity = np.zeros(len(index), np.float32)
        self.joined: list[Array] = []  # duplicates, in the order in which they were found
        self.freed: Array | None = None  # records that the pass before let go of: only they are compared; None: all

    def search(self) -> None:
        self._exact()
        for _ in range(MAX_PASSES):
            for band in range(minhash.BANDS):
                self._band(band)
            self._parts()
            self.freed = self._settle()
            if not self.freed.size:
                return

    def _exact(self) -> None:
        """Texts of the same words: the preferred one stands for all."""
        exact = self.index.entries["exact"]
        some = np.flatnonzero(exact)
        some = some[np.lexsort((self.index.rank[some], exact[some]))]
        leaders, others = _led(exact[some])
        self._join(some[leaders[others]], some[others], np.ones(np.count_nonzero(others)))

    def _band(self, band: int) -> None:
        """Near duplicates among the records that share this band's key.

        A record with a public identifier is compared with those of the same identifier, then with those that have
        none: in a family of a thousand advisories from one template, none is compared with the others.
        """
        live = np.flatnonzero((self.twin < 0) & (self.index.entries["size"] > 0))
        live = self._beside_freed(live, self.index.entries["keys"][:, band])
        keys = self.index.entries["keys"][live, band].astype(np.uint64)
        order = np.argsort(keys, kind="stable")
        live, keys = live[order], keys[order]
        first = _firsts(keys)
        shared = ~(first & np.append(first[1:], True)[: first.size])
        live, keys = live[shared], keys[shared]

        own, rank = self.index.entries["own"][live], self.index.rank[live]
        groups = keys << np.uint64(32) | own
        order = np.lexsort((rank, groups))
        order = order[own[order] > 0]
        self._rounds(live[order], groups[order], self._near)

        order = np.lexsort((rank, own > 0, keys))
        order = order[self.twin[live[order]] < 0]
        self._rounds(live[order], keys[order], self._near, nameless=True)

    def _parts(self) -> None:
        """Of records with the same public identifier, those whose text is a part of a longer one."""
        size, own = self.index.entries["size"], self.index.entries["own"]
        live = self._beside_freed(np.flatnonzero((self.twin < 0) & (size > 0) & (own > 0)), own)
        rank = self.index.rank[live]
        live = live[np.lexsort((rank, -size[live].astype(np.int64), rank >= BEHIND, own[live]))]
        self._rounds(live, own[live], self._part)

    def _rounds(self, members: Array, groups: Array, compare: Callable[[Array, Array], None],
                nameless: bool = False) -> None:
        """Compare each group's first with its others until all have led. `nameless`: those without identifier lead."""
        for _ in range(MAX_ROUNDS):
            leaders, others = _led(groups)
            leaders = members[leaders]
            if nameless:
                others &= self.index.entries["own"][leaders] == 0
            members, groups, leaders = members[others], groups[others], leaders[others]
            if not members.size:
                return
            compare(leaders, members)
            live = self.twin[members] < 0
            members, groups = members[live], groups[live]

    def _near(self, leaders: Array, members: Array) -> None:
        """Of two that are alike, the preferred one stands for the other."""
        size, rank = self.index.entries["size"], self.index.rank
        sizes = size[leaders].astype(float), size[members].astype(float)
        possible = np.minimum(*sizes) >= self.threshold * np.maximum(*sizes)
        possible &= ~(self.index.earlier[leaders] & self.index.earlier[members]) & self._unseen(leaders, members)
        alike = self._judged(leaders, members, possible, self._alike)
        swapped = rank[members] < rank[leaders]
        for of, leading, led in ((~swapped, leaders, members), (swapped, members, leaders)):
            found = of & (alike > 0)
            self._join(leading[found], led[found], alike[found])

    def _alike(self, leader: Sketch, member: Sketch, same_identifier: bool) -> float:
        similarity = leader.similarity(member, same_identifier)
        return similarity if similarity >= self.threshold else 0.0

    def _part(self, leaders: Array, members: Array) -> None:
        """A text that is a part of the leader's is its duplicate, even if preferred; an earlier release's stays."""
        possible = ~self.index.earlier[members] & self._unseen(leaders, members)
        found = self._judged(leaders, members, possible, self._within)
        self._join(leaders[found > 0], members[found > 0], found[found > 0])

    def _beside_freed(self, live: Array, values: Array) -> Array:
        """Of these records the ones that share a value with one that the pass before let go of; at first all."""
        return live if self.freed is None else live[np.isin(values[live], values[self.freed])]

    def _unseen(self, leaders: Array, members: Array) -> Array:
        """Which pairs no pass before has compared."""
        if self.freed is None:
            return np.ones(leaders.size, bool)
        return np.isin(leaders, self.freed) | np.isin(members, self.freed)

    def _either(self, leader: Sketch, member: Sketch, same_identifier: bool) -> float:
        return self._alike(leader, member, same_identifier) or (
            self._within(leader, member, True) if same_identifier else 0.0)

    def _within(self, leader: Sketch, member: Sketch, same_identifier: bool) -> float:
        within = member.contained(leader) >= self.threshold
        return leader.similarity(member, same_identifier) if within else 0.0

    def _judged(self, leaders: Array, members: Array, possible: Array, judge: Judge) -> Array:
        """What `judge` says of each possible pair, 0 for the others. Pairs with one leader follow each other."""
        own = self.index.entries["own"]
        same = (own[leaders] > 0) & (own[leaders] == own[members])
        result = np.zeros(leaders.size)
        leading = lru_cache(maxsize=1)(self.index.sketch)
        for at in np.flatnonzero(possible).tolist():
            result[at] = judge(leading(int(leaders[at])), self.index.sketch(int(members[at])), bool(same[at]))
        return result

    def _join(self, leaders: Array, members: Array, similarity: Array) -> None:
        """Each member becomes the duplicate of its (first) leader."""
        members, first = np.unique(members, return_index=True)
        self.twin[members] = leaders[first]
        self.similarity[members] = similarity[first]
        self.joined.append(members)

    def _settle(self) -> Array:
        """Where a canonical record became a duplicate later on, compare its duplicates with the final one.

        A duplicate's twin was canonical when it was found, so from the last found to the first every twin is settled
        before those that point to it. Records that are not alike the final one become canonical themselves, and so do
        those that go by another identifier than it: the twin between them may have none. Returns these.
        """
        exact, own = self.index.entries["exact"], self.index.entries["own"]
        freed = []
        for found in reversed(self.joined):
            found = found[self.twin[found] >= 0]
            for record in found[self.twin[self.twin[found]] >= 0].tolist():
                through = int(self.twin[record])
                final = int(self.twin[through])
                if exact[record] == exact[through]:
                    similarity = float(self.similarity[through])
                else:
                    pair = np.array([final]), np.array([record])
                    possible = np.array([len({int(own[final]), int(own[record])} - {0}) < 2])
                    similarity = float(self._judged(*pair, possible, self._either)[0])
                self.twin[record], self.similarity[record] = (final, similarity) if similarity else (-1, 0)
                if not similarity:
                    freed.append(record)
        return np.array(freed, np.int64)


def _firsts(groups: Array) -> Array:
    """Which elements of a sorted array differ from the one before."""
    return np.append(True, groups[1:] != groups[:-1])[: groups.size]


def _led(groups: Array) -> tuple[Array, Array]:
    """For a sorted array: where each element's group begins, and which elements do not begin one."""
    first = _firsts(groups)
    return np.flatnonzero(first)[np.cumsum(first) - 1], ~first

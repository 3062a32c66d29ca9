"""What of a file is broken, where the rest is read without it: members of an archive, lines, records, documents."""

from collections.abc import Iterator
from itertools import chain

from cybersieve.errors import InputError
from cybersieve.records import LEFT_OUT, Counts

NAMED = 20  # broken members, lines or records of one file that are named; the others are counted
MOST = 10_000  # broken members of one archive; one with more is left out as a whole


class Parts:
    """What is wrong with some lines or records of a document: the first errors, and how many there are."""

    def __init__(self) -> None:
        self.member = ""  # of an archive
        self.first: list[InputError] = []
        self.count = 0

    def add(self, error: InputError) -> None:
        self.count += 1
        if self.count <= NAMED:
            place = ", ".join(filter(None, (self.member, error.place)))
            self.first.append(InputError(error.path, error.reason, place, error.remedy))


class Faults:
    """Told of a document's error, has it read once more with an eye on its parts; told of it again, without it.

    Documents go by their number in the file: an archive's members, or the file itself as its only one.
    """

    def __init__(self) -> None:
        self.errors: dict[int, InputError] = {}  # each one's first
        self.read: dict[int, int] = {}  # how many of its records came before that
        self.parts: dict[int, Parts] = {}  # of those that are read without their broken ones
        self.new = False

    def begin(self, counts: Counts) -> None:
        """The file is read from its beginning, and its records are counted there."""
        self.counts, self.new = counts, False
        self.parts = {number: Parts() for number in self.parts}

    def without(self, number: int) -> bool:
        """Is this one to be left out?"""
        return number in self.errors and number not in self.parts

    def parts_of(self, number: int, member: str) -> Parts | None:
        """Where to note what is broken of this one; None while nothing is known to be."""
        if parts := self.parts.get(number):
            parts.member = member
        return parts

    def add(self, number: int, error: InputError, before: int, alone: bool) -> None:
        """A document's error, `before` of which so many records were read in all.

        Raises its first error where it is the file itself (`alone`) and can't be read without what is broken, and
        InputError where too many are broken.
        """
        if alone and number in self.errors:
            raise self.errors[number]
        if len(self.errors) == MOST and number not in self.errors:
            raise InputError(error.path, f"more than {MOST:,} broken members, this one too: {error.reason}",
                             error.place, error.remedy)
        self.new = True
        if number in self.errors:
            del self.parts[number]
        else:
            self.errors[number], self.read[number] = error, self.counts.read - before
            self.parts[number] = Parts()

    def lost(self) -> int:
        """Records: broken ones, and what was read of documents before they proved broken."""
        return sum(self.parts[number].count if number in self.parts else read for number, read in self.read.items())

    def notes(self) -> Iterator[str]:
        """What is left out, in the file's order."""
        found = [(self.parts[number].first, self.parts[number].count) if number in self.parts else ([error], 1)
                 for number, error in sorted(self.errors.items())]
        named = list(chain.from_iterable(errors for errors, _ in found))[:NAMED]
        yield from map(told, named)
        if more := sum(count for _, count in found) - len(named):
            yield f"{LEFT_OUT}{more:,} more"


def told(error: InputError) -> str:
    """An error among the notes of what was read."""
    return f"{LEFT_OUT}{', '.join(filter(None, (error.place, error.reason)))}"

"""Exact duplicates among dialogues, streaming, and questions that are asked again with another answer.

A dialogue is told by what user and assistant say, in one width and case and without spaces; the system message does
not count. What was seen is kept as hashes of 64 bits in a table of our own, 11 to 32 bytes a hash where a Python set
takes 70 and more; among ten million dialogues two that differ are taken for one with a chance of 1 in 370,000.
"""

import hashlib
import unicodedata
from array import array
from collections.abc import Iterable
from typing import Literal

from shishen.examples import Example
from shishen.records import Message

Seen = Literal["new", "duplicate", "other_answer"]


class Hashes:
    """A set of hashes in one flat array: open addressing, linear probing, doubled at 70%."""

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * 1024))
        self._mask = 1023
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, value: int) -> bool:
        """Take the value in, of 64 bits; True where it was not there before."""
        # 0 marks a free slot.
        value = value or 1
        slots, mask = self._slots, self._mask
        at = value & mask
        while held := slots[at]:
            if held == value:
                return False
            at = (at + 1) & mask
        slots[at] = value
        self._count += 1
        if self._count * 10 > len(slots) * 7:
            self._grow()
        return True

    def _grow(self) -> None:
        size = len(self._slots) * 2
        slots, mask = array("Q", bytes(8 * size)), size - 1
        for value in self._slots:
            if value:
                at = value & mask
                while slots[at]:
                    at = (at + 1) & mask
                slots[at] = value
        self._slots, self._mask = slots, mask


class Duplicates:
    """Tells of each dialogue, in order, whether it was there before; counts as it goes.

    `duplicates` are dialogues word for word like an earlier one; `other_answers` those whose question (all before
    the last answer) was there before with another answer: they are kept, and counted.
    """

    def __init__(self) -> None:
        self._dialogues = Hashes()
        self._questions = Hashes()
        self.duplicates = 0
        self.other_answers = 0

    def see(self, example: Example) -> Seen:
        """What the example is to those before it."""
        spoken = [m for m in example.messages if m.role != "system"]
        if not self._dialogues.add(_hash(spoken)):
            self.duplicates += 1
            return "duplicate"
        if not self._questions.add(_hash(spoken[:-1])):
            self.other_answers += 1
            return "other_answer"
        return "new"


def _hash(messages: Iterable[Message]) -> int:
    digest = hashlib.blake2b(digest_size=8)
    for message in messages:
        text = "".join(unicodedata.normalize("NFKC", message.content).casefold().split())
        digest.update(f"{message.role}\0{text}\0".encode("utf-8", "surrogatepass"))
    return int.from_bytes(digest.digest(), "little")

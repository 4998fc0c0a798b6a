"""Chance that is the same everywhere: what is drawn depends on its key alone, on no order and no process."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

Option = TypeVar("Option")


def number_of(*key: str) -> int:
    """A number of 512 bits from a key of several parts (BLAKE2b)."""
    return int.from_bytes(hashlib.blake2b("\0".join(key).encode("utf-8", "surrogatepass")).digest(), "big")


def draw(options: Sequence[Option], count: int, *key: str) -> list[Option]:
    """At most `count` of the options in an order of chance, none of them twice."""
    left = list(options)
    chance = number_of(*key)
    drawn: list[Option] = []
    while left and len(drawn) < count:
        if chance < len(left) << 64:
            # The digits of one number are used up after some sixty draws.
            chance = number_of(*key, str(len(drawn)))
        chance, at = divmod(chance, len(left))
        drawn.append(left[at])
        left[at] = left[-1]
        left.pop()
    return drawn

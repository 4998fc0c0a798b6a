"""Where in its source a quote stands, and whether an answer says more than its passage does."""

import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from shishen.chinese import simplify
from shishen.protocols import Taught
from shishen.training.documents.numbers import numbers_of
from shishen.training.quality.filters import Reason

# A quote of fewer letters stands anywhere.
SHORTEST_QUOTE = 4
# The least share of an answer's pairs of letters that its passage has too; a model's own knowledge has next to none.
LEAST_SHARED = 0.25
# Below this many pairs an answer is 可以 or 不能, which no passage need say in these words.
_TOO_FEW = 6
_QUOTES = "\"'“”‘’「」『』《》〈〉…."


def fault_of(taught: Taught, passage: str) -> Reason | None:
    """Why an answer does not stand in its passage: a quote or numbers that are not there, words of its own."""
    if span_of(taught.quote, passage) is None:
        return Reason("quote", f"原文里没有这句引文：{taught.quote:.60}")
    if invented := numbers_of(taught.answer) - numbers_of(passage, strict=False):
        return Reason("number", f"回答里的数原文没有：{'、'.join(sorted(invented)[:5])}")
    shared = shared_with(taught.answer, passage)
    if shared is not None and shared < LEAST_SHARED:
        return Reason("ungrounded", f"回答里只有 {shared:.0%} 的字句出自原文")
    return None


def span_of(quote: str, text: str) -> tuple[int, int] | None:
    """The characters of `text` that a quote is, whatever the width, the case and the white space; None if none are.

    What is drawn around a quote (quotation marks, dots) is no part of it.
    """
    wanted, _ = _levelled(quote.strip().strip(_QUOTES))
    letters = sum(c.isalnum() for c in wanted)
    held, places = _levelled(text)
    if letters < SHORTEST_QUOTE and wanted != held:
        return None
    at = held.find(wanted) if wanted else -1
    return None if at < 0 else (places[at], places[at + len(wanted) - 1] + 1)


def _levelled(text: str) -> tuple[str, Sequence[int]]:
    """A text in one width and case without white space, and of each of its characters the place it came from."""
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for one in unicodedata.normalize("NFKC", character).lower():
            if not one.isspace() and unicodedata.category(one) not in ("Cf", "Cc"):
                letters.append(one)
                places.append(place)
    return "".join(letters), places


def shared_with(answer: str, passage: str) -> float | None:
    """The share of an answer's pairs of neighbouring letters that stand in the passage; None where it has too few."""
    said = _pairs(answer)
    return len(said & _pairs(passage)) / len(said) if len(said) >= _TOO_FEW else None


def _pairs(text: str) -> set[str]:
    letters = [c for c in simplify(unicodedata.normalize("NFKC", text).lower()) if c.isalnum()]
    return {first + second for first, second in pairwise(letters)}

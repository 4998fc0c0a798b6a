"""Differences: which pieces of an answer are the reference's, and which are other words, for a person to see."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Literal

from msgspec import Struct

# Clauses are compared first, as they are what people read; only clauses that changed are compared by character.
_CLAUSE = re.compile(r"[^，。；、！？,;!?\n|]*(?:[，。；、！？,;!?\n|]+|$)")
# Longer stretches that differ have nothing in common but characters; comparing them takes long and shows nothing.
_LONGEST, _ALIKE = 240, 0.4
# So much of an answer is compared and shown.
LONGEST_SHOWN = 6000


class Piece(Struct, frozen=True):
    """Some of an answer: `same` as the reference, `other` words, or words of the reference that are `missing`."""

    kind: Literal["same", "other", "missing"]
    text: str


def differences(said: str, reference: str) -> list[Piece]:
    """The answer in pieces, and among them what it lacks of the reference."""
    mine, right = _clauses(said[:LONGEST_SHOWN]), _clauses(reference[:LONGEST_SHOWN])
    pieces: list[Piece] = []
    for what, a, b, c, d in SequenceMatcher(None, right, mine, autojunk=False).get_opcodes():
        before, after = "".join(right[a:b]), "".join(mine[c:d])
        pieces += [Piece("same", after)] if what == "equal" else _within(before, after)
    return _joined(pieces)


def _clauses(text: str) -> list[str]:
    return [clause for clause in _CLAUSE.findall(text) if clause]


def _within(before: str, after: str) -> list[Piece]:
    """Pieces of two clauses that are not equal, character by character where they are alike."""
    whole = [Piece("missing", before), Piece("other", after)]
    if not before or not after or max(len(before), len(after)) > _LONGEST:
        return whole
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return whole
    pieces: list[Piece] = []
    for what, a, b, c, d in matcher.get_opcodes():
        pieces += [Piece("same", after[c:d])] if what == "equal" else [*_within_nothing(before[a:b], after[c:d])]
    return pieces


def _within_nothing(before: str, after: str) -> Sequence[Piece]:
    return Piece("missing", before), Piece("other", after)


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Neighbours of one kind in one; empty ones gone."""
    found: list[Piece] = []
    for piece in pieces:
        if not piece.text:
            continue
        if found and found[-1].kind == piece.kind:
            found[-1] = Piece(piece.kind, found[-1].text + piece.text)
        else:
            found.append(piece)
    return found

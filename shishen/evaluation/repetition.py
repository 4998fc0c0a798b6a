"""Repetition: the share of an answer's four-character pieces that stood in it before, and whether it ends in a loop.

rep-4 of Welleck and others, 2020 (arXiv:1908.04319), over characters: 1 - different pieces / pieces. A recipe repeats
itself a little as well, so only what goes beyond the reference counts; a model that is stuck has more than half.
"""

from shishen.evaluation.exact import plain

SIZE = 4
# So much of the end is looked at, and so often must a piece stand there in a row.
_TAIL, _LONGEST, _TIMES = 600, 80, 4


def repetition(said: str) -> float:
    """In [0, 1); 0 for texts that are too short to repeat themselves."""
    text = plain(said)
    pieces = [text[n : n + SIZE] for n in range(len(text) - SIZE + 1)]
    return 1 - len(set(pieces)) / len(pieces) if pieces else 0.0


def repetition_beyond(said: str, reference: str) -> float:
    """How much more an answer repeats itself than the reference does, in [0, 1)."""
    return max(0.0, repetition(said) - repetition(reference))


def loops(said: str) -> bool:
    """Whether the answer ends in one piece said over and over: at least 4 times in a row, up to its end."""
    tail = plain(said)[-_TAIL:]
    for size in range(2, min(_LONGEST, len(tail) // _TIMES) + 1):
        # The last round may have been cut off anywhere.
        start = len(tail) - size * _TIMES
        if tail[start:-size] == tail[start + size :]:
            return True
    return False

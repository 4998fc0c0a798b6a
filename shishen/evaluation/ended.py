"""Ended: did the answer come to one of the model's end tokens, or was it cut off at the longest that was allowed?"""

from shishen.evaluation.answered import Answered


def ended(answered: Answered) -> bool:
    """Whether it ended by itself; an answer of nothing at all has not said anything to the end."""
    return answered.ended and bool(answered.said.strip())

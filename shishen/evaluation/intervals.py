"""Intervals: how sure is the difference between two models that answered the same questions?

The paired bootstrap (Koehn, 2004, "Statistical significance tests for machine translation evaluation"), with
percentiles (Efron and Tibshirani, 1993), drawn by dish: answers about one dish rise and fall together, so whole dishes
are drawn with replacement (the cluster bootstrap of Field and Welsh, 2007, doi:10.1111/j.1467-9868.2007.00593.x), and
every draw takes both models' answers. With few dishes percentiles are too narrow: below 5 none are given. Where every
dish has one and the same difference the interval has no width; it says nothing then of dishes that were not asked for.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    import numpy as np

LEVEL, RESAMPLES, FEWEST = 0.95, 2000, 5
# Part and whole of one answer: (1, 1) for a match, (3, 4) for three right amounts of four.
Score = tuple[float, float]


class Interval(Struct, frozen=True):
    """The difference second minus first, and the ends of its interval; None where nothing can be said."""

    change: float | None = None
    low: float | None = None
    high: float | None = None


def ratio(scores: Sequence[Score]) -> float | None:
    """The parts together by the wholes together; None where there is nothing to judge."""
    whole = sum(score[1] for score in scores)
    return sum(score[0] for score in scores) / whole if whole else None


def interval(first: Sequence[Score], second: Sequence[Score], clusters: Sequence[str], seed: int = 0) -> Interval:
    """The difference of two models' ratios over the same questions; `clusters` names the dish of each question.

    The same arguments give the same interval. Raises ValueError where the lengths differ.
    """
    one, other = ratio(first), ratio(second)
    if one is None or other is None:
        return Interval()
    sums: dict[str, list[float]] = {}
    for a, b, cluster in zip(first, second, clusters, strict=True):
        kept = sums.setdefault(cluster, [0.0, 0.0, 0.0, 0.0])
        for place, value in enumerate((*a, *b)):
            kept[place] += value
    if len(sums) < FEWEST:
        return Interval(other - one)
    import numpy as np

    drawn = _draws(len(sums), seed) @ np.array(list(sums.values()))
    # A draw may hold no dish with anything to judge.
    drawn = drawn[(drawn[:, 1] > 0) & (drawn[:, 3] > 0)]
    differences = drawn[:, 2] / drawn[:, 3] - drawn[:, 0] / drawn[:, 1]
    outside = (1 - LEVEL) / 2
    low, high = np.quantile(differences, (outside, 1 - outside))
    return Interval(other - one, float(low), float(high))


@lru_cache(maxsize=4)
def _draws(count: int, seed: int) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """How often each of `count` dishes was drawn, a draw of all a row."""
    import numpy as np

    return np.random.default_rng(seed).multinomial(count, [1 / count] * count, size=RESAMPLES).astype(np.float64)

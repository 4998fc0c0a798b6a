"""Character F1: how many of the answer's characters are the reference's, and the other way round.

SQuAD's F1 (Rajpurkar and others, 2016, arXiv:1606.05250) over bags of characters instead of words, as DRCD does for
Chinese (Shao and others, 2018, arXiv:1806.00920): the harmonic mean of precision and recall of the multisets. Order
is not looked at, and two Chinese recipes share many characters: dishes that have nothing to do with each other reach
0.3 to 0.5. Texts are made flat as for the exact match.
"""

from collections import Counter

from shishen.evaluation.exact import plain


def char_f1(said: str, reference: str) -> float:
    """In [0, 1]; two empty texts are equal, one empty text has nothing of the other."""
    mine, right = Counter(plain(said)), Counter(plain(reference))
    if not mine or not right:
        return float(mine == right)
    shared = (mine & right).total()
    return 2 * shared / (mine.total() + right.total())

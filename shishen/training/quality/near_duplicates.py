"""Near duplicates: the same dish told again in nearly the same words; the first stands for all.

Two documents are near duplicates where their dishes have one name (amounts and numbers in it level) and their texts
are alike in `THRESHOLD` or more. Another name is another question, so that a body which is copied under many names is
none: it only stays on one side of the split. Whoever is left out is as alike as that to the one that is kept, not to
a neighbour of a neighbour.
"""

import numpy as np
from numpy.typing import NDArray

from shishen.training.quality.minhash import Signatures, likeness

# Of edits that were labelled beforehand 0.9 takes all with other amounts, punctuation or a decorated title, 97% with
# a closing line more, 60% with a step less, and none whose half is of another recipe; in 100,000 recipes made of
# 1,000 it leaves out 1.4%, thirty of thirty looked at the same (docs/dataset.md).
THRESHOLD = 0.9
Numbers = NDArray[np.int64]

# In a group where so many differ from each other what is left is kept: looking on would cost its square.
_ROUNDS = 64
_PAIRS = 65_536


def near_duplicates(
    signatures: Signatures, clusters: Numbers, dishes: Numbers, threshold: float = THRESHOLD
) -> Numbers:
    """For each document the number of the one that stands for it: the first near duplicate before it, else its own.

    `clusters` are those of a lower threshold, `dishes` equal for dishes of one name; only documents that have both in
    common are held against each other, so that no more is kept in memory than some numbers a document.
    """
    table = signatures.table()
    standing = np.arange(len(clusters), dtype=np.int64)
    # Stable, so that each group stands in the order of its documents.
    order = np.lexsort((dishes, clusters)).astype(np.int64)
    new = np.ones(len(order), np.bool_)
    new[1:] = (clusters[order][1:] != clusters[order][:-1]) | (dishes[order][1:] != dishes[order][:-1])
    groups = np.cumsum(new) - 1
    for _ in range(_ROUNDS):
        sizes = np.bincount(groups, minlength=0) if len(groups) else np.zeros(0, np.int64)
        together = sizes[groups] > 1
        order, groups = order[together], groups[together]
        if not len(order):
            break
        first = np.flatnonzero(np.concatenate(([True], groups[1:] != groups[:-1])))
        leaders = np.repeat(order[first], np.diff(np.append(first, len(order))))
        alike = np.zeros(len(order), np.bool_)
        for start in range(0, len(order), _PAIRS):
            part = slice(start, start + _PAIRS)
            alike[part] = likeness(table, leaders[part], order[part]) >= threshold
        standing[order[alike]] = leaders[alike]
        # A leader is alike to itself, and out of the way as well.
        order, groups = order[~alike], groups[~alike]
    return standing

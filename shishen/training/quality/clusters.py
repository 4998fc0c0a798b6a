"""Clusters of near-equal documents out of their signatures: alike in a chain, of a given likeness or more.

Signatures are cut into bands; documents with an equal band are candidates (Indyk, Motwani 1998; Leskovec, Rajaraman,
Ullman, Mining of Massive Datasets, chapter 3, http://www.mmds.org), compared by their whole signatures and joined by
union-find. One band is sorted at a time, so that memory is that of the signatures and some arrays of a number a
document. Of a bucket where thousands stand, each is held against a few of it, not against all: a body copied 1,500
times costs 1,500 comparisons, not a million.
"""

import numpy as np
from numpy.typing import NDArray

from shishen.training.quality.characters import mixed
from shishen.training.quality.minhash import BINS, Signature, Signatures, likeness

# Of relations labelled beforehand (benchmarks/near_duplicates.py) 0.7 joins 99% of what is the same and 0.3% of what
# shares half its steps; 0.8 joins 97% and none. A leak costs more than a document too few.
THRESHOLD = 0.7
Numbers = NDArray[np.int64]

# Of pairs that are exactly as alike as the threshold, so many share at least one band.
_FOUND = 0.995
# Where so few clusters meet in a bucket, all their documents are held against each other.
_SMALL = 16
# In a larger one, one after another is held against all that are not yet its own.
_ROUNDS = 12
_PAIRS = 65_536
_ROWS = 65_536


def rows_of_a_band(threshold: float) -> int:
    """How many bins a band has: as many as still find 99.5% of the pairs at the threshold."""
    for rows in range(BINS // 4, 1, -1):
        if 1 - (1 - threshold**rows) ** (BINS // rows) >= _FOUND:
            return rows
    return 1


def cluster(signatures: Signatures, threshold: float = THRESHOLD) -> Numbers:
    """The cluster of each document: the number of the first document in it. Equal input, equal clusters."""
    table = signatures.table()
    known = np.flatnonzero(signatures.known())
    forest = np.arange(len(table), dtype=np.int64)
    rows = rows_of_a_band(threshold)
    for band in range(BINS // rows):
        _join_band(table, known, forest, slice(band * rows, (band + 1) * rows), threshold)
    return _roots(forest, np.arange(len(table), dtype=np.int64))


def _join_band(table: Signature, known: Numbers, forest: Numbers, band: slice, threshold: float) -> None:
    """Join what is alike among documents that are equal in one band."""
    keys = _keys(table, known, band)
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))) if len(keys) else np.zeros(0, np.int64)
    del keys
    members = known[order]
    del order
    sizes = np.diff(np.append(starts, len(members)))
    crowded = np.repeat(sizes > 1, sizes)
    members = members[crowded]
    buckets = np.repeat(np.arange(len(starts)), sizes)[crowded]
    for turn in range(_ROUNDS + 1):
        members, buckets, first = _unsettled(forest, members, buckets)
        if not len(members):
            return
        sizes = np.diff(np.append(first, len(members)))
        if turn == 0:
            small = np.repeat(sizes <= _SMALL, sizes)
            _join_all(table, forest, members[small], sizes[sizes <= _SMALL], threshold)
            members, buckets = members[~small], buckets[~small]
        else:
            # Every round another leader: the first of those that no leader has been found alike to.
            leaders = np.repeat(members[first], sizes)
            joined = _join_pairs(table, forest, leaders, members, threshold)
            rest = ~joined
            rest[first] = False
            members, buckets = members[rest], buckets[rest]


def _keys(table: Signature, known: Numbers, band: slice) -> NDArray[np.uint64]:
    """The band of each document as one number of 64 bits."""
    keys = np.zeros(len(known), np.uint64)
    for start in range(0, len(known), _ROWS):
        part = table[known[start : start + _ROWS], band].astype(np.uint64)
        value = np.zeros(len(part), np.uint64)
        for column in part.T:
            value = mixed(value ^ column)
        keys[start : start + len(part)] = value
    return keys


def _unsettled(forest: Numbers, members: Numbers, buckets: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Members of buckets where more than one cluster meets, their buckets, and where each bucket starts."""
    if not len(members):
        return members, buckets, members
    first = np.flatnonzero(np.concatenate(([True], buckets[1:] != buckets[:-1])))
    sizes = np.diff(np.append(first, len(members)))
    roots = _roots(forest, members)
    open_ = np.minimum.reduceat(roots, first) != np.maximum.reduceat(roots, first)
    kept = np.repeat(open_, sizes)
    return members[kept], buckets[kept], np.concatenate(([0], np.cumsum(sizes[open_])))[:-1].astype(np.int64)


def _join_all(table: Signature, forest: Numbers, members: Numbers, sizes: Numbers, threshold: float) -> None:
    """Hold all members of each bucket against each other; `sizes` of the buckets, in order."""
    starts = np.cumsum(sizes) - sizes
    for size in range(2, _SMALL + 1):
        of_size = starts[sizes == size]
        left, right = np.triu_indices(size, 1)
        step = max(_PAIRS // len(left), 1)
        for at in range(0, len(of_size), step):
            block = of_size[at : at + step, None]
            _join_pairs(table, forest, members[block + left].ravel(), members[block + right].ravel(), threshold)


def _join_pairs(
    table: Signature, forest: Numbers, left: Numbers, right: Numbers, threshold: float
) -> NDArray[np.bool_]:
    """Join the pairs that are alike; says of each pair whether it is of one cluster now."""
    for start in range(0, len(left), _PAIRS):
        one, other = left[start : start + _PAIRS], right[start : start + _PAIRS]
        apart = _roots(forest, one) != _roots(forest, other)
        one, other = one[apart], other[apart]
        alike = likeness(table, one, other) >= threshold
        _union(forest, one[alike], other[alike])
    joined: NDArray[np.bool_] = _roots(forest, left) == _roots(forest, right)
    return joined


def _roots(forest: Numbers, members: Numbers) -> Numbers:
    """The root of each member; the way there is shortened."""
    roots = forest[members]
    while True:
        above = forest[roots]
        if np.array_equal(above, roots):
            break
        roots = above
    forest[members] = roots
    return roots


def _union(forest: Numbers, left: Numbers, right: Numbers) -> None:
    """Make one cluster of each pair's; the smaller number is the root."""
    while len(left):
        left, right = _roots(forest, left), _roots(forest, right)
        apart = left != right
        left, right = left[apart], right[apart]
        np.minimum.at(forest, np.maximum(left, right), np.minimum(left, right))

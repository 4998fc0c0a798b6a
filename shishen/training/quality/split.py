"""A split that does not leak: no document for dev or test is near to one for training, by its text or by its title.

A document is of a cluster (near-equal texts) and of a title group (equal plain titles). What is drawn for dev and
test shares neither with a document for training, nor dev with test. What stands between them, near to a drawn
document without being drawn, is withheld: it is in no split.

Neighbourhoods, joined by text or title, are drawn in an order of hashes. A small one goes in whole. In a corpus of
few bodies under many names all hangs together in a giant one, so that of a large one as many documents of the drawn
cluster are taken as still fit, and the rest of its cluster and of their titles is withheld, up to a stated share.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from shishen.errors import BadSettings
from shishen.training.quality.characters import mixed

TRAIN, DEV, TEST, WITHHELD = 0, 1, 2, 3
Numbers = NDArray[np.int64]
Assignment = NDArray[np.int8]

# Looking for the end of a neighbourhood goes on as far as this.
_WHOLE = 256
# Below this many documents none is spared for dev and test unless a count is asked for.
_FEW = 10
# A document whose title alone would withhold this many times its fair share is passed over.
_DEAR = 4.0
_NAMES = {DEV: "验证集", TEST: "测试集"}


class SplitOptions(Struct, frozen=True, kw_only=True):
    """How many documents dev and test are to have: a count, or a ratio of all where there is no count.

    `withheld` is the greatest share of all documents that may be withheld; `seed` draws other ones.
    """

    dev_count: int | None = None
    test_count: int | None = None
    dev_ratio: float = 0.05
    test_ratio: float = 0.05
    withheld: float = 0.1
    seed: int = 0


class SplitResult(Struct, frozen=True, kw_only=True):
    """`assignment` of each document (TRAIN, DEV, TEST, WITHHELD), how many each has, and what the user should know."""

    assignment: Assignment
    train: int
    dev: int
    test: int
    withheld: int
    notes: tuple[str, ...] = ()


def split(clusters: Numbers, titles: Numbers, options: SplitOptions) -> SplitResult:
    """Split documents by the cluster and the title group of each; both are numbers, any, of equal length.

    Raises BadSettings where a count or a ratio is out of bounds.
    """
    check(options)
    count = len(clusters)
    drawing = _Drawing(clusters, titles, options)
    notes: list[str] = []
    wanted = _wanted(count, options, notes)
    for part, target in wanted.items():
        budget = int(options.withheld * count / 2)
        got = drawing.draw(part, target, budget)
        if got < target:
            notes.append(
                f"{_NAMES[part]}只分到 {got} 道，想要 {target} 道：再多就会和训练集重复，"
                f"或要放弃超过 {options.withheld:.0%} 的菜。"
            )
    sizes = np.bincount(drawing.assignment, minlength=4).tolist()
    return SplitResult(
        assignment=drawing.assignment,
        train=sizes[TRAIN],
        dev=sizes[DEV],
        test=sizes[TEST],
        withheld=sizes[WITHHELD],
        notes=tuple(notes),
    )


def check(options: SplitOptions) -> None:
    """Raises BadSettings where a count or a ratio is out of bounds."""
    faults = [
        f"{name} 应在 0 和 1 之间，现在是 {ratio}"
        for name, ratio in (
            ("dev_ratio", options.dev_ratio),
            ("test_ratio", options.test_ratio),
            ("withheld", options.withheld),
        )
        if not 0 <= ratio < 1
    ]
    faults += [
        f"{name} 不能小于 0，现在是 {count}"
        for name, count in (("dev_count", options.dev_count), ("test_count", options.test_count))
        if count is not None and count < 0
    ]
    if faults:
        raise BadSettings("；".join(faults) + "。")


def _wanted(count: int, options: SplitOptions, notes: list[str]) -> dict[int, int]:
    """How many documents dev and test are to have; together half of all at most."""
    wanted = {
        DEV: _target(count, options.dev_count, options.dev_ratio),
        TEST: _target(count, options.test_count, options.test_ratio),
    }
    if count < _FEW and (small := [_NAMES[part] for part, unsaid in _by_ratio(options) if unsaid]):
        notes.append(f"一共只有 {count} 道菜，不到 {_FEW} 道：{'、'.join(small)}没有说要几道，就不分。")
    if sum(wanted.values()) > count // 2:
        scale = (count // 2) / sum(wanted.values())
        fewer = {part: int(target * scale) for part, target in wanted.items()}
        # Of two documents one can still be spared.
        if not any(fewer.values()) and count > 1:
            fewer[max(wanted, key=lambda part: wanted[part])] = 1
        cut = (f"{_NAMES[p]}要 {wanted[p]} 道，改成 {fewer[p]} 道" for p in wanted if fewer[p] < wanted[p])
        notes.append(f"一共 {count} 道菜，至少留一半训练：{'，'.join(cut)}。")
        wanted = fewer
    return wanted


def _by_ratio(options: SplitOptions) -> Iterator[tuple[int, bool]]:
    """Of each part whether it is wanted without a count."""
    yield DEV, options.dev_count is None and options.dev_ratio > 0
    yield TEST, options.test_count is None and options.test_ratio > 0


def _target(count: int, asked: int | None, ratio: float) -> int:
    if asked is not None:
        return asked
    return max(round(ratio * count), 1) if ratio and count >= _FEW else 0


class _Groups(Struct, frozen=True):
    """The members of numbered groups: those of group g are `members[starts[g]:starts[g + 1]]`, in order."""

    of: Numbers
    members: Numbers
    starts: Numbers

    def __getitem__(self, group: int) -> Numbers:
        found: Numbers = self.members[self.starts[group] : self.starts[group + 1]]
        return found


def _grouped(names: Numbers) -> _Groups:
    _, of, sizes = np.unique(names, return_inverse=True, return_counts=True)
    of = of.reshape(-1).astype(np.int64)
    starts = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    return _Groups(of, np.argsort(of, kind="stable").astype(np.int64), starts)


class _Drawing:
    """The draw as it goes: `assignment` starts all for training; only what is still that can be drawn or withheld."""

    def __init__(self, clusters: Numbers, titles: Numbers, options: SplitOptions) -> None:
        self.assignment: Assignment = np.zeros(len(clusters), np.int8)
        self._clusters, self._titles = _grouped(clusters), _grouped(titles)
        # Of each title, how many documents are still for training.
        self._left = np.diff(self._titles.starts)
        # The order hangs on the number of a cluster's first document, not on what else is there.
        salt = mixed(np.array([options.seed & 0xFFFF_FFFF_FFFF_FFFF], np.uint64))
        self._document_order = mixed(np.arange(len(clusters), dtype=np.uint64) ^ salt)
        firsts = self._clusters.members[self._clusters.starts[:-1]]
        self._order = np.argsort(self._document_order[firsts], kind="stable")

    def draw(self, part: int, target: int, budget: int) -> int:
        """Draw documents for a part until it has its target; `budget` documents may be withheld for it. How many."""
        got = 0
        crowded: list[int] = []
        for group in self._order.tolist():
            if got >= target:
                return got
            free = self._free(self._clusters[group])
            if not len(free):
                continue
            whole = self._neighbourhood(int(free[0]), min(target - got, _WHOLE))
            if whole is None:
                crowded.append(group)
            else:
                self._assign(np.array(whole, np.int64), part)
                got += len(whole)
        for group in crowded:
            if got >= target:
                break
            taken, withheld = self._piece(group, part, target - got, budget, budget / max(target, 1) * _DEAR)
            got, budget = got + taken, budget - withheld
        return got

    def _free(self, members: Numbers) -> Numbers:
        free: Numbers = members[self.assignment[members] == TRAIN]
        return free

    def _neighbourhood(self, document: int, limit: int) -> list[int] | None:
        """All free documents that hang together with this one, by text or title in chains; None where over `limit`."""
        found, waiting = {document}, [document]
        while waiting:
            at = waiting.pop()
            for groups in (self._clusters, self._titles):
                members = groups[int(groups.of[at])]
                if len(members) > limit:
                    return None
                new = [m for m in members.tolist() if m not in found]
                found.update(new)
                waiting.extend(new)
                if len(found) > limit:
                    return None
        # What of it is withheld shares nothing with these that is in another part, or they would be withheld as well.
        return [d for d in sorted(found) if self.assignment[d] == TRAIN]

    def _piece(self, group: int, part: int, room: int, budget: int, dear: float) -> tuple[int, int]:
        """Take of one cluster as many as fit, withhold the rest: (taken, withheld); (0, 0) where it costs too much."""
        free = self._free(self._clusters[group])
        free = free[np.argsort(self._document_order[free], kind="stable")]
        titles, title, own = np.unique(self._titles.of[free], return_inverse=True, return_counts=True)
        costs = (self._left[titles] - own)[title.reshape(-1)]
        fitting = np.flatnonzero(costs <= dear)
        # A title is paid for once.
        first = np.zeros(len(fitting), np.bool_)
        first[np.unique(title.reshape(-1)[fitting], return_index=True)[1]] = True
        paid = np.cumsum(costs[fitting] * first)
        count = min(room, int(np.searchsorted(paid, budget, "right")))
        if not count or int(paid[count - 1]) + len(free) - count > budget:
            return 0, 0
        taken = free[fitting[:count]]
        beside = [self._free(self._titles[t]) for t in np.unique(self._titles.of[taken]).tolist()]
        away = np.union1d(np.concatenate(beside), free)
        self._assign(away, WITHHELD)
        self.assignment[taken] = part
        return count, len(away) - count

    def _assign(self, documents: Numbers, part: int) -> None:
        """Take documents that were for training away from there."""
        self.assignment[documents] = part
        np.subtract.at(self._left, self._titles.of[documents], 1)


def leaks(assignment: Sequence[int] | Assignment, clusters: Numbers, titles: Numbers) -> int:
    """How many clusters and title groups stand in more than one of train, dev and test; 0 in a split of ours."""
    parts = np.asarray(assignment)
    kept = parts != WITHHELD
    found = 0
    for names in (clusters, titles):
        pairs = np.unique(np.stack((names[kept], parts[kept].astype(np.int64)), axis=1), axis=0)
        found += int(np.count_nonzero(np.unique(pairs[:, 0], return_counts=True)[1] > 1)) if len(pairs) else 0
    return found

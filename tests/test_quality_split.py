"""A split that does not leak, whatever hangs together with what."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shishen.errors import BadSettings
from shishen.training.quality.split import DEV, TEST, TRAIN, WITHHELD, Numbers, SplitOptions, leaks, split

DOCUMENTS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=80)
OPTIONS = st.builds(
    SplitOptions,
    dev_count=st.none() | st.integers(0, 30),
    test_count=st.none() | st.integers(0, 30),
    dev_ratio=st.floats(0, 0.5),
    test_ratio=st.floats(0, 0.5),
    withheld=st.floats(0, 0.9),
    seed=st.integers(-5, 2**70),
)


def alone(count: int) -> tuple[Numbers, Numbers]:
    """Documents that are near to nothing."""
    return np.arange(count, dtype=np.int64), np.arange(count, dtype=np.int64) + 1000


def shared(clusters: list[int], titles: list[int], parts: list[int]) -> bool:
    """By plain means: does a cluster or a title stand in two of train, dev and test?"""
    for names in (clusters, titles):
        where: dict[int, set[int]] = {}
        for name, part in zip(names, parts, strict=True):
            if part != WITHHELD:
                where.setdefault(name, set()).add(part)
        if any(len(found) > 1 for found in where.values()):
            return True
    return False


@given(DOCUMENTS, OPTIONS)
@settings(max_examples=400, deadline=None)
def test_no_leak_ever(documents: list[tuple[int, int]], options: SplitOptions) -> None:
    clusters = np.array([c for c, _ in documents], np.int64)
    titles = np.array([t for _, t in documents], np.int64)
    found = split(clusters, titles, options)
    parts = found.assignment.tolist()
    assert not shared(clusters.tolist(), titles.tolist(), parts)
    assert leaks(found.assignment, clusters, titles) == 0
    counts = [parts.count(part) for part in (TRAIN, DEV, TEST, WITHHELD)]
    assert counts == [found.train, found.dev, found.test, found.withheld]
    assert sum(counts) == len(documents)
    assert found.withheld <= options.withheld * len(documents)
    assert found.dev + found.test <= len(documents) // 2
    assert found.dev <= (options.dev_count if options.dev_count is not None else len(documents))
    assert split(clusters, titles, options).assignment.tolist() == parts


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=12))
def test_a_leak_is_counted(documents: list[tuple[int, int]]) -> None:
    clusters, titles = [c for c, _ in documents], [t for _, t in documents]
    parts = [n % 4 for n in range(len(documents))]
    found = leaks(parts, np.array(clusters, np.int64), np.array(titles, np.int64))
    assert (found > 0) == shared(clusters, titles, parts)


def test_counts_are_met_exactly_where_nothing_hangs_together() -> None:
    found = split(*alone(1000), SplitOptions(dev_count=100, test_ratio=0.07))
    assert (found.train, found.dev, found.test, found.withheld, found.notes) == (830, 100, 70, 0, ())


def test_another_seed_draws_others() -> None:
    one, other = (split(*alone(200), SplitOptions(seed=seed)).assignment.tolist() for seed in (1, 2))
    assert one != other


def test_small_neighbourhoods_go_in_whole() -> None:
    # Pairs of near-equal texts, and one title over two pairs: eight documents hang together.
    clusters = np.arange(800, dtype=np.int64) // 2
    titles = np.arange(800, dtype=np.int64) // 2 // 4 * 10 + np.arange(800) % 2
    found = split(clusters, titles, SplitOptions(dev_count=40, test_count=40))
    assert (found.dev, found.test, found.withheld) == (40, 40, 0)


def test_of_few_bodies_under_many_names_pieces_are_taken() -> None:
    """100 bodies under 3,000 names, as in a corpus that recombines: one giant component, and still a dev of 100."""
    rng = np.random.default_rng(5)
    clusters = rng.integers(0, 100, 20_000)
    titles = rng.integers(0, 3000, 20_000) + 1000
    found = split(clusters, titles, SplitOptions(dev_count=100, test_count=100))
    assert (found.dev, found.test) == (100, 100)
    assert 0 < found.withheld <= 2000
    assert leaks(found.assignment, clusters, titles) == 0


def test_what_cannot_be_had_is_said() -> None:
    clusters, titles = np.zeros(50, np.int64), np.arange(50, dtype=np.int64)
    found = split(clusters, titles, SplitOptions(dev_count=5, test_count=0))
    assert (found.train, found.dev, found.withheld) == (50, 0, 0)
    assert "只分到 0 道，想要 5 道" in found.notes[0]


@pytest.mark.parametrize(
    ("count", "options", "sizes"),
    [
        (0, SplitOptions(), (0, 0, 0)),
        (1, SplitOptions(), (1, 0, 0)),
        (1, SplitOptions(dev_count=1), (1, 0, 0)),
        (2, SplitOptions(dev_count=1), (1, 1, 0)),
        (3, SplitOptions(), (3, 0, 0)),
        (3, SplitOptions(dev_count=100), (2, 1, 0)),
        (10, SplitOptions(), (8, 1, 1)),
        (10, SplitOptions(dev_count=100, test_count=100), (6, 2, 2)),
    ],
)
def test_of_few_dishes_most_are_for_training(count: int, options: SplitOptions, sizes: tuple[int, int, int]) -> None:
    found = split(*alone(count), options)
    assert (found.train, found.dev, found.test) == sizes
    assert count in (0, 10) or options.dev_count == 1 < count or found.notes


def test_all_faults_of_the_options_at_once() -> None:
    with pytest.raises(BadSettings, match=r"dev_ratio.*withheld.*test_count"):
        split(*alone(3), SplitOptions(dev_ratio=1.5, withheld=-1, test_count=-3))

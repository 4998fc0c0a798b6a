"""Broken files and pages that no book has: nothing but rejections of one line; the long run is `benchmarks/fuzz.py`."""

import random
from collections import Counter

import pytest

from benchmarks.fuzz import PAGES, Bench, Fault, check, make_input, names
from benchmarks.mutation import mutated
from shishen.pages import Box, Page, Span
from shishen.records import Rejected
from tests.samples import SAMPLES

SEED = 1
# Made-up pages take a hundred times as long as files, which are mostly refused.
INPUTS, PAGED_INPUTS = 100, 25


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("bench"))


@pytest.mark.parametrize("reader", names())
def test_nothing_falls_over_what_is_broken(bench: Bench, reader: str) -> None:
    inputs = (make_input(reader, SEED, number) for number in range(PAGED_INPUTS if reader in PAGES else INPUTS))
    found = sum((bench.run(reader, content) for content in inputs), start=Counter[str]())
    # Neither all whole nor all beyond recognition, or it is no test.
    assert found["recipes"]
    assert found["rejected"]


def test_every_sample_is_whole_before_it_is_broken(bench: Bench) -> None:
    assert {name for name in SAMPLES if not bench.run(name, SAMPLES[name])["recipes"]} == set()


def test_the_same_seed_breaks_the_same_way() -> None:
    for name, sample in SAMPLES.items():
        first, again, other = (mutated(sample, random.Random(seed)) for seed in (7, 7, 8))
        assert first == again, name
        assert first != other, name
    for name in PAGES:
        assert make_input(name, 1, 2) == make_input(name, 1, 2) != make_input(name, 1, 3)


def test_what_must_not_be_is_a_fault(bench: Bench) -> None:
    """The bench itself notices: a page that breaks what reads it is no rejection."""
    broken = Page(number="x", spans=(Span(text="盐", box=Box(0, 0, 9, 9), size=0.0),) * 9)  # type: ignore[arg-type]
    with pytest.raises((TypeError, ZeroDivisionError)):
        bench.run("pages of spans", [broken])
    with pytest.raises(Fault, match="no printable line"):
        check(Rejected(path="书", reason="两\n行"))

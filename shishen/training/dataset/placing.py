"""Where each example goes: those of a dish into the split of its dish, those of the whole library into each split.

A dish that is left out, as a near duplicate or for being too near to dev and test, takes its examples with it.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from shishen.domains.cooking.dialogues.overview import Overview
from shishen.domains.cooking.dialogues.templates import load_templates
from shishen.domains.cooking.dialogues.writing import of_library
from shishen.examples import SPLITS, Example, Split
from shishen.records import Message, Rejected
from shishen.training.card.tally import Documents
from shishen.training.dataset.parts import LeftOut, PartOptions, left_out_of
from shishen.training.dataset.reasons import RECIPE_REASONS
from shishen.training.dataset.work import Work
from shishen.training.quality.clusters import cluster
from shishen.training.quality.filters import fault
from shishen.training.quality.minhash import Signatures
from shishen.training.quality.near_duplicates import near_duplicates
from shishen.training.quality.split import WITHHELD, SplitOptions, SplitResult, split

# Beside the parts of the split: not one of them, for another document says the same.
NEAR_DUPLICATE = WITHHELD + 1
Numbers = NDArray[np.int64]


class Placed(Struct, frozen=True, kw_only=True):
    """Where every document stands: its cluster, its part (or NEAR_DUPLICATE), and the document that stands for it.

    `result` is the split of those that are kept.
    """

    clusters: Numbers
    parts: NDArray[np.int8]
    standing: Numbers
    result: SplitResult
    documents: Documents


class LibraryKinds(Struct, frozen=True):
    """How many examples a kind that speaks of the whole library is to have in training, and how they are made."""

    count: int
    options: PartOptions


def place(work: Work, likeness: float, options: SplitOptions, *, keep_near_duplicates: bool) -> Placed:
    """Find near duplicates and clusters of near-equal dishes, and split what is kept."""
    titles = work.titles()
    with Signatures(work.path) as signatures:
        clusters = cluster(signatures, likeness)
        standing = np.arange(len(clusters), dtype=np.int64)
        if not keep_near_duplicates:
            standing = near_duplicates(signatures, clusters, work.dishes())
    kept = np.flatnonzero(standing == np.arange(len(standing)))
    result = split(clusters[kept], titles[kept], options)
    parts = np.full(len(clusters), NEAR_DUPLICATE, np.int8)
    parts[kept] = result.assignment
    _, sizes = np.unique(clusters[kept], return_counts=True)
    documents = Documents(
        train=result.train,
        dev=result.dev,
        test=result.test,
        withheld=result.withheld,
        clusters=len(sizes),
        clustered=int(sizes[sizes > 1].sum()),
        largest=int(sizes.max()),
        titles=len(np.unique(titles[kept])),
        near_duplicates=len(clusters) - len(kept),
    )
    return Placed(clusters=clusters, parts=parts, standing=standing, result=result, documents=documents)


def left_out_near_duplicates(work: Work, placed: Placed) -> Iterator[LeftOut]:
    """Every near duplicate with the name and the place of the one that is kept, in order."""
    dropped = placed.parts == NEAR_DUPLICATE
    stands = np.zeros(len(dropped), np.bool_)
    stands[placed.standing[dropped]] = True
    kept: dict[int, str] = {}
    if not dropped.any():
        return
    for number, document in enumerate(work.sources()):
        if stands[number]:
            kept[number] = f"《{document.name}》（{document.id}，{document.source.place}）"
        elif dropped[number]:
            place = document.source
            reason = f"《{document.name}》和{kept[int(placed.standing[number])]}几乎一样，只留那一份"
            yield LeftOut(key="near_duplicate", path=place.path, page=place.page, line=place.line, reason=reason)


def in_splits(
    work: Work, placed: Placed, library: LibraryKinds, system: str, leave_out: Callable[[LeftOut], None]
) -> Iterator[tuple[Example, Split]]:
    """Every example with its split: those of each dish in order, then those of the whole library, a split at a time."""
    for document, example in work.made():
        part = int(placed.parts[document])
        if part == WITHHELD:
            leave_out(left_out_of(example, None, "withheld", RECIPE_REASONS["withheld"]))
        elif part != NEAR_DUPLICATE:
            of_cluster = replace(example, cluster=f"c{int(placed.clusters[document])}")
            yield _with_system(of_cluster, system), _SPLITS[part]
    if library.options.keeps_recipes:
        yield from _of_library(work, placed, library, system, leave_out)


_SPLITS: tuple[Split, ...] = ("train", "dev", "test")


def _of_library(
    work: Work, placed: Placed, library: LibraryKinds, system: str, leave_out: Callable[[LeftOut], None]
) -> Iterator[tuple[Example, Split]]:
    """Examples that speak of several dishes: those of a split are of its own dishes only.

    What is nowhere in the library is asked for in one split alone as well; a dish that is left out is in the library.
    """
    options = library.options
    overviews = [Overview() for _ in SPLITS]
    everything = Overview(0)
    for document, recipe in work.recipes():
        everything.add(recipe)
        part = int(placed.parts[document])
        if part < len(overviews):
            overviews[part].add(recipe)
    templates = load_templates(Path(options.templates) if options.templates else None)
    result = placed.result
    shares = [max(0, n) for n in (result.train, result.dev, result.test)]
    for part, (name, overview) in enumerate(zip(_SPLITS, overviews, strict=True)):
        if not overview.seen_count:
            continue
        overview.unseen = everything.unseen.share(part, shares)
        count = max(1, round(library.count * shares[part] / max(1, shares[0])))
        for found in of_library(overview, options.kinds, options.seed, count, templates):
            if isinstance(found, Rejected):
                leave_out(LeftOut(key="grounding", path=found.path, reason=found.reason))
            elif reason := fault(found, options.filters):
                leave_out(left_out_of(found, None, reason.key, reason.words))
            else:
                yield _with_system(found, system), name


def _with_system(example: Example, system: str) -> Example:
    return replace(example, messages=(Message("system", system), *example.messages)) if system else example

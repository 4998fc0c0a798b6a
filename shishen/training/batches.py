"""Which sequences are learned together, and the arrays that a model is given of them.

A plan is a function of lengths, settings, seed and epoch alone, so that a run that goes on, or one on several devices,
sees the same. A sequence is one of a store, named by (store, its number).

`bucketed`: sequences of like length, padded on the right; as attention looks only back, no mask is needed. `packed`:
one behind the other in one row, positions counted anew in each, attention kept inside each (`segments`).
"""

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from shishen.training.run_config import BatchTable

if TYPE_CHECKING:
    import numpy
    import torch

    from shishen.training.token_store import TokenStore

# (store, number in it)
Place = tuple[int, int]
# Sequences are put side by side by length among so many batches' worth, so that what follows what stays a matter of
# chance.
_WINDOW = 64
# Widths are multiples of this. A processor compiles a kernel for each shape of bf16 that it meets, and keeps them all:
# with every width as it comes a run on 5 million parameters held 3.5 GB after 400 steps, with these 1.3 GB.
WIDTH_STEP = 16


class Batch(Struct, frozen=True, kw_only=True):
    """What a model is given: ids [rows, width], positions likewise, ends of the segments of a packed row, else None.

    `chosen` are the places in the flattened ids whose next token is learned, `targets` these tokens.
    """

    ids: "torch.Tensor"
    positions: "torch.Tensor"
    segments: tuple[int, ...] | None
    chosen: "torch.Tensor"
    targets: "torch.Tensor"

    @property
    def tokens(self) -> int:
        """Tokens that are computed, padding counted."""
        return int(self.ids.numel())


def epoch_places(sizes: Sequence[int], share: float, seed: int, epoch: int) -> list[Place]:
    """The sequences of an epoch: all of the first store, and of the others so many that `share` of all is theirs.

    Old ones are drawn in an order of chance that goes on from epoch to epoch, so that in time all are seen.
    """
    places = [(0, n) for n in range(sizes[0])]
    old = [(store, n) for store in range(1, len(sizes)) for n in range(sizes[store])]
    if old and share > 0:
        wanted = round(sizes[0] * share / (1 - share))
        begin = wanted * epoch
        rounds: dict[int, list[Place]] = {}
        for n in range(begin, begin + wanted):
            lap, place = divmod(n, len(old))
            if lap not in rounds:
                rounds[lap] = random.Random(f"replay {seed} {lap}").sample(old, len(old))
            places.append(rounds[lap][place])
    return places


def plan(
    places: Sequence[Place], lengths: Sequence["numpy.ndarray[Any, Any]"], table: BatchTable, seed: int, epoch: int
) -> list[list[list[Place]]]:
    """The steps of an epoch: each some batches, each some sequences. The last step may hold fewer batches."""
    chance = random.Random(f"plan {seed} {epoch}")
    order = list(places)
    chance.shuffle(order)
    sizes = {place: int(lengths[place[0]][place[1]]) for place in order}
    if table.layout == "bucketed":
        mean = max(1, sum(sizes.values()) // max(1, len(sizes)))
        window = max(1, (table.examples or max(1, table.tokens // mean)) * _WINDOW)
        order = [
            p for at in range(0, len(order), window) for p in sorted(order[at : at + window], key=sizes.__getitem__)
        ]
    batches: list[list[Place]] = []
    current: list[Place] = []
    filled = 0
    for place in order:
        size = sizes[place]
        cost = max(filled, size) * (len(current) + 1) if table.layout == "bucketed" else filled + size
        if current and (cost > table.tokens or (table.examples and len(current) == table.examples)):
            batches.append(current)
            current, filled = [], 0
        current.append(place)
        filled = max(filled, size) if table.layout == "bucketed" else filled + size
    if current:
        batches.append(current)
    chance.shuffle(batches)
    return [batches[at : at + table.accumulation] for at in range(0, len(batches), table.accumulation)]


def collate(places: Sequence[Place], stores: Sequence["TokenStore"], layout: str, padding: int) -> Batch:
    """The arrays of one batch, on the CPU."""
    import numpy
    import torch

    found = [stores[store][n] for store, n in places]
    sizes = [len(ids) for ids, _ in found]
    if layout == "packed":
        ids = numpy.concatenate([ids for ids, _ in found]).astype(numpy.int64)[None]
        positions = numpy.concatenate([numpy.arange(size) for size in sizes])[None]
        ends = tuple(int(end) for end in numpy.cumsum(sizes))
        begins = [0, *ends[:-1]]
    else:
        width = -(-max(sizes) // WIDTH_STEP) * WIDTH_STEP
        ids = numpy.full((len(found), width), padding, numpy.int64)
        for row, (tokens, _) in enumerate(found):
            ids[row, : len(tokens)] = tokens
        positions = numpy.broadcast_to(numpy.arange(width), ids.shape).copy()
        ends = ()
        begins = [row * width for row in range(len(found))]
    chosen, targets = [], []
    for begin, (tokens, learned) in zip(begins, found, strict=True):
        next_learned = numpy.flatnonzero(learned[1:])
        chosen.append(begin + next_learned)
        targets.append(tokens[1:][next_learned])
    return Batch(
        ids=torch.from_numpy(ids),
        positions=torch.from_numpy(positions),
        segments=ends or None,
        chosen=torch.from_numpy(numpy.concatenate(chosen).astype(numpy.int64)),
        targets=torch.from_numpy(numpy.concatenate(targets).astype(numpy.int64)),
    )

"""Drawing: a few examples of a file of any size to ask models, by seed, spread over kinds and dishes.

An example's turn in the draw is a hash of the seed and its id, so that neither the order of a file nor what else is in
it changes who comes before whom. Of each kind only the first few are kept while the file streams through.
"""

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterable

from shishen.examples import Example

# A file with more kinds has ids in that place; those beyond are drawn as one.
MOST_KINDS = 200


def draw(examples: Iterable[Example], count: int, seed: int = 0) -> list[Example]:
    """At most `count` examples, each id once: one of each kind in turn, of dishes that were asked about least."""
    # The greatest of the kept stands first in a heap of negated turns.
    kept: dict[str, list[tuple[int, str, Example]]] = {}
    seen: dict[str, set[str]] = {}
    for example in examples:
        kind = example.kind if example.kind in kept or len(kept) < MOST_KINDS else ""
        here, ids = kept.setdefault(kind, []), seen.setdefault(kind, set())
        if example.id in ids:
            continue
        entry = (-_turn(example, seed), example.id, example)
        if len(here) < count:
            heapq.heappush(here, entry)
        elif here and entry[:2] > here[0][:2]:
            ids.discard(heapq.heapreplace(here, entry)[1])
        else:
            continue
        ids.add(example.id)
    return _in_turns(kept, count)


def _in_turns(kept: dict[str, list[tuple[int, str, Example]]], count: int) -> list[Example]:
    """One of each kind after another, until there are enough or none are left."""
    waiting = {kind: [entry[2] for entry in sorted(kept[kind], reverse=True)] for kind in sorted(kept)}
    chosen: list[Example] = []
    asked: Counter[tuple[str, ...]] = Counter()
    while len(chosen) < count and any(waiting.values()):
        for those in waiting.values():
            if those and len(chosen) < count:
                at = min(range(len(those)), key=lambda n: (asked[those[n].recipes], n))
                example = those.pop(at)
                asked[example.recipes] += 1
                chosen.append(example)
    return chosen


def _turn(example: Example, seed: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed}\0{example.id}".encode(), digest_size=8).digest())

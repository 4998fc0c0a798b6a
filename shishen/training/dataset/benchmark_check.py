"""The check of examples for questions of benchmarks, and what the card says of it."""

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from shishen.examples import Example, Split
from shishen.training.card.tally import Benchmarks, Overlap
from shishen.training.quality.benchmarks import read_benchmarks
from shishen.training.quality.contamination import Contamination, Hit

_MOST_SHOWN = 20


class BenchmarkCheck:
    """Looks for the questions of files in examples; without files everything passes.

    Raises NotFound, UnreadableFile as soon as it is made.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._questions = read_benchmarks(map(Path, paths))
        self._contamination = Contamination(self._questions) if self._questions else None
        self._hits = 0
        self._overlaps: list[Overlap] = []

    def checked(self, stream: Iterable[tuple[Example, Split]]) -> Iterator[tuple[Example, Split, Hit | None]]:
        """Every example with its split and the question that it holds, or None."""
        if self._contamination is None:
            yield from ((example, split, None) for example, split in stream)
            return
        splits: deque[Split] = deque()

        def examples() -> Iterator[Example]:
            for example, split in stream:
                splits.append(split)
                yield example

        for example, hit in self._contamination.check(examples()):
            self._count(hit)
            yield example, splits.popleft(), hit

    def hit_of(self, example: Example) -> Hit | None:
        """The question that one example holds, or None."""
        if self._contamination is None:
            return None
        ((_, hit),) = self._contamination.check([example])
        self._count(hit)
        return hit

    def for_card(self) -> Benchmarks | None:
        """What was checked and found so far; None where there are no files."""
        if self._contamination is None:
            return None
        return Benchmarks(
            files=len({question.path for question in self._questions}),
            questions=len(self._questions),
            unchecked=self._contamination.unchecked,
            hits=self._hits,
            overlaps=tuple(self._overlaps),
        )

    def _count(self, hit: Hit | None) -> None:
        if hit is None:
            return
        self._hits += 1
        if len(self._overlaps) < _MOST_SHOWN:
            place = f"{Path(hit.question.path).name} 第 {hit.question.row} 题"
            self._overlaps.append(Overlap(place, hit.question.text, hit.text))

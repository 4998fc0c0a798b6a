"""Numbers of a dataset, gathered while its examples stream by, in memory that does not grow with it."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from shishen.examples import SPLITS, Example, Split
from shishen.records import Message

# Ten bins a decade (the Renard series R10), whole numbers; the same for every dataset, so that cards compare.
EDGES = (
    *(0, 1, 2, 3, 4, 5, 6, 8),
    *(round(base * 10**power) for power in range(1, 7) for base in (1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8)),
)
OTHERS = "其他"
# A corpus may give every line its own source; so many are told apart.
_MOST_NAMES = 2_000
_MOST_SHOWN = 30
_MOST_SAMPLES = 24
_SAMPLES_A_KIND = 2


class Bin(Struct, frozen=True):
    """How many lengths are `least` or more, and fewer than `below`."""

    least: int
    below: int
    count: int


class Distribution(Struct, frozen=True, kw_only=True):
    """Lengths in numbers; quantiles are exact, of the nearest rank. `bins` go from the shortest to the longest."""

    count: int
    mean: float
    median: int
    p90: int
    p99: int
    longest: int
    bins: tuple[Bin, ...]


class Sample(Struct, frozen=True, kw_only=True):
    """An example as the card shows it."""

    id: str
    kind: str
    split: Split
    messages: tuple[Message, ...]


class Documents(Struct, frozen=True, kw_only=True):
    """The documents (dishes) that the examples were made from: how they were split, and how they cluster.

    `clustered` is how many are near-equal to another one, `largest` the size of the largest cluster;
    `near_duplicates` were left out beforehand and are in none of the other numbers.
    """

    train: int
    dev: int
    test: int
    withheld: int
    clusters: int
    clustered: int
    largest: int
    titles: int | None = None
    near_duplicates: int = 0


class Overlap(Struct, frozen=True):
    """A benchmark's question found in an example: where the question stands, and both texts."""

    place: str
    question: str
    text: str


class Benchmarks(Struct, frozen=True, kw_only=True):
    """What was checked for benchmark questions: how many questions, of how many files, with how many hits."""

    files: int
    questions: int
    unchecked: int
    hits: int
    overlaps: tuple[Overlap, ...] = ()


class Card(Struct, frozen=True, kw_only=True):
    """Everything that the card says. Keys of `kinds` and `sources` are as in the examples, of `rejected` reasons.

    `settings` are what the dataset was made with, in words for the page; `notes` what the user should know.
    """

    name: str
    splits: dict[str, int]
    kinds: dict[str, dict[str, int]]
    sources: dict[str, int]
    rejected: dict[str, int]
    multi_turn: int
    with_system: int
    question_characters: Distribution
    answer_characters: Distribution
    tokens: Distribution | None = None
    tokenizer: str = ""
    duplicates: int = 0
    other_answers: int = 0
    documents: Documents | None = None
    benchmarks: Benchmarks | None = None
    settings: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    samples: tuple[Sample, ...] = ()


class Tally:
    """Takes examples as they are written and reasons as they fall; `card` gives the numbers so far.

    `count_tokens` gives the tokens of a whole example as it will be rendered; without it the card has no tokens.
    """

    def __init__(self, count_tokens: Callable[[Example], int] | None = None) -> None:
        self._count_tokens = count_tokens
        self._splits: Counter[str] = Counter()
        self._kinds: dict[str, Counter[str]] = {}
        self._sources: Counter[str] = Counter()
        self._rejected: Counter[str] = Counter()
        self._questions: Counter[int] = Counter()
        self._answers: Counter[int] = Counter()
        self._tokens: Counter[int] = Counter()
        self._samples: dict[str, list[Sample]] = {}
        self._multi_turn = 0
        self._with_system = 0

    def take(self, example: Example, split: Split) -> None:
        """Take note of an example that was written to a split."""
        self._splits[split] += 1
        kind = example.kind if example.kind in self._kinds or len(self._kinds) < _MOST_NAMES else OTHERS
        self._kinds.setdefault(kind, Counter())[split] += 1
        source = example.source
        self._sources[source if source in self._sources or len(self._sources) < _MOST_NAMES else OTHERS] += 1
        turns = example.turns
        for question, answer in turns:
            self._questions[len(question)] += 1
            self._answers[len(answer)] += 1
        self._multi_turn += len(turns) > 1
        self._with_system += bool(example.system)
        if self._count_tokens:
            self._tokens[self._count_tokens(example)] += 1
        self._sample(example, kind, split)

    def reject(self, key: str) -> None:
        """Take note of an example that was left out, by the key of its reason."""
        self._rejected[key] += 1

    def card(
        self,
        name: str,
        *,
        tokenizer: str = "",
        duplicates: int = 0,
        other_answers: int = 0,
        documents: Documents | None = None,
        benchmarks: Benchmarks | None = None,
        settings: Mapping[str, str] | None = None,
        notes: Iterable[str] = (),
    ) -> Card:
        """The card of what was taken so far, with what others have counted."""
        each = _SAMPLES_A_KIND if len(self._samples) * _SAMPLES_A_KIND <= _MOST_SAMPLES else 1
        samples = [sample for kind in sorted(self._samples) for sample in self._samples[kind][:each]]
        return Card(
            name=name,
            splits={split: self._splits[split] for split in SPLITS},
            kinds={kind: dict(counts) for kind, counts in _largest(self._kinds, lambda c: c.total())},
            sources=_shortened(self._sources),
            rejected=dict(self._rejected.most_common()),
            multi_turn=self._multi_turn,
            with_system=self._with_system,
            question_characters=distribution(self._questions),
            answer_characters=distribution(self._answers),
            tokens=distribution(self._tokens) if self._count_tokens else None,
            tokenizer=tokenizer,
            duplicates=duplicates,
            other_answers=other_answers,
            documents=documents,
            benchmarks=benchmarks,
            settings=dict(settings or {}),
            notes=tuple(notes),
            samples=tuple(samples),
        )

    def _sample(self, example: Example, kind: str, split: Split) -> None:
        # Ids are hashes: the least ones are a sample that does not hang on the order.
        kept = self._samples.get(kind)
        if kept is None:
            if len(self._samples) == _MOST_SAMPLES:
                return
            kept = self._samples[kind] = []
        if len(kept) < _SAMPLES_A_KIND or example.id < kept[-1].id:
            kept.append(Sample(id=example.id, kind=kind, split=split, messages=example.messages))
            kept.sort(key=lambda sample: sample.id)
            del kept[_SAMPLES_A_KIND:]


def distribution(lengths: Mapping[int, int]) -> Distribution:
    """The distribution of lengths, each with how often it came."""
    ordered = sorted(lengths.items())
    count = sum(lengths.values())
    if not count:
        return Distribution(count=0, mean=0.0, median=0, p90=0, p99=0, longest=0, bins=())
    bins: Counter[int] = Counter()
    for length, times in ordered:
        bins[bisect_right(EDGES, length) - 1] += times
    return Distribution(
        count=count,
        mean=sum(length * times for length, times in ordered) / count,
        median=_quantile(ordered, count, 0.5),
        p90=_quantile(ordered, count, 0.9),
        p99=_quantile(ordered, count, 0.99),
        longest=ordered[-1][0],
        bins=tuple(
            Bin(EDGES[n], EDGES[n + 1] if n + 1 < len(EDGES) else ordered[-1][0] + 1, bins[n])
            for n in range(min(bins), max(bins) + 1)
        ),
    )


def _quantile(ordered: list[tuple[int, int]], count: int, share: float) -> int:
    passed = 0
    for length, times in ordered:
        passed += times
        if passed >= share * count:
            return length
    return ordered[-1][0]


def _largest(
    counted: Mapping[str, Counter[str]], size: Callable[[Counter[str]], int]
) -> list[tuple[str, Counter[str]]]:
    return sorted(counted.items(), key=lambda pair: (-size(pair[1]), pair[0]))


def _shortened(counts: Counter[str]) -> dict[str, int]:
    """The most common names; the rest as one."""
    common = [(name, count) for name, count in counts.most_common() if name != OTHERS]
    rest = sum(count for _, count in common[_MOST_SHOWN:]) + counts[OTHERS]
    return dict(common[:_MOST_SHOWN]) | ({OTHERS: rest} if rest else {})

"""Contamination: do examples hold the questions of a benchmark that the model will be judged by?

An example is contaminated that has 13 characters in a row of a question, counted without spaces and punctuation. The
criterion is GPT-3's, of 13 words (Brown et al. 2020, appendix C, https://arxiv.org/abs/2005.14165), taken by
characters as Chinese has no words to count; as there, n-grams that stand in more than ten questions (「下列说法中正确
的是…」) tell nothing and are left out. A question with fewer characters, or without any telling n-gram, counts where
the example holds it whole with all of its options.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
from msgspec import Struct

from shishen.examples import Example
from shishen.training.quality.benchmarks import BenchmarkQuestion
from shishen.training.quality.characters import Grams, characters_of, grams_of

LENGTH = 13
# Of a short question so many characters are looked for first, and then the whole of it.
ANCHOR = 4
_COMMON = 10
_FILTER_BITS = np.uint64((1 << 24) - 1)
_BATCH = 1024
_BATCH_CHARACTERS = 500_000


class Hit(Struct, frozen=True, kw_only=True):
    """A question found in an example: both texts, and the share of the question's telling n-grams that are there."""

    question: BenchmarkQuestion
    example_id: str
    text: str
    share: float

    @property
    def words(self) -> str:
        """The reason, for `rejected.jsonl`."""
        place = f"{self.question.path} 第 {self.question.row} 题，{self.share:.0%}"
        return f"和评测题重合（{place}）：{self.question.text[:60]}"


class _Index(Struct, frozen=True):
    """Hashes in order, each with the number of the question that it is of, and a filter that most texts stop at."""

    hashes: "np.ndarray[tuple[int], np.dtype[np.uint64]]"
    questions: "np.ndarray[tuple[int], np.dtype[np.int64]]"
    filter: "np.ndarray[tuple[int], np.dtype[np.bool_]]"

    def found(self, grams: Grams) -> Iterator[tuple[int, int, int]]:
        """(text, hash, question) of every gram that is in the index."""
        maybe = np.flatnonzero(self.filter[(grams.hashes & _FILTER_BITS).astype(np.int64)])
        hashes = grams.hashes[maybe]
        first, last = np.searchsorted(self.hashes, hashes, "left"), np.searchsorted(self.hashes, hashes, "right")
        for place in np.flatnonzero(last > first):
            for question in self.questions[first[place] : last[place]]:
                yield int(grams.texts[maybe[place]]), int(hashes[place]), int(question)


class Contamination:
    """Looks for the questions of benchmarks in examples.

    `unchecked` counts the questions that are too short to be told: of fewer than four characters.
    """

    def __init__(self, questions: Sequence[BenchmarkQuestion]) -> None:
        self.questions = questions
        self._counts, self._long = _telling(questions)
        self._plain = [_plain([q.text, *q.options]) for q in questions]
        # A short one may be told by its filled blank alone; the question itself is looked for as a whole.
        bare = [n for n, count in enumerate(self._counts) if not count or len(self._plain[n][0]) < LENGTH]
        short = [n for n in bare if len(self._plain[n][0]) >= ANCHOR]
        self.unchecked = sum(not self._counts[n] and len(self._plain[n][0]) < ANCHOR for n in bare)
        anchors = grams_of(characters_of([self._plain[n][0][:ANCHOR] for n in short]), ANCHOR)
        self._short = _index(anchors.hashes, np.array(short, np.int64))

    def check(self, examples: Iterable[Example]) -> Iterator[tuple[Example, Hit | None]]:
        """Every example in order, with the question that it holds most of, or None."""
        stream = iter(examples)
        while batch := _batch(stream):
            texts = ["\n".join(m.content for m in e.messages if m.role != "system") for e in batch]
            best = self._best(texts)
            for number, (example, text) in enumerate(zip(batch, texts, strict=True)):
                if number not in best:
                    yield example, None
                    continue
                question, share = best[number]
                yield example, Hit(question=self.questions[question], example_id=example.id, text=text, share=share)

    def _best(self, texts: list[str]) -> dict[int, tuple[int, float]]:
        """Of each text that holds a question the question that it holds most of, with the share."""
        characters = characters_of(texts)
        found: dict[int, dict[int, set[int]]] = {}
        for text, value, question in self._long.found(grams_of(characters, LENGTH)):
            found.setdefault(text, {}).setdefault(question, set()).add(value)
        best = {
            text: max(
                ((q, len(values) / self._counts[q]) for q, values in by.items()), key=lambda pair: (pair[1], -pair[0])
            )
            for text, by in found.items()
        }
        plain: dict[int, str] = {}
        for text, _, question in self._short.found(grams_of(characters, ANCHOR)):
            if text in best:
                continue
            if text not in plain:
                plain[text] = _plain([texts[text]])[0]
            whole = self._plain[question]
            # Without options a short question is a phrase of the language.
            if len(whole) > 1 and all(part in plain[text] for part in whole):
                best[text] = question, 1.0
        return best


def _telling(questions: Sequence[BenchmarkQuestion]) -> tuple[list[int], _Index]:
    """How many telling n-grams each question has, and the index of these."""
    texts = [text for q in questions for text in (q.text, q.filled)]
    grams = grams_of(characters_of(texts), LENGTH)
    # A question in two files, or with its blank filled, holds an n-gram once.
    of = grams.texts // 2
    pairs = np.unique(np.stack((grams.hashes, of.astype(np.uint64)), axis=1), axis=0)
    _, number, holders = np.unique(pairs[:, 0], return_inverse=True, return_counts=True)
    pairs = pairs[holders[number] <= _COMMON]
    counts = Counter(pairs[:, 1].tolist())
    return [counts[n] for n in range(len(questions))], _index(pairs[:, 0], pairs[:, 1].astype(np.int64))


def _index(
    hashes: "np.ndarray[tuple[int], np.dtype[np.uint64]]", questions: "np.ndarray[tuple[int], np.dtype[np.int64]]"
) -> _Index:
    order = np.argsort(hashes, kind="stable")
    table = np.zeros(int(_FILTER_BITS) + 1, np.bool_)
    table[(hashes & _FILTER_BITS).astype(np.int64)] = True
    return _Index(hashes[order], questions[order], table)


def _plain(texts: Sequence[str]) -> list[str]:
    """The texts as they are compared: letters and digits, one width, case and script; empty ones left out."""
    characters = characters_of(texts)
    codes = characters.codes.astype("<u4")
    parts = zip(characters.starts.tolist(), characters.lengths.tolist(), strict=True)
    whole = [codes[start : start + length].tobytes().decode("utf-32-le", "surrogatepass") for start, length in parts]
    return [whole[0], *(text for text in whole[1:] if text)]


def _batch(examples: Iterator[Example]) -> list[Example]:
    """The next examples, as many as fit into what is worked on at once."""
    batch: list[Example] = []
    size = 0
    for example in islice(examples, _BATCH):
        batch.append(example)
        size += sum(len(m.content) for m in example.messages)
        if size > _BATCH_CHARACTERS:
            break
    return batch

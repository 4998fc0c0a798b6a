"""Questions that were asked before in nearly the same words, in memory of some numbers a question.

Two questions are near where their pairs of letters agree in a share (Jaccard) of `THRESHOLD` or more and they ask of
the same: 第三条 and 第四条, 年假由谁批准 and 病假由谁批准 differ. Candidates share a pair that few questions have, so
that the work for one question does not grow with their number.
"""

from shishen.chinese import normalise
from shishen.training.documents.numbers import numbers_of
from shishen.training.quality.characters import characters_of, grams_of

# 公司的年假有多少天 and 公司年假有多少天 agree in 0.67.
THRESHOLD = 0.6
_LONGEST = 300
# A pair of letters that so many questions have tells none of them: 由谁, 多少.
_COMMON = 300
# What a question is asked with; what else two questions do not have in common is what they ask of.
_ASKING = frozenset(
    "的了吗呢吧啊呀是有多少几什么怎样如何哪些个谁请问按照依根据在里中内对于该应当须需要可能以会得让把被由为和与及一下时候"
    "到底究竟具体"
)


class NearQuestions:
    """The questions so far; `see` takes one in."""

    def __init__(self) -> None:
        self._questions: list[tuple[frozenset[int], frozenset[str], frozenset[str]]] = []
        self._by_gram: dict[int, list[int]] = {}
        self._whole: set[tuple[frozenset[int], frozenset[str]]] = set()

    def see(self, question: str) -> bool:
        """Whether the question is new; one that is near to another is not taken in."""
        question = question[:_LONGEST]
        grams = frozenset(grams_of(characters_of([question]), 2, short=True).hashes.tolist())
        numbers = numbers_of(question, strict=False)
        words = frozenset(c for c in normalise(question) if c.isalnum()) - _ASKING
        if (grams, numbers) in self._whole or any(
            self._near(self._questions[number], grams, words, numbers) for number in self._candidates(grams)
        ):
            return False
        for gram in grams:
            if len(held := self._by_gram.setdefault(gram, [])) < _COMMON:
                held.append(len(self._questions))
        self._questions.append((grams, words, numbers))
        self._whole.add((grams, numbers))
        return True

    def _candidates(self, grams: frozenset[int]) -> set[int]:
        lists = (self._by_gram.get(gram, []) for gram in grams)
        return {number for held in lists if len(held) < _COMMON for number in held}

    def _near(
        self,
        other: tuple[frozenset[int], frozenset[str], frozenset[str]],
        grams: frozenset[int],
        words: frozenset[str],
        numbers: frozenset[str],
    ) -> bool:
        its_grams, its_words, its_numbers = other
        if numbers != its_numbers or not (words <= its_words or its_words <= words):
            return False
        return len(grams & its_grams) >= THRESHOLD * len(grams | its_grams)

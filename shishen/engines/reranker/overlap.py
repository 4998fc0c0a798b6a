"""The share of a text that the query covers, by characters and syllables: which candidates deserve a closer look."""

from collections.abc import Sequence

from msgspec import Struct

from shishen.chinese import Tokens, tokens
from shishen.protocols import Reranker

EXTRA = None


class Options(Struct, frozen=True):
    """No options."""


class OverlapReranker:
    """The share of a text that the query covers: by bigrams, characters and sounds."""

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """One score in [0, 1] a text; 1 where the query holds every bigram of the text."""
        asked = tokens(query)
        return [_covered(asked, tokens(text)) for text in texts]


def _covered(asked: Tokens, named: Tokens) -> float:
    def share(part: list[str], whole: list[str]) -> float:
        held = set(whole)
        return sum(token in held for token in part) / len(part) if part else 0.0

    if not named.syllables:
        return 0.0
    sounds = share(named.syllables, asked.syllables)
    pairs = share(named.syllable_bigrams, asked.syllable_bigrams) if named.syllable_bigrams else sounds
    written = share(named.characters, asked.characters) if asked.characters else sounds
    return 0.4 * sounds + 0.35 * pairs + 0.25 * written


def build(options: Options) -> Reranker:  # noqa: ARG001
    """The reranker; it has no options."""
    return OverlapReranker()

"""The grounded answer as it was composed from the record, piece by piece; no model."""

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from shishen.protocols import Chat
from shishen.records import Answer, Message, Recipe

EXTRA = None

# A piece ends after a line or a sentence, as a reader takes it in.
_PIECE = re.compile(r".*?(?:\n+|[。！？；]|$)", re.DOTALL)


class Options(Struct, frozen=True):
    """No options."""


class Composer:
    """Says what was composed, word for word."""

    def phrase(
        self,
        messages: Sequence[Message],  # noqa: ARG002
        answer: Answer,
        recipes: Sequence[Recipe],  # noqa: ARG002
    ) -> Iterator[str]:
        """The answer's text in lines and sentences."""
        for piece in _PIECE.findall(answer.text):
            if piece:
                yield piece


def build(options: Options) -> Chat:  # noqa: ARG001
    """The composer; it has no options."""
    return Composer()

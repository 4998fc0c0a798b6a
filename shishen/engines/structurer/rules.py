"""What the rules of the domain found in each passage, as it is; no model, no cost."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from shishen.pages import Passage, Reading
from shishen.protocols import Cost, Structurer
from shishen.records import Rejected

EXTRA = None


class Options(Struct, frozen=True):
    """No options."""


class Rules:
    """Gives back the reading that each passage came with; a passage without one gives nothing."""

    def estimate(self, passages: Sequence[Passage]) -> Cost | None:  # noqa: ARG002
        """Nothing is sent."""
        return None

    def structure(self, passages: Iterable[Passage]) -> Iterator[Reading | Rejected]:
        """The readings in the order of their passages."""
        for passage in passages:
            if passage.reading is not None:
                yield passage.reading

    def spent(self) -> Cost | None:
        """Nothing was sent."""
        return None


def build(options: Options) -> Structurer:  # noqa: ARG001
    """The rules; they have no options."""
    return Rules()

"""The records themselves: JSON Lines, one recipe a line, every field as `shishen read --json` shows it."""

from collections.abc import Iterable
from typing import BinaryIO

import msgspec
from msgspec import Struct

from shishen.protocols import Writer
from shishen.records import Recipe

EXTRA = None


class Options(Struct, frozen=True):
    """No options."""


class JsonlWriter:
    """Writes one line a recipe."""

    def write(self, recipes: Iterable[Recipe], stream: BinaryIO) -> int:
        """Write every recipe; how many there were."""
        count = 0
        for count, recipe in enumerate(recipes, 1):  # noqa: B007
            stream.write(msgspec.json.encode(recipe) + b"\n")
        return count


def build(options: Options) -> Writer:  # noqa: ARG001
    """The writer; it has no options."""
    return JsonlWriter()

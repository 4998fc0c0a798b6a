"""The XiaChuFang corpus: JSON Lines of name, dish, recipeIngredient, recipeInstructions, author, keywords."""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from shishen.protocols import Reader
from shishen.records import Draft, DraftLine, DraftStep, Rejected, Source
from shishen.source_file import SourceFile

EXTRA = None


class Options(Struct, frozen=True):
    """No options."""


class Row(Struct):
    """One line of the corpus."""

    name: str
    recipeIngredient: list[str]
    recipeInstructions: list[str]
    dish: str = ""
    description: str | None = None
    author: str | None = None
    keywords: list[str] = []


class XiaChuFangReader:
    """Reads one recipe a line."""

    def recognises(self, file: SourceFile) -> bool:
        """Lines that are objects with the corpus's two lists, and no schema.org mark."""
        for line in file.head.split("\n", 20)[:20]:
            if line.startswith("{") and '"recipeIngredient"' in line and '"recipeInstructions"' in line:
                return '"@type"' not in line and '"@context"' not in line
        return False

    def read(self, file: SourceFile) -> Iterator[Draft | Rejected]:
        """One draft a line; a line that is broken is rejected and the rest goes on."""
        decoder = msgspec.json.Decoder(Row)
        for line in file.lines():
            if line.text is None:
                yield Rejected(path=file.label, line=line.number, reason=line.fault or "")
                continue
            try:
                row = decoder.decode(line.text)
            except msgspec.ValidationError as error:
                yield Rejected(path=file.label, line=line.number, reason=f"字段不对：{error}")
                continue
            except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
                yield Rejected(path=file.label, line=line.number, reason=f"不是完整的 JSON：{error}")
                continue
            yield Draft(
                title=row.name,
                source=Source(path=file.label, line=line.number, author=row.author),
                aliases=() if row.dish in ("", "Unknown", row.name) else (row.dish,),
                description=row.description or None,
                lines=tuple(DraftLine(text) for text in row.recipeIngredient),
                steps=tuple(DraftStep(text) for text in row.recipeInstructions),
                keywords=tuple(row.keywords),
            )


def build(options: Options) -> Reader:  # noqa: ARG001
    """The reader; it has no options."""
    return XiaChuFangReader()

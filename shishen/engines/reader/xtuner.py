"""XTuner conversations: `[{"conversation": [{system, input, output}]}]` in the plain XiaChuFang form."""

import ast
import re
from collections.abc import Iterator

import ijson
import msgspec
from msgspec import Struct

from shishen.errors import BadRecord
from shishen.protocols import Reader
from shishen.records import Draft, DraftLine, DraftStep, Rejected, Source
from shishen.source_file import SourceFile

EXTRA = None

_OUTPUT = re.compile(r"食材[:：]?\s*(\[.*\])\s*按以下方法制作[:：]?\s*(\[.*\])\s*$", re.DOTALL)


class Options(Struct, frozen=True):
    """No options."""


class Turn(Struct):
    """One turn; `system` is of no use here."""

    input: str
    output: str


class Row(Struct):
    """One conversation; a recipe is its first turn."""

    conversation: list[Turn]


class XTunerReader:
    """Reads one recipe a conversation, from a JSON array or from JSON Lines."""

    def recognises(self, file: SourceFile) -> bool:
        """A JSON file with conversations near its beginning."""
        head = file.head.lstrip()
        return head[:1] in ("[", "{") and '"conversation"' in head and '"output"' in head

    def read(self, file: SourceFile) -> Iterator[Draft | Rejected]:
        """One draft a conversation; `line` is the line, or in an array the item, from 1."""
        rows = self._array(file) if file.head.lstrip().startswith("[") else self._lines(file)
        for number, row in rows:
            if isinstance(row, Rejected):
                yield row
                continue
            try:
                yield _draft(row, Source(path=file.label, line=number))
            except BadRecord as error:
                yield Rejected(path=file.label, line=number, reason=str(error))

    def _array(self, file: SourceFile) -> Iterator[tuple[int, Row | Rejected]]:
        number = 0
        encoded = file.encoding not in ("utf-8", None)
        try:
            # A corpus of any size streams through; another encoding than UTF-8 is read whole, within its limit.
            stream = file.text().encode() if encoded else file.path.open("rb")
            for item in ijson.items(stream, "item", use_float=True):
                number += 1
                try:
                    yield number, msgspec.convert(item, Row)
                except msgspec.ValidationError as error:
                    yield number, Rejected(path=file.label, line=number, reason=f"字段不对：{error}")
        except (ijson.JSONError, UnicodeDecodeError) as error:
            # The array cannot be followed past the break; what came before it stands.
            reason = f"第 {number + 1} 项起不是完整的 JSON：{error}"
            yield number + 1, Rejected(path=file.label, line=number + 1, reason=reason)

    def _lines(self, file: SourceFile) -> Iterator[tuple[int, Row | Rejected]]:
        for line in file.lines():
            if line.text is None:
                yield line.number, Rejected(path=file.label, line=line.number, reason=line.fault or "")
                continue
            try:
                yield line.number, msgspec.json.decode(line.text, type=Row)
            except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as error:
                yield (
                    line.number,
                    Rejected(path=file.label, line=line.number, reason=f"不是完整的 JSON：{error}"),
                )


def _draft(row: Row, source: Source) -> Draft:
    if not row.conversation:
        raise BadRecord("对话是空的")
    turn = row.conversation[0]
    lists = _OUTPUT.search(turn.output)
    if not lists:
        raise BadRecord("回答里没有「您需要准备以下食材…按以下方法制作…」")
    return Draft(
        title=turn.input.strip(),
        source=source,
        lines=tuple(DraftLine(text) for text in _strings(lists[1])),
        steps=tuple(DraftStep(text) for text in _strings(lists[2])),
    )


def _strings(literal: str) -> list[str]:
    """A Python list of strings from its text, parsed as a literal and never evaluated."""
    try:
        value = ast.literal_eval(literal)
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise BadRecord(f"列表写坏了：{error}") from error
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise BadRecord("列表里有不是文字的东西")
    return value


def build(options: Options) -> Reader:  # noqa: ARG001
    """The reader; it has no options."""
    return XTunerReader()

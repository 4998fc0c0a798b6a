"""XTuner conversations: `[{"conversation": [{system, input, output}]}]` in the plain XiaChuFang form."""

import ast
import re
import warnings
from collections.abc import Iterator
from typing import Any, BinaryIO

import ijson
import msgspec
from msgspec import Struct

from shishen.errors import BadRecord, UnreadableFile
from shishen.protocols import Reader
from shishen.records import Draft, DraftLine, DraftStep, Rejected, Source
from shishen.source_file import SourceFile

EXTRA = None

# A conversation is three deep. No reader of JSON may be made to climb to any depth that a file likes.
_DEEPEST = 32
_NEEDED = re.compile(r"食材[:：]?\s*(?=\[)")
_METHOD = "按以下方法制作"


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
        """One draft a conversation; `line` is the line, or in an array the item, from 1.

        Raises UnreadableFile where an array breaks off; what came before the break stands.
        """
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
        with file.stream() as stream:
            try:
                for item in _items(stream, int(file.limits.line_mb * 1_000_000)):
                    number += 1
                    try:
                        yield number, msgspec.convert(item, Row)
                    except msgspec.ValidationError as error:
                        yield number, Rejected(path=file.label, line=number, reason=f"字段不对：{error}")
            except (ijson.JSONError, UnicodeDecodeError, BadRecord) as error:
                # A fault of the whole file, so that nothing behind the break is taken for gone.
                # The parser quotes what it stumbled over, as bytes where that is no text; its first line says enough.
                said = error.args[0] if error.args else ""
                reason = (said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)).split("\n")[0]
                raise UnreadableFile(
                    f"{file.label} 第 {number + 1} 项起不是完整的 JSON：{reason.strip(' .')}。"
                ) from error

    def _lines(self, file: SourceFile) -> Iterator[tuple[int, Row | Rejected]]:
        for line in file.lines():
            if line.text is None:
                yield line.number, Rejected(path=file.label, line=line.number, reason=line.fault or "")
                continue
            try:
                yield line.number, msgspec.json.decode(line.text, type=Row)
            except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as error:
                fault = "字段不对" if isinstance(error, msgspec.ValidationError) else "不是完整的 JSON"
                yield line.number, Rejected(path=file.label, line=line.number, reason=f"{fault}：{error}")


class _Metered:
    """A stream that counts what was read of one item. Raises BadRecord over the limit."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self._stream, self._limit = stream, limit
        self.read_of_item = 0

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self.read_of_item += len(data)
        # The parser reads ahead by a buffer, which is no part of a long item yet.
        if self.read_of_item > self._limit + size:
            raise BadRecord(f"这一项超过 {self._limit / 1e6:g} MB")
        return data


def _items(stream: BinaryIO, limit: int) -> Iterator[Any]:
    """The items of a JSON array, one at a time. Raises BadRecord where one is too deep or over `limit` bytes."""
    metered = _Metered(stream, limit)
    depth = 0
    builder = ijson.ObjectBuilder()
    # ijson.items would keep the path to where it stands, whose memory grows with the square of the depth.
    for event, value in ijson.basic_parse(metered, use_float=True):
        depth -= event in ("end_map", "end_array")
        if depth:
            builder.event(event, value)
            if depth == 1 and event not in ("start_map", "start_array"):
                yield builder.value
                metered.read_of_item = 0
                builder = ijson.ObjectBuilder()
        depth += event in ("start_map", "start_array")
        if depth > _DEEPEST:
            raise BadRecord("嵌套太深")


def _draft(row: Row, source: Source) -> Draft:
    if not row.conversation:
        raise BadRecord("对话是空的")
    turn = row.conversation[0]
    before, _, method = turn.output.rpartition(_METHOD)
    needed = _NEEDED.search(before)
    if not needed:
        raise BadRecord("回答里没有「您需要准备以下食材…按以下方法制作…」")
    return Draft(
        title=turn.input.strip(),
        source=source,
        lines=tuple(DraftLine(text) for text in _strings(before[needed.end() :])),
        steps=tuple(DraftStep(text) for text in _strings(method.lstrip(":： \n"))),
    )


def _strings(literal: str) -> list[str]:
    """A Python list of strings from its text, parsed as a literal and never evaluated."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a lone backslash is the author's, not ours
            value = ast.literal_eval(literal.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise BadRecord("食材或步骤的列表写坏了") from error
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise BadRecord("食材或步骤的列表里有不是文字的东西")
    try:
        "".join(value).encode()
    except UnicodeEncodeError as error:
        raise BadRecord("列表里有半个字符，存不下") from error
    return value


def build(options: Options) -> Reader:  # noqa: ARG001
    """The reader; it has no options."""
    return XTunerReader()

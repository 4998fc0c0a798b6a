"""The rows of a file of training data, whatever its format, from JSON Lines or an array, streaming."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from shishen.errors import BadRecord, UnreadableFile
from shishen.examples import LONGEST_LINE
from shishen.source_file import Limits, SourceFile
from shishen.training.formats.json_array import array_items

R = TypeVar("R")


class Fault(Struct, frozen=True):
    """A row that is not of its format, with the reason."""

    reason: str


def open_rows(path: Path) -> SourceFile:
    """A file of rows, opened. Raises UnreadableFile where it is empty or cannot be opened."""
    return SourceFile(path, limits=Limits(line_mb=LONGEST_LINE / 1_000_000))


def place_of(file: SourceFile, number: int) -> str:
    """Where a row stands, in words: a line, or an item of an array."""
    return f"第 {number} 项" if _is_array(file) else f"第 {number} 行"


def read_rows(file: SourceFile, row: type[R]) -> Iterator[tuple[int, R | Fault]]:
    """Each row as the type wanted, with its number from 1: of the line, or in an array of the item.

    Raises UnreadableFile where an array breaks off or the file is no text.
    """
    return _array(file, row) if _is_array(file) else _lines(file, row)


def _is_array(file: SourceFile) -> bool:
    return file.head.lstrip().startswith("[")


def _array(file: SourceFile, row: type[R]) -> Iterator[tuple[int, R | Fault]]:
    number = 0
    with file.stream() as stream:
        try:
            for item, fault in array_items(stream, LONGEST_LINE):
                number += 1
                try:
                    yield number, Fault(fault) if fault else msgspec.convert(item, row)
                except msgspec.ValidationError as error:
                    yield number, Fault(f"字段不对：{error}")
        except BadRecord as error:
            raise UnreadableFile(
                f"{file.label} 从第 {number + 1} 项起读不下去（{error}）；请修好这一项，或重新下载。"
            ) from error


def _lines(file: SourceFile, row: type[R]) -> Iterator[tuple[int, R | Fault]]:
    decoder = msgspec.json.Decoder(row)
    for line in file.lines():
        if line.text is None:
            yield line.number, Fault(line.fault or "")
            continue
        try:
            yield line.number, decoder.decode(line.text)
        except msgspec.ValidationError as error:
            yield line.number, Fault(f"字段不对：{error}")
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            yield line.number, Fault(f"不是完整的 JSON：{error}")

"""Which format a file of training data is in, by its first rows."""

from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from shishen.errors import BadRecord, ShishenError
from shishen.records import Message
from shishen.training.formats import Format, formats
from shishen.training.formats.rows import Fault, open_rows, read_rows

_ROWS = 20


def detect(path: Path) -> Format:
    """The format that most of the first rows are in.

    Formats that read the same dialogues from them are one and the same for this file: the one that knows more of its
    fields is taken (ours before OpenAI's), then the first by name. Raises ShishenError where no format fits, and
    where several read it differently, naming them.
    """
    file = open_rows(path)
    rows = [row for _, row in islice(read_rows(file, dict[str, Any]), _ROWS) if not isinstance(row, Fault)]
    read = {format.name: _reading(format, rows) for format in formats().values()}
    best = max(_score(reading) for reading in read.values())
    if best == (0, 0):
        raise ShishenError(f"看不出 {path} 是什么格式；请用 --from 指明，可用：{'、'.join(read)}。")
    names = [name for name, reading in read.items() if _score(reading) == best]
    if any(read[name] != read[names[0]] for name in names):
        raise ShishenError(f"{path} 可能是 {'、'.join(names)} 格式，分不清；请用 --from 指明。")
    # `max` keeps the first of equals, and formats are sorted by name.
    return formats()[max(names, key=lambda name: _fields_known(formats()[name], rows))]


def _reading(format: Format, rows: list[dict[str, Any]]) -> list[tuple[Message, ...] | str]:
    """The dialogue of each row that has the format's fields, or what is wrong with it."""
    reading: list[tuple[Message, ...] | str] = []
    for row in rows:
        try:
            reading.append(format.messages_of(msgspec.convert(row, format.row)))
        except msgspec.ValidationError:
            continue
        except BadRecord as error:
            reading.append(str(error))
    return reading


def _score(reading: list[tuple[Message, ...] | str]) -> tuple[int, int]:
    """How many rows have the format's fields, and how many of these make sense."""
    return len(reading), sum(not isinstance(dialogue, str) for dialogue in reading)


def _fields_known(format: Format, rows: list[dict[str, Any]]) -> int:
    known = set(format.row.__struct_encode_fields__)
    return sum(len(known & row.keys()) for row in rows)

"""The items of a JSON array of any size, one at a time, however it is broken."""

import codecs
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import ijson

from shishen.errors import BadRecord

# No reader of JSON may be made to climb to any depth that a file likes.
_DEEPEST = 32
# Stands for bytes that are no UTF-8, so that one broken item does not end the array: a code point that Unicode
# keeps for a program's own use and that no text has.
_BROKEN = "\ufdd0"
_HALVES = re.compile("[\ud800-\udfff]")


def array_items(stream: BinaryIO, longest: int) -> Iterator[tuple[Any, str]]:
    """Each item with '' or, where it is not text throughout, what is wrong with it.

    Raises BadRecord where the array cannot be read on: it breaks off, is not JSON, or an item is too deep or longer
    than `longest` bytes.
    """
    metered = _Metered(stream, longest)
    depth = 0
    builder = ijson.ObjectBuilder()
    try:
        # ijson.items would keep the path to where it stands, whose memory grows with the square of the depth.
        for event, value in ijson.basic_parse(metered, use_float=True):
            depth -= event in ("end_map", "end_array")
            if depth:
                builder.event(event, value)
                if depth == 1 and event not in ("start_map", "start_array"):
                    broken = metered.broken and _holds(builder.value, _BROKEN)
                    yield builder.value, "有不是 UTF-8 编码的字节" if broken else ""
                    metered.read_of_item = 0
                    builder = ijson.ObjectBuilder()
            depth += event in ("start_map", "start_array")
            if depth > _DEEPEST:
                raise BadRecord("嵌套太深")
    except (ijson.JSONError, UnicodeDecodeError) as error:
        # The parser quotes what it stumbled over; its first line says enough.
        said = error.args[0] if error.args else ""
        words = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise BadRecord(f"不是完整的 JSON：{words.partition(chr(10))[0].strip(' .')}") from error


class _Metered:
    """A stream of valid UTF-8 that counts what was read of one item. Raises BadRecord over the limit."""

    def __init__(self, stream: BinaryIO, longest: int) -> None:
        self._stream, self._longest = stream, longest
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self.read_of_item = 0
        self.broken = False

    def read(self, size: int) -> bytes:
        if not size:
            return b""
        text, data = "", b"more"
        # A piece that ends within a character may hold no whole one, which is not the end of the file.
        while data and not text:
            data = self._stream.read(size)
            text = self._decoder.decode(data, final=not data)
            self.read_of_item += len(data)
        # The parser reads ahead by a buffer, which is no part of a long item yet.
        if self.read_of_item > self._longest + size:
            raise BadRecord(f"这一项超过 {self._longest / 1e6:g} MB")
        try:
            return text.encode()
        except UnicodeEncodeError:
            self.broken = True
            return _HALVES.sub(_BROKEN, text).encode()


def _holds(value: object, mark: str) -> bool:
    """Whether a text anywhere in a value has a mark; values are no deeper than an item may be."""
    if isinstance(value, str):
        return mark in value
    if isinstance(value, dict):
        return any(_holds(part, mark) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(_holds(part, mark) for part in value)

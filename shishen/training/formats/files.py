"""Files of training data: read from any format, written in any, streaming and whole or not at all."""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from shishen.errors import BadRecord, ShishenError
from shishen.examples import Example, check_messages, example_id
from shishen.records import Message, Rejected
from shishen.source_file import SourceFile
from shishen.system_reason import reason_of
from shishen.training.formats import Continues, Format, formats
from shishen.training.formats.rows import Fault, open_rows, place_of, read_rows

# So many rows that are not of the format, and none that is, are a file of another one.
_PATIENCE = 20


def read_format(path: Path, format: Format) -> Iterator[Example | Rejected]:
    """Every example of a file, streaming; a row that is none is rejected with its line (or item) and the reason.

    Raises ShishenError where the file cannot be read or holds no row of the format.
    """
    file = open_rows(path)
    results = _examples(file, format)
    yield from _rejoined(results, format.continues) if format.continues else results


def write_format(examples: Iterable[Example], format: Format, target: Path) -> int:
    """Write all examples to a file of a format, and say how many; nothing is left behind where that fails.

    Raises ShishenError where the file cannot be written.
    """
    with staged_file(target) as stream:
        return write_rows(examples, format, stream)


def write_rows(examples: Iterable[Example], format: Format, stream: BinaryIO) -> int:
    """Write all examples to an open stream, a row a line in either layout, and say how many they were."""
    encoder = msgspec.json.Encoder()
    array = format.layout == "array"
    before = b"[\n" if array else b""
    count = 0
    for example in examples:
        for row in format.rows_of(example):
            try:
                stream.write(before + encoder.encode(row) + (b"" if array else b"\n"))
            except UnicodeEncodeError as error:
                raise ShishenError(
                    f"对话 {example.id} 里有坏的字符（不成对的代理字符），存不下；请先去掉它。"
                ) from error
            before = b",\n" if array else b""
        count += 1
    if array:
        stream.write(b"\n]\n" if count else b"[]\n")
    return count


@contextmanager
def staged_file(target: Path) -> Iterator[BinaryIO]:
    """A stream beside its place, moved there whole when all went well; else nothing is changed.

    Raises ShishenError where the disk does not take it.
    """
    name = ""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
        staged = Path(name)
        # mkstemp makes files that nobody else may read, which is not what a user expects of what he asked for.
        staged.chmod(0o666 & ~_umask())
        staged.replace(target)
        name = ""
    except OSError as error:
        raise ShishenError(f"写不了 {target}：{reason_of(error)}；请检查磁盘空间、权限和路径。") from error
    finally:
        if name:
            with suppress(OSError):
                Path(name).unlink()


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _examples(file: SourceFile, format: Format) -> Iterator[Example | Rejected]:
    # What is wrong with the first rows is held until one is right, so that a file of another format is one fault.
    held: list[Rejected] = []
    known = False
    for number, row in read_rows(file, format.row):
        if isinstance(row, Fault):
            rejected = Rejected(path=file.label, line=number, reason=row.reason)
            if known:
                yield rejected
                continue
            held.append(rejected)
            if len(held) == _PATIENCE:
                break
            continue
        known = True
        yield from held
        held.clear()
        try:
            yield _example(file, format.messages_of, row)
        except BadRecord as error:
            yield Rejected(path=file.label, line=number, reason=str(error))
    if held:
        first = held[0]
        where = place_of(file, first.line or 0)
        others = "、".join(formats())
        raise ShishenError(f"{file.label} 不是 {format.name} 格式（{where}：{first.reason}）；可用的格式：{others}。")
    if not known:
        raise ShishenError(f"{file.label} 里一条对话也没有；请换一个文件。")


def _example(file: SourceFile, messages_of: Callable[[Struct], tuple[Message, ...]], row: Struct) -> Example:
    messages = messages_of(row)
    check_messages(messages)
    # Ours keeps its id, kind and sources.
    return row if isinstance(row, Example) else Example(id=example_id(messages), messages=messages, source=file.label)


def _rejoined(results: Iterable[Example | Rejected], continues: Continues) -> Iterator[Example | Rejected]:
    """The same, with rows that go on with each other as one example: the last, which holds all that is said."""
    pending: Example | None = None
    for result in results:
        if pending and not (isinstance(result, Example) and continues(pending.messages, result.messages)):
            yield pending
            pending = None
        if isinstance(result, Example):
            pending = result
        else:
            yield result
    if pending:
        yield pending

"""A build under way: files that grow part by part, and a log of the parts that are whole."""

import hashlib
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack, suppress
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from shishen.errors import ShishenError
from shishen.examples import Example
from shishen.records import Recipe
from shishen.training.dataset.parts import PART, LeftOut, Made, Named, Part, PartOptions, Source, make_part
from shishen.training.quality.minhash import Signatures

# Its presence in a working folder says that it is that of a build.
IDENTITY = "identity"
Numbers = NDArray[np.int64]
# From this many recipes on several processes are worth their start.
_WORTH_PROCESSES = 3 * PART
# The files that grow, by the field of a part that each takes.
_FIELDS = {
    "examples": "examples.jsonl",
    "left_out": "left_out.jsonl",
    "sources": "sources.jsonl",
    "recipes": "recipes.jsonl",
    "signatures": "signatures.bin",
    "known": "known.bin",
    "titles": "titles.bin",
}
_NAMES = tuple(_FIELDS.values())
# Of another layout of these files nothing can be gone on with.
_LAYOUT = 2


class Work:
    """The folder that a build works in; one made of other recipes or with other options is begun anew."""

    def __init__(self, path: Path, fingerprint: str, options: PartOptions) -> None:
        self.path = path
        made_of = f"{_LAYOUT} {fingerprint}".encode() + msgspec.json.encode(options)
        identity = hashlib.blake2b(made_of, digest_size=16).hexdigest()
        self._options = options
        path.mkdir(parents=True, exist_ok=True)
        state = path / IDENTITY
        if not state.is_file() or state.read_text(encoding="ascii") != identity:
            for name in (*_NAMES, "parts.jsonl", "signatures.json"):
                (path / name).unlink(missing_ok=True)
            # It writes what the signatures are made with; the rows are made in the parts.
            Signatures(path).close()
            state.write_text(identity, encoding="ascii")
        self._done = self._whole_parts()
        self.documents = sum(part.documents for part in self._done)
        self.examples = sum(part.examples for part in self._done)

    def _whole_parts(self) -> "list[_Done]":
        """The parts that are whole; what was written after the last of them is cut off."""
        done: list[_Done] = []
        with suppress(FileNotFoundError), (self.path / "parts.jsonl").open("rb") as stream:
            for line in stream:
                with suppress(msgspec.DecodeError):
                    done.append(msgspec.json.decode(line, type=_Done))
        sizes = done[-1].sizes if done else dict.fromkeys(_NAMES, 0)
        for name in _NAMES:
            path = self.path / name
            path.touch()
            if path.stat().st_size < sizes[name]:
                # Written, but not there any more: begin anew.
                done = []
                sizes = dict.fromkeys(_NAMES, 0)
        for name in _NAMES:
            os.truncate(self.path / name, sizes[name])
        (self.path / "parts.jsonl").write_bytes(b"".join(msgspec.json.encode(part) + b"\n" for part in done))
        return done

    def make(self, sources: Iterable[Source], workers: int) -> Iterator[None]:
        """Make the parts that are missing, in order, and say when one is done. Raises ShishenError on other sources."""
        stream = iter(sources)
        for old in self._done:
            # Read again and passed over: reading is quick, and what is behind it must be found.
            if sum(1 for _ in islice(stream, old.sources)) < old.sources:
                raise ShishenError(f"{self.path} 是用别的菜谱做的；请删掉它再来。")
        with ExitStack() as stack:
            files = {name: stack.enter_context((self.path / name).open("ab")) for name in _NAMES}
            log = stack.enter_context((self.path / "parts.jsonl").open("ab"))
            for count, part in _parts(stream, self._options, workers):
                for field, name in _FIELDS.items():
                    files[name].write(getattr(part, field))
                    files[name].flush()
                done = _Done(
                    sources=count,
                    documents=part.documents,
                    examples=part.examples.count(b"\n"),
                    sizes={name: file.tell() for name, file in files.items()},
                )
                # Last: its presence means that the rest of the part is whole.
                log.write(msgspec.json.encode(done) + b"\n")
                log.flush()
                self._done.append(done)
                self.documents += done.documents
                self.examples += done.examples
                yield

    def made(self) -> Iterator[tuple[int, Example]]:
        """Every example with the number of its document among all."""
        decode = msgspec.json.Decoder(Made).decode
        with (self.path / "examples.jsonl").open("rb") as stream:
            first = 0
            for part in self._done:
                for line in islice(stream, part.examples):
                    made = decode(line)
                    yield first + made.document, made.example
                first += part.documents

    def recipes(self) -> Iterator[tuple[int, Recipe]]:
        """Every recipe with its number, where they were kept."""
        decode = msgspec.json.Decoder(Recipe).decode
        with (self.path / "recipes.jsonl").open("rb") as stream:
            yield from ((number, decode(line)) for number, line in enumerate(stream))

    def left_out(self) -> Iterator[LeftOut]:
        """Everything that was left out of the parts."""
        decode = msgspec.json.Decoder(LeftOut).decode
        with (self.path / "left_out.jsonl").open("rb") as stream:
            yield from (decode(line) for line in stream)

    def sources(self) -> Iterator[Named]:
        """The name and the place of every document, in order."""
        decode = msgspec.json.Decoder(Named).decode
        with (self.path / "sources.jsonl").open("rb") as stream:
            yield from (decode(line) for line in stream)

    def titles(self) -> Numbers:
        """The title of each document as a number; equal titles have equal ones."""
        return self._keys()[:, 0].copy()

    def dishes(self) -> Numbers:
        """The dish of each document as a number: titles that differ in numbers alone have equal ones."""
        return self._keys()[:, 1].copy()

    def _keys(self) -> Numbers:
        return np.fromfile(self.path / "titles.bin", "<i8").astype(np.int64, copy=False).reshape(-1, 2)


class _Done(Struct, frozen=True, kw_only=True):
    """A part that is whole: what it took and gave, and how long the files were after it."""

    sources: int
    documents: int
    examples: int
    sizes: dict[str, int]


def _parts(stream: Iterator[Source], options: PartOptions, workers: int) -> Iterator[tuple[int, Part]]:
    """Each part in order with how many sources it took; in this process where there are few."""
    workers = workers or os.cpu_count() or 1
    head = list(islice(stream, _WORTH_PROCESSES))
    if workers == 1 or len(head) < _WORTH_PROCESSES:
        yield from ((len(chunk), make_part(chunk, options)) for chunk in _chunks(head, stream))
        return
    # A process made anew holds no lock of a thread of ours, as a forked one might.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting: deque[tuple[int, Future[Part]]] = deque()
        try:
            for chunk in _chunks(head, stream):
                waiting.append((len(chunk), pool.submit(make_part, chunk, options)))
                if len(waiting) > 2 * workers:
                    count, future = waiting.popleft()
                    yield count, future.result()
            while waiting:
                count, future = waiting.popleft()
                yield count, future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _chunks(head: list[Source], stream: Iterator[Source]) -> Iterator[list[Source]]:
    for start in range(0, len(head), PART):
        chunk = head[start : start + PART]
        chunk += islice(stream, PART - len(chunk))
        yield chunk
    while chunk := list(islice(stream, PART)):
        yield chunk

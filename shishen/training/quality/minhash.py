"""Signatures of documents, from which their likeness is told: 128 numbers of 16 bits each, kept in a file.

One permutation hashing (Li, Owen, Zhang 2012, https://arxiv.org/abs/1208.1259) with optimal densification
(Shrivastava 2017, https://arxiv.org/abs/1703.04664): each shingle is hashed once and falls into one of the bins, a
bin keeps its least, an empty bin takes that of another which a fixed random order names. The share of bins that two
documents have in common estimates the Jaccard similarity of their shingles, with a deviation of
√(J(1−J)/128), 0.035 at 0.8. Of each least hash 16 bits are kept (Li, König 2010, https://arxiv.org/abs/0910.3349).
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from shishen.errors import ShishenError
from shishen.system_reason import reason_of
from shishen.training.quality.characters import characters_of, grams_of

BINS = 128
# Four characters are a word or two.
SHINGLE = 4
Signature = NDArray[np.uint16]

_BITS = np.uint64(64 - BINS.bit_length() + 1)
_NOTHING = np.uint32(0xFFFFFFFF)
# Texts at a time, and characters: what is worked on takes about 100 bytes a character.
_BATCH = 2048
_BATCH_CHARACTERS = 500_000
# A document of many pages is known by its beginning.
_LONGEST = 200_000


class _Header(Struct, frozen=True):
    """What the signatures were made with; others cannot be compared with them."""

    bins: int = BINS
    shingle: int = SHINGLE
    layout: int = 1


@cache
def _orders() -> NDArray[np.int64]:
    """For each bin the order in which it asks the others: a fixed random permutation, bins × bins."""
    generator = np.random.Generator(np.random.PCG64(20170313))
    return np.stack([generator.permutation(BINS) for _ in range(BINS)])


def signatures_of(texts: list[str]) -> tuple[Signature, NDArray[np.bool_]]:
    """The signature of each text (texts × BINS), and whether it has anything to tell it by."""
    grams = grams_of(characters_of(texts, numbers=True), SHINGLE, short=True)
    least = np.full(len(texts) * BINS, _NOTHING, np.uint32)
    bins = (grams.hashes >> _BITS).astype(np.int64) + grams.texts * BINS
    np.minimum.at(least, bins, grams.hashes.astype(np.uint32))
    table = least.reshape(len(texts), BINS)
    known = (table != _NOTHING).any(axis=1)
    return _densified(table, known).astype(np.uint16), known


def _densified(table: NDArray[np.uint32], known: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """The table with every empty bin filled from another one of its row; rows without any stay empty."""
    filled = table.copy()
    rows, bins = np.nonzero((table == _NOTHING) & known[:, None])
    for attempt in range(BINS):
        if not len(rows):
            break
        found = table[rows, _orders()[bins, attempt]]
        filled[rows, bins] = found
        still = found == _NOTHING
        rows, bins = rows[still], bins[still]
    return filled


class Signatures:
    """The signatures of documents in order, in the folder, appended to as they come: 257 bytes a document.

    A folder that is there already is gone on with, after the last whole batch in it, so that a run which was killed
    goes on from `len(signatures)`; one of another layout is begun anew.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "signatures.bin"
        self._known_path = folder / "known.bin"
        header = folder / "signatures.json"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            wanted = msgspec.json.encode(_Header())
            if not header.exists() or header.read_bytes() != wanted:
                self._path.unlink(missing_ok=True)
                self._known_path.unlink(missing_ok=True)
                header.write_bytes(wanted)
            self._file, self._known = self._path.open("ab"), self._known_path.open("ab")
            # A killed run may leave part of a row, or rows without their marks.
            self._count = min(self._file.tell() // (BINS * 2), self._known.tell())
            self._file.truncate(self._count * BINS * 2)
            self._known.truncate(self._count)
        except OSError as error:
            raise _unwritable(folder, error) from error

    def __len__(self) -> int:
        return self._count

    def __enter__(self) -> "Signatures":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the files; what was added stays."""
        self._file.close()
        self._known.close()

    def add(self, texts: Iterable[str]) -> None:
        """Append the signatures of the texts, streaming. Raises ShishenError where the disk is full."""
        waiting: list[str] = []
        size = 0
        for text in texts:
            waiting.append(text[:_LONGEST])
            size += len(waiting[-1])
            if size > _BATCH_CHARACTERS or len(waiting) == _BATCH:
                self._write(waiting)
                waiting, size = [], 0
        if waiting:
            self._write(waiting)

    def _write(self, texts: list[str]) -> None:
        table, known = signatures_of(texts)
        try:
            _append(self._file, table.astype("<u2").tobytes())
            _append(self._known, known.astype(np.uint8).tobytes())
        except OSError as error:
            raise _unwritable(self._path.parent, error) from error
        self._count += len(texts)

    def table(self) -> Signature:
        """All signatures, documents × BINS, mapped from the file and not read into memory."""
        if not self._count:
            return np.zeros((0, BINS), np.uint16)
        self._file.flush()
        return np.memmap(self._path, "<u2", "r", shape=(self._count, BINS))

    def known(self) -> NDArray[np.bool_]:
        """Of each document, whether it had a single letter to be told by."""
        self._known.flush()
        return np.fromfile(self._known_path, np.uint8, self._count).astype(np.bool_)


def likeness(table: Signature, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float32]:
    """The estimated Jaccard similarity of each pair of documents, by their numbers."""
    same: NDArray[np.int64] = np.count_nonzero(table[left] == table[right], axis=1)
    shares: NDArray[np.float32] = (same / BINS).astype(np.float32)
    return shares


def _append(file: BinaryIO, data: bytes) -> None:
    file.write(data)
    file.flush()


def _unwritable(folder: Path, error: OSError) -> ShishenError:
    return ShishenError(f"近似去重的临时文件写不进 {folder}：{reason_of(error)}；请腾出空间或换一个文件夹。")

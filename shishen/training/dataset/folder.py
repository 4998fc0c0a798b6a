"""The folder of a dataset: a file a split, or several of equal size; what was left out; the card; the manifest.

    train.jsonl (or train-00000.jsonl …)  dev.jsonl  test.jsonl   one `Example` a line
    rejected.jsonl                                                 what is in no split, and why
    card.html, card.json                                           the data card
    sharegpt/ …                                                    the same in other formats, where asked for
    dataset.json                                                   the manifest; written last

Everything is written beside its place and moved there at the end, the manifest last. What an earlier dataset left
there is taken away before, its manifest first.
"""

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from shishen.errors import NotFound, ShishenError
from shishen.examples import SPLITS, Example, encode_example, read_examples, split_files
from shishen.records import Rejected
from shishen.training.formats.conversion import clear_formats, convert

MANIFEST = "dataset.json"
REJECTED = "rejected.jsonl"
# Of a dataset of questions: the passages that were asked about.
PASSAGES = "passages.jsonl"
WORK = ".work"


class Manifest(Struct, frozen=True, kw_only=True):
    """What a dataset holds. `files` by split, `examples` and `documents` how many; `fingerprint` of all lines.

    `options` are those that it was built with, `sources` the files, or the library, that it was built from.
    """

    files: dict[str, list[str]]
    examples: dict[str, int]
    documents: dict[str, int]
    kinds: dict[str, int]
    left_out: dict[str, int]
    fingerprint: str
    options: msgspec.Raw = msgspec.Raw(b"null")
    sources: tuple[str, ...] = ()


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a dataset folder. Raises NotFound, ShishenError."""
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except OSError as error:
        raise NotFound(f"{folder} 里没有 {MANIFEST}，不是数据集；用 shishen dataset build 生成。") from error
    except msgspec.DecodeError as error:
        raise ShishenError(f"{folder / MANIFEST} 坏了：{error}。") from error


def examples_of_split(folder: Path, split: str) -> Iterator[Example | Rejected]:
    """Every example of a split, in order; nothing where the split is empty."""
    for path in split_files(folder, split):
        yield from read_examples(path)


class SplitWriter:
    """Writes examples into the files of the splits, `shard` of them a file (0: all in one).

    Files are in `work` until `finish` moves them into `folder`.
    """

    def __init__(self, work: Path, folder: Path, shard: int) -> None:
        self._work = work
        self._folder = folder
        self._shard = shard
        self._streams: dict[str, BinaryIO] = {}
        self._files: dict[str, list[Path]] = {split: [] for split in SPLITS}
        self._digest = hashlib.blake2b(digest_size=16)
        self.counts = dict.fromkeys(SPLITS, 0)

    def write(self, example: Example, split: str) -> None:
        """One example more in a split."""
        line = encode_example(example)
        if split not in self._streams or (self._shard and self.counts[split] % self._shard == 0):
            self._next(split)
        self._streams[split].write(line)
        self._digest.update(split.encode() + line)
        self.counts[split] += 1

    def finish(self) -> tuple[dict[str, list[str]], str]:
        """Close the files and move them into the folder: (names by split, fingerprint of all lines).

        An earlier dataset is taken away before: what is tested there may be learned from here.
        """
        for stream in self._streams.values():
            stream.close()
        _clear_dataset(self._folder)
        names: dict[str, list[str]] = {}
        for split, paths in self._files.items():
            single = len(paths) == 1
            names[split] = [f"{split}.jsonl" if single else f"{split}-{n:05d}.jsonl" for n in range(len(paths))]
            for path, name in zip(paths, names[split], strict=True):
                path.replace(self._folder / name)
        return names, self._digest.hexdigest()

    def close(self) -> None:
        """Let go of the files, whatever happened."""
        for stream in self._streams.values():
            with suppress(OSError):
                stream.close()

    def _next(self, split: str) -> None:
        if split in self._streams:
            self._streams[split].close()
        path = self._work / f"{split}-{len(self._files[split]):05d}.jsonl"
        self._files[split].append(path)
        self._streams[split] = path.open("wb", buffering=1 << 20)


def _clear_dataset(folder: Path) -> None:
    """Take away an earlier dataset. The manifest goes first: without it the rest is none, should this break off."""
    (folder / MANIFEST).unlink(missing_ok=True)
    clear_formats(folder)
    for name in (PASSAGES, REJECTED):
        (folder / name).unlink(missing_ok=True)
    for path in (old for split in SPLITS for old in split_files(folder, split)):
        path.unlink()


def write_formats(folder: Path, names: Iterable[str]) -> None:
    """Write the dataset's splits in other formats as well, each in a folder of the format's name.

    Raises ShishenError where the disk is full.
    """
    for name in names:
        convert(folder, folder / name, name)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest: from now on the dataset is there."""
    partial = folder / f".{MANIFEST}.partial"
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
    os.replace(partial, folder / MANIFEST)  # noqa: PTH105


def clear_work(folder: Path) -> None:
    """Take away what a build works with."""
    shutil.rmtree(folder / WORK, ignore_errors=True)

"""The folder of a run: its settings, its metrics, its checkpoints, the model that came of it.

    settings.json  the settings as they were understood        metrics.jsonl  one line a step or an evaluation
    run.json       what it ran on: data, base, versions        samples.jsonl  answers on the way
    base/          the model made from scratch (`tiny`)        tokens/        the data as tokens
    checkpoints/   step-000120/ …                              model/         what came of it
    report.html    curves

Whatever can be half written is written beside its place and then renamed.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from shishen.errors import NotFound, ShishenError
from shishen.file_lock import locked
from shishen.full_disk import is_full_disk
from shishen.system_reason import reason_of
from shishen.training.run_config import RunConfig


class Progress(Struct, frozen=True, kw_only=True, tag_field="event", tag="step"):
    """One step: the mean loss of its learned tokens, and what it cost."""

    step: int
    epoch: float
    loss: float
    rate: float
    gradient_norm: float
    tokens: int
    learned: int
    seconds: float
    memory_mb: int


class Evaluated(Struct, frozen=True, kw_only=True, tag_field="event", tag="evaluation"):
    """The mean loss of the dev examples' learned tokens after a step."""

    step: int
    dev_loss: float
    best: bool


Line = Progress | Evaluated


class Sample(Struct, frozen=True, kw_only=True):
    """An answer that the model gave on the way."""

    step: int
    question: str
    expected: str
    answer: str
    ended: bool


class RunFolder:
    """The files of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints = path / "checkpoints"
        self.model = path / "model"
        self.base = path / "base"
        self.tokens = path / "tokens"
        self.report = path / "report.html"
        self._metrics = path / "metrics.jsonl"
        self._samples = path / "samples.jsonl"

    def begin(self, config: RunConfig) -> None:
        """A new run; one that came to nothing, not even a checkpoint, is begun anew with other settings.

        Raises ShishenError where there is a run already, or anything else.
        """
        found = {path.name for path in self.path.iterdir() if not path.name.startswith(".")}
        if found and "settings.json" not in found:
            raise ShishenError(f"{self.path} 里已经有别的文件（{min(found)} 等）；请换一个空的 output。")
        if found:
            self.config()
            if self.model.exists() or any(self.checkpoints.glob("step-*/state.json")):
                raise ShishenError(
                    f"{self.path} 里已经有一次训练；接着它用 shishen train --resume {self.path}，否则换一个 output。"
                )
            for made in (self.tokens, self.base):
                shutil.rmtree(made, ignore_errors=True)
            for name in ("run.json", "metrics.jsonl", "samples.jsonl"):
                (self.path / name).unlink(missing_ok=True)
        self.write("settings.json", config)

    def config(self) -> RunConfig:
        """The settings of a run that was begun. Raises NotFound, ShishenError."""
        try:
            return msgspec.json.decode((self.path / "settings.json").read_bytes(), type=RunConfig)
        except FileNotFoundError as error:
            raise NotFound(f"{self.path} 里没有训练可以接着做（没有 settings.json）。") from error
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ShishenError(f"{self.path / 'settings.json'} 不是一次训练的设置，或者坏了：{error}。") from error

    @contextmanager
    def alone(self, first: bool = True) -> Iterator[None]:
        """Nobody else trains in this folder meanwhile; of several processes the `first` sees to it. Raises Busy."""
        if not first:
            yield
            return
        try:
            with full_disk_named(self.path):
                self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ShishenError(f"{self.path} 不能当作 output：{reason_of(error)}；请换一个文件夹。") from error
        with locked(self.path / ".lock", f"另一个进程正在 {self.path} 里训练。"):
            yield

    def write(self, name: str, value: Struct | Mapping[str, Any]) -> None:
        """A JSON file of the run, whole or not at all."""
        partial = self.path / f".{name}.partial"
        with full_disk_named(self.path):
            partial.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
            partial.replace(self.path / name)

    def note(self, line: Line) -> None:
        """One line of metrics, at once."""
        with full_disk_named(self._metrics), self._metrics.open("ab") as stream:
            stream.write(msgspec.json.encode(line) + b"\n")

    def note_sample(self, sample: Sample) -> None:
        """One answer given on the way."""
        with full_disk_named(self._samples), self._samples.open("ab") as stream:
            stream.write(msgspec.json.encode(sample) + b"\n")

    def metrics(self) -> list[Line]:
        """Every line of metrics; a last line that was cut off is left out."""
        return list(_lines(self._metrics, Line))

    def samples(self) -> list[Sample]:
        """Every answer given on the way."""
        return list(_lines(self._samples, Sample))

    def forget_after(self, step: int) -> None:
        """Drop what was noted after a step that the run goes on from."""
        for path, type_ in ((self._metrics, Line), (self._samples, Sample)):
            kept = [msgspec.json.encode(line) for line in _lines(path, type_) if line.step <= step]
            partial = path.with_name(f".{path.name}.partial")
            with full_disk_named(path):
                partial.write_bytes(b"".join(line + b"\n" for line in kept))
                partial.replace(path)


def _lines(path: Path, type_: Any) -> Iterator[Any]:
    decoder = msgspec.json.Decoder(type_)
    with suppress(FileNotFoundError), path.open("rb") as stream:
        for line in stream:
            with suppress(msgspec.DecodeError, UnicodeDecodeError):
                yield decoder.decode(line)


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A folder to write into that takes its place at `target` once it is whole; nothing is left of a failure."""
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    with full_disk_named(target):
        partial.mkdir(parents=True)
        try:
            yield partial
            if target.exists():
                shutil.rmtree(target)
            partial.rename(target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def full_disk_named(place: Path) -> Iterator[None]:
    """A full disk in one line."""
    try:
        yield
    except Exception as error:
        if not is_full_disk(error):
            raise
        raise ShishenError(f"写 {place} 时磁盘满了；先前的检查点都在，腾出空间后用 --resume 接着训练。") from error

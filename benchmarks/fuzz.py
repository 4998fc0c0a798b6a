"""Fuzzing: broken files, and pages that no book has, through every reader, the rules and the record; nothing may fall.

    python -m benchmarks.fuzz [--inputs 100000] [--seed 1] [--reader NAME] [--processes 2] [--save FOLDER]

Every input is decided by seed, reader and number. An input is at fault where anything but a rejection of one
printable line comes out, where a recipe cannot be stored, where it takes longer than the limit, asks for hundreds of
megabytes or ends the process. Each kind of fault is shown once, its first input is saved. Pictures are opened and
straightened, but read by an eye that always sees the same, as OCR itself would take a second an input.
"""

import argparse
import json
import multiprocessing
import resource
import signal
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from benchmarks.fuzz_samples import samples
from benchmarks.mutation import mutated
from benchmarks.random_pages import lined_pages, spread_pages
from shishen.content_cache import ContentCache
from shishen.engines import engine, engines
from shishen.errors import UnreadableFile
from shishen.pages import Page, PrintedLine
from shishen.protocols import Reader
from shishen.records import Recipe, Rejected
from shishen.source_file import Limits, SourceFile
from shishen.stages.add import shelve
from shishen.stages.read import watch_file
from shishen.stages.structure import Workshop
from tests.samples import LINES

if TYPE_CHECKING:
    from PIL.Image import Image

# Beside the readers: pages made up, of lines in order and of spans at places.
PAGES = {"pages of lines": lined_pages, "pages of spans": spread_pages}
SLOW, HARD_LIMIT, GREEDY_MB = 5.0, 30.0, 250.0
_CHUNK = 2500
_MEMORY = 4 * 2**30


class TooSlow(BaseException):
    """An input has used up its time; no `except Exception` on the way may swallow it."""


class Fault(Exception):
    """Something came out that must not."""


class Finding(Struct, frozen=True):
    """One input at fault: where in the program, in what words, how long it took, where the input was saved."""

    reader: str
    number: int
    where: str
    words: str
    saved: str


class Tally(Struct, frozen=True):
    """What a run of inputs came to: recipes, rejections, files that no reader knew, and the slowest input."""

    reader: str
    inputs: int
    recipes: int = 0
    rejected: int = 0
    unknown: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    slowest_number: int = 0
    peak_mb: float = 0.0


class _Eye:
    """Sees the same lines in every picture."""

    identity = "fuzz"

    def read(self, image: "Image") -> Page:
        """The lines of the dish that the tests have."""
        lines = tuple(PrintedLine(text=text) for text in LINES)
        return Page(lines=lines, width=float(image.width), height=float(image.height))


class Pages:
    """A reader that gives out the pages that it was made with, whatever the file."""

    def __init__(self, pages: list[Page]) -> None:
        self._pages = pages

    def recognises(self, file: SourceFile) -> bool:  # noqa: ARG002
        """Whatever it is."""
        return True

    def read(self, file: SourceFile) -> Iterator[Page]:  # noqa: ARG002
        """The pages."""
        yield from self._pages


class Bench:
    """Readers and a workshop in a folder, which is where the inputs are written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        infos = sorted(engines("reader"), key=lambda info: info.last)
        self.readers: dict[str, Reader] = {info.name: info.build() for info in infos if not info.fault}
        self.workshop = Workshop(
            ocr=_Eye, structurer=engine("structurer", "rules").build(), cache=ContentCache(folder / "seen"), workers=1
        )

    def run(self, reader: str, content: bytes | list[Page]) -> Counter[str]:
        """One input the whole way; how many recipes, rejections and files nobody knew. Raises what must not be."""
        path = self._folder / "input"
        path.write_bytes(b"%pages" if isinstance(content, list) else content)
        try:
            file = SourceFile(path, "书", Limits())
        except UnreadableFile as error:
            check(Rejected(path="书", reason=str(error)))
            return Counter(rejected=1)
        known: Reader | None
        if isinstance(content, list):
            known = Pages(content)
        else:
            # Whoever is asked must bear it; it is read by the one it was meant for, if that one knows it.
            knowing = {name: one for name, one in self.readers.items() if one.recognises(file)}
            known = knowing.get(reader) or next(iter(knowing.values()), None)
        if known is None:
            return Counter(unknown=1)
        found: Counter[str] = Counter()
        for event in watch_file(file, known, self.workshop):
            if isinstance(event, Rejected):
                check(event)
                found["rejected"] += 1
            elif isinstance(event, Recipe):
                _store(event)
                found["recipes"] += 1
        return found


def check(rejected: Rejected) -> None:
    """Raises Fault where a rejection is not one line that a terminal can print."""
    msgspec.json.encode(rejected)
    if not rejected.reason.isprintable() or len(rejected.reason) > 600:
        raise Fault(f"no printable line: {rejected.reason!r:.200}")


def _store(recipe: Recipe) -> None:
    shelve(recipe)
    body = msgspec.json.encode(recipe)
    # As the library gives it back.
    msgspec.json.decode(body.decode(), type=Recipe)


@cache
def _samples() -> dict[str, list[bytes]]:
    return samples()


def names() -> list[str]:
    """Everything that can be fuzzed."""
    return [*_samples(), *PAGES]


def make_input(reader: str, seed: int, number: int) -> bytes | list[Page]:
    """The input of this number: a broken file, or pages that were made up."""
    chance = Random(f"{seed} {reader} {number}")
    if reader in PAGES:
        return PAGES[reader](chance)
    own = _samples()[reader]
    others = own if chance.random() < 0.8 else chance.choice(list(_samples().values()))
    return mutated(chance.choice(own), chance, others)


# --- one process -----------------------------------------------------------------------------------------


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooSlow(f"more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def work(reader: str, seed: int, start: int, stop: int, folder: Path, save: Path) -> None:
    """The inputs from `start` to before `stop`; findings and the tally are appended to `log`, number by number."""
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    bench = Bench(folder)
    found: Counter[str] = Counter()
    slowest, slowest_number, began = 0.0, start, time.monotonic()
    # Once, so that what is loaded at first is nobody's fault.
    bench.run("text", _samples()["text"][0])
    with (folder / "log").open("a", encoding="utf-8") as log:
        for number in range(start, stop):
            (folder / "number").write_text(str(number))
            content = make_input(reader, seed, number)
            before, first = _peak_mb(), time.monotonic()
            fault: tuple[str, str] | None = None
            try:
                with _time_limit(HARD_LIMIT):
                    found += bench.run(reader, content)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                fault = _place(error), f"{type(error).__name__}: {error}"[:300]
            taken = time.monotonic() - first
            if taken > slowest:
                slowest, slowest_number = taken, number
            if not fault and taken > SLOW:
                fault = f"slow {reader}", f"{taken:.1f} s"
            if not fault and _peak_mb() - before > GREEDY_MB:
                fault = f"memory {reader}", f"{_peak_mb() - before:.0f} MB more"
            if fault:
                finding = Finding(reader, number, *fault, _saved(content, f"{reader}-{seed}-{number}", save))
                log.write(json.dumps(msgspec.to_builtins(finding)) + "\n")
                log.flush()
        tally = Tally(
            reader=reader, inputs=stop - start, recipes=found["recipes"], rejected=found["rejected"],
            unknown=found["unknown"], seconds=time.monotonic() - began, slowest=slowest,
            slowest_number=slowest_number, peak_mb=_peak_mb(),
        )  # fmt: skip
        log.write(json.dumps(msgspec.to_builtins(tally)) + "\n")


def _place(error: BaseException) -> str:
    """The last line of this package, and the very last, that the error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/shishen/" in frame.filename] or frames
    return f"{type(error).__name__} at {own[-1].filename.rpartition('/shishen/')[2]}:{own[-1].lineno} {own[-1].line}"


def _saved(content: bytes | list[Page], name: str, save: Path) -> str:
    path = save / name.replace(" ", "-")
    # Pages are made again from their number; what is saved is to be looked at.
    path.write_bytes(content if isinstance(content, bytes) else ascii(content).encode())
    return str(path)


# --- all of them -----------------------------------------------------------------------------------------


class _Job(Struct):
    """A range of inputs that a process is at."""

    reader: str
    start: int
    stop: int
    folder: Path
    process: "multiprocessing.process.BaseProcess | None" = None


def fuzz(wanted: list[str], inputs: int, seed: int, processes: int, save: Path) -> tuple[list[Tally], list[Finding]]:
    """Share the inputs out evenly over the readers, run them, and gather what came of them."""
    context = multiprocessing.get_context("spawn")
    each = -(-inputs // len(wanted))
    tallies: list[Tally] = []
    findings: list[Finding] = []
    with tempfile.TemporaryDirectory() as base:
        ranges = [(name, start) for start in range(0, each, _CHUNK) for name in wanted]
        waiting = []
        for place, (name, start) in enumerate(ranges):
            folder = Path(base) / str(place)
            folder.mkdir()
            waiting.append(_Job(name, start, min(each, start + _CHUNK), folder))
        waiting.reverse()
        running: list[_Job] = []
        while waiting or running:
            while waiting and len(running) < processes:
                job = waiting.pop()
                job.process = context.Process(
                    target=work, args=(job.reader, seed, job.start, job.stop, job.folder, save)
                )
                job.process.start()
                running.append(job)
            time.sleep(0.1)
            for job in list(running):
                if ended := _ended(job):
                    running.remove(job)
                    if died := _gathered(job, ended, seed, save, tallies, findings):
                        waiting.append(died)
    return tallies, findings


def _ended(job: _Job) -> str | None:
    """How a job's process ended; None while it is at work. One that hangs where no signal reaches it is killed."""
    assert job.process
    if job.process.is_alive():
        mark = job.folder / "number"
        if not mark.exists() or time.time() - mark.stat().st_mtime < 3 * HARD_LIMIT:
            return None
        job.process.kill()
        job.process.join()
        return "hangs"
    job.process.join()
    return "done" if job.process.exitcode == 0 else f"exit {job.process.exitcode}"


def _gathered(
    job: _Job, ended: str, seed: int, save: Path, tallies: list[Tally], findings: list[Finding]
) -> _Job | None:
    """Take what a job found; the rest of it, where an input ended the process."""
    log = job.folder / "log"
    for line in log.read_text(encoding="utf-8").splitlines() if log.exists() else []:
        row = json.loads(line)
        if "where" in row:
            findings.append(msgspec.convert(row, Finding))
        else:
            tallies.append(msgspec.convert(row, Tally))
    if ended == "done":
        return None
    log.unlink(missing_ok=True)
    mark = job.folder / "number"
    number = int(mark.read_text()) if mark.exists() else job.start
    # Else the process that goes on would be taken for one that hangs before it has begun.
    mark.unlink(missing_ok=True)
    # What it had come to is lost, but not that it was run.
    tallies.append(Tally(reader=job.reader, inputs=number + 1 - job.start))
    saved = _saved(make_input(job.reader, seed, number), f"{job.reader}-{seed}-{number}", save)
    findings.append(Finding(job.reader, number, f"{job.reader}: the process {ended}", "", saved))
    return _Job(job.reader, number + 1, job.stop, job.folder) if number + 1 < job.stop else None


def main() -> None:
    """Run and print a row a reader, then each kind of fault once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reader", action="append", choices=names())
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--save", type=Path, default=Path(tempfile.gettempdir()) / "shishen-fuzz")
    given = parser.parse_args()
    given.save.mkdir(parents=True, exist_ok=True)
    tallies, findings = fuzz(given.reader or names(), given.inputs, given.seed, given.processes, given.save)
    print(
        f"{'':<16} {'inputs':>7} {'recipes':>8} {'rejected':>8} {'unknown':>7} {'a second':>8}"
        "  slowest (number)   peak MB"
    )
    for name in given.reader or names():
        own = [tally for tally in tallies if tally.reader == name]
        if not own:
            continue
        inputs, seconds = sum(t.inputs for t in own), sum(t.seconds for t in own)
        slowest = max(own, key=lambda t: t.slowest)
        print(
            f"{name:<16} {inputs:>7} {sum(t.recipes for t in own):>8} {sum(t.rejected for t in own):>8}"
            f" {sum(t.unknown for t in own):>7} {inputs / max(seconds, 0.01):>8.0f}"
            f"  {slowest.slowest:6.2f} s ({slowest.slowest_number})  {max(t.peak_mb for t in own):>7.0f}"
        )
    kinds = Counter(finding.where for finding in findings)
    print(f"{sum(t.inputs for t in tallies)} inputs, {len(findings)} at fault, of {len(kinds)} kinds")
    for where, count in kinds.most_common():
        first = next(finding for finding in findings if finding.where == where)
        print(f"{count:>5} × {where}\n        {first.words}\n        {first.reader} {first.number}: {first.saved}")
    raise SystemExit(1 if findings else 0)


if __name__ == "__main__":
    main()

"""A corpus into a dataset: lines a second and peak memory, beside the script that reads all lines at once.

    python -m benchmarks.dataset_build corpus.jsonl [--kinds plain] [--workers 0] [--work DIR] [--json]

Both parts take the same file, with the same system prompt, one after the other, each in a process of its own that is
measured from its start to its end. The first is what `shishen dataset build` calls: it checks, clusters near-equal
dishes and splits by them, and each of its phases is timed by its own progress. The second only rewrites. Peak memory
is that of the whole tree of processes, worker processes included, sampled, and the greatest of a single one. Pages
that processes share count once for each of them, so that the tree's figure is too high rather than too low.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

ROOT = Path(__file__).parent.parent
PARTS = ("shishen", "all lines at once")
SYSTEM = "你是一位专业的厨师。用户说出菜名，你告诉他要准备的食材和做法。"
# What a build writes at its peak, working files included, for each kind, in sizes of the corpus (1.9 was measured for
# `plain`, 27 for all twelve).
ROOM_A_KIND = 2.5
PHASES = {"写对话": "reading, dialogues", "找相近的菜": "near-equal dishes, split", "写文件": "duplicates, writing"}

PROC = Path("/proc")
EVERY = 0.1
_LINE = re.compile(rb"^(PPid|VmHWM|VmRSS):\s*(\d+)", re.MULTILINE)


class Peak(Struct, frozen=True, kw_only=True):
    """Megabytes of resident memory at most: all processes at one moment, the first one, the largest one."""

    tree_mb: float
    main_mb: float
    largest_mb: float


class Done(Struct, frozen=True, kw_only=True):
    """What a part wrote: `bytes` of its examples, `left_out` by reason, seconds by phase."""

    examples: int
    bytes: int
    left_out: dict[str, int]
    phases: dict[str, float]


class Row(Struct, frozen=True, kw_only=True):
    """A part's figures; without `done` it failed, and `fault` says of what."""

    part: str
    lines: int
    seconds: float
    lines_a_second: float
    peak: Peak
    done: Done | None
    fault: str = ""


class Stopwatch:
    """Seconds by phase: a phase lasts until the next one is named."""

    def __init__(self) -> None:
        self.phases: dict[str, float] = {}
        self._since = time.perf_counter()
        self._name = ""

    def enter(self, name: str) -> None:
        """What came before the first phase counts to it."""
        now = time.perf_counter()
        if name != self._name:
            if self._name:
                self.phases[self._name] = self.phases.get(self._name, 0.0) + now - self._since
                self._since = now
            self._name = name

    def stop(self) -> dict[str, float]:
        """The phases, the last one ended."""
        self.enter("")
        return self.phases


def build(corpus: Path, output: Path, kinds: tuple[str, ...], workers: int) -> Done:
    """What `shishen dataset build` does, in this process."""
    from shishen.kitchen import Kitchen
    from shishen.stages.dataset import Building, BuildOptions
    from shishen.training.dataset.folder import read_manifest
    from shishen.training.dataset.parts import PartOptions

    # Two phrasings: what the command takes unless told otherwise.
    options = BuildOptions(part=PartOptions(kinds=kinds, phrasings=2), system=SYSTEM, workers=workers)
    watch = Stopwatch()
    for event in Kitchen().build_dataset(output, options, paths=[corpus]):
        if isinstance(event, Building):
            watch.enter(PHASES.get(event.doing, event.doing))
    phases = watch.stop()
    manifest = read_manifest(output)
    files = [output / name for names in manifest.files.values() for name in names]
    return Done(
        examples=sum(manifest.examples.values()),
        bytes=sum(path.stat().st_size for path in files),
        left_out=manifest.left_out,
        phases=phases,
    )


def read_all_lines(corpus: Path, output: Path) -> Done:
    """What the scripts that go round with this corpus do to get XTuner's form, in the fewest lines.

    All recipes stand in one list, all conversations in a second, and one `json.dump` writes them. Nothing is checked,
    left out, clustered or split, and a broken line ends it.
    """
    watch = Stopwatch()
    watch.enter("reading")
    with corpus.open(encoding="utf-8") as stream:
        recipes = [json.loads(line) for line in stream]
    watch.enter("conversations")
    rows = []
    for recipe in recipes:
        ingredients, steps = recipe["recipeIngredient"], recipe["recipeInstructions"]
        answer = f"您需要准备以下食材:\n{ingredients}\n按以下方法制作:\n{steps}"
        rows.append({"conversation": [{"system": SYSTEM, "input": f"{recipe['name']}的做法", "output": answer}]})
    watch.enter("writing")
    with output.open("w", encoding="utf-8") as stream:
        json.dump(rows, stream, ensure_ascii=False)
    return Done(examples=len(rows), bytes=output.stat().st_size, left_out={}, phases=watch.stop())


def measure(part: str, corpus: Path, lines: int, work: Path, more: list[str]) -> Row:
    """Run one part in a process of its own, in a folder of its own that is gone afterwards."""
    folder = work / part.replace(" ", "-")
    folder.mkdir()
    command = [sys.executable, "-m", "benchmarks.dataset_build", str(corpus.resolve())]
    command += ["--part", part, "--work", str(folder.resolve()), *more]
    environment = {**os.environ, "SHISHEN_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)}
    errors = folder / "errors"
    start = time.perf_counter()
    with errors.open("wb") as stream:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=stream, env=environment, start_new_session=True
        )
        peak = sampled(process)
    seconds = time.perf_counter() - start
    assert process.stdout
    said = process.stdout.read()
    fault = _fault(process.returncode, errors) if process.returncode else ""
    done = None if fault else msgspec.json.decode(said, type=Done)
    shutil.rmtree(folder)
    return Row(
        part=part, lines=lines, seconds=seconds, lines_a_second=lines / seconds, peak=peak, done=done, fault=fault
    )


def _fault(status: int, errors: Path) -> str:
    if status < 0:
        return f"killed by signal {-status}{' (out of memory?)' if status == -9 else ''}"
    return (errors.read_text(encoding="utf-8", errors="replace").strip() or f"exit {status}").splitlines()[-1]


def sampled(process: subprocess.Popen[bytes], every: float = EVERY) -> Peak:
    """Wait for a process that leads a session of its own, and look every so many seconds at what its tree holds.

    Should the wait be broken off, the processes of that session end with it.
    """
    tree = 0
    most: dict[int, int] = {}
    try:
        while process.poll() is None:
            held = memory_of(process.pid)
            tree = max(tree, sum(now for now, _ in held.values()))
            for number, (_, peak) in held.items():
                most[number] = max(most.get(number, 0), peak)
            time.sleep(every)
    finally:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    largest = max(most.values(), default=0)
    # The peak of one process is exact where there is a /proc; the sum of a moment is never below it.
    return Peak(tree_mb=max(tree, largest) / 1e6, main_mb=most.get(process.pid, 0) / 1e6, largest_mb=largest / 1e6)


def memory_of(root: int) -> dict[int, tuple[int, int]]:
    """Each process of a tree with the bytes that it holds now and held at most; without /proc both are those of now."""
    processes = _of_proc() if PROC.is_dir() else _of_ps()
    family = [root]
    # It grows while it is walked: children of children.
    for number in family:
        family += [child for child, (parent, _, _) in processes.items() if parent == number]
    return {number: processes[number][1:] for number in family if number in processes}


def _of_proc() -> dict[int, tuple[int, int, int]]:
    """Every process with its parent, and the bytes that it holds now and held at most."""
    found: dict[int, tuple[int, int, int]] = {}
    for path in PROC.glob("[0-9]*/status"):
        # One that has ended meanwhile has no file, or one without these lines; nor has the system's own.
        with suppress(OSError, KeyError):
            lines = dict(_LINE.findall(path.read_bytes()))
            now, most = int(lines[b"VmRSS"]) * 1024, int(lines[b"VmHWM"]) * 1024
            found[int(path.parent.name)] = int(lines[b"PPid"]), now, most
    return found


def _of_ps() -> dict[int, tuple[int, int, int]]:
    done = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, text=True, check=True)
    rows = [[int(word) for word in line.split()] for line in done.stdout.splitlines()]
    return {number: (parent, held * 1024, held * 1024) for number, parent, held in rows}


def count_lines(corpus: Path) -> int:
    """How many there are. It also brings the file into the system's cache, so that no part has to fetch it."""
    with corpus.open("rb") as stream:
        return sum(1 for _ in stream)


def missing_room(corpus: Path, work: Path, kinds: tuple[str, ...]) -> str:
    """Why the disk under `work` is too small; empty where it is not. An estimate."""
    needed = ROOM_A_KIND * len(kinds) * corpus.stat().st_size
    free = shutil.disk_usage(work).free
    if needed <= free:
        return ""
    return f"about {needed / 1e9:,.1f} GB are needed in {work}, {free / 1e9:,.1f} GB are free; name another --work"


def print_table(rows: list[Row], size: int) -> None:
    """The figures of each part, then its phases and what it left out."""
    print(f"{rows[0].lines:,} lines, {size / 1e6:,.1f} MB\n")
    print(f"{'':<18}{'':>9}{'':>10}{'peak memory, MB':>29}")
    head = ("seconds", 9), ("lines/s", 10), ("tree", 9), ("main", 10), ("largest", 10), ("examples", 11), ("MB", 10)
    print(" " * 18 + "".join(f"{word:>{width}}" for word, width in head))
    for row in rows:
        figures = f"{row.part:<18}{row.seconds:>9,.1f}{row.lines_a_second:>10,.0f}{row.peak.tree_mb:>9,.0f}"
        figures += f"{row.peak.main_mb:>10,.0f}{row.peak.largest_mb:>10,.0f}"
        print(figures + (f"{row.done.examples:>11,}{row.done.bytes / 1e6:>10,.1f}" if row.done else f"  {row.fault}"))
    for row in rows:
        if row.done:
            print(f"\n{row.part}, seconds: {_listed(row.done.phases, '.1f')}")
            if row.done.left_out:
                print(f"left out: {_listed(row.done.left_out, ',')}")


def _listed(figures: Mapping[str, float], form: str) -> str:
    return "; ".join(f"{name} {figure:{form}}" for name, figure in figures.items())


def main() -> int:
    """Parse the arguments, measure both parts, print the table; 1 where a part failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--kinds", default="plain")
    parser.add_argument("--workers", type=int, default=0, help="0: one a core")
    parser.add_argument("--work", type=Path, help="where the temporary folder is made")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    kinds = tuple(kind.strip() for kind in options.kinds.split(",") if kind.strip())
    if options.part:
        output = options.work / "output"
        ours = options.part == PARTS[0]
        done = build(options.corpus, output, kinds, options.workers) if ours else read_all_lines(options.corpus, output)
        print(msgspec.json.encode(done).decode())
        return 0
    work = options.work or Path(tempfile.gettempdir())
    if not options.corpus.is_file():
        parser.error(f"{options.corpus} is not a file")
    if not work.is_dir():
        parser.error(f"{work} is not a folder")
    if why := missing_room(options.corpus, work, kinds):
        parser.error(why)
    if not (lines := count_lines(options.corpus)):
        parser.error(f"{options.corpus} is empty")
    more = ["--kinds", ",".join(kinds), "--workers", str(options.workers)]
    with tempfile.TemporaryDirectory(dir=work) as temporary:
        rows = [measure(part, options.corpus, lines, Path(temporary), more) for part in PARTS]
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(rows)).decode())
    else:
        print_table(rows, options.corpus.stat().st_size)
    return 1 if any(row.fault for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())

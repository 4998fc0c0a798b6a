"""A large corpus into the library, index included: lines a second and peak memory, beside a plain json.loads loop.

    python -m benchmarks.corpus corpus.jsonl                # a corpus made by any tool
    python -m benchmarks.corpus --count 100000              # one made by shared/tools/make_corpus.py

Each part runs in a process of its own, so that its peak memory is its own.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
MAKER = ROOT.parent / "shared" / "tools" / "make_corpus.py"


def part(name: str, path: Path) -> None:
    """Run one part in this process and print its figures as JSON."""
    start = time.perf_counter()
    lines = 0
    if name == "json.loads":
        with path.open(encoding="utf-8") as stream:
            for line in stream:
                json.loads(line)
                lines += 1
        figures: dict[str, float] = {}
    else:
        from shishen.kitchen import Kitchen
        from shishen.stages.add import Progress
        from shishen.stages.read import find_files

        kitchen = Kitchen()
        for event in kitchen.adding(find_files([path])):
            if isinstance(event, Progress):
                lines = event.changes.added + event.changes.unchanged + event.changes.changed
        read = time.perf_counter()
        kitchen.retriever.catch_up()
        figures = {
            "library_seconds": read - start,
            "index_seconds": time.perf_counter() - read,
            "library_mb": kitchen.library.path.stat().st_size / 1e6,
            "dishes": kitchen.library.stats().dishes,
        }
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"lines": lines, "seconds": seconds, "peak_mb": peak, **figures}))


def measure(name: str, path: Path) -> None:
    """Run one part in a process of its own and print its row."""
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, str(Path(__file__)), str(path), "--part", name]
        environment = {**os.environ, "SHISHEN_HOME": home, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    row = json.loads(done.stdout)
    more = "".join(f", {k} {v:,.1f}" for k, v in row.items() if k not in ("lines", "seconds", "peak_mb"))
    speed = row["lines"] / row["seconds"]
    print(
        f"{name:<12} {row['lines']:>9,} lines {speed:>9,.0f} lines/s, peak {row['peak_mb']:,.0f} MB{more}", flush=True
    )


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="?", type=Path)
    parser.add_argument("--count", type=int, nargs="*", default=[20_000, 100_000])
    parser.add_argument("--part", choices=("json.loads", "shishen add"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        part(options.part, options.corpus)
    elif options.corpus:
        for name in ("json.loads", "shishen add"):
            measure(name, options.corpus)
    else:
        if not MAKER.exists():
            parser.error(f"{MAKER} is not there; name a corpus")
        for count in options.count:
            with tempfile.NamedTemporaryFile(suffix=".jsonl") as made:
                subprocess.run([sys.executable, str(MAKER), "--count", str(count)], stdout=made, check=True)
                for name in ("json.loads", "shishen add"):
                    measure(name, Path(made.name))


if __name__ == "__main__":
    main()

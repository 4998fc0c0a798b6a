"""The whole way on HowToCook: old dishes taught to a model from nothing, then new ones, with and without replay.

    python -m benchmarks.finetune [--old 300] [--new 60] [--kinds ingredients,method] [--output DIR]
    python -m benchmarks.finetune --old 8 --new 3 --epochs 1 --count 1     # does it go through? it learns nothing

Each step is the program itself, timed: `dataset build`, `train` (base; full; full with replay; LoRA with replay),
`merge`, `compare`. Dishes are drawn by a seed. The figures are those of `compare.json`.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.retrieval import DATA

TEACH = (
    *("--set", "batch.tokens=2048", "--set", "evaluation.samples=0"),
    *("--set", "evaluation.every=1000000", "--set", "checkpoint.every=1000000"),
)
FULL = ("--method", "full", "--learning-rate", "1e-3", "--epochs", "12")
LORA = (
    *("--method", "lora", "--learning-rate", "4e-3", "--epochs", "24"),
    *("--set", "lora.rank=64", "--set", "lora.alpha=128"),
)


def main() -> None:
    """Draw the dishes, walk the way, print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--old", type=int, default=300)
    arguments.add_argument("--new", type=int, default=60)
    arguments.add_argument("--kinds", default="ingredients,method")
    arguments.add_argument("--size", default="5M")
    arguments.add_argument("--epochs", type=float, default=14)
    arguments.add_argument("--count", type=int, default=100)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--output", type=Path)
    options = arguments.parse_args()
    dishes = sorted(path for path in (DATA / "howtocook" / "dishes").rglob("*.md") if "template" not in path.parts)
    if len(dishes) < options.old + options.new:
        arguments.error(f"{len(dishes)} dishes are there, {options.old + options.new} are asked for")
    if options.output and options.output.exists() and any(options.output.iterdir()):
        arguments.error(f"{options.output} is not empty; name another --output")
    random.Random(options.seed).shuffle(dishes)
    names = {"old": dishes[: options.old], "new": dishes[options.old : options.old + options.new]}
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        work = options.output or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        os.environ["SHISHEN_HOME"] = str(work / "home")
        for name, chosen in names.items():
            run(f"dataset of the {len(chosen)} {name} dishes", "dataset", "build", *chosen, "--kinds", options.kinds,
                "--phrasings", "1", "--dev-count", "0", "--test-count", "0", "--output", work / name)  # fmt: skip
        run("settings", "train", "cp", "tiny-cpu", work / "base.toml", "--force")
        base = work / "runs" / "base"
        run("base: the old dishes", "train", work / "base.toml", "--data", work / "old", "--output", base,
            "--epochs", options.epochs, "--set", f"tiny.size={options.size}",
            "--set", "evaluation.samples=0")  # fmt: skip
        teach = ("train", "--base", base / "model", "--data", work / "new", *TEACH)
        replay = ("--replay", work / "old", "--set", "replay.share=0.5")
        run("full: the new ones", *teach, *FULL, "--output", work / "runs" / "full")
        run("full-replay: with old ones", *teach, *FULL, *replay, "--output", work / "runs" / "full-replay")
        run("lora-replay: with old ones", *teach, *LORA, *replay, "--output", work / "runs" / "lora-replay")
        run("merge of lora-replay", "merge", work / "runs" / "lora-replay", work / "models" / "lora-replay")
        run("comparison", "compare", base, work / "runs" / "full", work / "runs" / "full-replay",
            work / "models" / "lora-replay", "--dataset", work / "new", "--old", work / "old",
            "--count", options.count, "--output", work / "compare")  # fmt: skip
        print(f"{time.monotonic() - begin:7.1f} s  in all", flush=True)
        print_table(work / "compare" / "compare.json")


def run(step: str, *arguments: object) -> None:
    """Run the program and say how long it took; where it fails, the benchmark ends with its status."""
    begin = time.monotonic()
    words = [sys.executable, "-m", "shishen", *(str(argument) for argument in arguments)]
    done = subprocess.run(words, check=False, stdout=subprocess.DEVNULL)
    print(f"{time.monotonic() - begin:7.1f} s  {step}", flush=True)
    if done.returncode:
        # Its own line, which says what is wrong, stands above.
        sys.exit(done.returncode)


def print_table(path: Path) -> None:
    """Each group and metric, a model a column."""
    cells = json.loads(path.read_bytes())["cells"]
    models = list(dict.fromkeys(cell["model"] for cell in cells))
    print("\n" + " " * 28 + "".join(f"{model:>14}" for model in models))
    rows: dict[tuple[str, str], dict[str, float | None]] = {}
    for cell in cells:
        if not cell.get("kind"):
            rows.setdefault((cell["group"], cell["metric"]), {})[cell["model"]] = cell.get("value")
    for (group, metric), values in rows.items():
        shown = "".join(f"{'—' if (v := values.get(model)) is None else format(v, '.3f'):>14}" for model in models)
        print(f"{group:<8}{metric:<20}{shown}")


if __name__ == "__main__":
    main()

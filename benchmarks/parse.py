"""How many ingredient lines are read right, whole line by whole line, against labelled ones.

    python benchmarks/parse.py                    # the lines that were worked on
    python benchmarks/parse.py FILES… --show      # other labels, and the lines that came out wrong

A line is right where its kind, the number of its items and every field of each item are right: the name equal to
the label's or in its `accept`, numbers within 0.01, alternatives as a set. What the fields mean: `Item` in records.py.
"""

import argparse
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from shishen.domains.cooking.quantities import read_afresh
from shishen.records import Item, Line, LineKind

LABELS = Path(__file__).parent.parent / "tests" / "data" / "ingredient_lines"
DEV = [LABELS / "xiachufang_dev.jsonl", LABELS / "howtocook_dev.jsonl"]
TOLERANCE = 0.01


class LabelItem(Struct, frozen=True):
    """An item as it should be read; `accept` holds other names that are right too."""

    name: str
    min: float | None = None
    max: float | None = None
    unit: str | None = None
    vague: str | None = None
    optional: bool = False
    alt: list[str] = []
    accept: list[str] = []


class Label(Struct, frozen=True):
    """A labelled line."""

    raw: str
    kind: LineKind
    items: list[LabelItem]
    stratum: Literal["ordinary", "hard"] = "ordinary"


def read_labels(path: Path) -> list[Label]:
    """The labels of a JSON Lines file."""
    return [msgspec.json.decode(line, type=Label) for line in path.read_bytes().splitlines() if line.strip()]


def faults(label: Label, line: Line) -> list[str]:
    """What is wrong with a line as read, one word a fault; empty where the whole line is right."""
    if line.kind != label.kind:
        return ["kind"]
    if len(line.items) != len(label.items):
        return ["count"]
    found = [fault for want, item in zip(label.items, line.items, strict=True) for fault in _item_faults(want, item)]
    return list(dict.fromkeys(found))


def _item_faults(want: LabelItem, item: Item) -> list[str]:
    checks = {
        "name": item.name == want.name or item.name in want.accept,
        "min": _equal(item.min, want.min),
        "max": _equal(item.max, want.max),
        "unit": item.unit == want.unit,
        "vague": item.vague == want.vague,
        "optional": item.optional == want.optional,
        "alt": set(item.alt) == set(want.alt),
    }
    return [name for name, right in checks.items() if not right]


def _equal(found: float | None, wanted: float | None) -> bool:
    if found is None or wanted is None:
        return found is wanted
    return abs(found - wanted) <= TOLERANCE


def _written(line: Line) -> str:
    """A line as read, short enough to compare by eye."""
    return f"{line.kind} " + msgspec.json.encode([msgspec.structs.asdict(i) for i in line.items]).decode()


def main() -> None:
    """Print accuracy by source and stratum, the kinds of fault, and the time a line takes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, default=DEV, help="labelled lines, JSON Lines")
    parser.add_argument("--show", action="store_true", help="print the lines that are wrong")
    options = parser.parse_args()
    right: dict[tuple[str, str], list[bool]] = defaultdict(list)
    kinds: Counter[str] = Counter()
    lines, seconds = 0, 0.0
    read_afresh("盐 5g")  # the words are read from disk on first use
    for path in options.files:
        for label in read_labels(path):
            start = time.perf_counter()
            line = read_afresh(label.raw)
            seconds += time.perf_counter() - start
            lines += 1
            wrong = faults(label, line)
            kinds.update(wrong)
            right[path.stem, label.stratum].append(not wrong)
            if wrong and options.show:
                wanted = msgspec.json.encode(label.items).decode()
                print(f"{', '.join(wrong)}: {label.raw}\n  read   {_written(line)}\n  wanted {label.kind} {wanted}")
    for (source, stratum), verdicts in sorted(right.items()):
        print(f"{source:28} {stratum:9} {sum(verdicts):4}/{len(verdicts):<4} {sum(verdicts) / len(verdicts):7.1%}")
    print("faults:", ", ".join(f"{name} {count}" for name, count in kinds.most_common()) or "none")
    print(f"{seconds / max(lines, 1) * 1e6:.0f} µs a line")


if __name__ == "__main__":
    main()

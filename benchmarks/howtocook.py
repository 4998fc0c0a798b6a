"""Measures whole recipes: reads a HowToCook folder and compares dishes with those read by hand.

    python benchmarks/howtocook.py [GOLD.jsonl] [--data ../shared/data/howtocook] [--show]

A line of the gold file is a dish: `path, name, servings, ingredients [{name, min, max, unit, accept}], tools,
steps` (the first ten characters of each). A dish is right where its name, servings, ingredients and steps all
are. It measures the reading of files alone: no library, no search.
"""

import argparse
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from shishen.domains.cooking.recipes import read_recipe
from shishen.engines.reader.howtocook import Options, build
from shishen.errors import BadRecord, UnreadableFile
from shishen.records import Draft, Ingredient, Range, Recipe, Rejected
from shishen.source_file import SourceFile

ROOT = Path(__file__).resolve().parents[1]
GOLD = ROOT / "tests/data/howtocook/dishes_dev.jsonl"
DATA = ROOT.parent / "shared/data/howtocook"
FIELDS = ("name", "servings", "ingredients", "tools", "steps")


class GoldIngredient(Struct, frozen=True):
    """One ingredient read by hand; `accept` are the other names that are right too."""

    name: str
    min: float | None
    max: float | None
    unit: str | None
    accept: list[str] = []


class GoldDish(Struct, frozen=True):
    """One dish read by hand; of each step its first ten characters."""

    path: str
    name: str
    servings: Range | None
    ingredients: list[GoldIngredient]
    tools: list[str]
    steps: list[str]


def read_folder(folder: Path) -> tuple[dict[str, Recipe], list[str]]:
    """(recipes by their path in the folder, faults) of every dish file; the template is no dish."""
    reader = build(Options())
    recipes: dict[str, Recipe] = {}
    faults: list[str] = []
    for path in sorted((folder / "dishes").rglob("*.md")):
        label = path.relative_to(folder).as_posix()
        if "/template/" in label:
            continue
        try:
            for draft in reader.read(SourceFile(path, label)):
                if isinstance(draft, Draft):
                    recipes[label] = read_recipe(draft)
                elif isinstance(draft, Rejected):
                    faults.append(f"{label}: {draft.reason}")
        except (BadRecord, UnreadableFile) as error:
            faults.append(f"{label}: {error}")
    return recipes, faults


def differences(gold: GoldDish, recipe: Recipe) -> dict[str, list[str]]:
    """What is wrong in each field; an empty list where it is right."""
    return {
        "name": [] if recipe.name == gold.name else [f"{gold.name} ≠ {recipe.name}"],
        "servings": [] if recipe.servings == gold.servings else [f"{gold.servings} ≠ {recipe.servings}"],
        "ingredients": _ingredient_differences(gold.ingredients, recipe.ingredients),
        "tools": _set_differences(gold.tools, recipe.tools),
        "steps": _step_differences(gold.steps, [step.text for step in recipe.steps]),
    }


def _set_differences(expected: Iterable[str], found: Iterable[str]) -> list[str]:
    a, b = set(expected), set(found)
    return [f"missing {name}" for name in sorted(a - b)] + [f"extra {name}" for name in sorted(b - a)]


def _ingredient_differences(expected: list[GoldIngredient], found: tuple[Ingredient, ...]) -> list[str]:
    left = list(found)
    wrong = []
    for gold in expected:
        names = {gold.name, *gold.accept}
        match = next((i for i in left if i.name == gold.name), None) or next((i for i in left if i.name in names), None)
        if match is None:
            wrong.append(f"missing {gold.name} {gold.min}..{gold.max} {gold.unit}")
            continue
        left.remove(match)
        if not (_equal(gold.min, match.min) and _equal(gold.max, match.max) and gold.unit == match.unit):
            wrong.append(
                f"{gold.name}: {gold.min}..{gold.max} {gold.unit} ≠ {match.min}..{match.max} {match.unit} ({match.raw})"
            )
    return wrong + [f"extra {i.name} {i.min}..{i.max} {i.unit} ({i.raw})" for i in left]


def _equal(a: float | None, b: float | None) -> bool:
    return a is b if a is None or b is None else abs(a - b) <= 0.01


def _step_differences(expected: list[str], found: list[str]) -> list[str]:
    a, b = ["".join(s.split()) for s in expected], ["".join(s.split()) for s in found]
    wrong = [f"{len(a)} steps ≠ {len(b)}"] if len(a) != len(b) else []
    return wrong + [f"{x} ≠ {y[:12]}" for x, y in zip(a, b, strict=False) if not y.startswith(x)]


def main(arguments: list[str] | None = None) -> int:
    """Print the figures; 2 where the data is not there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gold", nargs="?", type=Path, default=GOLD)
    parser.add_argument("--data", type=Path, default=DATA, help="the HowToCook folder (with dishes/)")
    parser.add_argument("--show", action="store_true", help="print every difference")
    options = parser.parse_args(arguments)
    if not (options.data / "dishes").is_dir():
        print(f"no HowToCook folder at {options.data}; name one with --data", file=sys.stderr)
        return 2
    started = time.perf_counter()
    recipes, faults = read_folder(options.data)
    seconds = time.perf_counter() - started
    print(f"read {len(recipes)} of {len(recipes) + len(faults)} dishes in {seconds:.2f} s")
    for fault in faults:
        print(f"  {fault}")
    dishes = [msgspec.json.decode(line, type=GoldDish) for line in options.gold.read_bytes().splitlines() if line]
    right = dict.fromkeys(FIELDS, 0)
    whole = 0
    for dish in dishes:
        recipe = recipes.get(dish.path)
        wrong = differences(dish, recipe) if recipe else {field: ["not read"] for field in FIELDS}
        for field in FIELDS:
            right[field] += not wrong[field]
        perfect = not any(wrong[field] for field in FIELDS if field != "tools")
        whole += perfect
        if options.show and any(wrong.values()):
            print(f"{'ok  ' if perfect else 'WRONG'} {dish.path}")
            for field in FIELDS:
                for difference in wrong[field]:
                    print(f"    {field}: {difference}")
    for field in FIELDS:
        print(f"{field:12} {right[field]:4} of {len(dishes)}  {right[field] / len(dishes):.1%}")
    print(f"{'whole dishes':12} {whole:4} of {len(dishes)}  {whole / len(dishes):.1%}  (without tools)")
    return 0


if __name__ == "__main__":
    sys.exit(main())

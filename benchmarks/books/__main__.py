"""Make test cookbooks, and score how they are read.

    python -m benchmarks.books make [FOLDER] [--only NAME …] [--scanned]    # build/books by default
    python -m benchmarks.books score [FOLDER] [--only NAME …] [--scanned] [--raw-order] [--show N]

A book is NAME.pdf and NAME.gold.jsonl. `--scanned` makes, and scores, NAME.scanned.pdf: its first dishes as a
scanner sees them, pictures only. `--raw-order` reads its pages by OCR in the order in which the engine finds its lines,
as plain text: what the reading order is worth. Needs the development tools; layouts of Chromium need Chromium.
"""

import argparse
import sys
import time
from pathlib import Path

import msgspec

from benchmarks.books.layout import layout, layout_names
from benchmarks.books.make import make, make_scanned
from benchmarks.books.reading import ReadBook, read_book
from benchmarks.books.records import GoldDish
from benchmarks.books.score import Score, faults, score
from benchmarks.howtocook import ROOT

SCANNED = ".scanned"


def main(arguments: list[str] | None = None) -> int:
    """Make or score; 2 where a book or a layout is not there."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.books", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("verb", choices=("make", "score"))
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build/books")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these books alone")
    parser.add_argument("--scanned", action="store_true", help="the scanned look of the books")
    parser.add_argument("--dishes", type=int, default=30, help="dishes of a scanned book (30)")
    parser.add_argument("--look", default="scan", help="a look of tests/scanning.py (scan)")
    parser.add_argument("--seed", type=int, default=7, help="how the pages of a scanned book lie and look (7)")
    parser.add_argument("--raw-order", action="store_true", help="score the lines in the order that OCR found them in")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print N dishes that are wrong, of each book")
    options = parser.parse_args(arguments)
    names: list[str] = options.only or layout_names()
    if unknown := sorted(set(names) - set(layout_names())):
        print(f"no layout {', '.join(unknown)}; there are {', '.join(layout_names())}", file=sys.stderr)
        return 2
    if options.verb == "make":
        for name in names:
            started = time.perf_counter()
            if options.scanned:
                path = make_scanned(name, options.folder, options.look, options.dishes, options.seed)
            else:
                path = make(name, options.folder)
            size, seconds = path.stat().st_size / 1e6, time.perf_counter() - started
            print(f"{path}  {layout(name).tool}  {size:.1f} MB  {seconds:.1f} s", flush=True)
        return 0
    return _score(names, options.folder, SCANNED if options.scanned else "", options.show, raw=options.raw_order)


def _score(names: list[str], folder: Path, suffix: str, show: int, *, raw: bool) -> int:
    books = [name + suffix for name in names if (folder / f"{name}{suffix}.gold.jsonl").is_file()]
    if not books:
        print(f"no books in {folder}; make them first: python -m benchmarks.books make {folder}", file=sys.stderr)
        return 2
    for book in books:
        lines = (folder / f"{book}.gold.jsonl").read_bytes().splitlines()
        gold = [msgspec.json.decode(line, type=GoldDish) for line in lines]
        result = read_book(folder / f"{book}.pdf", raw_order=raw)
        _print(f"{book}, raw order" if raw else book, result, score(gold, result.recipes), show)
    return 0


def _print(book: str, read: ReadBook, result: Score, show: int) -> None:
    missing = [compared.gold.name for compared in result.dishes if compared.recipe is None]
    found = len(result.dishes) - len(missing)
    print(
        f"\n{book}: {found} of {len(result.dishes)} dishes found, {len(result.extra)} extra, "
        f"{len(read.rejected)} rejected; {read.pages} pages, {read.pages / read.seconds:.1f} a second "
        f"({read.pages / read.seconds * 60:.0f} a minute), peak {read.megabytes:.0f} MB"
    )
    figures = {
        "dish right": result.share("right"),
        "name": result.share("name"),
        "ingredients": result.share("ingredients"),
        "each ingredient": result.ingredient_share,
        "steps": result.share("steps"),
        "category": result.share("category"),
        "page": result.share("page"),
        "characters": result.character_accuracy,
    }
    print("  " + "  ".join(f"{key} {'–' if value is None else f'{value:.1%}'}" for key, value in figures.items()))
    for rejected in read.rejected[: show or 1]:
        print(f"  rejected: {rejected.path} {rejected.line or ''} {rejected.reason}")
    wrong = [compared for compared in result.dishes if faults(compared)]
    for compared in wrong[:show]:
        print(f"  {'    ' if compared.right else 'WRONG'} {compared.gold.name} (page {compared.gold.page})")
        for fault in faults(compared):
            print(f"      {fault:.400}")
    for recipe in result.extra[:show]:
        print(f"  EXTRA {recipe.name} (page {recipe.source.page}, {len(recipe.steps)} steps)")


if __name__ == "__main__":
    sys.exit(main())

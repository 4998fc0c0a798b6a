"""How much of a page's text an OCR engine reads, and how fast: a PDF with a text layer, its pages made into scans.

    python -m benchmarks.ocr BOOK.pdf [--look clean|scan|poor] [--dpi 200] [--engine rapidocr] [--set side=1600]

The truth is the PDF's own text layer. Measured are the characters of each page as a bag (found of those printed,
right of those found) and the printed lines of which the very text stands in one span; not the reading order, which
is the layout's. Characters are compared in NFKC without spaces.
"""

import argparse
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import msgspec
import pypdfium2
from msgspec import Struct
from PIL.Image import Image

from shishen.engines import engine
from shishen.imaging import open_page, straighten
from shishen.pages import PageImage
from shishen.pdf_pages.pdfium_lock import PDFIUM_LOCK
from shishen.protocols import Ocr
from shishen.source_file import Limits
from tests.scanning import LOOKS, scanned

_LEADER = re.compile(r"[.·]{3,}")


class Score(Struct, frozen=True):
    """One page: characters printed, found and right, lines printed and found whole, seconds by part."""

    printed: Counter[str]
    found: Counter[str]
    lines: int
    whole: int
    straightening: float
    reading: float


def plain(text: str) -> str:
    """NFKC without spaces, and without the dots that lead from a title to its page: an engine may leave them out."""
    return _LEADER.sub("", "".join(unicodedata.normalize("NFKC", text).split()))


def text_lines(pdf: Path) -> list[list[str]]:
    """The printed lines of every page, from the text layer."""
    with PDFIUM_LOCK:
        document = pypdfium2.PdfDocument(pdf)
        try:
            texts = [page.get_textpage().get_text_range() for page in document]
        finally:
            document.close()
    return [[line for raw in text.splitlines() if (line := plain(raw))] for text in texts]


def measured(ocr: Ocr, picture: Image, lines: list[str]) -> Score:
    """One page straightened and read."""
    start = time.perf_counter()
    straight, _ = straighten(picture)
    between = time.perf_counter()
    page = ocr.read(straight)
    end = time.perf_counter()
    read = [plain(piece.text) for piece in page.spans or page.lines]
    return Score(
        printed=Counter("".join(lines)),
        found=Counter("".join(read)),
        lines=len(lines),
        whole=(Counter(lines) & Counter(read)).total(),
        straightening=between - start,
        reading=end - between,
    )


def main() -> None:
    """Read the pages and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pdf", type=Path)
    parser.add_argument("--look", choices=LOOKS, default="scan")
    parser.add_argument("--dpi", type=int, default=200)
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--engine", default="rapidocr")
    parser.add_argument("--set", action="append", default=[], metavar="OPTION=VALUE")
    given = parser.parse_args()
    info = engine("ocr", given.engine)
    options = msgspec.convert(dict(pair.split("=", 1) for pair in given.set), info.options, strict=False)
    ocr: Ocr = info.build(options)
    truth = text_lines(given.pdf)[: given.pages]

    def pictures() -> Iterator[tuple[Image, list[str]]]:
        for number, lines in enumerate(truth, 1):
            picture = open_page(PageImage(str(given.pdf), number), Limits(), given.dpi)
            yield scanned(picture, LOOKS[given.look], number), lines

    # The pictures are made outside the time that is measured, a few at a time.
    scores: list[Score] = []
    waiting, elapsed = pictures(), 0.0
    with ThreadPoolExecutor(given.workers) as pool:
        while batch := list(islice(waiting, 4 * given.workers)):
            start = time.perf_counter()
            scores += pool.map(lambda pair: measured(ocr, *pair), batch)
            elapsed += time.perf_counter() - start
    report(scores, elapsed, given.workers, f"{given.look}, {given.dpi} dpi, {ocr.identity}")


def report(scores: list[Score], elapsed: float, workers: int, how: str) -> None:
    """Print what was measured."""
    printed = sum(score.printed.total() for score in scores)
    found = sum(score.found.total() for score in scores)
    right = sum((score.printed & score.found).total() for score in scores)
    lines, whole = sum(score.lines for score in scores), sum(score.whole for score in scores)
    missed: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for score in scores:
        missed += score.printed - score.found
        wrong += score.found - score.printed
    print(how)
    print(f"{len(scores)} pages, {printed} characters printed")
    print(f"found {right / max(1, printed):.2%} of them; {right / max(1, found):.2%} of what was read is right")
    print(f"{whole} of {lines} lines whole ({whole / max(1, lines):.1%})")
    print(f"straightening {sum(s.straightening for s in scores) / max(1, len(scores)):.2f} s a page of one thread,")
    print(f"reading {sum(s.reading for s in scores) / max(1, len(scores)):.2f} s a page of one thread")
    print(f"{60 * len(scores) / max(elapsed, 1e-9):.1f} pages a minute with {workers} workers")
    print("missed", " ".join(f"{character}×{count}" for character, count in missed.most_common(12)))
    print("wrong ", " ".join(f"{character}×{count}" for character, count in wrong.most_common(12)))


if __name__ == "__main__":
    main()

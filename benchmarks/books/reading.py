"""Reads a book in a process of its own, so that its time and its memory are its own."""

import multiprocessing
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from msgspec import Struct

from shishen.records import Recipe, Rejected


class ReadBook(Struct, frozen=True):
    """What came out of a book, how long it took, and the most memory (MB) that the process and its children had."""

    recipes: tuple[Recipe, ...]
    rejected: tuple[Rejected, ...]
    pages: int
    seconds: float
    megabytes: float


def read_book(path: Path) -> ReadBook:
    """The book read by a fresh Kitchen in a fresh process, with a home that is empty."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
        return pool.submit(_read, path).result()


def _read(path: Path) -> ReadBook:
    import pypdfium2

    from shishen import Kitchen
    from shishen.settings import Settings

    document = pypdfium2.PdfDocument(path)
    pages = len(document)
    document.close()
    recipes: list[Recipe] = []
    rejected: list[Rejected] = []
    with tempfile.TemporaryDirectory() as home:
        # Default settings: what another machine has set must not change the figures.
        kitchen = Kitchen(Settings(home=Path(home)))
        started = time.perf_counter()
        for result in kitchen.read(path):
            if isinstance(result, Rejected):
                rejected.append(result)
            else:
                recipes.append(result)
        seconds = time.perf_counter() - started
    kilobytes = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return ReadBook(tuple(recipes), tuple(rejected), pages, seconds, kilobytes / 1024)

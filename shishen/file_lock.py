"""A lock between processes, held on a file; the system lets go of it when its holder ends or is killed."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shishen.errors import Busy


@contextmanager
def locked(path: Path, words: str) -> Iterator[None]:
    """Hold the lock on `path`, which is made and stays. Raises Busy with `words` where somebody else holds it.

    Two threads of one process exclude each other as well.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            _lock(descriptor)
        except OSError as error:
            raise Busy(words) from error
        yield
    finally:
        os.close(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

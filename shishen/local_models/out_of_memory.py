"""Too little memory in one line: torch has an error a device for it."""

from collections.abc import Iterator
from contextlib import contextmanager

from shishen.errors import ShishenError

_SIGNS = ("out of memory", "can't allocate")


@contextmanager
def out_of_memory_named(advice: str) -> Iterator[None]:
    """Raises ShishenError with what helps against it where the memory of the machine or of its device is used up."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not isinstance(error, MemoryError) and not any(sign in str(error).lower() for sign in _SIGNS):
            raise
        raise ShishenError(f"内存（显存）不够；{advice}") from error

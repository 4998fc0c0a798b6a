"""What the tests of the command line share: how a command ended, and what a fault looks like."""

import json
from collections.abc import Callable
from typing import Any

from msgspec import Struct


class Done(Struct, frozen=True):
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its output, which must be one JSON value."""
        return json.loads(self.out)


Shishen = Callable[..., Done]


def is_fault(done: Done, *words: str) -> bool:
    """Whether it ended as a fault of the user's: status 2, no result, and one line that says these words."""
    (line,) = done.err.splitlines()
    return done.status == 2 and done.out == "" and all(word in line for word in words)

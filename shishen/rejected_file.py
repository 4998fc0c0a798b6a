"""`rejected.jsonl`: what the last run could not read, a line each."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from shishen.records import Rejected
from shishen.system_reason import reason_of


class RejectedFile:
    """The file of the last run: one line each; gone after a run that rejected nothing.

    A file that cannot be written stops no run: `fault` then says why.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream: Any = None
        self.count = 0
        self.fault: str | None = None

    def __enter__(self) -> "RejectedFile":
        return self

    def __exit__(self, error: object, *_: object) -> None:
        if self._stream:
            self._stream.close()
        if error is None and self.count == 0:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)

    def write(self, rejected: Rejected) -> None:
        """Add one line, at once."""
        self.count += 1
        try:
            if self._stream is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._stream = self._path.open("wb", buffering=0)
            self._stream.write(msgspec.json.encode(rejected) + b"\n")
        except OSError as error:
            self.fault = f"{self._path} 写不进去（{reason_of(error)}），没读成的没有记下。"

"""When the next request to a server may start, over all threads: its limits a minute, and the pauses it asks for."""

import threading
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime


class Pace:
    """Starts evenly apart, so that no minute holds more than its limits; 0 a minute is no limit."""

    def __init__(self, requests_per_minute: float, tokens_per_minute: float) -> None:
        self._request_seconds = 60 / requests_per_minute if requests_per_minute > 0 else 0.0
        self._token_seconds = 60 / tokens_per_minute if tokens_per_minute > 0 else 0.0
        self._lock = threading.Lock()
        self._free = 0.0
        self._held = 0.0

    def wait(self, tokens: int, stop: threading.Event) -> None:
        """Take the next turn, which makes the one after it later, and wait for it; `stop`, once set, ends that."""
        with self._lock:
            turn = max(time.monotonic(), self._free)
            self._free = turn + max(self._request_seconds, tokens * self._token_seconds)
        # Who waits already must heed a pause that is asked for meanwhile.
        while (seconds := max(turn, self._held) - time.monotonic()) > 0 and not stop.wait(seconds):
            pass

    def hold(self, seconds: float) -> None:
        """Nobody starts within these seconds."""
        with self._lock:
            self._held = max(self._held, time.monotonic() + seconds)
            self._free = max(self._free, self._held)

    def settle(self, expected: int, billed: int) -> None:
        """What a request took beyond the tokens expected of it, the next ones wait for."""
        with self._lock:
            self._free += (billed - expected) * self._token_seconds


def seconds_asked_for(headers: Mapping[str, str]) -> float:
    """The pause that `Retry-After` asks for, in seconds or as a date (RFC 9110, 10.2.3); 0 where it asks for none."""
    value = headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(value)) if value else 0.0
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError, OSError):
        return 0.0

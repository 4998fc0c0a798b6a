"""The pace of requests: who waits already heeds a pause that is asked for meanwhile, and a stop."""

import email.utils
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from shishen.pacing import Pace, seconds_asked_for


def waited(pace: Pace, stop: threading.Event | None = None) -> float:
    begun = time.monotonic()
    pace.wait(0, stop or threading.Event())
    return time.monotonic() - begun


def test_turns_are_evenly_apart() -> None:
    pace = Pace(300, 0)
    assert waited(pace) < 0.1
    assert 0.1 < waited(pace) < 0.5
    assert waited(Pace(0, 0)) < 0.1


def test_who_waits_heeds_a_pause() -> None:
    pace = Pace(300, 0)
    pace.wait(0, threading.Event())
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(waited, pace)
        time.sleep(0.05)
        pace.hold(0.6)
        assert waiting.result() > 0.55


def test_who_waits_heeds_a_stop() -> None:
    pace, stop = Pace(1, 0), threading.Event()
    pace.wait(0, stop)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(waited, pace, stop)
        time.sleep(0.05)
        stop.set()
        assert waiting.result() < 1


@pytest.mark.parametrize(
    ("value", "seconds"), [("", 0), ("3", 3), ("0.5", 0.5), ("-3", 0), ("soon", 0), ("Wed, 99 Foo", 0), ("nan", 0)]
)
def test_retry_after(value: str, seconds: float) -> None:
    assert seconds_asked_for({"retry-after": value}) == seconds


def test_retry_after_as_a_date() -> None:
    assert 58 <= seconds_asked_for({"retry-after": email.utils.formatdate(time.time() + 60, usegmt=True)}) <= 60
    assert seconds_asked_for({"retry-after": email.utils.formatdate(time.time() - 60, usegmt=True)}) == 0
    assert seconds_asked_for({}) == 0

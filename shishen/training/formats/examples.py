"""This program's own examples: a line each, with all fields; see `shishen/examples.py`."""

from shishen.examples import Example
from shishen.records import Message

LAYOUT = "lines"
FILES = {"train": "train.jsonl", "dev": "dev.jsonl", "test": "test.jsonl"}
Row = Example


def rows_of(example: Example) -> tuple[Example, ...]:
    """The example itself."""
    return (example,)


def messages_of(row: Example) -> tuple[Message, ...]:
    """Its messages."""
    return row.messages

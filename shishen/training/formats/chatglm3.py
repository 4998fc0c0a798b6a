"""ChatGLM3's dialogues: `{"conversations": [{"role", "content"}]}`, a line each, in files that end with `.json`.

Fields: https://github.com/THUDM/ChatGLM3/blob/main/finetune_demo/README.md. Its `finetune_hf.py` loads a file by what
its name ends with, and knows no `.jsonl`. It learns every answer. Not held: an example's id, kind and source; in
reading, tools and answers with `"loss": false` are refused.
"""

from msgspec import Struct

from shishen.examples import Example
from shishen.records import Message
from shishen.training.formats.role_turns import RoleTurn, messages_of_turns, role_turns

LAYOUT = "lines"
FILES = {"train": "train.json", "dev": "dev.json", "test": "test.json"}


class Row(Struct, frozen=True):
    """One dialogue."""

    conversations: list[RoleTurn]


def rows_of(example: Example) -> tuple[Row, ...]:
    """One row."""
    return (Row(role_turns(example.messages)),)


def messages_of(row: Row) -> tuple[Message, ...]:
    """The dialogue of a row. Raises BadRecord."""
    return messages_of_turns(row.conversations)

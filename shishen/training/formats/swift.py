"""ms-swift's standard format: `{"messages": [{"role", "content"}]}`, a line each.

Fields: https://swift.readthedocs.io/en/latest/Customization/Custom-dataset.html. Its older form is read as well:
`query`, `response`, `history` (pairs) and `system`. It learns every answer. Not held: an example's id, kind and
source; in reading, tool calls, answers with `"loss": false` and a history written as Python text are refused.
"""

from msgspec import UNSET, Struct, UnsetType

from shishen.errors import BadRecord
from shishen.examples import Example, dialogue
from shishen.records import Message
from shishen.training.formats.role_turns import RoleTurn, joined, messages_of_turns, role_turns

LAYOUT = "lines"
FILES = {"train": "train.jsonl", "dev": "dev.jsonl", "test": "test.jsonl"}


class Row(Struct, frozen=True, kw_only=True):
    """One dialogue, in the form of today or in the older one."""

    messages: list[RoleTurn] | UnsetType = UNSET
    system: str | UnsetType | None = UNSET
    query: str | UnsetType = UNSET
    response: str | UnsetType = UNSET
    history: list[list[str]] | UnsetType | None = UNSET

    def __post_init__(self) -> None:
        """A row without either is of another format."""
        if self.messages is UNSET and (self.query is UNSET or self.response is UNSET):
            raise ValueError("没有 messages，也没有 query 和 response")


def rows_of(example: Example) -> tuple[Row, ...]:
    """One row, in the form of today."""
    return (Row(messages=role_turns(example.messages)),)


def messages_of(row: Row) -> tuple[Message, ...]:
    """The dialogue of a row. Raises BadRecord."""
    if not isinstance(row.messages, UnsetType):
        return joined(row.system or "", messages_of_turns(row.messages))
    turns = []
    for number, turn in enumerate(row.history or (), 1):
        if len(turn) != 2:
            raise BadRecord(f"history 的第 {number} 项有 {len(turn)} 段文字，应为一问一答两段")
        turns.append((turn[0], turn[1]))
    return dialogue([*turns, (row.query or "", row.response or "")], row.system or "")

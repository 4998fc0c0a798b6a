"""LLaMA-Factory's sharegpt: `{"conversations": [{"from", "value"}], "system"}`, one JSON array.

Fields: https://github.com/hiyouga/LLaMA-Factory/blob/main/data/README.md#sharegpt-format; human and gpt take turns,
and LLaMA-Factory skips a row where they do not. `system` is in every row, as `dataset_info.json` names the column
for all. In reading, a first turn of `system` counts as well, and the role names user, assistant and bot, as other
programs write them. Not held: an example's id, kind and source; in reading, tools are refused.
"""

from msgspec import Struct

from shishen.errors import BadRecord
from shishen.examples import Example
from shishen.records import Message, Role
from shishen.training.formats.role_turns import joined

LAYOUT = "array"
FILES = {"train": "train.json", "dev": "dev.json", "test": "test.json"}
DATASET_INFO = {
    "formatting": "sharegpt",
    "columns": {"messages": "conversations", "system": "system"},
    "tags": {
        "role_tag": "from",
        "content_tag": "value",
        "user_tag": "human",
        "assistant_tag": "gpt",
        "system_tag": "system",
    },
}
_ROLES: dict[str, Role] = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "bot": "assistant",
    "system": "system",
}
_NAMES = {"user": "human", "assistant": "gpt"}


class Turn(Struct, frozen=True, rename={"speaker": "from"}):
    """What one side says; `from` is a word of Python's."""

    speaker: str
    value: str


class Row(Struct, frozen=True):
    """One dialogue."""

    conversations: list[Turn]
    system: str | None = ""


def rows_of(example: Example) -> tuple[Row, ...]:
    """One row."""
    turns = [Turn(_NAMES[m.role], m.content) for m in example.messages if m.role in _NAMES]
    return (Row(turns, example.system),)


def messages_of(row: Row) -> tuple[Message, ...]:
    """The dialogue of a row. Raises BadRecord."""
    messages = []
    for number, turn in enumerate(row.conversations, 1):
        if turn.speaker not in _ROLES:
            raise BadRecord(f"第 {number} 条的 from 是 {turn.speaker[:40]}，应为 human 或 gpt")
        messages.append(Message(_ROLES[turn.speaker], turn.value))
    return joined(row.system, messages)

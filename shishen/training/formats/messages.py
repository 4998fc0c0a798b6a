"""OpenAI's chat format: `{"messages": [{"role", "content"}]}`, a line each.

Fields: https://platform.openai.com/docs/guides/supervised-fine-tuning and, as TRL's conversational language
modelling, https://huggingface.co/docs/trl/dataset_formats. TRL learns the whole row unless it is told
`assistant_only_loss=True`. Not held: an example's id, kind and source; in reading, tool calls, content in parts and
answers of weight 0 are refused.
"""

from msgspec import Struct

from shishen.examples import Example
from shishen.records import Message
from shishen.training.formats.role_turns import RoleTurn, messages_of_turns, role_turns

LAYOUT = "lines"
FILES = {"train": "train.jsonl", "dev": "dev.jsonl", "test": "test.jsonl"}
# "OpenAI Format" of LLaMA-Factory's data/README.md.
DATASET_INFO = {
    "formatting": "sharegpt",
    "columns": {"messages": "messages"},
    "tags": {
        "role_tag": "role",
        "content_tag": "content",
        "user_tag": "user",
        "assistant_tag": "assistant",
        "system_tag": "system",
    },
}


class Row(Struct, frozen=True):
    """One dialogue."""

    messages: list[RoleTurn]


def rows_of(example: Example) -> tuple[Row, ...]:
    """One row."""
    return (Row(role_turns(example.messages)),)


def messages_of(row: Row) -> tuple[Message, ...]:
    """The dialogue of a row. Raises BadRecord."""
    return messages_of_turns(row.messages)

"""XTuner's conversations: `{"conversation": [{"system", "input", "output"}]}`, one JSON array.

Fields: https://github.com/InternLM/xtuner/blob/v0.1.23/docs/en/user_guides/dataset_format.md. XTuner puts the system
prompt before the input of every turn that has one, so it is written in the first turn only and left empty in the
others. In reading, the same prompt in several turns counts once. A row for pre-training, with an empty input, is no
dialogue and is refused, as is a turn without `input` or `output`. Not held: an example's id, kind and source.
"""

from msgspec import Struct

from shishen.errors import BadRecord
from shishen.examples import Example, dialogue
from shishen.records import Message

LAYOUT = "array"
FILES = {"train": "train.json", "dev": "dev.json", "test": "test.json"}


class Turn(Struct, frozen=True, kw_only=True):
    """A question and its answer."""

    system: str | None = ""
    input: str
    output: str


class Row(Struct, frozen=True):
    """One dialogue."""

    conversation: list[Turn]


def rows_of(example: Example) -> tuple[Row, ...]:
    """One row."""
    return (
        Row(
            [
                Turn(system="" if number else example.system, input=question, output=answer)
                for number, (question, answer) in enumerate(example.turns)
            ]
        ),
    )


def messages_of(row: Row) -> tuple[Message, ...]:
    """The dialogue of a row. Raises BadRecord."""
    systems = {turn.system for turn in row.conversation if turn.system}
    if len(systems) > 1:
        raise BadRecord(f"有 {len(systems)} 条不同的 system，最多一条")
    if systems and not row.conversation[0].system:
        raise BadRecord("system 不在第一轮")
    return dialogue([(turn.input, turn.output) for turn in row.conversation], next(iter(systems), ""))

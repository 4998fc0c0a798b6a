"""LLaMA-Factory's alpaca: `{"instruction", "input", "output", "system", "history"}`, one JSON array.

Fields: https://github.com/hiyouga/LLaMA-Factory/blob/main/data/README.md#alpaca-format. LLaMA-Factory joins
instruction and input with a line break and learns the answers of `history` as well. Every row has all columns, as
`dataset_info.json` names them for all. Not held: an example's id, kind and source; which part of a question was
`input` (it is written into `instruction`).
"""

from msgspec import Struct

from shishen.errors import BadRecord
from shishen.examples import Example, dialogue
from shishen.records import Message

LAYOUT = "array"
FILES = {"train": "train.json", "dev": "dev.json", "test": "test.json"}
DATASET_INFO = {
    "formatting": "alpaca",
    "columns": {
        "prompt": "instruction",
        "query": "input",
        "response": "output",
        "system": "system",
        "history": "history",
    },
}


class Row(Struct, frozen=True, kw_only=True):
    """One dialogue; `history` has the question and the answer of each earlier turn."""

    instruction: str
    input: str | None = ""
    output: str
    system: str | None = ""
    history: list[list[str]] | None = None


def rows_of(example: Example) -> tuple[Row, ...]:
    """One row: the last turn, and those before it as its history."""
    *history, (question, answer) = example.turns
    return (
        Row(
            instruction=question,
            output=answer,
            system=example.system,
            history=[list(turn) for turn in history],
        ),
    )


def messages_of(row: Row) -> tuple[Message, ...]:
    """The dialogue of a row. Raises BadRecord."""
    turns = []
    for number, turn in enumerate(row.history or (), 1):
        if len(turn) != 2:
            raise BadRecord(f"history 的第 {number} 项有 {len(turn)} 段文字，应为一问一答两段")
        turns.append((turn[0], turn[1]))
    question = "\n".join(part for part in (row.instruction, row.input) if part)
    return dialogue([*turns, (question, row.output)], row.system or "")

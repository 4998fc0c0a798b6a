"""PaddleNLP's `{"src": [questions], "tgt": [answers], "context": {"system"}}`, a line each.

Fields: https://github.com/PaddlePaddle/PaddleNLP/blob/develop/llm/docs/finetune.md and chat_template.md beside it; it
looks for `train.json` and `dev.json`, wants as many questions as answers and learns every answer
(`llm/utils/data.py`). Without a system prompt `context` is left out, so that the model's own stands. PaddleNLP reads
no test file; ours is for keeping. Not held: an example's id, kind and source.
"""

from msgspec import UNSET, Struct, UnsetType

from shishen.errors import BadRecord
from shishen.examples import Example, dialogue
from shishen.records import Message

LAYOUT = "lines"
FILES = {"train": "train.json", "dev": "dev.json", "test": "test.json"}


class Context(Struct, frozen=True):
    """What a template is filled with beside the turns."""

    system: str | None = None


class Row(Struct, frozen=True):
    """One dialogue; a single turn may be plain strings."""

    src: list[str] | str
    tgt: list[str] | str
    context: Context | UnsetType | None = UNSET


def rows_of(example: Example) -> tuple[Row, ...]:
    """One row."""
    turns = example.turns
    context = Context(example.system) if example.system else UNSET
    return (Row([question for question, _ in turns], [answer for _, answer in turns], context),)


def messages_of(row: Row) -> tuple[Message, ...]:
    """The dialogue of a row. Raises BadRecord."""
    questions = [row.src] if isinstance(row.src, str) else row.src
    answers = [row.tgt] if isinstance(row.tgt, str) else row.tgt
    if len(questions) != len(answers):
        raise BadRecord(f"src 有 {len(questions)} 条，tgt 有 {len(answers)} 条，应当一样多")
    return dialogue(zip(questions, answers, strict=True), (row.context.system if row.context else "") or "")

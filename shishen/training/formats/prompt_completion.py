"""TRL's conversational prompt–completion: `{"prompt": [messages], "completion": [one message]}`, a line each.

Fields: https://huggingface.co/docs/trl/dataset_formats#prompt-completion. TRL learns the completion and nothing of
the prompt, so a dialogue of n answers is n rows, each with all that was said before in its prompt; one row alone
would teach the last answer only. Reading puts rows that go on with each other together again, so the way there and
back loses nothing of what is said. Where the earlier rows are missing, the answers in a prompt become answers to
learn. Plain strings are read as a question and its answer. Not held: an example's id, kind and source.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from shishen.errors import BadRecord
from shishen.examples import Example
from shishen.records import Message
from shishen.training.formats.role_turns import RoleTurn, messages_of_turns, role_turns

LAYOUT = "lines"
FILES = {"train": "train.jsonl", "dev": "dev.jsonl", "test": "test.jsonl"}


class Row(Struct, frozen=True):
    """One answer and all that came before it."""

    prompt: list[RoleTurn] | str
    completion: list[RoleTurn] | str


def rows_of(example: Example) -> Iterator[Row]:
    """One row an answer."""
    turns = role_turns(example.messages)
    for place, turn in enumerate(turns):
        if turn.role == "assistant":
            yield Row(turns[:place], [turn])


def messages_of(row: Row) -> tuple[Message, ...]:
    """Prompt and completion, one after the other. Raises BadRecord."""
    completion = [RoleTurn("assistant", row.completion)] if isinstance(row.completion, str) else row.completion
    if len(completion) != 1:
        raise BadRecord(f"completion 有 {len(completion)} 条消息，应为一条 assistant 消息")
    prompt = [RoleTurn("user", row.prompt)] if isinstance(row.prompt, str) else row.prompt
    return messages_of_turns([*prompt, *completion])


def continues(before: Sequence[Message], after: Sequence[Message]) -> bool:
    """Whether a row's messages are those of the row before, one question and one answer longer."""
    return len(after) == len(before) + 2 and tuple(after[: len(before)]) == tuple(before)

"""Turns with a role and a content, as most formats have them, and the messages that they are."""

from collections.abc import Iterable, Sequence
from typing import get_args

import msgspec
from msgspec import UNSET, Struct, UnsetType

from shishen.errors import BadRecord
from shishen.records import Message, Role


class RoleTurn(Struct, frozen=True):
    """One turn. `weight` 0 (OpenAI) and `loss` false (ChatGLM3, ms-swift) mark an answer that is not to be learned."""

    role: str
    content: str
    weight: float | UnsetType | None = UNSET
    loss: bool | float | UnsetType | None = UNSET


def role_turns(messages: Iterable[Message]) -> list[RoleTurn]:
    """The same as turns, for writing."""
    return [RoleTurn(message.role, message.content) for message in messages]


def messages_of_turns(turns: Sequence[RoleTurn]) -> tuple[Message, ...]:
    """The same as messages. Raises BadRecord over a role that nobody knows and an answer that is not to be learned."""
    return tuple(_message(turn, number) for number, turn in enumerate(turns, 1))


def joined(system: str | None, messages: Sequence[Message]) -> tuple[Message, ...]:
    """Messages with the system prompt that stood beside them.

    Raises BadRecord where there is another one among them: programs differ in which they take.
    """
    if not system:
        return tuple(messages)
    if messages and messages[0].role == "system":
        if messages[0].content != system:
            raise BadRecord("有 2 条不同的 system，最多一条")
        return tuple(messages)
    return (Message("system", system), *messages)


def _message(turn: RoleTurn, number: int) -> Message:
    # An example's answers are all learned, so one that must not be would become what its author kept out.
    if turn.role == "assistant" and (turn.weight == 0 or turn.loss in (False, 0)):
        raise BadRecord(f"第 {number} 条消息标明不学（weight 或 loss 是 0），这里存不下")
    if turn.role not in get_args(Role):
        raise BadRecord(f"第 {number} 条消息的 role 是 {turn.role[:40]}，应为 system、user 或 assistant")
    return Message(msgspec.convert(turn.role, Role), turn.content)

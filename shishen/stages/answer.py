"""Answer: the messages of a conversation → one grounded answer, and the state that they have come to.

    shishen ask 可乐鸡翅怎么做

The state is a fold over the messages: the same messages give the same state, and no session is kept. What an earlier
answer listed is read from its own words, as they are what the user saw; only dishes of the library count there.
"""

from collections.abc import Sequence
from threading import Lock
from typing import Any

import msgspec
from msgspec.structs import replace

from shishen.conversation.choose import listed_names
from shishen.conversation.part import Desk
from shishen.conversation.respond import remembered, respond
from shishen.errors import ShishenError
from shishen.library import Library, group_of_name
from shishen.records import Answer, Dish, Message, State
from shishen.retriever import Retriever
from shishen.selection import Selection

# States of conversations under way that are kept, so that a long one need not be folded anew at each turn.
REMEMBERED = 512
# A conversation is followed from this many of its last turns; of those before only what must be avoided is kept.
LONGEST = 200


class Conversations:
    """Answers conversations over a library. Safe to share between threads; holds nothing that cannot be folded anew."""

    def __init__(self, library: Library, retriever: Retriever, selection: Selection) -> None:
        self._library = library
        self._retriever = retriever
        self._selection = selection
        self._states: dict[tuple[int, tuple[Message, ...]], State] = {}
        self._lock = Lock()

    def answer(self, messages: Sequence[Message], seed: int) -> Answer:
        """The answer to the last message of the user; `seed` varies what is recommended.

        Raises ShishenError where there is none.
        """
        *before, last = _turns(messages)
        state = self.fold([message for turn in before for message in turn])
        return respond(last[0].content, state, self._desk(seed))

    def fold(self, messages: Sequence[Message]) -> State:
        """The state that messages come to, from the last turn that is remembered."""
        generation = self._library.generation()
        turns = _turns(messages) if messages else []
        beginning = turns[:-LONGEST]
        turns = turns[-LONGEST:]
        keys = [
            (generation, tuple(m for turn in (*beginning, *turns[:n]) for m in turn)) for n in range(len(turns) + 1)
        ]
        with self._lock:
            kept = [(n, self._states[keys[n]]) for n in range(len(turns), 0, -1) if keys[n] in self._states][:1]
        known, state = kept[0] if kept else (0, State())
        if not kept:
            for turn in beginning:
                state = remembered(turn[0].content, state)
        for n in range(known, len(turns)):
            state = self._step(state, turns[n])
            self._remember(keys[n + 1], state)
        return state

    def _step(self, state: State, turn: Sequence[Message]) -> State:
        """The state after one turn: what the user said, and what the answer listed."""
        # Chance plays no part here: what it chose stands in the answer.
        after = respond(turn[0].content, state, self._desk(0)).state
        names = [name for message in turn[1:] for name in listed_names(message.content)]
        if not names:
            return after
        dishes = tuple(self._dish(name) for name in names[:100])
        seen = tuple(dict.fromkeys((*state.seen, *(dish.name for dish in dishes))))
        return replace(after, list=dishes, seen=seen)

    def _dish(self, name: str) -> Dish:
        """A dish by the name that an answer gave it; without an id where the library has none such."""
        found = self._library.of_group(group_of_name(name))
        return Dish(found[0].id, found[0].name) if found else Dish(None, name)

    def _desk(self, seed: int) -> Desk:
        return Desk(self._library, self._retriever, self._selection, seed)

    def _remember(self, key: tuple[int, tuple[Message, ...]], state: State) -> None:
        with self._lock:
            while len(self._states) >= REMEMBERED:
                del self._states[next(iter(self._states))]
            self._states[key] = state


def _turns(messages: Sequence[Message]) -> list[tuple[Message, ...]]:
    """The conversation by turns: a message of the user with the answers after it. Raises ShishenError without one."""
    turns: list[tuple[Message, ...]] = []
    for message in messages:
        if message.role == "user":
            turns.append((message,))
        elif message.role == "assistant" and turns:
            turns[-1] = (*turns[-1], message)
    if not turns:
        raise ShishenError("messages 里没有用户的话（role 为 user）。")
    return turns


def extension(answer: Answer) -> dict[str, Any]:
    """The `shishen` object that goes with an answer in the API and in `ask --json`."""
    fields: dict[str, Any] = msgspec.to_builtins(answer)
    del fields["text"]
    return fields

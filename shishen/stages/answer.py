"""Answer: the messages of a conversation → one grounded answer.

    shishen ask 可乐鸡翅怎么做

Follows no conversation yet: the last message of the user is answered by itself.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from shishen.chinese import normalise
from shishen.domains.cooking.composing import found_text, greeting_text, missing_text
from shishen.domains.cooking.grounding import grounded
from shishen.domains.cooking.words import bare, segment
from shishen.errors import ShishenError
from shishen.library import Library
from shishen.records import Answer, Cited, Hit, Message
from shishen.retriever import Resolution, Retriever

# How many neighbours are offered by name.
OFFERED = 4


def answer(messages: Sequence[Message], library: Library, retriever: Retriever) -> Answer:
    """The answer to the last message of the user. Raises ShishenError where there is none."""
    question = next((m.content for m in reversed(messages) if m.role == "user"), None)
    if question is None:
        raise ShishenError("messages 里没有用户的话（role 为 user）。")
    if all(word.kind == "filler" for word in segment(normalise(question))):
        text = greeting_text(len(library))
        return Answer(text=text, intent="greeting", refused=False, state={"dish": None}, verified=True)
    resolution = retriever.resolve(question)
    return _found(resolution, library) if resolution.hits else _missing(question, resolution)


def extension(answer: Answer) -> dict[str, Any]:
    """The `shishen` object that goes with an answer in the API and in `ask --json`."""
    fields: dict[str, Any] = msgspec.to_builtins(answer)
    del fields["text"]
    return fields


def _found(resolution: Resolution, library: Library) -> Answer:
    best, *others = resolution.hits
    recipe = library.get(best.recipe_id)
    said = resolution.said if bare(resolution.said) != bare(recipe.name) else None
    text = found_text(recipe, said, others[:OFFERED], best.recipe_count)
    return Answer(
        text=text,
        intent="how_to_cook",
        refused=False,
        recipes=tuple(_cited(hit) for hit in resolution.hits),
        state={"dish": {"id": recipe.id, "name": recipe.name}},
        verified=grounded(text, recipe, said or ""),
    )


def _missing(question: str, resolution: Resolution) -> Answer:
    neighbours = resolution.neighbours[:OFFERED]
    return Answer(
        text=missing_text(_asked(question), neighbours),
        intent="how_to_cook",
        refused=True,
        recipes=tuple(_cited(hit) for hit in neighbours),
        state={"dish": None},
        verified=True,
    )


def _asked(question: str, longest: int = 16) -> str:
    """What a question asks for, without the words around it; empty where that is no short name."""
    words = [word for word in segment(normalise(question)) if word.kind != "filler"]
    if not words:
        return ""
    name = normalise(question)[words[0].start : words[-1].end]
    return name if len(name) <= longest else ""


def _cited(hit: Hit) -> Cited:
    return Cited(hit.recipe_id, hit.name, hit.score, hit.source)

"""Answer: the messages of a conversation → one grounded answer.

    shishen ask 可乐鸡翅怎么做

Follows no conversation yet: the last message of the user is answered by itself.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from shishen.chinese import normalise
from shishen.domains.cooking.composing import beyond_text, found_text, greeting_text, missing_text
from shishen.domains.cooking.grounding import grounded
from shishen.domains.cooking.understanding import Intent, asked_name, is_ill, nothing_asked, requests
from shishen.domains.cooking.words import bare
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
    text = normalise(question)
    if nothing_asked(text):
        words = greeting_text(len(library))
        return Answer(text=words, intent="greeting", refused=False, state={"dish": None}, verified=True)
    resolution = retriever.resolve(question)
    # A word that a dish is called by (素炒豆角) asks for nothing more than that dish.
    unmet = [word.text for word in requests(text) if not any(word.text in hit.name for hit in resolution.hits[:1])]
    if unmet:
        # Only what was named may be offered: a neighbour could be the very thing to be kept away from.
        named = resolution.hits[:1]
        return _refused("beyond", beyond_text(unmet, is_ill(unmet), named), named)
    if not resolution.hits:
        offered = resolution.neighbours[:OFFERED]
        return _refused("how_to_cook", missing_text(asked_name(text), offered), offered)
    return _found(resolution, library)


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


def _refused(intent: Intent, text: str, offered: Sequence[Hit]) -> Answer:
    return Answer(
        text=text,
        intent=intent,
        refused=True,
        recipes=tuple(_cited(hit) for hit in offered),
        state={"dish": None},
        verified=True,
    )


def _cited(hit: Hit) -> Cited:
    return Cited(hit.recipe_id, hit.name, hit.score, hit.source)

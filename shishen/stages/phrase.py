"""Phrase: an answer → pieces of text, said by the chat engine, and checked where that says other words than the answer.

An engine says what it speaks from, its `basis`:

- `answer`: word for word what was composed. Nothing to check.
- `recipes`: its own words from the composed answer in its prompt. Each sentence is held to that before it is passed on
  (`phrase_grounding.py`: numbers with units, foods, whose amount it is). At the first that does not hold it is stopped,
  and the composed answer is given, which is said; so it is where what was said says nothing, or was cut off.
- `memory`: what a model learned by heart. Nothing can be checked, so the first line says just that. It is also asked
  for dishes that the library lacks.

A model only ever speaks of one dish that was asked about. Refusals, advice on safety, warnings, lists to choose from
and whatever is said to somebody who must avoid something are given as they were composed, whatever the engine.
"""

import re
from collections.abc import Generator, Iterator, Sequence

from msgspec.structs import replace

from shishen.conversation import shown
from shishen.domains.cooking.composing import missing_text
from shishen.domains.cooking.phrase_grounding import Grounds
from shishen.domains.cooking.replies import source_line
from shishen.errors import ShishenError
from shishen.protocols import Basis, Chat
from shishen.records import Answer, Message, Recipe

FROM_MEMORY = "（凭训练的记忆回答，没有对照菜谱）\n\n"
CORRECTED = "（模型说的和菜谱对不上，下面是菜谱的原话。）\n\n"
CUT_OFF = "\n\n（模型接下来说的和菜谱对不上，不说了；下面是菜谱的原话。）\n\n"
EMPTY = "\n\n（模型没有答到点子上，下面是菜谱的原话。）\n\n"
SILENT = "（模型没有说话，下面是菜谱的原话。）\n\n"
FAILED = "（模型答不了：{error}下面不是模型说的。）\n\n"
# Questions about one dish, whose answers stand on its record alone.
_OF_ONE_DISH = frozenset(
    (
        "how_to_cook", "ingredients", "amount", "step", "after", "time", "difficulty", "tools", "servings", "calories",
        "taste", "heat", "size", "tips",
    )
)  # fmt: skip
# Between the parts of an answer to several requests, one of which may be a warning.
_PARTS = "\n\n---\n\n"
_SENTENCE = re.compile(r".*?(?:[。！？；]|\n)", re.DOTALL)
_SOURCE = "来源："
_MISSING = missing_text("\0", ()).partition("「\0」")[0]


def basis_of(chat: Chat, answer: Answer, recipes: Sequence[Recipe]) -> Basis:
    """What an answer will be said from; `answer` where no model may say it in other words."""
    # Engines from before there was a choice say what they say; theirs is to be trusted or not to be installed.
    basis: Basis = getattr(chat, "basis", "answer")
    if basis == "answer" or answer.intent not in _OF_ONE_DISH or not answer.verified or _PARTS in answer.text:
        return "answer"
    if answer.state.exclusions:
        return "answer"
    if answer.refused:
        return basis if basis == "memory" and answer.text.startswith(_MISSING) else "answer"
    if (
        len(recipes) != 1
        or len(answer.recipes) != 1
        or shown.view(recipes[0], answer.state).foot
        or shown.warning(recipes[0], answer.state)
    ):
        return "answer"
    return basis


def as_said(chat: Chat, answer: Answer, recipes: Sequence[Recipe]) -> Answer:
    """The answer as it is to be announced: what is said from memory is not verified."""
    return replace(answer, verified=False) if basis_of(chat, answer, recipes) == "memory" else answer


def phrase(chat: Chat, messages: Sequence[Message], answer: Answer, recipes: Sequence[Recipe]) -> Iterator[str]:
    """The answer's text in pieces, as they may be said. Closing it stops the engine."""
    basis = basis_of(chat, answer, recipes)
    if basis == "answer" and getattr(chat, "basis", "answer") != "answer":
        yield answer.text
    elif basis == "answer":
        yield from chat.phrase(messages, answer, recipes)
    else:
        pieces = chat.phrase(_without_labels(messages), answer, recipes)
        said = _labelled(pieces) if basis == "memory" else _checked(pieces, answer, recipes[0])
        begun = False
        try:
            for piece in said:
                begun = True
                yield piece
        except ShishenError as error:
            # What was composed can always be said; an answer that breaks off helps nobody.
            yield ("\n\n" if begun else "") + FAILED.format(error=error) + answer.text


def _labelled(pieces: Iterator[str]) -> Iterator[str]:
    """What is said from memory, and before it that it is."""
    for number, piece in enumerate(pieces):
        if not number:
            yield FROM_MEMORY
        yield piece


def _without_labels(messages: Sequence[Message]) -> list[Message]:
    """The conversation as the model itself said it: a label is not for it to learn from."""
    labels = (FROM_MEMORY, CORRECTED, SILENT)
    return [
        Message(
            m.role, next((m.content.removeprefix(label) for label in labels if m.content.startswith(label)), m.content)
        )
        for m in messages
    ]


def _checked(pieces: Iterator[str], answer: Answer, recipe: Recipe) -> Iterator[str]:
    """Sentence after sentence as long as they hold; then the composed answer."""
    grounds = Grounds(answer.text)
    said = stray = ""
    # Line breaks wait for what comes behind them.
    gap = ""
    try:
        for sentence in _sentences(pieces):
            if sentence.startswith(_SOURCE):
                # Where it stands is for the record to say.
                continue
            if stray := grounds.stray(sentence):
                break
            if sentence.strip() and (said or any(letter.isalnum() for letter in sentence)):
                yield gap + sentence.rstrip("\n") if said else sentence.strip("\n")
                said, gap = said + sentence, ""
            gap += "\n" * sentence.count("\n")
    finally:
        # Whoever is not listened to any more need not go on.
        if isinstance(pieces, Generator):
            pieces.close()
    if stray:
        yield (CUT_OFF if said else CORRECTED) + answer.text
    elif not said:
        yield SILENT + answer.text
    elif not grounds.tells(said, recipe.title):
        yield EMPTY + answer.text
    else:
        # Whoever put it, a record stands behind it.
        yield f"\n\n{source_line(recipe)}"


def _sentences(pieces: Iterator[str]) -> Iterator[str]:
    """What comes in pieces, a whole sentence or line at a time."""
    held = ""
    for piece in pieces:
        held += piece
        end = 0
        for sentence in _SENTENCE.finditer(held):
            yield sentence[0]
            end = sentence.end()
        held = held[end:]
    if held:
        yield held

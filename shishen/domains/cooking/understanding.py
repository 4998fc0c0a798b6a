"""What a question asks for, before anything is searched: a greeting, a dish, or more than a recipe can say."""

from collections.abc import Iterable
from typing import Literal

from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.words import Word, segment

Intent = Literal["greeting", "how_to_cook", "beyond"]


def nothing_asked(text: str) -> bool:
    """Whether a normalised text is only a greeting or words around a question."""
    return all(word.kind == "filler" for word in segment(text))


def requests(text: str) -> list[Word]:
    """The words of a normalised text that ask for more than a recipe: a diet, a person, a doubt, an illness."""
    return [word for word in segment(text) if word.kind == "request"]


def is_ill(requests: Iterable[str]) -> bool:
    """Whether one of these words is one of illness."""
    return not set(knowledge("words")["illness"].split()).isdisjoint(requests)


def asked_name(text: str, longest: int = 16) -> str:
    """What a normalised text asks for, without the words around it; empty where that is no short name."""
    words = [word for word in segment(text) if word.kind != "filler"]
    if not words:
        return ""
    name = text[words[0].start : words[-1].end]
    return name if len(name) <= longest else ""

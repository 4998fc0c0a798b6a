"""Single words of a question that its intent does not tell: more than a recipe, an illness, the name of a dish."""

from collections.abc import Iterable

from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.words import segment


def requests(text: str) -> list[str]:
    """The words of a normalised text that ask for more than a recipe: a diet, a person, a doubt, an illness."""
    return [word.text for word in segment(text) if word.kind == "request"]


def is_ill(words: Iterable[str]) -> bool:
    """Whether one of these words is one of illness."""
    return not set(knowledge("words")["illness"].split()).isdisjoint(words)


def asked_name(text: str, longest: int = 16) -> str:
    """What a normalised text asks for, without the words around it; empty where that is no short name."""
    words = [word for word in segment(text) if word.kind != "filler"]
    if not words:
        return ""
    name = text[words[0].start : words[-1].end].strip()
    return name if len(name) <= longest else ""

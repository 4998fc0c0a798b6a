"""What must be said before any answer: food and kitchen hazards, illness, folklore, and what is not given at all.

Rules are data (`data/safety_*.toml`). One is a list of rows; a row fires where all its patterns stand near each other
in the turn: the first is looked for, the others within `reach` of it. `!` before a pattern means that it must not
stand there. This judges words, not food: no advice means only that no rule knew the question.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.words import segment
from shishen.records import Recipe

Kind = Literal["safety", "medical", "folklore"]

_FILES = (
    "safety_medical",
    "safety_people",
    "safety_plants",
    "safety_animals",
    "safety_keeping",
    "safety_kitchen",
    "safety_folklore",
    "safety_general",
)
_NAME = re.compile(r"\{([a-z_]+)\}")
_HAN_GAP = re.compile(r"(?<=[\u3400-\u9fff]) | (?=[\u3400-\u9fff])")
# Sounds of somebody thinking aloud: they stand in the middle of words that belong together.
_HUM = re.compile(
    r"嗯+|呃+|额+(?!头)|唔+|那个那个|这个这个|就是说|(?<![吃喝用放])那个(?=[，,、…\s]|能|可|要|炒|煮|放)|[…~～]+"
)
# Characters around the first pattern of a row in which the others must stand; Latin words are longer.
_REACH = 36
_REACH_LATIN = 100
# A turn longer than this is read at its two ends; of one pattern so many places are looked at.
_LONGEST = 4000
_PLACES = 12


class Advice(Struct, frozen=True):
    """One piece of advice: Chinese Markdown that ends with its sources.

    `refused`: what was asked is not given. `exclusive`: this is the whole answer; else it stands before the normal one.
    """

    id: str
    kind: Kind
    text: str
    sources: tuple[str, ...]
    refused: bool
    exclusive: bool


class _Row(Struct, frozen=True):
    """Patterns that must (`all`) and must not (`none`) stand near each other; `all[0]` is looked for first.

    They are compiled when first looked for: most turns need few of them.
    """

    all: tuple[str, ...]
    none: tuple[str, ...]


class _Rule(Struct, frozen=True):
    """An advice with the rows that call for it: alone, before the normal answer, or by the dish spoken of.

    A `fallback` is used only where no rule before it fired.
    """

    advice: Advice
    urgency: int
    when: tuple[_Row, ...]
    before: tuple[_Row, ...]
    dish: str
    dish_when: tuple[_Row, ...]
    fallback: bool


class _Caution(Struct, frozen=True):
    """A line for recipes whose name or ingredients, and steps where given, match."""

    text: str
    name: re.Pattern[str] | None
    ingredients: re.Pattern[str] | None
    steps: re.Pattern[str] | None
    unless: re.Pattern[str] | None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    words: dict[str, str] = knowledge("safety_words")
    return re.compile(_NAME.sub(lambda found: f"(?:{words[found[1]]})", pattern))


def _row(patterns: list[str]) -> _Row:
    return _Row(
        tuple(p for p in patterns if not p.startswith("!")),
        tuple(p[1:] for p in patterns if p.startswith("!")),
    )


def _advice(entry: dict[str, Any]) -> Advice:
    sources = tuple(knowledge("safety_sources")[key] for key in entry["sources"])
    return Advice(
        id=entry["id"],
        kind=entry["kind"],
        text=f"{entry['text'].strip()}\n\n来源：{'；'.join(sources)}。",
        sources=sources,
        refused=entry.get("refused", False),
        exclusive=entry.get("exclusive", True),
    )


@cache
def _rules() -> tuple[_Rule, ...]:
    rules = [
        _Rule(
            advice=_advice(entry),
            urgency=entry["urgency"],
            when=tuple(_row(row) for row in entry.get("when", ())),
            before=tuple(_row(row) for row in entry.get("before", ())),
            dish=entry.get("dish", ""),
            dish_when=tuple(_row(row) for row in entry.get("dish_when", ())),
            fallback=entry.get("fallback", False),
        )
        for name in _FILES
        for entry in knowledge(name)["advice"]
    ]
    return tuple(sorted(rules, key=lambda rule: rule.urgency))


def advices() -> tuple[Advice, ...]:
    """Every advice there is, most urgent first."""
    return tuple(rule.advice for rule in _rules())


class _Turn:
    """One turn, and what was found in it: each pattern is searched in the whole of it at most once."""

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            text = f"{text[: _LONGEST // 2]}\n{text[-_LONGEST // 2 :]}"
        self.text = _HUM.sub("", _HAN_GAP.sub("", text))
        latin = sum(c.isascii() and c.isalpha() for c in self.text)
        self.reach = _REACH_LATIN if latin * 2 > len(self.text) else _REACH
        self.stands: dict[str, bool] = {}

    def has(self, pattern: str) -> bool:
        """Whether it stands anywhere."""
        if pattern not in self.stands:
            self.stands[pattern] = _compiled(pattern).search(self.text) is not None
        return self.stands[pattern]

    def places(self, pattern: str) -> Iterator[tuple[int, int]]:
        """The stretches of text around where it stands."""
        for count, found in enumerate(_compiled(pattern).finditer(self.text)):
            if count == _PLACES:
                return
            yield max(0, found.start() - self.reach), found.end() + self.reach

    def matches(self, row: _Row) -> bool:
        """Whether a row fires."""
        if not all(self.has(pattern) for pattern in row.all):
            return False
        return any(
            all(_compiled(p).search(self.text, start, end) for p in row.all)
            and not any(_compiled(p).search(self.text, start, end) for p in row.none)
            for start, end in self.places(row.all[0])
        )


def _of_dish(text: str, dish: Recipe) -> bool:
    """Whether a turn can be about the dish spoken of: it names no food that is not in it."""
    of_it = dish.name + "".join(i.name + "".join(i.alt) for i in dish.ingredients)
    return all(word.text in of_it for word in segment(text) if word.kind == "food")


def advise(text: str, dish: Recipe | None = None) -> tuple[Advice, ...]:
    """The advice that one user turn calls for, most urgent first; () where nothing applies.

    `text` is normalised; `dish` the one being talked about, so that 没熟能吃吗 is about what is in it. Medical advice
    and folklore come alone.
    """
    turn = _Turn(text)
    by_dish = dish is not None and len(text) <= _REACH_LATIN and _of_dish(text, dish)
    found: list[Advice] = []
    for rule in _rules():
        if rule.fallback and found:
            continue
        if any(turn.matches(row) for row in rule.when):
            found.append(rule.advice)
        elif any(turn.matches(row) for row in rule.before):
            found.append(_before(rule.advice))
        elif dish is not None and by_dish and rule.dish and any(turn.matches(row) for row in rule.dish_when):
            named = (dish.name, *(i.name for i in dish.ingredients))
            if any(_compiled(rule.dish).search(name) for name in named):
                found.append(rule.advice)
    urgent = [advice for advice in found if advice.kind == "medical"]
    hazards = [advice for advice in found if advice.kind == "safety"]
    # The first folklore is the closest to what was asked, and none of it is worth a word beside a hazard.
    return tuple(urgent[:1] or hazards or found[:1])


def _before(advice: Advice) -> Advice:
    """The same advice, to stand before a normal answer."""
    return replace(advice, exclusive=False)


@cache
def _cautions() -> tuple[_Caution, ...]:
    def pattern(entry: dict[str, str], key: str) -> re.Pattern[str] | None:
        return re.compile(entry[key]) if key in entry else None

    return tuple(
        _Caution(
            text=entry["text"],
            name=pattern(entry, "name"),
            ingredients=pattern(entry, "ingredients"),
            steps=pattern(entry, "steps"),
            unless=pattern(entry, "unless"),
        )
        for entry in knowledge("safety_cautions")["caution"]
    )


def cautions(recipe: Recipe) -> tuple[str, ...]:
    """One short line, without digits, for each real hazard of this recipe; most recipes have none."""
    names = [i.name for i in recipe.ingredients]
    steps = "\n".join(step.text for step in recipe.steps if not step.noise)
    return tuple(dict.fromkeys(c.text for c in _cautions() if _applies(c, recipe.name, names, steps)))


def _applies(caution: _Caution, name: str, ingredients: list[str], steps: str) -> bool:
    if caution.unless and caution.unless.search(name):
        return False
    if caution.name or caution.ingredients:
        named = caution.name is not None and caution.name.search(name)
        used = caution.ingredients is not None and any(caution.ingredients.search(i) for i in ingredients)
        if not named and not used:
            return False
    return caution.steps is None or caution.steps.search(steps) is not None

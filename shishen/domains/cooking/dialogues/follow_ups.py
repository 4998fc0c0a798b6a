"""Dialogues of several turns about one dish: it is asked for, then 那盐呢, 下一步呢, 双份呢 and the like.

The answers are those of the cook in a conversation (`conversation/`), which stands above this layer: what was scaled
stays scaled to the end of the dialogue, and its amounts are worked out by `scaling.py`.
"""

from collections.abc import Callable, Iterator

from msgspec import Struct

from shishen.domains.cooking.composing import number, rows, span
from shishen.domains.cooking.dialogues.dialogue import Dialogue
from shishen.domains.cooking.dialogues.drawing import draw, number_of
from shishen.domains.cooking.dialogues.numbers import counting, spoken
from shishen.domains.cooking.dialogues.single_facts import amount_answer, is_written, named
from shishen.domains.cooking.dialogues.templates import Templates, fill
from shishen.domains.cooking.dialogues.whole_dish import (
    ingredients_answer,
    method_answer,
    recipe_answer,
    tips_answer,
)
from shishen.domains.cooking.replies import one_line, servings_text, step_line, steps_of, time_text
from shishen.domains.cooking.scaling import Scaled, factor_for_servings, scale
from shishen.records import Recipe

KIND = "follow_up"
# Things that are asked about one dish once it was asked for; a step may bring the next one with it.
FEWEST, MOST = 2, 4
MOST_PEOPLE = 12
_OPENINGS: dict[str, Callable[[Recipe], str | None]] = {
    "recipe": recipe_answer,
    "ingredients": ingredients_answer,
    "method": method_answer,
}
_FACTORS = {"double": 2.0, "triple": 3.0, "half": 0.5}


class _Turn(Struct, frozen=True):
    """What is asked (a table of questions and their slots) and answered."""

    table: str
    answer: str
    slots: dict[str, str] = {}


class _Shown(Struct, frozen=True):
    """The dish as the dialogue has it by now: `recipe` scaled or not, and what is said of the scaling."""

    recipe: Recipe
    head: str = ""


def follow_ups(recipe: Recipe, templates: Templates, count: int, *key: str) -> Iterator[Dialogue]:
    """At most `count` dialogues of several turns; none where the record has nothing to be asked about."""
    for n in range(count):
        if one := _follow_up(recipe, templates, (*key, KIND, str(n))):
            yield one


def _follow_up(recipe: Recipe, templates: Templates, key: tuple[str, ...]) -> Dialogue | None:
    for opening in draw(tuple(_OPENINGS), len(_OPENINGS), *key):
        if answer := _OPENINGS[opening](recipe):
            break
    else:
        return None
    turns = [_Turn(opening, answer, {"dish": recipe.name})]
    shown = _Shown(recipe)
    wanted = FEWEST + number_of(*key, "count") % (MOST - FEWEST + 1)
    for move in draw(_moves(recipe, opening), wanted, *key, "moves"):
        if move == "scale":
            shown, turn = _scaled(recipe, key)
            turns.append(turn)
        elif move == "step":
            turns.extend(_steps(shown.recipe, key))
        else:
            turns.extend(_TOLD[move](recipe, shown, key))
    if len(turns) == 1:
        return None
    asked = tuple(
        (fill(templates.draw(turn.table, 1, *key, str(n))[0], turn.slots), turn.answer) for n, turn in enumerate(turns)
    )
    records = (recipe,) if shown.recipe is recipe else (recipe, shown.recipe)
    return Dialogue(KIND, asked, records, shown.head)


def _moves(recipe: Recipe, opening: str) -> list[str]:
    """What can be asked next, given what the record has and what was told already."""
    moves = ["step"] if steps_of(recipe) else []
    if any((i.min is not None or i.max is not None) and i.unit != "倍" for i in recipe.ingredients):
        moves.append("scale")
    # The amounts are what is asked for most.
    moves += ["amount", "amount_too"] if any(all(map(is_written, those)) for those in named(recipe).values()) else []
    moves += ["time"] if recipe.minutes is not None else []
    moves += ["servings"] if recipe.servings is not None else []
    if opening != "recipe":
        moves += ["tips"] if recipe.tips else []
        moves += ["method"] if opening == "ingredients" and steps_of(recipe) else []
        moves += ["ingredients"] if opening == "method" and recipe.ingredients else []
    return moves


def _amount(recipe: Recipe, shown: _Shown, key: tuple[str, ...], place: int = 0) -> Iterator[_Turn]:
    written = [name for name, those in named(recipe).items() if all(map(is_written, those))]
    for name in draw(written, 2, *key, "amount")[place : place + 1]:
        text = amount_answer(shown.recipe, named(shown.recipe)[name])
        yield _Turn("follow_up.amount", "\n\n".join(part for part in (shown.head, text) if part), {"ingredient": name})


def _another_amount(recipe: Recipe, shown: _Shown, key: tuple[str, ...]) -> Iterator[_Turn]:
    yield from _amount(recipe, shown, key, 1)


def _time(recipe: Recipe, _: _Shown, __: tuple[str, ...]) -> Iterator[_Turn]:
    yield _Turn("follow_up.time", time_text(recipe))


def _servings(recipe: Recipe, shown: _Shown, _: tuple[str, ...]) -> Iterator[_Turn]:
    # Of a dish that was scaled it is no longer clear which of the two is meant.
    if shown.recipe is recipe:
        yield _Turn("follow_up.servings", servings_text(recipe))


def _tips(recipe: Recipe, _: _Shown, __: tuple[str, ...]) -> Iterator[_Turn]:
    if answer := tips_answer(recipe):
        yield _Turn("follow_up.tips", answer)


def _ingredients(_: Recipe, shown: _Shown, __: tuple[str, ...]) -> Iterator[_Turn]:
    if answer := ingredients_answer(shown.recipe):
        yield _Turn("follow_up.ingredients", "\n\n".join(part for part in (shown.head, answer) if part))


def _method(_: Recipe, shown: _Shown, __: tuple[str, ...]) -> Iterator[_Turn]:
    if answer := method_answer(shown.recipe):
        yield _Turn("follow_up.method", "\n\n".join(part for part in (shown.head, answer) if part))


_TOLD: dict[str, Callable[[Recipe, _Shown, tuple[str, ...]], Iterator[_Turn]]] = {
    "amount": _amount,
    "amount_too": _another_amount,
    "time": _time,
    "servings": _servings,
    "tips": _tips,
    "ingredients": _ingredients,
    "method": _method,
}


def _steps(view: Recipe, key: tuple[str, ...]) -> Iterator[_Turn]:
    """One step by its number; every other time the one after it too."""
    total = len(steps_of(view))
    chance = number_of(*key, "step")
    n = 1 + chance // 2 % total
    yield _Turn("follow_up.step", step_line(view, n), {"number": spoken(n)})
    if chance % 2 and n < total:
        yield _Turn("follow_up.next", step_line(view, n + 1))


def _scaled(recipe: Recipe, key: tuple[str, ...]) -> tuple[_Shown, _Turn]:
    """The dish scaled by one of the ways that it can be asked for, and the turn that does so."""
    served = recipe.servings
    people = [n for n in range(1, MOST_PEOPLE + 1) if served and n not in (served.min, served.max)]
    way = draw([*_FACTORS, "people"] if people else list(_FACTORS), 1, *key, "scale")[0]
    if way == "people":
        guests = draw(people, 1, *key, "people")[0]
        factor = factor_for_servings(recipe, guests)
        if factor is not None and factor != 1:
            scaled = scale(recipe, factor)
            assert served is not None
            head = (
                f"已换算成 {number(guests)} 人份（原方 {span(served.min, served.max)} 人份，× {round(factor, 2):g}）。"
            )
            return _rescaled(recipe, scaled, head, "people", {"people": counting(guests)})
        way = "double"
    scaled = scale(recipe, _FACTORS[way])
    return _rescaled(recipe, scaled, f"已换算成原方的 {_FACTORS[way]:g} 倍。", way, {})


def _rescaled(recipe: Recipe, scaled: Scaled, said: str, way: str, slots: dict[str, str]) -> tuple[_Shown, _Turn]:
    """The scaled dish and its answer: what was done, the table, and the steps whose amounts have changed."""
    head = said + "".join(f"\n- {note}" for note in scaled.notes)
    parts = [f"## {recipe.name}", head, "### 材料", "\n".join(rows(scaled.recipe.ingredients))]
    both = zip(steps_of(scaled.recipe), steps_of(recipe), strict=True)
    changed = [f"- 第 {n} 步：{one_line(now.text)}" for n, (now, was) in enumerate(both, 1) if now.text != was.text]
    if changed:
        parts += ["### 用量有变的步骤", "\n".join(changed)]
    return _Shown(scaled.recipe, head), _Turn(f"follow_up.{way}", "\n\n".join(parts), slots)

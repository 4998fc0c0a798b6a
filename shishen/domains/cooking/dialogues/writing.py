"""Dialogues out of recipes: `of_recipe` for one dish, `of_library` for an `Overview` of all of them.

What comes out depends on the seed, the recipe and the kind alone, so that dishes may be given in any order and by any
number of processes. The questions vary, the answers do not: each is the record's own, written by code and checked
against it (`dialogue.py`). What a record does not hold gives no example.
"""

from collections.abc import Callable, Collection, Iterator, Mapping

from shishen.domains.cooking.dialogues.absent import refusals
from shishen.domains.cooking.dialogues.dialogue import Dialogue, checked
from shishen.domains.cooking.dialogues.drawing import draw
from shishen.domains.cooking.dialogues.follow_ups import follow_ups
from shishen.domains.cooking.dialogues.overview import Overview
from shishen.domains.cooking.dialogues.single_facts import Fact, facts_of, unstated
from shishen.domains.cooking.dialogues.templates import Templates, fill, house_templates
from shishen.domains.cooking.dialogues.whole_dish import (
    features_answer,
    ingredients_answer,
    method_answer,
    plain_answer,
    recipe_answer,
    tips_answer,
)
from shishen.domains.cooking.dialogues.whole_library import by_category, by_ingredient, by_taste
from shishen.errors import BadSettings
from shishen.examples import Example
from shishen.records import Recipe, Rejected

RECIPE_KINDS: Mapping[str, str] = {
    "recipe": "整份菜谱：材料、做法、特点、小贴士",
    "ingredients": "食材和调料",
    "method": "做法步骤",
    "features": "特点",
    "tips": "小贴士（厨师一点通）",
    "fact": "单个事实：盐放多少、要多久、几人份、第几步",
    "follow_up": "多轮追问：那盐呢、下一步呢、双份呢",
    "plain": "下厨房式：「…的做法」→ 食材列表和步骤列表",
}
LIBRARY_KINDS: Mapping[str, str] = {
    "taste": "按口味：今天想吃点辣的",
    "category": "按分类：推荐三道素菜、有什么汤",
    "by_ingredient": "按食材：家里有土豆能做什么",
    "refusal": "没有的菜：直说没有，给相近的真菜",
}
KINDS: Mapping[str, str] = {**RECIPE_KINDS, **LIBRARY_KINDS}
# Facts of one dish that are asked for, of these the ones that its record does not state, and those of one sort: amounts
# are what people ask for, and a dish of thirty steps has no more to ask about than one of five.
MOST_FACTS, MOST_UNSTATED = 8, 1
_MOST_OF = {"fact.amount": 4, "fact.step": 2}
_WHOLE: dict[str, Callable[[Recipe], str | None]] = {
    "recipe": recipe_answer,
    "ingredients": ingredients_answer,
    "method": method_answer,
    "features": features_answer,
    "tips": tips_answer,
    "plain": plain_answer,
}
_OF_LIBRARY: dict[str, Callable[[Overview, Templates, int, int], Iterator[Dialogue]]] = {
    "taste": by_taste,
    "category": by_category,
    "by_ingredient": by_ingredient,
    "refusal": refusals,
}


def of_recipe(
    recipe: Recipe, kinds: Collection[str], seed: int, phrasings: int = 1, templates: Templates | None = None
) -> Iterator[Example | Rejected]:
    """The examples of one recipe, each question in at most `phrasings` wordings; kinds of a library are passed over.

    A dialogue whose answers do not stand on the record is `Rejected` with the reason. Raises BadSettings where a kind
    is unknown.
    """
    _check(kinds)
    return checked(_written(recipe, kinds, seed, phrasings, templates or house_templates()))


def of_library(
    overview: Overview, kinds: Collection[str], seed: int, count: int, templates: Templates | None = None
) -> Iterator[Example | Rejected]:
    """At most `count` examples of each kind that needs the whole library; kinds of a recipe are passed over.

    Raises BadSettings where a kind is unknown.
    """
    _check(kinds)
    asked = templates or house_templates()
    return checked(
        one for kind, write in _OF_LIBRARY.items() if kind in kinds for one in write(overview, asked, seed, count)
    )


def _check(kinds: Collection[str]) -> None:
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise BadSettings(f"没有「{'、'.join(unknown)}」这种对话；可选：{'、'.join(KINDS)}。")


def _written(
    recipe: Recipe, kinds: Collection[str], seed: int, phrasings: int, templates: Templates
) -> Iterator[Dialogue]:
    key = (str(seed), recipe.id)
    dish = {"dish": recipe.name}
    for kind, answer_of in _WHOLE.items():
        if kind in kinds and (answer := answer_of(recipe)):
            for question in templates.draw(kind, phrasings, *key):
                yield Dialogue(kind, ((fill(question, dish), answer),), (recipe,))
    if "fact" in kinds:
        yield from _facts(recipe, templates, phrasings, key)
    if "follow_up" in kinds:
        # The same words may be drawn twice where a record has little to ask about.
        found = follow_ups(recipe, templates, phrasings, *key)
        yield from {one.turns: one for one in found}.values()


def _facts(recipe: Recipe, templates: Templates, phrasings: int, key: tuple[str, ...]) -> Iterator[Dialogue]:
    left_out = draw(tuple(unstated(recipe)), MOST_UNSTATED, *key, "unstated")
    sorts: dict[str, list[Fact]] = {}
    for fact in facts_of(recipe):
        sorts.setdefault(fact.table, []).append(fact)
    told = [fact for sort, those in sorts.items() for fact in draw(those, _MOST_OF.get(sort, 1), *key, sort)]
    chosen = draw(told, MOST_FACTS - len(left_out), *key, "fact")
    for fact in (*chosen, *left_out):
        what = "\0".join(fact.slots.values())
        for question in templates.draw(fact.table, phrasings, *key, what):
            yield Dialogue("fact", ((fill(question, fact.slots), fact.answer),), (recipe,))

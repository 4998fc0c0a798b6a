"""Dialogues about the whole library: dishes by taste, by course with and without a number, by what is at home.

Which dishes answer a wish is drawn once from the seed; a larger number only adds to them, and other words for the same
wish change nothing, so that the answer can be learned.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from msgspec import Struct

from shishen.domains.cooking.dialogues.dialogue import Dialogue
from shishen.domains.cooking.dialogues.drawing import draw, number_of
from shishen.domains.cooking.dialogues.numbers import counting
from shishen.domains.cooking.dialogues.overview import Dish, Overview
from shishen.domains.cooking.dialogues.templates import Templates, fill
from shishen.domains.cooking.knowledge import knowledge

# How many dishes are named where no number is said, and the numbers that are.
USUAL = 3
COUNTS = (1, 2, 3, 4, 5, 6, 8, 10)
# Foods that are at home together; more of them fit hardly any dish.
MOST_PAIRS = 20_000


class _Wish(Struct, frozen=True):
    """What is wished for: the table it is asked with, what fills the slots (in each wording), what is answered."""

    table: str
    slots: tuple[Mapping[str, str], ...]
    answer: str
    dishes: tuple[Dish, ...]


def by_taste(overview: Overview, templates: Templates, seed: int, count: int) -> Iterator[Dialogue]:
    """我今天想吃点辣的菜."""
    found: dict[str, list[tuple[Dish, str]]] = {}
    for dish in overview.dishes:
        for trait in dish.tastes:
            found.setdefault(trait.value, []).append((dish, trait.because))
    wishes = [
        _wish("taste", [{"taste": word} for word in words], f"{taste}的菜", _chosen(found[taste], USUAL, seed, taste))
        for taste, words in knowledge("dialogues_words")["tastes"].items()
        if taste in found
    ]
    return _asked("taste", wishes, templates, seed, count)


def by_category(overview: Overview, templates: Templates, seed: int, count: int) -> Iterator[Dialogue]:
    """有什么汤; 推荐三道素菜, never more than there are."""
    found: dict[str, list[tuple[Dish, str]]] = {}
    for dish in overview.dishes:
        for trait in dish.courses:
            found.setdefault(trait.value, []).append((dish, trait.because))
    wishes: list[_Wish] = []
    for course, words in knowledge("dialogues_words")["courses"].items():
        chosen = _chosen(found.get(course, []), COUNTS[-1], seed, course)
        if not chosen:
            continue
        slots = [{"category": word} for word in words]
        wishes.append(_wish("category.open", slots, course, chosen[:USUAL]))
        for n in COUNTS:
            if n <= len(chosen):
                counted = [{**slot, "count": said} for slot in slots for said in (counting(n), str(n))]
                wishes.append(_wish("category.counted", counted, course, chosen[:n]))
    return _asked("category", wishes, templates, seed, count)


def by_ingredient(overview: Overview, templates: Templates, seed: int, count: int) -> Iterator[Dialogue]:
    """家里有土豆, 家里有土豆和鸡蛋: one food, or two that some dish has together."""
    found: dict[tuple[str, ...], list[tuple[Dish, str]]] = {}
    pairs = 0
    for dish in overview.dishes:
        foods = [food for food in dish.foods if food.isalpha()]
        for one in foods:
            found.setdefault((one,), []).append((dish, f"用料有{one}"))
        for two in combinations(sorted(foods[:3]), 2):
            if two in found or pairs < MOST_PAIRS:
                pairs += two not in found
                found.setdefault(two, []).append((dish, f"用料有{'、'.join(two)}"))
    order = heapq.nsmallest(count, found, key=lambda foods: number_of(str(seed), "by_ingredient", *foods))
    wishes = [
        _wish(
            "by_ingredient",
            [{"ingredient": "和".join(foods)}, *([{"ingredient": "和".join(reversed(foods))}] if foods[1:] else [])],
            f"有{'、'.join(foods)}的菜",
            _chosen(found[foods], USUAL, seed, *foods),
        )
        for foods in order
    ]
    return _asked("by_ingredient", wishes, templates, seed, count)


def _chosen(fitting: Iterable[tuple[Dish, str]], most: int, seed: int, *wish: str) -> list[tuple[Dish, str]]:
    """The dishes that answer a wish, in an order of chance; the first of them are the same whatever number is asked."""
    salt = number_of(str(seed), *wish) >> 448
    return heapq.nsmallest(most, fitting, key=lambda pair: (pair[0].rank ^ salt, pair[0].name))


def _wish(table: str, slots: Sequence[Mapping[str, str]], called: str, chosen: Sequence[tuple[Dish, str]]) -> _Wish:
    """A wish and its answer, in the words of the cook's (`conversation/choose.py`)."""
    head = f"给您挑了 {len(chosen)} 道{called}：" if len(chosen) > 1 else f"给您挑了这一道{called}："
    lines = "\n".join(f"{n}. 「{dish.name}」：{because}" for n, (dish, because) in enumerate(chosen, 1))
    answer = f"{head}\n\n{lines}\n\n想做哪一道，说菜名就行。"
    return _Wish(table, tuple(slots), answer, tuple(dish for dish, _ in chosen))


def _asked(kind: str, wishes: Sequence[_Wish], templates: Templates, seed: int, count: int) -> Iterator[Dialogue]:
    """At most `count` questions, every wish once before any is put into other words."""
    given: set[str] = set()
    order = sorted(wishes, key=lambda wish: number_of(str(seed), kind, wish.answer, wish.table))
    for turn in range(max((len(templates.questions[wish.table]) for wish in wishes), default=0)):
        for wish in order:
            if len(given) >= count:
                return
            key = (str(seed), kind, wish.answer)
            questions = templates.draw(wish.table, turn + 1, *key)
            if turn >= len(questions):
                continue
            slots = draw(wish.slots, 1, *key, str(turn))[0]
            question = fill(questions[turn], slots)
            if question in given:
                continue
            given.add(question)
            records = tuple(dish.record for dish in wish.dishes)
            yield Dialogue(kind, ((question, wish.answer),), records, said=_reasons(wish))


def _reasons(wish: _Wish) -> str:
    """What the answer says beside names: the reasons, which rules gave."""
    return "；".join(line.partition("」：")[2] for line in wish.answer.splitlines() if line[:1].isdigit())

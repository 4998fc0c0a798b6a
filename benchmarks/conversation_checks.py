"""The checks of a labelled conversation: facts in a reply, not its wording. `benchmarks.conversations` plays them.

Labels compare after NFKC, simplified, lower case, without white space, and a number only as a whole: `5个` does not
stand in `15个` or `1.5个`. Dishes are checked against the library's records.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import UNSET, Struct, UnsetType, field

from shishen.chinese import simplify
from shishen.records import Recipe

# How many numbered lines that repeat a dish's steps make a method, and how many letters in a row count as a repeat.
METHOD_STEPS, REPEAT = 3, 6

_NUMBERED = re.compile(r"^[\s>#*-]*(?:第\s*)?(?:\d+|[一二三四五六七八九十]+)\s*(?:步|[.、)）:：])(.*)$", re.M)
_UNITS = (
    "kcal|千卡|大卡|卡路里|毫升|ml|升|l|千克|公斤|kg|毫克|mg|克|g|斤|两|小时|分钟|分|秒钟|秒|摄氏度|℃|°c|度|厘米|公分|cm|毫米|mm"
    "|汤匙|茶匙|大勺|小勺|勺|人份|人|份|个|只|片|瓣|根|颗|块|条|把|粒|滴|朵|棵|盒|袋|包|罐|杯|碗|枚|支|头|段|株|张|扎|圈|叶"
)
_QUANTITY = re.compile(rf"(\d+(?:\.\d+)?)(?:\s*(?:-|–|—|~|～|到|至)\s*(\d+(?:\.\d+)?))?\s*({_UNITS})(?![a-z])")
_ALIKE = {
    **dict.fromkeys(("克",), "g"),
    **dict.fromkeys(("毫升",), "ml"),
    **dict.fromkeys(("升",), "l"),
    **dict.fromkeys(("千克", "公斤"), "kg"),
    **dict.fromkeys(("千卡", "大卡"), "kcal"),
    **dict.fromkeys(("分",), "分钟"),
    **dict.fromkeys(("秒钟",), "秒"),
    **dict.fromkeys(("摄氏度", "°c", "度"), "℃"),
    **dict.fromkeys(("厘米", "公分"), "cm"),
    **dict.fromkeys(("毫米",), "mm"),
    **dict.fromkeys(("人份", "份"), "人"),
}

Quantity = tuple[float, str]


class Listed(Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for every dish of a reply, by the library's records."""

    without: list[str] = []
    with_all: list[str] = field(default=[], name="with")
    with_any: list[str] = []
    category: list[str] = []
    minutes_max: float | None = None
    difficulty_max: int | None = None


class Expected(Struct, frozen=True, forbid_unknown_fields=True):
    """What must stand in `shishen.state`: numbers equal, strings as parts."""

    servings: float | None = None
    step: int | None = None
    pantry_has: list[str] = []
    excludes: list[str] = []


class Checks(Struct, frozen=True, forbid_unknown_fields=True):
    """What must hold for a reply; a key that is not given is not checked.

    dish: the first recipe's name is one of these. focus: the dish in focus is one of these (null: none is).
    all, any, none: every string, one of each inner list, no string stands in the answer. count: how many different
    dishes, or [least, most]. not_again: no dish that an earlier turn gave. from_list: the first recipe is the nth of
    the last list before. numbers_from: every number with a unit is in this dish's record. recipe_given: a method.
    """

    dish: str | list[str] | UnsetType = UNSET
    focus: str | list[str] | UnsetType | None = UNSET
    refused: bool | UnsetType = UNSET
    every: list[str] = field(default=[], name="all")
    one_of: list[list[str]] = field(default=[], name="any")
    no: list[str] = field(default=[], name="none")
    count: int | tuple[int, int] | UnsetType = UNSET
    listed: Listed | None = None
    not_again: bool = False
    from_list: int | UnsetType = UNSET
    numbers_from: str | UnsetType = UNSET
    state: Expected | None = None
    recipe_given: bool | UnsetType = UNSET


class Turn(Struct, frozen=True, forbid_unknown_fields=True):
    """What the user says, and what must hold for the reply."""

    user: str
    checks: Checks


class Conversation(Struct, frozen=True, forbid_unknown_fields=True):
    """A labelled conversation: one line of a file."""

    id: str
    tags: list[str]
    turns: list[Turn]


class Named(Struct, frozen=True):
    """A dish of a reply."""

    id: str
    name: str


class Reply(Struct, frozen=True):
    """What came back: the answer's text and the `shishen` object; `fault` where the server broke."""

    text: str
    refused: bool = False
    recipes: tuple[Named, ...] = ()
    state: dict[str, Any] = {}
    fault: str | None = None
    milliseconds: float = 0.0


class Library:
    """The records to check against, by id and by name."""

    def __init__(self, recipes: Iterable[Recipe]) -> None:
        self.by_id = {recipe.id: recipe for recipe in recipes}
        self.by_name: dict[str, list[Recipe]] = defaultdict(list)
        for recipe in self.by_id.values():
            self.by_name[recipe.name].append(recipe)


def plain(text: str) -> str:
    """The form in which texts are compared; white space stays only where two numbers would run together."""
    text = simplify(unicodedata.normalize("NFKC", text)).lower()
    return re.sub(r"\s+", "", re.sub(r"(?<=[\d.])\s+(?=\d)", "\0", text))


def stands(label: str, text: str) -> bool:
    """Whether a label stands in a `plain` text, its numbers whole."""
    label = plain(label)
    before = r"(?<![\d.])" if label[:1].isdigit() else ""
    after = r"(?!\d|\.\d)" if label[-1:].isdigit() else ""
    return re.search(before + re.escape(label) + after, text) is not None


def quantities(text: str) -> set[Quantity]:
    """Every number with its unit, units of one kind under one name; both ends of a span."""
    found: set[Quantity] = set()
    for low, high, unit in _QUANTITY.findall(simplify(unicodedata.normalize("NFKC", text)).lower()):
        found.update((float(number), _ALIKE.get(unit, unit)) for number in (low, high) if number)
    return found


def recorded(recipe: Recipe) -> set[Quantity]:
    """Every number with its unit that a record holds, in its text or its fields."""
    texts = [recipe.title, recipe.description or "", recipe.features or "", *recipe.tips]
    texts += [ingredient.raw for ingredient in recipe.ingredients] + [step.text for step in recipe.steps]
    found = quantities("\n".join(texts))
    for item in recipe.ingredients:
        unit = (item.unit or "").lower()
        found.update((number, _ALIKE.get(unit, unit)) for number in (item.min, item.max) if number is not None)
    spans = [span for step in recipe.steps for span in step.minutes]
    for minutes in (recipe.minutes, *(s.min for s in spans), *(s.max for s in spans)):
        if minutes is not None:
            found |= {(minutes, "分钟"), (round(minutes * 60), "秒"), (minutes / 60, "小时")}
            found |= {(minutes // 60, "小时"), (minutes % 60, "分钟")}
    if recipe.calories is not None:
        found.add((recipe.calories, "kcal"))
    if recipe.servings is not None:
        found.update((n, "人") for n in (recipe.servings.min, recipe.servings.max) if n is not None)
    return found


def letters(text: str) -> str:
    """A text's letters alone: what scaling does not change."""
    return re.sub(r"[\W\d_]+", "", plain(text))


def gives_method(text: str, recipes: Iterable[Recipe]) -> bool:
    """Whether at least three numbered lines repeat steps of these recipes."""
    whole: set[str] = set()
    parts: set[str] = set()
    for recipe in recipes:
        for step in recipe.steps:
            said = letters(step.text)
            whole.add(said)
            parts.update(said[at : at + REPEAT] for at in range(len(said) - REPEAT + 1))
    count = 0
    for line in _NUMBERED.findall(text):
        said = letters(line)
        count += said in whole or any(said[at : at + REPEAT] in parts for at in range(len(said) - REPEAT + 1))
    return count >= METHOD_STEPS


def broken_listing(listed: Listed, recipe: Recipe) -> Iterator[str]:
    """What of `listed` does not hold for one recipe."""
    names = [name for item in recipe.ingredients for name in (item.name, *item.alt)]
    everything = plain("\n".join((recipe.name, *names, *(step.text for step in recipe.steps))))
    yield from (f"without {w}" for w in listed.without if plain(w) in everything)
    yield from (f"with {w}" for w in listed.with_all if not any(plain(w) in plain(name) for name in names))
    if listed.with_any and not any(plain(w) in plain(name) for w in listed.with_any for name in names):
        yield f"with any of {listed.with_any}"
    if listed.category and recipe.category not in listed.category:
        yield f"category {recipe.category}"
    if listed.minutes_max is not None and (recipe.minutes is None or recipe.minutes > listed.minutes_max):
        yield f"minutes {recipe.minutes}"
    if listed.difficulty_max is not None and (recipe.difficulty is None or recipe.difficulty > listed.difficulty_max):
        yield f"difficulty {recipe.difficulty}"


def broken_state(expected: Expected, state: dict[str, Any]) -> Iterator[str]:
    """What is not in the state."""
    for key in ("servings", "step"):
        wanted = getattr(expected, key)
        if wanted is not None and state.get(key) != wanted:
            yield f"state.{key} is {state.get(key)}, not {wanted}"
    pantry = [plain(name) for name in state.get("pantry") or ()]
    excluded = [plain(exclusion["name"]) for exclusion in state.get("exclusions") or ()]
    for key, wanted, there in (("pantry", expected.pantry_has, pantry), ("excludes", expected.excludes, excluded)):
        yield from (f"state.{key} lacks {w}" for w in wanted if not any(plain(w) in name for name in there))


def last_list(earlier: Sequence[Reply]) -> tuple[Named, ...]:
    """The last list given: of several dishes, or of one where there is no other."""
    given = [reply.recipes for reply in earlier if reply.recipes]
    return next((dishes for dishes in reversed(given) if len(dishes) > 1), given[-1] if given else ())


def broken(checks: Checks, reply: Reply, earlier: Sequence[Reply], library: Library) -> list[str]:
    """What does not hold for a reply, in words; empty where the turn is right."""
    return [reply.fault] if reply.fault else list(_broken(checks, reply, earlier, library))


def _broken(checks: Checks, reply: Reply, earlier: Sequence[Reply], library: Library) -> Iterator[str]:
    text, names = plain(reply.text), list(dict.fromkeys(dish.name for dish in reply.recipes))
    focus = reply.state.get("dish") or {}
    if checks.dish is not UNSET and (not names or names[0] not in _several(checks.dish)):
        yield f"dish is {names[:1]}, not {checks.dish}"
    if checks.focus is None and focus.get("name") is not None:
        yield f"focus is {focus['name']}, not None"
    if isinstance(checks.focus, str | list) and focus.get("name") not in _several(checks.focus):
        yield f"focus is {focus.get('name')}, not {checks.focus}"
    if checks.refused is not UNSET and reply.refused is not checks.refused:
        yield f"refused is {reply.refused}"
    yield from (f"all: {label}" for label in checks.every if not stands(label, text))
    yield from (f"any: {group}" for group in checks.one_of if not any(stands(label, text) for label in group))
    yield from (f"none: {label}" for label in checks.no if stands(label, text))
    if checks.count is not UNSET:
        least, most = (checks.count, checks.count) if isinstance(checks.count, int) else checks.count
        if not least <= len(names) <= most:
            yield f"count is {len(names)}, not {checks.count}"
    if checks.listed is not None:
        for dish in reply.recipes:
            if dish.id not in library.by_id:
                yield f"listed: the library has no {dish.name} ({dish.id})"
            else:
                broken_parts = broken_listing(checks.listed, library.by_id[dish.id])
                yield from (f"listed: {dish.name}: {what}" for what in broken_parts)
    if checks.not_again:
        before = {dish.name for past in earlier for dish in past.recipes}
        yield from (f"not again: {name}" for name in names if name in before)
    if checks.from_list is not UNSET:
        given = [dish.name for dish in last_list(earlier)]
        wanted = given[checks.from_list - 1] if 0 < checks.from_list <= len(given) else None
        if wanted is None or names[:1] != [wanted]:
            yield f"from list: {names[:1]}, not number {checks.from_list} of {given}"
    if checks.numbers_from is not UNSET:
        allowed = set().union(*(recorded(recipe) for recipe in library.by_name[checks.numbers_from]))
        strange = sorted(q for q in quantities(reply.text) if not any(_equal(q, other) for other in allowed))
        yield from (f"number {value:g}{unit} is not in {checks.numbers_from}" for value, unit in strange)
    if checks.state is not None:
        yield from broken_state(checks.state, reply.state)
    if checks.recipe_given is not UNSET:
        ids = {dish.id for dish in reply.recipes} | {focus.get("id")}
        cited = [library.by_id[id_] for id_ in ids if id_ in library.by_id] or library.by_id.values()
        if gives_method(reply.text, cited) is not checks.recipe_given:
            yield f"recipe given is {not checks.recipe_given}"


def _several(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else names


def _equal(one: Quantity, other: Quantity) -> bool:
    return one[1] == other[1] and abs(one[0] - other[0]) < 0.006

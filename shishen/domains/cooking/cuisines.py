"""Which kitchen a dish belongs to: the record's word, the place in its name, or the table of well-known dishes."""

from functools import cache

from shishen.chinese import normalise
from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.traits import Trait, words
from shishen.domains.cooking.words import canonical_words
from shishen.records import Recipe

# What a record writes for a cuisine and names no kitchen.
_NO_KITCHEN = frozenset(("家常菜", "家常", "其他", "其它", "私房菜", "创意菜", "中餐", "中国菜", "chinese"))


def cuisine_of(recipe: Recipe) -> Trait | None:
    """The cuisine of a recipe with its reason; None where nothing sure says."""
    if recipe.cuisine:
        written = normalise(recipe.cuisine)
        if written not in _NO_KITCHEN:
            return Trait(cuisine_named(written) or recipe.cuisine, 1.0, f"菜谱写明：{recipe.cuisine}")
    for name in dict.fromkeys(map(normalise, (recipe.name, *recipe.aliases))):
        if found := _by_name(name):
            return found
    return None


def cuisine_named(text: str) -> str | None:
    """The cuisine that a word stands for (四川菜 → 川菜); None where it stands for none."""
    return _named().get(normalise(text))


def wider(value: str) -> tuple[str, ...]:
    """A cuisine and the wider ones that it is part of: 新疆菜 → 新疆菜, 西北菜."""
    return _wider().get(value, (value,))


def _by_name(name: str) -> Trait | None:
    dishes, shapes, places, traps = _tables()
    for trap in traps:
        name = name.replace(trap, "\0")
    for place, cuisine in places:
        if place in name:
            return Trait(cuisine, 0.95, f"菜名里有「{place}」")
    bare = name
    for word in _around():
        if word in bare and len(bare) > len(word) + 1:
            bare = bare.replace(word, "")
    for candidate in dict.fromkeys((name, bare, canonical_words(bare))):
        if (found := dishes.get(candidate)) is not None:
            return Trait(found, 0.9, f"名菜表：{found}")
    for shape, start, cuisine in shapes:
        if bare.startswith(shape) if start else bare.endswith(shape):
            return Trait(cuisine, 0.8, f"名菜表：{cuisine}的「{shape}」一类")
    return None


@cache
def _around() -> tuple[str, ...]:
    return words(knowledge("cuisines")["around"]["words"])


@cache
def _tables() -> tuple[dict[str, str], list[tuple[str, bool, str]], list[tuple[str, str]], tuple[str, ...]]:
    """Dish → cuisine; (shape, whether it begins the name, cuisine); (place, cuisine); the traps."""
    data = knowledge("cuisines")
    dishes: dict[str, str] = {}
    shapes: list[tuple[str, bool, str]] = []
    places: list[tuple[str, str]] = []
    for group in data["cuisine"]:
        name = group["name"]
        for dish in map(normalise, group.get("dishes", "").split()):
            dishes.setdefault(dish, name)
        shapes += [(word, True, name) for word in group.get("starts", "").split()]
        shapes += [(word, False, name) for word in group.get("ends", "").split()]
        places += [(word, name) for word in group.get("places", "").split()]
    for dish, name in list(dishes.items()):
        dishes.setdefault(canonical_words(dish), name)
    shapes.sort(key=lambda shape: -len(shape[0]))
    places.sort(key=lambda place: -len(place[0]))
    return dishes, shapes, places, words(data["traps"]["words"])


@cache
def _named() -> dict[str, str]:
    table: dict[str, str] = {}
    for group in knowledge("cuisines")["cuisine"]:
        for word in (group["name"], *group["words"]):
            table.setdefault(normalise(word), group["name"])
    return table


@cache
def _wider() -> dict[str, tuple[str, ...]]:
    return {group["name"]: (group["name"], *group.get("within", ())) for group in knowledge("cuisines")["cuisine"]}

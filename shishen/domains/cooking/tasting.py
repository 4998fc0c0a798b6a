"""What a dish tastes of: the record's own words, its name, and its ingredients above thresholds (data/tastes.toml)."""

import re
from collections.abc import Iterator
from functools import cache

from shishen.chinese import normalise
from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.traits import ANIMAL, Facts, Part, Trait, best, group, named, word_in

TASTES = (
    "辣", "麻辣", "酸辣", "酸甜", "甜", "咸鲜", "清淡", "鲜", "酱香", "蒜香", "香辣", "麻", "酸", "苦", "奶香",
    "油炸香酥", "咖喱",
)  # fmt: skip
# A dish known for one of these is no longer simply savoury or light.
_STRONG = frozenset(("辣", "麻辣", "酸辣", "香辣", "麻", "酸甜", "甜", "咖喱", "油炸香酥", "酱香"))
_SWEET_CATEGORIES = frozenset(("甜品", "饮品"))


def tastes_of(facts: Facts, methods: tuple[str, ...]) -> tuple[Trait, ...]:
    """The tastes of a dish, the surest first; `methods` are the values of its cooking methods."""
    # What the record says is believed, and nothing that its ingredients suggest is added to it.
    if written := best(_written(facts)):
        return written
    found = [*_by_name(facts), *_by_parts(facts, methods)]
    values = {trait.value for trait in found}
    found += _combined(facts, values, methods)
    found += _plain(facts, {trait.value for trait in found}, methods)
    return best(found)


def is_hot(facts: Facts) -> str | None:
    """Whatever makes a dish hot at all, optional or not, to be shown: 小米辣；None where nothing does."""
    hot = [part for part in facts.parts if part.kind in ("hot", "warm")]
    if hot:
        return named(hot)
    if word := _word(facts, "辣") or _word(facts, "麻辣"):
        return word
    # Recipes put chillies into steps that their lists do not name.
    return next((word for word in ("辣椒", "小米辣", "剁椒", "泡椒", "麻辣", "辣") if word in facts.steps), None)


@cache
def _data() -> dict[str, dict[str, str]]:
    data: dict[str, dict[str, str]] = knowledge("tastes")
    return data


@cache
def _amount(key: str) -> float:
    return float(_data()["amounts"][key])


def _word(facts: Facts, taste: str) -> str | None:
    data = _data()
    return word_in(facts.name, data["names"].get(taste, ""), data["names_not"].get(taste, ""))


def _written(facts: Facts) -> Iterator[Trait]:
    reading = _data()["reading"]
    for taste in facts.recipe.tastes:
        for part in normalise(taste).replace("，", "、").replace(",", "、").split("、"):
            values = [part] if part in TASTES else []
            for value in dict.fromkeys((*values, *reading.get(part, "").split())):
                yield Trait(value, 1.0, f"菜谱写明口味：{taste}")


def _by_name(facts: Facts) -> Iterator[Trait]:
    drink = facts.recipe.category in _SWEET_CATEGORIES
    for taste in _data()["names"]:
        if (word := _word(facts, taste)) is None:
            continue
        if facts.recipe.category == "酱料" and taste in ("油炸香酥", "清淡", "鲜"):
            continue
        if drink and taste in ("酱香", "鲜", "咸鲜", "清淡", "酸"):
            continue
        if taste == "鲜" and facts.recipe.category in ("主食", "半成品"):
            continue
        yield Trait(taste, 0.9 if len(word) > 1 else 0.8, f"菜名里有「{word}」")


def _by_parts(facts: Facts, methods: tuple[str, ...]) -> Iterator[Trait]:
    hot = _enough_hot(facts)
    if hot:
        yield Trait("辣", _how_hot(hot), f"用料有{named(hot)}")
    numbing = [part for part in facts.of("numbing") if _much(part, "numbing", "numbing_count")]
    if numbing and "椒盐" not in facts.name and (hot or facts.mass("numbing") >= _amount("numbing_alone")):
        yield Trait("麻", 0.7, f"用料有{named(numbing)}")
    if curry := facts.of("curry"):
        yield Trait("咖喱", 0.95, f"用料有{named(curry)}")
    garlic = [part for part in facts.required if part.name == "蒜" and _much(part, "garlic", "garlic_count")]
    light = len(facts.of("hot", "warm", "paste", *ANIMAL)) == 0
    if garlic and light and not facts.of("egg", "soy") and facts.recipe.category == "素菜" and len(facts.parts) <= 8:
        yield Trait("蒜香", 0.6, "用料里蒜多")
    yield from _by_sugar(facts)
    milky = [part for part in facts.of("dairy") if facts.recipe.category != "主食" or part.name != "酸奶"]
    sweet = facts.recipe.category in ("甜品", "饮品", "早餐", "主食") and not facts.of("hot", "numbing")
    if sweet and sum(part.grams or 0 for part in milky) >= _amount("dairy"):
        yield Trait("奶香", 0.7, f"用料有{named(milky)}")
    paste = [part for part in facts.of("paste") if part.name != "豆豉" and (part.grams or 0) >= _amount("paste")]
    if paste:
        yield Trait("酱香", 0.7, f"用料有{named(paste)}")
    if "炸" in methods and facts.recipe.category not in ("汤羹", "饮品", "酱料"):
        oil = max((part.grams or 0 for part in facts.of("oil")), default=0)
        if oil >= _amount("frying_oil") and not _wet(methods) and not _SAUCED.search(facts.steps):
            yield Trait("油炸香酥", 0.75, "做法里有油炸")


def _by_sugar(facts: Facts) -> Iterator[Trait]:
    """甜, 酸甜 and 酸, from the balance of sugar, sour things and salt."""
    sugar, sour = facts.mass("sugar"), facts.mass("sour")
    category = facts.recipe.category
    sugars, sours = facts.of("sugar"), facts.of("sour")
    sour_fruit = [part for part in facts.of("fruit") if part.name in _SOUR_FRUIT]
    if category in _SWEET_CATEGORIES:
        sweet = sugars or facts.of("sweet_food") or [part for part in facts.required if part.name in _SODA]
        if sugars or category == "甜品" or facts.of("fruit"):
            shown = named(sweet or facts.of("fruit"))
            yield Trait("甜", 0.9 if sugars else 0.65, f"用料有{shown}" if shown else "菜谱分类：甜品")
        if (sour_fruit or sours) and sugars and category == "饮品":
            yield Trait("酸甜", 0.8, f"用料有{named([*sour_fruit, *sours, *sugars])}")
        return
    sauced = "红烧" in facts.name
    if (
        sugar >= _amount("sugar")
        and sour >= _amount("sour")
        and not sauced
        and 0.6 <= sugar / sour <= 4
        and not facts.of("hot")
    ):
        yield Trait("酸甜", 0.7, f"用料有{named([*sours, *sugars])}")
    elif sour >= 2 * _amount("sour") and sugar < sour / 2 and not facts.of("hot", "warm"):
        yield Trait("酸", 0.65, f"用料有{named(sours)}")
    tomato = [part for part in facts.required if part.name in ("番茄", "番茄酱")]
    if tomato and sugar >= _amount("sugar") and not facts.of("hot", "warm"):
        yield Trait("酸甜", 0.65, f"用料有{named([*tomato, *sugars])}")
    salty = facts.of("salt", "soy_sauce", "paste")
    soda = [part for part in facts.required if part.name in _SODA]
    cola = [part for part in soda if part.name in facts.name or (part.grams or 0) >= 100]
    if not salty and (sugar >= _amount("sugar_lead") / 2):
        yield Trait("甜", 0.8, f"用料有{named(sugars)}")
    elif cola or (sugar >= 2 * _amount("sugar_lead") and category != "酱料" and not facts.of("hot", "warm")):
        yield Trait("甜", 0.65, f"用料有{named([*cola, *sugars])}")


def _combined(facts: Facts, values: set[str], methods: tuple[str, ...]) -> Iterator[Trait]:
    """麻辣, 酸辣 and 香辣: hot and something else."""
    if "辣" not in values and "香辣" not in values and "麻辣" not in values:
        return
    hot = _enough_hot(facts)
    if "辣" not in values:
        yield Trait("辣", 0.85, "香辣、麻辣口味")
    if "麻" in values and hot and "麻辣" not in values:
        yield Trait("麻辣", 0.65, f"用料有{named([*hot, *facts.of('numbing')])}")
    pickled = [part for part in facts.of("pickle") if part.name.startswith("酸")]
    sours = [part for part in facts.of("sour") if (part.grams or 0) >= _amount("sour")]
    if (
        hot
        and (pickled or (sours and 1.5 * _amount("sour") <= facts.mass("sour") > 2 * facts.mass("sugar")))
        and "酸辣" not in values
    ):
        yield Trait("酸辣", 0.65, f"用料有{named([*hot[:2], *pickled, *sours])}")
    fiery = [part for part in hot if part.kind == "hot"]
    dry = {"炒", "炸", "煎", "烤"} & set(methods) and facts.recipe.category != "汤羹"
    dry = dry and not {"蒸", "煮", "炖", "凉拌"} & set(methods)
    if fiery and dry and not values & {"香辣", "酸辣", "酸甜"} and not pickled:
        yield Trait("香辣", 0.6, f"用料有{named(fiery)}，{next(m for m in methods if m in '炒炸煎烤')}的做法")


def _plain(facts: Facts, values: set[str], methods: tuple[str, ...]) -> Iterator[Trait]:
    """咸鲜 and 清淡: what is salted and nothing more, and little oil and sauce."""
    if facts.recipe.category in (*_SWEET_CATEGORIES, "酱料") or values & {"甜", "咖喱"}:
        return
    salty = facts.of("salt", "soy_sauce")
    mild = not values & _STRONG
    hot = is_hot(facts)
    dough = facts.of("leaven") and facts.of("flour")
    if salty and not dough and not values & (_STRONG - {"酱香", "油炸香酥"}):
        none = "" if hot else "，没有辣椒"
        yield Trait("咸鲜", 0.7 if mild and not hot else 0.6, f"用料有{named(salty, 2)}{none}")
    fat = any(part.name in group("fat") for part in facts.parts)
    wet = {"蒸", "煮", "凉拌"} & set(methods) and not {"炸", "红烧", "焖", "烤", "煎"} & set(methods)
    lean_stir = (
        "炒" in methods and not {"炸", "红烧", "焖", "烤", "煎", "炖"} & set(methods) and not facts.of("egg", *ANIMAL)
    )
    little = facts.mass("oil") <= _amount("oil_light") and facts.mass("soy_sauce") <= _amount("soy_light")
    plain = mild and not hot and not fat and not facts.of("paste", "pickle", "dairy")
    light = facts.recipe.category in ("素菜", "汤羹", "水产", "荤菜", "早餐", "凉菜") and len(salty) <= 4
    if plain and light and little and (wet or lean_stir):
        done = next(m for m in methods if m in ("蒸", "煮", "凉拌", "炒"))
        yield Trait("清淡", 0.7 if wet else 0.6, f"{done}的做法，油和酱油少，没有辣椒")
    if facts.of("fish", "shellfish") and {"蒸", "煮"} & set(methods) and mild and not hot and not fat and little:
        yield Trait(
            "鲜", 0.65, f"用料有{named(facts.of('fish', 'shellfish'))}，{'蒸' if '蒸' in methods else '煮'}的做法"
        )


_SAUCED = re.compile("勾芡|水淀粉|收汁|碗汁|酱汁|料汁|芡汁")
_SODA = ("可乐", "可口可乐", "雪碧")
_SOUR_FRUIT = ("柠檬", "青柠", "百香果", "西柚", "菠萝", "山楂", "乌梅")


def _wet(methods: tuple[str, ...]) -> bool:
    return bool({"炖", "焖", "红烧", "煮"} & set(methods))


def _enough_hot(facts: Facts) -> list[Part]:
    """The chillies and hot pastes that a dish has in earnest; a vague amount of chilli counts, of paste not."""
    found = []
    for part in facts.of("hot"):
        vague = part.grams is None and part.count is None
        grams = _amount("hot") * (
            0.5 if part.name.endswith(("粉", "面")) else 2 if part.name.endswith(("油", "酱")) else 1
        )
        count = _amount("hot_count") if "干" in part.name else 2
        if vague or (part.grams or 0) >= grams or (part.count or 0) >= count:
            found.append(part)
    pastes = [part for part in facts.of("warm") if part.name.endswith(("酱", "豆瓣"))]
    return found + [part for part in pastes if (part.grams or 0) >= _amount("warm") and part.name != "沙茶酱"]


def _how_hot(hot: list[Part]) -> float:
    """How surely a dish with these is hot: a bean paste alone or a chilli without an amount may be little."""
    if len(hot) > 1:
        return 0.85
    part = hot[0]
    if part.name == "豆瓣酱" or (part.grams is None and part.count is None) or part.count == _amount("hot_count"):
        return 0.6
    return 0.75


def _much(part: Part, grams: str, count: str) -> bool:
    return (part.grams or 0) >= _amount(grams) or (part.count or 0) >= _amount(count)

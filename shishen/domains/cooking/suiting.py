"""How a dish is cooked, what course it is, when and for whom it suits: the rules of data/describing.toml."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.tasting import is_hot
from shishen.domains.cooking.traits import ANIMAL, Facts, Trait, best, group, named, word_in

COURSES = ("荤菜", "素菜", "主食", "早餐", "汤羹", "饮品", "甜品", "水产", "半成品", "酱料", "凉菜", "小吃")
_DISHES = frozenset(("荤菜", "素菜", "水产", "凉菜"))
# Ways of cooking that a name tells for good; 煮 is none, for a soup may be stewed.
_TOLD = ("炒", "蒸", "炖", "焖", "红烧", "烤", "炸", "煎", "凉拌")
# 或者用烤箱, 如果有微波炉: a way that may be chosen is not how the dish is cooked.
_MAYBE = re.compile(r"(?:也可|或者?|如果|没有|若|可选|不用|不要|不需|代替|替代)[^，。；,;\n]{0,30}")


@cache
def _data() -> dict[str, Any]:
    return knowledge("describing")


@cache
def _patterns() -> tuple[tuple[str, str, str, str, re.Pattern[str] | None], ...]:
    return tuple(
        (m["value"], m["names"], m["tools"], m["not"], re.compile(m["steps"]) if m["steps"] else None)
        for m in _data()["method"]
    )


@cache
def _heat() -> re.Pattern[str]:
    return re.compile(_data()["heat"]["steps"])


def methods_of(facts: Facts) -> tuple[Trait, ...]:
    """How a dish is cooked, the surest first."""
    return best(_methods(facts))


def _methods(facts: Facts) -> Iterator[Trait]:
    raw = facts.of("pork", "beef_lamb", "game", "poultry", "fish", "shellfish") or any(
        part.name in ("大米", "米", "糯米", "面条", "面粉", "挂面") for part in facts.required
    )
    cold = bool(facts.steps) and not raw and not _heat().search(facts.steps) and not _heat().search(facts.name)
    if cold:
        yield Trait("免开火", 0.85, "步骤里没有加热")
    drink = facts.recipe.category in ("饮品", "酱料")
    # The name says how a dish is cooked; its steps then tell of boiling the water and toasting the nuts.
    told = any(word_in(facts.name, names, unless) for value, names, _, unless, _ in _patterns() if value in _TOLD)
    steps = _MAYBE.sub("", facts.steps)
    tools = [tool for tool in facts.tools if not re.search("或|可选|没有", tool)]
    for value, names, wanted_tools, unless, pattern in _patterns():
        word = word_in(facts.name, names, unless)
        if cold and value != "凉拌":
            continue
        if word is not None and (not drink or word == value):
            yield Trait(value, 0.95, f"菜名里有「{word}」")
        elif tool := next((t for t in tools if word_in(t, wanted_tools, unless)), None):
            yield Trait(value, 0.9, f"工具有{tool}")
        elif pattern is not None and not (told and value in (*_TOLD, "煮")):
            text = steps
            for trap in unless.split():
                text = text.replace(trap, "")
            if pattern.search(text):
                yield Trait(value, 0.75, f"步骤里有「{value}」" if len(value) == 1 else f"步骤里用{value}")


def courses_of(facts: Facts, methods: tuple[str, ...]) -> tuple[Trait, ...]:
    """The courses that a dish may be served as; the record's own category is sure."""
    return best(_courses(facts, methods))


def _courses(facts: Facts, methods: tuple[str, ...]) -> Iterator[Trait]:
    data, name, category = _data()["courses"], facts.name, facts.recipe.category
    animal = facts.of(*ANIMAL)
    course = data["category"].get(category.lower(), category) if category else None
    if course in COURSES:
        meat = f"（用料有{named(animal)}）" if course == "素菜" and animal else ""
        yield Trait(course, 0.6 if meat else 1.0, f"菜谱分类：{category}{meat}")
    if course not in ("饮品", "酱料", "甜品"):
        if (word := word_in(name, data["soup"], data["soup_not"])) and course != "半成品":
            yield Trait("汤羹", 0.85, f"菜名里有「{word}」")
        word = word_in(name, data["staple"], data["staple_not"])
        if word is not None and (course not in _DISHES or name.endswith(word)):
            yield Trait("主食", 0.8, f"菜名里有「{word}」")
        if word := word_in(name, data["cold"]):
            yield Trait("凉菜", 0.9, f"菜名里有「{word}」")
        elif "凉拌" in methods:
            yield Trait("凉菜", 0.85, "凉拌的做法")
    if course != "酱料":
        if (word := word_in(name, data["breakfast"])) and course in ("主食", "早餐", "汤羹", "饮品", "半成品", None):
            yield Trait("早餐", 0.6, f"菜名里有「{word}」")
        if (word := word_in(name, data["dessert"])) and course not in ("荤菜", "水产"):
            yield Trait("甜品", 0.75, f"菜名里有「{word}」")
        if word := word_in(name, data["snack"]):
            yield Trait("小吃", 0.65, f"菜名里有「{word}」")
        if course is None and (word := word_in(name, data["drink"])):
            yield Trait("饮品", 0.75, f"菜名里有「{word}」")
    sea = facts.of("fish", "shellfish")
    first = bool(sea) and sea[0] in facts.required[:1] and not facts.of("pork", "beef_lamb", "poultry")
    if first and course in ("荤菜", "凉菜", None):
        yield Trait("水产", 0.75, f"用料有{named(sea)}")
    if course in ("凉菜", "素菜", None) and animal and not sea:
        yield Trait("荤菜", 0.6, f"用料有{named(animal)}")
    green = facts.of("vegetable", "mushroom", "soy") and not facts.of("egg", "dairy", *ANIMAL)
    if course in ("凉菜", None) and green:
        yield Trait("素菜", 0.75, "用料里没有肉")


def seasons_of(facts: Facts, methods: tuple[str, ...], courses: tuple[str, ...]) -> tuple[Trait, ...]:
    """The seasons that a dish suits, with modest confidence."""
    return best(_seasons(facts, methods, courses))


def _seasons(facts: Facts, methods: tuple[str, ...], courses: tuple[str, ...]) -> Iterator[Trait]:
    data = _data()["seasons"]
    for key, season in (("spring", "春天"), ("summer", "夏天"), ("autumn", "秋天"), ("winter", "冬天")):
        listed = frozenset(data[key].split())
        foods = [part for part in facts.required if part.kind not in group("seasonings")]
        if inside := [
            part for n, part in enumerate(foods) if part.name in listed and (n == 0 or part.name in facts.name)
        ]:
            yield Trait(season, 0.5, f"用料有{named(inside)}")
    warm = word_in(facts.name, data["warm_names"])
    if "凉拌" in methods:
        yield Trait("夏天", 0.65, "凉拌" + ("，不用开火" if "免开火" in methods else ""))
    elif "凉菜" in courses:
        yield Trait("夏天", 0.6, "凉菜")
    elif "免开火" in methods and "酱料" not in courses:
        yield Trait("夏天", 0.6, "不用开火")
    if (word := word_in(facts.name, data["cold_names"], "冰糖 凉茶 冻豆腐 速冻")) and not warm:
        yield Trait("夏天", 0.6, f"菜名里有「{word}」")
    if warm:
        yield Trait("冬天", 0.65, f"菜名里有「{warm}」")
    elif facts.of("pork", "beef_lamb", "poultry", "game") and "炖" in methods:
        yield Trait("冬天", 0.55, "炖菜，趁热吃")


def occasions_of(
    facts: Facts, methods: tuple[str, ...], courses: tuple[str, ...], tastes: tuple[str, ...]
) -> tuple[Trait, ...]:
    """The occasions and the people that a dish suits, with modest confidence."""
    people = _people(facts, methods, courses, tastes)
    return best((*_tables(facts, courses), *people, *_ways(facts, methods, courses, tastes)))


def _tables(facts: Facts, courses: tuple[str, ...]) -> Iterator[Trait]:
    """宴客, 年夜饭, 生日, 聚会, 夜宵, 下酒: by what the dish is."""
    data, name = _data()["occasions"], facts.name
    dish = bool(_DISHES & set(courses))
    if (word := word_in(name, data["new_year"])) and "酱料" not in courses:
        yield Trait("年夜饭", 0.6, f"菜名里有「{word}」")
    if word := word_in(name, data["birthday"]):
        yield Trait("生日", 0.6, f"菜名里有「{word}」")
    if (word := word_in(name, data["banquet"])) and dish and "凉拌" not in name:
        yield Trait("宴客", 0.65, f"菜名里有「{word}」")
    elif dish and facts.of("shellfish") and "水产" in courses:
        yield Trait("宴客", 0.55, f"用料有{named(facts.of('shellfish'))}")
    if (word := word_in(name, data["party"])) and "酱料" not in courses:
        yield Trait("聚会", 0.65, f"菜名里有「{word}」")
    servings = facts.recipe.servings
    if servings is not None and (servings.min or 0) >= _data()["limits"]["company"] and dish:
        yield Trait("聚会", 0.55, "菜谱写明份量较大")
    if (word := word_in(name, data["late"])) and not {"酱料", "饮品"} & set(courses):
        yield Trait("夜宵", 0.55, f"菜名里有「{word}」")
    if (word := word_in(name, data["drinking"])) and dish and "主食" not in courses:
        yield Trait("下酒", 0.6, f"菜名里有「{word}」")


def _people(
    facts: Facts, methods: tuple[str, ...], courses: tuple[str, ...], tastes: tuple[str, ...]
) -> Iterator[Trait]:
    """儿童, 老人, 减脂, 一人食."""
    data, recipe, limits = _data()["occasions"], facts.recipe, _data()["limits"]
    wine = [part for part in facts.parts if part.kind in ("wine", "spirit") or "酒" in part.name]
    nuts = [part for part in facts.parts if part.kind == "nut"]
    raw = word_in(facts.name + facts.steps, data["raw"])
    strong = {"麻", "麻辣", "辣", "香辣", "酸辣", "苦", "咖喱"} & set(tastes)
    coffee = [part for part in facts.parts if re.search("咖啡|浓缩|espresso|茶", part.name)]
    # An alcohol that only the steps name is one all the same.
    alcohol = bool(wine) or bool(re.search("料酒|白酒|啤酒|黄酒|米酒|花雕|朗姆|醉", facts.steps + facts.name))
    hot = is_hot(facts)
    eaten = not {"酱料", "半成品", "饮品"} & set(courses)
    if facts.required and eaten and not (hot or strong or alcohol or nuts or raw or coffee) and "炸" not in methods:
        yield Trait("儿童", 0.6, "不辣，没有酒、整粒坚果和生食")
    soft = word_in(facts.name, data["soft"], "臭豆腐 豆腐干 南瓜饼")
    if soft and eaten and not (hot or strong or raw) and not {"炸", "烤", "煎"} & set(methods):
        yield Trait("老人", 0.6, f"菜名里有「{soft}」，不辣")
    portions = recipe.servings.min if recipe.servings is not None else None
    rich = {"炸", "红烧", "煎"} & set(methods) or any(part.name in group("fat") for part in facts.parts)
    lean = (
        not rich and facts.mass("oil") <= limits["light_oil"] and not {"辣", "酱香", "酸甜", "甜", "奶香"} & set(tastes)
    )
    few = recipe.calories is not None and recipe.calories / (portions or 1) <= limits["light_calories"]
    if few and lean and eaten and not {"甜品", "主食"} & set(courses):
        yield Trait("减脂", 0.6, "菜谱写明热量，油少")
    if recipe.servings is not None and recipe.servings.max == 1 and not {"酱料", "饮品", "甜品"} & set(courses):
        yield Trait("一人食", 0.8, "菜谱写明一人份")
    elif {"主食"} & set(courses) and recipe.minutes is not None and recipe.minutes <= limits["quick"]:
        yield Trait("一人食", 0.5, "主食，菜谱写明用时短")


def _ways(facts: Facts, methods: tuple[str, ...], courses: tuple[str, ...], tastes: tuple[str, ...]) -> Iterator[Trait]:
    """下饭, 带饭, 早餐: by taste and method."""
    if not {"汤羹", "主食", "甜品", "饮品", "酱料", "半成品", "早餐"} & set(courses):
        strong = [taste for taste in ("麻辣", "香辣", "酱香", "辣", "酸辣") if taste in tastes]
        if strong and _DISHES & set(courses) and {"炒", "炖", "焖", "红烧", "煮"} & set(methods):
            yield Trait("下饭", 0.65, f"{strong[0]}口味")
        elif "红烧" in methods:
            yield Trait("下饭", 0.65, "红烧的做法")
        if {"荤菜", "素菜"} & set(courses) and {"炖", "焖", "红烧"} & set(methods) and "凉菜" not in courses:
            yield Trait("带饭", 0.55, "炖、焖的菜，再加热味道变化小")
    elif {"主食"} & set(courses) and "饭" in facts.name and "粥" not in facts.name:
        yield Trait("带饭", 0.5, "米饭类主食")
    if "早餐" in courses:
        yield Trait("早餐", 0.9 if facts.recipe.category == "早餐" else 0.6, "可作早餐")

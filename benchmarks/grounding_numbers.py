"""Numbers as the grounding check reads and compares them, by rules of its own."""

import re
from collections.abc import Iterable
from fractions import Fraction
from functools import cache, lru_cache
from pathlib import Path
from unicodedata import normalize

from shishen.chinese import simplify
from shishen.records import Ingredient, Range, Recipe, Step

KNOWLEDGE = Path(__file__).resolve().parents[1] / "shishen/domains/cooking/data"
Pair = tuple[float, str]

_UNITS = """
分钟 小时 秒钟 秒 天 毫升 毫克 千克 公斤 厘米 毫米 千卡 大卡 人份 茶匙 汤匙 茶勺 汤勺 量杯 成热 铲子 勺子 匙子 筷子 调羹
克 斤 两 升 勺 匙 碗 杯 个 只 根 条 片 块 瓣 颗 粒 段 把 张 枚 头 棵 朵 滴 撮 支 瓶 罐 盒 袋 包 份 人 步 道 星 样 倍 次
遍 度 铲 瓢 节 截 串 捆 束 团 圈 捏 盆 盘 碟 锅 壶 桶 盖 听 筒 板 株 尾
"""
_UNIT = f"[大小]?(?:{'|'.join(_UNITS.split())})"
_DIGITS = r"\d+(?:\.\d+)?(?:\s*/\s*\d+)?"
_CHINESE = rf"[零一二两三四五六七八九十百半]+(?=(?:{_UNIT}))"
_NUMBER = rf"(?:{_DIGITS}|{_CHINESE}|半)"
_UNITED = rf"(?P<u>{_UNIT}|[a-z℃°%]+|[\u4e00-\u9fff])?(?P<half>半)?"
_TO = rf"(?:(?:{_UNIT}|[a-z]+)?\s*[-–—~至到]+|、)"
_QUANTITY = re.compile(rf"(?P<a>{_NUMBER})\s*(?:{_TO}\s*(?P<b>{_NUMBER}))?\s*{_UNITED}")
_DIGIT = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2}
_METRIC = dict.fromkeys(("克", "g", "毫升", "ml", "cc"), 1) | dict.fromkeys(("千克", "公斤", "kg", "升", "l"), 1000)
_METRIC |= {"公升": 1000, "斤": 500, "市斤": 500, "cl": 10, "dl": 100}


def value_of(text: str) -> float:
    """2, 1/2, 半, 二十五 as a number."""
    if text[0].isdigit():
        return float(Fraction(re.sub(r"\s|/\s*0+$", "", text)))
    tens, ten, ones = text.rpartition("十")
    return 0.5 if "半" in text else (_DIGIT.get(tens[-1:], 1) * 10 if ten else 0) + _DIGIT.get(ones[-1:], 0)


def flat(text: str) -> str:
    """The form in which texts are compared: NFKC, lower case."""
    text = simplify(normalize("NFKC", text)).lower().replace("⁄", "/")
    return re.sub("([二三四五六七八九])分之([一二三])", lambda m: f"{_DIGIT[m[2]]}/{_DIGIT[m[1]]}", text)


@lru_cache(maxsize=65536)
def spans(text: str) -> tuple[tuple[float, float, str], ...]:
    """Every (least, most, what they count) of a text, line by line."""
    found = (match for line in flat(text).splitlines() for match in _QUANTITY.finditer(line))
    # 一勺半 is one and a half.
    each = ((m, 0.5 if m["half"] else 0.0) for m in found)
    return tuple((value_of(m["a"]) + more, value_of(m["b"] or m["a"]) + more, m["u"] or "") for m, more in each)


def quantities(text: str) -> list[Pair]:
    """Every (number, what it counts) of a text; both ends of a span."""
    return [(end, unit) for low, high, unit in spans(text) for end in dict.fromkeys((low, high))]


@lru_cache(maxsize=65536)
def letters(text: str) -> str:
    """A text without spaces and marks, but for those inside a number."""
    return re.sub(r"(?<=\d)\s*([-~./])\s*(?=\d)|[\W_]", lambda m: m[1] or "", flat(text))


@cache
def safety_text() -> str:
    """All that the reviewed safety files say."""
    return letters("\n".join(path.read_text(encoding="utf-8") for path in sorted(KNOWLEDGE.glob("safety_*.toml"))))


def steps_of(recipe: Recipe) -> list[Step]:
    """The steps that are numbered."""
    return [step for step in recipe.steps if not step.noise]


def ends(given: Range | None) -> list[float]:
    """The ends of a span that it has."""
    return [end for end in (given.min, given.max) if end is not None] if given else []


def of_minutes(given: Range) -> set[Pair]:
    """A span of minutes as it may be said: in seconds, minutes, hours, hours and minutes."""
    pairs = {pair for m in ends(given) for pair in ((m, "分钟"), (m / 60, "小时"), (m * 60, "秒"))}
    return pairs | {pair for m in ends(given) if m >= 60 for pair in ((m // 60, "小时"), (m % 60, "分钟"))}


def of_ingredient(ingredient: Ingredient) -> set[Pair]:
    """The numbers of an ingredient: its fields and its line."""
    words = f"{ingredient.raw}\n{ingredient.name}\n{ingredient.preparation or ''}"
    unit = flat(ingredient.unit or "")
    return {(end, unit) for end in ends(Range(ingredient.min, ingredient.max))} | set(quantities(words))


@lru_cache(maxsize=512)
def of_record(recipe: Recipe) -> frozenset[Pair]:
    """Every number of a record with what it counts."""
    words = [recipe.title, recipe.name, recipe.description, recipe.features, recipe.category, recipe.cuisine]
    words += [*recipe.tools, *recipe.tips, *recipe.tastes, *recipe.aliases, *recipe.keywords]
    words += [text for step in recipe.steps for text in (step.section, step.text)]
    words += [recipe.source.path, recipe.source.author, f"第{recipe.source.line}条"]
    pairs = {pair for text in words if text for pair in quantities(text)}
    pairs |= {pair for ingredient in recipe.ingredients for pair in of_ingredient(ingredient)}
    pairs |= {(end, unit) for end in ends(recipe.servings) for unit in ("份", "人份", "人")}
    pairs |= of_minutes(Range(recipe.minutes, recipe.minutes))
    pairs |= {pair for step in recipe.steps for span in step.minutes for pair in of_minutes(span)}
    pairs |= {(recipe.calories or 0, "千卡"), (recipe.calories or 0, "大卡"), (recipe.difficulty or 0, "星")}
    return frozenset(pairs | {(len(steps_of(recipe)), "步"), (len(recipe.ingredients), "样")})


def close(one: float, other: float) -> bool:
    """Equal but for what writing a number in short loses (1/3, 2.67)."""
    return abs(one - other) <= max(0.0051, abs(other) * 1e-4)


def within(pair: Pair, known: Iterable[Pair]) -> bool:
    """Whether a number with its unit is among others; a number that counts nothing needs no unit there."""
    return any(close(pair[0], value) and (pair[1] == unit or not pair[1]) for value, unit in known)


def grid(amount: float, unit: str) -> float:
    """What an amount may be off by after rounding, in its unit (decision 0008)."""
    if per := _METRIC.get(unit):
        return next(step for least, step in ((100, 5.0), (10, 1.0), (1, 0.5), (0, 0.1)) if amount * per >= least) / per
    spoon = (unit and unit[-1] in "勺匙碗杯") or unit in ("tsp", "tbsp", "cup")
    return next(step for least, step in ((10, 1.0), (1, 0.5), (0, 0.25)) if amount >= least) if spoon else 1


def scaled_rightly(old: float, new: float, unit: str, factor: float, note: str) -> bool:
    """Whether an amount is its plain multiple up to the rounding, or is what the note on it says."""
    plain = old * factor
    if close(new, plain) or (unit in _METRIC and abs(new - plain) <= grid(plain, unit) / 2 + 1e-6):
        return True
    if not note:
        return False
    power = re.search(r"倍的 ([\d.]+) 次方", note)
    exact = old * factor ** float(power[1]) if power else plain
    # A seasoning goes down where rounding up would make it the plain multiple; nothing becomes 0.
    return abs(new - exact) <= grid(exact, unit) * (1 if power else 0.5) + 1e-6 or (new <= 1 and exact < 1)

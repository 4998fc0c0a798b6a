"""What the formats of other recipe programs have in common: JSON within limits, times and amounts in words.

Their readers and writers (Mealie, Tandoor, Paprika, Cooklang) share it; nothing here knows any one of them.
"""

import re
import uuid
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import msgspec

from shishen.errors import BadRecord
from shishen.records import Ingredient, Range, Recipe

# No reader may be made to climb to any depth that a file likes.
_DEEPEST = 64
_MINUTES = {
    1440.0: ("天", "日", "d", "day", "days", "tag", "tage", "jour", "jours"),
    60.0: ("个小时", "小时", "时", "个钟", "h", "hr", "hrs", "hour", "hours", "std", "stunde", "stunden", "heures"),
    1.0: ("分钟", "分", "m", "min", "mins", "minute", "minutes", "minuten", "minuti", "minutos"),
    1 / 60: ("秒钟", "秒", "s", "sec", "secs", "second", "seconds", "sekunden"),
}
_FACTOR = {word: factor for factor, words in _MINUTES.items() for word in words}
_UNITS = "|".join(sorted(map(re.escape, _FACTOR), key=len, reverse=True))
_PART = re.compile(
    rf"(?:(\d{{1,6}})\s+)?(\d{{1,6}}(?:[.,]\d{{1,3}})?(?:/\d{{1,3}})?|半)\s*({_UNITS})\.?(?![^\W\d_a-z]*[a-z])(半)?"
)
_ISO = re.compile(r"p(?:(\d+(?:\.\d+)?)d)?(?:t(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?)?")
_BETWEEN = re.compile(r"[\s,，、和又]*(?:and|und|et|y)?[\s,，、和又零]*")
_ABOUT = re.compile(r"^\s*(?:约|大约|大概|about|approx\.?|ca\.?|~)\s*|\s*(?:左右)\s*$")
_CALORIES = re.compile(
    r"(?:calories|热量|卡路里|energy)?\s*[:：]?\s*(\d{1,6}(?:\.\d{1,3})?)\s*(?:kcal|calories|cal|千卡|大卡|卡路里)?",
    re.IGNORECASE,
)
_HAN = re.compile(r"[\u3400-\u9fff]")
# A line with a sum in it; and the words by which one says that it may be left out.
_RECKONED = re.compile(r"[*×=＝+/]")
_OPTIONAL = re.compile(r"可选|可不|可以不|optional", re.IGNORECASE)
# What goes on with a name (大蒜粒), and is neither an amount nor a word between.
_LONGER_NAME = r"[^\W\d_一二两三四五六七八九十半几数适少若各约大小的或和与及量洗去切备]"
_NOT_IN_NAMES = re.compile(r"[^\w\-（）()]+")


def decode_object(data: bytes | str, limit: int | None = None) -> dict[str, Any]:
    """One JSON object, of at most `limit` bytes. Raises BadRecord where it is anything else, or nested too deep."""
    if limit is not None and len(data) > limit:
        raise BadRecord(f"这份菜谱有 {len(data) / 1e6:.1f} MB，超过上限 {limit / 1e6:g} MB")
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadRecord(f"不是完整的 JSON：{error}") from error
    if not isinstance(value, dict):
        raise BadRecord("JSON 里不是一份菜谱（应是一个对象）")
    if not _shallow(value, _DEEPEST):
        raise BadRecord("嵌套太深")
    return value


def _shallow(value: Any, depth: int) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return depth > 0 and all(_shallow(part, depth - 1) for part in parts)


def text_of(value: Any, what: str) -> str:
    """A text, or a number as text; empty where there is none. Raises BadRecord, naming `what`, for anything else."""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int | float):
        return number_text(value)
    raise BadRecord(f"{what} 应是文字，不是 {value!r:.40}")


def list_of(value: Any, what: str) -> list[Any]:
    """A list; empty where there is none. Raises BadRecord, naming `what`, for anything else."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadRecord(f"{what} 应是列表，不是 {value!r:.40}")
    return value


def objects_of(value: Any, what: str) -> list[dict[str, Any]]:
    """A list of objects; empty where there is none. Raises BadRecord, naming `what`, for anything else."""
    found = list_of(value, what)
    if wrong := [part for part in found if not isinstance(part, dict)]:
        raise BadRecord(f"{what} 里应是对象，不是 {wrong[0]!r:.40}")
    return found


def name_of(value: Any, what: str) -> str:
    """The name of an object that has one, or a text itself; empty where there is none. Raises BadRecord."""
    return text_of(value.get("name") if isinstance(value, dict) else value, what)


def number_of(value: Any, what: str) -> float | None:
    """A number, or a text that is one; None where there is none. Raises BadRecord, naming `what`, for all else."""
    if value is None or isinstance(value, bool) or (isinstance(value, str) and not value.strip()):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadRecord(f"{what} 应是数字，不是 {value!r:.40}") from error
    if not -1e9 < number < 1e9:
        raise BadRecord(f"{what} 不是能用的数字：{value!r:.40}")
    return number


def number_text(value: float) -> str:
    """A number without what need not be said: 3.0 → 3, 0.3333333 → 0.3333."""
    return f"{value:.4f}".rstrip("0").rstrip(".") if abs(value) < 1e15 else f"{value:g}"


def read_minutes(text: str | None) -> float | None:
    """A time in words (`1 小时 20 分钟`, `1h20m`, `45 minutes`, `PT45M`) in minutes; None where it says any more."""
    words = _ABOUT.sub("", (text or "")[:100].lower()).replace("个半小时", "小时半")
    if iso := _ISO.fullmatch(words):
        amounts = [float(group or 0) for group in iso.groups()]
        return sum(a * f for a, f in zip(amounts, (1440, 60, 1, 1 / 60), strict=True)) or None
    total, end = 0.0, 0
    for part in _PART.finditer(words):
        if not _BETWEEN.fullmatch(words, end, part.start()):
            return None
        total += (_amount(part[1], part[2]) + (0.5 if part[4] else 0)) * _FACTOR[part[3]]
        end = part.end()
    return round(total, 4) if total and not words[end:].strip(" .。") else None


def _amount(whole: str | None, number: str) -> float:
    """`1`, `1/2` → 1.5; 半 → 0.5."""
    if number == "半":
        return 0.5
    upper, _, lower = number.replace(",", ".").partition("/")
    return float(whole or 0) + float(upper) / (float(lower or 1) or 1)


def minutes_text(minutes: float) -> str:
    """80 → `1 小时 20 分钟`; read back to the same."""
    hours, rest = divmod(minutes, 60)
    if hours and hours < 1e6 and rest == int(rest):
        return f"{int(hours)} 小时" + (f" {int(rest)} 分钟" if rest else "")
    return f"{number_text(minutes)} 分钟"


def read_calories(value: Any) -> float | None:
    """Kilocalories from a number or a text (`420 kcal`, `热量：420 千卡`); None where it says anything else."""
    text = value if isinstance(value, str) else f"{value}" if type(value) in (int, float) else ""
    found = _CALORIES.fullmatch(text.strip()[:60])
    return float(found[1]) if found else None


def servings_text(servings: Range) -> str:
    """How many it serves, in words that are read back to the same."""
    if servings.min is None or servings.max is None:
        return f"{number_text(servings.min or servings.max or 1)}人以上食用"
    low, high = number_text(servings.min), number_text(servings.max)
    return f"{low} 人份" if low == high else f"{low}-{high} 人份"


def ingredient_line(food: str, amount: float | None, unit: str, note: str) -> str:
    """`盐`, 3.0, `克`, `切碎` → `盐 3 克（切碎）`; in the order of English where the food is not Chinese."""
    number = number_text(amount) if amount else ""
    han = _HAN.search(food + unit) is not None
    words = [food, number, unit] if han else [number, unit, food]
    line = " ".join(word for word in words if word)
    if not note:
        return line
    return f"{line}（{note}）" if line else note


def lines_of(recipe: Recipe) -> Iterator[tuple[str, str | None]]:
    """(line, its group) of every ingredient line, in order; what one line names together is one line again.

    A line that no longer says what was read into its ingredients (an amount for one of two people, another name
    than that of the list above it) is made anew from their fields.
    """
    for (raw, group), together in groupby(
        recipe.ingredients, key=lambda ingredient: (ingredient.raw, ingredient.group)
    ):
        ingredients = list(together)
        if all(map(_is_said, ingredients)):
            yield raw, group
        else:
            yield from ((_line_made(ingredient), group) for ingredient in ingredients)


def _is_said(ingredient: Ingredient) -> bool:
    """Whether an ingredient's line, read alone, says what its fields say, as far as that can be seen."""
    raw = ingredient.raw
    return (
        re.search(rf"{re.escape(ingredient.name)}(?!{_LONGER_NAME})", raw) is not None
        and all(name in raw for name in ingredient.alt)
        and (ingredient.unit or "") in raw.lower()
        and all(word in raw for word in (ingredient.preparation or "").split("、"))
        and not _RECKONED.search(raw)
        and (not ingredient.optional or _OPTIONAL.search(raw) is not None)
    )


def _line_made(ingredient: Ingredient) -> str:
    line = f"{ingredient.name} {measure_text(ingredient)}".strip()
    return f"{line}（{said}）" if (said := besides(ingredient)) else line


def measure_text(ingredient: Ingredient) -> str:
    """`20-30 克`, `3 瓣`, `适量`, `几滴`; empty where no amount is said that words could repeat."""
    low, high, unit = ingredient.min, ingredient.max, ingredient.unit or ""
    if low is None and high is None:
        vague = ingredient.vague or ""
        # 其他 stands for words that only the line itself has (没过食材).
        return "" if vague == "其他" else f"{vague}{unit}"
    if low is None:
        return f"最多 {number_text(high or 0)} {unit}".strip()
    if high is None:
        return f"{number_text(low)} {unit}以上"
    return f"{number_text(low) if low == high else f'{number_text(low)}-{number_text(high)}'} {unit}".strip()


def besides(ingredient: Ingredient) -> str:
    """What is to be said of an ingredient besides name and amount: its line's remark, and what of its fields is not."""
    bare = f"{ingredient.name} {measure_text(ingredient)}".strip()
    remark = re.fullmatch(re.escape(bare) + r"(?:（([^（）()\n]{1,200})）)?", ingredient.raw)
    said = [(remark[1] or "") if remark else ""]
    said += [word for word in (ingredient.preparation or "").split("、") if word not in said[0]]
    if not all(name in said[0] for name in ingredient.alt):
        said.append(f"或{'、'.join(ingredient.alt)}")
    if ingredient.optional and not _OPTIONAL.search(said[0]):
        said.append("可选")
    return "，".join(part for part in said if part)


def identifier(*parts: str) -> str:
    """A UUID of version 4 that is the same for the same words: an export of the same recipes is the same again."""
    return str(uuid.UUID(bytes=uuid.uuid5(uuid.NAMESPACE_URL, "\0".join(parts)).bytes, version=4))


def file_names(recipes: Iterable[Recipe]) -> Iterator[tuple[str, Recipe]]:
    """Each recipe with a name for its file: its dish, of characters that every system allows, each name once."""
    seen: set[str] = set()
    for recipe in recipes:
        # A name may have 255 bytes; 60 characters of Chinese with an ending are within.
        name = _NOT_IN_NAMES.sub("-", recipe.title).strip("-")[:60] or "菜谱"
        name = name if name.lower() not in seen else f"{name}-{recipe.id}"
        seen.add(name.lower())
        yield name, recipe

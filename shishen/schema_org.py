"""schema.org/Recipe: from the nodes of a document to drafts, whatever the document was (JSON-LD, microdata)."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from shishen.errors import BadRecord
from shishen.records import Draft, DraftLine, DraftStep, Rejected, Source

# Properties that have a field of their own; every other one is kept in `extra`, so that nothing is lost.
_READ = frozenset(
    [
        "@context",
        "@type",
        "name",
        "alternateName",
        "description",
        "recipeCategory",
        "recipeCuisine",
        "totalTime",
        "recipeYield",
        "yield",
        "recipeIngredient",
        "ingredients",
        "recipeInstructions",
        "tool",
        "keywords",
        "image",
        "author",
        "license",
    ]
)
_CALORIES = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*(?:kcal|calories|cal|千卡|大卡|卡路里)?", re.IGNORECASE)
_DURATION = re.compile(r"P(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?")
# How deep to look for recipes and steps, and how deep a recipe may be nested at all.
_DEPTH, _DEEPEST = 20, 64
# Properties that a record joins to one text where there are several, and those whose words it reads.
_JOINED = frozenset(["author", "license", "recipeCategory", "recipeCuisine", "name", "description"])
_WORDED = frozenset(["recipeYield", "yield"])
# What schema.org has no word for, as an export from here says it; and what its own property need not say then.
_OWN = "urn:shishen:"
_EXACTLY = {_OWN + "servings": ("recipeYield", "yield"), _OWN + "calories": ("nutrition",)}


class OwnFields(Struct, frozen=True):
    """What an export from here says under names of its own (`urn:shishen:tips` …)."""

    difficulty: int | None = None
    tastes: tuple[str, ...] = ()
    tips: tuple[str, ...] = ()
    features: str | None = None
    groups: tuple[str, ...] = ()
    servings: str | None = None
    calories: float | None = None
    keywords: tuple[str, ...] = ()


def recipe_nodes(node: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Every Recipe node, in the order of the text."""
    if depth > _DEPTH:
        return
    if isinstance(node, list):
        for part in node:
            yield from recipe_nodes(part, depth + 1)
    elif isinstance(node, dict):
        types = node.get("@type")
        names = [types] if isinstance(types, str) else types if isinstance(types, list) else []
        if any(isinstance(name, str) and name.rsplit("/", 1)[-1] == "Recipe" for name in names):
            yield node
        else:
            for key in ("@graph", "mainEntity", "itemListElement", "item"):
                if key in node:
                    yield from recipe_nodes(node[key], depth + 1)


def read_node(node: dict[str, Any], label: str, number: int | None) -> Draft | Rejected:
    """The draft of one Recipe node; `number` is its line or place in the file `label`, None where it is alone."""
    try:
        if not _shallow(node, _DEEPEST):
            raise BadRecord("嵌套太深")
        title = _text(node.get("name"))
        if not title:
            raise BadRecord("没有 name")
        own, others = _own(node)
        repeated = {name for key in _EXACTLY if key in node for name in _EXACTLY[key]}
        extra = {key: value for key, value in node.items() if key not in repeated and _says_more(key, value)}
        extra |= others
        texts = _texts(node.get("recipeIngredient", node.get("ingredients")))
        # Groups stand beside the lines; where somebody has changed one list and not the other, they say nothing.
        groups = own.groups if len(own.groups) == len(texts) else ("",) * len(texts)
        minutes = _minutes(node.get("totalTime"))
        if minutes is None and "totalTime" in node:
            extra["totalTime"] = node["totalTime"]
        return Draft(
            title=title,
            source=Source(
                path=label,
                line=number,
                author=_text(node.get("author")) or None,
                licence=_text(node.get("license")) or None,
            ),
            aliases=tuple(_texts(node.get("alternateName"))),
            description=_text(node.get("description")) or None,
            category=_text(node.get("recipeCategory")) or None,
            cuisine=_text(node.get("recipeCuisine")) or None,
            minutes=minutes,
            tastes=own.tastes,
            difficulty=own.difficulty,
            calories=_calories(node.get("nutrition")) if own.calories is None else own.calories,
            servings=own.servings or "、".join(_texts(node.get("recipeYield", node.get("yield")))) or None,
            lines=tuple(DraftLine(text, group or None) for text, group in zip(texts, groups, strict=True)),
            tools=tuple(_texts(node.get("tool"))),
            steps=tuple(_steps(node.get("recipeInstructions"), None, 0)),
            images=tuple(_urls(node.get("image"))),
            tips=own.tips,
            features=own.features,
            keywords=own.keywords or tuple(_keywords(node.get("keywords"))),
            extra=extra or UNSET,
        )
    except BadRecord as error:
        return Rejected(path=label, line=number, reason=str(error))


def _own(node: dict[str, Any]) -> tuple[OwnFields, dict[str, Any]]:
    """(the fields of an export from here, what readers of other formats had kept in `extra`)."""
    said = {key.removeprefix(_OWN): value for key, value in node.items() if key.startswith(_OWN)}
    kept = said.pop("extra", None)
    others = kept.get("@value") if isinstance(kept, dict) else None
    try:
        return msgspec.convert(said, OwnFields), others if isinstance(others, dict) else {}
    except msgspec.ValidationError as error:
        raise BadRecord(f"{_OWN} 开头的字段不对：{error}") from error


def _shallow(value: Any, depth: int) -> bool:
    """Whether a value is nested no deeper than this."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return depth > 0 and all(_shallow(part, depth - 1) for part in parts)


def _says_more(key: str, value: Any) -> bool:
    """Whether a property says what no field of the record can hold, so that it must be kept as it is."""
    if key.startswith(_OWN):
        return False
    if key in ("@context", "@type"):
        return value not in ("Recipe", "https://schema.org", "https://schema.org/", "http://schema.org")
    if key not in _READ or (key in _WORDED and not isinstance(value, int)):
        return True
    return (key in _JOINED and isinstance(value, list) and len(value) > 1) or not _plain(value)


def _plain(value: Any) -> bool:
    """Whether a value is texts, or nodes of which each has one text or a list of such."""
    if isinstance(value, list):
        return all(_plain(part) for part in value)
    if isinstance(value, dict):
        said = value.keys() - {"@type"}
        return (len(said) == 1 or said == {"name", "itemListElement"}) and all(_plain(value[key]) for key in said)
    return True


def _texts(value: Any) -> list[str]:
    """The texts of a property: a string, a number, a node with a name or text, or a list of these."""
    if value is None or isinstance(value, bool):
        return []
    if isinstance(value, str):
        return [value.strip()] if value.strip() else []
    if isinstance(value, int | float):
        return [str(int(value) if value == value // 1 else value)]
    if isinstance(value, list):
        return [text for part in value if not isinstance(part, list) for text in _texts(part)]
    if isinstance(value, dict):
        return _texts(value.get("name", value.get("text", value.get("url"))))
    raise BadRecord(f"看不懂的值：{value!r:.40}")


def _text(value: Any) -> str:
    return "、".join(_texts(value))


def _urls(value: Any) -> Iterator[str]:
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict) and isinstance(url := part.get("url", part.get("contentUrl")), str):
            yield url


def _keywords(value: Any) -> list[str]:
    return [word.strip() for text in _texts(value) for word in re.split(r"[,，、]", text) if word.strip()]


def _steps(value: Any, section: str | None, depth: int) -> Iterator[DraftStep]:
    """Strings, HowToStep, HowToSection, ItemList, in any nesting; one string may hold a step a line."""
    if depth > _DEPTH or value is None:
        return
    if isinstance(value, str):
        parts = re.split(r"\n+|(?:<br\s*/?>)+|</(?:li|p)>", value) if depth == 0 else [value]
        for part in parts:
            words = re.sub(r"<[^>]{1,80}>", "", part).strip()
            words = re.sub(r"^\d{1,2}[.、．)]\s*", "", words) if depth == 0 else words
            if words:
                yield DraftStep(words, section)
    elif isinstance(value, list):
        for part in value:
            yield from _steps(part, section, depth + 1)
    elif isinstance(value, dict):
        if "itemListElement" in value:
            yield from _steps(value["itemListElement"], _text(value.get("name")) or section, depth + 1)
        elif isinstance(value.get("item"), dict):
            yield from _steps(value["item"], section, depth + 1)
        elif words := _text(value.get("text", value.get("description", value.get("name")))):
            yield DraftStep(words, section)
    else:
        raise BadRecord(f"看不懂的步骤：{value!r:.40}")


def _minutes(value: Any) -> float | None:
    """An ISO 8601 duration in minutes: `PT1H20M` → 80."""
    found = _DURATION.fullmatch(value.strip().upper()) if isinstance(value, str) else None
    if not found or not any(found.groups()):
        return None
    days, hours, minutes, seconds = (float(g or 0) for g in found.groups())
    return (days * 1440 + hours * 60 + minutes + seconds / 60) or None


def _calories(nutrition: Any) -> float | None:
    """Kilocalories: a bare number, or one with such a unit; kilojoules and nonsense stay in `extra` only."""
    value = nutrition.get("calories") if isinstance(nutrition, dict) else None
    text = value if isinstance(value, str) else f"{value}" if isinstance(value, int | float) else ""
    found = _CALORIES.fullmatch(text.strip())
    return float(found[1]) if found else None

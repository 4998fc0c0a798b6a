"""What a Word document says beside its text: the styles of paragraphs, and the numbers of lists as they count on."""

import re
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from shishen.archive import local_name

# Styles based on styles based on styles … and on themselves.
_DEEPEST = 12
_HEADING = re.compile(r"(?:heading|标题|標題)\s*(\d)", re.IGNORECASE)
_TITLE = re.compile(r"title|标题|標題|文档标题|书名", re.IGNORECASE)
_CONTENTS = re.compile(r"(?:toc|目录|目錄)\s*(?:\d|heading|标题)?", re.IGNORECASE)
_COUNTING = frozenset(
    ["decimal", "decimalZero", "decimalFullWidth", "decimalFullWidth2", "decimalHalfWidth", "decimalEnclosedCircle",
     "decimalEnclosedCircleChinese", "decimalEnclosedFullstop", "decimalEnclosedParen", "chineseCounting",
     "chineseCountingThousand", "chineseLegalSimplified", "ideographDigital", "japaneseCounting",
     "taiwaneseCounting", "taiwaneseCountingThousand"]
)  # fmt: skip


class Look(Struct, frozen=True):
    """How a paragraph looks: heading level, bold, size in points, its list and depth in it; None where unsaid."""

    level: int | None = None
    bold: bool | None = None
    size: float | None = None
    list_id: str | None = None
    depth: int | None = None
    contents: bool = False


PLAIN = Look()


def child(element: Any, *names: str) -> Any:
    """The first child of a name, and its child of the next; None where there is none. Namespaces do not count:
    strict documents have others."""
    for name in names:
        element = next((inner for inner in element if local_name(inner) == name), None)
        if element is None:
            return None
    return element


def attribute(element: Any, name: str) -> str | None:
    """An attribute by its name without the namespace."""
    if element is None:
        return None
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), None)


def value_of(element: Any, *names: str) -> str | None:
    """The `val` of a descendant by its path of names."""
    return attribute(child(element, *names), "val")


def switched(element: Any, name: str) -> bool | None:
    """Whether a property like <w:b/> is on; None where it is not there."""
    found = child(element, name)
    if found is None:
        return None
    return (attribute(found, "val") or "true").lower() not in ("false", "0", "off", "none")


def points(element: Any) -> float | None:
    """The font size that run properties name, in points."""
    half = value_of(element, "sz") if element is not None else None
    return int(half) / 2 if half and half.isdecimal() and 0 < int(half[:6]) < 2000 else None


def paragraph_look(properties: Any) -> Look:
    """What the properties of a paragraph, or of a style, say themselves."""
    if properties is None:
        return PLAIN
    outline = value_of(properties, "outlineLvl")
    depth = value_of(properties, "numPr", "ilvl")
    return Look(
        level=int(outline) + 1 if outline and re.fullmatch("[0-8]", outline) else None,
        list_id=value_of(properties, "numPr", "numId"),
        depth=int(depth) if depth and re.fullmatch("[0-8]", depth) else None,
    )


class Styles:
    """The paragraph styles of a document; `root` is None where it has none."""

    def __init__(self, root: Any) -> None:
        self._elements: dict[str, Any] = {}
        self._looks: dict[str, Look] = {}
        self.size: float | None = None
        self._default: str | None = None
        for element in root if root is not None else ():
            if local_name(element) == "docDefaults":
                properties = child(element, "rPrDefault", "rPr")
                self.size = points(properties)
            elif local_name(element) == "style" and (name := attribute(element, "styleId")):
                self._elements[name] = element
                if attribute(element, "type") == "paragraph" and attribute(element, "default") in ("1", "true"):
                    self._default = name
        if self._default and (size := self.look(self._default).size):
            self.size = size

    def look(self, name: str | None, depth: int = 0) -> Look:
        """What a style says, with what it is based on; `name` is its id, None for the default one."""
        name = name or self._default
        if name is None or name not in self._elements or depth > _DEEPEST:
            return PLAIN
        if name in self._looks:
            return self._looks[name]
        element = self._elements[name]
        base = value_of(element, "basedOn")
        below = self.look(base, depth + 1) if base else PLAIN
        own = paragraph_look(child(element, "pPr"))
        run = child(element, "rPr")
        called = (value_of(element, "name") or name).strip()
        heading = _HEADING.fullmatch(called)
        level = int(heading[1]) if heading else 1 if _TITLE.fullmatch(called) else own.level
        bold = switched(run, "b") if run is not None else None
        look = Look(
            level=level or below.level,
            bold=below.bold if bold is None else bold,
            size=points(run) or below.size,
            list_id=own.list_id or below.list_id,
            depth=own.depth if own.depth is not None else below.depth,
            contents=_CONTENTS.fullmatch(called) is not None,
        )
        self._looks[name] = look
        return look


class _Level(Struct, frozen=True):
    """One depth of a list: where it starts, and whether it counts (or has bullets)."""

    start: int = 1
    counts: bool = False


class _Passed(Struct, frozen=True):
    """What a document has had so far: headings and tables, paragraphs in no list, items of any."""

    headings: int = 0
    plain: int = 0
    items: int = 0

    def apart(self, before: "_Passed") -> bool:
        """Whether what came since then ends a list."""
        plain = self.plain - before.plain
        return self.headings > before.headings or plain >= 3 or (plain > 0 and self.items > before.items)


class Numbering:
    """The lists of a document and how far each has counted.

    A list that goes on behind a heading, a table or another list with its own heading begins anew, whatever Word
    prints: programs that write documents have one list for all dishes, and none goes on from dish to dish.
    """

    def __init__(self, root: Any) -> None:
        abstract: dict[str, dict[int, _Level]] = {}
        self._lists: dict[str, tuple[str, dict[int, _Level]]] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._now = _Passed()
        self._last: dict[str, _Passed] = {}
        for element in root if root is not None else ():
            if local_name(element) == "abstractNum":
                abstract[attribute(element, "abstractNumId") or ""] = dict(_levels(element))
            elif local_name(element) == "num":
                below = value_of(element, "abstractNumId") or ""
                levels, key = dict(abstract.get(below, {})), below
                for override in element:
                    if local_name(override) != "lvlOverride":
                        continue
                    depth = (
                        int(attribute(override, "ilvl") or 0) if (attribute(override, "ilvl") or "0").isdecimal() else 0
                    )
                    start = value_of(override, "startOverride")
                    levels |= dict(_levels(override))
                    if start and start.isdecimal():
                        # A list that starts anew counts for itself.
                        levels[depth] = replace(levels.get(depth, _Level()), start=int(start[:6]))
                        key = f"{below}/{attribute(element, 'numId')}"
                self._lists[attribute(element, "numId") or ""] = (key, levels)

    def passed(self, *, heading: bool) -> None:
        """Note a heading or a table, or else a paragraph that is in no list."""
        now = self._now
        self._now = replace(now, headings=now.headings + 1) if heading else replace(now, plain=now.plain + 1)

    def mark(self, look: Look) -> str | None:
        """The mark of the next paragraph of a list: `3. `, nothing for a bullet; None where it is in no list."""
        if look.list_id is None or look.list_id == "0" or look.list_id not in self._lists:
            return None
        key, levels = self._lists[look.list_id]
        depth = look.depth or 0
        level = levels.get(depth, _Level())
        counts = self._counts.setdefault(key, {})
        if self._now.apart(self._last.get(key, self._now)):
            counts.clear()
        self._now = self._last[key] = replace(self._now, items=self._now.items + 1)
        counts[depth] = counts.get(depth, level.start - 1) + 1
        for deeper in [d for d in counts if d > depth]:
            del counts[deeper]
        return f"{counts[depth]}. " if level.counts else ""


def _levels(element: Any) -> list[tuple[int, _Level]]:
    levels: list[tuple[int, _Level]] = []
    for level in element:
        depth = attribute(level, "ilvl") or ""
        if local_name(level) == "lvl" and depth.isdecimal():
            start = value_of(level, "start") or "1"
            counts = (value_of(level, "numFmt") or "decimal") in _COUNTING
            levels.append((int(depth[:3]), _Level(int(start[:6]) if start.isdecimal() else 1, counts)))
    return levels

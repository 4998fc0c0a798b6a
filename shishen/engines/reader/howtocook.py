"""HowToCook Markdown: 必备原料和工具 names what is needed, 计算 says how much, 操作 how."""

import re
from collections.abc import Iterator

from msgspec import Struct

from shishen.errors import UnreadableFile
from shishen.protocols import Reader
from shishen.records import Draft, DraftLine, DraftStep, Rejected, Source
from shishen.source_file import SourceFile

EXTRA = None

NEEDED, AMOUNTS, METHOD, MORE = "必备原料和工具", "计算", "操作", "附加内容"
# Older forks of the collection word their headings otherwise.
_SECTIONS = {
    NEEDED: (NEEDED, "必备原料", "原料和工具", "原料", "必备原料与工具"),
    AMOUNTS: (AMOUNTS, "计算用量", "用量"),
    METHOD: (METHOD, "操作步骤", "步骤"),
    MORE: (MORE, "附加", "附录"),
}
_SECTION_OF = {word: section for section, words in _SECTIONS.items() for word in words}
_CATEGORIES = {
    "meat_dish": "荤菜",
    "vegetable_dish": "素菜",
    "aquatic": "水产",
    "breakfast": "早餐",
    "staple": "主食",
    "soup": "汤羹",
    "drink": "饮品",
    "dessert": "甜品",
    "condiment": "酱料",
    "semi-finished": "半成品",
}
_BULLET = re.compile(r"^(\s*)[-*+]\s+(.*)$")
# 1.加水 is a step, 1.5 勺 is none.
_NUMBERED = re.compile(r"^(\d+)[.、．)）](?!\d)\s*(.*)$")
_IMAGE = re.compile(r"!\[[^\]]{0,300}\]\(([^)\s]{1,500})[^)]{0,300}\)")
_FOOTER = re.compile(r"^如果您遵循本指南")
_TOOLS_GROUP = re.compile(r"工具|厨具|器具|设备|用具")
_FOODS_GROUP = re.compile(r"原料|材料|食材|调料")
# A line of its own above a list is the list's heading, unless it says how many it serves or is a sentence.
_HEADING_LINE = re.compile(r"[^，。；,;！!]{1,16}|\*\*[^*]+\*\*[：:]?")
_NO_HEADING = re.compile(r"^(?:>|---|\||注|备注|使用上述)|份|人|总量|的?量[：:]?$")
_EITHER = re.compile(r"任选|选其?一|[二两三四]选一")
_CONTAINS = re.compile(r"[，,]?\s*(?:其中)?(?:应该?)?(?:包含|包括|含有)")
_RULE = re.compile(r"[:\-\s|]+")
_CALORIES = re.compile(r"卡路里\s*[：:]\D{0,8}(\d+(?:\.\d+)?)")
_CLAUSE = re.compile(r"[：:，,。；;]")


class Options(Struct, frozen=True):
    """No options."""


class HowToCookReader:
    """Reads one dish a file; 相同菜名的文件各是各的菜谱."""

    def recognises(self, file: SourceFile) -> bool:
        """The two headings that no other form has; the collection's template for new dishes is no dish."""
        if "template" in file.path.parts:
            return False
        headings = {found[1] for line in file.head.splitlines() if (found := _heading(line)) and found[0] == 2}
        sections = {_SECTION_OF.get(heading) for heading in headings}
        return {NEEDED, METHOD} <= sections or {AMOUNTS, METHOD} <= sections

    def read(self, file: SourceFile) -> Iterator[Draft | Rejected]:
        """The one dish of the file."""
        text = file.text()
        title, preface, sections = _split(text)
        if not title:
            raise UnreadableFile(f"{file.label} 缺少「# 菜名的做法」这一行。")
        described = [line for line in preface if not line.startswith(("预估", "!"))]
        # The description may speak of the difficulty too (难度不高); the stars and the number are what is meant.
        difficulty = next((line.count("★") for line in preface if "难度" in line and "★" in line), 0)
        calories = next((float(found[1]) for line in preface if (found := _CALORIES.search(line))), None)
        needed, tools = _needed(sections.get(NEEDED, []))
        tips = [_plain(line) for line in _body(sections.get(MORE, [])) if not line.startswith("#")]
        yield Draft(
            title=title,
            source=Source(path=file.label),
            description="\n".join(_plain(line) for line in described if _plain(line)) or None,
            category=_category(file.label),
            difficulty=difficulty if 1 <= difficulty <= 5 else None,
            calories=calories,
            servings="\n".join(sections.get(AMOUNTS, [])),
            named=tuple(needed),
            tools=tuple(tools),
            lines=tuple(_list(sections.get(AMOUNTS, []))),
            steps=tuple(_steps(sections.get(METHOD, []))),
            tips=tuple(t for t in tips if t and not _FOOTER.match(t)),
            images=tuple(_IMAGE.findall(text)),
        )


def _heading(line: str) -> tuple[int, str] | None:
    """(level, words) of a heading; by hand, as a pattern with blanks on both sides takes minutes over many blanks."""
    level = min(6, len(line) - len(line.lstrip("#")))
    words = line[level:].strip()
    words = words.rstrip("#").rstrip() or words
    return (level, words) if level and words else None


def _split(text: str) -> tuple[str, list[str], dict[str, list[str]]]:
    """(title, lines before the first section, lines of each section); headings inside fences do not count."""
    title, section, fenced = "", None, False
    preface: list[str] = []
    sections: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        heading = None if fenced else _heading(line)
        if heading and heading[0] == 1 and not title:
            title = heading[1]
        elif heading and heading[0] == 2:
            section = _SECTION_OF.get(heading[1], heading[1])
            sections.setdefault(section, [])
        elif section is None:
            if line.strip():
                preface.append(line.strip())
        else:
            sections[section].append(line.rstrip())
    return title, preface, sections


def _body(lines: list[str]) -> Iterator[str]:
    """Lines that say something: bullets without their mark, and prose."""
    for line in lines:
        bullet = _BULLET.match(line)
        words = bullet[2] if bullet else line.strip()
        if words and not words.startswith("```"):
            yield words


class _Row(Struct):
    """One line of a list: the group it stands in, its words, how deep it is (-1 for a paragraph)."""

    group: str | None
    words: str
    depth: int


def _rows(lines: list[str]) -> list[_Row]:
    """The lines that say something; headings, lines above a list and bullets with bullets below set the group."""
    rows: list[_Row] = []
    group: str | None = None
    for line in lines:
        if heading := _heading(line):
            group = _plain(heading[1]).rstrip("：:")
            continue
        bullet = _BULLET.match(line) or _NUMBERED.match(line)
        words = bullet[2].strip() if bullet else line.strip()
        if not words or words.startswith(("```", ">", "---")) or not _plain(words):
            continue
        if bullet:
            rows.append(_Row(group, words, len(line) - len(line.lstrip())))
        elif _NO_HEADING.search(words):
            group = None if words.endswith(("：", ":")) else group
            rows.append(_Row(group, words, -1))
        elif _HEADING_LINE.fullmatch(words):
            group = _plain(words).rstrip("：:")
        else:
            rows.append(_Row(group, words, -1))
    return rows


def _list(lines: list[str]) -> Iterator[DraftLine]:
    """Each entry of a section's lists and tables; its prose says nothing of a single ingredient."""
    rows = _rows(lines)
    yield from _nested([row for row in rows if row.depth >= 0])
    yield from _table([row for row in rows if row.words.startswith("|")])


def _nested(rows: list[_Row]) -> Iterator[DraftLine]:
    """Bullets with bullets below them name a group; where one of these is to be chosen, they are one line."""
    parents: list[tuple[int, str]] = []
    place = 0
    while place < len(rows):
        row = rows[place]
        while parents and parents[-1][0] >= row.depth:
            parents.pop()
        below = place + 1
        while below < len(rows) and rows[below].depth > row.depth:
            below += 1
        children = [r for r in rows[place + 1 : below] if r.depth == rows[place + 1].depth]
        group = parents[-1][1] if parents else row.group
        if not children:
            yield DraftLine(row.words, group)
        elif _EITHER.search(row.words):
            first, *others = (re.split(r"[：:]", child.words)[0] for child in children)
            yield DraftLine(f"{first}（或 {' 或 '.join(others)}）" if others else first, group)
            place = below
            continue
        else:
            if contains := _CONTAINS.search(row.words):
                yield DraftLine(row.words[: contains.start()], group)
            parents.append((row.depth, _CLAUSE.split(_plain(row.words))[0] or row.words))
        place += 1


def _table(rows: list[_Row]) -> Iterator[DraftLine]:
    """`| 鸡蛋 | 1 个 | 3 个 |` → 鸡蛋 1 个: the first column names, the second says how much of it."""
    cells = [[cell.strip() for cell in row.words.strip("|").split("|")] for row in rows]
    head = cells[0] if cells else []
    unit = next((place for place, cell in enumerate(head) if cell in ("单位", "计量单位")), None)
    for row, columns in zip(rows[1:], cells[1:], strict=True):
        if len(columns) < 2 or _RULE.fullmatch(row.words):
            continue
        amount = columns[1] + (f" {columns[unit]}" if unit is not None and 1 < unit < len(columns) else "")
        yield DraftLine(f"{columns[0]} {amount}", row.group)


def _needed(lines: list[str]) -> tuple[list[DraftLine], list[str]]:
    """What 必备 names, and the tools that stand under a heading of their own."""
    needed: list[DraftLine] = []
    tools: list[str] = []
    for line in _list(lines):
        if line.group and _TOOLS_GROUP.search(line.group) and not _FOODS_GROUP.search(line.group):
            tools.append(_plain(line.text))
        else:
            needed.append(line)
    return needed, tools


def _steps(lines: list[str]) -> Iterator[DraftStep]:
    """Every numbered line at column 0 with what is indented below it; prose, quotes, tables, fences are none.

    Where nothing is numbered, as in books of the same form, every bullet at column 0 is a step.
    """
    begins = _NUMBERED if any(map(_NUMBERED.match, lines)) else _BULLET
    section: str | None = None
    text: list[str] = []
    fenced = False
    for line in [*lines, "#"]:
        if line.lstrip().startswith("```"):
            fenced = not fenced
            continue
        if fenced:
            continue
        begun = None if line.startswith((" ", "\t")) else begins.match(line)
        below = line.startswith((" ", "\t")) or _BULLET.match(line)
        if (begun or not below) and line.strip() and text:
            yield DraftStep("\n".join(text), section)
            text = []
        if begun:
            text = [begun[2]]
        elif heading := _heading(line):
            section = _plain(heading[1])
        elif text and line.strip() and not line.strip().startswith((">", "|")):
            text.append(line.strip())


def _plain(text: str) -> str:
    text = _IMAGE.sub("", text)
    text = re.sub(r"\[([^\]]{0,300})\]\([^)]{0,500}\)", r"\1", text)
    return re.sub(r"\*\*|__|`|</?[a-z]+/?>", "", text).strip()


def _category(label: str) -> str | None:
    parts = label.replace("\\", "/").split("/")
    return next((_CATEGORIES[part] for part in reversed(parts[:-1]) if part in _CATEGORIES), None)


def build(options: Options) -> Reader:  # noqa: ARG001
    """The reader; it has no options."""
    return HowToCookReader()

"""Our own cookbook form: a Markdown file a dish, easy to write by hand (docs/cookbook-form.md)."""

import re
from collections.abc import Iterator

from msgspec import Struct

from shishen.errors import UnreadableFile
from shishen.protocols import Reader
from shishen.records import Draft, DraftLine, DraftStep, Rejected, Source
from shishen.source_file import SourceFile

EXTRA = None

_SECTIONS = {
    "材料": ("材料", "主料", "食材", "原料", "用料", "原材料"),
    "调料": ("调料", "辅料", "配料", "佐料", "调味料"),
    "工具": ("工具", "厨具", "器具"),
    "做法": ("做法", "步骤", "制作", "制作步骤", "烹饪步骤", "制作方法", "操作"),
    "特点": ("特点", "特色", "风味"),
    "提示": ("厨师一点通", "小贴士", "贴士", "提示", "窍门", "小窍门", "注意事项", "备注"),
}
_SECTION_OF = {word: section for section, words in _SECTIONS.items() for word in words}
# The words of the head, and others that cooks write for them.
_HEAD_WORDS = {
    word: words[0]
    for words in (
        ("别名", "又名", "又称"),
        ("份量", "分量", "份数", "人数"),
        ("时间", "用时", "耗时"),
        ("难度",),
        ("热量", "卡路里"),
        ("口味", "味道"),
        ("分类", "类别"),
        ("菜系",),
        ("作者", "来自"),
        ("许可", "许可证", "授权"),
    )
    for word in words
}
_HEAD_LINE = re.compile(r"^(?:[-*+]\s*)?([\u4e00-\u9fff]{2,4})\s*[：:]\s*(\S.*)$")
# 1.加水 is a step, 1.5 勺 is none.
_STEP = re.compile(r"^(\d+)\s*[.、．)）](?!\d)\s*(.*)$")
_BULLET = re.compile(r"^\s*[-*+]\s+(.*)$")
_HEADING = re.compile(r"^(#{1,6})\s*([^\s#].*)$")
_DURATION = re.compile(r"(\d{1,6}(?:\.\d{1,3})?|半)个?(天|小时|分钟|分)")


class Options(Struct, frozen=True):
    """No options."""


class CookbookReader:
    """Reads one dish a file."""

    def recognises(self, file: SourceFile) -> bool:
        """A title, a section for what goes in, and one for how it is made."""
        headings = [heading for line in file.head.splitlines() if (heading := _heading(line))]
        sections = {_SECTION_OF.get(words) for level, words in headings if level == 2}
        return file.head.lstrip().startswith("#") and "做法" in sections and bool(sections & {"材料", "调料"})

    def read(self, file: SourceFile) -> Iterator[Draft | Rejected]:
        """The one dish of the file."""
        title = ""
        section: str | None = None
        subsection: str | None = None
        head: dict[str, str] = {}
        described: list[str] = []
        lines: list[DraftLine] = []
        tools: list[str] = []
        steps: list[DraftStep] = []
        prose: dict[str, list[str]] = {"特点": [], "提示": []}
        for number, line in enumerate(file.text().splitlines(), 1):
            line = line.rstrip()
            if heading := _heading(line):
                level, words = heading
                if level == 1:
                    if title:
                        raise UnreadableFile(f"{file.label} 第 {number} 行又有一个菜名；一个文件写一道菜。")
                    title = words
                elif level == 2:
                    section, subsection = _SECTION_OF.get(words, words), None
                    group = words
                else:
                    subsection = words
                continue
            if not line.strip():
                continue
            bullet = _BULLET.match(line)
            words = (bullet[1] if bullet else line).strip()
            if section is None:
                field = _HEAD_LINE.match(line)
                if field and field[1] in _HEAD_WORDS:
                    head[_HEAD_WORDS[field[1]]] = field[2]
                else:
                    described.append(words.lstrip("> "))
            elif section in ("材料", "调料"):
                lines.append(DraftLine(words, subsection or group))
            elif section == "工具":
                tools.extend(t.strip() for t in re.split(r"[、，,]", words) if t.strip())
            elif section == "做法":
                if step := _STEP.match(line) or (_BULLET.match(line) if not line[:1].isspace() else None):
                    steps.append(DraftStep(step[step.re.groups], subsection))
                elif steps:
                    steps[-1] = DraftStep(f"{steps[-1].text}\n{words}", steps[-1].section)
            elif section in prose:
                prose[section].append(words)
            else:
                # A section of the cook's own is a tip under its name: nothing that was written is lost.
                prose["提示"].append(f"{section}：{words}")
        if not title:
            raise UnreadableFile(f"{file.label} 缺少菜名；第一行写成「# 菜名」。")
        yield Draft(
            title=title,
            source=Source(path=file.label, author=head.get("作者"), licence=head.get("许可")),
            aliases=_list(head.get("别名")),
            description="".join(described) or None,
            category=head.get("分类"),
            cuisine=head.get("菜系"),
            tastes=_list(head.get("口味")),
            difficulty=_stars(head.get("难度")),
            minutes=_minutes(head.get("时间")),
            calories=_number(head.get("热量")),
            servings=head.get("份量"),
            lines=tuple(lines),
            tools=tuple(tools),
            steps=tuple(steps),
            tips=tuple(prose["提示"]),
            features="".join(prose["特点"]) or None,
        )


def _heading(line: str) -> tuple[int, str] | None:
    """(level, words) of a Markdown heading."""
    found = _HEADING.match(line)
    return (len(found[1]), found[2].rstrip(" \t#：:")) if found else None


def _list(text: str | None) -> tuple[str, ...]:
    return tuple(t.strip() for t in re.split(r"[、，,/；;]", text or "") if t.strip())


def _number(text: str | None) -> float | None:
    found = re.search(r"\d+(?:\.\d+)?", text or "")
    return float(found[0]) if found else None


def _stars(text: str | None) -> int | None:
    if text is None:
        return None
    value = text.count("★") or _number(text)
    return int(value) if value and 1 <= value <= 5 else None


def _minutes(text: str | None) -> float | None:
    """`1 小时 20 分钟` → 80; None where there is anything else between the numbers (20-30 分钟)."""
    total = 0.0
    words = re.sub(r"\s|^[约大概]+|左右$|[（(].*$", "", text or "")
    words = words.replace("个半小时", "小时半小时")
    parts = list(_DURATION.finditer(words))
    for part in parts:
        total += (0.5 if part[1] == "半" else float(part[1])) * {"天": 1440, "小时": 60}.get(part[2], 1)
    return total if total and "".join(part[0] for part in parts) == words else None


def build(options: Options) -> Reader:  # noqa: ARG001
    """The reader; it has no options."""
    return CookbookReader()

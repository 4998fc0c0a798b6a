"""Pages that no book has: what stands in cookbooks in any mixture, at any place, in any size; by seed."""

from collections.abc import Callable
from random import Random

from benchmarks.mutation import TOKENS
from shishen.pages import Box, Page, PrintedLine, Span

_TITLES = (
    "红烧肉",
    "番茄炒蛋",
    "拍黄瓜",
    "红 烧 肉",
    "第三章 汤羹",
    "【凉菜】",
    "宫保鸡丁（川菜）",
    "Mapo Tofu",
    "12",
    "蒜",
)
_LABELS = (
    "材料", "材料：", "【调料】", "主料", "辅料:", "做法", "制作方法：", "步骤", "特点：", "小贴士", "厨师一点通",
    "林料：", "调科", "用料（2人份）", "Ingredients", "做 法", "目录", "准备时间：10分钟", "难度：★★", "份量 4人",
)  # fmt: skip
_NAMES = (
    "盐",
    "生抽",
    "五花肉",
    "鸡蛋",
    "葱、姜、蒜",
    "料酒",
    "水淀粉",
    "番茄（去皮）",
    "A料",
    "红油 豆瓣",
    "白糖",
    "l0克盐",
)
_AMOUNTS = (
    "5克", "2个", "适量", "1/2茶匙", "少许", "各10克", "300-500g", "一大勺", "½杯", "１００克", "l0克", "〇.5斤", "",
    "9" * 30, "1~2根", "约3cm", "0克", "若干", "半个", "1 1/2 杯", "十几粒", "三四百克",
)  # fmt: skip
_STEPS = (
    "切块，焯水。", "下锅炒香，", "小火炖40分钟至软烂。", "加盐出锅", "如图", "（见第12页）", "大火烧开后转小火，加入",
    "备用；", "180℃烤20-25分钟。", "重复步骤2", "。", "将A料拌匀，静置一夜。",
)  # fmt: skip
_MARKS = ("", "", "1.", "2、", "（3）", "④", "步骤5", "第六步", "a)", "10．", "99", "0.", "•", "- ", "1 ", "Step 3")
_SIZES = (0.5, 4.0, 8.0, 9.5, 10.0, 10.0, 10.0, 10.5, 12.0, 14.0, 18.0, 24.0, 72.0, 900.0)


def some_text(chance: Random) -> str:
    """What may stand on one line."""
    way = chance.randrange(12)
    if way < 2:
        return chance.choice(_TITLES)
    if way < 4:
        return chance.choice(_LABELS)
    if way < 7:
        space = chance.choice(("", " ", "  ", "：", "……", "\u3000", " | "))
        return chance.choice(_NAMES) + space + chance.choice(_AMOUNTS)
    if way < 10:
        return chance.choice(_MARKS) + "".join(chance.choices(_STEPS, k=chance.randint(1, 3)))
    if way == 10:
        return chance.choice(TOKENS) * chance.choice((1, 1, 3, 200))
    return "".join(some_text(chance) for _ in range(chance.randint(2, 6)))


def lined_pages(chance: Random) -> list[Page]:
    """Pages whose lines have an order, as those of Word, the web or a model that looks; sizes and marks at random."""
    count = chance.choice((1, 1, 2, 3, 40))
    numbered = chance.random() < 0.5
    most = 120 if count < 4 else 15
    return [
        Page(
            number=number if numbered else None,
            count=count if numbered else None,
            lines=tuple(_line(chance, number if numbered else None) for _ in range(chance.randint(0, most))),
        )
        for number in range(1, count + 1)
    ]


def _line(chance: Random, page: int | None) -> PrintedLine:
    flowing = chance.random() < 0.5
    return PrintedLine(
        text=some_text(chance),
        page=page,
        box=None if flowing else _box(chance, 10.0),
        size=chance.choice(_SIZES),
        bold=chance.random() < 0.2,
        confidence=chance.choice((1.0, 1.0, 0.9, 0.3, 0.0)),
        full=not flowing and chance.random() < 0.3,
        gap=chance.choice((0.0, 0.2, 0.5, 1.5, 4.0, -3.0, 80.0)),
        indent=chance.choice((0.0, 0.0, 1.0, 2.0, 7.5, -1.0)),
        level=chance.choice((None, None, None, None, 1, 2, 3, 6)),
        item=chance.random() < 0.15,
    )


def spread_pages(chance: Random) -> list[Page]:
    """Pages of spans at places, as those of a PDF or of OCR: in columns, in tables, in stacks, or anywhere."""
    count = chance.choice((1, 1, 1, 2, 3, 36))
    most = 150 if count < 4 else 12
    pages = []
    for number in range(1, count + 1):
        spans: list[Span] = []
        rules: list[Box] = []
        for _ in range(chance.randint(1, 4)):
            spans += chance.choice(_WAYS)(chance, chance.randint(0, most))
        if chance.random() < 0.3:
            rules = [_box(chance, chance.choice((0.0, 1.0, 200.0))) for _ in range(chance.choice((1, 6, 60, 400)))]
        if chance.random() < 0.5:
            # Running heads and feet.
            spans += [_span("家常菜谱", 40.0, 20.0, 8.0), _span(f"· {number} ·", 300.0, 820.0, 8.0)]
        chance.shuffle(spans)
        page = Page(number=number, count=count, width=595.0, height=842.0, spans=tuple(spans), rules=tuple(rules))
        pages.append(page)
    return pages


def _span(text: str, left: float, top: float, size: float, chance: Random | None = None) -> Span:
    width = size * sum(0.5 if character.isascii() else 1.0 for character in text)
    return Span(
        text=text,
        box=Box(left, top, left + width, top + size),
        size=size,
        bold=bool(chance and chance.random() < 0.1),
        confidence=1.0 if chance is None or chance.random() < 0.8 else chance.random(),
    )


def _columns(chance: Random, count: int) -> list[Span]:
    columns, size = chance.randint(1, 5), chance.choice(_SIZES[2:9])
    step = 520.0 / columns
    lead = size * chance.choice((0.8, 1.2, 1.6, 3.0))
    start = chance.uniform(30, 500)
    return [
        _span(
            some_text(chance)[: int(step / size) + chance.choice((0, 0, 8))],
            40.0 + step * (n % columns) + chance.choice((0.0, 0.0, size * 2, chance.uniform(-3, 3))),
            start + lead * (n // columns),
            size,
            chance,
        )
        for n in range(count)
    ]


def _stack(chance: Random, count: int) -> list[Span]:
    """Single characters one below another, or side by side."""
    size = chance.choice(_SIZES[2:12])
    left, top, down = chance.uniform(0, 500), chance.uniform(0, 700), chance.random() < 0.5
    step = size * chance.choice((0.5, 1.0, 1.3, 2.5))
    text = (some_text(chance) * 3)[: min(count, 30)]
    return [
        _span(c, left + (0 if down else step * n), top + (step * n if down else 0), size) for n, c in enumerate(text)
    ]


def _anywhere(chance: Random, count: int) -> list[Span]:
    reach = chance.choice((600.0, 600.0, 5000.0))
    return [
        Span(text=some_text(chance), box=_box(chance, reach), size=chance.choice(_SIZES), confidence=chance.random())
        for _ in range(count)
    ]


def _same_place(chance: Random, count: int) -> list[Span]:
    return [_span(some_text(chance), 100.0, 100.0, 10.0, chance) for _ in range(min(count, 40))]


_WAYS: tuple[Callable[[Random, int], list[Span]], ...] = (_columns, _columns, _columns, _stack, _anywhere, _same_place)


def _box(chance: Random, reach: float) -> Box:
    """A box somewhere on the page or just beside it; it may have no width, no height."""
    left, top = chance.uniform(-50, 650), chance.uniform(-50, 900)
    return Box(left, top, left + chance.choice((0.0, chance.uniform(0, reach))), top + chance.uniform(0, reach / 4))

"""The house cookbook's lint: a dish keeps the house form, and its steps use just what its lists name."""

import re
from collections import Counter
from pathlib import Path

import pytest
from msgspec import Struct

from shishen.domains.cooking.quantities import read_line
from shishen.records import Item

COOKBOOK = Path(__file__).parent.parent / "shishen" / "cookbook"
PATHS = sorted(COOKBOOK.glob("*.md"))

HEAD = {
    "别名": r"[^、，,\s]+(?:、[^、，,\s]+)*",
    "份量": r"[1-9]\d?(?:–[1-9]\d?)? 人|[1-9]\d? 份",
    "时间": r"[1-9]\d? 分钟|[1-9]\d? 小时(?: [1-5]?\d 分钟)?",
    "难度": r"★{1,5}",
    "热量": r"[1-9]\d* 千卡",
    "口味": r"[^、，,\s]+(?:、[^、，,\s]+)*",
    "分类": r"荤菜|素菜|水产|汤羹|主食|早餐|甜品|饮品|凉菜",
    "菜系": r"\S+",
    "作者": r".+",
    "许可": r".+",
}
NEEDED_HEAD = ("份量", "时间", "难度", "口味", "分类")
SECTIONS = ("材料", "调料", "工具", "做法", "特点", "厨师一点通")
NEEDED_SECTIONS = {"材料", "做法", "特点", "厨师一点通"}

# Water to rinse, thaw or top up with comes from the tap: it is listed only where its amount matters.
TAP = frozenset({"清水", "热水", "温水"})
# What a cook calls a listed thing once it is cut or mixed, and the names that it may have in the list.
SOURCES = {
    **dict.fromkeys(("葱花", "葱白", "葱段", "葱结", "葱丝", "葱叶", "葱绿", "葱"), ("小葱", "大葱")),
    **dict.fromkeys(("姜片", "姜末", "姜丝", "姜茸", "姜"), ("姜", "老姜")),
    **dict.fromkeys(("蒜末", "蒜片", "蒜蓉", "蒜泥", "蒜"), ("蒜",)),
    "盐": ("盐",),
    "糖": ("白糖", "冰糖", "可乐"),
    "醋": ("香醋", "陈醋", "米醋", "白醋"),
    **dict.fromkeys(("蛋液", "蛋清", "蛋黄"), ("鸡蛋", "蛋清")),
    **dict.fromkeys(("鱼头", "鱼骨", "鱼片"), ("草鱼", "鱼头")),
    "水淀粉": ("玉米淀粉",),
    "花生": ("熟花生米", "熟花生碎"),
}


class Dish(Struct, frozen=True):
    """One Markdown file as text: its title, its head lines, and the lines of each section in their order."""

    title: str
    head: dict[str, str]
    sections: dict[str, list[str]]

    def bullets(self, *names: str) -> list[str]:
        return [line[2:] for name in names for line in self.sections.get(name, []) if line.startswith("- ")]

    @property
    def steps(self) -> str:
        return "\n".join(self.sections.get("做法", []))


def read_dish(path: Path) -> Dish:
    """The dish in a file; a section named twice keeps its last lines."""
    before, *parts = re.split(r"^## +", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    title = re.match(r"# (\S+)\n", before)
    head = dict(re.findall(r"^- (\S+?)[：:] *(.*)$", before, re.MULTILINE))
    lines = [[line for line in part.splitlines() if line] for part in parts]
    sections = {name.strip(): body for name, *body in lines}
    return Dish(title[1] if title else "", head, sections)


def items_of(dish: Dish) -> list[Item]:
    """What the ingredient lines name, as the program's own reader reads them."""
    return [item for line in dish.bullets("材料", "调料") for item in read_line(line).items]


def form_faults(dish: Dish, stem: str) -> list[str]:
    """Faults of the form: title, head, sections, numbering, tips."""
    faults = [] if dish.title == stem else [f"题目是 {dish.title!r}"]
    faults += [f"缺 {label}" for label in NEEDED_HEAD if label not in dish.head]
    for label, value in dish.head.items():
        if label not in HEAD or not re.fullmatch(HEAD[label], value):
            faults.append(f"{label}：{value}")
    if list(dish.sections) != [name for name in SECTIONS if name in dish.sections]:
        faults.append(f"章节次序：{'、'.join(dish.sections)}")
    faults += [f"缺 {name}" for name in sorted(NEEDED_SECTIONS - dish.sections.keys())]
    numbers = re.findall(r"^(\d+)\. \S", dish.steps, re.MULTILINE)
    if numbers != [str(i + 1) for i in range(len(numbers))] or len(numbers) < 4:
        faults.append(f"步骤编号：{numbers}")
    if len(dish.bullets("厨师一点通")) < 2:
        faults.append("厨师一点通少于两条")
    return faults


def line_faults(dish: Dish) -> list[str]:
    """Faults of single ingredient lines: one thing a line, with a number, each name once."""
    faults = []
    for text in dish.bullets("材料", "调料"):
        line = read_line(text)
        if line.kind != "ingredient" or len(line.items) != 1:
            faults.append(f"{text!r} 读作 {line.kind}，{len(line.items)} 样")
        elif line.items[0].name != text.split()[0]:
            faults.append(f"{text!r} 的名字读作 {line.items[0].name!r}")
    items = items_of(dish)
    faults += [f"{name} 列了 {n} 次" for name, n in Counter(item.name for item in items).items() if n > 1]
    # 适量 is for one garnish that may be left out; everything else is weighed or counted.
    unmeasured = [item for item in items if item.min is None and item.max is None]
    faults += [f"{item.name} 没有数量" for item in unmeasured if not (item.vague == "适量" and item.optional)]
    return faults + (["适量不止一处"] if len(unmeasured) > 1 else [])


def use_faults(dish: Dish, known: set[str]) -> list[str]:
    """Faults between lists and steps: listed and not used, used and not listed, more used than listed."""
    items = items_of(dish)
    listed = {item.name for item in items}
    faults = [f"{name} 没有用到" for name in sorted(listed) if name not in dish.steps]
    # The longest word wins, so 青蒜 is not 蒜 and 番茄酱 is not 番茄.
    words = sorted({*known, *SOURCES} - TAP, key=len, reverse=True)
    faults += [f"{word} 没有列出" for word in sorted(TAP - listed) if re.search(rf"{word} ?\d", dish.steps)]
    for word in sorted(set(re.findall("|".join(map(re.escape, words)), dish.steps))):
        kin = [name for name in listed if len(name) > 1 and (word in name or name in word)]
        if not listed.intersection(SOURCES.get(word, kin)):
            faults.append(f"{word} 没有列出")
    for item in items:
        if item.unit is None or item.max is None:
            continue
        taken = re.findall(rf"{re.escape(item.name)} ?(\d+(?:\.\d+)?) ?{re.escape(item.unit)}", dish.steps)
        if sum(map(float, taken)) > item.max:
            faults.append(f"{item.name} 用了 {'+'.join(taken)} {item.unit}，只列了 {item.max:g}")
    return faults


def known_names(paths: list[Path]) -> set[str]:
    """Every ingredient name of two characters or more that any of the dishes lists."""
    return {item.name for path in paths for item in items_of(read_dish(path)) if len(item.name) > 1}


def faults_of(path: Path, known: set[str]) -> list[str]:
    dish = read_dish(path)
    return form_faults(dish, path.stem) + line_faults(dish) + use_faults(dish, known)


@pytest.fixture(scope="module")
def known() -> set[str]:
    return known_names(PATHS)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_dish_is_in_order(path: Path, known: set[str]) -> None:
    assert faults_of(path, known) == []


def test_there_are_sixty_dishes_and_no_two_share_a_name() -> None:
    aliases = [alias for path in PATHS for alias in read_dish(path).head.get("别名", "").split("、") if alias]
    names = Counter([path.stem for path in PATHS] + aliases)
    assert len(PATHS) >= 60
    assert [name for name, n in names.items() if n > 1] == []


FORM = """# 拌菜

- 份量：2 个人
- 时间：90 分
- 难度：★★★★★★
- 分类：小吃

## 调料

- 盐 2 克

## 材料

- 黄瓜 1 根

## 做法

1. 黄瓜切块，加盐。
2. 拌匀。
4. 装盘。

## 特点

脆。

## 厨师一点通

- 现拌现吃。
"""
FORM_FAULTS = [
    "题目是 '拌菜'",
    "缺 口味",
    "份量：2 个人",
    "时间：90 分",
    "难度：★★★★★★",
    "分类：小吃",
    "章节次序：调料、材料、做法、特点、厨师一点通",
    "步骤编号：['1', '2', '4']",
    "厨师一点通少于两条",
]
USE = """# 拍黄瓜

- 份量：2 人
- 时间：1 小时 5 分钟
- 难度：★
- 口味：蒜香
- 分类：凉菜

## 材料

- 黄瓜 1 根
- 黄瓜 2 根

## 调料

- 生抽、香醋各 1 汤匙
- 白糖 5 克
- 辣椒油 适量
- 香菜 适量（可选）

## 做法

1. 黄瓜拍碎，加盐。
2. 放蒜末，加白糖 4 克和香醋。
3. 再加白糖 3 克，淋香油，撒香菜。
4. 装盘。

## 特点

脆。

## 厨师一点通

- 现拌现吃。
- 少放盐。
"""
USE_FAULTS = [
    "'生抽、香醋各 1 汤匙' 读作 ingredient，2 样",
    "黄瓜 列了 2 次",
    "辣椒油 没有数量",
    "适量不止一处",
    "生抽 没有用到",
    "辣椒油 没有用到",
    "盐 没有列出",
    "蒜末 没有列出",
    "香油 没有列出",
    "白糖 用了 4+3 克，只列了 5",
]


@pytest.mark.parametrize(("text", "faults"), [(FORM, FORM_FAULTS), (USE, USE_FAULTS)], ids=["form", "use"])
def test_the_lint_can_fail(tmp_path: Path, known: set[str], text: str, faults: list[str]) -> None:
    path = tmp_path / "拍黄瓜.md"
    path.write_text(text, encoding="utf-8")
    assert faults_of(path, known) == faults

"""The grounded answer, written by code: every number, unit, name and step comes from the record by reference."""

import re
from collections.abc import Sequence

from shishen.domains.cooking.words import bare
from shishen.records import Hit, Ingredient, Recipe, Source

_FRACTIONS = {0.25: "1/4", 0.75: "3/4"}
# Nobody says 半克 of what a scale shows.
_METRIC = frozenset(("g", "克", "ml", "毫升", "kg", "千克", "公斤", "l", "升", "mg", "毫克", "cl", "dl"))
_BRACKETS = re.compile(r"[（(]([^（）()]*)[）)]")
_OPTIONAL = re.compile(r"可选|可不放|可无|可加可不加|可有可无|非必须|可省略")
HOUSE = "shishen/cookbook/"


def number(value: float) -> str:
    """A number as a cook writes it: 2 → 2, 0.5 → 半, 0.3333 → 1/3."""
    if value == 0.5:
        return "半"
    for denominator in (3, 8):
        for numerator in range(1, denominator):
            if abs(value - numerator / denominator) < 0.001 and value not in _FRACTIONS:
                return f"{numerator}/{denominator}"
    return _FRACTIONS.get(value, f"{value:.10g}")


def span(low: float | None, high: float | None) -> str:
    """A span of numbers: `2`, `2–3`, `至少 2`, `最多 3`, or nothing."""
    if low is None and high is None:
        return ""
    if low is None:
        return f"最多 {number(high)}" if high is not None else ""
    if high is None:
        return f"至少 {number(low)}"
    return number(low) if low == high else f"{number(low)}–{number(high)}"


def amount(ingredient: Ingredient) -> str:
    """The quantity as its source has it; a dash where it has none."""
    if ingredient.vague:
        unit = ingredient.unit or ""
        text = _own_words(ingredient) if ingredient.vague == "其他" else f"{ingredient.vague}{unit}"
    else:
        unit = ingredient.unit or ""
        said = span(ingredient.min, ingredient.max)
        if said == "半" and unit in _METRIC:
            said = "0.5"
        text = f"{said}{unit}" if said == "半" else f"{said} {unit}".strip()
        if not said:
            text = "—"
    return f"{text}（可选）" if ingredient.optional else text


def _own_words(ingredient: Ingredient) -> str:
    """What the source's line says besides the name, where that is no number (水没过食材); a dash where nothing is."""
    rest = _BRACKETS.sub("", ingredient.raw).replace(ingredient.name, "", 1)
    return rest.strip(" ：:，,、。；;-*·=\t") or "—"


def place(source: Source) -> str:
    """A source as a reader finds it again: the house cookbook by name, a file by its last parts and line."""
    if source.path.startswith(HOUSE):
        shown = f"食神自带菜谱《{source.path.removeprefix(HOUSE).removesuffix('.md')}》"
    else:
        shown = "/".join(source.path.replace("\\", "/").split("/")[-3:])
    if source.page is not None:
        shown += f" 第 {source.page} 页"
    elif source.line is not None:
        shown += f" 第 {source.line} 条"
    return f"{shown}（{source.author}）" if source.author else shown


def recipe_text(recipe: Recipe) -> str:
    """The whole recipe in Markdown."""
    parts = [f"## {recipe.name}"]
    if known := facts(recipe):
        parts.append(f"> {known}")
    if recipe.description:
        parts.append(_safe(recipe.description))
    if recipe.ingredients:
        parts.append("### 材料")
        parts.append("\n".join(rows(recipe.ingredients)))
    if recipe.tools:
        parts.append("### 工具")
        parts.append("、".join(recipe.tools))
    parts.append("### 做法")
    parts.append(_steps(recipe))
    if recipe.features:
        parts.append("### 特点")
        parts.append(_safe(recipe.features))
    if recipe.tips:
        parts.append("### 小贴士")
        parts.append("\n".join(f"- {one_line(tip)}" for tip in recipe.tips))
    parts.append(f"来源：{place(recipe.source)}")
    return "\n\n".join(parts)


def found_text(recipe: Recipe, said: str | None, others: Sequence[Hit], recipe_count: int) -> str:
    """The answer for a dish that was found; `said` is what was asked, where it was not the dish's own name."""
    parts = []
    if said:
        parts.append(f"您说的「{said}」我理解为「{recipe.name}」。")
    parts.append(recipe_text(recipe))
    if recipe_count > 1:
        parts.append(f"菜谱库里还有 {recipe_count - 1} 份同名菜谱，这里是写得最完整的一份。")
    if others:
        parts.append(f"相近的还有：{_names(others)}。")
    return "\n\n".join(parts)


def missing_text(asked: str, neighbours: Sequence[Hit]) -> str:
    """The answer where the library has no such dish: says so, and offers the nearest real ones by name."""
    what = f"「{asked}」" if asked else "这道菜"
    if not neighbours:
        return f"菜谱库里没有{what}，也没有相近的菜。可以用 shishen add 添加菜谱，或换一道菜问我。"
    return f"菜谱库里没有{what}，我不想凭空编一份给您。相近的有：{_names(neighbours)}。想看哪一道，说菜名就行。"


def beyond_text(requests: Sequence[str], ill: bool, offered: Sequence[Hit]) -> str:
    """The answer to a request that the cook cannot follow yet: said, rather than passed over."""
    named = "、".join(f"「{request}」" for request in dict.fromkeys(requests))
    text = f"您提到{named}。这样的要求我还不会照顾，怕答错，先不给菜谱。"
    if ill:
        text += "身体不舒服，请马上就医；情况紧急请拨打 120。"
    return f"{text}想看原来的做法，说菜名就行，比如：{_names(offered)}。" if offered else text


def greeting_text(recipe_count: int) -> str:
    """What the cook says when nothing was asked yet."""
    return f"您好，我是食神。菜谱库里有 {recipe_count} 份菜谱，告诉我菜名，我就把做法讲给您，比如「可乐鸡翅怎么做」。"


def facts(recipe: Recipe) -> str:
    """What is known of the whole dish, in one line."""
    known = []
    if recipe.servings and (served := span(recipe.servings.min, recipe.servings.max)):
        known.append(f"{served} 份")
    if recipe.minutes is not None:
        known.append(f"约 {whole_time(recipe.minutes)}")
    if recipe.difficulty is not None:
        known.append(f"难度 {'★' * recipe.difficulty}{'☆' * (5 - recipe.difficulty)}")
    if recipe.calories is not None:
        known.append(f"{number(recipe.calories)} 千卡")
    if recipe.tastes:
        known.append("、".join(recipe.tastes))
    known.extend(fact for fact in (recipe.category, recipe.cuisine) if fact)
    return " · ".join(known)


def whole_time(minutes: float) -> str:
    """80 → 80 分钟, 150 → 2 小时 30 分钟: hours from two up, where minutes stop being easy to read."""
    hours, rest = divmod(minutes, 60)
    if minutes < 120 or rest % 1:
        return f"{number(minutes)} 分钟"
    return f"{number(hours)} 小时" + (f" {number(rest)} 分钟" if rest else "")


def rows(ingredients: Sequence[Ingredient]) -> list[str]:
    """The table of ingredients, a Markdown row each; the column of remarks only where there is one."""
    cells = [(_named(i), amount(i), remark(i, ingredients)) for i in ingredients]
    if any(note for _, _, note in cells):
        head = ["| 食材 | 用量 | 备注 |", "|---|---|---|"]
        return head + [f"| {_cell(n)} | {_cell(a)} | {_cell(note)} |" for n, a, note in cells]
    return ["| 食材 | 用量 |", "|---|---|"] + [f"| {_cell(n)} | {_cell(a)} |" for n, a, _ in cells]


def _named(ingredient: Ingredient) -> str:
    return ingredient.name + (f"（或{'、'.join(ingredient.alt)}）" if ingredient.alt else "")


def remark(ingredient: Ingredient, among: Sequence[Ingredient]) -> str:
    """What the source's line adds in brackets (约 500 克, 切丝), where the line is this ingredient's alone."""
    if sum(other.raw == ingredient.raw for other in among) > 1:
        return ""
    notes = [note.strip() for note in _BRACKETS.findall(ingredient.raw)]
    kept = [n for n in notes if n and n != ingredient.preparation and not (ingredient.optional and _OPTIONAL.search(n))]
    # What the table says already is not said twice.
    kept = [
        n for n in kept if not any(alt in n for alt in ingredient.alt) and n.replace(" ", "") not in _said(ingredient)
    ]
    if ingredient.preparation and not any(bare(ingredient.preparation) in bare(n) for n in kept):
        kept.insert(0, ingredient.preparation)
    return "；".join(kept)


def _said(ingredient: Ingredient) -> str:
    return f"{ingredient.name} {amount(ingredient)}".replace(" ", "")


def _steps(recipe: Recipe) -> str:
    lines: list[str] = []
    section: str | None = None
    count = 0
    for step in recipe.steps:
        if step.noise:
            continue
        if step.section != section:
            section = step.section
            if section:
                lines.append(f"\n**{section}**\n" if lines else f"**{section}**\n")
        count += 1
        lines.append(f"{count}. {one_line(step.text)}")
    return "\n".join(lines)


def _names(hits: Sequence[Hit]) -> str:
    return "、".join(f"「{name}」" for name in dict.fromkeys(hit.name for hit in hits))


def _safe(text: str) -> str:
    """Prose of a source, one paragraph; what would be Markdown structure at a line's start is taken for text."""
    return "\n".join(line.strip().lstrip("#>|-*+ ") for line in text.splitlines() if line.strip())


def one_line(text: str) -> str:
    """Several lines of a source as one; what ends without a stop gets a semicolon before the next."""
    parts = [part.strip() for part in text.splitlines() if part.strip()]
    return "".join(p if p is parts[-1] or p[-1] in "。！？；：，、.!?;:," else f"{p}；" for p in parts)


def _cell(text: str) -> str:
    return one_line(text).replace("|", "／")

"""Short answers about one dish, out of its record by reference: amounts, steps, times, facts."""

import re
from collections.abc import Sequence

from shishen.domains.cooking.composing import amount, facts, number, place, remark, span, whole_time
from shishen.domains.cooking.composing import one_line as one_line
from shishen.records import Ingredient, Range, Recipe, Step

# A duration as steps write it.
_LASTS = (
    r"[\d一二两三四五六七八九十半几]+(?:\s*[-~～—–至到]+\s*[\d一二两三四五六七八九十半]+)?\s*(?:多|来|个半|个)?\s*"
    r"(?:分钟|分|小时|钟头|秒|天|夜|h\b|min)"
)
_CLAUSE = re.compile(r"[^。！？；;!?]+[。！？；;!?]?")


def steps_of(recipe: Recipe) -> list[Step]:
    """The steps as they are numbered in answers: those that hold an instruction."""
    return [step for step in recipe.steps if not step.noise]


def quoted(names: Sequence[str]) -> str:
    """「红烧肉」、「回锅肉」, each once."""
    return "、".join(f"「{name}」" for name in dict.fromkeys(names))


def source_line(recipe: Recipe) -> str:
    """来源：…, which ends every answer that a record stands behind."""
    return f"来源：{place(recipe.source)}"


def measured(ingredient: Ingredient, among: Sequence[Ingredient]) -> str:
    """盐 2 g（约半茶匙）: an ingredient with its amount and remark; says so where the source has no amount."""
    said = amount(ingredient)
    note = remark(ingredient, among)
    named = ingredient.name + (f"（或{'、'.join(ingredient.alt)}）" if ingredient.alt else "")
    text = f"{named}：菜谱没有写用量" if said.startswith("—") else f"{named}：{said}"
    return f"{text}（{note}）" if note else text


def step_line(recipe: Recipe, n: int) -> str:
    """第 3 步（共 8 步）：…, the n-th step from 1 as shown, under its heading where it has one."""
    steps = steps_of(recipe)
    step = steps[n - 1]
    heading = f"（{step.section}）" if step.section else ""
    return f"**第 {n} 步**（共 {len(steps)} 步）{heading}：{one_line(step.text)}"


def duration(minutes: Range) -> str:
    """A span of minutes as it is said: 30 分钟, 1–2 小时, 半小时 stays 30 分钟."""
    low, high = minutes.min, minutes.max
    if (high or low or 0) >= 120 and all(x is None or x % 60 == 0 for x in (low, high)):
        return f"{span(low and low / 60, high and high / 60)} 小时"
    if (high or low or 0) < 1 and all(x is None or round(x * 60, 2) % 1 == 0 for x in (low, high)):
        return f"{span(low and round(low * 60), high and round(high * 60))} 秒"
    return f"{span(low, high)} 分钟"


def clauses_with(recipe: Recipe, words: Sequence[str]) -> list[tuple[int, str]]:
    """(number as shown, sentence) of each sentence of the steps in which one of the words stands."""
    found = []
    for n, step in enumerate(steps_of(recipe), 1):
        for clause in map(one_line, _CLAUSE.findall(step.text)):
            if any(word in clause.lower() for word in words):
                found.append((n, clause.rstrip("；;")))
    return found


def time_text(recipe: Recipe, verb: str | None = None) -> str:
    """How long the dish takes, or one part of it (炖, 腌): from its field, else from the sentences that say it."""
    timed = [(n, step) for n, step in enumerate(steps_of(recipe), 1) if step.minutes]
    lines = [f"- 第 {n} 步：{one_line(step.text)}" for n, step in timed]
    if verb:
        near = re.compile(rf"{verb}[^，。；]{{0,14}}?{_LASTS}|{_LASTS}[^，。；]{{0,6}}{verb}")
        said = [f"- 第 {n} 步：{clause}" for n, clause in clauses_with(recipe, (verb,))]
        surely = [line for line in said if near.search(line)]
        if surely:
            return f"「{recipe.name}」里说到{verb}的：\n" + "\n".join(dict.fromkeys(surely))
        text = f"「{recipe.name}」的菜谱没有写明{verb}多久"
        text += ("，只说：\n" + "\n".join(dict.fromkeys(said))) if said else "。"
        return text + ("\n\n写了时间的步骤：\n" + "\n".join(lines) if timed else "")
    if recipe.minutes is not None:
        return f"「{recipe.name}」从头到尾约 {whole_time(recipe.minutes)}。"
    if not timed:
        return f"「{recipe.name}」的菜谱没有写要多长时间，步骤里也没有写，我不猜。"
    return f"「{recipe.name}」的菜谱没有写总时间，我不猜。步骤里写到的时间：\n" + "\n".join(lines)


def difficulty_text(recipe: Recipe) -> str:
    """How hard the dish is: the source's stars, nothing else."""
    if recipe.difficulty is None:
        return f"「{recipe.name}」的菜谱没有写难度；它有 {len(steps_of(recipe))} 步、{len(recipe.ingredients)} 样材料。"
    words = ("很容易", "比较容易", "中等", "有点难", "很难")[recipe.difficulty - 1]
    stars = "★" * recipe.difficulty + "☆" * (5 - recipe.difficulty)
    steps = f"共 {len(steps_of(recipe))} 步、{len(recipe.ingredients)} 样材料"
    return f"「{recipe.name}」的难度是 {stars}（{recipe.difficulty} 星，满分 5 星，{words}），{steps}。"


def tools_text(recipe: Recipe, tool: str | None = None) -> str:
    """The tools that the source lists, and where the steps name the one that was asked for."""
    if tool:
        said = clauses_with(recipe, (tool,))
        if said:
            lines = "\n".join(f"- 第 {n} 步：{clause}" for n, clause in said)
            return f"「{recipe.name}」用到了{tool}：\n{lines}"
        listed = [t for t in recipe.tools if tool in t]
        if listed:
            return f"「{recipe.name}」要用{tool}（菜谱的工具里写着：{'、'.join(listed)}）。"
        return f"「{recipe.name}」的菜谱里没有提到{tool}。" + (
            f"写着的工具有：{'、'.join(recipe.tools)}。" if recipe.tools else ""
        )
    if recipe.tools:
        return f"「{recipe.name}」要用的工具：{'、'.join(recipe.tools)}。"
    return f"「{recipe.name}」的菜谱没有列出工具。"


def servings_text(recipe: Recipe) -> str:
    """How many the amounts serve, where the source says so."""
    if recipe.servings is None:
        return f"「{recipe.name}」的菜谱没有写是几人份，我不猜。要多做或少做，可以说「双份」「减半」。"
    return f"「{recipe.name}」的用量是 {span(recipe.servings.min, recipe.servings.max)} 人份。"


def calories_text(recipe: Recipe) -> str:
    """What the source says of the energy."""
    if recipe.calories is None:
        return f"「{recipe.name}」的菜谱没有写热量，我不猜。"
    return f"「{recipe.name}」的热量，菜谱写的是 {number(recipe.calories)} 大卡（千卡）。"


def facts_line(recipe: Recipe) -> str:
    """What is known of the whole dish in one line; empty where nothing is."""
    return facts(recipe)

"""What is said of one dish as a whole: its recipe, what it needs, how it is made, what it is praised for, what to mind.

None where the record does not have it. No answer names its source: the example does, and a model that learned paths
would make them up for dishes that it was not taught.
"""

from msgspec.structs import replace

from shishen.domains.cooking.composing import place, recipe_text, rows
from shishen.domains.cooking.dialogues.dialogue import printable
from shishen.domains.cooking.replies import one_line, steps_of
from shishen.records import Recipe

_METHOD = "### 做法\n\n"


def recipe_answer(recipe: Recipe) -> str | None:
    """The whole recipe as the cook gives it, without its source."""
    return _without_source(recipe_text(recipe), recipe) if steps_of(recipe) else None


def ingredients_answer(recipe: Recipe) -> str | None:
    """The table of what is needed."""
    if not recipe.ingredients:
        return None
    return f"「{recipe.name}」要准备：\n\n" + "\n".join(rows(recipe.ingredients))


def method_answer(recipe: Recipe) -> str | None:
    """The numbered steps, just as the whole recipe has them."""
    if not steps_of(recipe):
        return None
    # Of a record with nothing but steps the composer writes nothing else.
    alone = replace(
        recipe, description=None, category=None, cuisine=None, tastes=(), difficulty=None, minutes=None, calories=None,
        servings=None, ingredients=(), tools=(), tips=(), features=None,
    )  # fmt: skip
    steps = _without_source(recipe_text(alone), recipe).partition(_METHOD)[2]
    return f"「{recipe.name}」的做法：\n\n{steps}"


def features_answer(recipe: Recipe) -> str | None:
    """What the source praises the dish for."""
    said = one_line(recipe.features or "")
    return f"「{recipe.name}」的特点：{said}" if said else None


def tips_answer(recipe: Recipe) -> str | None:
    """What the source says to mind."""
    lines = [f"- {said}" for tip in recipe.tips if (said := one_line(tip))]
    return f"做「{recipe.name}」要注意：\n" + "\n".join(lines) if lines else None


def plain_answer(recipe: Recipe) -> str | None:
    """The XiaChuFang form: the lines of the source as Python lists; `engines/reader/xtuner.py` reads it back.

    What such a list would write as an escape (\\u3000) is left out, as its digits would be read as amounts.
    """
    needed = list(dict.fromkeys(printable(i.raw) for i in recipe.ingredients))
    steps = [printable(step.text) for step in steps_of(recipe)]
    if not needed or not steps:
        return None
    return f"您需要准备以下食材:\n{needed}\n按以下方法制作:\n{steps}"


def _without_source(text: str, recipe: Recipe) -> str:
    return text.removesuffix(f"\n\n来源：{place(recipe.source)}")

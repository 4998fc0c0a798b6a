"""The handler of each intent."""

from collections.abc import Callable

from shishen.conversation import change, choose, dish, facts, several, steps, talk
from shishen.conversation.part import Desk, Part
from shishen.domains.cooking.understanding import Request
from shishen.records import State

Handler = Callable[[Request, State, Desk], Part]

HANDLERS: dict[str, Handler] = {
    "how_to_cook": dish.how_to_cook, "ingredients": dish.ingredients, "amount": dish.amount, "step": steps.step,
    "after": steps.after_step, "time": facts.time, "difficulty": facts.fact, "servings": facts.fact,
    "calories": facts.fact, "tools": facts.tools, "taste": facts.taste, "tips": facts.tips, "source": facts.source,
    "scale": change.scale, "substitute": change.swap, "leave_out": change.omit,
    "recommend": choose.recommend, "again": choose.again, "pantry": choose.pantry, "menu": several.menu,
    "heat": steps.heat, "size": steps.size, "contains": facts.contains,
    "compare": several.compare, "shopping_list": several.shopping_list,
    "greeting": talk.greeting, "thanks": talk.thanks, "goodbye": talk.goodbye, "identity": talk.identity,
    "overview": talk.overview, "recalled": talk.recalled, "out_of_scope": talk.out_of_scope,
}  # fmt: skip

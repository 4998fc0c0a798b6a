"""One turn of a conversation: the user's words and the state so far → what is said, and the new state.

Order: exclusions are read and kept; safety is looked at; then each request is answered by its handler.
"""

import re
from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from shishen.chinese import normalise
from shishen.conversation import change, choose, dish, facts, several, shown, steps, talk
from shishen.conversation.focus import Focus, belongs, find, named_dishes, only_foods, recall
from shishen.conversation.part import Desk, Part
from shishen.domains.cooking.describing import wanted
from shishen.domains.cooking.english import translated
from shishen.domains.cooking.exclusions import EVERYTHING, Reading, read_exclusions
from shishen.domains.cooking.grounding import grounded_in
from shishen.domains.cooking.replies import clauses_with
from shishen.domains.cooking.safety import Advice, advise
from shishen.domains.cooking.substitution import find_ingredient
from shishen.domains.cooking.understanding import (
    NUMBER,
    Request,
    blanked,
    content,
    ellipsis,
    food_words,
    is_food,
    nothing_asked,
    reference,
    spoken,
    understand,
)
from shishen.domains.cooking.words import segment
from shishen.records import Cited, Exclusion, State

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
    "overview": talk.overview, "out_of_scope": talk.out_of_scope,
}  # fmt: skip
# What a short question can go on with for another dish (那红烧肉呢).
_GOES_ON = ("ingredients", "time", "difficulty", "servings", "calories", "tools", "taste", "tips", "step")
_OF_AMOUNTS = ("amount", "ingredients", "scale", "how_to_cook", "contains")
_CHOOSING = ("recommend", "pantry", "menu", "again")


_DOUBT = re.compile(
    r"能.{0,3}吃|可以.{0,3}吃|吗|么$|嘛|有毒|中毒|安全|会不会|怎么办|咋办|要不要|用不用|多久|几天|为什么|为啥|行不行|好不好|可不可以|能不能|怎么(?!做|烧|炒|煮|炖|烤|炸)"
    r"|\?|safe|can (?:i|you|we|babies)|should|is it|how long|why|what if"
)
_VERB = re.compile(r"炖|煮|蒸|烤|炸|煎|炒|焖|腌|泡|醒|发酵|冷藏|冷冻|静置|熬|烧|卤|焯|收汁|腌制|浸泡|醒面|揉")
# A kind of dish, not one: 带豆腐的菜, 三样, 来个, 有没有辣的.
_OF_KIND = re.compile(
    r"的(?:菜|汤|东西|吃的|有|吗|呢|吧|来|给|推荐)|带[\u4e00-\u9fff]{1,4}的$"
    r"|\d+\s*[道个样种款]|[一二两俩三四五六七八九十]+[道样种款]|[两俩三四五六七八九十]个"
    r"|(?:来|配|整|给)(?:我)?(?:点|些|个|道|份)|有没有|\b(?:two|three|four|five|six|some|any|a few|\d+)\b"
)
# After somebody told of being ill: whether this or that would cure it.
_REMEDY = re.compile(
    r"(?:喝|吃|用|泡|敷|抹|催)[^，。]{0,10}(?:能|可以|会|行|管用|有用|好|缓解|解|治|吐)[^，。]{0,4}(?:吗|么|不|好些)?|偏方|解毒|怎么缓解|在家(?:怎么|能)|不去医院|要不要(?:去)?(?:医院|看医生)|没事吧|严重吗|怎么办"
)
_LEAVING_OUT = re.compile(
    r"(?:那|那么)?(?:如果|要是|我)?(?:不|别)(?:放|加|用|要)[^，,。]{1,8}?(?:呢|的话|的话呢|会怎样|会怎么样|咋样|会咋样)[?？]*"
)
# 还有一盒牛奶, after what is at home was told.
_STILL = re.compile(
    rf"^(?:哦|对了|对)?(?:还有|再加上?|加上|另外有|另外还有|还剩)(?:{NUMBER})?(?:[盒包袋根个颗块把瓶罐斤两片只条棵]|半[个盒包袋根颗块把瓶斤])?"
)
_NEW_WISH = re.compile(r"来|有|要|整|搞|配|推荐|给|[\d一二两俩三四五六七八九十]|\b(?:two|three|four|five|some|any)\b")
_ALLERGIC = re.compile(r"(?<!不)(?<!没有)(?<!没)过敏|allerg")
# A question that cooking answers as well as keeping food does, where the dish in focus speaks of it.
_COLD = ("冰箱", "冷藏", "冷冻", "室温", "静置")
_KEPT_FOOD = re.compile(r"剩|隔|坏|保存|保质|吃不完|做好|做完|第二天|明天|还能|能吃|过夜|left|keep|store")
_MORE = re.compile(r"再|还|加上|另外|也")
# In the middle of cooking this asks for the next step.
_DONE = re.compile(r"(?:好了|行了|可以了|ok了?|完成了?|搞定了?|做完了|弄好了|弄完了)[!！。~ ]*")


class Reply(Struct, frozen=True):
    """A turn answered: its parts in one."""

    text: str
    intent: str
    refused: bool
    recipes: tuple[Cited, ...]
    state: State
    verified: bool


def respond(said: str, state: State, desk: Desk) -> Reply:
    """Answer one turn. Pure but for what the library holds and the desk's seed."""
    text = spoken(normalise(said))
    reading = read_exclusions(text)
    if state.dish and reading.added and _LEAVING_OUT.fullmatch(text.strip()):
        # 那不放鸡翅呢 asks about the dish in focus.
        reading = Reading(asked=True)
    left = understand(text, tuple(reading.spans)).requests if reading.asked else ()
    alone = state.dish is None and not any(content(request.rest) for request in left)
    if reading.asked and reading.added and (alone or any(request.intent in _CHOOSING for request in left)):
        # 别放香菇，推荐三个菜 asks for nothing of one dish; nor does `without pork` before any dish is spoken of.
        lasting = tuple(replace(e, scope="conversation") for e in reading.added)
        reading = replace(reading, added=lasting, asked=False)
    if reading.added and _ALLERGIC.search(text) and not any(e.kind == "allergy" for e in reading.added):
        # I can't eat eggs, I'm allergic: what is not eaten is what is not borne.
        added = tuple(replace(e, kind="allergy") if e.kind == "dislike" else e for e in reading.added)
        reading = replace(reading, added=added)
    state, news = _kept(state, reading)
    here = recall(state.dish, desk)
    advice = advise(text, here)
    if advice and here and not _KEPT_FOOD.search(text) and any(w in text and clauses_with(here, (w,)) for w in _COLD):
        advice = tuple(a for a in advice if a.kind != "safety")
    if not advice and state.intent == "medical" and _REMEDY.search(text):
        return _whole([talk.no_remedy(state)])
    if any(a.exclusive for a in advice):
        # Who asks what a baby may eat does not ask for every dish to be one for babies.
        about_babies = [e for e in news.added if e.name == "婴儿"]
        state = replace(state, exclusions=tuple(e for e in state.exclusions if e not in about_babies))
        part = _advice_part(advice, state)
        # A dish that is asked for and must not be cooked is refused; a question about it is answered.
        asked = advice[0].kind != "safety" or _DOUBT.search(text)
        return _whole([part if asked else replace(part, refused=True)])
    parts = [_advice_part(advice, state)] if advice else []
    parts += _answers(text, reading, news, parts[-1].state if parts else state, desk)
    return _whole(parts)


class _News(Struct, frozen=True):
    """What of a turn's exclusions is new, taken back, and kept though it was to be taken back."""

    added: tuple[Exclusion, ...] = ()
    withdrawn: tuple[Exclusion, ...] = ()
    kept: tuple[Exclusion, ...] = ()


def _kept(state: State, reading: Reading) -> tuple[State, _News]:
    """The state with a turn's exclusions. Allergies and conditions stay until the conversation ends."""
    lasting = tuple(e for e in reading.added if e.scope == "conversation")
    added = tuple(e for e in lasting if e not in state.exclusions)
    stay = [e for e in reading.withdrawn if e.kind in ("allergy", "condition")]
    gone = {e.name for e in reading.withdrawn if e not in stay}
    if EVERYTHING in gone:
        gone = {e.name for e in state.exclusions if e.kind == "dislike"}
    withdrawn = tuple(e for e in state.exclusions if e.name in gone and e.kind not in ("allergy", "condition"))
    kept = tuple(e for e in state.exclusions if e.name in {s.name for s in stay})
    exclusions = tuple(e for e in state.exclusions if e not in withdrawn) + added
    return replace(state, exclusions=exclusions), _News(added, withdrawn, kept)


def _advice_part(advice: Sequence[Advice], state: State) -> Part:
    """Reviewed rules, most urgent first."""
    text = "\n\n".join(a.text for a in advice[:3])
    first = advice[0]
    return Part(
        intent=first.kind, text=text, state=replace(state, intent=first.kind),
        refused=any(a.refused or a.kind == "medical" for a in advice), said=text,
    )  # fmt: skip


def _answers(text: str, reading: Reading, news: _News, state: State, desk: Desk) -> list[Part]:
    """The parts of every request of a turn, each from the state that the one before left."""
    heard = news.added or news.withdrawn or news.kept or reading.added
    spans = tuple(reading.spans) if heard and not reading.asked else ()
    turn = understand(text, spans)
    parts: list[Part] = []
    for place, request in enumerate(turn.requests):
        following = turn.requests[place + 1] if place + 1 < len(turn.requests) else None
        if request.intent == "scale" and following is not None and following.said == request.said:
            # 三个人的话牛肉要多少: the amounts are for three, and only one of them is asked for.
            scaled = _handled(request, state, desk, False, reading)
            if scaled is not None and not scaled.refused and scaled.state.dish:
                state = scaled.state
                continue
        part = _handled(request, state, desk, bool(news.added or news.withdrawn), reading)
        if part is not None:
            parts.append(part)
            state = part.state
    if not parts and (news.added or news.withdrawn or news.kept or reading.added):
        # Whoever asked for dishes and then says what to avoid wants others.
        if news.added and state.intent in _CHOOSING and state.wish is not None:
            parts.append(choose.again(Request("again", "", ""), state, desk))
        else:
            parts.append(talk.exclusions(news.added or reading.added, news.withdrawn, news.kept, state))
            if news.added and (seen := _conflicting(state, desk)):
                parts.append(seen)
    if not parts and turn.injected:
        parts.append(talk.injection(state))
    if not parts:
        parts.append(_silence(text, state, desk))
    return parts


def _conflicting(state: State, desk: Desk) -> Part | None:
    """A word on the dish in focus, where what was just said forbids it."""
    here = recall(state.dish, desk)
    if here is None or not (seen := shown.view(here, state)).conflict:
        return None
    return shown.refusal(here, seen, state, desk)


def _silence(text: str, state: State, desk: Desk) -> Part:
    """What is said where nothing was asked."""
    request = Request("none", text, text)
    if nothing_asked(text) and not state.dish:
        return talk.greeting(request, state, desk)
    return talk.out_of_scope(request, state, desk) if not nothing_asked(text) else talk.greeting(request, state, desk)


def _handled(request: Request, state: State, desk: Desk, constrained: bool, reading: Reading) -> Part | None:
    """One request answered; None where there was nothing in it."""
    if request.intent == "none":
        return _unspoken(request, state, desk, constrained)
    out = [e for e in reading.added if e.scope == "dish"]
    if reading.asked and request.intent == "how_to_cook" and out:
        return _without(request, out, state, desk)
    if request.intent in ("calories", "difficulty", "time") and state.intent == "compare" and not content(request.rest):
        by = {"calories": "热量", "difficulty": "难", "time": "快"}[request.intent]
        return several.compare(replace(request, slots={"by": by}), state, desk)
    adding = request.intent in ("pantry", "again", "how_to_cook") and _MORE.search(request.said)
    if state.intent == "shopping_list" and adding and named_dishes(request.rest, desk):
        return several.shopping_list(request, state, desk, more=True)
    if request.intent == "thanks" and state.step is not None and _DONE.fullmatch(request.said.strip()):
        return steps.step(replace(request, intent="step", slots={"next": request.said}), state, desk)
    if request.intent == "again" and state.intent == "menu" and state.wish and "count" not in request.slots:
        return several.menu(Request("menu", "", state.wish), state, desk)
    if request.intent == "again" and "of" in request.slots and wanted(request.slots["of"]):
        request = replace(request, said=request.slots["of"])
    if request.intent == "how_to_cook":
        if part := _not_a_dish(request, state, desk):
            return part
        if "people" in request.slots:
            return change.scale(request, state, desk)
    if request.intent in ("amount", "ingredients", "time") and (what := ellipsis(request.rest)):
        request = replace(request, rest=what)
    if request.intent == "scale" and (name := next((v for n, v in request.slots.items() if "name" in n), None)):
        here = recall(state.dish, desk)
        if not (here and find_ingredient(here, name)) and not content(request.rest + request.before):
            # 我有两个番茄: of no dish that is spoken of, so it is what is at home.
            return choose.pantry(replace(request, intent="pantry", rest=name, slots={}), state, desk)
    if request.intent == "scale" and not state.dish and not content(request.rest + request.before):
        return talk.nothing_in_focus(request, state)
    return HANDLERS[request.intent](request, state, desk)


def _without(request: Request, out: Sequence[Exclusion], state: State, desk: Desk) -> Part:
    """不放花生的宫保鸡丁: the dish without it, or why there is none."""
    names = [e.name for e in out]
    rest = request.rest
    for name in names:
        place = rest.find(name)
        rest = rest if place < 0 else blanked(rest, [(place, place + len(name))])
    return change.omit(replace(request, intent="leave_out", rest=rest, slots={"it": names[0]}), state, desk)


def _not_a_dish(request: Request, state: State, desk: Desk) -> Part | None:
    """A wish (来点辣的), or foods alone (土豆怎么做), where a dish was asked for in form only; else None."""
    rest = request.rest
    if reference(rest) is not None or not content(rest):
        return None
    if desk.retriever.resolve(rest).hits:
        return None
    if (part := choose.by_foods(request, state, desk)) is not None:
        return part
    if _is_wish(rest, request.said):
        return choose.recommend(replace(request, intent="recommend"), state, desk)
    return None


def _is_wish(rest: str, said: str) -> bool:
    """Whether a text says what somebody would like (辣的, 带豆腐的菜, 甜品三样) rather than names a dish."""
    rest, said = translated(rest), translated(said)
    wants = wanted(rest)
    left = blanked(rest, [(w.start, w.end) for w in wants])
    marked = _OF_KIND.search(said) is not None
    if not wants and not (marked and food_words(left)):
        return False
    words = [w for w in segment(content(left)) if w.kind not in ("filler", "praise", "style", "cut")]
    words = [w for w in words if w.text not in ("菜", "饭", "肉", "汤") and not (marked and is_food(w))]
    if any(w.kind != "unknown" for w in words):
        return False
    return marked or sum(len(w.text) for w in words) <= 1


def _unspoken(request: Request, state: State, desk: Desk, constrained: bool) -> Part | None:
    """A turn without words of asking: a choice from the list, 那糖呢, a dish, foods, a wish, or nothing of ours."""
    rest = request.rest
    if not content(rest) and reference(rest) is None:
        return None if constrained or not nothing_asked(rest) else talk.greeting(request, state, desk)
    if (short := ellipsis(rest)) and (part := _goes_on(short, request, state, desk)):
        return part
    pointed = reference(rest)
    if pointed is not None and pointed.kind != "this":
        return dish.how_to_cook(request, state, desk)
    here = recall(state.dish, desk)
    foods = only_foods(rest) if state.intent in _OF_AMOUNTS and here is not None else []
    if foods and here is not None and all(belongs(food, here) for food in foods):
        return dish.amount(replace(request, intent="amount"), state, desk)
    focus = find(request, state, desk)
    if focus.named:
        return dish.how_to_cook(request, state, desk)
    if state.intent == "pantry" and (foods := only_foods(_STILL.sub("", rest))):
        return choose.pantry(replace(request, rest="、".join(foods)), state, desk)
    if (part := choose.by_foods(request, state, desk)) is not None:
        return part
    if _is_wish(rest, request.said) or choose.stars_of(rest) is not None:
        # 要快一点的 narrows the last wish; 来俩凉菜 is a new one.
        anew = any(w.kind == "course" for w in wanted(translated(rest))) and _NEW_WISH.search(request.said)
        goes_on = state.wish is not None and state.intent in _CHOOSING and not anew
        handler = choose.refine if goes_on else choose.recommend
        return handler(replace(request, intent="recommend"), state, desk)
    if state.dish and (part := facts.detail(request, state, desk)) is not None:
        return part
    if constrained:
        return None
    return _lost(request, focus, state, desk)


def _lost(request: Request, focus: Focus, state: State, desk: Desk) -> Part:
    """A dish that is not there where the words could be one, else nothing that a cook is asked."""
    words = [w for w in segment(content(request.rest)) if w.kind != "filler"]
    weighty = any(w.kind in ("food", "form", "technique", "flavour", "hazard") for w in words)
    if weighty and focus.resolution is not None and len(content(request.rest)) <= 20:
        return talk.missing(request, focus, state, desk)
    return talk.out_of_scope(request, state, desk)


def _goes_on(what: str, request: Request, state: State, desk: Desk) -> Part | None:
    """那糖呢 after an amount, 那红烧肉呢 after a time: the same question again of another thing."""
    here = recall(state.dish, desk)
    asked = replace(request, rest=what, slots={})
    if here is not None and (verb := _VERB.fullmatch(content(what))):
        return facts.time(replace(asked, intent="time", rest="", slots={"verb": verb[0]}), state, desk)
    thing = content(what) or what
    if state.intent in _OF_AMOUNTS and here is not None and food_words(thing) and belongs(thing, here):
        return dish.amount(replace(asked, intent="amount"), state, desk)
    if state.intent == "substitute" and here is not None and find_ingredient(here, what):
        return change.swap(replace(asked, intent="substitute", slots={"it": what}), state, desk)
    if state.intent == "leave_out" and here is not None and find_ingredient(here, what):
        return change.omit(replace(asked, intent="leave_out", slots={"it": what}), state, desk)
    if state.intent in _GOES_ON or state.intent == "amount":
        pointed = reference(what)
        named = (pointed is not None and pointed.kind != "this") or bool(desk.retriever.resolve(what).hits)
        if named and state.intent in _GOES_ON and state.intent != "step":
            return HANDLERS[state.intent](replace(asked, intent=state.intent), state, desk)
        if named and state.intent == "amount" and state.ingredient:
            return dish.amount(replace(asked, intent="amount", rest=f"{what} {state.ingredient}"), state, desk)
    return None


def _whole(parts: Sequence[Part]) -> Reply:
    """The parts in one: the first that is more than a word of caution names the intent."""
    main = next((p for p in parts if p.intent not in ("safety", "folklore")), parts[0])
    recipes = tuple({c.id: c for part in parts for c in part.recipes}.values())
    texts = list(dict.fromkeys(part.text for part in parts))
    return Reply(
        text="\n\n---\n\n".join(texts),
        intent=main.intent,
        refused=all(part.refused for part in parts),
        recipes=recipes,
        state=replace(parts[-1].state, intent=parts[-1].state.intent or main.intent),
        verified=all(grounded_in(part.text, part.records, part.said) for part in parts),
    )

"""One turn of a conversation: the user's words and the state so far → what is said, and the new state.

Order: exclusions are read and kept; safety is looked at; then each request is answered (`dispatch`).
"""

import re
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from shishen.chinese import normalise
from shishen.conversation import choose, shown, talk
from shishen.conversation.dispatch import handled
from shishen.conversation.facts import COLD
from shishen.conversation.focus import find, recall
from shishen.conversation.part import Desk, Part
from shishen.conversation.unspoken import CHOOSING
from shishen.domains.cooking.english import translated
from shishen.domains.cooking.exclusions import EVERYTHING, Reading, read_exclusions
from shishen.domains.cooking.grounding import grounded_in
from shishen.domains.cooking.pieces import spoken
from shishen.domains.cooking.references import ellipsis, reference
from shishen.domains.cooking.replies import clauses_with
from shishen.domains.cooking.safety import Advice, advise
from shishen.domains.cooking.understanding import (
    Request,
    Turn,
    blanked,
    content,
    food_words,
    heard,
    is_outright,
    nothing_asked,
    understand,
)
from shishen.records import Answer, Exclusion, Recipe, State

# The longest food of a question that is nothing but that food (生鱼片呢).
SHORT = 6
# What a question for one dish may be mistaken for, and the score from which a dish without 怎么做 is asked for.
_ONE_DISH = frozenset(
    ("how_to_cook", "none", "recommend", "pantry", "contains", "taste", "tools", "scale", "out_of_scope")
)
SURE = 0.9
# Requests that a warning about something else in the turn does not answer.
_BESIDE = ("recommend", "menu", "scale", "shopping_list", "compare", "pantry")
_TOGETHER = re.compile("和|跟|与|加|配|同")
# 口水鸡里的花生，我过敏
_IS_BORNE_BADLY = re.compile(
    r"([^，,。;；\s]{1,10})[，, ]+(?:我|我们|我家|孩子|娃|他|她|老公|老婆|妈|爸)+(?:会|有点|是|也|对它|吃了会)*过敏"
)


class _News(Struct, frozen=True):
    """What of a turn's exclusions is new, taken back, and kept though it was to be taken back."""

    added: tuple[Exclusion, ...] = ()
    withdrawn: tuple[Exclusion, ...] = ()
    kept: tuple[Exclusion, ...] = ()


def respond(said: str, state: State, desk: Desk) -> Answer:
    """Answer one turn. Pure but for what the library holds and the desk's seed."""
    text = spoken(normalise(said))
    reading = _read(text, state, desk)
    state, news = _kept(state, reading)
    if told := _unwell(text, reading, state):
        return _whole([told])
    advice = _advised(text, reading, news, state, desk)
    if any(a.exclusive for a in advice):
        # Who asks what a baby may eat does not ask for every dish to be one for babies.
        about_babies = [e for e in news.added if e.name == "婴儿"]
        state = replace(state, exclusions=tuple(e for e in state.exclusions if e not in about_babies))
        part = _advice_part(advice, state)
        # A dish that is asked for and must not be cooked is refused; a question about it is answered.
        asked = advice[0].kind != "safety" or heard("doubt").search(text)
        return _whole([part if asked else replace(part, refused=True)])
    parts = [_advice_part(advice, state)] if advice else []
    parts += _answers(text, reading, news, parts[-1].state if parts else state, desk)
    return _whole(parts)


def remembered(said: str, state: State) -> State:
    """The state with what a turn says must be avoided, and nothing else of it."""
    return _kept(state, read_exclusions(spoken(normalise(said))))[0]


def _read(text: str, state: State, desk: Desk) -> Reading:
    """What a turn says must be avoided: for the rest of the conversation, or in one dish."""
    reading = _without_questions(text, state)
    apart = blanked(text, reading.spans)
    if reading.asked and reading.added:
        alone = state.dish is None and not (content(apart) and desk.retriever.resolve(apart).hits)
        if alone or any(request.intent in CHOOSING for request in understand(text, tuple(reading.spans)).requests):
            # 别放香菇，推荐三个菜 asks for nothing of one dish; nor does `without pork` before any is spoken of.
            lasting = tuple(replace(e, scope="conversation") for e in reading.added)
            reading = replace(reading, added=lasting, asked=False)
    elif reading.added and _of_one_dish(text, reading, desk):
        # 水煮肉片不放辣椒 is about that dish, and no other.
        reading = replace(reading, added=tuple(replace(e, scope="dish") for e in reading.added), asked=True)
    if heard("no_allergy").search(text):
        return replace(reading, added=tuple(e for e in reading.added if e.kind != "allergy"))
    if not reading.added and (borne := _IS_BORNE_BADLY.search(text)) and (foods := food_words(borne[1])):
        reading = replace(reading, added=(Exclusion(foods[-1].text, "allergy"),), spans=((borne.end(1), borne.end()),))
    if reading.added and heard("allergic").search(text) and not any(e.kind == "allergy" for e in reading.added):
        # I can't eat eggs, I'm allergic: what is not eaten is what is not borne.
        added = tuple(replace(e, kind="allergy") if e.kind == "dislike" else e for e in reading.added)
        reading = replace(reading, added=added)
    return reading


def _without_questions(text: str, state: State) -> Reading:
    """What a turn says, less the clauses that only ask whether something may be left out (不放X可以吗)."""
    if state.dish and heard("leaving_out").fullmatch(text.strip()):
        return Reading(asked=True)
    whole = read_exclusions(text)
    asking = [r for r in understand(text).requests if r.intent == "leave_out" and "it" in r.slots]
    if whole.asked or not asking or not whole.added:
        return whole
    left = text
    for request in asking:
        place = left.find(request.said)
        left = left if place < 0 else blanked(left, [(place, place + len(request.said))])
    return read_exclusions(left)


def _of_one_dish(text: str, reading: Reading, desk: Desk) -> bool:
    """Whether all that is left out is left out of a dish that is named in the same clause."""
    said = heard("leave_out").search(text)
    if said is None or any(e.kind != "dislike" for e in reading.added):
        return False
    start = max((text.rfind(stop, 0, said.start()) for stop in ",，。;； "), default=-1) + 1
    rest = blanked(text, reading.spans)[start : said.start()]
    return bool(content(rest) and desk.retriever.resolve(rest).hits)


def _unwell(text: str, reading: Reading, state: State) -> Part | None:
    """What is said to who asks for a remedy, or tells of an allergy without saying to what; None for others."""
    if state.intent == "medical" and heard("remedy").search(text) and not advise(text):
        return talk.no_remedy(state)
    if heard("medicine").search(text) and not advise(text):
        return talk.no_remedy(state)
    unclear = heard("some_allergy").search(text) and not heard("no_allergy").search(text)
    if unclear and not reading.added and not reading.withdrawn and not advise(text):
        return talk.which_allergy(state)
    return None


def _advised(text: str, reading: Reading, news: _News, state: State, desk: Desk) -> tuple[Advice, ...]:
    """The rules of safety that a turn touches, most urgent first."""
    if heard("no_allergy").search(text) or (news.kept and not news.added):
        # 我不海鲜过敏了 tells of no attack of it.
        return ()
    here = recall(state.dish, desk)
    advice = advise(text, here)
    short = ellipsis(text) or ""
    cared_for = [e.name for e in state.exclusions if e.kind == "condition"]
    if not advice and cared_for and 0 < len(short) <= SHORT and food_words(short):
        # 生鱼片呢, from somebody who is pregnant.
        advice = advise(f"{cared_for[0]}能吃{short}吗", here)
    if not advice and state.intent == "folklore" and _TOGETHER.search(short):
        advice = advise(f"{short}能一起吃吗", here)
    if advice and here and not heard("kept_food").search(text) and _of_a_step(text, here):
        advice = tuple(a for a in advice if a.kind != "safety")
    if reading.asked or any(r.intent in ("substitute", "leave_out") for r in understand(text).requests):
        # 没有熟花生用什么代替 is no question about raw ones.
        advice = tuple(a for a in advice if a.refused or a.kind != "safety")
    others = any(r.intent in _BESIDE for r in understand(text).requests)
    warns = any(a.exclusive and a.kind == "safety" and not a.refused for a in advice)
    if warns and (others or _of_a_dish(text, state, desk)):
        # 榄菜肉末四季豆，四季豆炒多久: the warning first, then what the recipe says.
        advice = tuple(replace(a, exclusive=False) for a in advice)
    return advice


def _of_a_step(text: str, here: Recipe) -> bool:
    """Whether a question about the fridge is about a step of the dish in focus, not about keeping food."""
    asked = translated(text)
    return any(word in asked for word in (*COLD, "fridge", "refrigerat", "freezer")) and bool(clauses_with(here, COLD))


def _of_a_dish(text: str, state: State, desk: Desk) -> bool:
    """Whether a turn asks for a detail of a dish that it names, or of the one in focus."""
    for request in understand(text).requests:
        if request.intent in ("time", "amount", "step", "heat"):
            focus = find(request, state, desk, parts=True)
            if focus.named or (focus.recipe is not None and focus.resolution is None):
                return True
    return False


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
    told = news.added or news.withdrawn or news.kept or reading.added
    spans = tuple(reading.spans) if told and not reading.asked else ()
    turn = _about_one_dish(understand(text, spans), blanked(text, spans), desk)
    parts: list[Part] = []
    for place, request in enumerate(turn.requests):
        following = turn.requests[place + 1] if place + 1 < len(turn.requests) else None
        if request.intent == "scale" and following is not None and following.said == request.said:
            # 三个人的话牛肉要多少: the amounts are for three, and only one of them is asked for.
            scaled = handled(request, state, desk, False, reading)
            after = scaled.state if scaled is not None and not scaled.refused else None
            # Where the recipe does not say for how many it is, that is said before the amounts as they are.
            if after is not None and (after.servings or after.factor or after.have):
                state = after
                continue
        part = handled(request, state, desk, bool(news.added or news.withdrawn), reading)
        if part is not None:
            parts.append(part)
            state = part.state
    if not parts and (news.added or news.withdrawn or news.kept or reading.added):
        # Whoever asked for dishes and then says what to avoid wants others.
        if news.added and state.intent in CHOOSING and state.wish is not None:
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


def _about_one_dish(turn: Turn, text: str, desk: Desk) -> Turn:
    """The turn, as a question for one dish where the whole of it names one and nothing else was made out in it.

    Names are looked for in whole questions better than in their pieces (嗯……想炒方便面吃，能教教我步骤吗).
    """
    intents = {request.intent for request in turn.requests}
    # 味道怎么样 has its 怎么 in the words of asking, and asks for no recipe.
    outright = is_outright(text) and (intents != {"taste"} or any(is_outright(r.rest) for r in turn.requests))
    pointed = reference(text)
    if not outright and heard("of_kind").search(text):
        return turn
    if turn.injected or (pointed and pointed.kind != "this") or not intents <= (_ONE_DISH if outright else {"none"}):
        return turn
    if any(name.startswith(("people", "times", "double", "half", "how")) for r in turn.requests for name in r.slots):
        return turn
    resolution = desk.retriever.resolve(text)
    if not resolution.hits or (intents != {"how_to_cook"} and resolution.hits[0].score < SURE):
        return turn
    return replace(turn, requests=(Request("how_to_cook", text, text),))


def _conflicting(state: State, desk: Desk) -> Part | None:
    """A word on the dish in focus, where what was just said forbids it."""
    here = recall(state.dish, desk)
    if here is None or not (seen := shown.view(here, state)).conflict:
        return None
    return shown.refusal(here, seen, state, desk)


def _silence(text: str, state: State, desk: Desk) -> Part:
    """What is said where nothing was asked."""
    said = talk.greeting if nothing_asked(text) else talk.out_of_scope
    return said(Request("none", text, text), state, desk)


def _whole(parts: Sequence[Part]) -> Answer:
    """The parts in one: the first that is more than a word of caution names the intent."""
    main = next((p for p in parts if p.intent not in ("safety", "folklore")), parts[0])
    recipes = tuple({c.id: c for part in parts for c in part.recipes}.values())
    texts = list(dict.fromkeys(part.text for part in parts))
    return Answer(
        text="\n\n---\n\n".join(texts),
        intent=main.intent,
        refused=all(part.refused for part in parts),
        recipes=recipes,
        state=replace(parts[-1].state, intent=parts[-1].state.intent or main.intent),
        # A dish that is offered has its name from its record: B52轰炸机.
        verified=all(
            grounded_in(part.text, part.records, "\n".join((part.said, *(c.name for c in part.recipes))))
            for part in parts
        ),
    )

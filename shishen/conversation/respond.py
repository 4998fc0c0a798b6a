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
from shishen.conversation.focus import find, recall
from shishen.conversation.part import Desk, Part
from shishen.conversation.unspoken import CHOOSING
from shishen.domains.cooking.english import translated
from shishen.domains.cooking.exclusions import EVERYTHING, Reading, read_exclusions
from shishen.domains.cooking.grounding import grounded_in
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
    spoken,
    understand,
)
from shishen.records import Cited, Exclusion, Recipe, State

# The longest food of a question that is nothing but that food (生鱼片呢).
SHORT = 6
# What a question for one dish may be mistaken for, and the score from which a dish without 怎么做 is asked for.
_ONE_DISH = frozenset(
    ("how_to_cook", "none", "recommend", "pantry", "contains", "taste", "tools", "scale", "out_of_scope")
)
SURE = 0.9
_TOGETHER = re.compile("和|跟|与|加|配|同")
# 口水鸡里的花生，我过敏
_IS_BORNE_BADLY = re.compile(
    r"([^，,。;；\s]{1,10})[，, ]+(?:我|我们|我家|孩子|娃|他|她|老公|老婆|妈|爸)+(?:会|有点|是|也|对它|吃了会)*过敏"
)
_COLD = ("冰箱", "冷藏", "冷冻", "室温", "静置")


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
    if state.dish and reading.added and heard("leaving_out").fullmatch(text.strip()):
        # 那不放鸡翅呢 asks about the dish in focus.
        reading = Reading(asked=True)
    left = understand(text, tuple(reading.spans)).requests if reading.asked else ()
    alone = state.dish is None and not any(content(request.rest) for request in left)
    if reading.asked and reading.added and (alone or any(request.intent in CHOOSING for request in left)):
        # 别放香菇，推荐三个菜 asks for nothing of one dish; nor does `without pork` before any dish is spoken of.
        lasting = tuple(replace(e, scope="conversation") for e in reading.added)
        reading = replace(reading, added=lasting, asked=False)
    if not reading.added and (borne := _IS_BORNE_BADLY.search(text)) and (foods := food_words(borne[1])):
        reading = replace(reading, added=(Exclusion(foods[-1].text, "allergy"),), spans=((borne.end(1), borne.end()),))
    if reading.added and heard("allergic").search(text) and not any(e.kind == "allergy" for e in reading.added):
        # I can't eat eggs, I'm allergic: what is not eaten is what is not borne.
        added = tuple(replace(e, kind="allergy") if e.kind == "dislike" else e for e in reading.added)
        reading = replace(reading, added=added)
    state, news = _kept(state, reading)
    here = recall(state.dish, desk)
    # 我不海鲜过敏了 tells of no attack of it.
    advice = () if news.kept and not news.added else advise(text, here)
    if advice and here and not heard("kept_food").search(text) and _of_a_step(text, here):
        advice = tuple(a for a in advice if a.kind != "safety")
    cared_for = [e.name for e in state.exclusions if e.kind == "condition"]
    if not advice and cared_for and (short := ellipsis(text)) and len(short) <= SHORT and food_words(short):
        # 生鱼片呢, from somebody who is pregnant.
        advice = advise(f"{cared_for[0]}能吃{short}吗", here)
    if not advice and state.intent == "medical" and heard("remedy").search(text):
        return _whole([talk.no_remedy(state)])
    if state.intent == "folklore" and not advice and (short := ellipsis(text)) and _TOGETHER.search(short):
        advice = advise(f"{short}能一起吃吗", here)
    if any(a.exclusive and a.kind == "safety" for a in advice) and _of_a_dish(text, state, desk):
        # 榄菜肉末四季豆，四季豆炒多久: the warning first, then what the recipe says.
        advice = tuple(replace(a, exclusive=False) for a in advice)
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


def _of_a_step(text: str, here: Recipe) -> bool:
    """Whether a question about the fridge is about a step of the dish in focus, not about keeping food."""
    asked = translated(text)
    return any(word in asked for word in (*_COLD, "fridge", "refrigerat", "freezer")) and bool(
        clauses_with(here, _COLD)
    )


def _of_a_dish(text: str, state: State, desk: Desk) -> bool:
    """Whether a turn asks for a detail of a dish that it names, or of the one in focus."""
    for request in understand(text).requests:
        if request.intent in ("time", "amount", "step", "heat"):
            focus = find(request, state, desk, parts=True)
            return focus.named or (focus.recipe is not None and focus.resolution is None)
    return False


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
    turn = _about_one_dish(understand(text, spans), blanked(text, spans), desk)
    parts: list[Part] = []
    for place, request in enumerate(turn.requests):
        following = turn.requests[place + 1] if place + 1 < len(turn.requests) else None
        if request.intent == "scale" and following is not None and following.said == request.said:
            # 三个人的话牛肉要多少: the amounts are for three, and only one of them is asked for.
            scaled = handled(request, state, desk, False, reading)
            if scaled is not None and not scaled.refused and scaled.state.dish:
                state = scaled.state
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
    outright, pointed = is_outright(text), reference(text)
    if turn.injected or (pointed and pointed.kind != "this") or not intents <= (_ONE_DISH if outright else {"none"}):
        return turn
    if any(name.startswith(("people", "times", "double", "half")) for r in turn.requests for name in r.slots):
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
    request = Request("none", text, text)
    if nothing_asked(text) and not state.dish:
        return talk.greeting(request, state, desk)
    return talk.out_of_scope(request, state, desk) if not nothing_asked(text) else talk.greeting(request, state, desk)


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

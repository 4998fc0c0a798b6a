"""What a turn asks for, before anything is searched: pieces, the cues of intents in them, requests with slots.

A turn is cut into pieces; each piece is looked through for the cues of `data/intents.toml`; what is left when they are
cut out (`rest`) is where a dish or an ingredient may be named. Pure: it knows the words, not the library.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Literal, get_args

from msgspec import Struct
from msgspec.structs import replace

from shishen.chinese import normalise
from shishen.domains.cooking.english import translated
from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.pieces import pieces_of
from shishen.domains.cooking.spoken_numbers import NUMBER
from shishen.domains.cooking.words import Word, aliases, segment

Intent = Literal[
    "how_to_cook", "ingredients", "amount", "step", "after", "time", "difficulty", "tools", "servings", "calories",
    "taste", "scale", "substitute", "leave_out", "recommend", "again", "pantry", "compare", "shopping_list", "menu",
    "heat", "size", "contains", "tips", "source", "greeting", "thanks", "goodbye", "identity", "overview", "recalled",
    "exclusion",
    "choose", "detail",
    "beyond", "safety", "medical", "folklore", "out_of_scope", "injection", "none",
]  # fmt: skip

# Requests of one turn that are followed; more than that is no conversation.
MOST_REQUESTS = 5
# Words too small to name anything when they are all that is left.
_IDLE_FIRST = frozenset("那这把将给用再就都")
_IDLE = frozenset("那这把将给用以而但并只里上中下等们让被得地所么去到从对于要加放没几来说它他她做弄呗嘞咯")
_CHOICE = ("recommend", "pantry", "menu", "again")
_STOPS = str.maketrans(dict.fromkeys(",，。.?？!！、:：~～'\"“”()（）;；", " "))
_SMALL_TALK = frozenset(("thanks", "goodbye", "greeting"))
# A wish to eat is no question by itself beside one of these.
_STRONGER = frozenset(("recommend", "pantry", "menu", "again", "compare", "shopping_list", "substitute", "leave_out"))
_WATER = frozenset(["水", "开水", "热水", "温水", "冷水", "清水", "凉水", "冰水", "沸水", "油"])
_NO_FOOD = frozenset(("菜", "饭", "汤", "肉菜", "粥"))


class Cue(Struct, frozen=True):
    """Words of asking: their intent, their place in the piece, and the slots in them that are filled."""

    intent: Intent
    start: int
    end: int
    slots: dict[str, str]


class Request(Struct, frozen=True):
    """One thing that is asked for: `rest` is its text without the words of asking, `said` the text as it stood.

    `before` is what was said just before it without asking for anything (红烧肉，要炖多久), a line a piece.
    """

    intent: Intent
    rest: str
    said: str
    slots: dict[str, str] = {}
    before: str = ""

    def slot(self, name: str) -> str | None:
        """The slot of this name; a pattern that has it more than once numbers it (`people`, `people2`)."""
        numbered = [key for key in self.slots if key.rstrip("0123456789") == name]
        return self.slots[min(numbered, key=lambda key: (len(key), key))] if numbered else None


class Turn(Struct, frozen=True):
    """A turn understood: what it asks for, in order; whether somebody tried to give instructions with it."""

    text: str
    requests: tuple[Request, ...]
    injected: bool = False


@cache
def _patterns() -> tuple[tuple[Intent, re.Pattern[str]], ...]:
    """Every cue pattern with its intent, in the file's order."""
    known = get_args(Intent)
    return tuple(
        (known[known.index(intent)], compiled(pattern))
        for intent, entry in knowledge("intents").items()
        for pattern in entry["patterns"]
    )


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of the data files with `<N>` and `<U>` filled in."""
    return re.compile(pattern.replace("<N>", NUMBER).replace("<U>", _measure_words()))


@cache
def _measure_words() -> str:
    units = knowledge("units")
    words = {*units["mass"], *units["volume"], *units["counters"]["words"].split()} - {"口", "餐", "顿", "倍", "份"}
    return "(?:" + "|".join(map(re.escape, sorted(words, key=len, reverse=True))) + ")"


def cues(piece: str) -> list[Cue]:
    """The cues of a piece in the order of their places, none overlapping another; earlier intents win."""
    found: list[Cue] = []
    for intent, pattern in _patterns():
        for match in pattern.finditer(piece):
            start, end = match.span()
            if start < end and not any(start < cue.end and cue.start < end for cue in found):
                slots = {name: value for name, value in match.groupdict().items() if value}
                if intent == "scale" and any("have" in name for name in pattern.groupindex) and _AT_HOME.search(piece):
                    continue
                if all(_is_thing(slots[name]) for name in _THINGS if name in slots):
                    found.append(Cue(intent, start, end, slots))
    return sorted(found, key=lambda cue: cue.start)


# Slots that must name something to eat: 换一批 puts nothing in the place of anything.
_THINGS = ("it", "other", "have_name", "have_name2")
# 冰箱里就剩半颗包菜 tells what is at home, and scales nothing.
_AT_HOME = re.compile(r"冰箱|厨房里|能做|可以做|做什么|做点|做啥")
_NO_THING = re.compile(
    r"\d|批|[道个种款样组第]|别的|其他|其它|这|那|[几两俩]$|一下|[算弄换做看说来走]|人|量|口味|菜$|大锅|小锅|步|时间"
)


def _is_thing(text: str) -> bool:
    """Whether a slot names a food, or a word that may be one."""
    text = translated(text)
    if re.search(r"\d", text):
        return False
    return bool(food_words(text)) or not (_NO_THING.search(text) or nothing_asked(text))


@cache
def heard(name: str) -> re.Pattern[str]:
    """A pattern of `data/hearing.toml`."""
    return compiled(knowledge("hearing")[name])


def blanked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with stretches made blank, as long as before."""
    kept = list(text)
    for start, end in spans:
        kept[start:end] = " " * (end - start)
    return "".join(kept)


def content(text: str) -> str:
    """The words of a text that are more than words around a question, with the spaces between phrases."""
    text = text.translate(_STOPS)
    kept: list[str] = []
    run: list[Word] = []
    for word in (*segment(text), None):
        if word is not None and word.kind != "filler" and (not run or run[-1].end == word.start):
            run.append(word)
            continue
        # 那地三鲜 is about 地三鲜; 到 alone is about nothing.
        while run and run[0].text in _IDLE_FIRST:
            run = run[1:]
        if any(one.text not in _IDLE for one in run):
            kept.append(text[run[0].start : run[-1].end])
        run = [word] if word is not None and word.kind != "filler" else []
    return " ".join(kept)


def nothing_asked(text: str) -> bool:
    """Whether a normalised text is only a greeting or words around a question."""
    return all(word.kind == "filler" for word in segment(text))


@lru_cache(maxsize=1024)
def understand(text: str, spoken_for: tuple[tuple[int, int], ...] = ()) -> Turn:
    """The requests of a turn. `text` is normalised; `spoken_for` are stretches that something else has read."""
    pieces = pieces_of(blanked(text, spoken_for))
    requests: list[Request] = []
    injected = False
    loose: list[str] = []
    for piece in pieces:
        found = cues(piece)
        if any(cue.intent == "injection" for cue in found):
            # What an instruction is wrapped in is not listened to either.
            injected = True
            continue
        if not found:
            loose.append(piece)
            continue
        rest = blanked(piece, ((cue.start, cue.end) for cue in found))
        requests.extend(_requests(found, rest, piece, "\n".join(loose)))
        if any(cue.intent not in _SMALL_TALK for cue in found):
            loose = []
    return Turn(text, tuple(_settled(requests, loose)[:MOST_REQUESTS]), injected)


_RECIPE_NOUN = re.compile(r"的?(?:方子|配方|菜谱|食谱|方法)")
# 用料加倍: a noun that only says what is scaled.
_AMOUNTS_NOUN = re.compile(r"的?(?:材料|食材|原料|配料|用料|主料|辅料|调料|佐料|用量|分量|份量|量)(?:都|要|是|呢)*")


def _requests(found: Sequence[Cue], rest: str, said: str, before: str) -> list[Request]:
    """One request an intent of a piece, in the order of the places."""
    if any(cue.intent == "out_of_scope" for cue in found) and not food_words(rest):
        found = [cue for cue in found if cue.intent == "out_of_scope"]
    if len({cue.intent for cue in found}) > 1:
        # 那方子里盐是多少 asks for the salt alone.
        found = [c for c in found if c.intent != "how_to_cook" or _RECIPE_NOUN.fullmatch(said[c.start : c.end]) is None]
    if any(cue.slots.keys() & {"well", "well2", "well3"} for cue in found):
        # 怎么做才不会失败 asks for what to mind, not for the whole of it.
        found = [cue for cue in found if cue.intent != "how_to_cook"]
    wishes = [said[cue.start : cue.end] for cue in found if cue.intent == "how_to_cook"]
    if wishes and any(cue.intent in _DETAILS for cue in found) and not any(map(is_outright, wishes)):
        # 给我说说第二步 wishes for no more than that step.
        found = [cue for cue in found if cue.intent != "how_to_cook"]
    if any(cue.intent == "ingredients" for cue in found):
        # 材料再说一遍 is of no step.
        found = [cue for cue in found if cue.slots.keys() != {"repeat"}]
    if any(cue.intent == "scale" for cue in found):
        found = _scaled_first(found, said)
    slots: dict[tuple[Intent, str], dict[str, str]] = {}
    for cue in found:
        # 第四步和第五步 are two requests; two words of one wish are one.
        slots.setdefault((cue.intent, cue.slots.get("nth", cue.slots.get("verb", ""))), {}).update(cue.slots)
    if ("step", "") in slots and len([key for key in slots if key[0] == "step"]) > 1:
        del slots["step", ""]
    whole = before.replace("\n", " ") + " " if before else ""
    return [
        # Whoever wishes for something may have said all of it before.
        Request(intent, whole + rest, whole + said, filled)
        if intent in (*_CHOICE, "compare", "shopping_list")
        else Request(intent, rest, said, filled, before)
        for (intent, _), filled in slots.items()
    ]


def _scaled_first(found: Sequence[Cue], said: str) -> list[Cue]:
    """The cues of a piece that scales: what it asks of the scaled dish comes after, a mere 用料 asks for nothing."""
    about = ("ingredients", "amount", "servings")
    asked = [c for c in found if c.intent in about and not _AMOUNTS_NOUN.fullmatch(said[c.start : c.end])]
    return [*(cue for cue in found if cue.intent not in about), *asked]


_JUST_A_COUNT = re.compile(rf"(?:要|就|给我|来)?{NUMBER}(?:个|道|种|款|样|份)?(?:就行|就好|就够了?|吧|即可|菜)*")


def _settled(requests: list[Request], loose: list[str]) -> list[Request]:
    """The requests that count, with what was said around them."""
    after = " ".join(loose).strip()
    if requests and after and _JUST_A_COUNT.fullmatch(after):
        # 来个带豆腐的菜 两个
        requests[-1] = replace(requests[-1], said=f"{requests[-1].said} {after}")
        after = ""
    intents = {request.intent for request in requests}
    if intents - _SMALL_TALK:
        requests = [request for request in requests if request.intent not in _SMALL_TALK]
    if len([r for r in requests if r.intent == "how_to_cook"]) + bool(intents & _STRONGER) > 1:
        requests = _asked_outright(requests, bool(intents & _STRONGER))
    if not requests:
        return [Request("none", after, after)] if after else []
    requests = _wished_before(requests)
    last = requests[-1]
    if after and (last.intent in _CHOICE or last.intent in _SMALL_TALK or not content(last.rest + last.before)):
        if last.intent in _SMALL_TALK:
            return [Request("none", after, after)]
        requests[-1] = replace(last, rest=f"{last.rest} {after}", said=f"{last.said} {after}")
    elif after and content(after):
        requests.append(Request("none", after, after))
    return _merged(requests)


def _wished_before(requests: list[Request]) -> list[Request]:
    """Without the wish to eat a dish that only says which dish the next request is about."""
    kept: list[Request] = []
    for place, request in enumerate(requests):
        following = requests[place + 1] if place + 1 < len(requests) else None
        wished = request.intent == "how_to_cook" and not request.slots and not _OUTRIGHT.search(request.said)
        if wished and following and following.intent in _DETAILS and len(content(request.rest)) > 1:
            before = "\n".join(part for part in (request.before, request.rest, following.before) if part)
            requests[place + 1] = replace(following, before=before)
            continue
        kept.append(request)
    return kept


_DETAILS = (
    "amount", "step", "after", "time", "difficulty", "tools", "servings", "calories", "taste", "heat", "size", "tips",
)  # fmt: skip
_OUTRIGHT = re.compile(r"怎|做法|教|recipe|how|步骤|菜谱|食谱|咋|如何|方法|配方|点样|点整|啷个|哪能|walk me|show me")


def is_outright(said: str) -> bool:
    """Whether a dish is asked for outright (怎么做), not only wished for."""
    return _OUTRIGHT.search(said) is not None


def _asked_outright(requests: list[Request], stronger: bool) -> list[Request]:
    """The requests without mere wishes to eat where something is asked outright; their words go to the next one."""
    kept: list[Request] = []
    wishes: list[Request] = []
    outright = stronger or any(r.intent == "how_to_cook" and _OUTRIGHT.search(r.said) for r in requests)
    for request in requests:
        if outright and request.intent == "how_to_cook" and not (not stronger and _OUTRIGHT.search(request.said)):
            wishes.append(request)
            continue
        needy = stronger if request.intent in _STRONGER else not content(request.rest)
        if wishes and needy:
            before = wishes if request.intent in _STRONGER else wishes[-1:]
            request = replace(
                request,
                rest=" ".join([*(f"{w.before} {w.rest}" for w in before), request.rest]),
                said=" ".join([*(f"{w.before} {w.said}" for w in before), request.said]),
            )
            wishes = []
        kept.append(request)
    if wishes and kept and kept[-1].intent in _STRONGER:
        rest = " ".join([kept[-1].rest, *(w.rest for w in wishes)])
        kept[-1] = replace(kept[-1], rest=rest, said=" ".join([kept[-1].said, *(w.said for w in wishes)]))
    return kept


def _merged(requests: list[Request]) -> list[Request]:
    """Requests of choosing put into one: somebody tells what is at home, and asks for something quick, at once."""
    swaps = [r for r in requests if r.intent in ("substitute", "leave_out")]
    # 洋葱用完了，拿什么替: the second half only asks what the first is about.
    bare = [r for r in swaps if "it" not in r.slots and not content(r.rest)]
    named = [r for r in swaps if "it" in r.slots]
    if bare and named:
        # 叉烧酱家里没有，不放成吗 asks of leaving it out.
        one = replace(named[-1], intent=bare[-1].intent if bare[-1].intent == "leave_out" else named[-1].intent)
        requests = [one if request is named[-1] else request for request in requests if request not in bare]
    steps = [r for r in requests if r.intent == "step" and {"next", "english_next"} & set(r.slots)]
    # 弄好了 下一步 is one step on, not two.
    requests = [request for request in requests if request not in steps[:-1]]
    # 到第二步了，怎么弄 and 做双份，材料要多少 say once more what they ask.
    again: set[Intent] = {"how_to_cook"} if any("nth" in r.slots for r in requests) else set()
    if any(r.intent == "scale" for r in requests):
        again |= {"how_to_cook", "ingredients", "amount"}
    requests = [r for r in requests if r.intent not in again or r.slots or content(r.rest + r.before)]
    weak = [r for r in requests if r.intent == "pantry" and set(r.slots) and set(r.slots) <= {"weak", "weak2"}]
    if weak and len(requests) > len(weak):
        # 还有那个鱼香肉丝咋做 adds nothing to what is at home.
        kept = [request for request in requests if request not in weak]
        if kept[-1].intent in _CHOICE:
            # 再加一个汤，推荐一道: what is to be added is what is wished for.
            more = " ".join(request.said for request in weak)
            kept[-1] = replace(kept[-1], rest=f"{kept[-1].rest} {more}", said=f"{kept[-1].said} {more}")
        requests = kept
    bare_scale = [r for r in requests if r.intent == "scale" and set(r.slots) == {"how"}]
    if bare_scale and any(r.intent == "scale" and r not in bare_scale for r in requests):
        # 我想做双份，用料怎么变 scales once.
        requests = [request for request in requests if request not in bare_scale]
    requests = [replace(r, intent="ingredients", slots={}) if r in bare_scale else r for r in requests]
    kinds = [request for request in requests if request.intent in _CHOICE]
    if kinds:
        # 我家三口人，整两个菜 scales nothing.
        requests = [r for r in requests if r.intent != "scale" or not any("people" in name for name in r.slots)]
    if len(kinds) < 2:
        return requests
    order = ("pantry", "menu", "again", "recommend")
    intent = min((request.intent for request in kinds), key=order.index)
    joined = Request(
        intent,
        " ".join(request.rest for request in kinds),
        " ".join(dict.fromkeys(request.said for request in kinds)),
        {name: value for request in kinds for name, value in request.slots.items()},
    )
    return [joined, *(request for request in requests if request.intent not in _CHOICE)]


def is_food(word: Word) -> bool:
    """Whether a word is one of food, also where it is a part of dish names as well (鸡蛋, 牛肉, 面条)."""
    return word.kind == "food" or word.text in _foods() or word.text in _WATER


@cache
def _foods() -> frozenset[str]:
    """Every word that names a food, whatever else it may be in the name of a dish."""
    listed = (normalise(word) for word in knowledge("words")["food"].split())
    return frozenset((*listed, *aliases("ingredient")))


def food_words(text: str) -> list[Word]:
    """The foods that a normalised text names; 菜 and 饭 are none."""
    return [word for word in segment(text) if is_food(word) and word.text not in _NO_FOOD]

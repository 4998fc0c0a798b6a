"""Requests to choose: recommend, once more, what can be made of what is at home, a menu; and a dish of the list."""

import re
from collections.abc import Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from shishen.conversation import shown
from shishen.conversation.focus import find, only_foods
from shishen.conversation.part import Desk, Part, citing, focused, offered
from shishen.domains.cooking.composing import number, whole_time
from shishen.domains.cooking.describing import Want, basics, plain, wanted
from shishen.domains.cooking.english import translated
from shishen.domains.cooking.exclusions import in_name, reminder
from shishen.domains.cooking.exclusions import shown as exclusions_shown
from shishen.domains.cooking.replies import quoted
from shishen.domains.cooking.spoken_numbers import NUMBER, number_of
from shishen.domains.cooking.understanding import Request, blanked, food_words
from shishen.records import Dish, Recipe, State
from shishen.selection import Choice, FromPantry, food_of

HARDEST = 5
# How many dishes are recommended where no number is said, and the most that one answer lists.
USUAL, MOST = 3, 30
_COUNT = re.compile(
    r"(?<!第)(?P<n>\d+|[一二两俩仨三四五六七八九十百千万]+?)(?:(?<=[俩仨])|个|道|种|款|样|份)(?!人|小时|月|步|星期|礼拜|鸡蛋|土豆|番茄)"
)
_STARS = re.compile(
    rf"(?:难度)?(?:(?P<below>低于|小于|不到)|(?P<most>不超过|不高于|最多)|(?P<least>至少|高于|超过))?(?:(?P<n>{NUMBER})\s*颗?星|(?<=[度于过多到])(?P<m>{NUMBER}))"
    r"(?:级)?(?:(?P<down>以下|以内|之内|及以下)|(?P<up>以上|及以上))?"
)
# 有没有带鸡蛋的, after a list of quick dishes: of those.
_GOES_ON = re.compile(
    r"(?:有没有|有什么|有|要|来|换)(?:点|些|个)?(?:带|更|再)?[^，,。]{1,8}的(?:吗|么|呢|没有|没)?[?？]*$"
)
_ENGLISH_COUNT = re.compile(
    r"\b(?P<n>one|two|three|four|five|six|seven|eight|nine|ten|\d{1,3})\b"
    r"(?! (?:minutes?|mins?|people|persons?|hours?|stars?|of us|or))"
)
_ONE = re.compile(r"(?:来|配|加|整|做|搞|添|换|推荐|要)一?(?:个|道|份|碗)(?!别的|几)")
# What neighbours are offered with, in talk.missing and shown.refusal.
_OFFER = re.compile(r"相近的(?:有|菜)：((?:、?「[^」\n]{1,60}」)+)")
# Wishes that are met by rules of modest confidence alone.
_SOFT = ("occasion", "season", "method")


class Wish(Struct, frozen=True):
    """What is to be chosen: how many (None: not said), the wishes, the foods that must be in it."""

    count: int | None
    wants: tuple[Want, ...]
    foods: tuple[str, ...]
    stars: tuple[int, int] | None = None

    @property
    def meals(self) -> bool:
        """Whether a dish is meant: nobody who asks for something sour means a cocktail, unless they say drink."""
        return not self.foods and not any(want.kind == "course" and not want.negated for want in self.wants)


def wish_of(request: Request, wish: str | None, unwanted: Sequence[str] = ()) -> Wish:
    """The wish of a request; `wish` are the words of the last one, where this one goes on from it.

    `unwanted` are tastes that have to be avoided.
    """
    text = request.said if wish is None else f"{wish}，{request.said}"
    text = translated(text)
    wants = tuple(w for w in _latest(wanted(text)) if w.negated or w.value not in unwanted)
    left = translated(blanked(request.rest, [(w.start, w.end) for w in wanted(request.rest)]))
    counted = request.slot("count") or request.slot("english")
    count = number_of(counted) if counted else None
    if count is None and (match := _COUNT.search(request.said)):
        count = number_of(match["n"])
    if count is None and (match := _ENGLISH_COUNT.search(request.said)):
        count = number_of(match["n"])
    if count is None and _ONE.search(request.said):
        count = 1
    foods = tuple(word.text for word in food_words(left) if plain(word.text) not in basics())
    if wish is not None and not foods:
        old = blanked(wish, [(w.start, w.end) for w in wanted(wish)])
        foods = tuple(word.text for word in food_words(old))
    return Wish(int(count) if count is not None and count >= 1 else None, wants, foods, stars_of(text))


def stars_of(text: str) -> tuple[int, int] | None:
    """The difficulty that a text asks for in stars: 两星以下 → 1–2, 三星 → 3."""
    match = _STARS.search(text)
    stars = number_of(match["n"] or match["m"]) if match else None
    if match is None or stars is None or not 1 <= stars <= HARDEST:
        return None
    if match["below"]:
        return (1, int(stars) - 1) if stars > 1 else None
    if match["most"] or match["down"]:
        return 1, int(stars)
    return int(stars), HARDEST if match["least"] or match["up"] else int(stars)


def _latest(wants: Sequence[Want]) -> tuple[Want, ...]:
    """Of wishes of one kind and value the last one; of two spans of time, two courses or two cuisines the later."""
    kept: dict[tuple[str, object], Want] = {}
    for want in wants:
        one = want.kind in ("minutes", "calories", "course", "cuisine") and not want.negated
        kept[want.kind, None if one else want.value] = want
    return tuple(kept.values())


def recommend(request: Request, state: State, desk: Desk) -> Part:
    """As many dishes as were asked for, each with the reason that is in its record."""
    if state.intent in ("recommend", "again") and state.wish and _GOES_ON.search(request.said):
        return refine(request, state, desk)
    return _recommended(request, state, desk, None)


def again(request: Request, state: State, desk: Desk) -> Part:
    """Others of the same kind as last time, none of them offered before."""
    return _recommended(request, state, desk, state.wish or "", fresh=True)


def refine(request: Request, state: State, desk: Desk) -> Part:
    """The last wish with one thing more (要快一点的)."""
    return _recommended(request, state, desk, state.wish or "")


def _recommended(request: Request, state: State, desk: Desk, wish: str | None, fresh: bool = False) -> Part:
    # An old wish gives way to what has to be avoided since; a new one is answered, if with nothing.
    asked = wish_of(request, wish, [e.name for e in state.exclusions] if wish is not None else ())
    count = asked.count or (len(state.list) if fresh and state.list else USUAL)
    shown_count = min(count, MOST)
    without = tuple(dict.fromkeys((*state.seen, *((state.dish.name,) if state.dish and fresh else ()))))
    lasting = state.lasting
    fitting = partial(desk.selection.fitting, stars=asked.stars, meals=asked.meals, exclusions=lasting, seed=desk.seed)
    found = fitting(shown_count, wants=asked.wants, foods=asked.foods, without=without)
    soft = [want for want in asked.wants if want.kind in _SOFT]
    if not found and soft:
        # What no record speaks of (撑场面) is no reason to give nothing.
        asked = replace(asked, wants=tuple(want for want in asked.wants if want not in soft))
        found = fitting(shown_count, wants=asked.wants, foods=asked.foods, without=without)
    if not found and len(asked.foods) > 1:
        # 牛羊肉的菜: either of them will do.
        found = fitting(shown_count, wants=asked.wants, foods=asked.foods, any_food=True, without=without)
    repeated = False
    if len(found) < shown_count and without and not fresh:
        taken = [choice.recipe.name for choice in found]
        found += fitting(shown_count - len(found), wants=asked.wants, foods=asked.foods, without=taken)
        repeated = bool(found)
    text = request.said if wish is None else f"{wish}，{request.said}"
    after = replace(state, wish=text[-200:], intent="recommend")
    called = _called(asked)
    if not found:
        more = "没有别的了" if fresh else "没有"
        words = f"菜谱库里{more}{called}" + (f"（已避开：{exclusions_shown(lasting)}）" if lasting else "")
        words += "。" + _unknown_note(asked) + "换个条件再试试？"
        return Part(intent="recommend", text=words, state=after, refused=True, said=f"{words} {request.said}")
    lines = [f"{n}. 「{c.recipe.name}」：{_reason(c, asked)}" for n, c in enumerate(found, 1)]
    head = f"给您挑了 {len(found)} 道{called}：" if len(found) > 1 else "给您挑了这一道："
    if count > MOST:
        head = f"一次最多列 {MOST} 道，先列 {len(found)} 道（菜谱库里共有 {len(desk.library)} 份菜谱）："
    elif len(found) < count:
        head = f"您要 {count} 道，菜谱库里合适的{'没说过的' if without and not repeated else ''}只有 {len(found)} 道："
    tail = [
        _unknown_note(asked),
        shown.remembered(lasting) if lasting else "",
        "想做哪一道，说「第一个」或菜名；不合意说「换一批」。",
    ]
    body = "\n\n".join(part for part in (head, "\n".join(lines), *tail) if part)
    dishes = [Dish(c.recipe.id, c.recipe.name) for c in found]
    recipes = [c.recipe for c in found]
    return Part(
        intent="recommend", text=body, state=offered(after, dishes), recipes=citing(recipes),
        records=tuple(recipes), said=f"{head} {' '.join(tail)} {' '.join(lines)}",
    )  # fmt: skip


def _called(asked: Wish) -> str:
    """The wish in words, as it was understood: 清淡、有豆腐的汤羹."""
    like = [("不" if w.negated else "") + _want_word(w) for w in asked.wants if w.kind != "course" or w.negated]
    like += [f"有{food}" for food in asked.foods]
    if asked.stars:
        like.append("难度 " + "到".join(dict.fromkeys("★" * n for n in asked.stars)))
    courses = "、".join(w.value for w in asked.wants if w.kind == "course" and not w.negated)
    return "、".join(like) + ("的" if like else "") + (courses or "菜")


def _want_word(want: Want) -> str:
    if want.kind == "minutes" and want.value.isdigit():
        return f"{number(float(want.value))} 分钟内"
    if want.kind == "calories":
        return f"{want.value} 大卡内" if want.value.isdigit() else "热量低"
    return want.value


def _unknown_note(asked: Wish) -> str:
    kinds = {want.kind for want in asked.wants}
    if "minutes" in kinds:
        return "没有写时间的菜谱不算在内。"
    return "没有写热量的菜谱不算在内。" if "calories" in kinds else ""


def _reason(choice: Choice, asked: Wish) -> str:
    """Why a dish was chosen: the traits that meet the wish, else what its record says of it."""
    told = [trait.because for trait in choice.reasons]
    there = [food for food in asked.foods if food_of(choice.card, food)]
    told += [f"用料有{'、'.join(there)}"] if there else []
    told = list(dict.fromkeys(told))
    told += [fact for fact in _facts(choice.recipe) if fact not in told][: max(1, 3 - len(told))]
    return "，".join(told)


def _facts(recipe: Recipe) -> list[str]:
    """What a record says of a dish, the most telling first."""
    known = []
    if recipe.minutes is not None:
        known.append(f"约 {whole_time(recipe.minutes)}")
    if recipe.difficulty is not None:
        known.append(f"难度 {'★' * recipe.difficulty}")
    if recipe.category:
        known.append(f"{recipe.category}")
    known += recipe.tastes
    return known or [f"用料 {len(recipe.ingredients)} 样"]


def pantry_of(text: str) -> list[str]:
    """The foods that a text says are at home, in its order."""
    left = translated(blanked(text, [(w.start, w.end) for w in wanted(text) if w.kind != "course"]))
    return list(dict.fromkeys(word.text for word in food_words(left)))


def pantry(request: Request, state: State, desk: Desk) -> Part:
    """What can be made of what is at home; what is said now is added to what was said before."""
    had = state.pantry
    if "lacking" in request.slots:
        focus = find(request, state, desk)
        if focus.recipe is not None and (focus.named or not food_words(request.rest)):
            return lacking(focus.recipe, focused(state, focus.recipe), desk)
    named = pantry_of(request.rest)
    have = tuple(dict.fromkeys((*had, *named)))
    if not have:
        text = "家里有些什么？说几样食材，我看看能做什么。"
        return Part(intent="pantry", text=text, state=replace(state, intent="pantry"), refused=True)
    asked = wish_of(replace(request, rest=""), None)
    count = asked.count or USUAL
    lasting = state.lasting
    after = replace(state, pantry=have, intent="pantry", wish=request.said[-200:])
    without = state.seen if had and not named else ()
    found = desk.selection.possible(
        have, min(count, MOST), wants=asked.wants, exclusions=lasting, without=without, seed=desk.seed
    )
    if not found:
        words = f"用{'、'.join(have)}，菜谱库里没有找到合适的菜" + (
            f"（已避开：{exclusions_shown(lasting)}）" if lasting else ""
        )
        return Part(intent="pantry", text=f"{words}。", state=after, refused=True, said=request.said)
    lines = [f"{n}. 「{c.recipe.name}」：{_supply(c)}" for n, c in enumerate(found, 1)]
    head = f"按您家里的{'、'.join(have)}，缺得最少的 {len(found)} 道（盐、油、酱油这些常备调料算已有）："
    tail = [
        shown.remembered(lasting) if lasting else "",
        "想做哪一道，说「第一个」或菜名；还有别的食材，接着说，我加上。",
    ]
    recipes = [c.recipe for c in found]
    return Part(
        intent="pantry", text="\n\n".join(part for part in (head, "\n".join(lines), *tail) if part),
        state=offered(after, [Dish(r.id, r.name) for r in recipes]), recipes=citing(recipes), records=tuple(recipes),
        said=f"{head} {' '.join(tail)}",
    )  # fmt: skip


def _supply(choice: FromPantry) -> str:
    have = f"已有 {'、'.join(choice.used)}"
    return f"{have}；还缺 {'、'.join(choice.missing)}" if choice.missing else f"{have}；不缺主要材料"


def lacking(recipe: Recipe, state: State, desk: Desk) -> Part:
    """What is missing at home for a dish."""
    known = desk.selection.card_of(recipe)
    missing = desk.selection.lacking(known, state.pantry)
    have = [name for name in known.essentials if name not in missing]
    text = f"做「{recipe.name}」，" + (f"已有 {'、'.join(have)}；" if have else "")
    text += f"还缺 {'、'.join(missing)}。" if missing else "不缺主要材料。"
    text += "盐、油、酱油这些常备调料算已有。"
    return Part(
        intent="pantry", text=text, state=replace(state, intent="pantry"), recipes=citing([recipe]), records=(recipe,)
    )


def by_foods(request: Request, state: State, desk: Desk) -> Part | None:
    """Dishes with the foods that are all that was said (土豆怎么做); None where something else was said too."""
    foods = only_foods(request.rest)
    if not foods:
        return None
    lasting = state.lasting
    if broken := [one for food in foods if (one := in_name(food, lasting))]:
        text = f"您说过{exclusions_shown(lasting)}，{shown.detected(broken)}在忌口之内，不推荐。换样别的？"
        if note := reminder(lasting):
            text += f"\n\n{note}"
        return Part(intent="recommend", text=text, state=state, refused=True, said=text)
    found = desk.selection.fitting(USUAL, foods=foods, exclusions=lasting, seed=desk.seed)
    if not found and lasting and desk.selection.fitting(1, foods=foods, seed=desk.seed):
        text = f"有{'、'.join(foods)}的菜，菜谱库里都违反您的忌口（{exclusions_shown(lasting)}）。换样别的？"
        return Part(intent="recommend", text=text, state=state, refused=True, said=text)
    if not found:
        return None
    return _recommended(replace(request, slots={}), state, desk, None)


def listed_names(text: str) -> list[str]:
    """The names that an answer offers, in order: its lines 「1. 「名」：…」, else those after 相近的…：."""
    listed = re.findall(r"^\d+\. 「([^」\n]{1,60})」", text, re.MULTILINE)
    if listed or not (offer := _OFFER.search(text)):
        return listed
    return re.findall(r"「([^」\n]{1,60})」", offer[1])


def quoted_list(state: State) -> str:
    """The last list by name."""
    return quoted([dish.name for dish in state.list])

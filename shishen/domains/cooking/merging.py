"""What a recipe names and what it measures, joined: each ingredient stands once, with the amount measured.

The two lists of one recipe call the same thing by different words (鸡翅中/鸡翅, 葱/小葱, 酵母/干酵母). They are
matched one to one, the surest likeness first; what finds no partner stands for itself.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache

from msgspec import Struct
from msgspec.structs import replace

from shishen.chinese import syllable
from shishen.domains.cooking.knowledge import knowledge
from shishen.records import Ingredient

_ADVICE = re.compile(r"都可|均可|即可|也可|亦可|都行|也行|最佳|推荐|代替|替代")
_SENTENCE = re.compile(r"根据|如果|若|注[意:：]|由于")
_UNFINISHED = re.compile(r"(?:可按|可再加|比例|约为|[是时在按的])$")
_NOT_WORDS = re.compile(r"[\W_]+")
# Groups and lines of which the cook takes one: 方法一 / 方法二, 面包版 / 懒人版.
_VERSION = re.compile(r"版|方[法案式子]|做法|配方|[任选]选|选[择其]?一|人份|口味|[甜咸辣]口")
_REMARK = re.compile(r"[（(]([^（）()]*)[）)]")


def merge(named: Sequence[Ingredient], measured: Sequence[Ingredient]) -> list[Ingredient]:
    """The ingredients of `named` with the amounts of `measured`, then those found only in `measured`."""
    first = once(named)
    second = once(measured)
    partner: dict[int, int] = {}
    for alike in (_same_name, _same_choice, _homophones, _same_word, _contained, _same_kind, _begins, _misspelt):
        for place, one in enumerate(first):
            if place in partner:
                continue
            free = [k for k in range(len(second)) if k not in partner.values()]
            # Of several likenesses the longest name that they share is the surest.
            found = max(free, key=lambda k: (alike(one, second[k]), -k), default=None)
            if found is not None and alike(one, second[found]):
                partner[place] = found
    joined = [_join(one, second[partner[place]]) if place in partner else one for place, one in enumerate(first)]
    # 江南米或北方大米, then a line for each: what is offered as an alternative is no ingredient of its own.
    offered = {_key(name) for ingredient in joined for name in ingredient.alt}
    left = [other for k, other in enumerate(second) if k not in partner.values()]
    return [*joined, *(other for other in left if _has_amount(other) or _key(other.name) not in offered)]


def is_equipment(name: str) -> bool:
    """Whether a name of a list of what is needed ends as only equipment does there."""
    return name.endswith(_knowledge().equipment)


def is_label(text: str) -> bool:
    """Whether a line that has others after it is their heading (油皮, 主面团, 小料)."""
    return text.strip() in _knowledge().labels


def without_remarks(ingredients: Sequence[Ingredient], elsewhere: str) -> list[Ingredient]:
    """The ingredients of lines without what is a remark taken for one (500g，会是拳头大小两坨).

    A thing that is not the first of its line is a remark where it stands in no list and nothing `elsewhere`
    in the recipe names it; its amount is the first thing's, if that has none of its own.
    """
    kept: list[Ingredient] = []
    line: str | None = None
    for ingredient in ingredients:
        first, line = ingredient.raw != line, ingredient.raw
        if _SENTENCE.match(ingredient.raw) or _UNFINISHED.search(ingredient.name):
            continue
        if first or _listed(ingredient, elsewhere):
            kept.append(ingredient)
        elif kept and kept[-1].raw == line and not _has_amount(kept[-1]):
            kept[-1] = replace(kept[-1], min=ingredient.min, max=ingredient.max, unit=ingredient.unit)
    return kept


def _listed(ingredient: Ingredient, elsewhere: str) -> bool:
    """Whether a later thing of a line is one of a list there, or is named elsewhere."""
    if _key(ingredient.name) in elsewhere or ingredient.name in _knowledge().kinds:
        return _has_amount(ingredient) or _ADVICE.search(_clause(ingredient)) is None
    before = ingredient.raw[: ingredient.raw.find(ingredient.name)].rstrip("0123456789.- ~约各")
    return before.endswith(("、", "+", "＋", "&", "和"))


def _clause(ingredient: Ingredient) -> str:
    """The clause of its line that an ingredient stands in; empty where that is the first one."""
    start = max(ingredient.raw.find(ingredient.name), 0)
    opening = max(ingredient.raw.rfind("，", 0, start), ingredient.raw.rfind(",", 0, start))
    closing = ingredient.raw.find("，", start)
    return "" if opening < 0 else ingredient.raw[opening : closing if closing >= 0 else len(ingredient.raw)]


def _has_amount(ingredient: Ingredient) -> bool:
    return ingredient.min is not None or ingredient.max is not None or ingredient.vague is not None


def once(ingredients: Iterable[Ingredient]) -> list[Ingredient]:
    """The ingredients without repeats: what two groups or two uses of a recipe need stands once, added up."""
    parts: dict[str, list[Ingredient]] = {}
    for ingredient in ingredients:
        parts.setdefault(ingredient.name, []).append(ingredient)
    return [_together(same) for same in parts.values()]


def _together(parts: Sequence[Ingredient]) -> Ingredient:
    """Entries of one name as one: the first with an amount, and what adds to it (中种 250 克 + 主面团 50 克)."""
    first = next((part for part in parts if part.min is not None), None)
    if first is None:
        return next((part for part in parts if part.max is not None), parts[0])
    added: list[Ingredient] = []
    for part in parts:
        if part is first or all(_adds(one, part) for one in (first, *added)):
            added.append(part)
    if len(added) == 1:
        return first
    groups = [part.group for part in added]
    ends = [part.max for part in added if part.max is not None]
    return replace(
        first,
        raw=" + ".join(part.raw for part in added),
        min=round(sum(part.min or 0.0 for part in added), 4),
        max=round(sum(ends), 4) if len(ends) == len(added) else None,
        optional=all(part.optional for part in added),
        group="、".join(dict.fromkeys(g for g in groups if g)) if all(groups) else None,
        preparation=next((part.preparation for part in added if part.preparation), None),
    )


def _adds(one: Ingredient, other: Ingredient) -> bool:
    """Whether two entries of one name are needed both; versions to choose from and plain repeats are not."""
    if one.min is None or other.min is None or one.unit != other.unit:
        return False
    for a, b in ((one.group, other.group), (one.raw, other.raw)):
        if a and b and _VERSION.search(a) and _VERSION.search(b):
            return False
    remarks = [_REMARK.findall(ingredient.raw) for ingredient in (one, other)]
    return (
        one.group != other.group
        or (one.min, one.max) != (other.min, other.max)
        or (all(remarks) and remarks[0] != remarks[1])
    )


def _join(named: Ingredient, measured: Ingredient) -> Ingredient:
    """The named ingredient with the amount measured; its own amount stands where the other has no number."""
    own = measured.min is None and measured.max is None and (named.min is not None or named.max is not None)
    amount = named if own else measured
    # 肉类, then 培根或其他肉类: of what may be chosen the first named is a choice too.
    known = any(_key(measured.name) == name or _within(_key(measured.name), name) for name in _names(named))
    chosen = (measured.name,) if measured.alt and not known else ()
    others = dict.fromkeys((*named.alt, *chosen, *measured.alt))
    for same in (named.name, f"其他{named.name}", f"其它{named.name}"):
        others.pop(same, None)
    return replace(
        amount,
        name=named.name,
        optional=named.optional or measured.optional,
        alt=tuple(others),
        group=named.group or measured.group,
        preparation=amount.preparation or named.preparation,
    )


class _Knowledge(Struct, frozen=True):
    kinds: dict[str, frozenset[int]]
    before: re.Pattern[str]
    after: re.Pattern[str]
    different: frozenset[str]
    equipment: tuple[str, ...]
    labels: frozenset[str]


@cache
def _knowledge() -> _Knowledge:
    lists = knowledge("merging")
    kinds: dict[str, frozenset[int]] = {}
    for number, line in enumerate(lists["same"].strip().splitlines()):
        for word in line.split():
            kinds[word] = kinds.get(word, frozenset()) | {number}
    return _Knowledge(
        kinds=kinds,
        before=re.compile("(?:" + "|".join(lists["before"].split()) + ")+"),
        after=re.compile("(?:" + "|".join(lists["after"].split()) + ")+"),
        different=frozenset(lists["different"].split()),
        equipment=tuple(lists["equipment"].split()),
        labels=frozenset(lists["labels"].split()),
    )


@lru_cache(maxsize=16_384)
def _key(name: str) -> str:
    return _NOT_WORDS.sub("", name).lower()


def _names(ingredient: Ingredient) -> set[str]:
    return {_key(name) for name in (ingredient.name, *ingredient.alt)}


def _same_name(one: Ingredient, other: Ingredient) -> int:
    return len(one.name) if _key(one.name) == _key(other.name) else 0


def _same_choice(one: Ingredient, other: Ingredient) -> int:
    """The first choice of either list is one of the other's choices."""
    first = {_key(one.name), _key(other.name)}
    return len(max(_names(one) & _names(other) & first, key=len, default=""))


def _homophones(one: Ingredient, other: Ingredient) -> int:
    """胡箩卜 for 胡萝卜: another character of the same sound."""
    a, b = _key(one.name), _key(other.name)
    alike = len(a) == len(b) > 1 and all(x == y or syllable(x) == syllable(y) for x, y in zip(a, b, strict=True))
    return len(a) if alike else 0


def _between(one: Ingredient, other: Ingredient, alike: Callable[[str, str], int]) -> int:
    return max(alike(a, b) for a in _names(one) for b in _names(other))


def _same_word(one: Ingredient, other: Ingredient) -> int:
    """The longer name is the shorter one and a word that makes no other thing of it: 干酵母/酵母."""
    return _between(one, other, _extended)


def _extended(a: str, b: str) -> int:
    knowledge = _knowledge()
    short, long = sorted((a, b), key=len)
    if not short or short == long or long in knowledge.different:
        return 0
    head, found, tail = long.partition(short)
    fits = found and (not head or knowledge.before.fullmatch(head)) and (not tail or knowledge.after.fullmatch(tail))
    return len(short) if fits else 0


def _contained(one: Ingredient, other: Ingredient) -> int:
    """The longer name ends in the shorter one, or begins with it: 农村玉米鸡/鸡, 郫县豆瓣酱/豆瓣酱."""
    return _between(one, other, _within)


def _within(a: str, b: str) -> int:
    short, long = sorted((a, b), key=len)
    if not short or short == long or long in _knowledge().different:
        return 0
    if long.endswith(short) or (len(short) > 1 and long.startswith(short)):
        return len(short)
    # 巴斯马蒂香米/巴斯马蒂长粒香米: a word in the middle is left out.
    middle = len(short) > 3 and any(
        long.startswith(short[:k]) and long.endswith(short[k:]) for k in range(2, len(short) - 1)
    )
    return len(short) if middle else 0


def _begins(one: Ingredient, other: Ingredient) -> int:
    """What is measured begins with the name and goes on about it: 姜手指头大小."""
    name, said = _key(one.name), _key(other.name)
    return len(name) if said.startswith(name) and len(said) - len(name) > 2 else 0


def _misspelt(one: Ingredient, other: Ingredient) -> int:
    """Most characters of a longer name are the other's: 红油豆瓣/红油瓣酱."""
    a, b = _key(one.name), _key(other.name)
    shared = len(set(a) & set(b))
    return shared if min(len(a), len(b)) > 3 and shared >= 0.7 * max(len(a), len(b)) else 0


def _same_kind(one: Ingredient, other: Ingredient) -> int:
    """Both are spellings of one kind: 食用油/菜籽油, 盐/食盐."""
    kinds = _knowledge().kinds
    nothing: frozenset[int] = frozenset()
    return int(any(kinds.get(a, nothing) & kinds.get(b, nothing) for a in _names(one) for b in _names(other)))

"""What foods do in a dish: the groups of `data/roles*.toml`, whose member a name is, and which names mean one thing."""

from functools import cache, lru_cache

from msgspec import Struct

from shishen.chinese import normalise
from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.words import aliases, bare, canonical_ingredient

# How a food is cut or what it came as: 藕丁 is 藕, 冷冻虾仁 ends in 虾仁 anyway.
_CUT = "片丝末丁粒段条块碎泥蓉茸沫圈瓣花液"


class Group(Struct, frozen=True, kw_only=True):
    """One [[group]] of `roles*.toml`; `roles.toml` explains the fields."""

    role: str
    does: str
    family: str
    seasoning: bool
    when: tuple[str, ...]
    candidates: tuple[tuple[str, str], ...]
    without: str
    warning: str | None
    warning_when: tuple[str, ...]


@cache
def _groups() -> tuple[tuple[Group, ...], dict[str, list[Group]], dict[str, list[Group]]]:
    """Every group, and the groups of each member and of each ending."""
    groups: list[Group] = []
    members: dict[str, list[Group]] = {}
    endings: dict[str, list[Group]] = {}
    for entry in (*knowledge("roles")["group"], *knowledge("roles_foods")["group"]):
        group = Group(
            role=entry["role"],
            does=entry["does"],
            family=entry["family"],
            seasoning=entry.get("seasoning", False),
            when=tuple(entry.get("when", "").split()),
            candidates=tuple((name, effect) for name, effect in entry["candidates"]),
            without=entry["without"],
            warning=entry.get("warning"),
            warning_when=tuple(entry.get("warning_when", "").split()),
        )
        groups.append(group)
        for name in entry["members"].split():
            members.setdefault(bare(name), []).append(group)
        for name in entry.get("endings", "").split():
            endings.setdefault(name, []).append(group)
    return tuple(groups), members, endings


@lru_cache(maxsize=8192)
def groups_of(name: str) -> tuple[Group, ...]:
    """The groups of a name: as it stands or by an alias, else by the longest member it ends in, else holds."""
    _, members, endings = _groups()
    plain = bare(name)
    for known in (plain, canonical_ingredient(plain), _uncut(plain)):
        if known in members:
            return tuple(members[known])
    for tried in dict.fromkeys((plain, _uncut(plain))):
        for start in range(1, len(tried) - 1):
            if tried[start:] in members:
                return tuple(members[tried[start:]])
    if plain[-1:] in endings and len(plain) > 1:
        return tuple(endings[plain[-1]])
    held = [m for m in members if len(m) > 1 and m in plain]
    if held:
        return tuple(members[max(held, key=len)])
    last = _uncut(plain)[-1:]
    return tuple(members.get(last, ()))


def _uncut(name: str) -> str:
    """A name without how it is cut: 藕丁 → 藕; what is known as it stands (粉丝), or would leave nothing, stays."""
    if name in _groups()[1]:
        return name
    return (name.rstrip(_CUT) or name) if len(name) > 1 else name


def families_of(name: str) -> frozenset[str]:
    return frozenset(group.family for group in groups_of(name))


@cache
def listed(table: str, key: str) -> tuple[str, ...]:
    return tuple(knowledge("roles")[table].get(key, "").split())


@cache
def _merged() -> dict[str, set[tuple[int, bool]]]:
    """Word → the lines of spellings that it stands in, and whether it is the line's general word, its first."""
    found: dict[str, set[tuple[int, bool]]] = {}
    for number, line in enumerate(knowledge("merging")["same"].split("\n")):
        for place, word in enumerate(line.split()):
            found.setdefault(bare(word), set()).add((number, place == 0))
    return found


def equal(one: str, other: str) -> bool:
    one, other = bare(one), bare(other)
    return one == other or canonical_ingredient(one) == canonical_ingredient(other)


def covers(word: str, name: str) -> bool:
    """Whether `word` is a general word or a part of `name` that means the same thing: 葱 – 大葱, never 葱 – 洋葱."""
    word, name = _uncut(bare(word)), bare(name)
    if not word or not families_of(word) & families_of(name):
        return False
    return word in name or canonical_ingredient(word) in canonical_ingredient(name)


def general(word: str, name: str) -> bool:
    """Whether `word` is a general word for `name` by family (鱼 – 鲈鱼, 肉 – 五花肉) or spelling (酱油 – 生抽)."""
    word = bare(word)
    if families_of(name) & frozenset(listed("generic", word) or listed("generic", _uncut(word))):
        return True
    return same_spelling(word, name)


def same_spelling(word: str, name: str) -> bool:
    """Whether one is the general word of a line of spellings that the other stands in: 油 – 食用油, not 油 – 猪油."""
    lines = _merged()
    return any(
        number == other and (first or also_first)
        for number, first in lines.get(bare(word), ())
        for other, also_first in lines.get(bare(name), ())
    )


def is_seasoning(name: str) -> bool:
    groups = groups_of(name)
    return bool(groups) and all(group.seasoning or group.family in {"水", "冰"} for group in groups)


@cache
def _vocabulary() -> tuple[frozenset[str], frozenset[str], int]:
    """Every food word that a step may hold, those that only look like one, and the longest length."""
    _, members, endings = _groups()
    words = {*members, *endings, *aliases("ingredient"), *map(normalise, knowledge("roles")["generic"]), *_merged()}
    for line in knowledge("words")["food"].split():
        words.add(normalise(line))
    ignored = frozenset(map(normalise, listed("ignored", "words")))
    return frozenset(words), ignored, max(map(len, words | ignored))


@lru_cache(maxsize=4096)
def foods_in(text: str, extra: frozenset[str]) -> tuple[tuple[int, str], ...]:
    """The food words of a text with their places, from the left, each the longest that is known."""
    words, ignored, longest = _vocabulary()
    runs_on = listed("runs_on", "words")
    longest = max(longest, max(map(len, extra), default=0))
    found: list[tuple[int, str]] = []
    at = 0
    while at < len(text):
        for length in range(min(longest, len(text) - at), 0, -1):
            piece = text[at : at + length]
            if piece in ignored:
                at += length
                break
            if length > 1 and text[at + length - 1 : at + length + 1] in runs_on:
                continue
            if piece in words or piece in extra:
                # 葱香, 蒜味: a smell, not the thing; but 葱香菜 is 葱 and 香菜.
                smell = (
                    text[at + length : at + length + 1] in ("香", "味")
                    and text[at + length : at + length + 2] not in words
                )
                if not smell:
                    found.append((at, piece))
                at += length
                break
        else:
            at += 1
    return tuple(found)

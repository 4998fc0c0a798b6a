"""The words that the ingredient-line reader knows, read once from data/*.toml and made into patterns."""

import re
from collections.abc import Iterable
from functools import cache

from msgspec import Struct

from shishen.domains.cooking.knowledge import knowledge

Pattern = re.Pattern[str]


class Vocabulary(Struct, frozen=True):
    """Patterns and word sets, all ready for use; see the comments in the TOML files for what each holds."""

    unit: Pattern
    measured: frozenset[str]
    orphan: Pattern
    protected: Pattern
    joining: Pattern
    known: frozenset[str]
    known_at: Pattern
    group_of: dict[str, str]
    endings: tuple[str, ...]
    modifiers: frozenset[str]
    kept: Pattern
    cooked: Pattern
    leading: Pattern
    trailing: Pattern
    amount_words: Pattern
    amount_whole: frozenset[str]
    headers: frozenset[str]
    header_endings: tuple[str, ...]
    header_label: Pattern
    vague_own: Pattern
    vague_other: Pattern
    vague_free: Pattern
    special: frozenset[str]
    optional: Pattern
    optional_alone: frozenset[str]
    not_optional: Pattern
    remark: Pattern
    remark_start: Pattern
    handling: Pattern
    noise: Pattern
    tool_endings: tuple[str, ...]
    tools: frozenset[str]
    not_tools: tuple[str, ...]


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary, read on first use."""
    units, foods, tools = (knowledge(name) for name in ("units", "foods", "tools"))
    counters = units["counters"]["words"].split()
    words = {*units["mass"], *units["volume"], *counters}
    known = foods["known"]
    return Vocabulary(
        unit=_unit(words, units["names"]["words"].split()),
        measured=frozenset((*units["mass"], *units["volume"])),
        orphan=re.compile(
            f"(?!{_any(units['names']['words'].split())})(?:{_any(units['orphans']['words'].split())})"
            r"(?![A-Za-z])",
            re.IGNORECASE,
        ),
        protected=_pattern(foods["protected"]["numbers"]),
        joining=_pattern(foods["protected"]["joins"]),
        known=frozenset(word for names in known.values() for word in names.split()),
        known_at=re.compile(_any(word for names in known.values() for word in names.split())),
        group_of={word: group for group, names in known.items() for word in names.split()},
        endings=tuple(foods["endings"]["words"].split()),
        modifiers=frozenset(foods["endings"]["modifiers"].split()),
        kept=_pattern(foods["kept"]["products"]),
        cooked=_pattern(foods["kept"]["verbs"]),
        leading=_pattern(foods["preparation"]["leading"]),
        trailing=re.compile(f"(?:{_any(foods['preparation']['trailing'].split())})$"),
        amount_words=re.compile(f"(?:{_any(foods['amount_words']['endings'].split())})$"),
        amount_whole=frozenset(foods["amount_words"]["whole"].split()),
        headers=frozenset(foods["headers"]["words"].split()),
        header_endings=tuple(foods["headers"]["endings"].split()),
        header_label=re.compile(
            rf"(?:^|(?<=[\sA-Za-z0-9个块只根片把勺克颗粒条瓣量棵朵张袋包盒瓶杯碗斤两]))(?:{_any(foods['headers']['words'].split())})\d?\s*:\s*(?=\S)"
        ),
        vague_own=_pattern(foods["vague"]["own"]),
        vague_other=_pattern(foods["vague"]["other"]),
        vague_free=_pattern(foods["vague"]["free"]),
        special=frozenset(
            word[0]
            for words in (
                foods["vague"]["own"],
                foods["vague"]["other"],
                foods["vague"]["free"],
                foods["optional"]["words"],
            )
            for word in words.split()
        ),
        # 可选牛腩 offers a choice of kinds; 可选 and 可选但推荐 leave a thing out.
        optional=re.compile(
            _any(foods["optional"]["words"].split()) + r"(?<!可选)|可选(?![\u4e00-\u9fff])|可选(?=但|的$|项|，)"
        ),
        optional_alone=frozenset(foods["optional"]["alone"].split()),
        not_optional=_pattern(foods["optional"]["not_words"]),
        remark=_pattern(foods["remarks"]["anywhere"]),
        remark_start=_pattern(foods["remarks"]["starts"]),
        handling=_pattern(foods["remarks"]["handling"]),
        noise=re.compile("|".join(foods["noise"]["patterns"])),
        tool_endings=tuple(tools["endings"].split()),
        tools=frozenset(tools["words"].split()),
        not_tools=tuple(tools["foods"].split()),
    )


def _any(words: Iterable[str]) -> str:
    """An alternation, longest word first, so that the longest wins."""
    return "|".join(re.escape(word) for word in sorted(set(words), key=lambda w: (-len(w), w)))


def _pattern(words: str) -> Pattern:
    return re.compile(_any(words.split()))


def _unit(words: Iterable[str], names: Iterable[str]) -> Pattern:
    # A Latin unit ends where its letters end, except before capitals (50gBBQ酱).
    latin = [word for word in words if word.isascii()]
    han = [word for word in words if not word.isascii()]
    return re.compile(
        rf"\s*(?!{_any(names)})[整满]?(?P<unit>[大小中]?(?:{_any(han)})儿?(?!童|菜)|(?i:{_any(latin)})(?:(?![a-z])|(?<=g)(?=[a-z]{3})))"
    )

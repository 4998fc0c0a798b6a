"""What people say about what must not be in their food: 我对花生过敏, 不吃香菜, 我吃素, 可以不放糖吗.

Foods, diets and conditions in a turn become one character each; small patterns then read the words around them.
The patterns are in data/exclusion_talk.toml, words in data/exclusions.toml and data/diets.toml.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, Literal

from msgspec import Struct

from shishen.chinese import normalise
from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.words import Lexicon, aliases, canonical_ingredient
from shishen.records import Exclusion

Kind = Literal["allergy", "diet", "condition", "dislike"]
# The name under which 不忌口了 withdraws every dislike.
EVERYTHING = "所有"


class Reading(Struct, frozen=True):
    """What one turn says about exclusions.

    `spans` are the words that said so, as (start, end) in the text; `asked` is true where somebody only asks
    whether something can be left out of a dish (可以不放X吗). Allergies and conditions in `withdrawn` are reported as
    said; whether to believe it is the caller's to decide.
    """

    added: tuple[Exclusion, ...] = ()
    withdrawn: tuple[Exclusion, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    asked: bool = False


class _Thing(Struct, frozen=True):
    """What a word of a turn stands for: foods (of kind `dislike`), a diet or a condition; no names: nothing."""

    names: tuple[str, ...] = ()
    kind: Kind = "dislike"


class _Token(Struct, frozen=True):
    """One piece of the turn: a thing or a single character, and its place in the text."""

    character: str
    start: int
    end: int
    thing: _Thing | None = None


def longest(words: Iterable[str]) -> re.Pattern[str]:
    """One pattern that finds the longest of many words at a place; its cost does not grow with their number."""
    root: dict[str, Any] = {}
    for word in words:
        node = root
        for character in word:
            node = node.setdefault(character, {})
        node[""] = {}

    def written(node: dict[str, Any]) -> str:
        branches = [re.escape(character) + written(child) for character, child in node.items() if character]
        if not branches:
            return ""
        body = branches[0] if len(branches) == 1 and "" not in node else f"(?:{'|'.join(branches)})"
        return body + "?" if "" in node else body

    return re.compile(written(root))


def plain(word: str) -> str:
    """A word of the data as texts have it: `soy_sauce` → `soy sauce`."""
    return normalise(word.replace("_", " "))


@cache
def _things() -> Mapping[str, _Thing]:
    """Every word that a turn is cut at → what it stands for; earlier lists count before later ones."""
    lists, diets, made_of = knowledge("exclusions"), knowledge("diets"), knowledge("made_of")
    things: dict[str, _Thing] = {}

    def learn(words: Iterable[str], thing: _Thing | None = None) -> None:
        for word in map(plain, words):
            things.setdefault(word, thing or _Thing((canonical_ingredient(word),)))

    learn(lists["talk"]["words"].split(), _Thing())
    for table, kind in (("diet", "diet"), ("condition", "condition")):
        for entry in diets[table]:
            learn((entry["name"], *entry["said"].split()), _Thing((entry["name"],), kind))  # type: ignore[arg-type]
    for illness, name in diets["means"].items():
        learn((illness,), _Thing((name,), "allergy"))
    for word, names in lists["several"].items():
        learn((word,), _Thing(tuple(names.split())))
    for entry in lists["class"]:
        learn((entry["name"], *entry.get("said", "").split()), _Thing((entry["name"],)))
    for word, name in lists["english"].items():
        learn((word,), _Thing((name,)))
    foods = knowledge("words")["food"].split()
    learn(foods)
    learn(aliases("ingredient"))
    for entry in (*lists["class"], *made_of["made"]):
        learn(word for word in entry["words"].split() if len(word) > 1 and not word.isascii())
    # A dish is not a food that somebody leaves out: 不想吃红烧肉 is about this dish.
    learn(aliases("dish"), _Thing())
    # 不辣 means nothing in a recipe, but here it is what people ask for.
    learn((word for word in made_of["nothing"]["words"].split() if word[0] not in "不免"), _Thing())
    return things


@cache
def _lexicon() -> Lexicon:
    return Lexicon(_things())


# Characters that stand for things in a cut text: a food, a diet or condition, an illness that is an allergy, a dish.
_FOOD, _REGIME, _ILLNESS, _DISH = "\ue000", "\ue001", "\ue002", "\ue003"


def _cut(text: str) -> list[_Token]:
    """The turn as tokens: every known thing one token, everything else one character each."""
    tokens: list[_Token] = []
    at = 0
    for start, end in _lexicon().find(text):
        word = text[start:end]
        if word.isascii() and within_word(text, start, end):
            continue
        tokens += (_Token(text[index], index, index + 1) for index in range(at, start))
        thing = _things()[word]
        sign = {"dislike": _FOOD, "allergy": _ILLNESS}.get(thing.kind, _REGIME) if thing.names else _DISH
        if thing.names or len(word) > 2:
            tokens.append(_Token(sign, start, end, thing))
        else:
            tokens += (_Token(text[index], index, index + 1) for index in range(start, end))
        at = end
    tokens += (_Token(text[index], index, index + 1) for index in range(at, len(text)))
    return tokens


def within_word(text: str, start: int, end: int) -> bool:
    """Whether a stretch of Latin letters is part of a longer word: ham in hamburger."""
    around = text[start - 1 : start] if start else "", text[end : end + 1]
    return any(letter.isascii() and letter.isalpha() for letter in around)


# A sentence at a time: the cost of the patterns grows faster than the length.
_SENTENCE = re.compile(r"[^。！？!?;；]{1,150}[。！？!?;；]?")
_STOP = re.compile(r"[，。！？；,.!?;]")


@cache
def _classes(name: str) -> frozenset[str]:
    """`allergens` or `tastes`: classes that some patterns are only about."""
    return frozenset(knowledge("exclusion_talk")["classes"][name].split())


@cache
def _patterns(kind: str) -> tuple[re.Pattern[str], ...]:
    """The patterns of one list of data/exclusion_talk.toml."""
    return tuple(re.compile(_filled(pattern)) for pattern in knowledge("exclusion_talk")["patterns"][kind])


@cache
def _around(name: str) -> re.Pattern[str]:
    """One pattern of what stands around."""
    return re.compile(_filled(knowledge("exclusion_talk")["around"][name]))


def _filled(pattern: str) -> str:
    """A pattern of the data with every <name> put in."""
    parts = {**knowledge("exclusion_talk")["parts"], "f": _FOOD, "dish": _DISH}
    return re.sub(r"(?<!\?P)<([a-z]+)>", lambda found: _filled(parts[found[1]]), pattern)


class _Reader:
    """One turn while it is read: its tokens, what was found, and the stretches already understood."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _cut(text)
        self.cut = "".join(token.character for token in self.tokens)
        self.added: dict[tuple[str, str], Exclusion] = {}
        self.withdrawn: dict[tuple[str, str], Exclusion] = {}
        self.spans: list[tuple[int, int]] = []
        self.taken: list[tuple[int, int]] = []
        self.asked = False

    def matches(self, patterns: Iterable[re.Pattern[str]]) -> Iterator[re.Match[str]]:
        """Every match that overlaps nothing understood so far."""
        for pattern in patterns:
            at = 0
            while match := pattern.search(self.cut, at):
                if any(match.start("list") < end and start < match.end("list") for start, end in self.taken):
                    at = match.start() + 1
                    continue
                yield match
                at = max(match.end("list"), match.start() + 1)

    def names(self, match: re.Match[str]) -> list[str]:
        """The foods of a match's list."""
        things = (token.thing for token in self.tokens[match.start("list") : match.end("list")])
        return [name for thing in things if thing is not None for name in thing.names]

    def take(self, start: int, end: int) -> None:
        """Mark a stretch of the cut text as understood."""
        while end > start and self.cut[end - 1] in " ，,":
            end -= 1
        self.taken.append((start, end))
        self.spans.append((self.tokens[start].start, self.tokens[end - 1].end))

    def add(self, name: str, kind: Kind, scope: Literal["conversation", "dish"] = "conversation") -> None:
        """An exclusion said; one for the conversation counts before one for the dish."""
        held = self.added.get((name, kind))
        if held is None or held.scope == "dish":
            self.added[name, kind] = Exclusion(name, kind, scope)

    def withdraw(self, name: str, kind: Kind) -> None:
        """An exclusion taken back."""
        self.withdrawn[name, kind] = Exclusion(name, kind)

    def before(self, start: int) -> str:
        """The words of the same clause before a place."""
        return _STOP.split(self.cut[:start])[-1]


@lru_cache(maxsize=4096)
def read_exclusions(text: str) -> Reading:
    """What a normalised text says about exclusions; see `Reading`."""
    added: dict[tuple[str, str], Exclusion] = {}
    withdrawn: dict[tuple[str, str], Exclusion] = {}
    spans: set[tuple[int, int]] = set()
    asked = False
    for sentence in _SENTENCE.finditer(text):
        reader = _Reader(sentence[0])
        for read in (_read_regimes, _read_asked, _read_allergies, _read_withdrawn, _read_dislikes):
            read(reader)
        for key, one in reader.added.items():
            if key not in added or added[key].scope == "dish":
                added[key] = one
        withdrawn.update(reader.withdrawn)
        spans.update((start + sentence.start(), end + sentence.start()) for start, end in reader.spans)
        asked = asked or reader.asked
    worse = {name for name, kind in added if kind == "allergy"}
    said = tuple(one for one in added.values() if one.kind != "dislike" or one.name not in worse)
    return Reading(said, tuple(withdrawn.values()), tuple(sorted(spans)), asked)


def _read_regimes(reader: _Reader) -> None:
    """Diets, conditions, illnesses that are allergies; and the age of an infant."""
    for index, token in enumerate(reader.tokens):
        if token.thing is None or token.character not in (_REGIME, _ILLNESS):
            continue
        negated = _around("not_regime").search(reader.before(index))
        if negated is None:
            for name in token.thing.names:
                reader.add(name, token.thing.kind)
            reader.take(index, index + 1)
        elif reader.cut.startswith(("了", "期了"), index + 1):
            for name in token.thing.names:
                reader.withdraw(name, token.thing.kind)
            reader.take(index, index + 2)
    for pattern in (_around("months"), _around("infant_year")):
        for match in pattern.finditer(reader.text):
            many = match.groupdict().get("many")
            if many is None or _number(many) <= 12:
                reader.add("婴儿", "condition")
                reader.spans.append(match.span())


def _number(written: str) -> int:
    """一 … 十二 or digits."""
    if written.isdigit():
        return int(written)
    tens = 10 if "十" in written else 0
    return tens + sum("零一二三四五六七八九".find(digit) for digit in written.replace("两", "二") if digit != "十")


def _read_asked(reader: _Reader) -> None:
    """可以不放X吗, 不放X的宫保鸡丁: for one dish, and only asked."""
    for match in reader.matches(_patterns("asked")):
        if _around("why").search(reader.before(match.start())):
            continue
        for name in reader.names(match):
            reader.add(name, "dislike", "dish")
        reader.asked = True
        reader.take(match.start(), match.end())
    for match in reader.matches(_patterns("except")):
        for name in reader.names(match):
            reader.add(name, "dislike")
        reader.take(match.start(), match.end())


def _read_allergies(reader: _Reader) -> None:
    """X过敏, 对X过敏, 过敏原是X, X不耐受; 不含X of an allergen."""
    for match in reader.matches(_patterns("allergic")):
        groups, before = match.groupdict(), reader.before(match.start())
        negated = (
            _around("unsaid").search(groups.get("between") or "")
            or _around("negated").search(before)
            or before.endswith("not ")
        )
        after = groups.get("after") or ""
        if negated or re.match(r"(?:已经|都)?(?:好了|没了)", after):
            if after.startswith(("了", "好了", "没了", "已经")):
                for name in reader.names(match):
                    reader.withdraw(name, "allergy")
            reader.take(match.start(), match.end("list"))
            continue
        for name in reader.names(match):
            reader.add(name, "allergy")
        reader.take(match.start(), match.end() - len(after))
    for match in reader.matches(_patterns("free")):
        names = reader.names(match)
        if match[0].startswith(("无", "零")) and not (_classes("allergens") | _classes("tastes")).issuperset(names):
            continue
        if reader.cut.startswith("不", match.end()):  # 无辣不欢
            continue
        for name in names:
            reader.add(name, "allergy" if name in _classes("allergens") else "dislike")
        reader.take(match.start(), match.end())


def _read_withdrawn(reader: _Reader) -> None:
    """可以吃辣了, 取消不吃辣, 香菜可以放, 不忌口了."""
    for match in _around("all").finditer(reader.cut):
        reader.withdraw(EVERYTHING, "dislike")
        reader.take(match.start(), match.end())
    for match in reader.matches(_patterns("withdrawn")):
        before = reader.before(match.start())
        if before.endswith(("不", "没", "才", "不吃", "不放", "怎么", "怎样", "如何")) or "什么" in match[0]:
            continue
        kind: Kind = "allergy" if match.groupdict().get("tail") == "过敏" else "dislike"
        for name in reader.names(match):
            reader.withdraw(name, kind)
        reader.take(match.start(), match.end())


def _read_dislikes(reader: _Reader) -> None:
    """不吃X, 别放X, 讨厌X, X不要; not where it is denied, asked about or must be there."""
    for match in reader.matches(_patterns("disliked")):
        if not _means_it(reader, match):
            continue
        names = reader.names(match)
        drinks = _around("drinks").match(match[0])
        names = ["饮酒" if drinks and name == "酒精" else name for name in names]
        this_dish = _around("this_dish").search(reader.before(match.start()))
        for name in names:
            reader.add(name, "dislike", "dish" if this_dish else "conversation")
        reader.take(match.start(), match.end())
    for match in reader.matches((_around("mild"),)):
        names = reader.names(match)
        before = reader.before(match.start())
        if not _classes("tastes").issuperset(names) or before.endswith((_FOOD, "怕", "是", "嫌", "又")):
            continue
        for name in names:
            reader.add(name, "dislike")
        reader.take(match.start(), match.end())


def _single(reader: _Reader, match: re.Match[str]) -> bool:
    """Whether every food of the list is one character (葱姜蒜); 土豆牛肉 is a dish."""
    tokens = reader.tokens[match.start("list") : match.end("list")]
    return all(token.end - token.start == 1 for token in tokens)


def _means_it(reader: _Reader, match: re.Match[str]) -> bool:
    """Whether a match says that somebody does not want the food, once the words around it are read."""
    start, said = match.start(), match[0]
    before, after = reader.before(start), reader.cut[match.end() :]
    if _around("negated").search(before) or _around("why").search(before) or _around("must").match(after):
        return False
    # 吃不吃, 要不要, 辣不辣: a question, not a refusal.
    for found in re.finditer("不", said):
        at = start + found.start()
        if 0 < at < len(reader.cut) - 1 and reader.cut[at - 1] == reader.cut[at + 1]:
            return False
    if said.startswith(("怕", "害怕", "忌")) and before.endswith(("不", "没", "别", "不用", "还")):
        return False
    if said.startswith(("走", "免", "戒", "排除")) and before and before[-1].isalpha() and said[0] in "走免戒":
        return False
    if re.match(r"[吗么]|不[吗么]", after):
        return False
    if re.search(r"[放加搁撒用]", said) and re.match(r"[进在入到]", after):
        return False
    foods = match["list"]
    if re.search(r"想|喜欢|爱", said) and re.search(_FOOD * 2, foods) and not _single(reader, match):
        return False
    if foods.endswith(_FOOD * 2) and reader.names(match)[-1] == "面":
        return False
    # 不想吃鸡蛋羹 is about a dish: only some words may follow a food that somebody does not want to eat.
    if (
        match.end() == match.end("list")
        and re.search(r"想|喜欢|爱|吃|做", said)
        and not _around("food_ends").match(after)
    ):
        return False
    return not (said.startswith(("不用", "别用")) and re.match(r"[来去炒煮炸蒸洗切]", after))

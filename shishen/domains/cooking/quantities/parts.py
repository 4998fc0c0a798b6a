"""A chunk of tokens read into parts: names with the quantity, marks and alternatives written beside them."""

import re

from msgspec import Struct
from msgspec.structs import replace

from shishen.domains.cooking.quantities import kinds, naming
from shishen.domains.cooking.quantities.chunks import has_han
from shishen.domains.cooking.quantities.formulas import for_one_part
from shishen.domains.cooking.quantities.measures import Quantity
from shishen.domains.cooking.quantities.tidying import Plain, fold
from shishen.domains.cooking.quantities.tokens import Kind, Token, scan
from shishen.domains.cooking.quantities.vocabulary import vocabulary

# Amounts told by what they cover: 没过肉, 铺满锅底, 薄薄一层.
COVERING = re.compile(
    r"(?:刚刚|刚好|正好|能够?|以|大约|差不多)?"
    r"(?:(?:抹匀|抹满|没过|淹过|淹没|盖过|盖住|铺满|裹满|涂满|浸没|浸过)|(?:锅底薄薄|锅底|薄薄)的?一层|一锅底)"
)
_LETTERS = re.compile(r"\w")
_OR = re.compile(r"(?:或者?|or\b|/)\s*")
_OTHERS = re.compile(r"或者?|/|、")
_ANY_WILL_DO = re.compile(r"(?:皆可|均可|都可以?|也可以?|都行|也行|等)$")
# What is said before a name of its use or kind (去腥料酒, 黑白均可芝麻) is no amount.
_NO_AMOUNT = ("的", "均可", "口味", "去腥", "提鲜", "增香", "上色", "炝锅", "爆香", "去腥用", "炝锅用")
_PIECES = re.compile(r"[,，;、]")
_PAIRS = re.compile(r"(?:WQ+){2,}|(?:Q+W){2,}|(?:WQ+)+W")


class Part(Struct):
    """An item in the making; several names where they run together.

    `leading`: its quantity stood before the name; `remarked`: a remark stood where the quantity should;
    `equated`: there is a `=`, so an amount is said somehow.
    """

    names: list[str]
    quantity: Quantity | None = None
    leading: bool = False
    bracket_quantity: Quantity | None = None
    optional: bool = False
    remarked: bool = False
    equated: bool = False
    each: bool = False
    alternatives: list[str] = []

    @property
    def counted_after(self) -> bool:
        """Whether a number stands after the name (`盐 5g`)."""
        return self.quantity is not None and self.quantity.counted and not self.leading


def read_chunk(chunk: list[Token], plain: Plain, first: bool) -> list[Part]:
    """The items of one chunk: usually one."""
    sides: list[list[Token]] = [[]]
    for token in chunk:
        if token.kind is Kind.OR:
            sides.append([])
        else:
            sides[-1].append(token)
    found = _side(sides[0], plain, first)
    if len(sides) == 1:
        return found
    main = found[-1] if found else Part(names=[])
    for side in sides[1:]:
        for other in _side(side, plain, first=False):
            main.alternatives += ["".join(other.names)] if other.names else []
            main.optional = main.optional or other.optional
            if other.quantity is not None and (not other.leading or not other.names):
                if main.quantity is None:
                    main.quantity = other.quantity
                elif other.quantity.counted and not main.quantity.counted:
                    # `片火腿或香肠 3`: the number that its unit lost.
                    main.quantity = replace(other.quantity, unit=other.quantity.unit or main.quantity.unit)
            if main.bracket_quantity is None:
                main.bracket_quantity = other.bracket_quantity
    if main.names and main.alternatives:
        *rest, last = [*main.names[-1:], *main.alternatives]
        main.names[-1:], *main.alternatives = (
            [naming.with_head(rest[0], last)],
            *(naming.with_head(n, last) for n in rest[1:]),
            last,
        )
    if not main.names and main.alternatives and main.quantity is not None and (sides[0] or first):
        main.names, main.alternatives = main.alternatives[:1], main.alternatives[1:]
    return found or [main]


def _side(tokens: list[Token], plain: Plain, first: bool) -> list[Part]:
    groups: list[Part] = []
    current = Part(names=[])
    named = [t for t in tokens if t.kind is Kind.WORD]
    pick = _pick(tokens, named, first)
    after_amount = first
    alone = len(named) == 1
    each = any(t.kind is Kind.EACH for t in tokens)
    current.equated = any(t.kind is Kind.COLON and t.text == "=" for t in tokens)
    for i, token in enumerate(tokens):
        if token.kind is Kind.OPTIONAL:
            # 绵白糖：可以不加水 leaves out the water, not the sugar.
            of_another = (
                current.names
                and i + 1 < len(tokens)
                and tokens[i + 1].kind is Kind.WORD
                and tokens[i + 1].text[0] != "但"
            )
            current.optional = current.optional or not of_another
        elif token.kind is Kind.BRACKET:
            _bracket(current, plain.content(token.text))
            if first and not current.names and current.quantity is None and current.bracket_quantity is not None:
                current.quantity, current.leading = current.bracket_quantity, True
        elif token.kind is Kind.QUANTITY:
            current = _quantity_into(current, token.quantity, groups)
        elif token.kind is Kind.WORD and token in pick:
            current = _word_into(current, token.text, groups, first, after_amount, alone)
        elif token.kind is Kind.WORD and not current.names and naming.is_remark(token.text):
            current.remarked = len(token.text) > 2
        after_amount = token.kind in (Kind.QUANTITY, Kind.BRACKET, Kind.OPTIONAL) and (first or current.leading)
    groups.append(current)
    for group in groups:
        group.each = each
        if each and tokens[0].kind is Kind.WORD:
            group.names = [one for name in group.names for one in naming.split_each(name)]
    return groups


def _pick(tokens: list[Token], named: list[Token], first: bool) -> list[Token]:
    """Which of the words of a chunk name things: all where each has its own quantity, else the best one."""
    if len(named) < 2:
        return named
    orphan = vocabulary().orphan.fullmatch(named[0].text)
    if orphan and tokens[0] is named[0]:
        return named[:2]
    if named[0].text.endswith(("的", "重量")) and len(named) == 2:
        return named[1:]
    names = [t for t in named if not naming.is_remark(t.text, opening=not (first and t is tokens[0]))]
    if len(names) < 2:
        return names or named[-1:]
    if any(t.quantity and t.quantity.unit == "倍" for t in tokens) and not any(t.kind is Kind.COLON for t in tokens):
        return names[-1:]
    ends = [tokens[0], tokens[-1]] == names and not any(t.kind is Kind.COLON for t in tokens)
    if ends and names[1].text in names[0].text:
        return names[1:]  # 蒜泥一瓣蒜: a form that joins amount and name puts the name last
    if sum(t.kind is Kind.COLON for t in tokens) == 1 and set(names[0].text) & set(names[1].text):
        return names[:1]  # 葱 = 一根大葱
    shape = "".join("W" if t.kind is Kind.WORD else "Q" for t in tokens if t.kind in (Kind.WORD, Kind.QUANTITY))
    if _PAIRS.fullmatch(shape) and len(names) == len(named):
        sure = [naming.food_like(naming.clean(t.text)) for t in names]
        if all(s >= 1 for s in sure):
            return names
    return [max(names, key=lambda t: naming.food_like(naming.clean(t.text)))]


def _quantity_into(current: Part, quantity: Quantity | None, groups: list[Part]) -> Part:
    if quantity is None:
        return current
    held = current.quantity
    if held is None:
        current.quantity = quantity
        current.leading = not current.names
    elif current.names and current.leading:
        # 1勺盐2勺糖: the second quantity begins another item, if a name follows; equivalents are dropped later.
        if quantity.counted and not held.counted:
            current.quantity = replace(quantity, unit=quantity.unit or held.unit)
        else:
            groups.append(current)
            return Part(names=[], quantity=quantity, leading=True)
    elif quantity.counted and not held.counted:
        current.quantity = replace(quantity, unit=quantity.unit or held.unit)
    elif not quantity.counted and held.vague is None and not held.counted:
        current.quantity = replace(held, vague=quantity.vague)
    return current


def _word_into(current: Part, text: str, groups: list[Part], first: bool, sure: bool, alone: bool) -> Part:
    unit = None
    if not current.names and not groups and (orphan := vocabulary().orphan.match(text)):
        held = current.quantity
        rest = text[orphan.end() :].strip()
        if held is not None and held.unit is not None:
            # 半根根胡萝卜, 30g克紫薯泥: said twice.
            if text not in vocabulary().known and naming.food_like(naming.clean(rest)):
                text = rest
        elif alone and not rest:
            pass  # 小碗 by itself is a bowl
        elif (first or held is not None or len(orphan.group()) > 1) and not (naming.is_remark(rest) and rest):
            unit, text = orphan.group().lower(), rest
    names, remarked = _names(text, sure, amount=current.leading) if text else ([], False)
    if current.names and names:
        groups.append(current)
        current = Part(names=[])
    current.names += names
    current.remarked = current.remarked or remarked
    if unit is not None:
        held = current.quantity
        current.quantity = Quantity(unit=unit) if held is None else replace(held, unit=unit)
    return current


def _names(text: str, sure: bool, amount: bool) -> tuple[list[str], bool]:
    """The names in a stretch of text, and whether a remark stood where the amount should.

    `sure` where the place says that this is the name: at the start of a line, or right after an `amount`.
    """
    if (covering := COVERING.search(text)) and naming.food_like(text[: covering.start()]):
        return naming.split_run(naming.clean(text[: covering.start()])), True  # 清水没过食材
    name = naming.clean(text)
    if name != text and vocabulary().leading.match(text) and not naming.is_remark(name, opening=False):
        if kinds.is_tool(name):
            return [name], False
        if naming.food_like(name) > 1:
            return naming.split_run(name), False
    remarked = False
    if naming.is_remark(text, opening=not sure):
        name, remarked = _beside_remark(text, amount)
    if not _LETTERS.search(name):
        return [], remarked or not name
    return naming.split_run(name), remarked


def _beside_remark(text: str, amount: bool) -> tuple[str, bool]:
    """The food after the last remark word (`比平常炒菜多一些油`), or before the first; '' where there is none."""
    matches = list(vocabulary().remark.finditer(text))
    if not matches:
        return "", True
    after = naming.clean(text[matches[-1].end() :])
    if after and naming.food_like(after):
        said = text.removesuffix(after)
        plain = said.endswith(_NO_AMOUNT) or said.startswith(("用来", "用于")) or after[0] == "用"
        return after.removeprefix("用"), not plain or any(c in said for c in "多少量些点够满倍")
    before = naming.clean(text[: matches[0].start()])
    sure = naming.food_like(before)
    if sure > 1 or (before and sure and len(before) < 6):
        return before, any(c in text for c in "量够满")
    # 两包多余的可以自己吃啦苤蓝: an amount wants a name, even one that is not known.
    return (after, True) if amount and matches[0].start() and 1 < len(after) < 5 else ("", True)


def _bracket(part: Part, content: str) -> None:
    """What a bracket adds: an optional mark, alternatives (或X), a quantity where there is none outside."""
    words = vocabulary()
    if content.strip() in words.optional_alone:
        part.optional = True
    content = words.not_optional.sub("", content)
    for mark in words.optional.finditer(content):
        # 可选牛腩 and 备选花生油 name another choice.
        chooses = (
            mark.group() in ("可选", "备选")
            and has_han(content[mark.end() : mark.end() + 1])
            and content[mark.end()] != "但"
        )
        if not chooses:
            part.optional = True
    pieces = _PIECES.split(content)
    for place, piece in enumerate(pieces):
        piece = piece.strip().removeprefix("在")
        joint = _OR.match(piece)
        if joint:
            for other in _OTHERS.split(piece[joint.end() :]):
                found = [n for p in _side(scan(fold(other).text), fold(other), False) for n in p.names]
                part.alternatives += found[:1]
            for more in pieces[place + 1 :]:
                name = _ANY_WILL_DO.sub("", more.strip())
                if name not in words.known:
                    break
                part.alternatives.append(name)
            return
        if part.bracket_quantity is None or not part.bracket_quantity.counted:
            tokens = scan(for_one_part(piece))
            # 一片一小盒 says what one is; 3-4片约30g says one amount twice.
            rate = sum(t.kind is Kind.QUANTITY for t in tokens) > 1 and "约" not in piece and "=" not in piece
            rest = piece[len(tokens[0].text) - 1 :] if tokens and tokens[0].kind is Kind.QUANTITY else ""
            told = " " in rest[:2] and naming.is_remark(rest[1:])
            if not rate and (told or all(t.kind in (Kind.QUANTITY, Kind.SPACE) for t in tokens)):
                part.bracket_quantity = next((t.quantity for t in tokens if t.quantity), part.bracket_quantity)

"""One ingredient line into its items: name, amount, unit, options and alternatives.

The way through: tidy (tidying.py) → formulas for one part (formulas.py) → tokens (tokens.py) → chunks between
separators → an item a chunk → amounts shared out over lists → kind. What the rules are is said in docs/parse.md.
"""

import re
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from shishen.domains.cooking import kinds, naming
from shishen.domains.cooking.formulas import for_one_part
from shishen.domains.cooking.measures import Quantity
from shishen.domains.cooking.tidying import Plain, fold, unmarked, without_brackets
from shishen.domains.cooking.tokens import Kind, Token, scan
from shishen.domains.cooking.vocabulary import vocabulary
from shishen.records import Item, Line

_LETTERS = re.compile(r"[\w]")


class Part(Struct):
    """An item in the making. `own` says that its quantity was written beside it."""

    names: list[str]
    quantity: Quantity | None = None
    leading: bool = False
    bracket_quantity: Quantity | None = None
    optional: bool = False
    remarked: bool = False
    equated: bool = False
    alternatives: list[str] = []


@lru_cache(maxsize=65_536)
def read_line(raw: str) -> Line:
    """Read one ingredient line; any string at all gives a line, in time bounded whatever its length."""
    text = unmarked(raw)
    if kinds.is_header(raw, text):
        return Line(raw=raw, kind="header")
    if kinds.is_noise(without_brackets(fold(text).text)):
        return Line(raw=raw, kind="noise")
    parts = _read(text)
    items = tuple(item for part in parts for item in _items(part))
    if not items:
        return Line(raw=raw, kind="noise")
    return Line(raw=raw, kind="tool" if all(kinds.is_tool(item.name) for item in items) else "ingredient", items=items)


def _read(text: str) -> list[Part]:
    optional = _OPTIONAL_LABEL.match(text) is not None
    text = _OPTIONAL_LABEL.sub("", _NEEDED.sub("", text))
    text = _CHOICE_NOTE.sub("", _NOT_ADDED.sub("", kinds.without_labels(text)))
    plain = fold(for_one_part(text))
    if covering := _COVERING.match(plain.text):
        name = naming.last_food(plain.text.strip(), covering.end())
        return [Part(names=[naming.clean(name)], quantity=Quantity(vague="其他"))]
    tokens = scan(plain.text)
    parts, pending, each = _parts(_with_latin(_choice(tokens)), plain)
    if not parts and plain.brackets and not any(t.kind is Kind.WORD for t in tokens):
        inner = [p for content in plain.brackets for p in _parts(scan(content), Plain(content, ()))[0]]
        parts = inner
    parts = _share(_with_heads(_without_echoes(parts)), pending, each, plain.text)
    leads = [t.kind for t in tokens if t.kind in (Kind.OPTIONAL, Kind.WORD)]
    if optional or leads[:1] == [Kind.OPTIONAL]:
        for part in parts:
            part.optional = True
    return parts


def _choice(tokens: list[Token]) -> list[Token]:
    """A、B或C is one choice of three: the comma becomes an or."""
    kinds_seen = [t.kind for t in tokens]
    commas = [i for i, t in enumerate(tokens) if t.kind is Kind.COMMA]
    if len(commas) != 1 or kinds_seen.count(Kind.OR) != 1 or tokens[commas[0]].text != "、":
        return tokens
    comma, joint = commas[0], kinds_seen.index(Kind.OR)
    between = [t.kind for t in tokens[comma + 1 : joint] if t.kind not in (Kind.SPACE, Kind.BRACKET)]
    if joint < comma or between != [Kind.WORD] or tokens[joint].text.strip() == "/":
        return tokens
    if any(t.kind is Kind.QUANTITY for t in tokens[1:comma]):
        return tokens
    return [*tokens[:comma], Token(Kind.OR, "或"), *tokens[comma + 1 :]]


def _chunks(tokens: list[Token]) -> list[list[Token]]:
    """The tokens between separators; a space separates only two names."""
    chunks: list[list[Token]] = [[]]
    for i, token in enumerate(tokens):
        if token.kind is Kind.COMMA:
            chunks.append([])
        elif token.kind is Kind.SPACE:
            if chunks[-1] and _separates(tokens, i):
                chunks.append([])
        else:
            chunks[-1].append(token)
    return [chunk for chunk in chunks if chunk]


def _with_latin(tokens: list[Token]) -> list[Token]:
    """`Masala 粉` and `NFC 橙汁` are one name: Latin before Chinese belongs to it."""
    for i, (left, space, right) in enumerate(zip(tokens, tokens[1:], tokens[2:], strict=False)):
        if (
            [left.kind, space.kind, right.kind] == [Kind.WORD, Kind.SPACE, Kind.WORD]
            and left.text.isascii()
            and left.text.isalpha()
            and len(left.text) > 1
            and _han(right.text[:1])
            and (i == 0 or tokens[i - 1].kind is not Kind.WORD)
        ):
            joined = Token(Kind.WORD, f"{left.text} {right.text}")
            return [*tokens[:i], joined, *_with_latin(tokens[i + 3 :])]
    return tokens


def _separates(tokens: list[Token], i: int) -> bool:
    if i + 1 >= len(tokens) or i == 0:
        return False
    left, right = tokens[i - 1], tokens[i + 1]
    if i == 1 and left.kind is Kind.WORD and vocabulary().orphan.fullmatch(left.text):
        return False
    if left.kind is not Kind.WORD or right.kind is not Kind.WORD:
        return False
    return _han(left.text) and _han(right.text)


def _han(text: str) -> bool:
    return any("\u3400" <= c <= "\u9fff" for c in text)


def _parts(tokens: list[Token], plain: Plain) -> tuple[list[Part], list[Quantity], bool]:
    """Items in order, the quantities that stood before any name, and whether 各 was said."""
    parts: list[Part] = []
    pending: list[Quantity] = []
    each = any(t.kind is Kind.EACH for t in tokens)
    last_words = next((t.text for t in reversed(tokens) if t.kind is Kind.WORD), "")
    for number, chunk in enumerate(_chunks(tokens)):
        if parts and _has_trailing_amount(parts[-1]) and _ANY_WILL_DO.search(last_words):
            break
        if parts and _only_remarks(chunk, parts[-1], said="，" in plain.text or "," in plain.text):
            amount = next((t.quantity for t in chunk if t.quantity), None)
            if parts[-1].quantity is None and amount is not None:
                parts[-1].quantity = amount
            parts[-1].optional = parts[-1].optional or any(t.kind is Kind.OPTIONAL for t in chunk)
            if chunk[0].text.startswith(_EXAMPLES):
                break
            continue
        for part in _chunk(chunk, plain, first=number == 0):
            if part.names:
                parts.append(part)
            elif part.alternatives and parts:
                parts[-1].alternatives += part.alternatives
            elif part.quantity is not None:
                if not parts:
                    pending.append(part.quantity)
                elif parts[-1].quantity is None:
                    parts[-1].quantity = part.quantity
                    parts[-1].leading = False
                elif part.quantity.counted and not parts[-1].quantity.counted:
                    # `克红豆。 150`: the number that its unit lost.
                    unit = part.quantity.unit or parts[-1].quantity.unit
                    parts[-1].quantity = replace(part.quantity, unit=unit)
            if not part.names and part.optional and parts:
                parts[-1].optional = True
        if (
            number == 0
            and not parts
            and not pending
            and len(_chunks(tokens)) > 1
            and not any(t.kind in (Kind.OPTIONAL, Kind.BRACKET) for t in chunk)
        ):
            break
    return parts, pending, each


def _has_trailing_amount(part: Part) -> bool:
    return part.quantity is not None and part.quantity.counted and not part.leading


_EXAMPLES = ("例如", "比如", "如", "建议", "推荐", "必须", "其中")


def _only_remarks(chunk: list[Token], before: Part, said: bool) -> bool:
    """Whether a later chunk only comments on the item before it (`，按照您的食量…`, ` 建议新手以一条…`)."""
    head = chunk[0]
    if head.kind is Kind.QUANTITY and head.quantity is not None and head.quantity.vague == "随意":
        return True
    if head.kind is not Kind.WORD:
        return False
    if head.text.endswith(("后", "时")):
        return True
    after_amount = _has_trailing_amount(before)
    name = naming.clean(head.text)
    bare = all(t.kind is not Kind.QUANTITY for t in chunk)
    if naming.is_remark(head.text):
        return not (naming.prepared_food(head.text) and bare and not after_amount)
    if said and bare and before.names and len(name) == 2 and name[0] == before.names[-1][-1] and before.quantity is None:
        return True  # 青葱，葱白，25g: which part of it
    unknown = naming.food_like(name) == 0 and not kinds.is_tool(name)
    return unknown and ("的" in head.text or (bare and after_amount))


def _chunk(chunk: list[Token], plain: Plain, first: bool) -> list[Part]:
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
            main.alternatives += other.names
            main.optional = main.optional or other.optional
            if other.quantity is not None and not other.leading:
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
    if not main.names and main.alternatives and main.quantity is not None:
        main.names, main.alternatives = main.alternatives[:1], main.alternatives[1:]
    return found or [main]


def _side(tokens: list[Token], plain: Plain, first: bool) -> list[Part]:
    groups: list[Part] = []
    current = Part(names=[])
    named = [t for t in tokens if t.kind is Kind.WORD]
    pick = _pick(tokens, named, first)
    after_amount = first
    alone = len(named) == 1
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
        elif token.kind is Kind.QUANTITY:
            current = _quantity_into(current, token.quantity, groups)
        elif token.kind is Kind.WORD and token in pick:
            current = _word_into(current, token.text, groups, first, after_amount, alone)
        elif token.kind is Kind.WORD and not current.names and naming.is_remark(token.text):
            current.remarked = len(token.text) > 2
        after_amount = token.kind in (Kind.QUANTITY, Kind.BRACKET, Kind.OPTIONAL) and (first or current.leading)
    groups.append(current)
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
    if len(names) == 2 and not any(t.kind in (Kind.COLON, Kind.SPACE) for t in tokens):
        # 蒜泥一瓣蒜: a form that joins amount and name puts the name last.
        if names[1].text in names[0].text and tokens[0] is names[0] and tokens[-1] is names[1]:
            return names[1:]
    if sum(t.kind is Kind.COLON for t in tokens) == 1 and set(names[0].text) & set(names[1].text):
        return names[:1]  # 葱 = 一根大葱
    shape = "".join("W" if t.kind is Kind.WORD else "Q" for t in tokens if t.kind in (Kind.WORD, Kind.QUANTITY))
    if re.fullmatch(r"(?:WQ+){2,}|(?:Q+W){2,}|(?:WQ+)+W", shape) and len(names) == len(named):
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
            current.quantity = quantity
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
    names, remarked = _names(text, sure) if text else ([], False)
    if current.names and names:
        groups.append(current)
        current = Part(names=[])
    current.names += names
    current.remarked = current.remarked or remarked
    if unit is not None:
        held = current.quantity
        current.quantity = Quantity(unit=unit) if held is None else replace(held, unit=unit)
    return current


_NOT_ADDED = re.compile(r"或者?不[加放用要]")
_CHOICE_NOTE = re.compile(r"[,，]?(?:(?:[二两三]|任)选其?[一二]|选其一)(?:即可)?")
_OPTIONAL_LABEL = re.compile(r"^(?:[(\[]?可选[)\]]?:|\[可选\])\s*")
_NEEDED = re.compile(r"^(?:还?需要?准备?|准备)\s*(?=[\u4e00-\u9fff]{2})")
_ANY_WILL_DO = re.compile(r"(?:都可以?|均可|皆可|都行|也行)$")
_COVERING = re.compile(r"(?:抹匀|抹满|没过|淹过|淹没|盖过|盖住|铺满|裹满|涂满|浸没|浸过)")


def _names(text: str, sure: bool) -> tuple[list[str], bool]:
    """The names in a stretch of text, and whether a remark stood before them.

    `sure` where the place says that this is the name: at the start of a line, or right after an amount.
    """
    remarked = False
    plain = naming.clean(text)
    if plain != text and vocabulary().leading.match(text) and naming.food_like(plain) > 1 and not naming.is_remark(plain, opening=False):
        return naming.split_run(plain), False
    if naming.is_remark(text, opening=not sure):
        matches = list(vocabulary().remark.finditer(text))
        if not matches:
            return [], True
        tail = text[matches[-1].end() :]
        head = text[: matches[0].start()]
        name = naming.clean(tail)
        if name and naming.food_like(name):
            text, remarked = name, True
        else:
            name = naming.clean(head)
            if naming.food_like(name) >= 2 or (name and naming.food_like(name) and len(name) < 6):
                text, remarked = name, any(c in text for c in "量够满")
            else:
                return [], True
    name = naming.clean(text)
    if not _LETTERS.search(name):
        return [], remarked
    return naming.split_run(name), remarked


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
            and _han(content[mark.end() : mark.end() + 1])
            and content[mark.end()] != "但"
        )
        if not chooses:
            part.optional = True
    for piece in re.split(r"[,，;、]", content):
        piece = piece.strip().removeprefix("在")
        joint = re.match(r"(?:或者?|or\b|/)\s*", piece)
        if joint:
            for other in re.split(r"或者?|/|、", piece[joint.end() :]):
                found = [n for p in _side(scan(fold(other).text), fold(other), False) for n in p.names]
                part.alternatives += found[:1]
            return
        if part.bracket_quantity is None or not part.bracket_quantity.counted:
            tokens = scan(for_one_part(piece))
            # 一片一小盒 says what one is; 3-4片约30g says one amount twice.
            rate = sum(t.kind is Kind.QUANTITY for t in tokens) > 1 and "约" not in piece and "=" not in piece
            if not rate and all(t.kind in (Kind.QUANTITY, Kind.SPACE) for t in tokens):
                part.bracket_quantity = next((t.quantity for t in tokens if t.quantity), part.bracket_quantity)


def _without_echoes(parts: list[Part]) -> list[Part]:
    """A remark that names an item again (`不能不来黑胡椒酱`) is no second item."""
    counted = {name for part in parts if part.quantity for name in part.names}
    seen: set[str] = set()
    kept = []
    for part in parts:
        echo = part.remarked and seen.issuperset(part.names)
        announced = counted.issuperset(part.names)
        translation = bool(kept) and all(name.isascii() for name in part.names)
        if part.quantity is None and (echo or announced or translation):
            continue
        seen.update(part.names)
        kept.append(part)
    return kept


def _with_heads(parts: list[Part]) -> list[Part]:
    """青、红椒 → 青椒, 红椒."""
    for part, after in zip(parts, parts[1:], strict=False):
        if (
            len(part.names) == 1
            and part.names[0] in naming.COLOURS
            and after.names
            and after.names[0][0] in naming.COLOURS
        ):
            part.names = [naming.with_head(part.names[0], after.names[0])]
    return parts


def _share(parts: list[Part], pending: list[Quantity], each: bool, text: str) -> list[Part]:
    """Amounts over lists: 各, and one quantity before or after a whole list, hold for every name without its own."""
    if not parts:
        return parts
    bare = [p for p in parts if p.quantity is None]
    if pending:
        held = parts[0].quantity
        spread = [*pending, held] if held and parts[0].leading else pending
        if len(spread) == len(parts) > 1:
            return [replace(p, quantity=q) for p, q in zip(parts, spread, strict=True)]
        if pending[0].counted or held is None or not held.counted:
            parts[0].quantity = pending[0]
        parts[0].leading = True
    owned = [p for p in parts if p.quantity is not None]
    bare = [p for p in parts if p.quantity is None]
    last = parts[-1].quantity
    if len(owned) > 1 and last is not None and last.vague and not parts[-1].leading and not each:
        # 酱油半碗、冰糖、蚝油适量: a closing vague word holds back to the last amount.
        for part in reversed(parts[:-1]):
            if part.quantity is not None:
                break
            part.quantity = last
        return parts
    if not bare or not owned:
        return parts
    if each and len(owned) >= 1:
        shared = owned[-1].quantity if owned[-1] is parts[-1] else owned[0].quantity
    elif len(owned) == 1 and owned[0].leading:
        shared = owned[0].quantity
        after = parts.index(owned[0])
        return [replace(p, quantity=shared) if i > after else p for i, p in enumerate(parts)]
    elif len(owned) == 1 and owned[0] is parts[-1] and not parts[-1].leading and _for_all(parts[-1].quantity, text):
        shared = parts[-1].quantity
    else:
        return parts
    return [replace(p, quantity=p.quantity or shared) for p in parts]


def _for_all(quantity: Quantity | None, text: str) -> bool:
    """Whether an amount after a list holds for the whole of it: 姜、糖适量 and 盐、糖 5g do, 白糖，八角三片 does not."""
    if quantity is None or not quantity.counted:
        return True
    return "共" in text or (quantity.unit in vocabulary().measured and "，" not in text and "," not in text)


def _items(part: Part) -> list[Item]:
    quantity = part.quantity or part.bracket_quantity
    if quantity is None and part.equated:
        quantity = Quantity(vague="其他")
    if quantity is None and part.remarked:
        quantity = Quantity(vague="其他")
    alternatives = tuple(dict.fromkeys(part.alternatives))
    items = []
    for name in part.names:
        clean = without_brackets(name).strip()
        if clean:
            items.append(
                Item(
                    name=clean,
                    min=_rounded(quantity.min) if quantity else None,
                    max=_rounded(quantity.max) if quantity else None,
                    unit=quantity.unit if quantity else None,
                    vague=quantity.vague if quantity and not quantity.counted else None,
                    optional=part.optional,
                    alt=alternatives,
                )
            )
    return items


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)

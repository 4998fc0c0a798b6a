"""One ingredient line into its items: name, amount, unit, options and alternatives.

The way through: tidy (tidying.py) → formulas for one part (formulas.py) → tokens (tokens.py) → chunks between
separators (chunks.py) → parts (parts.py) → amounts shared out over lists (sharing.py) → kind (kinds.py).
"""

import re
from functools import lru_cache

from msgspec.structs import replace

from shishen.chinese import simplify
from shishen.domains.cooking.quantities import kinds, naming
from shishen.domains.cooking.quantities.chunks import cut
from shishen.domains.cooking.quantities.formulas import for_one_part
from shishen.domains.cooking.quantities.measures import Quantity
from shishen.domains.cooking.quantities.parts import COVERING, Part, read_chunk
from shishen.domains.cooking.quantities.sharing import share, with_heads, without_echoes
from shishen.domains.cooking.quantities.tidying import EMOJI, LONGEST, Plain, fold, unmarked, without_brackets
from shishen.domains.cooking.quantities.tokens import Kind, Token, scan
from shishen.domains.cooking.quantities.vocabulary import vocabulary
from shishen.records import Item, Line

_EXAMPLES = ("例如", "比如", "如", "建议", "推荐", "必须", "其中")
_NOT_ADDED = re.compile(r"或者?不[加放用要]")
# 20g(蛋黄)+40g(蛋白) is one sum.
_SUM_APART = re.compile(
    r"(\d(?:g|克|ml|毫升))\s*([\ue000-\uf8ff])\s*\+\s*(\d+(?:\.\d+)?\s*(?:g|克|ml|毫升))"
    r"(?=\s*(?:[\ue000-\uf8ff]|$))"
)
_WRAPPED = re.compile(r"\(([^()]+)\)")
_SUCH_AS = re.compile(r"(?<=\S)\s+(?:例如|比如|譬如|如(?![果需意有没何])).*$")
_SOAKED = re.compile(r"[冷温热开清沸凉冰]?水(?:泡|浸|煮|焯|冲|洗|下锅|化开|调匀|发)")
_CHOICE_NOTE = re.compile(r"[,，]?(?:(?:[二两三]|任)选其?[一二]|选其一)(?:即可)?")
_OPTIONAL_LABEL = re.compile(r"^(?:[(\[]?可选[)\]]?:|\[可选\])\s*")
_NEEDED = re.compile(r"^(?:还?需要?(?:准备)?|准备)\s*(?=[\u4e00-\u9fff]{2})")
_ANY_WILL_DO = re.compile(r"(?:都可以?|均可|皆可|都行|也行)$")
# 灵魂蘸水：小米辣、蒜末 names a group, however it is called.
_LIST_LABEL = re.compile(
    r"(?P<label>[^:、,\d\ue000-\uf8ff]{1,10}):\s*(?P<first>[^:、,\d\s一二两三半适少]{1,8})[^:、,]{0,10}[、,+]"
)


def read_line(raw: str) -> Line:
    """Read one ingredient line; any string at all gives a line, in time bounded whatever its length."""
    # Equal lines cost nothing, but megabytes are not kept.
    return _remembered(raw) if len(raw) <= LONGEST else read_afresh(raw)


def read_afresh(raw: str) -> Line:
    """Read one ingredient line without looking whether it was read before."""
    text = unmarked(raw)
    simple = simplify(text)
    if simple != text and len(simple) == len(text):
        return _as_written(_read_plain(raw, simple), simple, text)
    return _read_plain(raw, text)


_remembered = lru_cache(maxsize=65_536)(read_afresh)


def _as_written(line: Line, simple: str, text: str) -> Line:
    """The items with their names in the line's own script."""

    def own(word: str) -> str:
        place = simple.find(word)
        return text[place : place + len(word)] if place >= 0 else word

    items = tuple(
        replace(
            item,
            name=own(item.name),
            unit=item.unit and own(item.unit),
            vague=item.vague if item.vague == "随意" else item.vague and own(item.vague),
            alt=tuple(map(own, item.alt)),
        )
        for item in line.items
    )
    return replace(line, items=items)


def _read_plain(raw: str, text: str) -> Line:
    if kinds.is_header(raw, text):
        return Line(raw=raw, kind="header")
    if (wrapped := _WRAPPED.fullmatch(text)) and _names_food(wrapped[1]):
        text = wrapped[1]
    if kinds.is_noise(without_brackets(fold(text).text)):
        return Line(raw=raw, kind="noise")
    parts = _read(text)
    items = tuple(item for part in parts for item in _items(part))
    if not items and (picture := EMOJI.search(raw)) and any(c.isdigit() for c in text):
        # `1个🥔`: the picture is all the name there is.
        amount = next((t.quantity for t in scan(text) if t.quantity), None)
        items = tuple(_items(Part(names=[picture.group()], quantity=amount)))
    if not items:
        return Line(raw=raw, kind="noise")
    return Line(raw=raw, kind="tool" if all(kinds.is_tool(item.name) for item in items) else "ingredient", items=items)


def _read(text: str) -> list[Part]:
    optional = _OPTIONAL_LABEL.match(text) is not None
    text = _OPTIONAL_LABEL.sub("", _NEEDED.sub("", text))
    text = _CHOICE_NOTE.sub("", _NOT_ADDED.sub("", kinds.without_labels(_SUCH_AS.sub("", text))))
    plain = fold(for_one_part(text))
    plain = Plain(_SUM_APART.sub(r"\1+\3\2", plain.text), plain.brackets)
    if (label := _LIST_LABEL.match(plain.text)) and _names_food(label["first"]):
        plain = Plain(plain.text[label.end("label") + 1 :], plain.brackets)
    if covering := COVERING.match(plain.text):
        name = naming.last_food(plain.text.strip(), covering.end())
        return [Part(names=[naming.clean(name)], quantity=Quantity(vague="其他"))]
    tokens = scan(plain.text)
    parts, pending = _parts(tokens, plain)
    if not parts and plain.brackets and not any(t.kind is Kind.WORD for t in tokens):
        inner = [p for content in plain.brackets for p in _parts(scan(content), Plain(content, ()))[0]]
        parts = inner
    if not parts and pending and (words := [t.text for t in tokens if t.kind is Kind.WORD]):
        # `100克（…）如用酸奶引子`: an amount of something, whatever else is said.
        name = naming.clean(naming.last_food(words[-1], 0))
        parts = [Part(names=[name])] if naming.food_like(name) else []
    parts = share(with_heads(without_echoes(parts)), pending, plain.text)
    leads = [t.kind for t in tokens if t.kind in (Kind.OPTIONAL, Kind.WORD)]
    if optional or leads[:1] == [Kind.OPTIONAL]:
        for part in parts:
            part.optional = True
    return parts


def _parts(tokens: list[Token], plain: Plain) -> tuple[list[Part], list[Quantity]]:
    """Items in order, and the quantities that stood before any name."""
    parts: list[Part] = []
    pending: list[Quantity] = []
    chunks = cut(tokens)
    talk = False
    last_words = next((t.text for t in reversed(tokens) if t.kind is Kind.WORD), "")
    for number, chunk in enumerate(chunks):
        if parts and parts[-1].counted_after and _ANY_WILL_DO.search(last_words):
            break
        if parts and (talk or _only_remarks(chunk, parts[-1], said="，" in plain.text or "," in plain.text)):
            amount = next((t.quantity for t in chunk if t.quantity), None)
            held = parts[-1].quantity
            if amount is not None and (held is None or (amount.counted and not held.counted and held.unit is None)):
                parts[-1].quantity = amount
            elif parts[-1].quantity is None and COVERING.search(chunk[0].text):
                parts[-1].quantity = Quantity(vague="其他")
            parts[-1].optional = parts[-1].optional or any(t.kind is Kind.OPTIONAL for t in chunk)
            if chunk[0].text.startswith(_EXAMPLES):
                break
            continue
        for part in read_chunk(chunk, plain, first=number == 0 or (bool(pending) and not parts)):
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
        if number == 0 and len(chunks) > 1 and _stops(chunk, parts, pending, chunks[1:]):
            break
        talk = talk or (number == 0 and len(parts) == 1 and _told(chunk, parts[0]))
    return parts, pending


def _names_food(text: str) -> bool:
    return naming.food_like(naming.clean(text)) > 0 and not naming.is_remark(text)


def _told(chunk: list[Token], part: Part) -> bool:
    """Whether the chunk tells about its item (`冰糖：炒出来的色泽…`); an amount told so is 其他 (`水：没过食材`)."""
    last = chunk[-1]
    if part.quantity is not None or last.kind is not Kind.WORD or not any(t.kind is Kind.COLON for t in chunk):
        return False
    if not naming.is_remark(last.text):
        return False
    if any(word in last.text for word in ("没过", "的量", "足够", "浸没")):
        part.quantity = Quantity(vague="其他")
    return True


def _stops(chunk: list[Token], parts: list[Part], pending: list[Quantity], rest: list[list[Token]]) -> bool:
    """Whether the first chunk is talk and what follows it no more than that."""
    if parts:
        return False
    if pending or any(t.kind in (Kind.OPTIONAL, Kind.BRACKET) for t in chunk):
        return False
    if vocabulary().leading.fullmatch(chunk[0].text.strip()):
        return False
    return not any(c[0].quantity is not None and c[0].quantity.counted for c in rest)


def _only_remarks(chunk: list[Token], before: Part, said: bool) -> bool:
    """Whether a later chunk only comments on the item before it (`，按照您的食量…`, ` 建议新手以一条…`)."""
    head = chunk[0]
    if head.kind is Kind.QUANTITY and head.quantity is not None and head.quantity.vague == "随意":
        return True
    if head.kind is not Kind.WORD:
        return False
    if said and _SOAKED.match(head.text):
        return True
    if head.text.endswith(("后", "时")) or COVERING.match(head.text):
        return True
    after_amount = before.counted_after
    name = naming.clean(head.text)
    bare = all(t.kind is not Kind.QUANTITY for t in chunk)
    if said and bare and (food := naming.cooked_food(head.text)):
        # 料酒，腌鸡翅 says what for; 花生，泡小米椒 names a pickle.
        pickled = head.text[0] == "泡" and vocabulary().group_of[food] in ("aromatics", "vegetables")
        return not ((pickled and food[-1] not in "耳菇") or head.text in vocabulary().known)
    if naming.is_remark(head.text):
        return not (naming.prepared_food(head.text) and bare and not after_amount)
    if (
        said
        and bare
        and before.names
        and len(name) == 2
        and name[0] == before.names[-1][-1]
        and before.quantity is None
    ):
        return True  # 青葱，葱白，25g: which part of it
    unknown = naming.food_like(name) == 0 and not kinds.is_tool(name)
    return unknown and ("的" in head.text or (bare and after_amount))


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
    return None if value is None else round(float(value), 4)

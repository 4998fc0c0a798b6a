"""A tidied ingredient line cut into tokens: words, quantities, brackets, and the signs that separate or join.

Left to right, the longest first; names that hold numbers (八角, 三文鱼) are passed over whole.
"""

import re
from enum import Enum

from msgspec import Struct

from shishen.domains.cooking.quantities import kinds, measures, naming, numerals
from shishen.domains.cooking.quantities.measures import Quantity
from shishen.domains.cooking.quantities.tidying import is_bracket
from shishen.domains.cooking.quantities.vocabulary import vocabulary


class Kind(Enum):
    """What a token is."""

    WORD = "word"
    QUANTITY = "quantity"
    BRACKET = "bracket"
    COMMA = "comma"  # 、 ， ; + & 和
    SPACE = "space"
    COLON = "colon"  # : =
    OR = "or"
    EACH = "each"  # 各
    OPTIONAL = "optional"


class Token(Struct, frozen=True):
    """A piece of a line."""

    kind: Kind
    text: str
    quantity: Quantity | None = None


_SIGNS = {
    "、": Kind.COMMA, "，": Kind.COMMA, ",": Kind.COMMA, ";": Kind.COMMA, "+": Kind.COMMA, "&": Kind.COMMA,
    "!": Kind.COMMA, "！": Kind.COMMA, "?": Kind.COMMA, "|": Kind.COMMA, "…": Kind.COMMA,
    " ": Kind.SPACE, ":": Kind.COLON, "=": Kind.COLON, "/": Kind.OR, "~": Kind.SPACE,
}  # fmt: skip
_OR = re.compile(r"\s*(?:或者是|或者|或是|或|\bor\b|\band/or\b)\s*")
_SIZE = re.compile(
    r"(?:直径|厚度?|长度?|宽度?|高度?|长约|约|大约|大概)*\s*[≥>≤<]?\s*"
    r"(?:\d+(?:\.\d+)?(?:\s*[-~*到至]\s*\d+(?:\.\d+)?)?|[一二两三四五六七八九十半]+)\s*"
    r"(?:寸|厘米|公分|英寸|毫米|cm|mm|CM|MM|Cm|°C|℃|°|摄氏度|度|%?(?:VOL|Vol|vol)|%|块钱|元|毛钱|角钱|分钟|小时|kcal|大卡|[*]\s*\d+\s*cm)"
    r"\s*(?:左右|上下|以上|以下|厚度?(?!切)|长度?|宽度?|高(?!度)|大小|见方|的)*"
    r"(?:(?:或者?|/|、)\s*\d+(?:\.\d+)?\s*(?:寸|厘米|cm))?"
    r"|精确到\s*\d+(?:\.\d+)?\s*(?:g|克)"
    r"|\d+(?:\.\d+)?\s*:\s*\d+(?:\.\d+)?(?:\s*:\s*\d+(?:\.\d+)?)*"
)
_PERCENT = re.compile(r"\d+(?:\.\d+)?%(?=[\u4e00-\u9fff])")
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d{3})")
_TASTE = re.compile(
    r"(?:(?:请|可以?|可)?(?:根据|按照|依照|依据|按|看|视|凭|随|依|因|就)(?:着)?[^,，;、\d\s]{0,8}?"
    r"(?:口味|喜好|爱好|喜欢|喜爱|偏好|需求|需要|需|心情|情况|人数|食量|饭量|胃口|多少|程度|感觉|各人|个人|自己|大小|建议份量|(?:粉|面|肉|菜|食)量)(?:能?吃辣)?(?:的?(?:口味|喜好|爱好|喜欢|喜爱|偏好|需求|需要|需|心情|情况|人数|食量|饭量|胃口|多少|程度|感觉|各人|个人|自己|大小|建议份量|(?:粉|面|肉|菜|食)量))*"
    r"(?:选择[\u4e00-\u9fff]{1,3}的数量)?"
    r"(?:来|自行|酌情|适量|适当|而)*(?:调整|添加|加入|增加|增减|加减|调节|选择|购买|决定|定|放入|放|加|来放|取|准备|计算|即可|就好|就行)*(?:不同量)?(?:的量|量)?(?:来)?(?:即可|就好|就行|吧|呗|啦|咯)*)"
    r"|(?:(?:根据|按照|依照|依据|按|看|视|凭)[^,，;、\d\s]{1,10}(?:调整|调节|增减|加减|而定|来定|决定|酌情|[来添]?加|[来下]?放|放|加)|边?[尝试][着味]?边?[加放调]味?|看着办)(?=$|[\s,，;。\ue000-\uf8ff])"
    r"|[你您]?想(?:吃|喝|放|要)多少(?![\u4e00-\u9fff])|(?:想|能|爱)?(?:吃|喝|放|要)多少(?:就)?(?:放|加|煮|吃|做|拿|来|要)?多少(?:呗|吧|啦)?|喜?(?:喜|爱|喜欢)[\u4e00-\u9fff]{1,3}多放[点些]?"
)
_HAN_RUN = re.compile(r"[\u3400-\u5403\u5405-\u9fff]+")  # but 各, which begins an amount
_TRIGGERS = numerals.FIRST | frozenset("约大差总共需至不超多少≥>≤<最将接近好数若适几百千l")
# What the patterns above can begin with; most characters begin nothing, and are passed over at once.
_SPECIAL = frozenset(
    "或oOaA各直厚长宽高约大≥>≤<0123456789一二两三四五六七八九十半请可根按依看视凭随因就想能爱吃喝放要你您喜边尝试精"
)
_L_FOR_ONE = re.compile(r"l(?=[小大]?[勺个根块片把])")


def scan(text: str) -> list[Token]:
    """The tokens of a tidied line, in order."""
    words = vocabulary()
    tokens: list[Token] = []
    word_start, place = 0, 0

    def close(end: int) -> None:
        if end > word_start:
            tokens.append(Token(Kind.WORD, text[word_start:end]))

    if one := _L_FOR_ONE.match(text):
        text = "1" + text[one.end() :]
    while place < len(text):
        c = text[place]
        token: Token | None = None
        end = place
        if (kind := _SIGNS.get(c)) is not None:
            if not (c in "/+&" and _inside_latin(text, place)):
                token, end = Token(kind, c), place + 1
        elif is_bracket(c):
            token, end = Token(Kind.BRACKET, c), place + 1
        elif (c in "和与及跟" and place > word_start and _joins(text, word_start, place)) or (
            c in "和与及跟加" and _adds(text, word_start, place, tokens)
        ):
            token, end = Token(Kind.COMMA, c), place + 1
        elif guard := words.protected.match(text, place):
            place = guard.end()
            continue
        elif found := _special(text, place, at_start=place == word_start):
            token, end = found
        elif c in _TRIGGERS and (quantity := _quantity(text, place, at_start=place == word_start)):
            token, end = Token(Kind.QUANTITY, text[place : quantity.end], quantity), quantity.end
        if token is None or end == place:
            place += 1
            continue
        close(place)
        if token.kind is not Kind.SPACE or not tokens or tokens[-1].kind is not Kind.SPACE:
            tokens.append(token)
        word_start = place = end
    close(place)
    return [t for t in tokens if t.text]


def _inside_latin(text: str, place: int) -> bool:
    return (
        text[place - 1 : place].isascii()
        and text[place - 1 : place].isalpha()
        and text[place + 1 : place + 2].isascii()
        and text[place + 1 : place + 2].isalpha()
    )


def _special(text: str, place: int, at_start: bool) -> tuple[Token, int] | None:
    """Sizes, or, each, optional marks, and words that leave the amount open."""
    words = vocabulary()
    c = text[place]
    if c not in _SPECIAL and c not in words.special:
        return None
    if joint := _OR.match(text, place):
        if words.joining.match(text, place):
            return None
        return Token(Kind.OR, joint.group()), joint.end()
    if c == "各" and text[place + 1 : place + 2] not in ("种", "式", "类", "色", "人", "地"):
        return Token(Kind.EACH, c), place + 1
    if (mark := words.optional.match(text, place)) and not words.not_optional.match(text, place):
        return Token(Kind.OPTIONAL, mark.group()), mark.end()
    if (
        (c.isdigit() or c in "精直厚长宽高约大一二两三四五六七八九十半≥>")
        and not _PERCENT.match(text, place)
        and (size := _SIZE.match(text, place))
        and not text[place - 1 : place].isdigit()
    ):
        return Token(Kind.SPACE, " "), size.end()
    if taste := _TASTE.match(text, place):
        return Token(Kind.QUANTITY, taste.group(), Quantity(vague="随意", end=taste.end())), taste.end()
    if free := words.vague_free.match(text, place):
        return Token(Kind.QUANTITY, free.group(), Quantity(vague="随意", end=free.end())), free.end()
    if (own := words.vague_own.match(text, place)) and not _has_unit(text, place):
        return Token(Kind.QUANTITY, own.group(), Quantity(vague=own.group(), end=own.end())), own.end()
    if at_start or place + 2 >= len(text):
        other = words.vague_other.match(text, place)
        if other:
            return Token(Kind.QUANTITY, other.group(), Quantity(vague="其他", end=other.end())), other.end()
    return None


def _has_unit(text: str, place: int) -> bool:
    quantity = measures.read(text, place)
    return quantity is not None and quantity.unit is not None


def _joins(text: str, start: int, place: int) -> bool:
    """Whether 和 at `place` stands between two foods, not inside a name (和牛, 风和制菓)."""
    words = vocabulary()
    left = text[start:place]
    if words.joining.match(text, place) or (place and words.joining.match(text, place - 1)):
        return False
    right = _HAN_RUN.match(text, place + 1)
    if right is None or not (naming.food_like(left) or kinds.is_tool(left)) or naming.is_remark(left, opening=False):
        return False
    if kinds.is_tool(left) and kinds.is_tool(right.group()):
        return True
    known = words.known_at.match(right.group())
    if known and len(known.group()) > 1:
        return True
    return naming.food_like(right.group()) > 0 and not naming.is_remark(right.group())


def _adds(text: str, start: int, place: int, tokens: list[Token]) -> bool:
    """Whether 加 or 和 at `place` adds a thing with its own amount: 2个鸡蛋加1个蛋黄, 鸡蛋2个和蛋黄1个."""
    if place == start:
        if not tokens or tokens[-1].kind is not Kind.QUANTITY:
            return False
        food = vocabulary().known_at.match(text, place + 1)
        amount = measures.read(text, food.end()) if food else None
        return amount is not None and amount.counted
    amount = measures.read(text, place + 1)
    if amount is None or not amount.counted or amount.unit is None or naming.food_like(text[start:place]) < 2:
        return False
    return vocabulary().known_at.match(text, amount.end) is not None


def _quantity(text: str, place: int, at_start: bool) -> Quantity | None:
    """A quantity here, unless the number belongs to a name (A2牛奶, 六月鲜, 85%黑巧克力)."""
    before = text[place - 1 : place]
    glued = text[place].isdigit() and before.isascii() and before.isalpha()
    if before == "第" or (text[place].isdigit() and (before.isdigit() or before == ".")):
        return None
    if _PERCENT.match(text, place):
        return None
    quantity = measures.read(text, place)
    if quantity is None or (glued and quantity.unit is None):
        return None
    if quantity.unit is None and quantity.counted and not any(c.isdigit() for c in text[place : quantity.end]):
        # A bare Chinese number counts only alone (`根葱 半`) or before a known name at the start (`两鸡蛋`).
        rest = text[quantity.end :]
        if at_start and place == 0 and text[0] == "两" and rest[-1:].isdigit():
            return Quantity(unit="两", end=quantity.end)  # 两酵母1: the unit, its number displaced
        if rest.strip() and not is_bracket(rest.strip()[0]):
            head = vocabulary().known_at.match(rest)
            return quantity if at_start and head else None
        return quantity if at_start or "半" in text[place : quantity.end] else None
    return quantity

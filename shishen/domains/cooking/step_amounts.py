"""The amounts inside a step's text, rewritten: 放入盐 2g → 放入盐 3.5g, while 炖 30 分钟 and 切成 2 段 stay.

Which numbers are amounts is decided here; what becomes of one is the caller's rule (scaling.py). A number counts
with a unit of the kitchen only, so times, temperatures, sizes and repetitions, which have none, are never touched.
"""

import re
from collections.abc import Callable
from functools import cache

from msgspec import Struct

from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.quantities import measures, numerals
from shishen.domains.cooking.quantities.vocabulary import vocabulary

# (food or None, unit, value) → the scaled value; (food, unit, value) → whether the recipe lists that food by that unit
# and, where a value is given, in that amount.
Rule = Callable[[str | None, str, float], float]
Listed = Callable[[str, str, float | None], bool]

_PLAIN = str.maketrans("～〜–—－−０１２３４５６７８９．／", "~~----0123456789./")
# Before a number: what makes it an ordinal, one of each, a part of a formula, a ratio.
_NOT_AFTER = re.compile(r"(?:[第各每另同某任逐这那之\d.a-zA-Z*×/]|\d\s*[:：])\s*$")
_EACH = re.compile(
    r"(?:每|平均|[（(]一般)[^，。；,;\n]{0,12}$"
    # 取一张饺子皮，放 10g 馅: for one of many.
    r"|[取拿][出起来]?\s*[一1]\s*[个张片块份只][^，。；,;\n]{0,6}(?:[皮饼馍]|面片|剂子?|吐司|海苔)[^。；;\n]{0,20}$"
)
# 每个放 1 根姜丝, 10g 蒜末: the list goes on.
_GOES_ON = re.compile(r"[^，。；,;、\n\d]{0,6}[，,、和及+]\s*(?:约|大约)?\s*$")
_VESSEL_AFTER = re.compile(
    r"\s*[大小空深浅干净另外新的平底不粘]{0,4}"
    r"(?:碗|盘|锅(?!巴)|盆|碟|杯子|容器|袋子|保鲜袋|勺子|模具|烤盘|砂锅|蒸锅|炒锅|罐子|瓶子|筷子|蒸笼|蛋壳)"
)
_EACH_TO_COME = re.compile(r"\s*[*×]\s*(?:份|人)|[^，。；,;\n]{0,8}(?:/\s?(?:人|份|个|只)|每(?:人|份))")
_OF_ONE = re.compile(r"(?:一个|1 ?个|一只|一条|[一1] ?[块颗根片])\s*(?:大约|约|重约|重)?\s*$")
_CUT = re.compile(
    r"(?:[切剁掰劈撕擀搓捏揉斩剪砍剖改折包卷做挖团压捣]|等?分|均分|平分|改刀)[^，。；,;、\n\d]{0,4}?[成为作至出]\s*(?:大约|大概|约|若干)?\s*$"
    r"|[一等均平]?分(?:成|为|作)?\s*(?:大约|约)?\s*$|对半\s*$|[切劈剁划折]\s*$"
)
_TAKEN = re.compile(r"(?:[捞夹尝挑盛找剩掐剪捡拣]|去掉?|切掉|剪掉|捞出|夹出|挑出|余下|咬)\s*(?:出|起|掉|去)?\s*$")
_ADDED = re.compile(
    r"(?:[加放入下打磕倒撒淋抓舀挤滴抹刷拌配用备取切和、，,及与（(:：+]|准备|敲开|再来|调入)\s*(?:入|上|进|进去|了)?\s*(?:大约|约)?\s*$"
)
_REPEATED = re.compile(r"(?:[一1]\s?(?P<unit>[\u4e00-\u9fff])){2}|[一1]\s?(?P<twice>[\u4e00-\u9fff])(?P=twice)")
_NOT_ONE = re.compile(r"(?:[的统万唯前]|其中|最后|(?<![加放撒淋盖刷铺配倒])上)$")
_SIZE_AFTER = re.compile(
    r"\s*(?:半?小时|钟头|月|星期|礼拜|方向|步骤|时间|阶段|人(?!参)|左右的?(?:宽|厚|长)|[^，。；,;\n]{0,6}?(?:大小|见方|厚薄?的?|宽的?|粗细|大的))"
)
# 350 毫升的玻璃杯 is how large the glass is.
_CONTENT = re.compile(r"\s*(?:左右|以上|大小)?的[^，。；,;\n]{0,8}(?:杯|瓶|碗|锅|桶|盆|壶|容器|模具?|罐|袋)")
_CONTENT_BEFORE = re.compile(r"(?:容量|容积)[^，。；,;\n]{0,6}$")
_MASS_OF = re.compile(r"\s*(?:左右|上下|重)?的|\s*重的?")
_EACH_WEIGHT = re.compile(r"[^。；;\n]{0,14}每[个份只块条颗]?\s*(?:大约|约|重约)?\s*\d+(?:\.\d+)?\s*(?:g|克)")
_BREAK = re.compile(r"[，。；,;\n、：:！!？?+＋]")
_BRACKET = re.compile(r"[（(]每[^（）()]{0,20}[）)]")
_COLON = re.compile(r"\s*[：:]\s*$")
_SENTENCE = re.compile(r"[。；;\n！!？?]")
_NAMING_GAP = 6
# How far around an amount its neighbours are read.
_LOOK_BACK = 60
# Between a food and the count of it (葱取 2 根, 2 个大鸡蛋); with anything else there the count is of something else.
_COUNTED_BEFORE = re.compile(r"[\s（(约=量为取用加放备需要准共各大概]*")
_COUNTED_AFTER = re.compile(r"[\s的大小左右新鲜中等整去皮壳干净带好洗完熟生老嫩]*")
_FRACTIONS = {0.25: "1/4", 0.3333: "1/3", 0.5: "1/2", 0.6667: "2/3", 0.75: "3/4"}
_HAN = "零一两三四五六七八九十"


class Food(Struct, frozen=True):
    """A food named in a text and its place."""

    start: int
    end: int
    name: str


class Amount(Struct, frozen=True):
    """An amount found in a text: its place, its unit, and (start, end, value) of each number in it."""

    start: int
    end: int
    unit: str
    numbers: tuple[tuple[int, int, float], ...]
    whole: bool  # one number with a half after its unit (一勺半): rewritten in one piece


@cache
def _measured() -> frozenset[str]:
    units = knowledge("units")
    return frozenset((*units["mass"], *units["volume"]))


@cache
def _words(key: str) -> frozenset[str]:
    return frozenset(knowledge("scaling")["steps"][key].split())


def plain_unit(unit: str) -> str:
    """A unit without a leading 大/小/中, unless that is a measure of its own (小勺)."""
    return unit[1:] if len(unit) > 1 and unit[0] in "大小中" and unit not in _measured() else unit


def rewrite(text: str, names: frozenset[str], rule: Rule, listed: Listed) -> str:
    """The text with each of its amounts put through `rule`; `names` are the recipe's own ingredient names."""
    plain = text.translate(_PLAIN)
    foods = _foods(plain, names)
    pieces: list[str] = []
    done = 0
    used: set[int] = set()
    stayed: set[int] = set()
    each = -1  # where the last amount ended that is for one of many
    for amount in _amounts(plain):
        place, close = _attached(plain, amount, foods, used)
        if close and place is not None and place in stayed and foods[place].end <= amount.start:
            continue  # 一杯米 240g: what the cup holds stays with the cup
        name = foods[place].name if place is not None else None
        scales = _scales(plain, amount, name if close else None, listed)
        if _EACH.search(plain[max(0, amount.start - _LOOK_BACK) : amount.start]) or (
            each >= 0 and _GOES_ON.fullmatch(plain[each : amount.start])
        ):
            scales, each = False, amount.end
        if close and place is not None:
            used.add(place)
            if not scales:
                stayed.add(place)
        if scales:
            pieces += [text[done : amount.start], _render(text, amount, name, rule)]
            done = amount.end
    return "".join(pieces) + text[done:]


def _amounts(text: str) -> list[Amount]:
    found: list[Amount] = []
    place = 0
    protected = vocabulary().protected
    while place < len(text):
        if text[place] not in numerals.FIRST or text[place] in "大小几":
            place += 1
            continue
        if word := protected.match(text, place):
            place = word.end()
            continue
        quantity = measures.read(text, place)
        number = numerals.read(text, place)
        # 分 is a weight in old lists; in a step it parts, or says how done a thing is (一分为二, 八分熟, 十分软).
        if number is None or quantity is None or quantity.unit in (None, "分") or not quantity.counted:
            place = max(place + 1, number.end if number else 0)
            continue
        if amount := _amount(text, place, quantity):
            found.append(amount)
        place = max(quantity.end, place + 1)
    return found


def _amount(text: str, start: int, quantity: measures.Quantity) -> Amount | None:
    numbers: list[tuple[int, int, float]] = []
    place = start
    while place < quantity.end:
        number = numerals.read(text, place) if text[place] in numerals.FIRST else None
        if number is None or number.span.min is None:
            place += 1
            continue
        end = number.end
        if quantity.unit == "两" and numbers and text[place] == "两":
            break
        if quantity.unit == "两" and end - place > 1 and text[end - 1] == "两":
            end -= 1  # 二两肉: the unit
            number = numerals.read(text[:end], place) or number
        low, high = number.span.min or 0.0, number.span.max
        numbers.append((place, end, low))
        if high is not None and high != low:
            numbers.append((end, end, high))
        place = max(end, place + 1)
    if not numbers or any(end > quantity.end for _, end, _ in numbers):
        return None
    half = len(numbers) == 2 and text[numbers[1][0] : numbers[1][1]] == "半" and numbers[1][1] == quantity.end
    half = half and quantity.min == quantity.max and quantity.min == numbers[0][2] + 0.5
    return Amount(start, quantity.end, quantity.unit or "", tuple(numbers), half)


def _foods(text: str, names: frozenset[str]) -> list[Food]:
    found: list[Food] = []
    place = 0
    known = vocabulary().known_at
    longest = max(map(len, names), default=0)
    while place < len(text):
        own = next((text[place : place + n] for n in range(longest, 0, -1) if text[place : place + n] in names), "")
        word = known.match(text, place)
        name = max(own, word.group() if word else "", key=len)
        if not name:
            place += 1
            continue
        # 牛肉丝, 鸡蛋液: one longer thing; the head at the end decides when it is known itself.
        found.append(Food(place, place + len(name), name))
        place += len(name)
    return found


def _attached(text: str, amount: Amount, foods: list[Food], used: set[int]) -> tuple[int | None, bool]:
    """The food that an amount is of, as its place in `foods`, and whether it stands beside it."""
    before = next((i for i in range(len(foods) - 1, -1, -1) if foods[i].end <= amount.start), None)
    after = next((i for i, food in enumerate(foods) if food.start >= amount.end), None)
    gaps: list[tuple[int, int, int]] = []
    counts = amount.unit not in _measured() and plain_unit(amount.unit) not in _words("loose")
    if before is not None:
        # 葱：半根 names the food, 料汁：2 勺生抽 does not: beside a food that follows, a colon loses.
        between, colons = _COLON.subn("", text[foods[before].end : amount.start])
        gap = len(between.strip(" （(约=量为")) + colons
        near = gap <= _NAMING_GAP and (not counts or _COUNTED_BEFORE.fullmatch(between) is not None)
        if not _BREAK.search(between) and near and before not in used:
            gaps.append((gap, 0, before))
        elif not _BREAK.search(between) and gap == 0:
            # 两个鸡蛋（约 100g）: more of what was just measured, unless a food of its own follows.
            gaps.append((2, 1, before))
    if after is not None:
        between = text[amount.end : foods[after].start]
        # 6 个（每个 2 厘米）凤梨块
        between = _BRACKET.sub("", between)
        gap = len(between.strip(" 的"))
        near = gap <= _NAMING_GAP and (not counts or _COUNTED_AFTER.fullmatch(between) is not None)
        if not _BREAK.search(between) and near and not re.search(r"\d|[）)]", between):
            gaps.append((gap, 2, after))
    if gaps:
        return min(gaps)[2], True
    start = max((m.end() for m in _SENTENCE.finditer(text, 0, amount.start)), default=0)
    stop = found.start() if (found := _SENTENCE.search(text, amount.end)) else len(text)
    around = [
        (min(abs(amount.start - food.end), abs(food.start - amount.end)), i)
        for i, food in enumerate(foods)
        if food.start >= start and food.end <= stop and i not in used
    ]
    said = [i for i in used if foods[i].start >= start and foods[i].end <= amount.start]
    if said:
        # 25 ml 油（不沾淀粉时放 20 ml）: still of what was measured last.
        return max(said), False
    return (min(around)[1], False) if around else (None, False)


def _scales(text: str, amount: Amount, food: str | None, listed: Listed) -> bool:
    before, after = text[max(0, amount.start - _LOOK_BACK) : amount.start], text[amount.end : amount.end + _LOOK_BACK]
    one_each = _NOT_AFTER.search(before) or _EACH_TO_COME.match(after)
    # 蚝油、生抽各 2ml says how much of each, which grows like any other.
    if one_each and not re.search(r"各\s*$", before):
        return False
    if re.match(r"\s*[:：]\s*\d", after):
        return False
    if amount.unit == "两" and re.match(r"[次遍下回天秒分小个只]", after):
        return False  # 搅一两次
    cut = _CUT.search(before) is not None
    if amount.unit in _measured():
        if cut and not re.match(r"\s*的?", after[:1]):
            return False
        if cut and re.search(r"[成为作]\s*(?:大约|约)?\s*$", before):
            return False
        if _CONTENT.match(after) or _CONTENT_BEFORE.search(before):
            return False
        return not (_OF_ONE.search(before) and _MASS_OF.match(after)) and not _SIZE_AFTER.match(after)
    unit = plain_unit(amount.unit)
    if unit in _words("never") and not (food and listed(food, unit, None)):
        return bool(cut and unit in "份个" and _EACH_WEIGHT.match(after))
    # Six doughs of 80 g each are twelve; what a potato is cut into is its own affair.
    if cut and unit in "个份块条只张" and _EACH_WEIGHT.match(after):
        return True
    if _SIZE_AFTER.match(after) or _TAKEN.search(before):
        return False
    if cut and not (re.search(r"切\s*$", before) and food and after.lstrip(" 的").startswith(food)):
        return False
    if food is None or _VESSEL_AFTER.match(after):
        return False
    written = text[amount.numbers[0][0] : amount.numbers[0][1]]
    if written != "一" or amount.whole:
        return True
    return _one_scales(text, amount, food, unit, listed)


def _one_scales(text: str, amount: Amount, food: str, unit: str, listed: Listed) -> bool:
    """一 is an amount (加一勺盐, 葱一根) or a way to say a (捞一块肉): what stands around it decides."""
    before = text[max(0, amount.start - _LOOK_BACK) : amount.start]
    if _REPEATED.match(text, amount.start) or _NOT_ONE.search(before):
        return False
    if _REPEATED.match(text, max(0, amount.start - 2)) and before[-2:-1] in "一1":
        return False
    if listed(food, unit, 1.0) or (before.rstrip().endswith(food)):
        return True
    if unit in _words("loose"):
        return not before.strip() or _ADDED.search(before) is not None or _BREAK.search(before[-1:]) is not None
    return _ADDED.search(before) is not None and not re.search(r"[取用]\s*$", before)


def _render(text: str, amount: Amount, food: str | None, rule: Rule) -> str:
    unit = amount.unit
    if amount.whole:
        value = rule(food, unit, amount.numbers[0][2] + 0.5)
        written = text[amount.numbers[0][0] : amount.numbers[0][1]]
        between = text[amount.numbers[0][1] : amount.numbers[1][0]]
        return _number(value, written, between)
    first, last = amount.numbers[0], amount.numbers[-1]
    if len(amount.numbers) == 2 and rule(food, unit, first[2]) == rule(food, unit, last[2]):
        # Both ends of 3-4 瓣 may come out as 2.
        value = rule(food, unit, first[2])
        return _number(value, text[first[0] : first[1]], "") + text[last[1] : amount.end]
    pieces: list[str] = []
    place = amount.start
    for index, (start, end, value) in enumerate(amount.numbers):
        if start == end:
            pieces.append(f"-{decimal(rule(food, unit, value))}")
            continue
        pair = index + 1 < len(amount.numbers) and amount.numbers[index + 1][0] == amount.numbers[index + 1][1]
        pieces.append(text[place:start])
        new = rule(food, unit, value)
        follows = text[end : amount.end]
        if not pair and new % 1 == 0.5 and new > 1 and len(amount.numbers) == 1 and _is_han(text[start:end]):
            tail = follows.strip()
            if tail.lower() == unit:
                return "".join(pieces) + _number(new, text[start:end], follows)
        pieces.append(decimal(new) if pair else _number(new, text[start:end], ""))
        place = end
    return "".join(pieces) + text[place : amount.end]


def _is_han(written: str) -> bool:
    return not re.search(r"\d", written)


def _number(value: float, written: str, unit: str) -> str:
    """A value in the manner of what it replaces, its unit behind it: 两 → 四, 1/2 → 3/4, 半 → 一."""
    if not _is_han(written):
        if "/" in written and (fraction := _FRACTIONS.get(round(value, 4))):
            return fraction + unit
        return decimal(value) + unit
    whole = int(value)
    if "分之" in written and (fraction := _FRACTIONS.get(round(value, 4))):
        return fraction + unit
    if value == 0.5:
        return f"半{unit}"
    if 1 <= whole <= 10 and value - whole in (0, 0.5) and (unit or value == whole):
        return _HAN[whole] + unit + ("半" if value != whole else "")
    return decimal(value) + unit


def decimal(value: float) -> str:
    """A number with no digit that says nothing: 3.50 → 3.5."""
    return f"{round(value, 4):.10g}"

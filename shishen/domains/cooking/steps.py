"""One step: its Markdown removed, its durations read, and a mark where it holds no instruction."""

import re
from functools import cache, lru_cache

from msgspec import Struct

from shishen.chinese import simplify
from shishen.domains.cooking.durations import read_durations
from shishen.domains.cooking.knowledge import knowledge
from shishen.records import DraftStep, Step

_MARKUP = re.compile(r"[*_`\[<!\\#>|&]")
# Every span is bounded: a broken mark in a long text must not be looked for to its end from each place.
_IMAGE = re.compile(r"!\[[^\]]{0,200}\]\([^)]{0,500}\)|!\[[^\]]{0,200}\]\[[^\]]{0,200}\]|<img\b[^>]{0,500}>")
_LINK = re.compile(r"\[([^\]]{0,200})\]\((?:[^()]|\([^()]{0,200}\)){0,500}\)")
_TAG = re.compile(
    r"</?(?:br|p|b|i|u|em|strong|sub|sup|span|div|a|font|center|details|summary|kbd|del)\b[^>]{0,200}>|<!--.{0,500}?-->",
    re.I,
)
_STRONG = re.compile(r"\*\*(.{1,500}?)\*\*|(?<!\w)__(.{1,200}?)__(?!\w)")
_EMPHASIS = re.compile(r"(?<![*\\0-9A-Za-z.])\*(?![\s*])([^*\n]{1,300}?)(?<![\s*\\])\*(?![0-9*])")
_CODE = re.compile(r"`([^`\n]{0,300})`")
_LEADING = re.compile(r"^[ \t]*(?:#{1,6}\s+|>\s?|[-*+](?:[ \t]+|$)(?:\[[ xX]\]\s+)?)", re.M)
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|~<>])")
_BLANK = re.compile(r"[ \t\u3000\xa0]+")
_LINES = re.compile(r"\s*\n\s*")
_CLAUSE = re.compile(r"[，。！？；、,.!?;~～…（）()\s]+")
_NUMBER_GAP = re.compile(r"(?<=\d)[ \u3000]+(?=[^\d\s])")
_NOT_WORDS = re.compile(r"[^\w]+|_")
_MEASURE = re.compile(
    r"\d\s*(?:克|g\b|ml|毫升|度|℃|°|分|小时|勺|个|只|片|根|颗|杯|碗|瓣|块|斤|min|h\b|s\b|秒|天)"
    r"|[一二两三四五六七八九十半几]\s*大?小?(?:勺|匙|克|斤|毫升)|适量|少许",
    re.I,
)
_TIMED = re.compile(
    r"[蒸煮炖焖烤炸煎炒腌泡醒发熬烧压冻]\S{0,3}?(?<!了)[\d一二两三四五六七八九十半几]+\s*(?:个?半?小时|分钟|min)"
)
# The whole step is the name of a picture: 出锅后的样子, 发酵后底部状态, 三角粽包好了.
_CAPTION = re.compile(
    r"(?!.*(?:至|成|到|入|把|将))(?:[^，。,!！?？\s]{0,14}"
    r"(?:的样子|状态|的图|对比图?|成品图?|特写|效果图?|包好了|[切蒸煮炸烤]好[啦了])|(?:.{0,4}|[^，,。]{1,8}的[^，,。]{1,8})(?:出炉|出锅|上碟)[啦咯喽了]+"
    r"|这就?是[^，,。]{0,10}[背正反底侧断截]面|[^，,。]{1,10}手法)"
    r"[^\w]*"
)
# 切好的牛轧糖: the whole step names a thing that is done.
_AFTER = re.compile(r"(?:好|完成?|完毕)(?:之|以)?后(?=.)")
_FORGOTTEN = re.compile(r"^(?:我|又|这次|今天)?忘[记了]")
_DONE_THING = re.compile(r"\S{0,2}(?:好|干净)的(\S{1,8})[^\w]*")
_FINISHED = re.compile(r"^(?!.*[将把]).*(?:[就都做煮蒸烤炒炖炸包弄完]好|好[了啦喽咯哦]+)$")


def plain_text(text: str) -> str:
    """Text without Markdown: no images, links as their words, no marks of emphasis, lists or headings."""
    if _MARKUP.search(text):
        text = _TAG.sub("", _LINK.sub(r"\1", _IMAGE.sub("", text)))
        text = _STRONG.sub(lambda m: m[1] or m[2], text)
        text = _EMPHASIS.sub(r"\1", _CODE.sub(r"\1", text))
        text = _ESCAPE.sub(r"\1", text)
    text = _LEADING.sub("", text)
    return _LINES.sub("\n", _BLANK.sub(" ", text)).strip()


def read_step(draft: DraftStep, dish: str = "") -> Step | None:
    """The step, or None where nothing but an image stood there. `dish` is the name of the dish."""
    text = plain_text(draft.text)
    if not text:
        return None
    return Step(text=text, section=draft.section, minutes=read_durations(text), noise=is_noise(text, dish))


class _Words(Struct, frozen=True):
    strong: re.Pattern[str]
    weak: re.Pattern[str]
    idle: re.Pattern[str]
    done: re.Pattern[str]


@cache
def _words() -> _Words:
    lists = knowledge("steps")
    return _Words(**{key: _any_of(lists[key]) for key in ("strong", "weak", "idle", "done")})


def _any_of(words: str) -> re.Pattern[str]:
    listed = sorted(set(words.split()), key=len, reverse=True)
    characters = "".join(word for word in listed if len(word) == 1)
    longer = "|".join(re.escape(word) for word in listed if len(word) > 1)
    return re.compile("|".join(part for part in (longer, f"[{characters}]" if characters else "") if part))


def is_noise(text: str, dish: str = "") -> bool:
    """Whether a step says nothing to do: a caption, eating, a feeling, a farewell, 如图."""
    words = _words()
    thing = _DONE_THING.fullmatch(text)
    if thing and not words.strong.search(thing[1]) and not words.weak.search(thing[1]):
        return True
    if words.strong.search(text) and not _CAPTION.fullmatch(text):
        return False
    return _CAPTION.fullmatch(text) is not None or _is_idle(text.replace(dish, "") if dish else text)


@lru_cache(maxsize=65_536)
def _is_idle(text: str) -> bool:
    words = _words()
    for clause in _CLAUSE.split(_NUMBER_GAP.sub("", simplify(text))):
        bare = words.done.sub("", _NOT_WORDS.sub("", clause))
        if not bare:
            continue
        if _MEASURE.search(clause):
            return False
        if _FORGOTTEN.match(bare):
            continue
        # 做好后可以烙了: what comes after the finished thing may be an instruction all the same.
        if (after := _AFTER.search(bare)) and words.weak.search(bare, after.end()):
            return False
        if words.idle.search(bare) or _FINISHED.search(bare):
            if _TIMED.search(clause) and not bare.endswith(("样子", "图")):
                return False
            continue
        if words.weak.search(bare):
            return False
    return True

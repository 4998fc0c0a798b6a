"""Every metric, with its name for people and which way is better."""

from collections.abc import Callable

from msgspec import Struct

from shishen.evaluation.answered import Answered
from shishen.evaluation.char_f1 import char_f1
from shishen.evaluation.ended import ended
from shishen.evaluation.exact import exact
from shishen.evaluation.grounded_amounts import amounts_right, amounts_said
from shishen.evaluation.intervals import Score
from shishen.evaluation.repetition import loops, repetition_beyond


class Metric(Struct, frozen=True):
    """`score` gives part and whole of one answer; those of many answers are added up and divided."""

    name: str
    title: str
    explained: str
    score: Callable[[Answered], Score]
    less_is_better: bool = False


METRICS = (
    Metric(
        "char_f1",
        "字面 F1",
        "回答和标准答案有多少字相同（字的 F1，不看顺序）",
        lambda a: (char_f1(a.said, a.reference), 1),
    ),
    Metric(
        "exact",
        "一字不差",
        "和标准答案完全相同的回答（标点、空格、排版不算）",
        lambda a: (exact(a.said, a.reference), 1),
    ),
    Metric(
        "amounts_right",
        "用量有据",
        "回答里的数和单位，有多少在标准答案（或问题）里",
        lambda a: amounts_right(a.said, a.reference, [m.content for m in a.asked]),
    ),
    Metric(
        "amounts_said",
        "用量说全",
        "标准答案里的数和单位，有多少说了出来",
        lambda a: amounts_said(a.said, a.reference),
    ),
    Metric("ended", "正常结束", "自己说完的回答，不是说到长度上限被截断的", lambda a: (ended(a), 1)),
    Metric(
        "repetition",
        "重复",
        "回答里四个字一段，前面已经出现过的占多少，比标准答案多出来的算；越少越好",
        lambda a: (repetition_beyond(a.said, a.reference), 1),
        less_is_better=True,
    ),
    Metric("loops", "打转", "结尾反复说同一段话的回答；越少越好", lambda a: (loops(a.said), 1), less_is_better=True),
)

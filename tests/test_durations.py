"""Every duration with a unit, in minutes; and the whole time that a description states."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shishen.domains.cooking.durations import read_durations, read_number, whole_time


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("半小时", [(30, 30)]),
        ("一个半小时", [(90, 90)]),
        ("1 个半小时", [(90, 90)]),
        ("两小时半", [(150, 150)]),
        ("煮 3-5 分钟", [(3, 5)]),
        ("煮3～5分钟", [(3, 5)]),
        ("煮三到五分钟", [(3, 5)]),
        ("两三分钟", [(2, 3)]),
        ("三四十分钟", [(30, 40)]),
        ("十五六分钟", [(15, 16)]),
        ("十几分钟", [(11, 19)]),
        ("二十五分钟", [(25, 25)]),
        ("十来分钟", [(10, 10)]),
        ("1小时20分钟", [(80, 80)]),
        ("1h30min", [(90, 90)]),
        ("一分二十秒", [(1.3333, 1.3333)]),
        ("高速打发1分半，转到1档打2分钟", [(1.5, 1.5), (2, 2)]),
        ("翻炒 30 秒", [(0.5, 0.5)]),
        ("60-90s", [(1, 1.5)]),
        ("30秒-1分钟", [(0.5, 1)]),
        ("半小时到一小时", [(30, 60)]),
        ("5，6分钟", [(5, 6)]),
        ("大约二、三分钟", [(2, 3)]),
        ("180度，25分钟", [(25, 25)]),
        ("烤箱200度烤15-20分", [(15, 20)]),
        ("10多分钟", [(10, None)]),
        ("1个多小时", [(60, None)]),
        ("冷藏4小时以上", [(240, None)]),
        ("至少腌20分钟", [(20, None)]),
        ("三刻钟", [(45, 45)]),
        ("浸泡 2 天，每天换水", [(2880, 2880)]),
        ("大火蒸15min，关火焖5min", [(15, 15), (5, 5)]),
        ("1/2小时", [(30, 30)]),
        ("一个钟头", [(60, 60)]),
        ("泡俩小时", [(120, 120)]),
        ("炒俩三分钟", [(2, 3)]),
        ("先泡上一個多小時", [(60, None)]),
        ("起锅前2分钟加入青椒", [(2, 2)]),
    ],
)
def test_durations(text: str, spans: list[tuple[float, float | None]]) -> None:
    assert [(span.min, span.max) for span in read_durations(text)] == spans


@pytest.mark.parametrize(
    "text",
    [
        "冷藏过夜",
        "煎到八分熟",
        "第2天",
        "一分为二",
        "三分之一杯",
        "分2次加入",
        "几分钟",
        "沿锅边淋一周",
        "12个月宝宝",
        "6寸2个",
        "加20g糖",
    ],
)
def test_no_duration(text: str) -> None:
    assert read_durations(text) == ()


@given(st.text(alphabet="半一二两三十百几0123456789.-~到个多小时分钟秒天hmin ，/"))
def test_any_text_reads_in_order(text: str) -> None:
    for span in read_durations(text):
        assert span.min is not None
        assert span.max is None or span.min <= span.max


def test_numbers() -> None:
    assert read_number("一百二十") == (120, 120)
    assert read_number("两三") == (2, 3)
    assert read_number("3/0") is None


@pytest.mark.parametrize(
    ("description", "minutes"),
    [
        ("做法简单。从备料到完成大约耗时 40 分钟。", 40),
        ("从备菜到出锅大约需要一个半小时。", 90),
        ("只需将排骨焯水煸香后慢炖约一小时即可完成。从备菜到出锅大约需要一个半小时。", 90),
        ("从准备到出炉仅需约 30 分钟，但建议冷藏过夜后食用，总耗时约 8 小时以上。", 480),
        ("从准备到出炉一般需要 1.5 至 2 小时。", 120),
        ("一般初学者只需要 10 分钟即可完成。", 10),
        ("实际操作约需 30 分钟，另需至少 2 小时冷藏定型。", None),
        ("除去浸泡等准备时间，熬煮约需 3 小时。", None),
        ("普通炖煮约需 3 小时，用高压锅则约 1 小时即可完成。", None),
        ("一道家常菜。", None),
        (None, None),
    ],
)
def test_whole_time(description: str | None, minutes: float | None) -> None:
    assert whole_time(description) == minutes

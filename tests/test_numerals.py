"""Numbers as cooks write them, Western and Chinese."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shishen.domains.cooking.quantities.numerals import read, span_of
from shishen.records import Range


@pytest.mark.parametrize(
    ("text", "low", "high", "rest"),
    [
        ("2个", 2, 2, "个"),
        ("1.5勺", 1.5, 1.5, "勺"),
        ("1/2 个", 0.5, 0.5, " 个"),
        ("1 1/2杯", 1.5, 1.5, "杯"),
        ("1又1/2杯", 1.5, 1.5, "杯"),
        ("1,500ml", 1500, 1500, "ml"),
        ("半个", 0.5, 0.5, "个"),
        ("大半碗", 0.5, 0.5, "碗"),
        ("小半根", 0.5, 0.5, "根"),
        ("一半", 0.5, 0.5, ""),
        ("三分之一勺", 1 / 3, 1 / 3, "勺"),
        ("5分之一只", 0.2, 0.2, "只"),
        ("两根", 2, 2, "根"),
        ("十二只", 12, 12, "只"),
        ("二十颗", 20, 20, "颗"),
        ("一百五十克", 150, 150, "克"),
        ("两三个", 2, 3, "个"),
        ("五六七八只", 5, 8, "只"),
        ("三五片", 3, 5, "片"),
        ("十五六只", 15, 16, "只"),
        ("十几只", 11, 19, "只"),
        ("十来个", 10, 10, "个"),
    ],
)
def test_reads_a_number(text: str, low: float, high: float, rest: str) -> None:
    number = read(text, 0)
    assert number is not None
    assert number.span.min == pytest.approx(low)
    assert number.span.max == pytest.approx(high)
    assert text[number.end :] == rest


@pytest.mark.parametrize("text", ["", "个", "盐", "g5", "-1", "/2"])
def test_no_number_there(text: str) -> None:
    assert read(text, 0) is None


@pytest.mark.parametrize("run", ["二五", "八三", "零零", "两两"])
def test_digits_that_are_no_neighbours_are_no_number(run: str) -> None:
    assert span_of(run) is None


@given(st.integers(min_value=1, max_value=9999))
def test_chinese_and_western_agree(value: int) -> None:
    digits = "零一二三四五六七八九"
    written = ""
    for power, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = value // power % 10
        if digit:
            written += digits[digit] + name
        elif written and not written.endswith("零") and value % power:
            written += "零"
    assert span_of(written) == Range(value, value)


@given(st.text(alphabet="0123456789./ 零一二两三四五六七八九十百千半分之几来", max_size=30))
def test_never_fails_and_never_runs_backwards(text: str) -> None:
    for start in range(len(text)):
        number = read(text, start)
        if number is not None:
            assert start < number.end <= len(text)
            assert number.span.min is not None
            assert number.span.max is not None
            assert number.span.min <= number.span.max

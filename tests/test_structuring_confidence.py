"""How sure the rules are of a dish, field by field, and what they doubt; slips of OCR; lines in any disorder."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.test_structuring import EGG, PORK, is_pork, lines_of, printed, readings


def test_slips_of_ocr_are_mended_and_lower_the_confidence() -> None:
    text = PORK.replace("材料", "林料").replace("做法", "傲法").replace("500克", "5〇0克").replace("30克", "3O克")
    text = text.replace("老抽1勺", "老抽l勺")
    (reading,) = readings(printed(text, confidence=0.97))
    is_pork(reading.draft)
    (sure,) = readings(printed(PORK))
    assert all(reading.confidence[field] < sure.confidence[field] for field in ("title", "ingredients", "steps"))


def test_amounts_that_slipped() -> None:
    text = "# 拌黄瓜\n林料\n黄瓜l根\n盐l0克\n香油1O毫升\n调科：\n醋5〇毫升\n做法\n1. 黄瓜拍碎。\n2. 拌匀。"
    (reading,) = readings(printed(text, confidence=0.95))
    assert lines_of(reading.draft) == ["黄瓜1根", "盐10克", "香油10毫升", "醋50毫升"]


def test_a_plain_dish_is_sure_and_without_doubts() -> None:
    (reading,) = readings(printed(PORK))
    assert reading.doubts == ()
    assert set(reading.confidence) == {"title", "ingredients", "steps"}
    assert all(0.9 < share <= 1 for share in reading.confidence.values())
    assert [line.text for line in reading.lines] == [line.text for line in printed(PORK)]


@pytest.mark.parametrize(
    ("change", "field", "doubt"),
    [
        (("2. 锅中", "3. 锅中"), "steps", "编号不连续"),
        (("八角2个", "此处请看第三十页的照片说明"), "ingredients", "像食材又不像"),
        (("做法\n", ""), "steps", None),
        (("材料\n", ""), "ingredients", None),
    ],
    ids=["numbers", "odd line", "no method label", "no list label"],
)
def test_what_is_unsure_is_told_by_field(change: tuple[str, str], field: str, doubt: str | None) -> None:
    (sure,), (reading,) = readings(printed(PORK)), readings(printed(PORK.replace(*change)))
    assert reading.confidence[field] < sure.confidence[field]
    assert any(doubt in words for words in reading.doubts) if doubt else True


@pytest.mark.parametrize(
    ("cut", "field", "doubt"), [("做法", "steps", "没有找到步骤"), ("材料", "ingredients", "没有找到食材")]
)
def test_a_half_dish_has_no_confidence_in_the_other_half(cut: str, field: str, doubt: str) -> None:
    half = PORK[: PORK.index("做法")] if cut == "做法" else "# 红烧肉\n" + PORK[PORK.index("做法") :]
    (reading,) = readings(printed(half))
    assert reading.confidence[field] == 0
    assert doubt in reading.doubts


def test_a_line_that_was_hard_to_see_is_a_doubt() -> None:
    lines = [replace(line, confidence=0.55 if "冰糖30" in line.text else 0.98) for line in printed(PORK)]
    (reading,) = readings(lines)
    assert any("没有看清" in doubt and "冰糖30克" in doubt for doubt in reading.doubts)
    assert max(reading.confidence.values()) < 0.8


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from([*PORK.splitlines(), *EGG.splitlines(), "小贴士", "【特点】", "①", "---", "12", "：", "（"]),
        max_size=40,
    )
)
def test_lines_in_any_disorder_are_read_without_a_fault(lines: list[str]) -> None:
    for reading in readings(printed("\n".join(lines))):
        assert reading.draft.title
        assert reading.draft.lines or reading.draft.steps
        assert all(0 <= share <= 1 for share in reading.confidence.values())

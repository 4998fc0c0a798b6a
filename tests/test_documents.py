"""The parts that questions on documents are made with: passages, quotes found again, numbers, near-equal questions."""

import unicodedata

import pytest

from shishen.pages import PrintedLine
from shishen.protocols import Taught
from shishen.training.documents.evidence import fault_of, span_of
from shishen.training.documents.near_questions import NearQuestions
from shishen.training.documents.numbers import numbers_of
from shishen.training.documents.passages import passages_of
from tests.policies import rules


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("满三年可休十五天，补贴1,000元（一千元整）", {"3", "15", "1000"}),
        ("二〇二六年一月，第三条，百分之五", {"2026", "3", "5"}),
        ("十分重要，万一有人，千万别慌", set()),
        ("1. 每次 2.50 毫升\n2. 三万五千元", {"2.5", "35000"}),
        ("１２０ 与 一百二十", {"120"}),
    ],
)
def test_numbers_that_a_text_must_answer_for(text: str, numbers: set[str]) -> None:
    assert numbers_of(text) == numbers
    assert numbers_of(text) <= numbers_of(text, strict=False)


@pytest.mark.parametrize(
    ("first", "second", "new"),
    [
        ("公司的年假有多少天？", "公司年假有多少天", False),
        ("图书馆规定，每位读者一次能借几册图书？", "图书馆规定里，每位读者一次能借多少册图书", False),
        ("年假由谁批准？", "病假由谁批准？", True),
        ("第三条规定了什么？", "第四条规定了什么？", True),
        ("设备的额定功率是多少", "设备的额定电压是多少", True),
        ("How long is the warranty?", "How long is the warranty", False),
    ],
)
def test_near_questions(first: str, second: str, new: bool) -> None:
    seen = NearQuestions()
    assert seen.see(first)
    assert seen.see(second) is new


def test_a_quote_is_found_where_it_stands() -> None:
    text = "第一条　总则。\n第二条　职工每年可休 ５ 天，\n含病假。"
    span = span_of("“职工每年可休5天,含病假。”", text)
    assert span
    assert unicodedata.normalize("NFKC", text[slice(*span)]).replace(" ", "") == "职工每年可休5天,\n含病假。"
    assert span_of("职工每月可休5天", text) is None
    assert span_of("。", text) is None
    assert span_of("", text) is None


def test_an_answer_may_say_a_number_in_another_way() -> None:
    passage = "职工累计工作满十年的，年休假为十天。"
    taught = Taught(question="工作满10年休几天？", answer="职工工作满10年，年休假为10天。", quote="年休假为十天")
    assert fault_of(taught, passage) is None
    wrong = Taught(question="工作满10年休几天？", answer="职工工作满10年，年休假为15天。", quote="年休假为十天")
    assert (fault := fault_of(wrong, passage)) is not None
    assert fault.key == "number"


@pytest.mark.parametrize("size", [100, 300, 1200])
def test_passages_are_bounded_and_lose_nothing(size: int) -> None:
    lines = [PrintedLine(text=text) for text in (*rules(0, 10), "长" * 3000, "一句话。" * 400, *rules(10, 3))]
    found = list(passages_of("a.txt", [(None, lines[:6]), (None, lines[6:])], size))
    assert all(len(one.text) <= size for one in found)
    whole = "\n".join(line.text for line in lines)
    assert all(whole[one.start : one.start + len(one.text)] == one.text for one in found)
    assert "".join(one.text for one in found).replace("\n", "") == whole.replace("\n", "")


def test_places_begin_anew_on_each_page() -> None:
    pages = [(n, [PrintedLine(text=text, page=n) for text in rules(n * 2, 2)]) for n in (1, 2)]
    assert [(one.page, one.start) for one in passages_of("a.pdf", pages)] == [(1, 0), (2, 0)]

"""Contamination: questions of a benchmark are found in examples, and recipes are not taken for them."""

from pathlib import Path

import pytest

from shishen.errors import NotFound, UnreadableFile
from shishen.examples import Example, dialogue, example_id
from shishen.training.quality.benchmarks import BenchmarkQuestion, read_benchmarks
from shishen.training.quality.contamination import Contamination, Hit
from tests.conftest import SHARED

CEVAL = "id,question,A,B,C,D,answer,explanation\n"
LONG = "炒青菜时加入少量食醋主要是为了防止____被破坏，并且使颜色更加鲜亮"


def example(question: str, answer: str) -> Example:
    messages = dialogue([(question, answer)])
    return Example(id=example_id(messages), messages=messages)


def hits(contamination: Contamination, *texts: str) -> list[Hit | None]:
    return [hit for _, hit in contamination.check(example("请问一个问题。", text) for text in texts)]


@pytest.fixture
def contamination(tmp_path: Path) -> Contamination:
    (tmp_path / "ceval.csv").write_text(
        f'{CEVAL}0,"{LONG}",维生素C,淀粉,脂肪,矿物质,A,\n'
        "1,豆腐的原料是____。,黄豆,绿豆,红豆,黑豆,A,\n"
        "2,盐,咸,甜,苦,辣,A,\n",
        encoding="utf-8",
    )
    # As CMMLU has it, with a mark at its beginning; the same stem in more than ten questions.
    rows = [f"{n},下列关于食品营养的说法中正确的是,第{n}种甲,第{n}种乙,丙{n},丁{n},B" for n in range(12)]
    (tmp_path / "cmmlu.csv").write_text("\ufeff,Question,A,B,C,D,Answer\n" + "\n".join(rows), encoding="utf-8")
    return Contamination(read_benchmarks([tmp_path]))


def test_a_planted_question_is_found_in_any_dress(contamination: Contamination) -> None:
    for text in (
        LONG,
        LONG.replace("____", "维生素C"),
        f"有人说：「{LONG[:20]}」，是这样吗？",
        "炒青菜時，加入少量食醋，主要是為了防止…",
        "炒青菜时 加入少量食醋\n主要是为了防止什么？",
    ):
        (hit,) = hits(contamination, text)
        assert hit is not None, text
        assert hit.question.text == LONG
        assert 0 < hit.share <= 1
        assert "第 1 题" in hit.words


def test_twelve_characters_in_a_row_are_no_hit(contamination: Contamination) -> None:
    plain = LONG.replace("____", "")
    assert hits(contamination, f"说说{plain[:12]}吧。", f"说说{plain[:13]}吧。")[0] is None
    assert hits(contamination, f"说说{plain[:13]}吧。")[0] is not None


def test_a_short_question_counts_with_its_options(contamination: Contamination) -> None:
    bare, with_options = hits(contamination, "豆腐的原料是黄豆。", "豆腐的原料是？A. 黄豆 B. 绿豆 C. 红豆 D. 黑豆")
    assert bare is None
    assert with_options is not None
    assert contamination.unchecked == 1


def test_a_stem_of_many_questions_tells_nothing_by_itself(contamination: Contamination) -> None:
    stem = "下列关于食品营养的说法中正确的是"
    bare, whole = hits(contamination, stem, f"{stem}：A 第3种甲；B 第3种乙；C 丙3；D 丁3")
    assert bare is None
    assert whole is not None
    assert whole.question.row == 4


def test_examples_come_back_in_order_over_batches(contamination: Contamination) -> None:
    examples = [example("这道菜怎么做？", LONG if n % 700 == 0 else f"第 {n} 步：加盐。") for n in range(2500)]
    found = list(contamination.check(iter(examples)))
    assert [e for e, _ in found] == examples
    assert [n for n, (_, hit) in enumerate(found) if hit] == [0, 700, 1400, 2100]


def test_files_that_are_no_benchmarks_are_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"没有 .*C-Eval"):
        read_benchmarks([tmp_path / "nothing"])
    (tmp_path / "other.csv").write_text("name,amount\n盐,3\n", encoding="utf-8")
    with pytest.raises(UnreadableFile, match="没有评测题"):
        read_benchmarks([tmp_path])
    (tmp_path / "broken.csv").write_bytes(b"id,question\n\x80\xff\xff\xff")
    with pytest.raises(UnreadableFile, match="不是 UTF-8"):
        read_benchmarks([tmp_path / "broken.csv"])


def test_recipes_are_not_taken_for_exam_questions(howtocook: Path) -> None:
    folders = [SHARED / "ceval", SHARED / "cmmlu"]
    if not all(folder.is_dir() for folder in folders):
        pytest.skip("C-Eval and CMMLU are not beside this project (../shared/data)")
    questions = read_benchmarks(folders)
    assert len(questions) > 10_000
    contamination = Contamination(questions)
    dishes = [example(f"{path.stem}怎么做？", path.read_text(encoding="utf-8")) for path in howtocook.rglob("*.md")]
    assert [hit.words for _, hit in contamination.check(dishes) if hit] == []
    planted = [example(exam(question), question.options[0]) for question in questions[::10]]
    missed = [e.messages[0].content for e, hit in contamination.check(planted) if not hit]
    assert len(missed) <= len(planted) * 0.005, missed


def exam(question: BenchmarkQuestion) -> str:
    options = "\n".join(f"{letter}. {text}" for letter, text in zip("ABCD", question.options, strict=False))
    return f"请回答下面的单选题。\n{question.text}\n{options}"

"""Questions on documents without food in them: real PDF and Markdown files, and a scripted model that may be wrong."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from shishen import model_client
from shishen.examples import check_messages
from shishen.file_lock import locked
from tests.command_line import Shishen, is_fault
from tests.policies import ask, changed, examples, markdown, pairs_of, passages, pdf, right, sent
from tests.scripted_model import Answered, Asked, refused, said


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setattr(model_client, "_FIRST_PAUSE", 0.01)


# --- the verb --------------------------------------------------------------------------------------------------


def test_documents_become_a_dataset_with_evidence(shishen: Shishen, tmp_path: Path) -> None:
    folder = tmp_path / "制度"
    folder.mkdir()
    pdf(folder / "员工手册.pdf")
    markdown(folder / "行政规定.md", first=12, count=20)
    (folder / "README.bin").write_bytes(b"\0\1\2")
    output = tmp_path / "问答"
    done, asked = ask(
        shishen, right, folder, "--count", "10", "--output", output, "--size", "300", "--dev-count", "2",
        "--test-count", "2", input_price=1, output_price=2,
    )  # fmt: skip
    assert done.status == 0, done.err
    manifest = done.json
    assert sum(manifest["examples"].values()) == 20
    assert manifest["kinds"] == {"document": 20}
    assert manifest["documents"]["dev"] == manifest["documents"]["test"] == 2
    assert "要问模型：约" in done.err
    assert re.search(rf"模型一共用了 {asked} 次请求.*元", done.err)
    found = examples(output)
    by_page = {(one.path, one.page): one for one in reversed(passages(output))}
    for one in (one for those in found.values() for one in those):
        check_messages(one.messages)
        evidence = one.evidence
        assert not isinstance(evidence, msgspec.UnsetType)
        (text,) = {
            p.text[evidence.start - p.start : evidence.end - p.start]
            for p in passages(output)
            if (p.path, p.page) == (evidence.path, evidence.page) and p.start <= evidence.start < p.start + len(p.text)
        }
        assert one.answers[0] == f"{text}。"
        assert (evidence.page is None) == one.source.endswith(".md")
    assert {page for path, page in by_page if path.endswith(".pdf")} == {1, 2, 3}
    # The split is by passages: none stands in two splits.
    clusters = [{one.cluster for one in those} for those in found.values()]
    assert not clusters[0] & (clusters[1] | clusters[2])
    assert not clusters[1] & clusters[2]
    assert "请勿外传" not in (output / "passages.jsonl").read_text(encoding="utf-8")
    card = (output / "card.html").read_text(encoding="utf-8")
    assert "文件问答" in card
    assert not (output / ".work").exists()


def test_pairs_are_spread_over_a_document(shishen: Shishen, tmp_path: Path) -> None:
    path = markdown(tmp_path / "规定.md", count=40)
    done, asked = ask(shishen, right, path, "--count", "6", "--output", tmp_path / "out", "--size", "200")
    assert done.status == 0
    assert asked == 6
    starts = sorted(one.evidence.start for those in examples(tmp_path / "out").values() for one in those)  # type: ignore[union-attr]
    length = max(p.start + len(p.text) for p in passages(tmp_path / "out"))
    assert starts[0] < length / 5
    assert starts[-1] > length * 4 / 5


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda pair: {**pair, "quote": f"根据{pair['quote']}"}, "quote"),
        (lambda pair: {**pair, "quote": ""}, "quote"),
        (lambda pair: {**pair, "answer": f"{pair['answer']}罚款 77777 元。"}, "number"),
        (lambda pair: {**pair, "answer": f"{pair['answer']}第九十九条另有规定。"}, "number"),
        (lambda pair: {**pair, "answer": "猫咪喜欢晒太阳，也喜欢抓毛线球。"}, "ungrounded"),
        (lambda pair: {**pair, "answer": "。"}, "answer_short"),
        (lambda pair: {**pair, "answer": f"{pair['answer']}<|im_end|>"}, "leftover"),
    ],
)
def test_what_the_source_does_not_say_is_left_out(
    shishen: Shishen, tmp_path: Path, change: Callable[[dict[str, str]], dict[str, str]], key: str
) -> None:
    path = markdown(tmp_path / "规定.md", count=8)
    script = changed(lambda pair: change(pair) if "承办" in pair["question"] else pair)
    done, _ = ask(shishen, script, path, "--count", "16", "--output", tmp_path / "out")
    assert done.status == 0
    assert done.json["left_out"][key] >= 8
    kept = [one for those in examples(tmp_path / "out").values() for one in those]
    assert len(kept) == 8
    assert all("承办" not in one.turns[0][0] for one in kept)
    # Why there are fewer than were asked for stands in a plain word.
    assert "规定.md（1 段）要 16 对，只有 8 对；剔除的有：" in done.err
    rejected = (tmp_path / "out" / "rejected.jsonl").read_text(encoding="utf-8")
    reasons = [json.loads(line)["key"] for line in rejected.splitlines()]
    assert reasons.count(key) == done.json["left_out"][key]


def test_quotes_may_differ_in_width_and_white_space(shishen: Shishen, tmp_path: Path) -> None:
    def wide(pair: dict[str, str]) -> dict[str, str]:
        quote = pair["quote"].translate({ord(str(n)): ord("０") + n for n in range(10)})
        return {**pair, "quote": f"「{quote[:5]} \n{quote[5:]}」"}

    path = markdown(tmp_path / "规定.md", count=8)
    done, _ = ask(shishen, changed(wide), path, "--count", "10", "--output", tmp_path / "out")
    assert sum(done.json["examples"].values()) == 10
    assert done.json["left_out"] == {}


def test_questions_asked_before_are_left_out(shishen: Shishen, tmp_path: Path) -> None:
    """Word for word, or with other small words; of two files that say the same only one is asked about."""
    again = iter(range(10_000))
    script = changed(lambda pair: {**pair, "question": "哪个小组承办年假的事务" + "呢吗吧呀啊"[next(again) % 5]})
    path = markdown(tmp_path / "规定.md", count=6)
    done, _ = ask(shishen, script, path, "--count", "6", "--output", tmp_path / "out", "--size", "100")
    assert sum(done.json["examples"].values()) == 1
    assert done.json["left_out"]["near_question"] >= 5
    copy = tmp_path / "抄本.md"
    copy.write_bytes(path.read_bytes())
    done, _ = ask(shishen, right, path, copy, "--count", "12", "--output", tmp_path / "two")
    assert sum(done.json["examples"].values()) == 12
    assert "只有 0 对" in done.err


def test_near_equal_passages_stand_in_one_split(shishen: Shishen, tmp_path: Path) -> None:
    """Two editions of one text, asked about different things."""
    first, second = markdown(tmp_path / "一版.md", count=20), tmp_path / "二版.md"
    second.write_text(first.read_text(encoding="utf-8").replace("总经理", "董事长"), encoding="utf-8")

    def script(asked: Asked) -> Answered:
        _, passage, _ = sent(asked)
        kind = "承办" if "总经理" in passage else "提前"
        return said(json.dumps({"pairs": [p for p in pairs_of(passage) if kind in p["question"]]}, ensure_ascii=False))

    output = tmp_path / "out"
    done, _ = ask(
        shishen, script, first, second, "--count", "20", "--output", output, "--size", "150", "--dev-count", "6",
        "--test-count", "4",
    )  # fmt: skip
    assert done.status == 0
    topics = {
        split: {re.sub("归哪个小组承办|要提前几天申请|事务|？", "", one.turns[0][0]) for one in those}
        for split, those in examples(output).items()
    }
    assert all(topics.values())
    assert not topics["train"] & (topics["dev"] | topics["test"])
    assert not topics["dev"] & topics["test"]


def test_a_run_that_was_stopped_goes_on_without_asking_again(shishen: Shishen, tmp_path: Path) -> None:
    path = markdown(tmp_path / "规定.md", count=30)
    arguments = (path, "--count", "12", "--size", "150", "--output", tmp_path / "out")
    count = iter(range(1000))
    done, first = ask(
        shishen, lambda asked: right(asked) if next(count) < 5 else refused(401), *arguments, concurrency=1
    )
    assert (done.status, done.out) == (2, "")
    assert not (tmp_path / "out" / "dataset.json").exists()
    done, second = ask(shishen, right, *arguments)
    assert (done.status, first, second) == (0, 6, 12 - 5)
    whole = done.json["fingerprint"]
    done, third = ask(shishen, right, *arguments, "--force")
    assert (done.json["fingerprint"], third) == (whole, 0)
    assert "要问模型" not in done.err


def test_broken_answers_and_faults_of_the_server_cost_their_passage_alone(shishen: Shishen, tmp_path: Path) -> None:
    def script(asked: Asked) -> Answered:
        _, passage, _ = sent(asked)
        if "年假" in passage:
            return said('{"pairs": [{"question": "半')
        return refused(500) if "病假" in passage else right(asked)

    path = markdown(tmp_path / "规定.md", count=10)
    done, _ = ask(shishen, script, path, "--count", "8", "--size", "100", "--output", tmp_path / "out")
    assert done.status == 0
    assert sum(done.json["examples"].values()) == 8
    # How many were left out depends on who was asked; each of the two may be.
    assert done.json["left_out"].get("unanswered", 0) >= 1


def test_an_english_document_is_asked_about_in_english(shishen: Shishen, tmp_path: Path) -> None:
    text = "The pump must be switched off before the filter is cleaned. Wait at least 15 minutes until it is cold."
    path = tmp_path / "manual.txt"
    path.write_text(f"Manual\n\n{text}\n", encoding="utf-8")
    pair = {"question": "How long must one wait before cleaning?", "answer": "Wait at least 15 minutes."}
    answer = json.dumps({"pairs": [{**pair, "quote": "Wait at  least 15 minutes"}]})
    done, _ = ask(shishen, [said(answer)], path, "--count", "1", "--output", tmp_path / "out")
    assert done.json["examples"]["train"] == 1


def test_other_formats_are_written_beside(shishen: Shishen, tmp_path: Path) -> None:
    path = markdown(tmp_path / "规定.md", count=4)
    done, _ = ask(shishen, right, path, "--count", "4", "--output", tmp_path / "out", "--format", "sharegpt")
    assert done.status == 0
    assert list((tmp_path / "out" / "sharegpt").iterdir())


def test_a_dataset_made_anew_leaves_no_format_of_the_one_before(shishen: Shishen, tmp_path: Path) -> None:
    path = markdown(tmp_path / "规定.md", count=20)
    arguments = (path, "--count", "20", "--size", "150", "--output", tmp_path / "out")
    ask(shishen, right, *arguments, "--format", "sharegpt", "--dev-count", "4", "--test-count", "4")
    assert (tmp_path / "out" / "sharegpt" / "test.json").exists()
    done, _ = ask(shishen, right, *arguments, "--force", "--dev-count", "0", "--test-count", "0")
    assert done.status == 0
    assert not (tmp_path / "out" / "sharegpt").exists()


def test_questions_of_benchmarks_are_left_out_and_others_asked_for(shishen: Shishen, tmp_path: Path) -> None:
    path = markdown(tmp_path / "规定.md", count=8)
    benchmark = tmp_path / "题.csv"
    benchmark.write_text("question,A,B,C,D\n年假事务由年假管理小组承办还是由谁承办,甲,乙,丙,丁\n", encoding="utf-8")
    done, _ = ask(shishen, right, path, "--count", "12", "--benchmark", benchmark, "--output", tmp_path / "out")
    assert done.status == 0
    assert done.json["left_out"] == {"benchmark": 1}
    assert sum(done.json["examples"].values()) == 12
    assert "和评测题重合" in (tmp_path / "out" / "rejected.jsonl").read_text(encoding="utf-8")
    assert "对照了 1 个文件里的 1 道题，有 1 条" in (tmp_path / "out" / "card.html").read_text(encoding="utf-8")


# --- what goes wrong -------------------------------------------------------------------------------------------


def test_without_a_teacher_it_is_refused(shishen: Shishen, tmp_path: Path) -> None:
    path = markdown(tmp_path / "规定.md", count=4)
    done = shishen("dataset", "questions", path, "--output", tmp_path / "out")
    assert is_fault(done, "teacher.engine=openai")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"", b"\0\1\2\3", b"\xff\xd8\xff\xe0broken", b"%PDF-1.4 broken", b"# \n\n \n"])
def test_files_without_text(shishen: Shishen, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "坏的.md"
    path.write_bytes(content)
    done, asked = ask(shishen, right, path, "--output", tmp_path / "out")
    assert is_fault(done, "没有读到可以问的文字")
    assert asked == 0


def test_a_model_that_writes_nothing_of_use_leaves_what_was_there(shishen: Shishen, tmp_path: Path) -> None:
    path = markdown(tmp_path / "规定.md", count=4)
    done, _ = ask(shishen, right, path, "--count", "4", "--output", tmp_path / "out")
    before = (tmp_path / "out" / "train.jsonl").read_bytes()
    assert is_fault(ask(shishen, right, path, "--output", tmp_path / "out")[0], "已经有一个数据集", "--force")
    wrong = changed(lambda pair: {**pair, "quote": "原文里没有的话"})
    done, _ = ask(shishen, wrong, path, "--count", "5", "--output", tmp_path / "out", "--force")
    assert done.status == 2
    assert "没有一对问答留得下来（原文里没有所引的话 5" in done.err
    assert (tmp_path / "out" / "train.jsonl").read_bytes() == before
    assert (tmp_path / "out" / "dataset.json").exists()


def test_a_folder_with_other_things_is_not_written_to(shishen: Shishen, tmp_path: Path) -> None:
    path = markdown(tmp_path / "规定.md", count=4)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    assert is_fault(ask(shishen, right, path, "--output", tmp_path / "out")[0], "里有别的东西")


def test_another_run_in_the_folder_is_left_alone(shishen: Shishen, tmp_path: Path) -> None:
    path = markdown(tmp_path / "规定.md", count=4)
    work = tmp_path / "out" / ".work"
    work.mkdir(parents=True)
    (work / "examples.jsonl").write_text("of another run")
    with locked(tmp_path / "out" / ".lock", "taken"):
        assert is_fault(ask(shishen, right, path, "--output", tmp_path / "out")[0], "另一个进程正在写")
    assert (work / "examples.jsonl").read_text() == "of another run"


def test_all_mistakes_of_a_call_are_named_before_anything_is_asked(shishen: Shishen, tmp_path: Path) -> None:
    wrong = ("没有.pdf", "--benchmark", "没有.csv", "--format", "parquet", "--output", tmp_path / "out")
    done, asked = ask(shishen, right, *wrong)
    assert is_fault(done, "没有 没有.pdf", "没有 没有.csv", "parquet")
    assert asked == 0
    assert not (tmp_path / "out").exists()


def test_a_build_that_was_stopped_there_is_not_thrown_away(shishen: Shishen, tmp_path: Path) -> None:
    path = markdown(tmp_path / "规定.md", count=4)
    (tmp_path / "out" / ".work").mkdir(parents=True)
    (tmp_path / "out" / ".work" / "identity").write_text("of a build")
    assert is_fault(ask(shishen, right, path, "--output", tmp_path / "out")[0], "没做完的 dataset build")
    assert (tmp_path / "out" / ".work" / "identity").exists()


def test_what_it_wrote_is_no_document_of_the_next_run(shishen: Shishen, tmp_path: Path) -> None:
    """Nor is a recipe, whose format says itself what is what, any less a document."""
    folder = tmp_path / "资料"
    folder.mkdir()
    markdown(folder / "规定.md", count=4)
    node = {"@context": "https://schema.org", "@type": "Recipe", "name": "凉拌黄瓜", "recipeIngredient": ["黄瓜2根"]}
    node["recipeInstructions"] = ["黄瓜拍碎，切成小段，撒上盐拌匀，腌制十分钟。"]
    (folder / "菜.jsonld").write_text(json.dumps(node, ensure_ascii=False), encoding="utf-8")
    first, _ = ask(shishen, right, folder, "--count", "4", "--output", folder / "out")
    second, _ = ask(shishen, right, folder, "--count", "4", "--output", folder / "out", "--force")
    assert first.json == second.json
    assert {Path(one.path).name for one in passages(folder / "out")} == {"规定.md", "菜.jsonld"}

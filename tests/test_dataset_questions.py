"""Questions on documents without food in them: real PDF and Markdown files, and a scripted model that may be wrong."""

import json
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from reportlab.lib.pagesizes import A5
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfgen.canvas import Canvas

from shishen import model_client
from shishen.examples import SPLITS, Example, check_messages
from shishen.pages import PrintedLine
from shishen.protocols import Taught
from shishen.training.dataset.folder import examples_of_split
from shishen.training.documents.evidence import fault_of, span_of
from shishen.training.documents.near_questions import NearQuestions
from shishen.training.documents.numbers import numbers_of
from shishen.training.documents.passages import DocumentPassage, passages_of
from tests.command_line import Done, Shishen, is_fault
from tests.scripted_model import Answered, Asked, Script, refused, said, scripted


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setattr(model_client, "_FIRST_PAUSE", 0.01)


# --- documents, and a model that asks about them -----------------------------------------------------------------

TOPICS = re.findall(
    "..",
    "年假病假婚假产假考勤加班报销出差培训晋升奖金保险体检宿舍食堂班车门禁访客会议印章档案合同"
    "采购仓库车辆网络邮箱密码备份机房消防急救保洁绿化投诉保密竞业离职返聘实习",
)


def rules(first: int, count: int) -> list[str]:
    """Paragraphs of a policy, each on a matter of its own with numbers of its own."""
    return [
        f"{topic}事务由{topic}管理小组承办，申请须提前{n * 3 + 2}个工作日递交书面材料；"
        f"{topic}的标准每人每年不超过{n * 100 + 50}元，超出部分须经总经理签字方可办理。"
        for n, topic in enumerate(TOPICS[first : first + count], first)
    ]


def markdown(path: Path, count: int = 20, first: int = 0) -> Path:
    parts = [f"# {path.stem}"]
    for n, paragraph in enumerate(rules(first, count)):
        parts += [f"## {TOPICS[first + n]}", paragraph]
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return path


def pdf(path: Path, pages: int = 3, a_page: int = 4) -> Path:
    """A policy as PDF: lines broken at the edge, a running head, a page number."""
    registerFont(UnicodeCIDFont("STSong-Light"))
    canvas = Canvas(str(path), pagesize=A5)
    for page in range(pages):
        canvas.setFont("STSong-Light", 8)
        canvas.drawString(150, 570, "内部资料 请勿外传")
        canvas.drawString(205, 20, str(page + 1))
        canvas.setFont("STSong-Light", 11)
        height = 530
        for paragraph in rules(page * a_page, a_page):
            for at in range(0, len(paragraph), 30):
                canvas.drawString(40, height, paragraph[at : at + 30])
                height -= 16
            height -= 14
        canvas.showPage()
    canvas.save()
    return path


def sent(asked: Asked) -> tuple[int, str, list[str]]:
    """How many pairs are wanted, the passage, what was asked before; it stays so when a repair is asked for."""
    text = asked.body["messages"][1]["content"]
    before, _, passage = text.partition("原文：\n\n")
    count = re.search(r"^要 (\d+) 对。$", before, re.MULTILINE)
    assert count
    return int(count[1]), passage, re.findall(r"^- (.*)$", before, re.MULTILINE)


def pairs_of(passage: str) -> list[dict[str, str]]:
    """Two pairs a paragraph, right in all."""
    found = []
    for topic, days in re.findall(r"(..)事务由\1管理小组承办，申请须提前(\d+)个工作日", passage):
        quote = f"{topic}事务由{topic}管理小组承办"
        found.append({"question": f"{topic}归哪个小组承办？", "answer": f"{quote}。", "quote": quote})
        quote = f"申请须提前{days}个工作日递交书面材料"
        found.append({"question": f"要提前几天申请{topic}事务？", "answer": f"{quote}。", "quote": quote})
    return found


def right(asked: Asked) -> Answered:
    return changed(lambda pair: pair)(asked)


def changed(change: Callable[[dict[str, str]], dict[str, str]]) -> Callable[[Asked], Answered]:
    """A model whose pairs are right but for a change."""

    def script(asked: Asked) -> Answered:
        count, passage, before = sent(asked)
        left = [pair for pair in pairs_of(passage) if pair["question"] not in before]
        return said(json.dumps({"pairs": [change(pair) for pair in left[:count]]}, ensure_ascii=False))

    return script


def ask(shishen: Shishen, script: Script | list[Answered], *arguments: str | Path, **options: Any) -> tuple[Done, int]:
    """The verb with a server that answers by a script: how it ended, and how many requests there were."""
    with scripted(script).running() as server:
        options = {"base_url": server.url, "model": "m", "retries": 0, **options}
        settings = ["teacher.engine=openai", *(f"teacher.openai.{name}={value}" for name, value in options.items())]
        sets = [part for one in settings for part in ("--set", one)]
        done = shishen(*sets, "dataset", "questions", *map(str, arguments), "--json")
        return done, len(server.asked)


def examples(folder: Path) -> dict[str, list[Example]]:
    found = {split: list(examples_of_split(folder, split)) for split in SPLITS}
    return {split: [one for one in those if isinstance(one, Example)] for split, those in found.items()}


def passages(folder: Path) -> list[DocumentPassage]:
    lines = (folder / "passages.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=DocumentPassage) for line in lines]


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


# --- the parts ---------------------------------------------------------------------------------------------------


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

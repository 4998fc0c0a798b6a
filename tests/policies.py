"""Policies to ask about, as Markdown and PDF, and a model that asks about them as it is scripted to."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from reportlab.lib.pagesizes import A5
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfgen.canvas import Canvas

from shishen.examples import SPLITS, Example
from shishen.training.dataset.folder import examples_of_split
from shishen.training.documents.passages import DocumentPassage
from tests.command_line import Done, Shishen
from tests.scripted_model import Answered, Asked, Script, said, scripted

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

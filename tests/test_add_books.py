"""Add: one command from a book to its answers; what was stopped goes on, and nothing is looked at or paid for twice."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from PIL.Image import Image as Picture

from shishen.errors import ShishenError
from shishen.kitchen import Kitchen, open_kitchen
from shishen.library import Changes
from shishen.pages import Page, PrintedLine
from shishen.protocols import Ocr
from tests import samples
from tests.command_line import Shishen, is_fault
from tests.scripted_model import Asked, said, scripted

DISHES = ("番茄炒蛋", "拍黄瓜", "麻婆豆腐")


def page_of(title: str) -> tuple[str, ...]:
    return (title, *samples.LINES[1:])


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Three pages, each with a dish."""
    path = tmp_path / "家常菜谱.pdf"
    path.write_bytes(samples.pdf(*map(page_of, DISHES)))
    return path


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A book of three pictures, grey on white, the n-th of brightness n: no text, nothing that can be read."""
    pictures = [Image.new("RGB", (300, 400), (10 * n, 10 * n, 10 * n)) for n in range(1, 4)]
    path = tmp_path / "扫描.pdf"
    out = io.BytesIO()
    pictures[0].save(out, "PDF", save_all=True, append_images=pictures[1:], quality=100)
    path.write_bytes(out.getvalue())
    return path


class Eye:
    """Knows the pages of `scan` by their brightness; counts what it looks at, and fails at one of them."""

    identity = "eye"

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.fails_at: int | None = None

    def read(self, image: Picture) -> Page:
        number = round(image.getpixel((150, 200))[0] / 10)  # type: ignore[index]
        if number == self.fails_at:
            raise ShishenError("连不上。")
        self.seen.append(number)
        lines = tuple(PrintedLine(text=text) for text in page_of(DISHES[number - 1]))
        return Page(lines=lines, width=float(image.width), height=float(image.height))


def kitchen_with(eye: Eye) -> Kitchen:
    kitchen = open_kitchen(["document.workers=1"])
    built: Ocr = eye
    kitchen.__dict__["ocr"] = built
    return kitchen


# --- the command ---------------------------------------------------------------------------------------------


def test_a_book_is_added_and_answers_with_its_page(shishen: Shishen, book: Path) -> None:
    done = shishen("add", book)
    assert (done.status, done.err.splitlines()[-1]) == (
        0,
        "新增 3，更新 0，未变 0，移除 0；菜谱库现有 3 份菜谱。",
    )
    answer = shishen("ask", "拍黄瓜怎么做")
    assert answer.out.splitlines()[-1].endswith("家常菜谱.pdf 第 2 页")
    assert shishen("add", book).err.startswith("新增 0，更新 0，未变 3")
    book.write_bytes(samples.pdf(*map(page_of, DISHES[:2])))
    assert shishen("add", book, "--json").json["removed"] == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda: samples.pdf(("前言", "这是一本好书。", "祝您胃口好。")), "里没有找到菜谱"),
        (lambda: samples.pdf(samples.LINES)[:900], "打不开"),
        (lambda: samples.SAMPLES["docx"][:900], "不完整或已损坏"),
    ],
    ids=["no dish", "cut PDF", "cut Word"],
)
def test_a_book_of_no_use_is_one_line(
    shishen: Shishen, tmp_path: Path, content: Callable[[], bytes], words: str
) -> None:
    path = tmp_path / "书"
    path.write_bytes(content())
    done = shishen("read", path)
    assert (done.status, done.out) == (2, "")
    assert words in done.err.splitlines()[0]
    assert len(done.err.splitlines()) == 2


def test_without_ocr_a_photo_is_named_and_the_rest_is_added(
    shishen: Shishen, tmp_path: Path, book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    Image.new("RGB", (300, 400), "white").save(tmp_path / "a.png")
    done = shishen("add", tmp_path, "--json")
    assert done.status == 0
    assert done.json["added"] == 3
    (said_of_it,) = [line for line in done.err.splitlines() if "a.png" in line]
    assert "pip install 'shishen[ocr]'" in said_of_it
    assert book.exists()
    doctor = shishen("doctor")
    assert doctor.status == 0
    assert "– 引擎 ocr：rapidocr 没有装；要读扫描件和照片，请运行 pip install 'shishen[ocr]'" in doctor.out


# --- scanned ---------------------------------------------------------------------------------------------------


def test_a_stopped_scan_goes_on_and_looks_at_no_page_twice(scan: Path) -> None:
    eye = Eye()
    eye.fails_at = 3
    kitchen = kitchen_with(eye)
    with pytest.raises(ShishenError, match="连不上"):
        kitchen.add(scan)
    assert eye.seen == [1, 2]
    eye.fails_at = None
    assert kitchen.add(scan) == Changes(added=3)
    assert eye.seen == [1, 2, 3]
    assert kitchen.add(scan) == Changes(unchanged=3)
    assert eye.seen == [1, 2, 3]
    assert [r.source.page for r in kitchen.library.recipes()] == [1, 2, 3]
    kitchen.library.close()


# --- with a model -----------------------------------------------------------------------------------------------


def test_a_model_reads_what_it_costs_is_said_and_what_it_makes_up_is_dropped(
    shishen: Shishen, book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")

    def answer(asked: Asked) -> object:
        title = next(dish for dish in DISHES if dish in asked.last)
        made_up = {"text": "鲍鱼 500克"}
        dish = {
            "title": title,
            "ingredients": [{"text": text} for text in samples.LINES[2:5]] + [made_up],
            "steps": [{"text": text} for text in ("番茄切块，鸡蛋打散。", "下锅炒熟，加盐出锅。")],
        }
        return said(json.dumps({"dishes": [dish]}, ensure_ascii=False))

    with scripted(answer).running() as server:  # type: ignore[arg-type]
        model = {
            "structurer.engine": "openai",
            "structurer.openai.base_url": server.url,
            "structurer.openai.model": "m",
            "structurer.openai.input_price": "10000",
            "structurer.openai.currency": "美元",
        }
        options = [word for key, value in model.items() for word in ("--set", f"{key}={value}")]
        done = shishen(*options, "add", book)
        assert done.status == 0
        assert "要问模型：约 3 次请求" in done.err
        assert "模型一共用了 3 次请求" in done.err
        assert "3.0000 美元" in done.err
        assert "sk-secret" not in done.err
        assert len(server.asked) == 3
        assert "鲍鱼" not in shishen("library", "show", "拍黄瓜").out
        again = shishen(*options, "add", book)
        assert "未变 3" in again.err
        assert len(server.asked) == 3
    assert is_fault(
        shishen("--set", "structurer.openai.response_format=xml", "library", "stats"), "json_object 或 none"
    )


def test_doctor_misses_the_model(shishen: Shishen) -> None:
    done = shishen("--set", "structurer.engine=openai", "doctor")
    assert done.status == 2
    assert "✗ 引擎 structurer：openai 没有说用哪个模型；请设置 structurer.openai.model" in done.out

"""The OCR engines: RapidOCR with its real models, PaddleOCR on a stand-in of its documented shape, a vision model
on a scripted server.
"""

import base64
import io
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from shishen.engines import engine
from shishen.engines.ocr import openai, paddleocr, rapidocr
from shishen.errors import ShishenError
from shishen.imaging import straighten
from shishen.model_client import Unanswered
from shishen.pages import Box, Page
from shishen.protocols import Ocr
from tests.scanning import LOOKS, chinese_font, printed, scanned
from tests.scripted_model import said, scripted

ROOT = Path(__file__).parent.parent
TEXT = [
    "三杯鸡",
    "材料：鸡腿 700 克（带骨，剁成 3 厘米的块）",
    "调料：黑芝麻油 2 汤匙，米酒 100 毫升，生抽 2 汤匙",
    "1. 鸡腿块冷水下锅，煮开后撇净浮沫再煮 2 分钟。",
    "2. 锅里放黑芝麻油和食用油，小火放老姜片，慢慢煸。",
    "3. 放蒜，小火煎 2 分钟到表面微黄，沿锅边倒入米酒。",
    "4. 加热水烧开，加盖转小火焖 18 分钟，中途翻动一次。",
    "特点：咸甜浓香，姜和麻油的香气足，九层塔清新。",
]


@pytest.fixture(scope="module")
def rapid() -> Ocr:
    pytest.importorskip("rapidocr")
    return rapidocr.build(rapidocr.Options())


@pytest.fixture(scope="module")
def page() -> Image.Image:
    try:
        return printed(TEXT)
    except LookupError as error:
        pytest.skip(str(error))


def characters(text: str) -> Counter[str]:
    return Counter(character for character in text if character.isalnum())


def recall(read: Page, text: list[str]) -> float:
    wanted, found = characters("".join(text)), characters("".join(span.text for span in read.spans))
    return (wanted & found).total() / wanted.total()


# --- rapidocr ----------------------------------------------------------------------------------------------


def test_a_printed_page_is_read_line_by_line(rapid: Ocr, page: Image.Image) -> None:
    read = rapid.read(page)
    assert recall(read, TEXT) == 1
    assert (read.width, read.height) == page.size
    lines = sorted(read.spans, key=lambda span: span.box.top)
    assert [characters(line.text) for line in lines] == [characters(line) for line in TEXT]
    for number, line in enumerate(lines):
        middle = (line.box.top + line.box.bottom) / 2
        assert abs(middle - (100 + number * 36 * 1.7 + 26)) < 8
        assert abs(line.box.left - 100) < 12
        assert 32 <= line.size <= 42
        assert 0.8 < line.confidence <= 1


@pytest.mark.parametrize("look", ["scan", "poor"])
def test_a_scanned_page_is_read(rapid: Ocr, page: Image.Image, look: str) -> None:
    straight, _ = straighten(scanned(page, LOOKS[look], 5))
    assert recall(rapid.read(straight), TEXT) >= 0.98


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_page_is_turned_back(rapid: Ocr, page: Image.Image, degrees: int) -> None:
    read = rapid.read(page.rotate(degrees, expand=True))
    assert (read.width, read.height) == page.size
    assert recall(read, TEXT) >= 0.98
    first = min(read.spans, key=lambda span: span.box.top)
    assert first.text == "三杯鸡"
    assert first.box.left < 120


def test_the_size_of_a_line_is_that_of_its_letters(rapid: Ocr) -> None:
    """Whatever the scan, and however short the line: else no heading could be told from the text."""
    try:
        page = printed(["做法", *TEXT[1:], "12"])
        pen, font = ImageDraw.Draw(page), chinese_font(54)
    except LookupError as error:
        pytest.skip(str(error))
    pen.text((100, 900), "红烧肉", font=font, fill="black")
    for look in ("clean", "scan", "poor"):
        spans = rapid.read(straighten(scanned(page, LOOKS[look], 4))[0]).spans
        sizes = {span.text: span.size for span in spans}
        heading = sizes.pop("红烧肉")
        assert len(sizes) == len(TEXT) + 1
        assert 48 <= heading <= 63
        assert all(30 <= size <= 42 for size in sizes.values()), sizes


def test_columns_close_together_are_parted(rapid: Ocr) -> None:
    """Whether the detector found two lines or one over both: no span stands in two columns."""
    left, right, em = "鸡腿块冷水下锅煮开后撇", "切成四厘米的段备用即可", 32
    try:
        font = chinese_font(em)
    except LookupError as error:
        pytest.skip(str(error))
    for gap in (1.5, 2.0, 3.0):
        page = Image.new("RGB", (1200, 1000), "white")
        pen = ImageDraw.Draw(page)
        for row in range(10):
            pen.text((60, 60 + row * em * 1.8), left, font=font, fill="black")
            pen.text((60 + (len(left) + gap) * em, 60 + row * em * 1.8), right, font=font, fill="black")
        spans = rapid.read(page).spans
        assert Counter(span.text for span in spans) == {left: 10, right: 10}, gap
        middle = 60 + (len(left) + gap / 2) * em
        assert all((span.box.right < middle) == (span.text == left) for span in spans)


def test_small_letters_on_a_large_page(rapid: Ocr) -> None:
    """At the side that pages are looked at first these letters are 6 pixels high."""
    try:
        page = printed(TEXT, em=18, size=(2600, 3600))
    except LookupError as error:
        pytest.skip(str(error))
    assert recall(rapid.read(page), TEXT) >= 0.97


def no_text(seed: int) -> Image.Image:
    """Fur, eyes, whiskers, a sofa: gradients, noise, round and angular shapes."""
    chance = np.random.default_rng(seed)
    ground = Image.fromarray(chance.normal(130, 45, (75, 100, 3)).clip(0, 255).astype(np.uint8))
    picture = ground.resize((1200, 900), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(2))
    pen = ImageDraw.Draw(picture)
    pen.polygon([(300, 300), (380, 80), (480, 250)], fill=(90, 70, 60))
    pen.polygon([(700, 250), (800, 80), (880, 300)], fill=(90, 70, 60))
    pen.ellipse((280, 200, 900, 800), fill=(120, 95, 80))
    for x in (440, 680):
        pen.ellipse((x, 400, x + 90, 480), fill=(190, 200, 80))
        pen.ellipse((x + 35, 400, x + 55, 480), fill="black")
    for y in (580, 610, 640):
        pen.line((560, 620, 250, y - 40), fill="white", width=3)
        pen.line((620, 620, 930, y - 40), fill="white", width=3)
    return scanned(picture, LOOKS["scan"], seed)


@pytest.mark.parametrize("seed", range(3))
def test_a_cat_has_no_text(rapid: Ocr, seed: int) -> None:
    """Nothing, or what an eye may be taken for: a digit or two, and that not surely."""
    spans = rapid.read(straighten(no_text(seed))[0]).spans
    assert sum(len(span.text) for span in spans) <= 2
    assert all(span.confidence < 0.8 for span in spans)


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (2, 900), (900, 2), (1000, 1000)])
def test_pictures_without_anything(rapid: Ocr, size: tuple[int, int]) -> None:
    for colour in ("white", "black"):
        assert rapid.read(Image.new("RGB", size, colour)).spans == ()


def test_several_threads_read_the_same(rapid: Ocr, page: Image.Image) -> None:
    pages = [scanned(page, LOOKS["scan"], seed) for seed in range(4)]
    alone = [rapid.read(page) for page in pages]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(rapid.read, pages)) == alone


def test_the_identity_tells_versions_and_what_changes_the_text(rapid: Ocr) -> None:
    other = rapidocr.build(rapidocr.Options(side=960))
    assert "rapidocr 3." in rapid.identity
    assert rapid.identity == rapidocr.build(rapidocr.Options(threads=2)).identity
    assert rapid.identity != other.identity


def test_it_is_quiet_and_needs_no_network() -> None:
    """In a new process in which no socket can connect; a white page is where RapidOCR would say something."""
    pytest.importorskip("rapidocr")
    program = (
        "import socket\n"
        "def refuse(*_): raise OSError('no network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from PIL import Image\n"
        "from shishen.engines.ocr.rapidocr import Options, build\n"
        "engine = build(Options())\n"
        "assert not engine.read(Image.new('RGB', (400, 300), 'white')).spans\n"
        "picture = Image.new('RGB', (400, 300), 'white'); picture.paste('black', (50, 50, 90, 130))\n"
        "engine.read(picture)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# --- paddleocr ---------------------------------------------------------------------------------------------


class Pipeline:
    """What the documentation says of PaddleOCR 3.x: keyword options, `predict`, results that are mappings."""

    def __init__(self, **options: Any) -> None:
        self.options = options

    def predict(self, pixels: "np.ndarray[Any, Any]") -> list[dict[str, Any]]:
        assert pixels.dtype == np.uint8
        # Blue, green, red.
        assert pixels[0, 0].tolist() == [30, 20, 10]
        return [
            {
                "rec_texts": ["红烧肉", " ", "污点"],
                "rec_scores": [0.98, 0.9, 0.2],
                "rec_polys": [
                    np.array([[10, 20], [110, 22], [110, 52], [10, 50]], dtype=np.int16),
                    np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.int16),
                    np.array([[0, 0], [9, 0], [9, 9], [0, 9]], dtype=np.int16),
                ],
            }
        ]


def test_paddleocr_by_its_documented_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = ModuleType("paddleocr")
    stand_in.PaddleOCR = Pipeline  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "paddleocr", stand_in)
    built = paddleocr.build(paddleocr.Options(device="cpu"))
    read = built.read(Image.new("RGB", (200, 100), (10, 20, 30)))
    (span,) = read.spans
    assert (span.text, span.confidence) == ("红烧肉", 0.98)
    assert span.box == Box(10, 20, 110, 52)
    assert span.size == 32
    assert (read.width, read.height) == (200, 100)
    assert "lang ch" in built.identity


def test_paddleocr_that_is_not_installed_names_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "paddleocr", None)
    with pytest.raises(ShishenError, match=r"pip install 'shishen\[paddle\]'"):
        engine("ocr", "paddleocr").build()


# --- openai ------------------------------------------------------------------------------------------------


def test_a_vision_model_transcribes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISION_KEY", "sk-secret")
    answer = "```\n# 红烧肉\n\n**材料**：五花肉 500 克\n1. 切块，焯水。\n```\n"
    with scripted([said(answer)]).running() as model:
        options = openai.Options(base_url=model.url, model="see", key_variable="VISION_KEY", side=300)
        built = openai.build(options)
        read = built.read(Image.new("RGB", (900, 600), (200, 10, 10)))
    assert [(line.text, line.level, line.box) for line in read.lines] == [
        ("红烧肉", 1, None),
        ("材料：五花肉 500 克", None, None),
        ("1. 切块，焯水。", None, None),
    ]
    assert read.spans == ()
    assert (read.width, read.height) == (900, 600)
    (asked,) = model.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["Authorization"] == "Bearer sk-secret"
    assert "sk-secret" not in built.identity
    text, picture = asked.body["messages"][0]["content"]
    assert "原样抄下来" in text["text"]
    kind, _, data = picture["image_url"]["url"].partition(",")
    assert kind == "data:image/jpeg;base64"
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (300, 200)


def test_a_picture_without_text_has_no_lines() -> None:
    with scripted([said("（无文字）")]).running() as model:
        assert openai.build(openai.Options(base_url=model.url, model="m")).read(no_text(1)).lines == ()


def test_half_a_transcription_is_none() -> None:
    with scripted([said("红烧肉\n材料：五花", finish_reason="length")]).running() as model:
        built = openai.build(openai.Options(base_url=model.url, model="m"))
        with pytest.raises(Unanswered, match="max_tokens"):
            built.read(Image.new("RGB", (40, 30)))


def test_a_model_that_is_not_there_is_one_line() -> None:
    with scripted([said("x")]).running() as model:
        url = model.url
    with pytest.raises(ShishenError, match=r"ocr\.openai\.base_url") as caught:
        openai.build(openai.Options(base_url=url, model="m", retries=0)).read(Image.new("RGB", (40, 30)))
    assert "\n" not in str(caught.value)

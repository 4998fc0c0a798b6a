"""Pictures of pages: every format opened the right way up and within limits; skew found; broken files in one line."""

import random
import struct
import sys
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from reportlab.pdfgen.canvas import Canvas

from shishen.errors import UnreadableFile
from shishen.imaging import ENOUGH_MEGAPIXELS, image_kind, look_at, open_page, skew, straighten
from shishen.pages import PageImage
from shishen.source_file import Limits
from tests.scanning import LOOKS, Look, printed, scanned

LIMITS = Limits()
TEXT = ["三杯鸡", *["鸡腿块冷水下锅，煮开后撇净浮沫再煮，捞出用温水冲净。"] * 20]


def marked() -> Image.Image:
    """Wider than high, with a red corner at the top left."""
    image = Image.new("RGB", (80, 60), "white")
    image.paste((255, 0, 0), (0, 0, 20, 15))
    return image


def is_red(image: Image.Image, place: tuple[int, int]) -> bool:
    red, green, blue = image.getpixel(place)  # type: ignore[misc]
    return bool(red > 200 and green < 80 and blue < 80)


def page_of(text: list[str]) -> Image.Image:
    try:
        return printed(text)
    except LookupError as error:
        pytest.skip(str(error))


def refused(path: Path, page: int | None = None, limits: Limits = LIMITS) -> str:
    with pytest.raises(UnreadableFile) as caught:
        open_page(PageImage(str(path), page), limits)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.gif", "a.tiff", "a.bmp"])
def test_every_format_opens_as_rgb(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    marked().save(path)
    image = open_page(PageImage(str(path)), LIMITS)
    assert (image.mode, image.size) == ("RGB", (80, 60))
    assert is_red(image, (5, 5))
    assert not is_red(image, (70, 50))
    assert (look_at(path, LIMITS).width, look_at(path, LIMITS).height) == (80, 60)


def test_heic(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    path = tmp_path / "a.heic"
    heif.from_pillow(marked().resize((160, 120))).save(path)
    assert look_at(path, LIMITS).kind == "HEIC"
    assert is_red(open_page(PageImage(str(path)), LIMITS), (5, 5))


def test_heic_without_its_package_names_the_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    assert "pip install 'shishen[ocr]'" in refused(path)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_the_picture_upright(tmp_path: Path, orientation: int, suffix: str) -> None:
    """The eight ways in which a camera may have been held: all come out with the red corner at the top left."""
    way = Image.Transpose
    undo: dict[int, Any] = {
        2: way.FLIP_LEFT_RIGHT,
        3: way.ROTATE_180,
        4: way.FLIP_TOP_BOTTOM,
        5: way.TRANSPOSE,
        6: way.ROTATE_90,
        7: way.TRANSVERSE,
        8: way.ROTATE_270,
    }
    held = marked().transpose(undo[orientation]) if orientation > 1 else marked()
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"photo.{suffix}"
    held.save(path, exif=exif)
    image = open_page(PageImage(str(path)), LIMITS)
    assert image.size == (80, 60)
    assert is_red(image, (5, 5))
    assert (look_at(path, LIMITS).width, look_at(path, LIMITS).height) == (80, 60)


def test_transparent_is_white(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    image = Image.new("RGBA", (10, 10), (0, 0, 0, 0))
    image.putpixel((2, 2), (0, 0, 255, 255))
    image.save(path)
    opened = open_page(PageImage(str(path)), LIMITS)
    assert opened.getpixel((5, 5)) == (255, 255, 255)
    assert opened.getpixel((2, 2)) == (0, 0, 255)


def test_sixteen_bits_keep_their_greys(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    image = Image.new("I;16", (10, 10), 65535)
    image.putpixel((3, 3), 6000)
    image.save(path)
    opened = open_page(PageImage(str(path)), LIMITS)
    assert opened.getpixel((0, 0)) == (255, 255, 255)
    assert opened.getpixel((3, 3)) == (23, 23, 23)


def test_frames_of_a_tiff(tmp_path: Path) -> None:
    path = tmp_path / "book.tiff"
    Image.new("RGB", (30, 20), "red").save(
        path, save_all=True, append_images=[Image.new("RGB", (40, 20), "blue"), Image.new("RGB", (50, 20), "white")]
    )
    assert look_at(path, LIMITS).frames == 3
    assert open_page(PageImage(str(path)), LIMITS).size == (30, 20)
    assert open_page(PageImage(str(path), 2), LIMITS).getpixel((0, 0)) == (0, 0, 255)
    assert "没有第 4 幅图" in refused(path, 4)


def test_an_animation_gives_its_first_frame(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    marked().save(path, save_all=True, append_images=[Image.new("RGB", (80, 60), "blue")])
    assert look_at(path, LIMITS).frames == 1
    assert is_red(open_page(PageImage(str(path)), LIMITS), (5, 5))


def bomb(path: Path, width: int, height: int) -> None:
    """A PNG whose header promises so many pixels, and whose data is nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b""))


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    bomb(path, 30_000, 30_000)
    assert "30000 × 30000" in refused(path)
    assert "reader.megapixels" in refused(path)
    with pytest.raises(UnreadableFile):
        look_at(path, LIMITS)


def test_pil_s_own_guard_neither_warns_nor_goes(tmp_path: Path) -> None:
    """Between PIL's number and ours a picture opens without a warning; PIL's number is as it was."""
    before = Image.MAX_IMAGE_PIXELS
    path = tmp_path / "large.png"
    Image.new("1", (10_000, 9_500), 1).save(path)
    assert look_at(path, LIMITS).width == 10_000
    opened = open_page(PageImage(str(path)), LIMITS)
    assert opened.getpixel((50, 50)) == (255, 255, 255)
    assert before == Image.MAX_IMAGE_PIXELS


def test_a_large_photograph_comes_smaller(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    Image.new("RGB", (10_000, 8_000), "white").save(path)
    width, height = open_page(PageImage(str(path)), LIMITS).size
    assert ENOUGH_MEGAPIXELS / 5 < width * height / 1e6 <= ENOUGH_MEGAPIXELS
    assert abs(width / height - 1.25) < 0.01


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.gif", "a.tiff", "a.bmp"])
def test_truncated_and_broken_files_are_refused_in_one_line(tmp_path: Path, name: str) -> None:
    chance = random.Random(1)
    good = tmp_path / name
    scanned(marked().resize((160, 120)), LOOKS["scan"], 1).save(good)
    whole = good.read_bytes()
    bad = tmp_path / f"bad-{name}"
    bad.write_bytes(whole[: len(whole) // 2])
    assert "请重新保存" in refused(bad)
    for _ in range(300):
        changed = bytearray(whole)
        for _ in range(chance.choice([1, 4, 16])):
            changed[chance.randrange(12, min(len(changed), 400))] = chance.randrange(256)
        bad.write_bytes(changed)
        with suppress(UnreadableFile):
            assert open_page(PageImage(str(bad)), Limits(megapixels=4)).mode == "RGB"


def test_a_broken_tiff_is_no_talk_of_libtiff(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.tiff"
    Image.effect_noise((400, 300), 50).save(path, compression="tiff_lzw")
    data = bytearray(path.read_bytes())
    data[3000:3100] = b"\x55" * 100
    path.write_bytes(data)
    with pytest.raises(UnreadableFile, match="不是完整的 TIFF"):
        open_page(PageImage(str(path)), LIMITS)
    assert capfd.readouterr().err == ""


def test_what_is_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_text("BM 红烧肉")
    assert "不是能读的图片" in refused(path)
    assert "读不了" in refused(tmp_path / "missing.png")
    assert image_kind(b"BM, an ordinary line of text that starts so") is None


def pdf(path: Path, width: float, height: float, then: Callable[[Canvas], Any] = lambda _: None) -> Path:
    canvas = Canvas(str(path), pagesize=(width, height))
    for number in (1, 2):
        canvas.setFillColorRGB(1, 0, 0)
        canvas.rect(0, 0, width / number, height, stroke=0, fill=1)
        then(canvas)
        canvas.showPage()
    canvas.save()
    return path


def test_a_page_of_a_pdf(tmp_path: Path) -> None:
    path = pdf(tmp_path / "a.pdf", 360, 720)
    assert open_page(PageImage(str(path), 1), LIMITS, dpi=144).size == (720, 1440)
    second = open_page(PageImage(str(path), 2), LIMITS, dpi=72)
    assert is_red(second, (100, 300))
    assert not is_red(second, (300, 300))
    assert "没有第 3 页" in refused(path, 3)


def test_a_gigantic_page_is_rendered_coarsely_or_refused(tmp_path: Path) -> None:
    image = open_page(PageImage(str(pdf(tmp_path / "a.pdf", 30_000, 30_000)), 1), LIMITS)
    assert image.width * image.height <= ENOUGH_MEGAPIXELS * 1e6
    narrow = open_page(PageImage(str(pdf(tmp_path / "b.pdf", 30_000, 30_000)), 1), Limits(megapixels=15))
    assert narrow.width * narrow.height <= 15e6
    assert "太大" in refused(pdf(tmp_path / "c.pdf", 2_000_000, 2_000_000), 1)


def test_broken_and_encrypted_pdfs(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7\n" + b"x" * 300)
    assert "不是完整的 PDF" in refused(path, 1)
    from reportlab.lib.pdfencrypt import StandardEncryption

    locked = tmp_path / "locked.pdf"
    canvas = Canvas(str(locked), encrypt=StandardEncryption("secret", "other"))
    canvas.drawString(10, 10, "x")
    canvas.save()
    assert "密码" in refused(locked, 1)


def test_pages_are_rendered_from_several_threads(tmp_path: Path) -> None:
    path = str(pdf(tmp_path / "a.pdf", 200, 200))
    sizes: list[tuple[int, int]] = []
    threads = [
        threading.Thread(target=lambda: sizes.append(open_page(PageImage(path, 2), LIMITS, dpi=72).size))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sizes == [(200, 200)] * 12


def leaning(page: Image.Image, degrees: float, look: Look = LOOKS["clean"]) -> Image.Image:
    return scanned(page.rotate(-degrees, Image.Resampling.BICUBIC, expand=True, fillcolor="white"), look, 3)


@pytest.mark.parametrize("degrees", [-9.5, -4.2, -0.6, 0.4, 2.5, 9.5])
def test_skew_is_found_and_undone(degrees: float) -> None:
    page = leaning(page_of(TEXT), degrees, Look(blur=0.8, noise=8, shade=0.2, paper=235, jpeg=50))
    straight, turned = straighten(page)
    assert turned == pytest.approx(degrees, abs=0.2)
    assert straight.size != page.size
    assert abs(skew(straight)) < 0.2


def test_a_level_page_and_an_empty_one_are_left_as_they_are() -> None:
    for page in (page_of(TEXT), Image.new("RGB", (600, 800), "white"), Image.new("RGB", (3, 3))):
        straight, turned = straighten(page)
        assert straight is page
        assert turned == 0


def test_two_columns_that_do_not_meet_and_a_tilted_photograph_do_not_mislead() -> None:
    page = page_of([line[:14] for line in TEXT])
    right = page.crop((0, 0, 620, 1754))
    page.paste(right, (620, 19))
    photo = Image.new("RGB", (400, 300), (90, 60, 40))
    pen = ImageDraw.Draw(photo)
    for x in range(0, 400, 40):
        pen.rectangle((x, 20, x + 15, 280), fill=(220, 200, 90))
    page.paste(photo.rotate(12, expand=True, fillcolor="white"), (300, 1300))
    for degrees in (0.0, -3.0, 7.0):
        assert skew(leaning(page, degrees)) == pytest.approx(degrees, abs=0.3)

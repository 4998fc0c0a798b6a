"""Pictures as pages: recognised by their bytes, given out undecoded, refused in one line."""

from pathlib import Path

import pytest
from PIL import Image

from shishen.engines.reader.image import Options, build
from shishen.errors import UnreadableFile
from shishen.imaging import open_page
from shishen.pages import Page, PageImage
from shishen.source_file import Limits, SourceFile


def pages_of(path: Path, limits: Limits | None = None) -> list[Page]:
    pages = list(build(Options()).read(SourceFile(path, limits=limits)))
    assert all(isinstance(page, Page) for page in pages)
    return [page for page in pages if isinstance(page, Page)]


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"])
def test_a_picture_is_one_page_whatever_its_name(tmp_path: Path, format_: str) -> None:
    path = tmp_path / "菜谱.txt"
    Image.new("RGB", (60, 40), "white").save(path, format_)
    assert build(Options()).recognises(SourceFile(path))
    (page,) = pages_of(path)
    assert page == Page(count=1, width=60, height=40, image=PageImage(str(path)))
    assert page.image
    assert open_page(page.image, Limits()).size == (60, 40)


def test_a_heic(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    path = tmp_path / "photo.heic"
    heif.from_pillow(Image.new("RGB", (64, 48), "white")).save(path)
    assert build(Options()).recognises(SourceFile(path))
    (page,) = pages_of(path)
    assert (page.number, page.width, page.height) == (None, 64, 48)


def test_the_frames_of_a_tiff_are_pages(tmp_path: Path) -> None:
    path = tmp_path / "book.tif"
    frames = [Image.new("RGB", (60, 40), colour) for colour in ("red", "white", "blue")]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    pages = pages_of(path)
    assert [(page.number, page.count) for page in pages] == [(1, 3), (2, 3), (3, 3)]
    assert [open_page(page.image, Limits()).getpixel((0, 0)) for page in pages if page.image] == [
        (255, 0, 0),
        (255, 255, 255),
        (0, 0, 255),
    ]
    with pytest.raises(UnreadableFile, match=r"有 3 页.*reader\.pages"):
        pages_of(path, Limits(pages=2))


@pytest.mark.parametrize("content", ["# 红烧肉", "BM 是什么", "%PDF-1.7", '{"@type": "Recipe"}', "GIF 动画"])
def test_what_is_no_picture_is_not_recognised(tmp_path: Path, content: str) -> None:
    path = tmp_path / "photo.png"
    path.write_text(content, encoding="utf-8")
    assert not build(Options()).recognises(SourceFile(path))


def test_too_large_and_broken_ones_are_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (1000, 1000), "white").save(path)
    whole = path.read_bytes()
    with pytest.raises(UnreadableFile, match=r"1000 × 1000.*reader\.megapixels"):
        pages_of(path, Limits(megapixels=0.5))
    with pytest.raises(UnreadableFile, match=r"reader\.book_mb"):
        pages_of(path, Limits(book_mb=0.001))
    path.write_bytes(whole[:20])
    with pytest.raises(UnreadableFile, match="不是完整的 PNG 图片"):
        pages_of(path)

"""Read: which files are found, which reader knows them, and what is said of those that cannot be read."""

import os
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from shishen.content_cache import ContentCache
from shishen.engines.structurer import rules
from shishen.errors import NotFound, UnreadableFile
from shishen.kitchen import Kitchen
from shishen.pages import Page, PrintedLine
from shishen.protocols import Ocr, Reader
from shishen.records import Recipe, Rejected
from shishen.source_file import Limits
from shishen.stages.read import Candidate, find_files, read, read_file, recognise
from shishen.stages.structure import Workshop
from tests import samples
from tests.samples import LINES, SAMPLES
from tests.test_reader_cookbook import SAMPLE as COOKBOOK

if TYPE_CHECKING:
    from PIL.Image import Image


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A workshop without OCR, as where its extra is not installed."""

    def no_ocr() -> Ocr:
        raise UnreadableFile("没有装 OCR")

    return Workshop(ocr=no_ocr, structurer=rules.build(rules.Options()), cache=ContentCache(tmp_path / "kept"))


PROSE = ("第一章", "他走进厨房，看见她在做饭。", "“今天吃什么材料做的？”他问。", "她没有回答。")
DISHLESS = {
    "html": lambda: f"<html><body>{''.join(f'<p>{text}</p>' for text in PROSE)}</body></html>".encode(),
    "docx": lambda: samples.docx_of(PROSE),
    "epub": lambda: samples.epub(PROSE),
    # The words that make it look like one.
    "text": lambda: "买东西\n\n材料：\n做法：\n".encode(),
}


class _Eye:
    """Sees the same page in every picture."""

    identity = "the same page in every picture"

    def read(self, image: "Image") -> Page:
        return Page(lines=tuple(PrintedLine(text=text) for text in LINES), width=image.width, height=image.height)


@pytest.fixture(scope="session")
def readers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Reader]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHISHEN_HOME", str(tmp_path_factory.mktemp("readers")))
        return Kitchen().readers


def names(folder: Path, *paths: Path) -> list[str]:
    """The files found, relative to a folder."""
    return [Path(c.label).relative_to(folder.resolve()).as_posix() for c in find_files(paths or [folder])]


def reasons(path: Path, readers: dict[str, Reader], limits: Limits | None = None) -> list[str]:
    """Why a file that is named by hand is rejected; fails where it gives a recipe."""
    results = list(read(find_files([path]), readers, limits or Limits()))
    assert all(isinstance(result, Rejected) for result in results)
    return [result.reason for result in results if isinstance(result, Rejected)]


# --- finding files ---------------------------------------------------------------------------------------


def test_a_folder_is_walked_in_the_order_of_its_names(tmp_path: Path) -> None:
    for name in ("b/2.md", "b/10.md", "a.md", "c.md", ".hidden.md", ".git/x.md", "b/.x/y.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert names(tmp_path) == ["a.md", "b/10.md", "b/2.md", "c.md"]


def test_a_file_is_found_once_however_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    dish = tmp_path / "sub" / "dish.md"
    dish.touch()
    (tmp_path / "link.md").symlink_to(dish)
    (tmp_path / "hard.md").hardlink_to(dish)
    assert len(names(tmp_path)) == 1
    found = list(find_files([dish, tmp_path, tmp_path / "sub" / ".." / "sub" / "dish.md"]))
    assert found == [Candidate(dish, dish.resolve().as_posix(), named=True)]


def test_a_link_carries_the_path_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "real.md").touch()
    link = tmp_path / "link.md"
    link.symlink_to("real.md")
    assert names(tmp_path, link) == ["real.md"]


def test_loops_of_folders_end(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "self").symlink_to("self")
    (tmp_path / "a" / "gone").symlink_to("nowhere")
    (tmp_path / "a" / "dish.md").touch()
    assert names(tmp_path) == ["a/dish.md"]


def test_many_links_to_one_folder_cost_one_walk(tmp_path: Path) -> None:
    """Forty folders, each with two links to the next: 2⁴⁰ ways to one file."""
    for number in range(40):
        (tmp_path / f"{number}").mkdir()
        for side in "xy":
            (tmp_path / f"{number}" / side).symlink_to(f"../{number + 1}")
    (tmp_path / "40").mkdir()
    (tmp_path / "40" / "dish.md").touch()
    assert names(tmp_path, tmp_path / "0") == ["40/dish.md"]


def test_a_deep_folder_is_no_fault(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    (tmp_path / "z.md").touch()
    try:
        assert names(tmp_path) == ["z.md"]
    finally:
        # Deeper than pytest's own cleaning up reaches.
        subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)


def test_pictures_beside_written_recipes_are_left_out(tmp_path: Path) -> None:
    for name in (
        "扫描/README.md",
        "扫描/1.jpg",
        "扫描/2.PNG",
        "书.pdf",
        "书.jpg",
        "手写/红烧肉.md",
        "手写/红烧肉.jpg",
        "手写/图/1.webp",
        "网页/菜.html",
        "网页/菜_files/1.jpg",
        "网页/菜_files/frame.html",
        "网页/别的_files/3.md",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert names(tmp_path) == [
        "书.jpg",
        "书.pdf",
        "手写/红烧肉.md",
        "扫描/1.jpg",
        "扫描/2.PNG",
        "扫描/README.md",
        "网页/别的_files/3.md",
        "网页/菜.html",
    ]
    assert names(tmp_path, tmp_path / "手写" / "红烧肉.jpg", tmp_path / "手写") == ["手写/红烧肉.jpg", "手写/红烧肉.md"]


@pytest.mark.parametrize("name", ["none.md", "loop.md", "x" * 5000])
def test_a_missing_path_is_named_before_anything_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "dish.md").touch()
    (tmp_path / "loop.md").symlink_to("loop.md")
    with pytest.raises(NotFound, match=r"没有 .* 这个文件或文件夹"):
        next(find_files([tmp_path, tmp_path / name]))


def test_what_is_neither_file_nor_folder_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotFound, match="既不是文件也不是文件夹"):
        list(find_files([tmp_path / "pipe"]))
    assert names(tmp_path) == []


# --- recognising them ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SAMPLES)
def test_the_format_is_recognised_from_the_content_whatever_the_name(
    tmp_path: Path, readers: dict[str, Reader], name: str
) -> None:
    path = tmp_path / "file.dat"
    path.write_bytes(SAMPLES[name])
    found = recognise(Candidate(path, str(path), named=False), readers, Limits())
    assert isinstance(found, tuple)
    assert found[1] is readers[name]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "空文件"),
        (b" \n\n", "空文件"),
        (b"%PDF-1.7\n1 0 obj\n", "不完整"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "JPEG"),
        (b"\x89PNG\r\n\x1a\n\0", "PNG"),
        (b"PK\x03\x04\0\0", "ZIP"),
        (b"\x7fELF\0\0", "不是文本文件"),
        (COOKBOOK.encode("utf-16")[2:], "不是文本文件"),
        ("今天天气不错。".encode(), "认不出"),
        (b"{}", "认不出"),
        (b"[" * 70_000, "认不出"),
        (b'{"a":' * 70_000, "认不出"),
        (b"1\n" * 9000, "认不出"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_file_that_cannot_be_read_is_named_in_one_line(
    tmp_path: Path, readers: dict[str, Reader], content: bytes, reason: str
) -> None:
    path = tmp_path / "菜.md"
    path.write_bytes(content)
    (said,) = reasons(path, readers)
    assert reason in said
    assert "菜.md" in said
    assert "\n" not in said
    # In a folder what is damaged is named as well; a text of another kind is passed over.
    in_folder = list(read(find_files([tmp_path]), readers, Limits()))
    assert len(in_folder) == (reason != "认不出")
    assert all(isinstance(rejected, Rejected) for rejected in in_folder)


def test_a_zip_file_of_something_else_is_named(tmp_path: Path, readers: dict[str, Reader]) -> None:
    path = tmp_path / "照片.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("1.jpg", b"\xff\xd8\xff")
    assert reasons(path, readers) == [f"{path} 这个压缩包里没有能读的菜谱；请解开，把里面的文件加进来。"]


def test_a_name_in_another_encoding_is_named(tmp_path: Path, readers: dict[str, Reader]) -> None:
    """As a ZIP file from Windows leaves them; such a name can be no identity in a library of text."""
    path = os.fsencode(tmp_path) + "/红烧肉.md".encode("gbk")
    Path(os.fsdecode(path)).write_text(COOKBOOK, encoding="utf-8")
    (tmp_path / "z.md").write_text(COOKBOOK, encoding="utf-8")
    recipe, rejected = read(find_files([tmp_path]), readers, Limits())
    assert isinstance(rejected, Rejected)
    assert "不是 UTF-8 编码；请改名" in rejected.reason
    assert r"\xba" in rejected.path
    assert isinstance(recipe, Recipe)


def test_a_document_over_the_limit_is_named_with_the_setting(tmp_path: Path, readers: dict[str, Reader]) -> None:
    path = tmp_path / "big.md"
    path.write_text(COOKBOOK + "字" * 1000, encoding="utf-8")
    (said,) = reasons(path, readers, Limits(document_mb=0.002))
    assert "reader.document_mb" in said


def test_a_line_of_ten_megabytes_in_a_document_is_read(tmp_path: Path, readers: dict[str, Reader]) -> None:
    (tmp_path / "dish.md").write_text(COOKBOOK + "\n" + "注" * 3_500_000, encoding="utf-8")
    (recipe,) = read(find_files([tmp_path]), readers, Limits())
    assert isinstance(recipe, Recipe)


def test_a_file_that_goes_while_it_is_read_is_named(
    tmp_path: Path, readers: dict[str, Reader], workshop: Workshop
) -> None:
    for name, sample in SAMPLES.items():
        path = tmp_path / name
        path.write_bytes(sample)
        found = recognise(Candidate(path, str(path), named=True), readers, Limits())
        assert isinstance(found, tuple)
        path.unlink()
        (rejected,) = read_file(*found, workshop)
        assert isinstance(rejected, Rejected)
        assert (rejected.path, rejected.line) == (str(path), None)
        assert "请检查路径" in rejected.reason


def test_one_folder_may_hold_every_format(tmp_path: Path, readers: dict[str, Reader], workshop: Workshop) -> None:
    for name, sample in SAMPLES.items():
        (tmp_path / name).write_bytes(sample)
    (tmp_path / "README.txt").write_text("我的菜谱\n\n见各文件。\n", encoding="utf-8")
    results = list(read(find_files([tmp_path]), readers, Limits(), replace(workshop, ocr=_Eye)))
    assert [Path(r.source.path).name for r in results if isinstance(r, Recipe)] == sorted(SAMPLES)
    assert len(results) == len(SAMPLES)


def test_without_ocr_the_rest_is_read(tmp_path: Path, readers: dict[str, Reader], workshop: Workshop) -> None:
    for name, sample in SAMPLES.items():
        (tmp_path / name).write_bytes(sample)
    results = list(read(find_files([tmp_path]), readers, Limits(), workshop))
    (rejected,) = (result for result in results if isinstance(result, Rejected))
    assert (Path(rejected.path).name, rejected.reason) == ("image", "没有装 OCR")
    assert len(results) == len(SAMPLES)


@pytest.mark.parametrize("name", ["html", "docx", "epub", "text"])
def test_a_text_without_a_dish_is_worth_a_word_only_where_it_was_named(
    tmp_path: Path, readers: dict[str, Reader], workshop: Workshop, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(DISHLESS[name]())
    (said,) = read(find_files([path]), readers, Limits(), workshop)
    assert isinstance(said, Rejected)
    assert said.reason.startswith(f"{path} 里没有找到菜谱")
    assert list(read(find_files([tmp_path]), readers, Limits(), workshop)) == []


def test_a_book_without_a_dish_is_worth_a_word_anywhere(
    tmp_path: Path, readers: dict[str, Reader], workshop: Workshop
) -> None:
    (tmp_path / "小说.pdf").write_bytes(samples.pdf(PROSE))
    (said,) = read(find_files([tmp_path]), readers, Limits(), workshop)
    assert isinstance(said, Rejected)
    assert "没有找到菜谱" in said.reason


# --- whatever a file holds -------------------------------------------------------------------------------

anything = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")),
    st.text(max_size=100).map(lambda text: text.encode("utf-16", "replace")),
    # A sample with a stretch of it replaced: near enough to be recognised, and broken.
    st.builds(
        lambda sample, start, length, data: (
            sample[: start % len(sample)] + data + sample[start % len(sample) + length :]
        ),
        st.sampled_from(list(SAMPLES.values())),
        st.integers(0, 40_000),
        st.integers(0, 60),
        st.binary(max_size=20) | st.sampled_from([b"", b"\n", b"\n\n# x\n", b'"', b"]", b"{", b"## ", b"\xff"]),
    ),
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=anything)
def test_no_content_breaks_a_reader(
    tmp_path: Path, readers: dict[str, Reader], workshop: Workshop, content: bytes
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    results = list(read(find_files([path]), readers, Limits(), workshop))
    assert all(result.reason and "\n" not in result.reason for result in results if isinstance(result, Rejected))
    # Every reader, also one that does not know the file, says no or reads what it can.
    found = recognise(Candidate(path, "file", named=True), readers, Limits())
    if isinstance(found, tuple):
        assert results
        for reader in readers.values():
            reader.recognises(found[0])
            list(read_file(found[0], reader, workshop))


def test_a_page_to_proof_read_by_is_no_recipe_and_makes_no_picture_an_illustration(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"")
    (tmp_path / "校对.html").write_text('<head>\n<meta name="generator" content="shishen read --report">\n</head>')
    assert [candidate.path.name for candidate in find_files([tmp_path])] == ["1.png"]
    (tmp_path / "拍黄瓜.html").write_text("<html></html>")
    assert [candidate.path.name for candidate in find_files([tmp_path])] == ["拍黄瓜.html"]
    assert [candidate.path.name for candidate in find_files([tmp_path / "校对.html"])] == ["校对.html"]

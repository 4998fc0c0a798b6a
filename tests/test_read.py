"""Read: which files are found, which reader knows them, and what is said of those that cannot be read."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shishen.errors import NotFound
from shishen.kitchen import Kitchen
from shishen.protocols import Reader
from shishen.records import Recipe, Rejected
from shishen.source_file import Limits
from shishen.stages.read import Candidate, find_files, read, read_file, recognise
from tests.test_reader_cookbook import SAMPLE as COOKBOOK
from tests.test_reader_jsonld import SAMPLE as JSONLD
from tests.test_reader_xiachufang import SAMPLE as XIACHUFANG
from tests.test_reader_xtuner import SAMPLE as XTUNER

HOWTOCOOK = """# 拍黄瓜的做法

预估烹饪难度：★

## 必备原料和工具

- 黄瓜

## 计算

- 黄瓜 1 根

## 操作

- 拍碎。
1. 拌匀。
"""
SAMPLES = {"cookbook": COOKBOOK, "howtocook": HOWTOCOOK, "jsonld": JSONLD, "xiachufang": XIACHUFANG, "xtuner": XTUNER}


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
    path.write_text(SAMPLES[name], encoding="utf-8")
    found = recognise(Candidate(path, str(path), named=False), readers, Limits())
    assert isinstance(found, tuple)
    assert found[1] is readers[name]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "空文件"),
        (b" \n\n", "空文件"),
        (b"%PDF-1.7\n1 0 obj\n", "PDF"),
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


def test_a_file_that_goes_while_it_is_read_is_named(tmp_path: Path, readers: dict[str, Reader]) -> None:
    for name, sample in SAMPLES.items():
        path = tmp_path / name
        path.write_text(sample, encoding="utf-8")
        found = recognise(Candidate(path, str(path), named=True), readers, Limits())
        assert isinstance(found, tuple)
        path.unlink()
        (rejected,) = read_file(*found)
        assert isinstance(rejected, Rejected)
        assert (rejected.path, rejected.line) == (str(path), None)
        assert "请检查路径" in rejected.reason


def test_one_folder_may_hold_every_format(tmp_path: Path, readers: dict[str, Reader]) -> None:
    for name, sample in SAMPLES.items():
        (tmp_path / name).write_text(sample, encoding="utf-8")
    (tmp_path / "README.md").write_text("# 我的菜谱\n\n见各文件。\n", encoding="utf-8")
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0\0")
    results = list(read(find_files([tmp_path]), readers, Limits()))
    assert [Path(r.source.path).name for r in results if isinstance(r, Recipe)] == sorted(SAMPLES)
    assert len(results) == len(SAMPLES)


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
        st.sampled_from([sample.encode() for sample in SAMPLES.values()]),
        st.integers(0, 5000),
        st.integers(0, 60),
        st.binary(max_size=20) | st.sampled_from([b"", b"\n", b"\n\n# x\n", b'"', b"]", b"{", b"## ", b"\xff"]),
    ),
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=anything)
def test_no_content_breaks_a_reader(tmp_path: Path, readers: dict[str, Reader], content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    results = list(read(find_files([path]), readers, Limits()))
    assert all(result.reason and "\n" not in result.reason for result in results if isinstance(result, Rejected))
    # Every reader, also one that does not know the file, says no or reads what it can.
    found = recognise(Candidate(path, "file", named=True), readers, Limits())
    if isinstance(found, tuple):
        assert results
        for reader in readers.values():
            reader.recognises(found[0])
            list(read_file(found[0], reader))

"""The cache of answers: what was put is got back whole, whatever is broken is missing, processes do not meet."""

import multiprocessing
import os
from pathlib import Path

import pytest

from shishen.content_cache import ContentCache
from shishen.errors import ShishenError


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("content", [b"", b"\0", "红烧肉".encode(), os.urandom(100_000)])
@pytest.mark.parametrize("key", ["红烧肉", b"\xff\0", "", "../../etc/passwd", "x" * 100_000, "\ud800"])
def test_what_is_put_is_got(tmp_path: Path, key: str | bytes, content: bytes) -> None:
    cache = ContentCache(tmp_path / "cache")
    assert cache.get(key) is None
    cache.put(key, content)
    assert cache.get(key) == content
    assert ContentCache(str(tmp_path / "cache")).get(key) == content
    cache.put(key, b"anew")
    assert cache.get(key) == b"anew"
    assert len(files(tmp_path)) == 1
    assert all(path.is_relative_to(tmp_path / "cache") for path in files(tmp_path))


def test_keys_do_not_meet(tmp_path: Path) -> None:
    cache = ContentCache(tmp_path)
    for i in range(500):
        cache.put(str(i), str(i).encode())
    assert [cache.get(str(i)) for i in range(500)] == [str(i).encode() for i in range(500)]
    assert cache.get("500") is None


@pytest.mark.parametrize("broken", [b"", b"x", b"x" * 15, b"x" * 16, b"x" * 4096])
def test_a_broken_entry_is_missing_and_can_be_put_again(tmp_path: Path, broken: bytes) -> None:
    cache = ContentCache(tmp_path)
    cache.put("a", b"content of some length")
    (path,) = files(tmp_path)
    whole = path.read_bytes()
    for data in (broken, whole[:-1], whole + b"x", whole[:20] + b"?" + whole[21:]):
        path.write_bytes(data)
        assert cache.get("a") is None
    cache.put("a", b"again")
    assert cache.get("a") == b"again"


def test_what_stands_in_the_way_is_said(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    cache = ContentCache(file)
    assert cache.get("a") is None
    with pytest.raises(ShishenError, match=r"写不进缓存文件夹 .*file") as raised:
        cache.put("a", b"x")
    assert "\n" not in str(raised.value)


def test_a_folder_in_an_entry_s_place_is_missing(tmp_path: Path) -> None:
    cache = ContentCache(tmp_path)
    cache.put("a", b"x")
    (path,) = files(tmp_path)
    path.unlink()
    path.mkdir()
    assert cache.get("a") is None
    with pytest.raises(ShishenError):
        cache.put("a", b"x")
    assert files(tmp_path) == []


def _write(folder: str, number: int) -> None:
    cache = ContentCache(folder)
    for i in range(200):
        cache.put(str(i % 10), bytes([number]) * 50_000)
        got = cache.get(str(i % 10))
        assert got is not None
        assert len(set(got)) == 1


def test_processes_write_the_same_entries(tmp_path: Path) -> None:
    """Whoever reads gets one writer's answer whole, never a mixture and never half."""
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(str(tmp_path), number)) for number in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert len(files(tmp_path)) == 10

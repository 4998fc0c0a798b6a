"""ZIP files: read within limits, never unpacked to disk, whatever their directory says."""

import random
import struct
import zipfile
from pathlib import Path

import pytest

from shishen.archive import Archive, names_of, parse_xml
from shishen.errors import BadRecord, UnreadableFile
from shishen.source_file import Limits, SourceFile


def archive_of(path: Path, members: dict[str, bytes], limits: Limits | None = None) -> SourceFile:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return SourceFile(path, limits=limits)


def test_members_are_read_by_their_names(tmp_path: Path) -> None:
    file = archive_of(tmp_path / "a.zip", {"a.txt": b"x", "b/c.txt": "酱油".encode() * 100_000, "d/": b""})
    with Archive(file) as archive:
        assert archive.names == ("a.txt", "b/c.txt")
        assert archive.read("b/c.txt").decode() == "酱油" * 100_000
        assert max(map(len, archive.chunks("b/c.txt"))) <= 65_536
        with pytest.raises(BadRecord, match=r"没有 z\.txt"):
            archive.read("z.txt")
    assert names_of(file) == {"a.txt", "b/c.txt"}


def test_names_that_climb_lead_nowhere(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    file = archive_of(inside / "a.zip", {"../evil.txt": b"1", "/tmp/evil.txt": b"2"})
    with Archive(file) as archive:
        assert [archive.read(name) for name in archive.names] == [b"1", b"2"]
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.zip", "inside"]


def test_names_from_windows_are_read_as_gbk(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    archive_of(path, {"xxxx.txt": b"1"})
    path.write_bytes(path.read_bytes().replace(b"xxxx.txt", "豆腐".encode("gbk") + b".txt"))
    assert names_of(SourceFile(path)) == {"豆腐.txt"}


def test_any_name_can_be_told_of_in_one_line(tmp_path: Path) -> None:
    file = archive_of(tmp_path / "a.zip", {"two\nlines\x07\u2028": b"<", " ": b"<"})
    with zipfile.ZipFile(file.path, "a") as writer, writer.open(zipfile.ZipInfo(""), "w") as stream:
        stream.write(b"nameless")
    with Archive(file) as archive:
        assert archive.names == ("two\nlines\x07\u2028", " ", "")
        assert archive.read("") == b"nameless"
        with pytest.raises(BadRecord, match=r"^two lines 不是完整的 XML$"):
            archive.xml("two\nlines\x07\u2028")
        with pytest.raises(BadRecord, match=r"^（没有名字的文件） 不是完整的 XML$"):
            archive.xml(" ")
        with pytest.raises(BadRecord, match=r"^压缩包里没有 no such member$"):
            archive.read("no\nsuch\r\nmember")


def test_what_it_unpacks_to_is_counted_over_all_members(tmp_path: Path) -> None:
    file = archive_of(tmp_path / "a.zip", {"a": b"0" * 600_000, "b": b"0" * 600_000}, Limits(unpacked_mb=1))
    with Archive(file) as archive:
        archive.read("a")
        with pytest.raises(UnreadableFile, match="unpacked_mb"):
            archive.read("b")


def test_a_bomb_whose_directory_lies_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    archive_of(path, {"a": b"0" * 50_000_000})
    # The size unpacked, in the directory and before the member.
    data = path.read_bytes().replace(struct.pack("<I", 50_000_000), struct.pack("<I", 4_000_000_000))
    path.write_bytes(data)
    with Archive(SourceFile(path, limits=Limits(unpacked_mb=1))) as archive, pytest.raises(UnreadableFile):
        archive.read("a")


def test_one_member_is_no_larger_than_a_document(tmp_path: Path) -> None:
    file = archive_of(tmp_path / "a.zip", {"a": b"0" * 2_000_000, "b": b"1"}, Limits(document_mb=1))
    with Archive(file) as archive:
        with pytest.raises(BadRecord, match="超过单个文档的上限 1 MB"):
            archive.read("a")
        assert archive.read("b") == b"1"


def test_a_file_over_the_limit_of_books_is_refused(tmp_path: Path) -> None:
    file = archive_of(tmp_path / "a.zip", {"a": random.Random(1).randbytes(5000)}, Limits(book_mb=0.001))
    with pytest.raises(UnreadableFile, match="book_mb"):
        Archive(file)
    assert names_of(file) == frozenset()


def test_encrypted_members_and_rare_methods_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"x", zipfile.ZIP_LZMA)
        archive.writestr("b", b"y", zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    # The flag of the second entry of the directory, and that before the member itself.
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        data[data.rindex(mark) + offset] |= 1
    path.write_bytes(data)
    with Archive(SourceFile(path)) as opened:
        with pytest.raises(BadRecord, match="压缩方法"):
            opened.read("a")
        with pytest.raises(BadRecord, match="有密码"):
            opened.read("b")


def test_a_directory_of_many_megabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65535, 65535, 40_000_000, 4, 0)
    path.write_bytes(b"PK\x03\x04" + b"\0" * 40_000_000 + end)
    with pytest.raises(UnreadableFile, match="不完整或已损坏"):
        Archive(SourceFile(path))


@pytest.mark.parametrize("seed", range(60))
def test_damage_is_one_clear_line(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "a.zip"
    archive_of(path, {f"{n}.txt": random.Random(n).randbytes(300) for n in range(5)})
    chance = random.Random(seed)
    data = bytearray(path.read_bytes())
    if seed % 3 == 0:
        del data[chance.randrange(4, len(data)) :]
    for _ in range(chance.randrange(1, 30)):
        data[chance.randrange(4, len(data))] = chance.randrange(256)
    path.write_bytes(data)
    words: list[str] = []
    try:
        with Archive(SourceFile(path)) as archive:
            for name in archive.names:
                try:
                    archive.read(name)
                except BadRecord as error:
                    words.append(str(error))
    except UnreadableFile as error:
        words.append(str(error))
    assert all("\n" not in word and ("压缩包里" in word or "a.zip" in word) for word in words)


def test_entities_are_not_replaced_and_nothing_is_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("geheim")
    root = parse_xml(f'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY s SYSTEM "{secret}">]><x>&a;&s;好</x>'.encode(), "x")
    assert "geheim" not in "".join(root.itertext())
    assert root[-1].tail == "好"
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 9))
    with pytest.raises(BadRecord):
        parse_xml(f'<!DOCTYPE x [<!ENTITY a0 "ha">{laughs}]><x>&a8;</x>'.encode(), "x")


@pytest.mark.parametrize(
    "data", [b"", b"<a>", b"\0\0", b"<a></b>", b"<a>" * 7_000_000], ids=["none", "open", "NUL", "crossed", "many"]
)
def test_broken_xml_is_named(data: bytes) -> None:
    with pytest.raises(BadRecord, match="part"):
        parse_xml(data, "part")

"""Encodings, limits and broken bytes."""

from pathlib import Path

import pytest

from shishen.errors import UnreadableFile
from shishen.source_file import Limits, SourceFile

TEXT = "# 麻婆豆腐\n\n豆腐一块，花椒少许。\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_every_usual_encoding_simply_works(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "dish.md"
    path.write_bytes(TEXT.encode(encoding))
    assert SourceFile(path).text() == TEXT
    assert SourceFile(path).head == TEXT
    assert [line.text for line in SourceFile(path).lines()] == ["# 麻婆豆腐", "豆腐一块，花椒少许。"]


def test_gbk_cut_in_the_middle_of_a_character_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "long.md"
    path.write_bytes(b"x" + ("豆腐" * 40_000).encode("gbk"))
    assert SourceFile(path).encoding == "gb18030"


@pytest.mark.parametrize("content", [b"", b"  \n\n "])
def test_an_empty_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "empty.md"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=r"empty\.md 是空文件"):
        SourceFile(path)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n\xff\xfe\x00", "PDF"),
        (b"PK\x03\x04\x00\x00", "ZIP"),
        (b"\xff\xd8\xff\xe0\x00", "JPEG"),
        (bytes(range(256)), "二进制"),
    ],
)
def test_what_is_no_text_is_named(tmp_path: Path, content: bytes, kind: str) -> None:
    path = tmp_path / "thing.md"
    path.write_bytes(content)
    file = SourceFile(path)
    assert file.encoding is None
    assert file.head == ""
    with pytest.raises(UnreadableFile, match=kind):
        file.text()


def test_one_broken_line_does_not_turn_a_corpus_into_gbk(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_bytes("好\n".encode() + b'"\xff\xfe\xfd"\n' + "豆腐\n".encode() * 5)
    file = SourceFile(path)
    lines = list(file.lines())
    assert file.encoding == "utf-8"
    assert [line.number for line in lines] == [1, 2, 3, 4, 5, 6, 7]
    assert lines[1].text is None
    assert "utf-8" in (lines[1].fault or "")
    assert lines[2].text == "豆腐"


def test_a_line_over_the_limit_is_skipped_and_the_next_is_read(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_bytes(b'{"a": 1}\n' + b"x" * 10_000_000 + b'\n{"b": 2}\n')
    lines = list(SourceFile(path, limits=Limits(line_mb=1)).lines())
    assert [(line.number, line.text) for line in lines] == [(1, '{"a": 1}'), (2, None), (3, '{"b": 2}')]
    assert "1 MB" in (lines[1].fault or "")


def test_a_document_over_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "big.md"
    path.write_bytes(b"# x\n" * 1000)
    with pytest.raises(UnreadableFile, match=r"document_mb"):
        SourceFile(path, limits=Limits(document_mb=0.001)).text()

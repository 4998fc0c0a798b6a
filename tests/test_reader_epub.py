"""E-books: the documents of the spine in their order, whatever the package looks like; what is locked is named."""

import random
import zipfile
from pathlib import Path

import pytest

from shishen.engines.reader.epub import Options, build
from shishen.errors import UnreadableFile
from shishen.pages import Page, PrintedLine
from shishen.records import Draft, Rejected
from shishen.source_file import Limits, SourceFile

CONTAINER = """<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
PACKAGE = """<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0"><manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>
<item id="css" href="style.css" media-type="text/css"/>
<item id="b" href="Text/%E4%BA%8C.xhtml" media-type="application/xhtml+xml"/>
<item id="a" href="text/one.xhtml" media-type="application/xhtml+xml"/>
<item id="c" href="Text/cover.svg" media-type="image/svg+xml"/>
</manifest><spine toc="ncx"><itemref idref="nav"/><itemref idref="c"/><itemref idref="a"/><itemref idref="b"/>
<itemref idref="missing"/></spine></package>"""
ONE = """<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://x/xhtml11.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><head><title/><link rel="stylesheet" href="../style.css"/></head><body>
<script/><a id="x"/><p class="head">番茄炒蛋</p><p>材料&nbsp;&mdash;&nbsp;家常</p><ul><li>番茄 2个</li></ul>
<ol><li><p>切。</p></li><li><p>炒。</p></li></ol><p>汤<sup><a href="#n">[1]</a></sup>好</p></body></html>"""
TWO = """<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head/><body>
<nav epub:type="toc"><ol><li>番茄炒蛋</li></ol></nav><h1>红烧肉</h1><p>五花肉 1斤</p></body></html>"""
BOOK = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": CONTAINER,
    "OEBPS/book.opf": PACKAGE,
    "OEBPS/nav.xhtml": TWO.replace("红烧肉", "目录"),
    "OEBPS/style.css": ".head { font-size: 1.5em; font-weight: bold }",
    "OEBPS/Text/one.xhtml": ONE,
    "OEBPS/Text/二.xhtml": TWO,
}


def book_of(path: Path, changes: dict[str, str | bytes | None] | None = None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**BOOK, **(changes or {})}.items():
            if text is not None:
                archive.writestr(name, text, zipfile.ZIP_STORED if name == "mimetype" else None)
    return path


def read(path: Path, **limits: float) -> list[Draft | Page | Rejected]:
    file = SourceFile(path, limits=Limits(**limits))  # type: ignore[arg-type]
    assert build(Options()).recognises(file)
    return list(build(Options()).read(file))


def pages_of(path: Path) -> list[list[str]]:
    return [[line.text for line in page.lines] for page in read(path) if isinstance(page, Page)]


FIRST = ["番茄炒蛋", "材料 — 家常", "番茄 2个", "1. 切。", "2. 炒。", "汤好"]
SECOND = ["红烧肉", "五花肉 1斤"]


def test_a_book_is_read_in_the_order_of_its_spine(tmp_path: Path) -> None:
    pages = read(book_of(tmp_path / "book.epub"))
    assert pages_of(tmp_path / "book.epub") == [FIRST, SECOND]
    (first, second) = [page.lines for page in pages if isinstance(page, Page)]
    assert first[0] == PrintedLine(text="番茄炒蛋", size=15, bold=True)
    assert (second[0].level, first[2].item) == (1, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"mimetype": None},
        {"META-INF/container.xml": None},
        {"META-INF/container.xml": "<broken"},
        {"OEBPS/style.css": None},
        {"OEBPS/book.opf": PACKAGE.replace('xmlns="http://www.idpf.org/2007/opf"', "")},
        {"OEBPS/book.opf": PACKAGE.encode("utf-16")},
        {"OEBPS/Text/one.xhtml": ONE.replace("utf-8", "gbk").encode("gbk")},
        {"OEBPS/Text/one.xhtml": ONE.replace("<ul>", "<p><ul>").replace("<script/><a id", "<a id")},
    ],
)
def test_books_that_are_not_quite_right_are_read(tmp_path: Path, changes: dict[str, str | bytes | None]) -> None:
    path = book_of(tmp_path / "book.txt", changes)
    assert pages_of(path) == [FIRST, SECOND]


def test_a_book_without_a_spine_is_read_in_the_order_of_its_list(tmp_path: Path) -> None:
    package = PACKAGE[: PACKAGE.index("<spine")] + "</package>"
    assert pages_of(book_of(tmp_path / "book.epub", {"OEBPS/book.opf": package})) == [SECOND, FIRST]


ENCRYPTION = """<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><EncryptedData
xmlns="http://www.w3.org/2001/04/xmlenc#"><EncryptionMethod Algorithm="{}"/><CipherData><CipherReference URI="{}"/>
</CipherData></EncryptedData></encryption>"""


def test_a_locked_book_is_named_and_scrambled_fonts_are_no_bar(tmp_path: Path) -> None:
    locked = ENCRYPTION.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "OEBPS/Text/one.xhtml")
    with pytest.raises(UnreadableFile, match=r"book\.epub .*DRM"):
        read(book_of(tmp_path / "book.epub", {"META-INF/encryption.xml": locked}))
    for method, target in (
        ("http://www.idpf.org/2008/embedding", "OEBPS/fonts/a.otf"),
        ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "OEBPS/fonts/a.otf"),
    ):
        fonts = ENCRYPTION.format(method, target)
        assert pages_of(book_of(tmp_path / "book.epub", {"META-INF/encryption.xml": fonts})) == [FIRST, SECOND]


def test_one_bad_document_costs_no_other(tmp_path: Path) -> None:
    path = book_of(tmp_path / "book.epub", {"OEBPS/Text/one.xhtml": None})
    rejected, page = read(path)
    assert isinstance(rejected, Rejected)
    assert "one.xhtml" in rejected.reason
    assert isinstance(page, Page)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"OEBPS/book.opf": None}, "不是完整的 EPUB"),
        ({"OEBPS/book.opf": "<package/>"}, "spine"),
        ({"OEBPS/Text/one.xhtml": "<html><img src='1.jpg'/></html>", "OEBPS/Text/二.xhtml": "<html/>"}, "没有文字"),
    ],
)
def test_a_book_that_is_none_is_named(tmp_path: Path, changes: dict[str, str | bytes | None], words: str) -> None:
    with pytest.raises(UnreadableFile, match=rf"book\.epub .*{words}"):
        read(book_of(tmp_path / "book.epub", changes))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.97])
def test_a_file_that_breaks_off_is_named(tmp_path: Path, share: float) -> None:
    path = book_of(tmp_path / "book.epub")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(UnreadableFile, match=r"book\.epub 不完整"):
        read(path)


def test_a_bomb_is_stopped(tmp_path: Path) -> None:
    bomb = ONE.replace("番茄炒蛋", "蛋" * 3_000_000)
    with pytest.raises(UnreadableFile, match="unpacked_mb"):
        read(book_of(tmp_path / "book.epub", {"OEBPS/Text/one.xhtml": bomb}), unpacked_mb=5)
    results = read(book_of(tmp_path / "book.epub", {"OEBPS/Text/one.xhtml": bomb}), document_mb=1)
    assert [type(result) for result in results] == [Rejected, Page]


def test_lines_without_end_are_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shishen.engines.reader.epub._MOST_LINES", len(FIRST))
    first, rejected = read(book_of(tmp_path / "book.epub"))
    assert isinstance(first, Page)
    assert [line.text for line in first.lines] == FIRST
    assert isinstance(rejected, Rejected)
    assert "超过 6 行，请分成几本" in rejected.reason


def test_a_book_of_which_nothing_can_be_read_says_why_once(tmp_path: Path) -> None:
    bomb = ONE.replace("番茄炒蛋", "蛋" * 3_000_000)
    members: dict[str, str | bytes | None] = {"OEBPS/Text/one.xhtml": bomb, "OEBPS/Text/二.xhtml": None}
    with pytest.raises(UnreadableFile, match=r"book\.epub 一节也没有读成：.*上限 1 MB"):
        read(book_of(tmp_path / "book.epub", members), document_mb=1)


def test_names_that_climb_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "secret.xhtml").write_text("<p>geheim</p>")
    package = PACKAGE.replace("text/one.xhtml", "../../../../secret.xhtml")
    results = read(book_of(tmp_path / "book.epub", {"OEBPS/book.opf": package}))
    assert [type(result) for result in results] == [Rejected, Page]


def test_entities_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("geheim")
    evil = f'<!DOCTYPE html [<!ENTITY s SYSTEM "{tmp_path}/secret">]><html><body><p>盐&s;</p></body></html>'
    pages = pages_of(book_of(tmp_path / "book.epub", {"OEBPS/Text/one.xhtml": evil}))
    assert "geheim" not in str(pages)
    assert pages[0][0].startswith("盐")


def test_other_archives_are_left_to_others(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.epub", "w") as archive:
        archive.writestr("a.txt", "x" * 300)
    assert not build(Options()).recognises(SourceFile(tmp_path / "a.epub"))
    (tmp_path / "b.epub").write_text("application/epub+zip")
    assert not build(Options()).recognises(SourceFile(tmp_path / "b.epub"))


@pytest.mark.parametrize("seed", range(60))
def test_damage_never_crashes(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    name = chance.choice([name for name in BOOK if name != "mimetype"])
    data = bytearray(BOOK[name].encode())
    for _ in range(chance.randrange(1, 8)):
        start = chance.randrange(len(data))
        data[start : start + chance.randrange(20)] = chance.choice([b"", b"<", b"&", b'"', chance.randbytes(5), b"../"])
    path = book_of(tmp_path / "book.epub", {name: bytes(data)})
    words = ""
    try:
        results = read(path)
    except UnreadableFile as error:
        results, words = [], str(error)
    assert "\n" not in words
    assert results or "book.epub" in words

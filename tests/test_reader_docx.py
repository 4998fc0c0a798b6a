"""Word documents: lines in the order of the text, whatever holds them; what cannot be read is named."""

import random
import re
import zipfile
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Pt

from shishen.engines.reader.docx import Options, build
from shishen.errors import UnreadableFile
from shishen.pages import Page, PrintedLine
from shishen.records import Draft, Rejected
from shishen.source_file import Limits, SourceFile

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read(path: Path, **limits: float) -> list[Draft | Page | Rejected]:
    file = SourceFile(path, limits=Limits(**limits))  # type: ignore[arg-type]
    assert build(Options()).recognises(file)
    return list(build(Options()).read(file))


def lines_of(path: Path) -> list[PrintedLine]:
    return [line for page in read(path) if isinstance(page, Page) for line in page.lines]


def saved(document: Any, path: Path) -> list[PrintedLine]:
    document.save(str(path))
    return lines_of(path)


def rewritten(path: Path, part: str, pattern: str, replacement: str) -> None:
    """The file with something replaced in one of its parts."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    text, count = re.subn(pattern, replacement, members[part].decode())
    assert count
    members[part] = text.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "页眉"
    document.add_heading("家常菜", 0)
    document.add_heading("番茄炒蛋", 1)
    document.add_paragraph("材料", style="Heading 2")
    document.add_paragraph("番茄 2个", style="List Bullet")
    table = document.add_table(2, 2)
    for cell, text in zip([c for row in table.rows for c in row.cells], ("鸡蛋", "3个", "盐", "少许"), strict=True):
        cell.text = text
    document.add_paragraph().add_run("做法：").bold = True
    document.add_paragraph("切块。", style="List Number")
    document.add_paragraph("炒熟。", style="List Number")
    document.add_paragraph("出锅\n撒葱花")
    path = tmp_path / "book.docx"
    document.save(str(path))
    return path


def test_a_document_is_read_in_its_order(book: Path) -> None:
    assert [(line.text, line.level, line.item, line.bold) for line in lines_of(book)] == [
        ("家常菜", 1, False, False),
        ("番茄炒蛋", 1, False, True),
        ("材料", 2, False, True),
        ("番茄 2个", None, True, False),
        ("鸡蛋  3个", None, False, False),
        ("盐  少许", None, False, False),
        ("做法：", None, False, True),
        ("1. 切块。", None, True, False),
        ("2. 炒熟。", None, True, False),
        ("出锅", None, False, False),
        ("撒葱花", None, False, False),
    ]


def test_the_name_of_the_file_does_not_matter(book: Path) -> None:
    assert build(Options()).recognises(SourceFile(book.rename(book.with_suffix(".txt"))))


def test_the_main_part_may_have_any_name_and_a_strict_namespace(book: Path) -> None:
    wanted = lines_of(book)
    with zipfile.ZipFile(book) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["word/document2.xml"] = members.pop("word/document.xml")
    strict = (
        b"http://purl.oclc.org/ooxml/wordprocessingml/main",
        b"schemas.openxmlformats.org/wordprocessingml/2006/main",
    )
    with zipfile.ZipFile(book, "w") as archive:
        for name, data in members.items():
            data = data.replace(b"http://" + strict[1], strict[0]).replace(b"word/document.xml", b"word/document2.xml")
            archive.writestr(name, data)
    assert lines_of(book) == wanted


def test_sizes_are_beside_the_standard_text(tmp_path: Path) -> None:
    document = docx.Document()
    document.styles["Normal"].font.size = Pt(12)
    document.add_paragraph("正文")
    run = document.add_paragraph().add_run("番茄炒蛋")
    run.font.size, run.bold = Pt(18), True
    mixed = document.add_paragraph()
    mixed.add_run("盐：").bold = True
    mixed.add_run("3克")
    lines = saved(document, tmp_path / "a.docx")
    assert [(line.text, line.size, line.bold) for line in lines] == [
        ("正文", 10, False), ("番茄炒蛋", 15, True), ("盐：3克", 10, False),
    ]  # fmt: skip


def test_a_table_for_layout_is_read_cell_after_cell(tmp_path: Path) -> None:
    document = docx.Document()
    left, right = document.add_table(1, 2).rows[0].cells
    left.text = "材料\n盐\n糖"
    right.text = "做法"
    right.add_paragraph("炒。")
    inner = right.add_table(1, 2)
    inner.rows[0].cells[0].text, inner.rows[0].cells[1].text = "葱", "1根"
    long = document.add_table(1, 2).rows[0].cells
    long[0].text, long[1].text = "汤" * 60, "面" * 60
    merged = document.add_table(2, 3)
    merged.cell(0, 0).merge(merged.cell(1, 0)).text = "主料"
    for place, text in (((0, 1), "鱼"), ((0, 2), "1条"), ((1, 1), "虾"), ((1, 2), "5只")):
        merged.cell(*place).text = text
    lines = [line.text for line in saved(document, tmp_path / "a.docx")]
    assert lines == ["材料", "盐", "糖", "做法", "炒。", "葱  1根", "汤" * 60, "面" * 60, "主料  鱼  1条", "虾  5只"]


def numbered(document: Any, text: str, list_id: int, depth: int = 0) -> None:
    properties = document.add_paragraph(text)._p.get_or_add_pPr()
    numbering = parse_xml(f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{depth}"/><w:numId w:val="{list_id}"/></w:numPr>')
    properties.append(numbering)


def test_lists_count_on_and_start_anew(tmp_path: Path) -> None:
    document = docx.Document()
    root = document.part.numbering_part.element
    root.insert(0, parse_xml(
        f'<w:abstractNum {nsdecls("w")} w:abstractNumId="90"><w:lvl w:ilvl="0"><w:start w:val="1"/>'
        '<w:numFmt w:val="chineseCounting"/><w:lvlText w:val="第%1步"/></w:lvl><w:lvl w:ilvl="1"><w:start w:val="4"/>'
        '<w:numFmt w:val="decimal"/></w:lvl><w:lvl w:ilvl="2"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum>'
    ))  # fmt: skip
    for number, override in ((91, ""), (92, '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>')):
        root.append(parse_xml(
            f'<w:num {nsdecls("w")} w:numId="{number}"><w:abstractNumId w:val="90"/>{override}</w:num>'
        ))  # fmt: skip
    for text, number, depth in (
        ("切", 91, 0), ("细", 91, 1), ("碎", 91, 1), ("点", 91, 2), ("炒", 91, 0), ("丝", 91, 1), ("洗", 92, 0),
        ("3、盛", 91, 0), ("无", 0, 0), ("错", 999, 0),
    ):  # fmt: skip
        numbered(document, text, number, depth)
    lines = saved(document, tmp_path / "a.docx")
    assert [line.text for line in lines] == [
        "1. 切", "4. 细", "5. 碎", "点", "2. 炒", "4. 丝", "1. 洗", "3、盛", "无", "错",
    ]  # fmt: skip
    assert [line.item for line in lines] == [True] * 8 + [False] * 2


@pytest.mark.parametrize("head", ["Heading 1", "Normal"])
def test_one_list_for_all_dishes_begins_anew_with_each(tmp_path: Path, head: str) -> None:
    document = docx.Document()
    for dish in ("炒蛋", "蒸蛋"):
        document.add_paragraph(dish, style=head)
        document.add_paragraph("鸡蛋 3个", style="List Bullet")
        document.add_paragraph("做法", style=head)
        document.add_paragraph("打散。", style="List Number")
        document.add_paragraph("（要打匀）")
        document.add_paragraph("做熟。", style="List Number")
    lines = [line.text for line in saved(document, tmp_path / "a.docx")]
    second = "2. 做熟。"
    assert lines == [n for d in ("炒蛋", "蒸蛋") for n in (d, "鸡蛋 3个", "做法", "1. 打散。", "（要打匀）", second)]


def test_text_boxes_are_read_once_after_their_paragraph(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("番茄炒蛋")
    space = (
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
        'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
        'xmlns:v="urn:schemas-microsoft-com:vml"'
    )
    content = "<w:txbxContent><w:p><w:r><w:t>小贴士</w:t></w:r></w:p></w:txbxContent>"
    paragraph._p.append(parse_xml(
        f"<w:r {nsdecls('w')} {space}><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wps:wsp><wps:txbx>"
        f"{content}</wps:txbx></wps:wsp></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>{content}</v:textbox>"
        f"</w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    ))  # fmt: skip
    paragraph.add_run("（家常）")
    document.add_paragraph("下一段")
    lines = [line.text for line in saved(document, tmp_path / "a.docx")]
    assert lines == ["番茄炒蛋（家常）", "小贴士", "下一段"]


def test_what_is_not_seen_is_left_out(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("番茄")
    for xml in (
        "<w:del {0}><w:r><w:delText>删</w:delText></w:r></w:del>",
        "<w:moveFrom {0}><w:r><w:t>移</w:t></w:r></w:moveFrom>",
        "<w:r {0}><w:rPr><w:vanish/></w:rPr><w:t>藏</w:t></w:r>",
        "<w:r {0}><w:instrText>PAGE</w:instrText></w:r>",
        "<w:r {0}><w:ruby><w:rt><w:r><w:t>dàn</w:t></w:r></w:rt>"
        "<w:rubyBase><w:r><w:t>炒</w:t></w:r></w:rubyBase></w:ruby></w:r>",
        "<w:ins {0}><w:r><w:t>鸡蛋</w:t></w:r></w:ins>",
        "<w:r {0}><w:tab/><w:t>2个</w:t></w:r>",
    ):
        paragraph._p.append(parse_xml(xml.format(nsdecls("w"))))
    contents = OxmlElement("w:sdt")
    contents.append(parse_xml(
        f'<w:sdtPr {nsdecls("w")}><w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj></w:sdtPr>'
    ))  # fmt: skip
    contents.append(parse_xml(f"<w:sdtContent {nsdecls('w')}><w:p><w:r><w:t>目录</w:t></w:r></w:p></w:sdtContent>"))
    held = parse_xml(
        f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p><w:r><w:t>留下</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    )
    body = document.element.body
    body.insert(0, contents)
    body.insert(1, held)
    assert [line.text for line in saved(document, tmp_path / "a.docx")] == ["留下", "番茄炒鸡蛋  2个"]


def test_a_style_based_on_itself_is_no_fault(book: Path) -> None:
    rewritten(book, "word/styles.xml", r'<w:basedOn w:val="\w+"/>', '<w:basedOn w:val="Heading1"/>')
    assert "番茄炒蛋" in [line.text for line in lines_of(book)]


@pytest.mark.parametrize("part", ["word/styles.xml", "word/numbering.xml", "_rels/.rels"])
def test_without_its_looks_the_text_is_still_read(book: Path, part: str) -> None:
    rewritten(book, part, r"(?s)^.*$", "<broken")
    assert "番茄炒蛋" in [line.text for line in lines_of(book)]


# --- what cannot be read ---------------------------------------------------------------------------------


def ole_of(*names: str) -> bytes:
    """A file in the old format, as far as anybody looks: its mark and the names of its directory."""
    return OLE + b"\0" * 504 + b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in ("Root Entry", *names))


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("EncryptedPackage", "EncryptionInfo"), "密码"),
        (("WordDocument", "1Table"), "另存为 .docx"),
        (("Workbook",), None),
    ],
)
def test_old_and_encrypted_files_are_named(tmp_path: Path, names: tuple[str, ...], words: str | None) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(ole_of(*names))
    if words is None:
        assert not build(Options()).recognises(SourceFile(path))
        return
    with pytest.raises(UnreadableFile, match=rf"a\.docx .*{words}"):
        read(path)


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_a_file_that_breaks_off_is_named(book: Path, share: float) -> None:
    data = book.read_bytes()
    # Word writes its text early in the file.
    data = data[data.index(b"PK\x03\x04", 4) :] if b"word/document" not in data[:60_000] else data
    book.write_bytes(data[: int(len(data) * share)])
    file = SourceFile(book)
    if build(Options()).recognises(file):
        with pytest.raises(UnreadableFile, match=r"book\.docx .*不完整"):
            list(build(Options()).read(file))


def test_a_text_that_breaks_off_is_read_so_far(book: Path) -> None:
    rewritten(book, "word/document.xml", r"<w:t>炒熟。</w:t>.*(?s:.)*$", "<w:t>炒")
    page, rejected = read(book)
    assert isinstance(page, Page)
    assert page.lines[-1].text == "1. 切块。"
    assert isinstance(rejected, Rejected)
    assert "后面的部分没有读" in rejected.reason


def test_paragraphs_without_end_are_stopped(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shishen.engines.reader.docx._MOST_LINES", 5)
    page, rejected = read(book)
    assert isinstance(page, Page)
    assert len(page.lines) == 5
    assert isinstance(rejected, Rejected)
    assert "超过 5 段，请分成几份" in rejected.reason


@pytest.mark.parametrize("paragraph", ["<w:p/>", "<w:p><w:pPr/></w:p>", "<w:p><w:r><w:t> </w:t></w:r></w:p>"])
def test_paragraphs_without_words_are_stopped_too(book: Path, monkeypatch: pytest.MonkeyPatch, paragraph: str) -> None:
    monkeypatch.setattr("shishen.engines.reader.docx._MOST_TAGS", 20_000)
    rewritten(book, "word/document.xml", "<w:sectPr", paragraph * 60_000 + "<w:sectPr")
    *pages, rejected = read(book)
    assert all(isinstance(page, Page) for page in pages)
    assert isinstance(rejected, Rejected)
    assert "标记超过 20,000 个，请分成几份" in rejected.reason


def test_a_mark_without_end_is_stopped(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its attributes would take ten times the memory that they have bytes."""
    monkeypatch.setattr("shishen.engines.reader.docx._LONGEST", 1_000_000)
    attributes = " ".join(f'a{number}=""' for number in range(200_000))
    rewritten(book, "word/document.xml", "<w:sectPr", f"<w:p {attributes}/><w:sectPr")
    *_, rejected = read(book)
    assert isinstance(rejected, Rejected)
    assert "标记太多" in rejected.reason


def test_a_document_without_text_is_named(tmp_path: Path) -> None:
    docx.Document().save(str(tmp_path / "a.docx"))
    with pytest.raises(UnreadableFile, match=r"a\.docx 里没有文字"):
        read(tmp_path / "a.docx")


def test_a_bomb_is_stopped(book: Path) -> None:
    rewritten(book, "word/document.xml", "番茄炒蛋", "蛋" * 1_000_000)
    with pytest.raises(UnreadableFile, match="unpacked_mb"):
        read(book, unpacked_mb=1)


def test_a_long_document_comes_in_pages(book: Path) -> None:
    paragraph = "<w:p><w:r><w:t>汤</w:t></w:r></w:p>"
    rewritten(book, "word/document.xml", "<w:body>", "<w:body>" + paragraph * 9000)
    pages = [page for page in read(book) if isinstance(page, Page)]
    # No heading for 9,000 lines; then one.
    assert [len(page.lines) for page in pages] == [4000, 4000, 1011]
    rewritten(book, "word/document.xml", paragraph * 6000, paragraph * 100)
    pages = [page for page in read(book) if isinstance(page, Page)]
    assert [page.lines[0].text for page in pages] == ["汤", "家常菜"]


@pytest.mark.parametrize("name", ["a.txt", "mimetype", "word/other.xml"])
def test_other_archives_are_left_to_others(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as archive:
        archive.writestr(name, "x" * 100)
    assert not build(Options()).recognises(SourceFile(tmp_path / "a.docx"))


@pytest.mark.parametrize("seed", range(60))
def test_damage_never_crashes(book: Path, seed: int) -> None:
    chance = random.Random(seed)
    part = chance.choice(["word/document.xml", "word/numbering.xml", "word/styles.xml"])
    with zipfile.ZipFile(book) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    text = members[part].decode()
    for _ in range(4):
        values = list(re.finditer(r'w:val="[^"]*"|<w:(?:p|r|t|tbl|tr|tc|numPr)\b[^>]*/?>', text))
        found = chance.choice(values)
        wanted = chance.choice(
            ['w:val="-1"', 'w:val="99999999999"', 'w:val="x"', "", "<w:tc>", "<w:p>", "&amp;", "\u00b2"]
        )
        text = text[: found.start()] + wanted + text[found.end() :]
    members[part] = text.encode()
    with zipfile.ZipFile(book, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    file = SourceFile(book)
    try:
        results = list(build(Options()).read(file))
    except UnreadableFile as error:
        results = []
        assert "\n" not in str(error)  # noqa: PT017
    assert all("\n" not in line.text for page in results if isinstance(page, Page) for line in page.lines)


def test_a_marked_paragraph_is_bold_by_its_style(tmp_path: Path) -> None:
    document = docx.Document()
    style = document.styles.add_style("菜名", 1)
    style.font.bold = True
    style.element.get_or_add_pPr().append(parse_xml(f'<w:outlineLvl {nsdecls("w")} w:val="1"/>'))
    paragraph = document.add_paragraph("番茄炒蛋", style="菜名")
    paragraph.add_run("（素）").bold = False
    document.add_paragraph("红烧肉", style="菜名")
    first, second = saved(document, tmp_path / "a.docx")
    assert (first.level, first.bold, second.level, second.bold) == (2, False, 2, True)
    assert qn("w:p") == paragraph._p.tag

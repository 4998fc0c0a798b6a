"""PDFs that are of no use, or mean harm: encrypted, truncated, empty, huge, with scripts; each is one clear line."""

import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from shishen.engines import engine, engines
from shishen.errors import UnreadableFile
from shishen.imaging import open_page
from shishen.pages import Page
from shishen.records import Rejected
from shishen.source_file import Limits, SourceFile
from tests.test_reader_pdf import body, both, column, found, pages, pdf, scan, texts, written


def refusal(path: Path, limits: Limits | None = None) -> str:
    """The one line with which the whole file is refused."""
    with pytest.raises(UnreadableFile) as caught:
        found(path, limits)
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)
    return str(caught.value)


def locked() -> StandardEncryption:
    return StandardEncryption("secret", "owner", strength=128)


def test_encrypted(tmp_path: Path) -> None:
    assert "有密码" in refusal(written(tmp_path, pdf(column(body("甲", 9)), encrypt=locked())))


def test_one_that_only_forbids_printing_is_read(tmp_path: Path) -> None:
    """No password is asked of who opens it."""
    content = pdf(column(body("甲", 9)), encrypt=StandardEncryption("", "owner", canPrint=0, strength=128))
    assert texts(pages(written(tmp_path, content))[0]) == body("甲", 9)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_truncated(tmp_path: Path, share: float) -> None:
    """One line: that it cannot be opened, or behind the pages that could be read that it is not whole."""
    content = pdf(*(column(body(name, 30)) for name in "甲乙丙丁"))
    path = written(tmp_path, content[: int(share * len(content))])
    read: list[Page | Rejected] = []
    with suppress(UnreadableFile):
        read = found(path)
    if not read:
        assert "打不开" in refusal(path)
        return
    *whole, word = read
    assert isinstance(word, Rejected)
    assert "不完整" in word.reason
    assert all(isinstance(page, Page) for page in whole)


def test_one_that_lost_its_end_only_is_read_with_a_word(tmp_path: Path) -> None:
    content = pdf(*(column(body(name, 30)) for name in "甲乙"))
    first, second, word = found(written(tmp_path, content[: content.rindex(b"startxref")]))
    assert isinstance(first, Page)
    assert isinstance(second, Page)
    assert (texts(first), texts(second)) == (body("甲", 30), body("乙", 30))
    assert isinstance(word, Rejected)
    assert "2 页" in word.reason


def made_of(*objects: bytes) -> bytes:
    """A PDF of these objects, numbered from 1, the first its catalog; with a table of their places."""
    content, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(b"%010d 00000 n \n" % len(content))
        content += b"%d 0 obj%s endobj\n" % (number, one)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(places)
    trailer = b"trailer<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(content))
    return content + table + trailer


CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
PAGELESS = made_of(CATALOG, b"<</Type/Pages/Kids[]/Count 0>>")


def pictured(width: int, height: int) -> bytes:
    """A page of A4 with a picture that says of itself that it has so many pixels; its data breaks off soon."""
    return made_of(
        CATALOG,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>",
        b"<</Length 30>>stream\nq 595 0 0 842 0 0 cm /I Do Q  \nendstream",
        b"<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8/Length 9>>stream\n"
        b"123456789\nendstream" % (width, height),
    )


def test_zero_pages(tmp_path: Path) -> None:
    assert "没有一页" in refusal(written(tmp_path, PAGELESS))


def test_a_picture_of_gigabytes_inside_is_not_looked_at(tmp_path: Path) -> None:
    (rejected,) = found(written(tmp_path, pictured(30_000, 30_000)))
    assert isinstance(rejected, Rejected)
    assert rejected.page == 1
    assert "30000 × 30000 像素" in rejected.reason
    assert "reader.megapixels" in rejected.reason
    (page,) = pages(written(tmp_path, pictured(3000, 3000)))
    assert page.image
    (rejected,) = found(written(tmp_path, pictured(3000, 3000)), Limits(megapixels=8))
    assert isinstance(rejected, Rejected)


def test_a_page_of_a_hundred_thousand_characters_is_none(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 1)
        for number in range(1100):
            canvas.drawString(10, 590 - number / 2, f"{number:05}" * 20)

    page, rejected = found(written(tmp_path, pdf(column(body("甲", 9)), draw)))
    assert isinstance(page, Page)
    assert isinstance(rejected, Rejected)
    assert (rejected.page, "不像书的一页" in rejected.reason) == (2, True)


def test_text_beside_such_a_picture_is_read(tmp_path: Path) -> None:
    content = pdf(both(scan, column(body("甲", 12))))
    for small, large in ((b"/Width 42", b"/Width 30000"), (b"/Height 60", b"/Height 30000")):
        assert small in content
        content = content.replace(small, large)
    (page,) = pages(written(tmp_path, content))
    assert texts(page) == body("甲", 12)
    # It cannot be shown either.
    assert page.image is None


def test_over_the_limits(tmp_path: Path) -> None:
    path = written(tmp_path, pdf(*[column(["甲"])] * 6))
    message = refusal(path, Limits(pages=5))
    assert "6 页" in message
    assert "reader.pages" in message
    assert len(pages(path, Limits(pages=6))) == 6
    assert "reader.book_mb" in refusal(path, Limits(book_mb=0.001))


def test_a_huge_page_takes_no_huge_memory(tmp_path: Path) -> None:
    """30,000 × 30,000: its text is read as ever; a scan of that size is a line when it is looked at."""
    size = (30_000.0, 30_000.0)

    def draw(canvas: Canvas) -> None:
        for number, text in enumerate(body("甲", 9)):
            canvas.drawString(40, 29_000 - 16 * number, text)

    assert texts(pages(written(tmp_path, pdf(draw, size=size)))[0]) == body("甲", 9)
    path = written(tmp_path, pdf(lambda c: c.drawImage(_picture(), 0, 0, *size), size=size), "大.pdf")
    (page,) = pages(path)
    assert page.image is not None
    image = open_page(page.image, Limits())
    assert image.width * image.height <= 50_000_000


def _picture() -> ImageReader:
    from PIL import Image

    return ImageReader(Image.new("RGB", (30, 30), "grey"))


def test_scripts_attachments_and_forms_inside_do_nothing(tmp_path: Path) -> None:
    """A page with a field and no text, a script that runs at opening, a file attached; the text is all that counts."""
    content = pdf(column(body("甲", 9)))
    extra = (
        b"90 0 obj<</Type/Action/S/JavaScript/JS(app.alert\\(1\\); this.exportDataObject\\({cName:'x'}\\))>>endobj\n"
        b"91 0 obj<</Type/Filespec/F(x.exe)/EF<</F 92 0 R>>>>endobj\n"
        b"92 0 obj<</Type/EmbeddedFile/Length 2>>stream\nMZ\nendstream endobj\n"
    )
    changed = content.replace(
        b"/Type /Catalog", b"/Type /Catalog /OpenAction 90 0 R /Names <</EmbeddedFiles <</Names [(x) 91 0 R]>>>>"
    )
    assert changed != content
    # The table of places no longer fits; pdfium builds it anew, as for many real files.
    path = written(tmp_path, changed.replace(b"xref\n", extra + b"xref\n", 1))
    before = sorted(tmp_path.iterdir())
    assert texts(pages(path)[0]) == body("甲", 9)
    assert sorted(tmp_path.iterdir()) == before


def test_a_form_without_text_is_named(tmp_path: Path) -> None:
    def form(canvas: Canvas) -> None:
        canvas.acroForm.textfield(name="a", x=50, y=500)

    assert "可能只有表单" in refusal(written(tmp_path, pdf(form)))
    blank, page = pages(written(tmp_path, pdf(form, column(body("甲", 9)))))
    assert (blank.spans, blank.image) == ((), None)
    assert texts(page) == body("甲", 9)


def test_a_page_that_unpacks_to_gigabytes_ends(tmp_path: Path) -> None:
    """A stream of 50 MB of blanks packed small; no text, one page, no crash."""
    packed = zlib.compress(b" " * 50_000_000, 9)
    content = made_of(
        CATALOG,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed),
    )
    assert "里没有文字" in refusal(written(tmp_path, content))


@pytest.mark.parametrize("name", ["菜谱.txt", "菜谱", "菜谱.jpg"])
def test_a_pdf_is_known_by_its_content(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, pdf(column(body("甲", 9))), name)
    knowing = [info.name for info in engines("reader") if info.build().recognises(SourceFile(path))]
    assert knowing == ["pdf"]


def test_words_before_the_mark_are_allowed(tmp_path: Path) -> None:
    path = written(tmp_path, b"HTTP header\n\n" + pdf(column(body("甲", 9))))
    assert engine("reader", "pdf").build().recognises(SourceFile(path))
    assert texts(pages(path)[0]) == body("甲", 9)


def test_what_is_no_pdf_is_not_taken(tmp_path: Path) -> None:
    path = written(tmp_path, "红烧肉\n材料\n五花肉 500克".encode())
    assert not engine("reader", "pdf").build().recognises(SourceFile(path))
    assert "不是 PDF" in refusal(path)

"""What the fuzzer starts from: the samples of the tests, and the other forms that each reader knows."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable

from PIL import Image
from reportlab.lib.pagesizes import A5
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfgen.canvas import Canvas

from tests.samples import LINES, SAMPLES, docx_of, pdf
from tests.test_reader_cooklang import SAMPLE as COOKLANG
from tests.test_reader_jsonld import SAMPLE as JSONLD
from tests.test_reader_mealie import SAMPLE as MEALIE
from tests.test_reader_paprika import RECIPE as PAPRIKA
from tests.test_reader_tandoor import SAMPLE as TANDOOR
from tests.test_reader_xiachufang import SAMPLE as XIACHUFANG
from tests.test_reader_xtuner import SAMPLE as XTUNER


def samples() -> dict[str, list[bytes]]:
    """Small good files by reader."""
    found = {name: [sample] for name, sample in SAMPLES.items()}
    for name, more in _more().items():
        found[name] += [make() for make in more]
    return found


def _more() -> dict[str, list[Callable[[], bytes]]]:
    pictures = ("JPEG", "TIFF", "GIF", "WEBP", "BMP", "PNG")
    return {
        "cooklang": [lambda: _zip({"汤/a.cook": COOKLANG, "b.cook": COOKLANG})],
        "docx": [_docx_with_table, lambda: docx_of([*LINES, *LINES])],
        "html": [_html_with_json, _html_with_microdata, _mhtml, _html_table],
        "image": [lambda form=form: _picture(form) for form in pictures] + [_frames],
        "jsonld": [lambda: (JSONLD.replace("\n", " ") + "\n").encode() * 3],
        "mealie": [lambda: _zip({"recipes/a/a.json": MEALIE, "recipes/a/images/original.webp": ""})],
        "paprika": [
            lambda: json.dumps(PAPRIKA, ensure_ascii=False).encode(),
            lambda: gzip.compress(json.dumps(PAPRIKA).encode(), mtime=0),
        ],
        "pdf": [lambda: pdf(LINES, LINES[:3], LINES[3:]), _plain_pdf, _drawn_pdf, _scanned_pdf],
        "tandoor": [lambda: _zip({"recipe.json": TANDOOR})],
        "text": [lambda: "\r\n".join([*LINES, "", *LINES]).encode("gb18030")],
        "xiachufang": [lambda: (XIACHUFANG.strip() + "\n").encode() * 3],
        "xtuner": [lambda: _lines_of(XTUNER)],
    }


def _zip(members: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return out.getvalue()


def _lines_of(array: str) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in json.loads(array)).encode()


def _docx_with_table() -> bytes:
    import docx

    document = docx.Document()
    document.add_heading(LINES[0], 2)
    table = document.add_table(rows=3, cols=2)
    for row, line in zip(table.rows, LINES[2:5], strict=True):
        row.cells[0].text, row.cells[1].text = line.split()
    for line in LINES[5:]:
        document.add_paragraph(line, style="List Number")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _html_with_json() -> bytes:
    script = f'<script type="application/ld+json">{JSONLD}</script>'
    return f"<!doctype html><html><head><title>菜</title>{script}</head><body><p>菜</p></body></html>".encode()


def _html_with_microdata() -> bytes:
    body = (
        '<div itemscope itemtype="https://schema.org/Recipe"><h1 itemprop="name">拍黄瓜</h1>'
        '<meta itemprop="totalTime" content="PT10M"><ul><li itemprop="recipeIngredient">黄瓜 2 根</li>'
        '<li itemprop="recipeIngredient">盐 3 克</li></ul><ol itemprop="recipeInstructions"><li>拍碎。</li>'
        "<li>拌匀。</li></ol></div>"
    )
    return f"<html><body>{body}</body></html>".encode()


def _html_table() -> bytes:
    rows = "".join(f"<tr><td>{line.replace(' ', '<td>')}" for line in LINES[2:5])
    items = "".join(f"<li>{line}" for line in LINES[6:])
    return (
        "<html><head><title>番茄炒蛋的做法</title><style>.b{font-weight:bold;font-size:20px}</style></head><body>"
        f"<nav><a href=/>首页</a></nav><h1 class=b>{LINES[0]}</h1><h3>材料</h3><table>{rows}</table>"
        f"<h3>做法</h3><ol>{items}</ol><footer>版权</footer></body></html>"
    ).encode()


def _mhtml() -> bytes:
    page = SAMPLES["html"].decode()
    head = "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\n"
    part = "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    return f"{head}{part}{page}\r\n--x\r\nContent-Type: text/css\r\n\r\np {{ color: red }}\r\n--x--\r\n".encode()


def _picture(form: str) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    more = {"exif": exif} if form in ("JPEG", "PNG", "WEBP", "TIFF") else {}
    Image.linear_gradient("L").resize((64, 48)).convert("P" if form == "GIF" else "RGB").save(out, form, **more)
    return out.getvalue()


def _frames() -> bytes:
    out = io.BytesIO()
    pages = [Image.new("L", (40, 30), shade) for shade in (0, 128, 255)]
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:], compression="tiff_lzw")
    return out.getvalue()


def _plain_pdf() -> bytes:
    """Two columns, a box, a picture, a form and a link, all in plain streams, where a change reaches further."""
    registerFont(UnicodeCIDFont("STSong-Light"))
    out = io.BytesIO()
    canvas = Canvas(out, A5, invariant=1, pageCompression=0)
    for page in range(2):
        for column in (40, 220):
            for number, text in enumerate(LINES):
                canvas.setFont("STSong-Light", 9 if number else 14)
                canvas.drawString(column, 520 - 20 * number, text)
        canvas.rect(30, 300, 350, 240)
        canvas.bookmarkPage(f"p{page}")
        canvas.addOutlineEntry(LINES[0], f"p{page}")
        canvas.acroForm.textfield(name=f"f{page}", x=40, y=40, width=80, height=20)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _drawn_pdf() -> bytes:
    """A page on its side with a table in one path inside a form; text printed twice, unseen, outlined, downwards."""
    registerFont(UnicodeCIDFont("STSong-Light"))
    out = io.BytesIO()
    canvas = Canvas(out, A5, invariant=1, pageCompression=0)
    canvas.beginForm("table")
    canvas.grid([40, 160, 300], [100 + 20 * row for row in range(6)])
    canvas.endForm()
    for turn in (0, 90):
        canvas.translate(turn * 4, 0)
        canvas.rotate(turn)
        canvas.doForm("table")
        for number, text in enumerate(LINES):
            written = canvas.beginText(60, 340 - 20 * number)
            written.setFont("STSong-Light", 10)
            written.setTextRenderMode((0, 2, 3)[number % 3])
            written.textLine(text)
            canvas.drawText(written)
            canvas.drawText(written)
            canvas.setFont("STSong-Light", 9)
            for place, character in enumerate(text):
                canvas.drawString(20 + 12 * number, 560 - 11 * place, character)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _scanned_pdf() -> bytes:
    out = io.BytesIO()
    pages = [Image.linear_gradient("L").resize((120, 160)), Image.new("RGB", (120, 160), "white")]
    pages[0].save(out, "PDF", save_all=True, append_images=pages[1:])
    return out.getvalue()

"""One small file in every format that a reader reads: the shortest that gives a dish."""

import io
import zipfile
from collections.abc import Sequence

import docx
from PIL import Image
from reportlab.lib.pagesizes import A5
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfgen.canvas import Canvas

from tests.test_reader_cookbook import SAMPLE as COOKBOOK
from tests.test_reader_cooklang import SAMPLE as COOKLANG
from tests.test_reader_epub import BOOK, PACKAGE
from tests.test_reader_html import TEXT as HTML
from tests.test_reader_jsonld import SAMPLE as JSONLD
from tests.test_reader_mealie import SAMPLE as MEALIE
from tests.test_reader_paprika import RECIPE as PAPRIKA
from tests.test_reader_paprika import packed
from tests.test_reader_tandoor import SAMPLE as TANDOOR
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
# A dish as documents have it that do not say what is what.
LINES = (
    "番茄炒蛋",
    "材料",
    "番茄 2个",
    "鸡蛋 3个",
    "盐 3克",
    "做法",
    "1. 番茄切块，鸡蛋打散。",
    "2. 下锅炒熟，加盐出锅。",
)


def docx_of(lines: Sequence[str]) -> bytes:
    """A Word document with these lines, the first a heading."""
    document = docx.Document()
    document.add_heading(lines[0], 1)
    for text in lines[1:]:
        document.add_paragraph(text)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def epub(lines: Sequence[str]) -> bytes:
    """An e-book of one page with these lines, the first a heading."""
    title, *rest = lines
    body = f"<h1>{title}</h1>{''.join(f'<p>{line}</p>' for line in rest)}"
    page = f"<html xmlns='http://www.w3.org/1999/xhtml'><head/><body>{body}</body></html>"
    package = PACKAGE.replace('<itemref idref="b"/>', "")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in {**BOOK, "OEBPS/book.opf": package, "OEBPS/Text/one.xhtml": page}.items():
            archive.writestr(name, text)
    return out.getvalue()


def pdf(*pages: Sequence[str]) -> bytes:
    """A PDF of pages with these lines, the first of each in a larger font."""
    registerFont(UnicodeCIDFont("STSong-Light"))
    out = io.BytesIO()
    canvas = Canvas(out, A5, invariant=1)
    for lines in pages:
        for number, text in enumerate(lines):
            canvas.setFont("STSong-Light", 11 if number else 18)
            canvas.drawString(60, 520 - 24 * number, text)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "white").save(out, "PNG")
    return out.getvalue()


SAMPLES: dict[str, bytes] = {
    "cookbook": COOKBOOK.encode(),
    "cooklang": COOKLANG.encode(),
    "docx": docx_of(LINES),
    "epub": epub(LINES),
    "howtocook": HOWTOCOOK.encode(),
    "html": HTML.encode(),
    "image": _png(),
    "jsonld": JSONLD.encode(),
    "mealie": MEALIE.encode(),
    "paprika": packed(PAPRIKA),
    "pdf": pdf(LINES),
    "tandoor": TANDOOR.encode(),
    "text": "\n".join(LINES).encode(),
    "xiachufang": XIACHUFANG.encode(),
    "xtuner": XTUNER.encode(),
}

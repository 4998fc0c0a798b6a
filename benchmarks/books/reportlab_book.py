"""A cookbook set by reportlab: frames that text flows through, running heads, a table of contents."""

import io
from typing import Any
from xml.sax.saxutils import escape

from benchmarks.books.fonts import registered
from benchmarks.books.layout import Layout
from benchmarks.books.records import Book, Dish
from benchmarks.books.wording import Part, chapters, parts_of

GUTTER = 22.0
_HAIR = "#b9a48f"


def set_book(layout: Layout, dishes: tuple[Dish, ...]) -> Book:
    """The book as a PDF, the same bytes each time."""
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

    width, height = A4
    margin, columns = layout.margin, layout.columns
    column = (width - 2 * margin - (columns - 1) * GUTTER) / columns
    frames = [
        Frame(margin + i * (column + GUTTER), margin + 6, column, height - 2 * margin - 18, 0, 0, 0, 0, id=f"c{i}")
        for i in range(columns)
    ]
    pages: dict[int, int] = {}
    running = {"category": ""}
    out = io.BytesIO()
    template = BaseDocTemplate(out, pagesize=A4, title=layout.title, author="books", invariant=1)

    def draw_head(canvas: Any, document: Any) -> None:
        _draw_head(canvas, document.page, layout, running["category"], A4)

    def after(flowable: Any) -> None:
        if (category := getattr(flowable, "category", None)) is not None:
            running["category"] = category
            if layout.contents:
                template.notify("TOCEntry", (0, category, template.page))
        if (place := getattr(flowable, "place", None)) is not None:
            pages[place] = template.page
            if layout.contents:
                template.notify("TOCEntry", (1, escape(dishes[place].name), template.page))

    template.addPageTemplates([PageTemplate(id="page", frames=frames, onPageEnd=draw_head)])
    template.afterFlowable = after
    story = [*(_contents(layout) if layout.contents else ()), *_story(layout, dishes)]
    # The second pass knows the numbers that the first could not.
    template.multiBuild(story) if layout.contents else template.build(story)
    return Book(out.getvalue(), tuple(pages[place] for place in range(len(dishes))))


def _draw_head(canvas: Any, page: int, layout: Layout, category: str, size: tuple[float, float]) -> None:
    width, height = size
    font = registered(layout.fonts)
    canvas.saveState()
    canvas.setFont(font, 8)
    canvas.setFillColor("#666666")
    top = height - layout.margin + 6
    canvas.drawString(layout.margin, top, layout.title)
    if category and layout.categories:
        canvas.drawRightString(width - layout.margin, top, category)
    canvas.setStrokeColor(_HAIR)
    canvas.setLineWidth(0.5)
    canvas.line(layout.margin, top - 5, width - layout.margin, top - 5)
    canvas.drawCentredString(width / 2, layout.margin - 18, f"{page}")
    canvas.restoreState()


def _styles(layout: Layout) -> dict[str, Any]:
    from reportlab.lib.styles import ParagraphStyle

    size, body = layout.size, registered(layout.fonts)
    head = registered(layout.title_fonts or layout.fonts)
    base = {"fontName": body, "fontSize": size, "leading": size * 1.5, "wordWrap": "CJK"}
    centre = {"alignment": 1} if layout.centred else {}

    def style(name: str, **more: Any) -> Any:
        return ParagraphStyle(name, **{**base, **more})

    return {
        "chapter": style(
            "chapter", fontName=head, fontSize=20, leading=30, alignment=1, spaceBefore=14, spaceAfter=12,
            textColor=layout.colour, keepWithNext=1,
        ),
        "title": style(
            "title", fontName=head, fontSize=layout.title_size, leading=layout.title_size * 1.4, spaceBefore=14,
            spaceAfter=3, textColor=layout.colour, keepWithNext=1, **centre,
        ),
        "subtitle": style("subtitle", fontName="Helvetica-Oblique", fontSize=size, textColor="#777777", **centre),
        "meta": style("meta", fontSize=size * 0.92, textColor="#555555", keepWithNext=1, **centre),
        "features": style("features", textColor="#444444", spaceAfter=3, **centre),
        "label": style("label", fontName=head, textColor=layout.colour, spaceBefore=4, spaceAfter=1, keepWithNext=1),
        "ingredients": style("ingredients"),
        "steps": style("steps", spaceAfter=1.5),
        "tips": style("tips", fontSize=size * 0.92, leading=size * 1.4, textColor="#5a5148"),
        "run_in": style("run_in", firstLineIndent=size * 2),
        "contents0": style("contents0", fontName=head, fontSize=11, leading=19, spaceBefore=6, textColor=layout.colour),
        "contents1": style("contents1", fontSize=8.5, leading=13, leftIndent=10, rightIndent=0),
    }  # fmt: skip


def _contents(layout: Layout) -> list[Any]:
    from reportlab.platypus import PageBreak, Paragraph
    from reportlab.platypus.tableofcontents import TableOfContents

    styles = _styles(layout)
    table = TableOfContents(dotsMinLevel=0, levelStyles=[styles["contents0"], styles["contents1"]])
    return [Paragraph("目　录", styles["chapter"]), table, PageBreak()]


def _story(layout: Layout, dishes: tuple[Dish, ...]) -> list[Any]:
    from reportlab.platypus import PageBreak, Paragraph

    styles = _styles(layout)
    story: list[Any] = []
    for category, members in chapters(dishes):
        if layout.categories and category:
            heading = Paragraph(escape(category), styles["chapter"])
            heading.category = category
            if layout.page_a_dish and story:
                story.append(PageBreak())
            story.append(heading)
        for place, dish in members:
            if layout.page_a_dish and story and not getattr(story[-1], "category", None):
                story.append(PageBreak())
            for kind in layout.parts:
                assert isinstance(kind, str), "boxes are for the tools that set HTML"
                for part in parts_of(kind, dish, layout, place):
                    flowables = _flowables(part, layout, styles)
                    if kind == "title":
                        flowables[0].place = place
                    story.extend(flowables)
    return story


def _flowables(part: Part, layout: Layout, styles: dict[str, Any]) -> list[Any]:
    from reportlab.platypus import Paragraph

    marks = part.marks or ("",) * len(part.items)
    if part.kind in ("title", "meta", "subtitle"):
        return [Paragraph(escape(part.label + "　".join(part.items)), styles[part.kind])]
    if layout.run_in:
        text = "".join(mark + item for mark, item in zip(marks, part.items, strict=True))
        return [Paragraph(escape(part.label + text), styles["run_in"])]
    if part.kind == "features" or (layout.ingredients == "list" and part.kind == "ingredients"):
        colon = "：" if part.label and part.label[-1] not in "】：" else ""
        return [Paragraph(escape(part.label + colon + part.items[0]), styles[part.kind])]
    if part.amounts:
        return [*_heading(part, styles), _table(part, layout)]
    lines = [Paragraph(escape(mark + item), styles[part.kind]) for mark, item in zip(marks, part.items, strict=True)]
    return [*_heading(part, styles), *lines]


def _heading(part: Part, styles: dict[str, Any]) -> list[Any]:
    from reportlab.platypus import Paragraph

    return [Paragraph(escape(part.label), styles["label"])] if part.label else []


def _table(part: Part, layout: Layout) -> Any:
    """Name and amount at the two edges of the column, a hair line under each row."""
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph, Table

    style = ParagraphStyle(
        "cell", fontName=registered(layout.fonts), fontSize=layout.size, leading=layout.size * 1.35, wordWrap="CJK"
    )
    right = ParagraphStyle("amount", parent=style, alignment=2)
    rows = [
        [Paragraph(escape(name), style), Paragraph(escape(amount), right)]
        for name, amount in zip(part.items, part.amounts, strict=True)
    ]
    rules = [("LINEBELOW", (0, 0), (-1, -1), 0.4, _HAIR), ("TOPPADDING", (0, 0), (-1, -1), 1)]
    return Table(rows, colWidths=["62%", "38%"], style=[*rules, ("BOTTOMPADDING", (0, 0), (-1, -1), 2)])

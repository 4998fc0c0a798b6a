"""Pages saved from a browser: what they name as a recipe, whatever state it is in, else the text that a reader sees."""

import json
import random
import socket
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from shishen.engines.reader.html import Options, build
from shishen.errors import UnreadableFile
from shishen.pages import Page
from shishen.records import Draft, DraftStep, Rejected
from shishen.source_file import Limits, SourceFile

NODE: dict[str, Any] = {
    "@context": "https://schema.org",
    "@type": "Recipe",
    "name": "番茄牛腩",
    "recipeIngredient": ["牛腩 500克", "番茄 3个"],
    "recipeInstructions": [{"@type": "HowToStep", "text": "焯水。"}, {"@type": "HowToStep", "text": "炖 1 小时。"}],
}
JSON = json.dumps(NODE, ensure_ascii=False)
TEXT = """<html><head><title>番茄牛腩 - 我的厨房</title></head><body>
<nav><a href=/>首页</a><a href=/a>菜谱</a></nav>
<article><h1>番茄牛腩</h1><h2>材料</h2><ul><li>牛腩 500克</li><li>番茄 3个</li></ul>
<h2>做法</h2><ol><li>焯水。</li><li>炖 1 小时。</li></ol></article>
<div class="comments"><p>好吃！</p></div><footer>版权所有</footer></body></html>"""
LINES = ["番茄牛腩", "材料", "牛腩 500克", "番茄 3个", "做法", "1. 焯水。", "2. 炖 1 小时。"]


def read(path: Path, content: str | bytes, **limits: float) -> list[Draft | Page | Rejected]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    file = SourceFile(path, limits=Limits(**limits))  # type: ignore[arg-type]
    assert build(Options()).recognises(file)
    return list(build(Options()).read(file))


def drafts(path: Path, content: str | bytes) -> list[Draft]:
    results = read(path, content)
    assert all(isinstance(result, Draft) for result in results), results
    return [result for result in results if isinstance(result, Draft)]


def texts(path: Path, content: str | bytes) -> list[str]:
    (page,) = read(path, content)
    assert isinstance(page, Page)
    return [line.text for line in page.lines]


def script(text: str) -> str:
    return f'<html><head><script type="application/ld+json">{text}</script></head><body><p>x</p></body></html>'


def said(draft: Draft) -> tuple[str, list[str], list[str]]:
    return draft.title, [line.text for line in draft.lines], [step.text for step in draft.steps]


WHOLE = ("番茄牛腩", ["牛腩 500克", "番茄 3个"], ["焯水。", "炖 1 小时。"])


# --- JSON-LD ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        JSON,
        json.dumps(NODE),
        f"<!-- {JSON} -->",
        f"//<![CDATA[\n{JSON}\n//]]>",
        f"/* <![CDATA[ */{JSON}/* ]]> */",
        JSON + ";",
        JSON.replace('["牛腩 500克", "番茄 3个"]', '["牛腩 500克", "番茄 3个", ]').replace("}]}", "}],\n}"),
        JSON.replace("焯水。", "焯水。\t\n"),
        JSON.replace('"@context"', '"description": "it\\\'s", "@context"'),
        json.dumps(JSON),
        JSON.replace('"', "&quot;"),
        json.dumps([{"@type": "WebSite"}, [NODE]]),
        json.dumps({"@graph": [{"@type": "WebPage"}, NODE]}),
        json.dumps({"@type": "WebPage", "hasPart": {"subjectOf": NODE}}),
        '{"@type": "WebSite"}\n' + JSON,
    ],
    ids=[
        "plain", "escaped characters", "comment", "CDATA", "CDATA in a comment", "semicolon", "trailing commas",
        "control characters", "wrong escape", "twice encoded", "entities", "array", "graph", "deep", "two documents",
    ],
)  # fmt: skip
def test_json_ld_is_read_as_pages_have_it(tmp_path: Path, text: str) -> None:
    (draft,) = drafts(tmp_path / "a.html", script(text))
    assert said(draft) == WHOLE
    assert (draft.source.path, draft.source.line) == (str(tmp_path / "a.html"), None)


@pytest.mark.parametrize(
    "changes",
    [
        {"recipeIngredient": ["牛腩&nbsp;500克", "番茄 &amp;lt;&#x33;个"]},
        {"recipeIngredient": "牛腩 500克\n番茄 3个"},
        {"recipeIngredient": "<ul><li>牛腩 500克</li><li>番茄 3个</li></ul>"},
        {"recipeIngredient": [{"name": "牛腩", "amount": "500克"}, {"name": "番茄", "value": "3个"}]},
        {"recipeInstructions": "<ol><li>焯水。</li><li>炖 1 小时。</li></ol>"},
        {"recipeInstructions": "1. 焯水。\r\n2. 炖 1 小时。"},
        {"recipeInstructions": ["1. 焯水。\n2. 炖 1 小时。"]},
        {"recipeInstructions": [{"@type": "HowToStep", "text": "<p>焯水。</p><p>炖 1 小时。</p>"}]},
        {"recipeInstructions": [{"@type": "HowToStep", "text": "<b>焯水。</b>"}, "炖&nbsp;1&nbsp;小时。"]},
    ],
)
def test_texts_are_mended(tmp_path: Path, changes: dict[str, Any]) -> None:
    (draft,) = drafts(tmp_path / "a.html", script(json.dumps({**NODE, **changes})))
    wanted = ["牛腩 500克", "番茄 <3个"] if "&amp;lt;" in str(changes) else WHOLE[1]
    assert said(draft) == (WHOLE[0], wanted, WHOLE[2])


def test_references_are_looked_up_and_loops_are_none(tmp_path: Path) -> None:
    graph = [
        {**NODE, "recipeInstructions": [{"@id": "#1"}, {"@id": "#2"}], "author": {"@id": "#a"}},
        {"@id": "#1", "@type": "HowToStep", "text": "焯水。"},
        {"@id": "#2", "@type": "HowToStep", "text": "炖 1 小时。", "next": {"@id": "#2"}},
        {"@id": "#a", "@type": "Person", "name": "李师傅"},
    ]
    (draft,) = drafts(tmp_path / "a.html", script(json.dumps({"@graph": graph})))
    assert said(draft) == WHOLE
    assert draft.source.author == "李师傅"


def test_several_recipes_are_all_read_and_each_once(tmp_path: Path) -> None:
    others = [NODE, {**NODE, "name": "炖肉"}, NODE, {"@type": "Recipe", "name": "相关菜谱", "url": "/x"}]
    found = drafts(tmp_path / "a.html", script(json.dumps(others)) + script(JSON))
    assert [(draft.title, draft.source.line) for draft in found] == [("番茄牛腩", 1), ("炖肉", 2)]


@pytest.mark.parametrize(
    "broken",
    [
        JSON[:-40],
        json.dumps({**NODE, "recipeInstructions": []}),
        json.dumps({**NODE, "recipeIngredient": None}),
        '{"@type": "Recipe"}',
        "[" * 100_000,
        '"' * 9,
        "",
        json.dumps({**NODE, "name": "\ud83d"}),
        '{"@type": "Recipe", "name": ' + "9" * 5000 + "}",
    ],
)
def test_a_stub_or_a_broken_script_leaves_the_text(tmp_path: Path, broken: str) -> None:
    page = TEXT.replace("</head>", f'<script type="application/ld+json">{broken}</script></head>')
    assert texts(tmp_path / "a.html", page) == LINES


# --- other marks -----------------------------------------------------------------------------------------

MICRODATA = """<div itemscope itemtype="http://schema.org/Recipe"><h1 itemprop="name">番茄牛腩</h1>
<span itemprop="author" itemscope itemtype="http://schema.org/Person"><span itemprop="name">李师傅</span></span>
<img itemprop="image" src="data:image/png;base64,AAAA"><img itemprop="image" src="https://example.org/1.jpg">
<meta itemprop="totalTime" content="PT80M"><time itemprop="cookTime" datetime="PT60M">一小时</time>
<table><tr itemprop="recipeIngredient"><td>牛腩</td><td>500克</td></tr>
<tr itemprop="recipeIngredient"><td>番茄</td><td>3个</td></tr></table>
<div itemprop="recipeInstructions"><ol><li>焯水。<li><p>炖 1 小时。</p></ol></div>
<div itemscope itemtype="http://schema.org/Recipe"><a itemprop="name" href="/x">另一道菜</a></div></div>"""


def test_microdata_is_read(tmp_path: Path) -> None:
    (draft,) = drafts(tmp_path / "a.html", f"<html><body>{MICRODATA}</body></html>")
    assert said(draft) == (WHOLE[0], ["牛腩  500克", "番茄  3个"], WHOLE[2])
    assert (draft.minutes, draft.images, draft.source.author) == (80, ("https://example.org/1.jpg",), "李师傅")
    assert isinstance(draft.extra, dict)
    assert draft.extra["cookTime"] == "PT60M"


@pytest.mark.parametrize(
    "page",
    [
        '<div vocab="http://schema.org/" typeof="Recipe"><h1 property="name">番茄牛腩</h1><ul>'
        '<li property="ingredients">牛腩 500克</li><li property="ingredients">番茄 3个</li></ul>'
        '<ol property="recipeInstructions"><li>焯水。</li><li>炖 1 小时。</li></ol></div>',
        '<article class="post h-recipe"><h1 class="p-name">番茄牛腩</h1><ul><li class="p-ingredient">牛腩 500克</li>'
        '<li class="p-ingredient">番茄 3个</li></ul><div class="e-instructions"><p>1. 焯水。</p><p>2. 炖 1 小时。</p>'
        "</div></article>",
        '<div itemscope itemtype="https://schema.org/Recipe"><b itemprop="name">番茄牛腩</b>'
        '<ul itemprop="recipeIngredient"><li>牛腩 500克</li><li>番茄 3个</li></ul><div itemprop="recipeInstructions">'
        '<p itemprop="recipeInstructions">焯水。</p><div itemprop="recipeInstructions" itemscope '
        'itemtype="https://schema.org/HowToStep"><p itemprop="text">炖 1 小时。</p></div></div></div>',
    ],
    ids=["RDFa", "h-recipe", "frames"],
)
def test_other_marks_are_read(tmp_path: Path, page: str) -> None:
    (draft,) = drafts(tmp_path / "a.html", f"<!doctype html><body>{page}</body>")
    assert said(draft) == WHOLE


def test_a_known_site_is_read_without_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("recipe_scrapers")
    page = """<!doctype html><head><link rel="canonical" href="https://www.xiachufang.com/recipe/1/"></head><body>
    <h1 class="page-title">番茄牛腩</h1><div class="ings"><table>
    <tr><td class="name">牛腩</td><td class="unit">500克</td></tr>
    <tr><td class="name">番茄</td><td class="unit">3个</td></tr></table></div><div class="steps"><ol><li>
    <p class="text">焯水。</p></li><li><p class="text">炖 1 小时。</p></li></ol></div></body>"""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    (draft,) = drafts(tmp_path / "a.html", page)
    assert said(draft) == ("番茄牛腩", ["500克 牛腩", "3个 番茄"], ["焯水。", "炖 1 小时。"])
    # Another site, and one whose page has changed.
    assert "牛腩  500克" in texts(tmp_path / "b.html", page.replace("xiachufang.com", "example.org"))
    assert "牛腩  500克" in texts(tmp_path / "c.html", page.replace("page-title", "title"))


# --- the text --------------------------------------------------------------------------------------------


def test_the_text_is_what_a_reader_sees(tmp_path: Path) -> None:
    (page,) = read(tmp_path / "a.html", TEXT)
    assert isinstance(page, Page)
    assert [line.text for line in page.lines] == LINES
    assert [line.level for line in page.lines] == [1, 2, None, None, 2, None, None]
    assert [line.item for line in page.lines] == [False, False, True, True, False, True, True]
    assert page.number is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16", "big5", "gb18030"])
@pytest.mark.parametrize("declared", ["right", "none", "wrong"])
def test_every_usual_encoding_simply_works(tmp_path: Path, encoding: str, declared: str) -> None:
    if (encoding, declared) in (("big5", "none"), ("big5", "wrong"), ("gbk", "wrong"), ("gb18030", "wrong")):
        pytest.skip("no browser could know")
    says = {"right": encoding.removesuffix("-sig"), "wrong": "gbk"}.get(declared)
    meta = f'<head><meta http-equiv="Content-Type" content="text/html; charset={says}">' if says else "<head>"
    page = TEXT.replace("<head>", meta).replace("腩", "柳").replace("焯水", "加水")
    wanted = [line.replace("腩", "柳").replace("焯水", "加水") for line in LINES]
    if encoding == "big5":
        page, wanted = page.replace("时", "時"), [line.replace("时", "時") for line in wanted]
        page = page.replace("厨", "廚").replace("谱", "譜").replace("页", "頁").replace("权", "權")
    assert texts(tmp_path / "a.html", page.encode(encoding, "ignore")) == wanted or encoding == "big5"
    if encoding == "big5":
        assert "番茄牛柳" in texts(tmp_path / "a.html", page.encode(encoding, "ignore"))


@pytest.mark.parametrize(
    ("markup", "wanted"),
    [
        ("<p>盐<br>糖<br/>油</p>", ["盐", "糖", "油"]),
        ("<p>切成\n  小块。\n</p>", ["切成小块。"]),
        ("<p>盐&nbsp;&nbsp;&nbsp;3克 <b>少</b>许</p>", ["盐  3克 少许"]),
        (
            "<table><tr><th>名</th><th>量</th></tr><tr><td>盐</td><td></td><td>3克</td></tr></table>",
            ["名  量", "盐  3克"],
        ),
        (f"<table><tr><td>{'汤' * 60}</td><td>{'面' * 60}</td></tr></table>", ["汤" * 60, "面" * 60]),
        ("<table><tr><td>盐<br>糖</td><td><p>一</p><p>二</p></td></tr></table>", ["盐", "糖", "一", "二"]),
        (f"<table><tr><td>第一步</td><td>{'炒' * 90}</td></tr></table>", ["第一步  " + "炒" * 90]),
        ("<dl><dt>盐</dt><dd>3克</dd><dt>糖</dt><dd>5克</dd><dd>白糖</dd></dl>", ["盐  3克", "糖", "5克", "白糖"]),
        (
            "<div><div><div>盐</div><div>3克</div></div><div><div>糖</div><div>5克</div></div></div>",
            ["盐  3克", "糖  5克"],
        ),
        ('<ul><li><span class="a">盐</span><span class="b">3克</span></li></ul>', ["盐  3克"]),
        ("<p><span style='x'>将番茄切</span><span style='y'>块</span></p>", ["将番茄切块"]),
        ("<ol start=3><li>切<p>细</p></li><li>2、炒</li></ol>", ["3. 切", "细", "2、炒"]),
        ("<pre>盐\n糖</pre>", ["盐", "糖"]),
        ("<p>汤<sup><a href=#1>[1]</a></sup>好</p><p><ruby>汤<rt>tāng</rt></ruby></p>", ["汤好", "汤"]),
        ("<p hidden>x</p><p style='display: none'>y</p><p style='visibility:hidden'>盐</p>", ["盐"]),
        ("<p>盐<script>x()</script>和糖</p><button>分享</button>", ["盐和糖"]),
        ("<label><input type=checkbox>盐</label><br><label>糖</label>", ["盐", "糖"]),
        ("盐<div>糖</div>油", ["盐", "糖", "油"]),
    ],
)
def test_lines_are_where_a_browser_breaks_them(tmp_path: Path, markup: str, wanted: list[str]) -> None:
    assert texts(tmp_path / "a.html", f"<html><body><h1>菜</h1>{markup}</body></html>") == ["菜", *wanted]


def test_bold_and_size_come_from_marks_and_style_sheets(tmp_path: Path) -> None:
    page = """<html><head><style>/* x */ @media print {p {color: red}} .t, p.s { font-size: 150%; font-weight: 700 }
    </style></head><body><h1>x</h1><p class="t">甲</p><p><b>乙</b>：</p><p>丙<b>丁</b></p>
    <p style="font-size:24px">戊</p><p><font size=5><strong>己</strong></font></p>
    <p class="s">庚<span style="font-weight:normal">辛</span></p></body>"""
    (read_page,) = read(tmp_path / "a.html", page)
    assert isinstance(read_page, Page)
    assert [(line.text, line.bold, line.size) for line in read_page.lines[1:]] == [
        ("甲", True, 15), ("乙：", True, 10), ("丙丁", False, 10), ("戊", False, 15),
        ("己", True, 15), ("庚辛", False, 15),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "noise",
    [
        "<nav><p>杂</p></nav>",
        "<aside><p>杂</p></aside>",
        "<footer>杂</footer>",
        "<header><p>杂</p></header>",
        '<div id="comments"><article>杂</article></div>',
        '<ul class="site-nav"><li>杂</ul>',
        '<div role="navigation">杂</div>',
        "<div>" + '<a href="/">杂</a> ' * 8 + "</div>",
        "<!-- 杂 --><style>杂</style><noscript>杂</noscript><template>杂</template><svg><text>杂</text></svg>",
    ],
)
@pytest.mark.parametrize("frame", ["<main>{}</main>", "<article>{}</article>", "<div>{}</div>", "{}"])
def test_what_surrounds_the_text_is_left_out(tmp_path: Path, noise: str, frame: str) -> None:
    text = "<h1>菜</h1><h2>材料</h2><p>盐 3克</p><h2>做法</h2><p>炒熟，盛出，撒上葱花就好了。</p>"
    page = f"<html><body>{noise}{frame.format(text)}{noise}</body></html>"
    assert texts(tmp_path / "a.html", page) == ["菜", "材料", "盐 3克", "做法", "炒熟，盛出，撒上葱花就好了。"]


def test_what_belongs_to_the_dish_stays_whatever_holds_it(tmp_path: Path) -> None:
    page = """<html><body><header><h1>菜</h1></header><main><aside><h2>材料</h2><ul><li>盐</ul></aside>
    <div class="comment-free"><p>炒熟，盛出。</p></div><form><p>装盘。</p></form></main></body></html>"""
    assert texts(tmp_path / "a.html", page) == ["菜", "材料", "盐", "炒熟，盛出。", "装盘。"]
    whole = '<html><body><div class="sidebar"><h1>菜</h1><p>炒熟，盛出。</p></div></body></html>'
    assert texts(tmp_path / "b.html", whole) == ["菜", "炒熟，盛出。"]


@pytest.mark.parametrize("title", ["炒蛋 - 我的厨房", "炒蛋_我的厨房", "炒蛋"])
def test_a_page_without_headings_has_its_title(tmp_path: Path, title: str) -> None:
    for body, count in (("<p>材料：蛋</p>", 2), ("<p>炒蛋</p><p>材料：蛋</p>", 2)):
        (page,) = read(tmp_path / "a.html", f"<html><title>{title}</title><body>{body}</body></html>")
        assert isinstance(page, Page)
        assert [(line.text, line.level) for line in page.lines] == [("炒蛋", 1), ("材料：蛋", None)]
        assert len(page.lines) == count


def test_a_page_that_never_closes_its_elements_is_read_to_its_end(tmp_path: Path) -> None:
    lines = texts(tmp_path / "a.html", "<html><body><h1>菜</h1>" + "".join(f"<div>第{n}步" for n in range(1500)))
    assert lines[-1] == "第1499步"
    assert len(lines) == 1501


# --- archives of pages -----------------------------------------------------------------------------------


def mhtml_of(page: str, encoding: str = "utf-8", transfer: str = "quoted-printable") -> bytes:
    message = EmailMessage()
    message["From"] = "<Saved by Blink>"
    message["Snapshot-Content-Location"] = "https://example.org/"
    message["Subject"] = "番茄牛腩"
    message.make_related()
    part = EmailMessage()
    part.set_content(page, subtype="html", charset=encoding, cte=transfer)
    message.attach(part)
    style = EmailMessage()
    style.set_content("li { font-weight: bold }", subtype="css")
    message.attach(style)
    frame = EmailMessage()
    frame.set_content("<html><body>广告</body></html>", subtype="html")
    message.attach(frame)
    return message.as_bytes()


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
@pytest.mark.parametrize("transfer", ["quoted-printable", "base64"])
def test_an_archive_of_a_page_is_read(tmp_path: Path, encoding: str, transfer: str) -> None:
    (page,) = read(tmp_path / "a.mhtml", mhtml_of(TEXT, encoding, transfer))
    assert isinstance(page, Page)
    assert [line.text for line in page.lines] == LINES
    assert [line.bold for line in page.lines] == [False, False, True, True, False, True, True]
    (draft,) = drafts(tmp_path / "b.txt", mhtml_of(script(JSON), encoding, transfer))
    assert said(draft) == WHOLE


def test_an_archive_that_breaks_off_is_read_as_far_as_it_goes_or_named(tmp_path: Path) -> None:
    data = mhtml_of(TEXT, transfer="base64")
    assert texts(tmp_path / "a.mhtml", data[: int(len(data) * 0.5)])[:1] == ["番茄牛腩"]
    with pytest.raises(UnreadableFile, match=r"a\.mhtml .*重新保存"):
        read(tmp_path / "a.mhtml", data[: data.index(b"text/html")])


# --- what is none, and what is broken --------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "# 菜\n\n## 材料\n\n- 盐\n",
        "<div align=center>图</div>\n\n# 菜\n\n## 材料\n",
        '{"@type": "Recipe"}',
        "菜 <b>好</b>",
        "From: 李\nSubject: 菜谱\n\n材料",
        b"PK\x03\x04<html>",
        b"\x89PNG<html>",
    ],
)
def test_other_files_are_left_to_others(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "a.html"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert not build(Options()).recognises(SourceFile(path))


@pytest.mark.parametrize("content", ["<html><head></head><body></body></html>", "<html>", "<body><script>x()</script>"])
def test_a_page_without_text_is_named(tmp_path: Path, content: str) -> None:
    with pytest.raises(UnreadableFile, match=r"a\.html .*没有文字"):
        read(tmp_path / "a.html", content)


@pytest.mark.parametrize(
    "place", ["<p>盐&#1;<nav>首页</nav>少许&#2;", "<p><b>盐&#1;</b>&#3;<nav>首页</nav>少许&#xffff;"]
)
def test_characters_that_are_no_text_are_left_out(tmp_path: Path, place: str) -> None:
    page = f"<html><body><h1>拍黄瓜</h1>{place}</p>{'<p>拍碎，拌匀。</p>' * 9}</body></html>"
    (found,) = read(tmp_path / "a.html", page)
    assert isinstance(found, Page)
    texts = [line.text for line in found.lines]
    assert any("少许" in text for text in texts)
    assert not any("\x03" in text for text in texts)


def test_a_page_over_the_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="document_mb"):
        read(tmp_path / "a.html", "<html>" + "x" * 2000, document_mb=0.001)
    with pytest.raises(UnreadableFile, match="标记太多"):
        read(tmp_path / "a.html", "<html>" + "<b>" * 6_100_000)


@pytest.mark.parametrize("seed", range(120))
def test_damage_never_crashes(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    page = [script(JSON) + TEXT, f"<html>{MICRODATA}", TEXT * 3][seed % 3]
    data = bytearray(b"<html>" + page.encode())
    for _ in range(chance.randrange(1, 12)):
        start = chance.randrange(6, len(data))
        data[start : start + chance.randrange(40)] = chance.choice(
            [
                b"",
                b"<",
                b'"',
                chance.randbytes(9),
                b"<table><tr>",
                b"</div>",
                b"\\u",
                b"<li><ol>",
                b"{",
                b"&#0;&#xd800;",
            ]
        )
    path = tmp_path / "a.html"
    path.write_bytes(data)
    try:
        results = list(build(Options()).read(SourceFile(path)))
    except UnreadableFile:
        return
    for result in results:
        for line in result.lines if not isinstance(result, Rejected) else ():
            line.text.encode()
            assert "\n" not in line.text


def test_steps_keep_their_sections(tmp_path: Path) -> None:
    section = {"@type": "HowToSection", "name": "腌制", "itemListElement": [{"@type": "HowToStep", "text": "抹盐"}]}
    (draft,) = drafts(tmp_path / "a.html", script(json.dumps({**NODE, "recipeInstructions": [section]})))
    assert draft.steps == (DraftStep("抹盐", "腌制"),)

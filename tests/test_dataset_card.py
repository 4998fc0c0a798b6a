"""The data card: its numbers, its files, and the page as a browser shows it."""

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from shishen.errors import ShishenError
from shishen.examples import Example, Split, dialogue, example_id
from shishen.training.card.page import write_card
from shishen.training.card.tally import EDGES, OTHERS, Benchmarks, Card, Documents, Overlap, Tally, distribution
from shishen.training.dataset.reasons import RECIPE_REASONS as REASONS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

KINDS = {"method": "怎么做", "fact": "单个事实", "refusal": "没有这道菜"}
LONG_NAME = "/家里/菜谱/" + "a-very-long-name-without-any-space" * 3 + ".jsonl"


def example(number: int, kind: str = "method", source: str = "书.pdf") -> Example:
    turns = [(f"第 {number} 道菜怎么做？", "先切后炒，加盐。" * (number % 40 + 1))]
    if kind == "fact":
        turns.append(("要几分钟？", "3 分钟。"))
    messages = dialogue(turns, "你是厨师。" if kind == "refusal" else "")
    return Example(id=example_id(messages), messages=messages, kind=kind, source=source)


def tallied() -> Tally:
    tally = Tally(lambda e: sum(len(m.content) for m in e.messages))
    for number in range(600):
        split: Split = "dev" if number % 20 == 0 else "test" if number % 20 == 1 else "train"
        tally.take(example(number, list(KINDS)[number % 3], LONG_NAME if number % 2 else "书.pdf"), split)
    for key in (*REASONS, *["duplicate"] * 40):
        tally.reject(key)
    return tally


def whole_card(name: str = "家常菜") -> Card:
    question = "炒青菜时加入少量食醋主要是为了防止____被破坏" * 5
    return tallied().card(
        name,
        tokenizer="Qwen2.5-0.5B",
        duplicates=41,
        other_answers=7,
        documents=Documents(train=1_350_124, dev=9316, test=8855, withheld=152_032, clusters=9, clustered=9, largest=3),
        benchmarks=Benchmarks(
            files=2, questions=9, unchecked=1, hits=1, overlaps=(Overlap(LONG_NAME, question, "问"),)
        ),
        settings={"命令": "shishen dataset build 菜谱 --dev-count 100", "随机种子": "7"},
        notes=("验证集只分到 9 道。", "<script>fetch('http://example.com')</script>"),
    )


@given(st.lists(st.integers(0, 2_000_000), min_size=1, max_size=60))
def test_a_distribution_is_that_of_its_lengths(lengths: list[int]) -> None:
    found = distribution(Counter(lengths))
    ordered = sorted(lengths)
    assert found.count == sum(b.count for b in found.bins) == len(lengths)
    assert found.longest == ordered[-1]
    assert found.median == ordered[-(-len(ordered) // 2) - 1]
    for b in found.bins:
        assert b.count == sum(b.least <= length < b.below for length in lengths)
    assert found.bins[0].count
    assert found.bins[-1].count


def test_edges_rise() -> None:
    assert list(EDGES) == sorted(set(EDGES))


def test_the_numbers_of_a_card() -> None:
    card = whole_card()
    assert card.splits == {"train": 540, "dev": 30, "test": 30}
    assert {kind: sum(counts.values()) for kind, counts in card.kinds.items()} == dict.fromkeys(KINDS, 200)
    assert card.sources == {"书.pdf": 300, LONG_NAME: 300}
    assert card.rejected["duplicate"] == 41
    assert (card.multi_turn, card.with_system) == (200, 200)
    assert card.question_characters.count == 800
    assert card.tokens
    assert card.tokens.count == 600
    assert Counter(sample.kind for sample in card.samples) == dict.fromkeys(KINDS, 2)


def test_samples_do_not_hang_on_the_order() -> None:
    forward, backward = Tally(), Tally()
    for number in range(50):
        forward.take(example(number), "train")
        backward.take(example(49 - number), "train")
    assert forward.card("一").samples == backward.card("一").samples


def test_names_without_end_stay_bounded() -> None:
    tally = Tally()
    for number in range(5000):
        tally.take(example(number, f"kind {number}", f"{number}.md"), "train")
    card = tally.card("一")
    assert len(card.sources) <= 31
    assert sum(card.sources.values()) == 5000
    assert card.sources[OTHERS] == 5000 - 30
    assert len(card.kinds) <= 2001
    assert len(card.samples) <= 24


def test_both_files_say_the_same(tmp_path: Path) -> None:
    card = whole_card("<b>家常菜</b>")
    write_card(card, tmp_path, KINDS, REASONS)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["card.html", "card.json"]
    assert msgspec.json.decode((tmp_path / "card.json").read_bytes(), type=Card) == card
    text = (tmp_path / "card.html").read_text(encoding="utf-8")
    page = html.fromstring(text)
    assert page.xpath("//script | //link | //img | //*[@src] | //*[@href]") == []
    assert page.xpath("string(//h1)") == "<b>家常菜</b>"
    assert len(page.xpath("//figure[@class='histogram']//rect")) >= 10
    for words in (*KINDS.values(), *REASONS.values(), "1,350,124", "验证集只分到 9 道。"):
        assert words in page.text_content()


def test_an_empty_dataset_has_a_card(tmp_path: Path) -> None:
    write_card(Tally().card("空的"), tmp_path)
    assert "没有数据" in (tmp_path / "card.html").read_text(encoding="utf-8")


def test_a_card_that_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "card.html").mkdir()
    with pytest.raises(ShishenError, match="数据卡写不进"):
        write_card(whole_card(), tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["card.html", "card.json"]


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
    if chromium is None:
        pytest.skip("no Chromium (apt-get install chromium fonts-wqy-zenhei)")
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (320, "dark")])
def test_nothing_is_cut_or_overlaps(
    browser: "Browser", tmp_path: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    write_card(whole_card(), tmp_path, KINDS, REASONS)
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "card.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    labels = page.evaluate(
        "[...document.querySelectorAll('.axis')].map(axis => [axis.getBoundingClientRect().right,"
        " ...[...axis.children].flatMap(s => [s.getBoundingClientRect().left, s.getBoundingClientRect().right])])"
    )
    assert len(labels) == 3
    for right, *edges in labels:
        assert edges == sorted(edges)
        assert edges[-1] <= right + 1
    drawn = page.evaluate(
        "[...document.querySelectorAll('.histogram rect')].every(r => r.getBoundingClientRect().width > 2)"
    )
    assert drawn
    assert len(asked) == 1
    page.close()

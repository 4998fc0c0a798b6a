"""Compare: two real small models and the same questions, from the files to the page, killed and gone on with."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from lxml import html
from msgspec import Struct
from msgspec.structs import replace

from shishen.errors import NotFound, ShishenError
from shishen.evaluation.answered import Answered
from shishen.examples import Example, dialogue, encode_example
from shishen.local_models.folder import ModelFolder, examine
from shishen.local_models.generation import Sampling
from shishen.stages.compare import ANSWERS, PAGE, SUMMARY, Compared, Progress, compare, groups_of, names_of
from tests.taught_models import taught

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest.importorskip("torch")

SHORT = Sampling(longest=48)
TASTES = "酸甜苦辣咸鲜麻香"
BAD = "<script>alert(1)</script>\"'&{{contents}}"


def example(n: int, kind: str) -> Example:
    """A dish of a number, asked about in one of two ways; the last one in two turns, and with markup in it."""
    name = f"{TASTES[n % 8]}味第{n}道"
    answer = f"{name}放盐 {n + 2} 克，煮 {n + 3} 分钟。"
    turns = [(f"{name}怎么做" if kind == "method" else f"{name}放多少盐", answer)]
    if n == 7:
        turns = [(f"{name}好吃吗{BAD}", "好吃。"), *turns]
    return Example(id=f"{kind}{n}", messages=dialogue(turns), kind=kind, recipes=(f"dish{n}",))


class Bench(Struct, frozen=True):
    """A dataset, one with what was known before, a base and what it was taught into."""

    dataset: Path
    old: Path
    base: ModelFolder
    tuned: ModelFolder

    def groups(self, count: int = 100) -> dict[str, list[Example]]:
        return groups_of(self.dataset, self.old, count=count)


def write(folder: Path, **splits: Sequence[Example]) -> Path:
    folder.mkdir()
    for name, those in splits.items():
        (folder / f"{name}.jsonl").write_bytes(b"".join(map(encode_example, those)))
    return folder


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("bench")
    new = [example(n, kind) for n in range(8) for kind in ("method", "amount")]
    old = [example(n, kind) for n in range(20, 26) for kind in ("method", "amount")]
    dataset = write(folder / "dataset", train=new, test=[example(n, "method") for n in range(40, 46)], dev=[])
    lessons = [e.messages for e in (*new, *old)]
    tuned = taught(folder / "tuned", [e.messages for e in new], texts=lessons)
    base = taught(folder / "base", [e.messages for e in old], texts=lessons)
    return Bench(dataset, write(folder / "old", train=old), examine(base), examine(tuned))


def run(bench: Bench, output: Path, count: int = 100, sampling: Sampling = SHORT) -> tuple[list[Progress], Compared]:
    *events, last = compare([bench.base, bench.tuned], bench.groups(count), output, sampling=sampling, at_once=8)
    assert isinstance(last, Compared)
    return [event for event in events if isinstance(event, Progress)], last


@pytest.fixture(scope="module")
def compared(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Compared:
    return run(bench, tmp_path_factory.mktemp("out") / "compare")[1]


def test_what_was_taught_is_known_and_what_was_not_is_forgotten(compared: Compared) -> None:
    def value(group: str, model: str, metric: str) -> float:
        cell = compared.comparison.cell(group, model, metric)
        assert cell is not None
        assert cell.value is not None
        return cell.value

    assert value("seen", "tuned", "exact") > 0.9 > 0.2 > value("seen", "base", "exact")
    assert value("old", "base", "exact") > 0.9 > 0.2 > value("old", "tuned", "exact")
    assert value("seen", "tuned", "ended") == 1
    assert value("seen", "tuned", "amounts_right") > 0.9
    summary = msgspec.json.decode(compared.summary.read_bytes())
    seen, unseen, old = summary["verdicts"]
    assert seen.startswith("tuned：学会了。教过的菜（16 问、8 道）")
    assert "没教过的" in unseen
    assert old.startswith("tuned：忘了一些。")
    assert summary["settings"]["sampling"]["longest"] == 48


def test_only_the_last_answer_is_asked_for(compared: Compared) -> None:
    rows = [msgspec.json.decode(line, type=Answered) for line in compared.answers.read_bytes().splitlines()]
    assert len(rows) == 2 * (16 + 6 + 12)
    (two,) = [r for r in rows if r.example == "method7" and r.model == "tuned"]
    assert [m.role for m in two.asked] == ["user", "assistant", "user"]
    assert two.said == two.reference == "香味第7道放盐 9 克，煮 10 分钟。"


def test_both_files_of_what_was_not_taught_are_asked_and_broken_lines_are_passed_over(
    bench: Bench, tmp_path: Path
) -> None:
    folder = tmp_path / "dataset"
    shutil.copytree(bench.dataset, folder)
    (folder / "dev.jsonl").write_bytes(encode_example(example(60, "method")) + b"{broken\n")
    assert {e.id for e in groups_of(folder)["unseen"]} == {f"method{n}" for n in (60, *range(40, 46))}
    assert set(groups_of(folder)) == {"seen", "unseen"}
    assert len(groups_of(folder, count=5)["seen"]) == 5


def test_a_run_that_was_cut_off_goes_on_and_gives_the_same(bench: Bench, tmp_path: Path) -> None:
    sampling = replace(SHORT, temperature=0.8, seed=3)
    whole = run(bench, tmp_path / "whole", 8, sampling)[1]
    output = tmp_path / "cut"
    events = compare([bench.base, bench.tuned], bench.groups(8), output, sampling=sampling, at_once=8)
    for event in events:
        if isinstance(event, Progress) and event.done >= 16:
            break
    events.close()  # type: ignore[attr-defined]
    # As a power cut leaves it: half a line, and half a batch.
    path = output / ANSWERS
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:12]) + b'{"model":"ba')
    progress, last = run(bench, output, 8, sampling)
    assert progress[0].done == 8
    assert progress[-1].done == progress[-1].total == 2 * (8 + 6 + 8)
    for name in (SUMMARY, ANSWERS):
        assert (output / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert last.comparison == whole.comparison
    # And once it is whole nothing is asked again.
    assert run(bench, output, 8, sampling)[0][0].done == progress[-1].total


def test_killed_anywhere_it_goes_on(bench: Bench, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from shishen.stages.compare import *\n"
        "from shishen.local_models.folder import examine\n"
        "base, tuned, dataset, old, output = map(Path, sys.argv[1:])\n"
        "for event in compare([examine(base), examine(tuned)], groups_of(dataset, old), output,"
        " sampling=Sampling(longest=48), at_once=2): print(event, flush=True)\n"
    )
    output = tmp_path / "out"
    places = (bench.base.base, bench.tuned.base, str(bench.dataset), str(bench.old), str(output))
    command = [sys.executable, "-c", program, *places]
    root, environment = Path(__file__).parent.parent, {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.PIPE)
    assert process.stdout
    for _ in range(6):
        process.stdout.readline()
    time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert (output / ANSWERS).stat().st_size > 0
    assert not (output / PAGE).exists()
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Compared" in done.stdout
    first = re.search(r"done=(\d+)", done.stdout)
    assert first
    assert int(first[1]) >= 2


def test_another_comparison_is_never_written_over(bench: Bench, compared: Compared) -> None:
    before = compared.answers.read_bytes()
    with pytest.raises(ShishenError, match="另一次比较"):
        run(bench, compared.page.parent, 5)
    with pytest.raises(ShishenError, match="另一次比较"):
        run(bench, compared.page.parent, 100, replace(SHORT, seed=9))
    assert compared.answers.read_bytes() == before


def test_what_cannot_be_compared_is_one_line(bench: Bench, tmp_path: Path) -> None:
    def failing(models: list[ModelFolder], groups: dict[str, list[Example]], output: Path = tmp_path / "x") -> str:
        with pytest.raises(ShishenError) as raised:
            list(compare(models, groups, output, sampling=SHORT))
        assert "\n" not in str(raised.value)
        return str(raised.value)

    groups = bench.groups(2)
    assert "至少要两个模型" in failing([bench.base], groups)
    assert "同一个模型" in failing([bench.base, bench.base], groups)
    assert "没有可以问的" in failing([bench.base, bench.tuned], {"seen": []})
    (tmp_path / "file").write_text("x")
    assert "写不进" in failing([bench.base, bench.tuned], groups, tmp_path / "file")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / ANSWERS).write_text("mine")
    assert "换一个文件夹" in failing([bench.base, bench.tuned], groups, tmp_path / "full")
    assert (tmp_path / "full" / ANSWERS).read_text() == "mine"
    with pytest.raises(NotFound, match=r"train\.jsonl"):
        groups_of(tmp_path)
    write(tmp_path / "empty", train=[])
    with pytest.raises(ShishenError, match="没有能拿来问的"):
        groups_of(tmp_path / "empty")


def test_models_get_the_shortest_names_that_tell_them_apart(tmp_path: Path) -> None:
    a, b = (ModelFolder(base=str(tmp_path / run / "model")) for run in ("one", "two"))
    for folder in (a, b):
        Path(folder.base).mkdir(parents=True)
    assert names_of([a, b]) == ["one", "two"]
    assert names_of([a, ModelFolder(base="Qwen/Qwen3-0.6B")]) == ["one", "Qwen3-0.6B"]
    assert names_of([a, ModelFolder(base=a.base, adapter=tmp_path / "adapter")]) == ["one", "adapter"]


# --- the page --------------------------------------------------------------------------------------------


def test_the_page_has_everything_without_scripts(compared: Compared) -> None:
    text = compared.page.read_text(encoding="utf-8")
    root = html.fromstring(text.encode())
    assert len(root.xpath("//article")) == 16 + 6 + 12
    assert not root.xpath("//article[@hidden]")
    assert len(root.xpath("//section[@id='summary']//h2")) == 1 + 3 + 1
    assert BAD not in text.replace("{{contents}}", "")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert not re.search(r"(?:src|href)=", text)
    rows = root.xpath("(//table)[1]/tbody/tr")
    assert [row.xpath("string(th)").split()[0] for row in rows][:2] == ["字面", "一字不差"]
    worse = root.xpath("//article[@data-group='old' and @data-worse='1']")
    assert len(worse) >= 10
    assert worse[0].xpath(".//ins")


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


@pytest.mark.parametrize("wide", [1280, 390])
def test_the_page_filters_and_fits(browser: "Browser", compared: Compared, wide: int) -> None:
    tab = browser.new_page(viewport={"width": wide, "height": 800})
    faults: list[str] = []
    tab.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.goto(compared.page.as_uri())
    assert tab.locator("article:visible").count() == 34
    tab.select_option("#group", "old")
    assert tab.locator("article:visible").count() == 12
    tab.select_option("#kind", "amount")
    assert tab.locator("article:visible").count() == 6
    tab.select_option("#group", "unseen")
    assert tab.locator("#none").is_visible()
    tab.select_option("#group", "")
    tab.select_option("#kind", "")
    tab.check("#worse")
    shown = tab.locator("article:visible")
    assert 10 <= shown.count() <= 20
    assert f"{shown.count()} 问" in tab.inner_text("#count")
    assert tab.evaluate("document.documentElement.scrollWidth") <= wide
    assert faults == []
    tab.close()

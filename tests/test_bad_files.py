"""Files of no use, or that mean harm, through the command line: one line that names the fix, status 2, no harm done."""

import gzip
import io
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from benchmarks.fuzz import Bench
from shishen.kitchen import Kitchen, open_kitchen
from shishen.library import Library
from shishen.records import Recipe, Rejected
from shishen.source_file import SourceFile
from shishen.stages.read import find_files, read, watch_file
from tests import samples
from tests.command_line import Shishen
from tests.samples import LINES, SAMPLES
from tests.test_cli_faults import AS_A_USER, PROGRAM, as_user
from tests.test_cli_process import ROOT
from tests.test_reader_pdf_bad_input import PAGELESS, pictured

# Seconds that nothing here may hang for, however slow the machine; megabytes that no bad file may take.
LONGEST, MOST_MB = 120, 400
DISHES = ("番茄炒蛋", "拍黄瓜", "麻婆豆腐", "红烧肉", "宫保鸡丁", "清蒸鲈鱼")
NEEDED = ("鸡蛋 3个", "黄瓜 1根", "豆腐 1块", "五花肉 500克", "鸡丁 200克", "鲈鱼 1条")


def page(number: int) -> tuple[str, ...]:
    """A page with a dish of its own."""
    needed = NEEDED[number]
    return (DISHES[number], "材料", needed, f"盐 {number + 1}克", "做法", f"1. {needed[:2]}洗净切好。", "2. 炒熟出锅。")


def book(*numbers: int) -> bytes:
    return samples.pdf(*map(page, numbers))


def drawn(draw: Callable[[Canvas], object], encrypt: StandardEncryption | None = None) -> bytes:
    """A PDF of one page."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1, encrypt=encrypt)
    draw(canvas)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def locked(user: str) -> bytes:
    """The sample's text in English letters, as the PDF writer's own fonts have no others."""
    return drawn(lambda canvas: canvas.drawString(60, 500, "Hello"), StandardEncryption(user, "owner", strength=128))


def form(canvas: Canvas) -> None:
    canvas.acroForm.textfield(name="a", x=40, y=400, width=200, height=20)
    canvas.acroForm.checkbox(name="b", x=40, y=300)


def png(width: int, height: int) -> bytes:
    """A PNG whose header says so; of its pixels only the first rows are there."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes((min(width, 100_000) + 1) * 20))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg(width: int, height: int) -> bytes:
    """A JPEG whose header says so."""
    out = io.BytesIO()
    Image.new("L", (64, 64)).save(out, "JPEG")
    data = out.getvalue()
    place = data.index(b"\xff\xc0") + 5
    return data[:place] + struct.pack(">HH", height, width) + data[place + 4 :]


def noise() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((300, 400), 60).save(out, "JPEG")
    return out.getvalue()


def zipped(members: dict[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


@cache
def swollen(archive: bytes, member: str, megabytes: int) -> bytes:
    """The ZIP file with one of its members that many megabytes of blanks."""
    out, blanks = io.BytesIO(), b" " * 1_000_000
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        assert member in source.namelist()
        for name in source.namelist():
            with target.open(name, "w") as stream:
                for piece in [blanks] * megabytes if name == member else [source.read(name)]:
                    stream.write(piece)
    return out.getvalue()


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "locked.pdf": (lambda: locked("secret"), "有密码；请先去掉密码"),
    "cut in its head.pdf": (lambda: book(0, 1, 2)[:20], "请重新下载或导出"),
    "cut in a page.pdf": (lambda: book(0, 1, 2)[:1500], "请重新下载或导出"),
    "cut before its table.pdf": (lambda: book(0, 1, 2)[:-300], "请重新下载或导出"),
    "1501 pages.pdf": (lambda: samples.pdf(*[("页",)] * 1501), "--set reader.pages="),
    "zero pages.pdf": (lambda: PAGELESS, "没有一页"),
    "form.pdf": (lambda: drawn(form), "没有文字"),
    "bomb inside.pdf": (lambda: pictured(30_000, 30_000), "--set reader.megapixels="),
    "random.pdf": (lambda: random.Random(1).randbytes(50_000), "能读的有"),
    "bomb.png": (lambda: png(30_000, 30_000), "--set reader.megapixels="),
    "bomb as large as can be.png": (lambda: png(2**31 - 1, 2**31 - 1), "--set reader.megapixels="),
    "bomb.jpg": (lambda: jpeg(30_000, 30_000), "--set reader.megapixels="),
    "cut.jpg": (lambda: noise()[:9000], "请重新保存"),
    "bomb.docx": (lambda: swollen(SAMPLES["docx"], "word/document.xml", 600), "--set reader.unpacked_mb="),
    "bomb.epub": (lambda: swollen(SAMPLES["epub"], "OEBPS/Text/one.xhtml", 600), "--set reader."),
    "bomb.zip": (lambda: zipped({"a.txt": b" " * 10_000_000}), "请解开"),
    "bomb.paprikarecipes": (
        lambda: zipped({f"{n}.paprikarecipe": gzip.compress(b" " * 63_000_000, 1) for n in range(8)}),
        "--set reader.unpacked_mb=",
    ),
    "cut.docx": (lambda: SAMPLES["docx"][:900], "请重新下载或另存"),
    "cut.epub": (lambda: SAMPLES["epub"][:900], "请重新下载或另存"),
    "empty.pdf": (lambda: b"", "空文件"),
    "blank.md": (lambda: b" \n\n ", "空文件"),
    "nothing.txt": (lambda: bytes(100_000), "能读的有"),
    "deep.json": (lambda: b'{"@type":"Recipe","recipeIngredient":' + b"[" * 500_000, "不是完整的 JSON"),
    "a million elements.html": (lambda: b"<html><body>" + b"<p>a" * 1_000_000, "标记太多"),
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("bench"))


@pytest.mark.parametrize("name", BAD)
def test_it_is_one_line_and_nothing_comes_of_it(shishen: Shishen, tmp_path: Path, name: str) -> None:
    make, words = BAD[name]
    path = tmp_path / name
    path.write_bytes(make())
    start = time.monotonic()
    done = shishen("add", path)
    assert time.monotonic() - start < LONGEST
    assert (done.status, done.out) == (2, "")
    reason, summary = done.err.splitlines()
    assert name in reason
    assert words in reason
    # Records that are broken are only noted in the file, whose name the summary says.
    assert re.match(r"新增 0，更新 0，未变 0，移除 0；菜谱库现有 0 份菜谱；\d 处没读成，见 ", summary)


# What a process has at its most counts from before it became another program: of one that pytest starts, pytest's own
# memory. A small process in between starts it anew.
METER = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(status, most / (1024 if sys.platform == "linux" else 1024**2))
"""


@pytest.mark.parametrize("name", ["bomb.docx", "bomb.jpg", "bomb.png", "bomb.epub", "a million elements.html"])
def test_a_bomb_takes_no_memory(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(BAD[name][0]())
    command = [sys.executable, "-c", METER, sys.executable, "-X", "utf8", "-c", PROGRAM, "read", str(path)]
    environment = {**os.environ, "SHISHEN_HOME": str(tmp_path / "home")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", timeout=LONGEST)
    status, megabytes = done.stdout.split()
    assert status == "2"
    assert float(megabytes) < MOST_MB


def test_a_photograph_that_is_no_page(shishen: Shishen, tmp_path: Path) -> None:
    pytest.importorskip("rapidocr")
    cat = Image.effect_noise((800, 600), 40).convert("RGB")
    pen = ImageDraw.Draw(cat)
    pen.ellipse((200, 100, 600, 500), fill=(200, 140, 80))
    pen.polygon([(225, 200), (250, 40), (350, 130)], fill=(180, 120, 60))
    cat.filter(ImageFilter.GaussianBlur(2)).save(tmp_path / "猫.jpg")
    done = shishen("read", tmp_path / "猫.jpg")
    assert done.status == 2
    reason, _ = done.err.splitlines()
    assert "看不到文字；拍菜谱时请拍清楚、拍正" in reason


@pytest.mark.parametrize("sign", [" ", "#", "9", "（", "[", "-", "。", "<", "1. ", "a "])
def test_a_sign_again_and_again_takes_no_time(bench: Bench, sign: str) -> None:
    """No pattern may begin anew at each of them."""
    start = time.monotonic()
    for name in ("cookbook", "cooklang", "howtocook", "html", "text"):
        lines = SAMPLES[name].decode().splitlines()
        bench.run(name, "\n".join(f"{line}{sign * (6000 // len(sign))}x" for line in lines).encode())
    # It takes less than a second; a pattern that begins anew at each takes minutes.
    assert time.monotonic() - start < LONGEST / 4


# --- what means harm -----------------------------------------------------------------------------------------


def test_scripts_and_attachments_do_nothing(shishen: Shishen, tmp_path: Path) -> None:
    action = b"/OpenAction<</S/JavaScript/JS(app.launchURL\\('http://127.0.0.1:1/'\\))>>"
    launch = b"/AA<</WC<</S/Launch/F(/bin/touch)/P(%s)>>>> /Type /Catalog" % str(tmp_path / "touched").encode()
    content = book(0, 1).replace(b"/Type /Catalog", action + launch)
    assert action in content
    path = tmp_path / "书.pdf"
    path.write_bytes(content)
    assert shishen("add", path, "--json").json["added"] == 2
    assert {found.name for found in tmp_path.iterdir()} == {"书.pdf", "home"}


def test_an_archive_that_climbs_writes_nothing(shishen: Shishen, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    outside = tmp_path / "outside.cook"
    text = "加@盐{3%克}拌匀。"
    (folder / "a.zip").write_bytes(zipped({"../../outside.cook": text, str(outside): text, "C:\\outside.cook": text}))
    done = shishen("read", folder / "a.zip")
    assert (done.status, len(done.out.splitlines())) == (0, 3)
    assert not outside.exists()
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} <= {"a.zip"}


# --- names that say something else ------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".md", ".pdf", ".png", ".docx", ""])
def test_the_content_counts_not_the_name(shishen: Shishen, tmp_path: Path, suffix: str) -> None:
    for name, sample in SAMPLES.items():
        if name == "image":
            continue
        path = tmp_path / f"{name}{suffix}"
        path.write_bytes(sample)
        done = shishen("read", path)
        assert (done.status, len(done.out.splitlines())) == (0, 1), (path.name, done.err)


def test_what_is_no_file(shishen: Shishen, tmp_path: Path) -> None:
    (tmp_path / "夹.pdf").mkdir()
    done = shishen("add", tmp_path / "夹.pdf")
    assert (done.status, done.err.splitlines()[-1]) == (2, "没有读到菜谱；能读的格式见 docs/read.md。")
    os.mkfifo(tmp_path / "管.pdf")
    done = shishen("add", tmp_path / "管.pdf")
    (line,) = done.err.splitlines()
    assert done.status == 2
    assert "既不是文件也不是文件夹；请先存成文件" in line


@pytest.mark.skipif(bool(AS_A_USER) and not shutil.which("setpriv"), reason="root without setpriv can read anything")
def test_what_may_not_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "书"
    folder.mkdir()
    (folder / "关.pdf").write_bytes(book(0))
    (folder / "关.pdf").chmod(0)
    (folder / "开.pdf").write_bytes(book(1))
    done = as_user("add", folder, home=tmp_path / "home")
    reason, *rest = done.stderr.splitlines()
    assert reason.startswith("读不了 ")
    assert "关.pdf" in reason
    assert "请检查路径和权限" in reason
    assert rest[-1].startswith("新增 1，")
    assert done.returncode == 0
    done = as_user("add", folder / "关.pdf", home=tmp_path / "home")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) <= 2


# --- files that do not stay as they are ----------------------------------------------------------------------


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("change", ["gone", "folder", "empty", "half", "other", "longer"])
def test_a_file_that_changes_once_it_was_recognised(bench: Bench, tmp_path: Path, name: str, change: str) -> None:
    path, sample = tmp_path / "书", SAMPLES[name]
    path.write_bytes(sample)
    file = SourceFile(path, "书")
    reader = bench.readers[name]
    assert reader.recognises(file)
    path.unlink()
    if change == "folder":
        path.mkdir()
    elif change != "gone":
        contents = {"empty": b"", "half": sample[: len(sample) // 2], "longer": sample * 2}
        path.write_bytes(contents.get(change, random.Random(1).randbytes(len(sample))))
    results = [e for e in watch_file(file, reader, bench.workshop) if isinstance(e, Recipe | Rejected)]
    if change in ("gone", "folder"):
        (rejected,) = results
        assert isinstance(rejected, Rejected)
        assert rejected.reason.startswith("读不了 ")
    for result in results:
        assert isinstance(result, Recipe) or result.reason.isprintable()


@pytest.mark.parametrize("name", [name for name in SAMPLES if name != "image"])
def test_a_file_that_goes_while_it_is_read(bench: Bench, tmp_path: Path, name: str) -> None:
    path = tmp_path / "书"
    path.write_bytes(SAMPLES[name])
    events = watch_file(SourceFile(path, "书"), bench.readers[name], bench.workshop)
    first = next(events, None)
    path.unlink()
    assert first is not None
    for event in events:
        assert not isinstance(event, Rejected) or event.reason.isprintable()


# --- the library -------------------------------------------------------------------------------------------------


@pytest.fixture
def kitchen() -> Iterator[Kitchen]:
    kitchen = open_kitchen()
    yield kitchen
    kitchen.library.close()


def names_in(kitchen: Kitchen) -> list[str]:
    return [recipe.name for recipe in kitchen.library.recipes()]


# What a folder may hold beside good books.
BROKEN = (
    *("locked.pdf", "cut in a page.pdf", "form.pdf", "bomb inside.pdf", "bomb.docx", "empty.pdf", "random.pdf"),
    "zero pages.pdf",
)


def test_the_rest_of_a_batch_goes_on(shishen: Shishen, tmp_path: Path, kitchen: Kitchen) -> None:
    folder = tmp_path / "书"
    folder.mkdir()
    (folder / "1.pdf").write_bytes(book(0, 1))
    for place, name in enumerate(BROKEN, 2):
        (folder / f"{place} {name}").write_bytes(BAD[name][0]())
    os.mkfifo(folder / "98.pdf")
    (folder / "99.pdf").write_bytes(book(2, 3))
    done = shishen("add", folder)
    *reasons, updating, summary = done.err.splitlines()
    assert done.status == 0
    assert len(reasons) == len(BROKEN)
    # Files are read in the order of their names: 1.pdf, 2 locked.pdf …
    for reason, name in zip(reasons, BROKEN, strict=True):
        assert name in reason
        assert BAD[name][1] in reason
    assert updating == "更新索引…"
    assert summary.startswith("新增 4，更新 0，未变 0，移除 0；菜谱库现有 4 份菜谱；8 处没读成")
    assert names_in(kitchen) == list(DISHES[:4])
    assert shishen("add", folder / "1.pdf", folder / "2 locked.pdf", folder / "99.pdf").status == 2


def test_a_book_again_changed_and_broken(shishen: Shishen, tmp_path: Path, kitchen: Kitchen) -> None:
    path = tmp_path / "书.pdf"

    def add(content: bytes) -> str:
        path.write_bytes(content)
        return shishen("add", path).err.splitlines()[-1].partition("；")[0]

    assert add(book(0, 1, 2, 3)) == "新增 4，更新 0，未变 0，移除 0"
    assert add(book(0, 1, 2, 3)) == "新增 0，更新 0，未变 4，移除 0"
    for broken in (b"", book(0, 1)[:1500], locked("secret"), SAMPLES["docx"][:900], BAD["random.pdf"][0]()):
        assert add(broken) == "新增 0，更新 0，未变 0，移除 0"
        assert names_in(kitchen) == list(DISHES[:4])
    # Only its last bytes are missing: what is there is read, what is not is not taken for gone.
    assert add(book(0, 1, 2)[:-6]) == "新增 0，更新 0，未变 3，移除 0"
    assert names_in(kitchen) == list(DISHES[:4])
    assert add(book(0, 1)) == "新增 0，更新 0，未变 2，移除 2"
    assert names_in(kitchen) == list(DISHES[:2])


@contextmanager
def adding(home: Path, path: Path) -> "Iterator[subprocess.Popen[str]]":
    """`shishen add` in a process of its own, in batches of two."""
    command = [sys.executable, "-X", "utf8", "-c", PROGRAM, "--set", "library.batch_size=2", "add", str(path)]
    environment = {**os.environ, "SHISHEN_HOME": str(home)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, encoding="utf-8") as child:
        yield child


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_stopped_in_the_middle_of_a_shelf(tmp_path: Path, how: signal.Signals) -> None:
    folder, home = tmp_path / "书", tmp_path / "home"
    folder.mkdir()
    for number in range(120):
        (folder / f"{number:03}.pdf").write_bytes(book(*range(6)))
    library = home / "library.sqlite"
    with adding(home, folder) as child:
        end = time.monotonic() + 60
        while not library.exists() or not _count(library):
            assert child.poll() is None
            assert time.monotonic() < end
            time.sleep(0.02)
        child.send_signal(how)
        _, words = child.communicate(timeout=60)
    assert child.returncode == (-how if how == signal.SIGKILL else 130), words
    assert "Traceback" not in words
    kept = _count(library)
    assert 0 < kept < 720
    # A batch is two dishes, and the last of a book.
    assert kept % 2 == 0
    with adding(home, folder) as child:
        _, words = child.communicate(timeout=120)
    assert f"新增 {720 - kept}，更新 0，未变 {kept}，移除 0；菜谱库现有 720 份菜谱" in words


def _count(path: Path) -> int:
    """How many recipes a library holds; 0 where it is only being made."""
    try:
        library = Library(path)
    except Exception:  # of a file that another process has just begun
        return 0
    try:
        return len(library)
    finally:
        library.close()


def test_a_disk_without_room(tmp_path: Path) -> None:
    """A small file system of its own; only root can mount one."""
    home = tmp_path / "home"
    home.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", str(home)]
    if os.getuid() or not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a file system")
    try:
        path = tmp_path / "书.jsonl"
        path.write_bytes((SAMPLES["xiachufang"].strip() + b"\n") * 400)
        with adding(home, path) as child:
            _, words = child.communicate(timeout=60)
        (line,) = words.splitlines()
        assert child.returncode == 2
        assert "空间" in line
    finally:
        subprocess.run(["umount", str(home)], check=True)


def test_reading_needs_no_home_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has text of its own is read where nothing can be written."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SHISHEN_HOME", str(tmp_path / "file" / "home"))
    path = tmp_path / "书.pdf"
    path.write_bytes(samples.pdf(LINES))
    kitchen = open_kitchen()
    (recipe,) = read(find_files([path]), kitchen.readers, kitchen.settings.reader, kitchen.workshop)
    assert isinstance(recipe, Recipe)

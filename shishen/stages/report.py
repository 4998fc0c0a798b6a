"""Report: what was read of a document beside the picture of each page, as one HTML file for a person to check.

    shishen read 家常菜谱.pdf --report 校对.html

Sheets go to a temporary file as soon as all their dishes are known, so that memory does not grow with the book;
at the end the summary is put before them, and the whole is moved to its place. A run that stops leaves nothing.
"""

import base64
import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from html import escape
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from msgspec import Struct, field

from shishen.errors import ShishenError
from shishen.pages import Reading
from shishen.protocols import Cost
from shishen.records import Recipe, Rejected
from shishen.source_file import Limits
from shishen.stages.proof.markup import dish_markup, links, rejected_link, rejected_markup, sheet_markup
from shishen.stages.proof.sheet import Dish, Sheet, pages_of, put, sheet_of
from shishen.stages.read import Event
from shishen.stages.structure import PageRead
from shishen.standalone_page import style_of
from shishen.system_reason import reason_of

_PROOF = Path(__file__).parent / "proof"
# Of a corpus, whose format says itself what is what, the first ones are enough; so they are of what was rejected.
_MOST_LOOSE = 500
_MOST_REJECTED = 500
# Sheets whose text is kept while they wait for a dish; of those before them the picture will do.
_MOST_WAITING = 128


class _File(Struct):
    """What came of one file so far; `start` is where its sheets begin in the temporary file."""

    label: str
    number: int
    start: int
    end: int = 0
    pages: int = 0
    dishes: int = 0
    rejected: int = 0
    unsure: int = 0
    marks: int = 0
    reasons: list[tuple[int | None, Rejected]] = field(default_factory=list)
    entries: list[str] = field(default_factory=list)
    paid: Cost | None = None
    sheets: int = 0

    @property
    def name(self) -> str:
        return escape(self.label.replace("\\", "/").rpartition("/")[2] or self.label)

    @property
    def counts(self) -> str:
        pages = f"{self.pages} 页，" if self.pages else ""
        rejected = f"{self.rejected} 处没读成，" if self.rejected else ""
        unsure = f"{self.unsure} 道菜有 {self.marks} 处拿不准" if self.unsure else "没有拿不准的"
        cost = ""
        if self.paid:
            money = f"，{self.paid.money:.4f} {self.paid.currency}" if self.paid.money is not None else ""
            cost = f"；模型用了 {self.paid.requests} 次请求{money}"
        return f"{pages}{self.dishes} 道菜，{rejected}{unsure}{cost}。"


class Report:
    """Writes the file page by page as events come; it is whole when the context ends.

    Entering raises ShishenError where the file cannot be written, before any work is done.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        # Through a link: the file that it names is replaced, not the link.
        self._path = Path(os.path.realpath(path.expanduser()))
        self._limits = limits
        self._body: BinaryIO | None = None
        self._files: list[_File] = []
        self._waiting: list[Sheet] = []
        self._reading: Reading | None = None
        self._dishes = 0
        self._rejected = 0

    def __enter__(self) -> "Report":
        if self._path.exists() and not self._path.is_file():
            raise ShishenError(f"校对页要写成文件，而 {self._path} 不是普通文件；请换一个名字。")
        if not self._path.parent.is_dir():
            raise ShishenError(f"没有 {self._path.parent} 这个文件夹，校对页写不进去；请先建好，或换一个地方。")
        with self._writing():
            # Opened once to see that it can be; nothing of it stays.
            trial = self._beside()
            trial.close()
            Path(trial.name).unlink()
            # Without a name wherever the system can: it goes with the process, however that ends.
            self._body = tempfile.TemporaryFile(dir=self._path.parent, prefix=".shishen-")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._body
        with self._body, self._writing():
            if kind is None:
                self._finish()
                self._publish(self._body)

    def take(self, event: Event, label: str) -> None:
        """Take note of what happened while the file `label` was read."""
        if not self._files or self._files[-1].label != label:
            if os.path.realpath(label) == str(self._path):
                raise ShishenError(f"校对页会盖掉要读的 {self._path}；请换一个名字。")
            with self._writing():
                self._finish()
            self._files.append(_File(label, len(self._files) + 1, self._position))
        file = self._files[-1]
        if isinstance(event, PageRead):
            file.pages += event.page.number is not None or event.page.image is not None
            self._waiting.append(sheet_of(event.page, event.lines))
            if len(self._waiting) > _MOST_WAITING and (old := self._waiting[-_MOST_WAITING - 1]).image:
                old.lines = ()
        elif isinstance(event, Reading):
            self._reading = event
        elif isinstance(event, Recipe):
            with self._writing():
                self._take_recipe(event, file)
        elif isinstance(event, Rejected):
            self._take_rejected(event, file)
        elif event.paid:
            file.paid = event.cost

    def _take_recipe(self, recipe: Recipe, file: _File) -> None:
        reading, self._reading = self._reading, None
        lines = reading.lines if reading else ()
        self._dishes += 1
        file.dishes += 1
        dish = Dish(self._dishes, recipe, reading.doubts if reading else (), pages_of(lines))
        if marks := dish.marks:
            file.unsure += 1
            file.marks += len(marks)
            place = f"第 {recipe.source.page} 页" if recipe.source.page is not None else ""
            file.entries.append(links(dish, place))
        if self._waiting:
            begins = put(dish, lines, self._waiting)
            # Dishes come in the order of the book: nothing more will be found on the pages before this one.
            self._write_sheets(begins)
        elif file.dishes <= _MOST_LOOSE or marks:
            self._write(dish_markup(dish) + "\n")

    def _take_rejected(self, rejected: Rejected, file: _File) -> None:
        file.rejected += 1
        self._rejected += 1
        page = rejected.page
        sheet = next((one for one in self._waiting if page is not None and one.number == page), None)
        if sheet:
            sheet.rejected.append((self._rejected, rejected))
        if len(file.reasons) < _MOST_REJECTED:
            if sheet:
                file.entries.append(rejected_link(self._rejected, rejected))
            file.reasons.append((self._rejected if sheet else None, rejected))

    def _write_sheets(self, count: int) -> None:
        """Write the first sheets that wait; their pictures are opened now, one by one."""
        for sheet in self._waiting[:count]:
            file = self._files[-1]
            file.sheets += 1
            self._write(sheet_markup(sheet, f"f{file.number}-s{file.sheets}", self._limits))
        del self._waiting[:count]

    def _finish(self) -> None:
        """The file that was read last is done."""
        if not self._files:
            return
        self._write_sheets(len(self._waiting))
        file = self._files[-1]
        if not file.sheets and file.dishes > _MOST_LOOSE:
            self._write(f'<p class="nothing">只列出前 {_MOST_LOOSE} 道；其余的格式自己说得清楚，不必校对。</p>\n')
        self._write(rejected_markup(file.reasons, file.rejected))
        file.reasons.clear()
        file.end = self._position
        self._reading = None

    @property
    def _position(self) -> int:
        assert self._body
        return self._body.tell()

    def _write(self, markup: str) -> None:
        assert self._body
        self._body.write(_encoded(markup))

    def _publish(self, body: BinaryIO) -> None:
        """The head, the summary, the sheets of each file under their heading: whole, then moved to its place."""
        with self._beside() as stream:
            try:
                before, after = _template(self._title)
                stream.write(_encoded(before + self._summary()))
                for file in self._files:
                    # The only one stands in the summary right above.
                    heading = f'<h2>{file.name}</h2><p class="counts">{file.counts}</p>' if self._files[1:] else ""
                    stream.write(_encoded(f'<section class="file" id="f{file.number}">{heading}\n'))
                    _copy(body, file.start, file.end, stream)
                    stream.write(b"</section>\n")
                stream.write(_encoded(after))
                stream.close()
                Path(stream.name).replace(self._path)
            except BaseException:
                stream.close()
                with suppress(OSError):
                    Path(stream.name).unlink()
                raise

    def _beside(self) -> BinaryIO:
        """A new file in the folder of the report, with the rights that any new file has."""
        return (self._path.parent / f".shishen-{secrets.token_hex(8)}.html").open("xb")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ShishenError(
                f"写不进 {self._path}（{reason_of(error)}）；请检查权限和磁盘空间，或换一个地方。"
            ) from error

    @property
    def _title(self) -> str:
        return self._files[0].name if len(self._files) == 1 else f"{len(self._files)} 个文件"

    def _summary(self) -> str:
        parts = []
        for file in self._files:
            found = "".join(file.entries)
            unsure = f'<ul class="entries">{found}</ul>' if found else ""
            heading = f'<p><a href="#f{file.number}"><b>{file.name}</b></a>：{file.counts}</p>'
            parts.append(f'<div class="file-summary" title="{escape(file.label)}">{heading}{unsure}</div>\n')
        return f'<section class="summary" id="summary">{"".join(parts)}</section>\n'


def _encoded(markup: str) -> bytes:
    # Half a surrogate pair, as a broken file may hold it, is no text in UTF-8.
    return markup.encode("utf-8", "replace")


def _template(title: str) -> tuple[str, str]:
    """What stands before and after the contents, style and script within it; it needs no other file and no network."""
    script = _part("proof.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    whole = (
        _part("proof.html")
        .replace("{{style}}", style_of(_part("proof.css")))
        .replace("{{digest}}", digest)
        .replace("{{script}}", script)
    )
    before, _, after = whole.partition("{{contents}}")
    return before.replace("{{title}}", title), after


def _part(name: str) -> str:
    return (_PROOF / name).read_text(encoding="utf-8")


def _copy(source: BinaryIO, start: int, end: int, target: BinaryIO) -> None:
    source.seek(start)
    left = end - start
    while left and (data := source.read(min(left, 1 << 20))):
        target.write(data)
        left -= len(data)

"""Benchmark questions out of CSV files: C-Eval's and CMMLU's columns, and any others with a question and options."""

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from shishen.errors import NotFound, UnreadableFile
from shishen.system_reason import reason_of

_LETTERS = "ABCDEFGH"
_BLANK = re.compile(r"_{2,}|（\s*）|\(\s*\)|【\s*】")
# C-Eval and CMMLU have files of 1 MB at most.
_LARGEST = 100_000_000


class BenchmarkQuestion(Struct, frozen=True, kw_only=True):
    """One question: where it stands (`path`, `row` from 1), its text, its options, and the right one where it is said.

    `filled` is the question with the right option in its blank, '' where there is no blank.
    """

    path: str
    row: int
    text: str
    options: tuple[str, ...] = ()
    filled: str = ""


def read_benchmarks(paths: Iterable[Path]) -> list[BenchmarkQuestion]:
    """The questions of CSV files, or of all CSV files in folders that have a column `question` (in any case).

    Raises NotFound where a path is not there, UnreadableFile where it holds no questions.
    """
    found: list[BenchmarkQuestion] = []
    for path in paths:
        if not path.exists():
            raise NotFound(f"没有 {path}；请写 C-Eval 或 CMMLU 的 CSV 文件，或它们所在的文件夹。")
        files = sorted(path.rglob("*.csv")) if path.is_dir() else [path]
        before = len(found)
        for file in files:
            found.extend(_questions(file))
        if len(found) == before:
            raise UnreadableFile(f"{path} 里没有评测题；需要 CSV，表头有 question（或 Question）和 A、B、C、D。")
    return found


def _questions(path: Path) -> Iterator[BenchmarkQuestion]:
    rows = csv.DictReader(_text(path).splitlines(keepends=True))
    try:
        columns = {(name or "").strip().lower(): name for name in rows.fieldnames or ()}
        if "question" not in columns:
            return
        letters = [letter for letter in _LETTERS if letter.lower() in columns]
        for number, row in enumerate(rows, 1):
            text = row[columns["question"]] or ""
            options = {letter: row[columns[letter.lower()]] or "" for letter in letters}
            right = options.get((row[columns["answer"]] or "").strip().upper(), "") if "answer" in columns else ""
            filled = _BLANK.sub(lambda _, right=right: right, text) if right and _BLANK.search(text) else ""
            if text.strip():
                yield BenchmarkQuestion(
                    path=str(path),
                    row=number,
                    text=text,
                    options=tuple(o for o in options.values() if o),
                    filled=filled,
                )
    except csv.Error as error:
        raise UnreadableFile(f"{path} 不是正确的 CSV（{error}）；请重新下载评测题。") from error


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise UnreadableFile(f"{path} 超过 {_LARGEST // 1_000_000} MB，不像评测题；请写 C-Eval 或 CMMLU 的文件。")
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"打不开 {path}（{reason_of(error)}）；请检查路径和权限。") from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableFile(f"{path} 不是 UTF-8 也不是 GB18030 的文本；请重新下载评测题。")

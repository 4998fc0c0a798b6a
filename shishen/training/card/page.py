"""The card as files: `card.json` with the numbers, `card.html` as one page that needs nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from html import escape
from pathlib import Path

import msgspec

from shishen.errors import ShishenError
from shishen.examples import SPLITS
from shishen.standalone_page import style_of
from shishen.system_reason import reason_of
from shishen.training.card.pictures import histogram, stacked_bar
from shishen.training.card.tally import Benchmarks, Card, Documents, Sample

_SPLIT_NAMES = {"train": "训练", "dev": "验证", "test": "测试"}
_ROLES = {"system": "系统", "user": "问", "assistant": "答"}
# Of a long answer this much is enough to see what it is.
_SHOWN = 700


def write_card(
    card: Card, folder: Path, kinds: Mapping[str, str] | None = None, reasons: Mapping[str, str] | None = None
) -> None:
    """Write `card.json` and `card.html` into the folder; kinds and reasons are shown by the names given for them.

    Raises ShishenError where they cannot be written; what was there stays as it was.
    """
    page = card_page(card, kinds or {}, reasons or {})
    _replace(folder / "card.json", msgspec.json.format(msgspec.json.encode(card), indent=2) + b"\n")
    _replace(folder / "card.html", page.encode("utf-8", "replace"))


def card_page(card: Card, kinds: Mapping[str, str], reasons: Mapping[str, str]) -> str:
    """The whole page."""
    style = style_of((Path(__file__).parent / "card.css").read_text(encoding="utf-8"))
    body = "\n".join(part for part in _parts(card, kinds, reasons) if part)
    return (
        '<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(card.name)}：数据卡</title><style>\n{style}</style></head><body>\n{body}\n</body></html>\n"
    )


def _parts(card: Card, kinds: Mapping[str, str], reasons: Mapping[str, str]) -> Iterator[str]:
    total = sum(card.splits.values())
    rejected = sum(card.rejected.values())
    yield f"<header><h1>{escape(card.name)}</h1><p>数据卡：{total:,} 条对话，剔除 {rejected:,} 条。</p></header>"
    yield _tiles(
        {_SPLIT_NAMES[split]: card.splits[split] for split in SPLITS}
        | {"剔除": rejected, "多轮": card.multi_turn, "带系统提示": card.with_system}
    )
    if card.notes:
        yield '<ul class="notes">' + "".join(f"<li>{escape(note)}</li>" for note in card.notes) + "</ul>"
    yield "<h2>长度</h2>" + '<div class="pictures">' + "".join(_histograms(card)) + "</div>"
    yield "<h2>种类</h2>" + _kinds(card.kinds, kinds)
    yield "<h2>来源</h2>" + _counts(card.sources, "来源", "条数", {"": "（没有写）"})
    yield "<h2>剔除的原因</h2>" + _rejections(card.rejected, reasons)
    yield "<h2>重复与划分</h2>" + _documents(card.documents, card.duplicates, card.other_answers)
    yield "<h2>评测题</h2>" + _benchmarks(card.benchmarks)
    if card.samples:
        yield "<h2>样例</h2>" + "".join(_sample(sample, kinds) for sample in card.samples)
    if card.settings:
        rows = [(escape(name), escape(value)) for name, value in card.settings.items()]
        yield "<h2>怎么做的</h2>" + _table(("设置", "值"), rows, numbers=False)


def _tiles(numbers: Mapping[str, int]) -> str:
    tiles = "".join(f"<div><b>{count:,}</b><span>{escape(name)}</span></div>" for name, count in numbers.items())
    return f'<section class="tiles">{tiles}</section>'


def _histograms(card: Card) -> Iterator[str]:
    yield histogram("问题的字数", "字", card.question_characters)
    yield histogram("回答的字数", "字", card.answer_characters)
    if card.tokens:
        yield histogram(f"整段对话的词元数{f'（{card.tokenizer}）' if card.tokenizer else ''}", "词元", card.tokens)


def _kinds(kinds: Mapping[str, Mapping[str, int]], names: Mapping[str, str]) -> str:
    most = max((sum(counts.values()) for counts in kinds.values()), default=0)
    rows = []
    for kind, counts in kinds.items():
        shown = {split: counts.get(split, 0) for split in SPLITS}
        name = escape(names.get(kind, kind) or "（没有写）")
        rows.append((name, stacked_bar(shown, most), *(f"{count:,}" for count in shown.values())))
    legend = "".join(f'<span class="{split}">{_SPLIT_NAMES[split]}</span>' for split in SPLITS)
    head = ("种类", f'<span class="legend">{legend}</span>', *_SPLIT_NAMES.values())
    return _table(head, rows, bars=True)


def _rejections(rejected: Mapping[str, int], names: Mapping[str, str]) -> str:
    if not rejected:
        return "<p>没有剔除的。</p>"
    return _counts(rejected, "原因", "条数", names)


def _counts(counts: Mapping[str, int], name: str, unit: str, names: Mapping[str, str]) -> str:
    most = max(counts.values(), default=0)
    rows = [
        (escape(names.get(key, key)), stacked_bar({"train": count}, most), f"{count:,}")
        for key, count in counts.items()
    ]
    return _table((name, "", unit), rows, bars=True)


def _documents(documents: Documents | None, duplicates: int, other_answers: int) -> str:
    text = (
        f"<p>完全一样的对话剔除了 {duplicates:,} 条；问题相同而回答不同的有 {other_answers:,} 条，都留着"
        "（同名的菜有不同的做法）。</p>"
    )
    if not documents:
        return text
    titles = "" if documents.titles is None else f"，{documents.titles:,} 个不同的菜名"
    count = documents.train + documents.dev + documents.test + documents.withheld
    return (
        f"{text}<p>{count:,} 道菜{titles}，按相近的做法归成 {documents.clusters:,} 组："
        f"{documents.clustered:,} 道和别的菜相近，最大的一组有 {documents.largest:,} 道。"
        "划分按组和菜名进行，同一组、同一个菜名不会分在两边。</p>"
        + (
            f"<p>另有 {documents.near_duplicates:,} 道和前面的同名菜几乎一样，只留了前面的。</p>"
            if documents.near_duplicates
            else ""
        )
        + _tiles(
            {
                "训练的菜": documents.train,
                "验证的菜": documents.dev,
                "测试的菜": documents.test,
                "放弃的菜": documents.withheld,
            }
        )
        + "<p><small>放弃的菜和验证、测试的菜太近，又没有分进去，所以哪一份都不用。</small></p>"
    )


def _benchmarks(benchmarks: Benchmarks | None) -> str:
    if not benchmarks:
        return "<p>没有检查：没有给出评测题的文件。</p>"
    text = (
        f"<p>对照了 {benchmarks.files:,} 个文件里的 {benchmarks.questions:,} 道题，"
        f"有 {benchmarks.hits:,} 条对话和评测题有连续 13 个字相同，已经剔除。"
    )
    if benchmarks.unchecked:
        text += f"另有 {benchmarks.unchecked:,} 道题太短，查不了。"
    rows = [(escape(o.place), escape(_cut(o.question, 200)), escape(_cut(o.text, 200))) for o in benchmarks.overlaps]
    return f"{text}</p>" + (_table(("题目在", "题目", "对话"), rows, numbers=False) if rows else "")


def _sample(sample: Sample, kinds: Mapping[str, str]) -> str:
    lines = "".join(
        f'<div class="{m.role}"><b>{_ROLES.get(m.role, m.role)}</b><p>{escape(_cut(m.content, _SHOWN))}</p></div>'
        for m in sample.messages
    )
    kind = escape(kinds.get(sample.kind, sample.kind) or "（没有写）")
    return (
        f'<article class="sample"><h3>{kind} <small>{_SPLIT_NAMES[sample.split]} {escape(sample.id)}</small></h3>'
        f"{lines}</article>"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], *, bars: bool = False, numbers: bool = True) -> str:
    """A table; its cells are HTML already. With `bars` the second column is pictures; `numbers`: the rest are."""
    names = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    kind = " ".join(name for name, on in (("bars", bars), ("numbers", numbers)) if on)
    return f'<table class="{kind}"><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>'


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[:length] + "……"


def _replace(path: Path, data: bytes) -> None:
    """Put a whole file in its place, or leave the one that is there."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise ShishenError(f"数据卡写不进 {path}：{reason_of(error)}；请腾出空间或换一个文件夹。") from error

"""The verbs of `shishen library`, and what every verb prints with."""

import os
import sys
from contextvars import ContextVar
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from shishen.errors import NotFound, ShishenError

if TYPE_CHECKING:
    from shishen.kitchen import Kitchen

library_app = typer.Typer(help="菜谱库：列出、查看、导出、移除、统计。", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="输出一个 JSON 值。")]
# The options before the verb: `--set` assignments and `--config`.
before_verb: ContextVar[tuple[list[str], Path | None]] = ContextVar("before_verb", default=([], None))


def kitchen_of() -> "Kitchen":
    """The kitchen that the options before the verb ask for. Raises BadSettings."""
    from shishen.kitchen import open_kitchen

    return open_kitchen(*before_verb.get())


def print_json(value: object) -> None:
    """One JSON value on standard output."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")


def say(words: str) -> None:
    """Words for a person, on standard error."""
    try:
        print(words, file=sys.stderr, flush=True)
    except OSError:
        # Nobody can be told; the work goes on, and Python must not try again when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


@library_app.command("list")
def list_(
    name: Annotated[str | None, typer.Option(help="菜名里有这些字。")] = None,
    category: Annotated[str | None, typer.Option(help="分类，如 荤菜。")] = None,
    ingredient: Annotated[str | None, typer.Option(help="用到这样食材，如 土豆（别名也可以）。")] = None,
    limit: Annotated[int, typer.Option(help="最多列多少份；-1 为全部。", min=-1)] = -1,
    json_: Json = False,
) -> None:
    """列出菜谱。

    例：shishen library list --ingredient 土豆
    """
    from shishen.domains.cooking.words import canonical_ingredient

    library = kitchen_of().library
    wanted = canonical_ingredient(ingredient) if ingredient else None
    rows = library.recipes(name=name, category=category, ingredient=wanted, limit=limit)
    if json_:
        out = sys.stdout.buffer
        separator = b"[\n"
        for recipe in rows:
            row = {k: getattr(recipe, k) for k in ("id", "name", "title", "category", "source")}
            out.write(separator + msgspec.json.encode(row))
            separator = b",\n"
        out.write(b"[]\n" if separator == b"[\n" else b"\n]\n")
        return
    for recipe in rows:
        print(f"{recipe.id}  {recipe.name}  {recipe.source.place}")


@library_app.command()
def show(id_: Annotated[str, typer.Argument(help="菜谱的 id，或菜名。", metavar="ID")], json_: Json = False) -> None:
    """显示一份菜谱的全部内容。

    例：shishen library show 可乐鸡翅
    """
    from shishen.domains.cooking.composing import recipe_text

    library = kitchen_of().library
    found = library.find(id_)
    if json_:
        print_json(found)
    else:
        print(recipe_text(found))


@library_app.command()
def export(
    format_: Annotated[str, typer.Option("--format", help="格式，如 jsonld；都有哪些见 shishen engines 里的 writer。")],
    output: Annotated[Path, typer.Option(help="写到哪个文件。")],
    ids: Annotated[list[str] | None, typer.Argument(help="菜谱的 id 或菜名；不写就是全部。", metavar="ID…")] = None,
    category: Annotated[str | None, typer.Option(help="只要这一类，如 荤菜。")] = None,
    force: Annotated[bool, typer.Option("--force", help="文件已经在了也写。")] = False,
    json_: Json = False,
) -> None:
    """把菜谱写成别的程序能读的文件。

    例：shishen library export --format paprika --output 荤菜.paprikarecipes --category 荤菜
    """
    kitchen = kitchen_of()
    library = kitchen.library
    if output.exists() and not force:
        raise ShishenError(f"{output} 已经在了；换一个名字，或加上 --force 覆盖它。")
    if ids:
        named = [library.find(id_) for id_ in dict.fromkeys(ids)]
        wanted = iter([recipe for recipe in named if category in (None, recipe.category)])
    else:
        wanted = library.recipes(category=category)
    if (first := next(wanted, None)) is None:
        raise NotFound("没有可以导出的菜谱；用 shishen library list 查看。")
    count = kitchen.export(format_, output, chain([first], wanted))
    if json_:
        print_json({"format": format_, "output": str(output), "recipes": count})
    say(f"{output} 里有 {count} 份菜谱。")


@library_app.command()
def remove(ids: Annotated[list[str], typer.Argument(help="菜谱的 id。", metavar="ID…")], json_: Json = False) -> None:
    """移除菜谱；一个 id 不对就都不移除。"""
    kitchen = kitchen_of()
    changes = kitchen.library.remove(ids)
    kitchen.catch_up()
    if json_:
        print_json(changes)
    say(f"移除了 {changes.removed} 份菜谱。")


@library_app.command()
def prune(json_: Json = False) -> None:
    """移除源文件已经不在的菜谱（自带菜谱除外）。"""
    kitchen = kitchen_of()
    changes = kitchen.prune()
    if json_:
        print_json(changes)
    say(f"移除了 {changes.removed} 份菜谱。")


@library_app.command()
def stats(json_: Json = False) -> None:
    """菜谱库的数字。"""
    numbers = kitchen_of().library.stats()
    if json_:
        print_json(numbers)
        return
    print(f"菜谱 {numbers.recipes}，菜名 {numbers.dishes}，问题 {numbers.questions}，食材 {numbers.ingredients}")
    print(f"文件 {numbers.files}，大小 {numbers.size_bytes / 1e6:.1f} MB")
    for category, count in numbers.categories.items():
        print(f"  {category or '（未分类）'} {count}")


@library_app.command("add-house")
def add_house(json_: Json = False) -> None:
    """把自带菜谱加进菜谱库。"""
    changes = kitchen_of().add_house()
    if json_:
        print_json(changes)
    say(f"新增 {changes.added}，更新 {changes.changed}，未变 {changes.unchanged}。")

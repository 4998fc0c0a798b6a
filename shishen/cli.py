"""The command line: parse, call, print. Results go to standard output, words and progress to standard error."""

import os
import sqlite3
import sys
from errno import EACCES, EDQUOT, EIO, EMFILE, ENFILE, ENOSPC, EPERM, EROFS
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from shishen import __version__
from shishen.dataset_cli import dataset_app
from shishen.errors import ShishenError
from shishen.library_cli import Json, before_verb, kitchen_of, library_app, print_json, say
from shishen.model_cli import compare, export, merge
from shishen.reading_cli import add, read
from shishen.system_reason import reason_of
from shishen.training_cli import train_app

app = typer.Typer(
    name="shishen",
    help="食神：把菜谱变成会回答的厨师。\n\n例：shishen ask 可乐鸡翅怎么做",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(library_app, name="library")
app.add_typer(dataset_app, name="dataset")
app.add_typer(train_app, name="train")
# Typer has click's classes under its own name or under click's, by its version.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"shishen {__version__}")
        raise typer.Exit


@app.callback()
def options(
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", help="改一项设置，如 --set server.port=9000。", metavar="KEY=VALUE"),
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="配置文件，代替 shishen.toml。")] = None,
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", help="显示版本。", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """食神：把菜谱变成会回答的厨师。"""
    before_verb.set((assignments or [], config))


@app.command()
def parse() -> None:
    """读食材行：标准输入一行一条，每行输出一个 JSON 对象。

    例：echo '2-3段大葱' | shishen parse
    """
    from shishen.kitchen import read_line

    out = sys.stdout.buffer
    for raw in sys.stdin.buffer:
        text = raw.decode("utf-8", errors="replace").rstrip("\r\n")
        out.write(msgspec.json.encode(read_line(text)) + b"\n")
        out.flush()


app.command()(read)
app.command()(add)
app.command()(merge)
app.command()(export)
app.command()(compare)


@app.command()
def ask(
    question: Annotated[list[str], typer.Argument(help="问题，如：可乐鸡翅怎么做", metavar="TEXT")],
    json_: Json = False,
) -> None:
    """问一道菜。

    例：shishen ask 可乐鸡翅怎么做
    """
    from shishen.records import Message

    text = " ".join(question).strip()
    if not text:
        raise ShishenError("问题是空的；例：shishen ask 可乐鸡翅怎么做")
    kitchen = kitchen_of()
    longest = kitchen.settings.server.longest_question
    if len(text) > longest:
        raise ShishenError(f"问题有 {len(text)} 个字，最多 {longest} 个；请说短一点。")
    answer = kitchen.ask(text)
    if json_:
        from shishen.stages.answer import extension

        said = "".join(kitchen.say([Message("user", text)], answer))
        print_json({"answer": said, "shishen": extension(kitchen.as_said(answer))})
        return
    for piece in kitchen.say([Message("user", text)], answer):
        print(piece, end="", flush=True)
    print()


@app.command()
def chat() -> None:
    """在终端里和厨师说话；空行或 Ctrl+D 结束。"""
    from shishen.records import Message

    kitchen = kitchen_of()
    kitchen.prepare()
    say("想吃什么？（空行结束）")
    messages: list[Message] = []
    while True:
        try:
            text = input("> " if sys.stdin.isatty() else "").strip()
        except EOFError:
            break
        if not text or text.lower() in ("退出", "再见", "exit", "quit"):
            break
        messages.append(Message("user", text))
        answer = kitchen.ask(messages)
        pieces = []
        for piece in kitchen.say(messages, answer):
            pieces.append(piece)
            print(piece, end="", flush=True)
        print("\n")
        messages.append(Message("assistant", "".join(pieces)))


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="监听的地址；0.0.0.0 让同一网络的手机也能用。")] = None,
    port: Annotated[int | None, typer.Option(help="监听的端口。", min=1, max=65535)] = None,
) -> None:
    """启动服务：网页、OpenAI 兼容接口、接口文档。

    例：shishen serve --port 8000，再打开 http://127.0.0.1:8000/
    """
    from shishen.server.app import run

    kitchen = kitchen_of()
    run(kitchen, host or kitchen.settings.server.host, port or kitchen.settings.server.port)


@app.command()
def index(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="扔掉索引，从菜谱库重做。")] = False,
) -> None:
    """让检索索引跟上菜谱库。

    例：shishen index --rebuild
    """
    kitchen = kitchen_of()
    changed = kitchen.retriever.rebuild() if rebuild else kitchen.catch_up()
    say("索引已更新。" if changed else "索引已经是最新的。")


@app.command()
def engines(json_: Json = False) -> None:
    """列出所有引擎；* 是正在用的，! 是坏了的。"""
    from shishen.kitchen import engine_list

    chosen = kitchen_of().settings.engines
    rows = [
        {
            "kind": info.kind,
            "name": info.name,
            "purpose": info.purpose,
            "extra": info.extra,
            "broken": info.fault is not None,
            "active": not info.fault and (info.kind not in chosen or info.name == chosen[info.kind].name),
        }
        for info in engine_list()
    ]
    if json_:
        print_json(rows)
        return
    for row in rows:
        mark = "!" if row["broken"] else "*" if row["active"] else " "
        print(f"{mark} {row['kind']:<10} {row['name']:<12} {row['purpose']}")


@app.command()
def doctor(json_: Json = False) -> None:
    """检查这台机器上的食神：设置、菜谱库、索引、引擎。"""
    from shishen.doctor import examine

    findings = examine(kitchen_of)
    if json_:
        print_json(findings)
    else:
        for finding in findings:
            mark = {True: "✓", False: "✗", None: "–"}[finding.good]
            print(f"{mark} {finding.what}：{finding.words}")
    if any(finding.good is False for finding in findings):
        raise typer.Exit(2)


def main() -> None:
    """The program. A fault of the user's is one line and exit status 2; anything else keeps its traceback."""
    _open_streams()
    # A word in another encoding may only name a file; what is asked must be text.
    sys.argv[1:] = [a if os.path.exists(a) else a.encode("utf-8", "replace").decode() for a in sys.argv[1:]]  # noqa: PTH110
    try:
        status = app(standalone_mode=False)
        sys.stdout.flush()
    except (_UsageError, ShishenError) as error:
        status = 2
        words = _usage(error) if isinstance(error, _UsageError) else str(error)
        say(" ".join(words.split())) if words else None
    except (SystemExit, BrokenPipeError) as error:
        if not isinstance(error, BrokenPipeError) and not isinstance(error.__context__, BrokenPipeError):
            raise
        # `shishen read … | head` is no fault (Typer ends with 1).
        _abandon_output()
        status = 0
    except (OSError, sqlite3.Error) as error:
        if (fault := _machine_fault(error)) is None:
            raise
        say(fault)
        _abandon_output()
        status = 2
    except (KeyboardInterrupt, typer.Abort):
        say("停下了。")
        status = 130
    sys.exit(status)


def _open_streams() -> None:
    """Streams that can be used, whatever the shell did to them (`>&-`), in an encoding that stops nobody."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            # It takes the closed one's number, so that no database of ours is taken for an output.
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        getattr(sys, name).reconfigure(errors="replace")


def _abandon_output() -> None:
    """What can still be written is; Python must not fail once more at the rest when it ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _machine_fault(error: OSError | sqlite3.Error) -> str | None:
    """A full disk, a closed folder, a damaged database in one line; None where the fault may be ours."""
    if isinstance(error, sqlite3.Error):
        known = isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.ProgrammingError)
        return f"菜谱库出错（{error}）；请看看磁盘和权限，或恢复备份。" if known else None
    if error.errno not in (ENOSPC, EDQUOT, EACCES, EPERM, EROFS, EIO, EMFILE, ENFILE):
        return None
    return f"{error.filename or '输出'} 用不了（{reason_of(error)}）；请看看磁盘空间和权限。"


def _usage(error: Any) -> str:
    """A wrong command line in words; '' where no command at all was given and the help is already printed."""
    path = error.ctx.command_path if error.ctx else "shishen"
    return f"{error.format_message()} 用法见 {path} --help。" if error.format_message() else ""

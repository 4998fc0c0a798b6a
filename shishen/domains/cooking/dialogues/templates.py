"""The questions of dialogues: data/dialogues.toml and dialogues_library.toml, with a user's own file over them.

A user's file has the same tables. Its questions are added; with `replace = true` they stand alone.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from shishen.domains.cooking.dialogues.drawing import draw
from shishen.domains.cooking.knowledge import knowledge
from shishen.errors import BadSettings
from shishen.system_reason import reason_of

# More than anybody writes by hand; longer is a file that was taken for one.
LARGEST_FILE = 1_000_000
LONGEST_QUESTION = 200
_SLOT = re.compile(r"\{([^{}]*)\}")
_FILES = ("dialogues", "dialogues_library")


class Templates(Struct, frozen=True):
    """The questions of every table, by its name (recipe, fact.amount, …)."""

    questions: Mapping[str, tuple[str, ...]]

    def draw(self, table: str, count: int, *key: str) -> list[str]:
        """At most `count` different questions of a table, by the chance of a key, with their slots open."""
        return draw(self.questions[table], count, table, *key)


def fill(question: str, slots: Mapping[str, str]) -> str:
    """A question with its slots filled; what fills a slot is not looked at again."""
    return _SLOT.sub(lambda found: slots[found[1]], question)


@cache
def _built_in() -> dict[str, dict[str, Any]]:
    """Table → its slots and questions."""
    return {name: table for file in _FILES for name, table in _tables(knowledge(file))}


def _tables(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(name, table) of every table with questions, those within others by their whole name; what is none as it is."""
    for name, value in tree.items():
        # One table deep, however deep somebody nests theirs.
        if not prefix and isinstance(value, dict) and value and all(isinstance(v, dict) for v in value.values()):
            yield from _tables(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


@cache
def house_templates() -> Templates:
    """The questions that this program brings."""
    return Templates({name: tuple(table["questions"]) for name, table in _built_in().items()})


def load_templates(extra: Path | None = None) -> Templates:
    """The questions, with a user's own where there is a file of them.

    Raises BadSettings with every fault of the file.
    """
    house = house_templates()
    if extra is None:
        return house
    faults: list[str] = []
    questions = dict(house.questions)
    for name, table in _tables(_parsed(extra)):
        if name not in questions:
            faults.append(f"没有 [{name}] 这一类（有：{'、'.join(questions)}）")
            continue
        own = _own_questions(name, table, faults)
        before = () if isinstance(table, dict) and table.get("replace") is True else questions[name]
        questions[name] = tuple(dict.fromkeys((*before, *own)))
    faults += _told_apart(questions)
    if faults:
        raise BadSettings(f"问法文件 {extra} 有 {len(faults)} 处不对：{'；'.join(faults)}。")
    return Templates(questions)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST_FILE + 1)
    except OSError as error:
        raise BadSettings(f"打不开问法文件 {path}：{reason_of(error)}。") from error
    if len(data) > LARGEST_FILE:
        raise BadSettings(f"问法文件 {path} 超过 {LARGEST_FILE // 1_000_000} MB，不像手写的问法。")
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadSettings(f"问法文件 {path} 不是 UTF-8 文字，请另存为 UTF-8。") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadSettings(f"问法文件 {path} 不是正确的 TOML：{error}。") from error


def _own_questions(name: str, table: Any, faults: list[str]) -> list[str]:
    """The questions of a user's table; what is wrong with it is added to `faults`."""
    if not isinstance(table, dict):
        faults.append(f"{name} 应是一节（[{name}]，下面写 questions = [ … ]）")
        return []
    faults += [f"[{name}] 没有 {key} 这一项（有：questions、replace）" for key in table if key not in _KEYS]
    if not isinstance(table.get("replace", False), bool):
        faults.append(f"[{name}] 的 replace 应为 true 或 false")
    questions = table.get("questions")
    if not isinstance(questions, list) or not questions:
        faults.append(f"[{name}] 缺少 questions（一列问法）")
        return []
    allowed = _built_in()[name]["slots"]
    for n, question in enumerate(questions, 1):
        if fault := _fault_of(question, allowed):
            faults.append(f"[{name}] 第 {n} 句{fault}")
    return [q for q in questions if isinstance(q, str)]


_KEYS = ("questions", "replace")


def _fault_of(question: Any, allowed: list[str]) -> str:
    """What is wrong with one question, '' where nothing is."""
    if not isinstance(question, str) or not question.strip():
        return "是空的，或不是文字"
    if len(question) > LONGEST_QUESTION:
        return f"超过 {LONGEST_QUESTION} 个字"
    used = _SLOT.findall(question)
    faults = [f"没有 {{{slot}}} 这个空（有：{_shown(allowed)}）" for slot in used if slot not in allowed]
    faults += [f"缺少 {{{slot}}}" for slot in allowed if slot not in used]
    if re.search(r"[{}]", _SLOT.sub("", question)):
        faults.append("的花括号不成对")
    return f"「{question}」{'，'.join(faults)}" if faults else ""


def _shown(slots: list[str]) -> str:
    return "、".join(f"{{{slot}}}" for slot in slots) or "没有"


def _told_apart(questions: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Faults of questions that stand in two tables, whose two answers no model can tell apart."""
    first: dict[str, str] = {}
    faults = []
    for name, asked in questions.items():
        # A dish that is not there is asked for as those that are; a turn that follows is no first one.
        place = "refusal" if name == "refusal" else "follow_up" if name.startswith("follow_up.") else "first"
        for question in asked:
            other = first.setdefault(f"{place} {question}", name)
            if other != name:
                faults.append(f"「{question}」同时在 [{other}] 和 [{name}] 里，回答却不同，请留一处")
    return faults

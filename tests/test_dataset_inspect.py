"""Inspect: what is learned of each example, told apart with and without colours, and as JSON."""

from pathlib import Path

import pytest

pytest.importorskip("transformers")

from shishen.examples import Example, dialogue, encode_example, example_id
from shishen.local_models.saving import save_model, save_tokenizer
from shishen.training.doctor import Token, marked
from shishen.training.tiny import tiny_model
from tests.command_line import Shishen, is_fault
from tests.toy_tokenizers import bytewise


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "模型"
    folder.mkdir()
    tokenizer = bytewise()
    save_model(tiny_model("5M", tokenizer, 256, seed=0), folder)
    save_tokenizer(tokenizer, folder)
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "数据"
    folder.mkdir()
    turns = [dialogue([("盐放多少", "三克。\n不要多")]), dialogue([("几分钟", "五分钟"), ("然后呢", "出锅")])]
    rows = (Example(id=example_id(messages), messages=messages) for messages in turns)
    (folder / "train.jsonl").write_bytes(b"".join(map(encode_example, rows)))
    return folder


@pytest.mark.parametrize("colours", [None, "NO_COLOR"])
def test_learned_tokens_are_marked_where_there_are_no_colours(
    shishen: Shishen, monkeypatch: pytest.MonkeyPatch, model: Path, data: Path, colours: str | None
) -> None:
    if colours:
        monkeypatch.setenv(colours, "1")
        monkeypatch.setenv("FORCE_COLOR", "1")
    done = shishen("dataset", "inspect", data, "--model", model)
    assert done.status == 0
    assert "\x1b" not in done.out
    legend, *rows = done.out.split("\n\n")[0].splitlines()
    assert legend.startswith("⟦要学的⟧　不学的")
    plain = "\n".join(rows).replace("｜", "").replace("↵\n", "\n")
    learned = [part.partition("⟧")[0] for part in plain.split("⟦")[1:]]
    assert learned == ["三克。\n不要多<|im_end|>"]
    # Each answer of a dialogue of two turns is a run of its own.
    assert done.out.count("⟦") == 1 + 1 + 2


def test_a_terminal_has_colours_instead(
    shishen: Shishen, monkeypatch: pytest.MonkeyPatch, model: Path, data: Path
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    done = shishen("dataset", "inspect", data, "--model", model)
    assert "\x1b[1;32m" in done.out
    assert "⟦" not in done.out


def test_json_has_the_tokens_with_their_mask(shishen: Shishen, model: Path, data: Path) -> None:
    done = shishen("dataset", "inspect", data, "--model", model, "--show", "1", "--json")
    assert done.status == 0
    (row,) = done.json["shown"]
    assert set(row[0]) == {"id", "text", "learned"}
    assert "".join(token["text"] for token in row if token["learned"]) == "三克。\n不要多<|im_end|>"
    assert "盐放多少" in "".join(token["text"] for token in row if not token["learned"])
    assert shishen("dataset", "inspect", data, "--model", model, "--show", "0", "--json").json["shown"] == []


def test_runs_are_marked_whole() -> None:
    row = [
        Token(1, "问", False),
        Token(2, "甲", True),
        Token(3, "\n", True),
        Token(4, "乙", False),
        Token(5, "丙", True),
    ]
    assert marked(row) == "问｜⟦甲｜↵\n⟧｜乙｜⟦丙⟧"
    assert marked([]) == ""


def test_what_cannot_be_read_is_one_line_in_chinese(shishen: Shishen, tmp_path: Path, model: Path, data: Path) -> None:
    assert is_fault(shishen("dataset", "inspect", tmp_path / "没有", "--model", model), "没有 ", "请检查路径")
    served = tmp_path / "部署.jinja"
    served.write_bytes(b"\xff\xfe\x00broken\xff")
    done = shishen("dataset", "inspect", data, "--model", model, "--served", served)
    assert is_fault(done, "不是 UTF-8 的文本")


def test_the_folder_of_a_run_will_do(shishen: Shishen, model: Path, data: Path, tmp_path: Path) -> None:
    run = tmp_path / "runs" / "甲"
    run.mkdir(parents=True)
    (run / "run.json").write_text("{}", encoding="utf-8")
    assert is_fault(shishen("dataset", "inspect", data, "--model", run), "还没有做完")
    model.rename(run / "model")
    assert shishen("dataset", "inspect", data, "--model", run).status == 0
    built = shishen("dataset", "build", "--output", tmp_path / "书", "--kinds", "tips", "--tokenizer", run, "--json")
    assert built.status == 0
    assert "词元" in (tmp_path / "书" / "card.html").read_text(encoding="utf-8")

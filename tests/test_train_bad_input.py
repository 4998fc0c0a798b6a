"""What a run cannot be made of or go on with: one clear line, status 2, nothing overwritten, checkpoints whole."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import torch
from safetensors.torch import load_file, save_file

from shishen.errors import BadSettings, Busy, NotFound, ShishenError
from shishen.examples import Example, dialogue, encode_example
from shishen.local_models.folder import examine
from shishen.stages.train import train
from shishen.training import checkpoints
from shishen.training.preparing import Noted
from shishen.training.run_config import changed
from shishen.training.run_folder import Progress, RunFolder
from tests.command_line import Shishen, is_fault
from tests.training_samples import equal, losses, run, settings, smallest, start, values, weights, write_dataset


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def base(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(settings(data, tmp_path_factory.mktemp("base") / "run", steps=20)).model


@pytest.fixture
def own_base(base: Path, tmp_path: Path) -> Path:
    """A base that may be broken."""
    return Path(shutil.copytree(base, tmp_path / "base"))


@pytest.fixture(autouse=True)
def small_and_offline(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing asks a hub, and the tiny model is the smallest."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with smallest():
        yield


def refusal(data: Path, output: Path, *, resume: bool = False, **changes: Any) -> str:
    """What is said of a run that cannot be, in one line."""
    with pytest.raises(ShishenError) as found:
        for _ in train(settings(data, output, **changes), resume=resume):
            pass
    assert "\n" not in str(found.value)
    return str(found.value)


def said_by_the_program(shishen: Shishen, given: dict[str, Any], tmp_path: Path, *words: str) -> bool:
    """Whether the program refuses these settings in one line with status 2."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in given.items() if not isinstance(value, dict)]
    for table, fields in given.items():
        if isinstance(fields, dict):
            lines += [f"[{table}]", *(f"{key} = {json.dumps(value)}" for key, value in fields.items())]
    (tmp_path / "run.toml").write_text("\n".join(lines), encoding="utf-8")
    return is_fault(shishen("train", tmp_path / "run.toml"), *words)


# --- data -------------------------------------------------------------------------------------------------------


def line(*messages: tuple[str, str]) -> bytes:
    spoken = [{"role": role, "content": content} for role, content in messages]
    return json.dumps({"id": "a", "messages": spoken}, ensure_ascii=False).encode() + b"\n"


BAD_LINES = {
    "empty": (b"", "数据里没有可以学的"),
    "blank": (b"\n \n\n", "数据里没有可以学的"),
    "only questions": (line(("user", "红烧肉怎么做")) * 3, "3 条读不了.*第 1 行.*没有回答"),
    "2 MB answer": (line(("user", "问"), ("assistant", "长" * 700_000)), "1 条读不了.*700000 个字"),
    "9 MB line": (line(("user", "问"), ("assistant", "长" * 3_000_000)), "1 条读不了.*超过 8 MB"),
    "wrong role": (line(("user", "问"), ("cook", "答")), "1 条读不了"),
    "wrong turn": (line(("assistant", "答"), ("user", "问")), "应为 user"),
    "two systems": (line(("system", "甲"), ("system", "乙"), ("user", "问"), ("assistant", "答")), "2 条 system"),
    "broken UTF-8": (line(("user", "问"), ("assistant", "答")).replace("答".encode(), b"\xff\xfe"), "不是正确的一行"),
    "no JSON": (b"hello\n[[[[[\n", "2 条读不了"),
    "deep JSON": (b"[" * 100_000 + b"\n", "1 条读不了"),
}


@pytest.mark.parametrize("kind", BAD_LINES)
def test_data_that_nothing_can_be_learned_from(kind: str, tmp_path: Path) -> None:
    content, words = BAD_LINES[kind]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.jsonl").write_bytes(content)
    said = refusal(tmp_path / "data", tmp_path / "run")
    assert re.search(words, said), said
    assert not (tmp_path / "run" / "model").exists()


def test_bad_lines_among_good_ones_are_left_out(tmp_path: Path) -> None:
    mixed = write_dataset(tmp_path / "mixed")
    bad = b"".join(content for kind, (content, _) in BAD_LINES.items() if "MB" not in kind)
    good = (mixed / "train.jsonl").read_bytes()
    (mixed / "train.jsonl").write_bytes(bad + good + b'{"half')
    one, other = (run(settings(d, tmp_path / d.name / "run")) for d in (mixed, write_dataset(tmp_path / "good")))
    assert losses(one) == losses(other)


def test_a_refused_run_may_be_begun_anew_with_other_settings(data: Path, tmp_path: Path) -> None:
    said = refusal(data, tmp_path / "run", batch__longest=16)
    needed = int(said.partition("请设 batch.longest = ")[2].partition("，")[0])
    assert 16 < needed < 120
    done = run(settings(data, tmp_path / "run", batch__longest=needed))
    assert len(losses(done)) == 6


def test_the_program_says_it_in_one_line(shishen: Shishen, data: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.jsonl").write_bytes(b"")
    assert said_by_the_program(shishen, values(tmp_path / "data", tmp_path / "run"), tmp_path, "没有可以学的")
    assert said_by_the_program(shishen, values(tmp_path / "none", tmp_path / "run2"), tmp_path, "none")
    wrong = values(data, tmp_path / "run3", optimizer__learning_rate=10, batch__tokens="多", method="sft")
    for words in ("learning_rate", "batch.tokens", "method"):
        assert said_by_the_program(shishen, wrong, tmp_path, words)
    assert not (tmp_path / "run3").exists()


# --- base and adapter -------------------------------------------------------------------------------------------


def test_a_base_without_a_tokenizer(data: Path, own_base: Path, tmp_path: Path) -> None:
    (own_base / "tokenizer.json").unlink()
    assert "没有分词器" in refusal(data, tmp_path / "run", base=str(own_base))


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe broken", None])
def test_a_base_with_a_broken_file(
    name: str, content: bytes | None, data: Path, own_base: Path, tmp_path: Path
) -> None:
    whole = (own_base / name).read_bytes()
    (own_base / name).write_bytes(whole[: len(whole) // 2] if content is None else content)
    said = refusal(data, tmp_path / "run", base=str(own_base))
    assert str(own_base) in said


def test_a_pickle_is_not_read(data: Path, own_base: Path, tmp_path: Path) -> None:
    state = load_file(own_base / "model.safetensors")
    (own_base / "model.safetensors").unlink()

    class Trap:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "trapped"),)

    torch.save({**state, "trap": Trap()}, own_base / "pytorch_model.bin")
    said = refusal(data, tmp_path / "run", base=str(own_base))
    assert "pickle" in said
    assert "allow_pickle" in said
    # Even who trusts it runs no code of it.
    assert str(own_base) in refusal(data, tmp_path / "run2", base=str(own_base), allow_pickle=True)
    assert not (tmp_path / "trapped").exists()
    torch.save(state, own_base / "pytorch_model.bin")
    assert losses(run(settings(data, tmp_path / "run3", base=str(own_base), allow_pickle=True, steps=2)))


def test_a_base_that_is_not_there(data: Path, tmp_path: Path) -> None:
    assert "没有 ./nothing 这个文件夹" in refusal(data, tmp_path / "run", base="./nothing")
    assert "模型站" in refusal(data, tmp_path / "run2", base="somebody/something")
    assert "是一个文件" in refusal(data, tmp_path / "run3", base=str(data / "train.jsonl"))


def test_an_adapter_for_another_base(data: Path, base: Path, tmp_path: Path) -> None:
    lora = run(settings(data, tmp_path / "lora", base=str(base), method="lora", steps=2)).model
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.training_samples.SMALLEST", (128, 3, 2, 192))
        other = run(settings(data, tmp_path / "other", steps=1)).model
    before = weights(lora)
    said = refusal(data, tmp_path / "wide", base=str(other), method="lora", adapter=str(lora))
    assert "适配器" in said
    assert "底座" in said
    assert "适配器" in refusal(data, tmp_path / "self", base=str(lora))
    assert equal(weights(lora), before)


def test_an_adapter_over_other_weights_of_the_same_shapes(data: Path, base: Path, tmp_path: Path) -> None:
    lora = run(settings(data, tmp_path / "lora", base=str(base), method="lora", steps=2)).model
    other = run(settings(data, tmp_path / "other", base=str(base), steps=1)).model
    said = refusal(data, tmp_path / "on", base=str(other), method="lora", adapter=str(lora))
    assert "权重不一样" in said
    assert run(settings(data, tmp_path / "right", base=str(base), method="lora", adapter=str(lora), steps=1)).model


def test_an_adapter_that_is_none(data: Path, base: Path, tmp_path: Path) -> None:
    for folder in (tmp_path / "nothing", data):
        said = refusal(data, tmp_path / f"run {folder.name}", base=str(base), method="lora", adapter=str(folder))
        assert "adapter_config.json" in said
    lora = Path(
        shutil.copytree(
            run(settings(data, tmp_path / "lora", base=str(base), method="lora", steps=1)).model, tmp_path / "copy"
        )
    )
    torch.save(load_file(lora / "adapter_model.safetensors"), lora / "adapter_model.bin")
    (lora / "adapter_model.safetensors").unlink()
    assert "pickle" in refusal(data, tmp_path / "pickled", base=str(base), method="lora", adapter=str(lora))


def test_layers_that_are_not_there_are_named(data: Path, base: Path, tmp_path: Path) -> None:
    said = refusal(data, tmp_path / "run", base=str(base), method="lora", lora__targets=["query_key_value"])
    assert "q_proj" in said


def test_devices_that_are_not_there(data: Path, tmp_path: Path) -> None:
    for n, device in enumerate(("cuda:7", "gpu", "厨房")):
        assert "devices.device" in refusal(data, tmp_path / f"run{n}", devices__device=device)
    assert "启动了 1 个进程" in refusal(data, tmp_path / "two", devices__processes=2)
    assert "要多个进程" in refusal(data, tmp_path / "parted", devices__strategy="fsdp2")


# --- losses that are lost ---------------------------------------------------------------------------------------


def test_a_base_with_nan(data: Path, own_base: Path, tmp_path: Path) -> None:
    state = load_file(own_base / "model.safetensors")
    name = next(name for name in state if "down_proj" in name)
    state[name][0, 0] = float("nan")
    save_file(state, own_base / "model.safetensors", {"format": "pt"})
    said = refusal(data, tmp_path / "run", base=str(own_base))
    assert "第 1 步损失不是数字" in said
    assert "底座" in said
    assert not (tmp_path / "run" / "model").exists()


def test_a_rate_that_diverges_stops_with_the_last_checkpoint(data: Path, tmp_path: Path) -> None:
    table: dict[str, Any] = {
        "steps": 200,
        "checkpoint__every": 2,
        "optimizer__learning_rate": 1.0,
        "optimizer__clip": 0.0,
    }
    said = refusal(data, tmp_path / "run", **table, optimizer__warmup=1.0, optimizer__weight_decay=10.0)
    assert "学习率（现在 1）调小" in said
    done = RunFolder(tmp_path / "run")
    kept = checkpoints.find(done.checkpoints)
    assert kept
    assert str(kept[-1]) in said
    assert not done.model.exists()
    before = losses(done)
    assert len(before) < 100
    # What is kept is of before it went astray, and with a lower rate the run goes on from there.
    step = int(kept[-1].name.partition("-")[2])
    assert before[step - 1] < 2 * before[0] + 1
    config = changed(done.config(), ["optimizer.learning_rate=1e-4"], {"steps": step + 6})
    list(train(config, resume=True))
    assert done.model.exists()
    after = losses(done)
    assert after[:step] == before[:step]
    assert len(after) == step + 6
    assert max(after[step:]) < 2 * before[0] + 1


def test_a_short_run_that_went_astray_leaves_no_model(data: Path, base: Path, tmp_path: Path) -> None:
    table: dict[str, Any] = {"base": str(base), "steps": 12, "checkpoint__every": 1, "optimizer__clip": 1.0}
    said = refusal(data, tmp_path / "run", **table, optimizer__schedule="constant", optimizer__learning_rate=0.2)
    assert "学散了" in said
    assert not (tmp_path / "run" / "model").exists()


def test_what_a_run_that_goes_on_may_not_be_told(data: Path, tmp_path: Path) -> None:
    config = settings(data, tmp_path / "run", steps=4)
    for words in (["batch.tokens=640", "seed=3"], ["devices.strategy=fsdp2"], ["lora.rank=3"]):
        with pytest.raises(BadSettings, match="接着训练时不能改") as refused:
            changed(config, words, {})
        assert all(word.partition("=")[0] in str(refused.value) for word in words)
    assert changed(config, [], {"epochs": 9}).epochs == 9


def test_a_loss_that_runs_away_stops_as_well(data: Path, base: Path, tmp_path: Path) -> None:
    table: dict[str, Any] = {"base": str(base), "steps": 300, "checkpoint__every": 5, "optimizer__clip": 1.0}
    said = refusal(data, tmp_path / "run", **table, optimizer__schedule="constant", optimizer__learning_rate=0.2)
    assert "学散了" in said
    assert "调小" in said
    assert len(losses(RunFolder(tmp_path / "run"))) < 100


# --- disk, folders, other processes -------------------------------------------------------------------------------

# No file may grow beyond so many bytes from the n-th call of something on.
FULL = """
import resource
import {module} as place
whole = place.{name}
count = 0
def full(*arguments, **named):
    global count
    count += 1
    if count >= {n}:
        resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, resource.RLIM_INFINITY))
    return whole(*arguments, **named)
place.{name} = full
"""


@pytest.mark.parametrize(
    ("module", "name", "n", "size"),
    [
        ("shishen.training.preparing", "save_model", 1, 10_000),
        ("shishen.training.preparing", "write_store", 1, 100),
        ("shishen.training.checkpoints", "save", 2, 100_000),
        ("shishen.training.loop", "save_tokenizer", 1, 1000),
        ("shishen.training.loop", "rate_share", 5, 600),
    ],
)
def test_a_full_disk(module: str, name: str, n: int, size: int, data: Path, tmp_path: Path) -> None:
    table = {"checkpoint__every": 2} if name != "rate_share" else {"checkpoint__every": 3}
    given = values(data, tmp_path / "run", **table)
    process = start(given, before=FULL.format(module=module, name=name, n=n, size=size))
    _, err = process.communicate(timeout=90)
    assert process.returncode == 2, err
    lines = [said for said in err.splitlines() if "磁盘满了" in said]
    assert len(lines) == 1, err
    assert "Traceback" not in err
    left = RunFolder(tmp_path / "run")
    assert not left.model.exists()
    assert not list(left.checkpoints.glob(".*"))
    # With room again it goes on as if nothing had been.
    resumed = run(settings(data, tmp_path / "run", **table), resume=True)
    whole = run(settings(data, tmp_path / "whole", **table))
    assert losses(resumed) == losses(whole)
    assert equal(weights(resumed.model), weights(whole.model))


def test_an_output_that_is_there_is_not_written_over(data: Path, tmp_path: Path) -> None:
    done = run(settings(data, tmp_path / "run", steps=2))
    before = {path: path.read_bytes() for path in done.path.rglob("*") if path.is_file()}
    assert "已经有一次训练" in refusal(data, tmp_path / "run", steps=3)
    assert {path: path.read_bytes() for path in done.path.rglob("*") if path.is_file()} == before
    # Neither are the files of somebody else, whatever their names.
    others = tmp_path / "others"
    others.mkdir()
    (others / "metrics.jsonl").write_text("mine", encoding="utf-8")
    assert "别的文件" in refusal(data, others)
    shutil.copy(done.model / "config.json", others / "settings.json")
    assert "不是一次训练的设置" in refusal(data, others)
    assert (others / "metrics.jsonl").read_text(encoding="utf-8") == "mine"
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    assert "不能当作 output" in refusal(data, tmp_path / "file")
    assert "不能当作 output" in refusal(data, tmp_path / "file" / "below")


def test_a_folder_that_another_process_trains_in(data: Path, tmp_path: Path) -> None:
    config = settings(data, tmp_path / "run")
    events = train(config)
    for event in events:
        if isinstance(event, Progress):
            break
    with pytest.raises(Busy, match="另一个进程正在"):
        next(iter(train(config, resume=True)))
    for _ in events:
        pass
    assert len(losses(RunFolder(tmp_path / "run"))) == 6


def test_nothing_to_go_on_with(tmp_path: Path, shishen: Shishen) -> None:
    assert is_fault(shishen("train", "--resume", tmp_path), "没有训练可以接着做")
    (tmp_path / "settings.json").write_bytes(b"\xff{")
    assert is_fault(shishen("train", "--resume", tmp_path), "settings.json")
    assert is_fault(shishen("train", "run.toml", "--resume", tmp_path), "--resume 用开始时的设置")
    with pytest.raises(NotFound):
        RunFolder(tmp_path / "nothing").config()


def test_tokens_that_are_damaged(data: Path, tmp_path: Path) -> None:
    config = settings(data, tmp_path / "run", checkpoint__every=2)
    done = run(config)
    ids = done.tokens / "train" / "ids.bin"
    content = ids.read_bytes()
    ids.write_bytes(content[: len(content) // 2])
    assert "不完整" in refusal(data, tmp_path / "run", resume=True, checkpoint__every=2)
    ids.unlink()
    assert "不完整" in refusal(data, tmp_path / "run", resume=True, checkpoint__every=2)


def test_a_model_folder_is_looked_at_before_it_is_loaded(base: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"没有 .* 这个文件夹"):
        examine(tmp_path / "nothing")
    with pytest.raises(ShishenError, match=r"没有 config\.json"):
        examine(tmp_path)
    assert examine(base).local
    example = Example(id="a", messages=dialogue([("问", "答")]))
    assert encode_example(example).endswith(b"\n")


def test_a_base_that_lacks_weights_is_refused(data: Path, tmp_path: Path) -> None:
    """What is missing would be drawn by chance, and nobody told."""
    broken = tmp_path / "base"
    shutil.copytree(run(settings(data, tmp_path / "made", steps=1)).model, broken)
    weights = load_file(broken / "model.safetensors")
    gone = next(name for name in weights if "mlp.up_proj" in name)
    save_file({name: w for name, w in weights.items() if name != gone}, broken / "model.safetensors", {"format": "pt"})
    words = refusal(data, tmp_path / "run", base=str(broken))
    assert gone in words
    assert "缺权重" in words


def test_what_is_not_learned_is_said(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "data")
    with (folder / "train.jsonl").open("ab") as stream:
        stream.write(b'{"id": "x", "messages": [{"role": "user", "content": "only a question"}]}\n')
        answer = "".join(chr(0x4E00 + n) for n in range(900))
        stream.write(encode_example(Example(id="long", messages=dialogue([("长", answer)]))))
    config = settings(folder, tmp_path / "run", steps=2, batch__too_long="drop")
    said = [event.words for event in train(config) if isinstance(event, Noted)]
    assert len(said) == 2
    assert "1 条不是可以学的对话" in said[0]
    assert "1 条比 batch.longest" in said[1]

"""The settings of a run: files, flags and presets into typed tables; every fault named at once."""

from pathlib import Path
from typing import Any

import pytest

from shishen.errors import BadSettings, NotFound
from shishen.training.run_config import build_config, load_config, presets

LEAST = {"base": "tiny", "data": "数据集", "output": "runs/a"}


def faults(**given: Any) -> str:
    """What is said of settings that are wrong, in one line."""
    with pytest.raises(BadSettings) as found:
        build_config({**LEAST, **given})
    assert "\n" not in str(found.value)
    return str(found.value)


def test_three_mistakes_are_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text(
        'base = "tiny"\ndata = "a"\noutput = "b"\nepoch = 3\n[optimizer]\nlearning_rate = 10\n[batch]\ntokens = "多"\n',
        encoding="utf-8",
    )
    with pytest.raises(BadSettings) as found:
        load_config(path)
    said = str(found.value)
    assert "\n" not in said
    for words in ("没有 epoch 这一项", "optimizer.learning_rate 不能是 10", "batch.tokens 不能是 '多'", "整数"):
        assert words in said


def test_a_contradiction_is_named_beside_other_mistakes() -> None:
    said = faults(method="lora", lora={"rank": 0}, optimizer={"name": "muon"}, batch={"tokens": 100, "longest": 200})
    for words in ("lora.rank", "base 是 tiny", "optimizer.name = muon", "batch.tokens（100）小于 batch.longest（200）"):
        assert words in said


def test_what_is_wrong_makes_no_contradiction_of_its_own() -> None:
    assert "小于 batch.longest" not in faults(base="folder", batch={"tokens": "?", "longest": 9000})
    assert "tiny.context" not in faults(tiny={"context": 512}, batch={"longest": "?", "tokens": 512})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"base": "tiny", "method": "qlora"}, "method 只能是 full"),
        ({"base": "b", "adapter": "a"}, "shishen merge"),
        ({"base": "b", "method": "lora", "optimizer": {"name": "muon"}}, "muon"),
        ({"optimizer": {"name": "muon"}, "devices": {"strategy": "fsdp2"}}, "muon"),
        ({"base": "b", "method": "qlora", "devices": {"strategy": "zero3"}}, "qlora"),
        ({"batch": {"longest": 4000, "tokens": 4000}}, "tiny.context"),
        ({"data": ""}, "data 是空的"),
        ({"template": "没有的"}, "没有名为 没有的 的对话模板"),
        ({"optimizer": {"learning_rate": float("nan")}}, "learning_rate"),
        ({"epochs": float("inf")}, "epochs"),
        ({"lora": 3}, "lora 应是一张表"),
        ({"base": 3}, "base 不能是 3"),
        ({"data": 3}, "data 不能是 3"),
        ({"seed": -1}, "seed"),
        ({"lorra": {"rank": 3}}, "没有 lorra 这一项"),
        ({"epohcs": 3}, "没有 epohcs 这一项（是不是 epochs）"),
        ({"batch": {"token": 64}}, "没有 batch.token 这一项（是不是 batch.tokens）"),
        ({"method": "sft"}, "full、lora、qlora 或 dora"),
    ],
)
def test_each_fault_is_named(given: dict[str, Any], words: str) -> None:
    assert words in faults(**given)


def test_what_is_missing_is_named_with_what_it_is() -> None:
    with pytest.raises(BadSettings) as found:
        build_config({"optimizer": {"name": "sgd"}})
    for words in ("缺少 base", "缺少 data", "缺少 output", "optimizer.name"):
        assert words in str(found.value)


def test_values_as_text() -> None:
    assignments = [
        "optimizer.learning_rate=1e-4",
        "batch.accumulation = 8",
        "gradient_checkpointing=true",
        "lora.targets=q_proj,v_proj",
        "replay.data=旧一,旧二",
        "data=新一,新二",
        "template=",
    ]
    config = load_config(
        None, assignments, {"base": "底座", "output": "o", "method": "lora", "seed": 7, "epochs": None}
    )
    assert config.optimizer.learning_rate == 1e-4
    assert config.batch.accumulation == 8
    assert config.gradient_checkpointing
    assert config.lora.targets == ("q_proj", "v_proj")
    assert config.replay.data == ("旧一", "旧二")
    assert config.data == ("新一", "新二")
    assert (config.seed, config.epochs) == (7, 3.0)
    with pytest.raises(BadSettings, match=r"batch\.accumulation 不能是 '八'") as found:
        load_config(None, ["batch.accumulation=八", "没有等号"], dict(LEAST))
    assert "没有等号 应写成 key=value" in str(found.value)


def test_flags_stand_over_assignments_and_these_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text(
        'base = "tiny"\ndata = ["a"]\noutput = "o"\nseed = 1\nsteps = 1\nepochs = 1\n', encoding="utf-8-sig"
    )
    config = load_config(path, ["seed=2", "steps=2"], {"seed": 3})
    assert (config.seed, config.steps, config.epochs) == (3, 2, 1.0)


def test_broken_and_missing_files(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    with pytest.raises(NotFound, match="shishen train cp tiny-cpu"):
        load_config(path)
    with pytest.raises(NotFound, match="文件夹"):
        load_config(tmp_path)
    for content in (b"base = [", b"\xff\xfe\x00", b"= 3"):
        path.write_bytes(content)
        with pytest.raises(BadSettings, match="不是正确的 TOML") as found:
            load_config(path)
        assert "\n" not in str(found.value)


def test_every_preset_is_valid() -> None:
    found = presets()
    wanted = {
        "tiny-cpu",
        "qwen-0.5b-lora",
        "qwen-0.5b-full",
        "internlm2-1.8b-qlora",
        "internlm2-7b-qlora",
        "chatglm3-lora",
    }
    assert wanted <= found.keys()
    for name, path in found.items():
        config = load_config(path)
        # Its first line says what it is for, and its name what it does.
        assert path.read_text(encoding="utf-8").startswith("# ")
        if name.rpartition("-")[2] in ("full", "lora", "qlora"):
            assert config.method == name.rpartition("-")[2]

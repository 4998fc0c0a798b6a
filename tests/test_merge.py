"""Merging: the folder says what the adapter over its base says, stops where it stops, and is whole or not there."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("peft")

import torch
from safetensors.torch import load_file, save_file

from shishen.errors import NotFound, ShishenError
from shishen.local_models.base_check import folder_fingerprint
from shishen.local_models.folder import examine
from shishen.local_models.generation import Sampling, answers
from shishen.local_models.loading import load
from shishen.local_models.trained_model import model_at
from shishen.records import Message
from shishen.stages.merge import merge
from tests.small_models import LATER, save_adapter, save_base

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning:transformers", "ignore::UserWarning:peft")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Qwen3-shaped base and an adapter over it."""
    root = tmp_path_factory.mktemp("merge")
    save_adapter(root / "adapter", save_base(root / "base", "qwen3"))
    return root


def copied(source: Path, target: Path, leave_out: tuple[str, ...] = ()) -> Path:
    target.mkdir()
    for file in source.iterdir():
        if file.name not in leave_out:
            (target / file.name).write_bytes(file.read_bytes())
    return target


def test_merged_model_says_what_the_adapter_taught(made: Path, tmp_path: Path) -> None:
    done = merge(model_at(made / "adapter"), tmp_path / "merged")
    assert done.numbers == "fp32"
    assert [one.difference < 1e-4 for one in done.parity] == [True, True]
    local = load(examine(tmp_path / "merged"), device="cpu")
    said = next(answers(local, [[Message("user", LATER[0][0])]], Sampling(longest=40)))
    assert said.text == LATER[0][1]
    assert said.ended
    # The base does not: it is the adapter that was merged.
    before = load(examine(made / "base"), device="cpu")
    assert next(answers(before, [[Message("user", LATER[0][0])]], Sampling(longest=40))).text != LATER[0][1]


def test_every_end_and_the_template_are_in_the_folder(made: Path, tmp_path: Path) -> None:
    merge(model_at(made / "adapter"), tmp_path / "merged")
    settings = json.loads((tmp_path / "merged" / "generation_config.json").read_text())
    tokenizer = load(examine(made / "base"), device="cpu").tokenizer
    assert set(settings["eos_token_id"]) == set(tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"]))
    assert settings["pad_token_id"] == tokenizer.pad_token_id
    words = json.loads((tmp_path / "merged" / "tokenizer_config.json").read_text())
    assert words["chat_template"] == tokenizer.chat_template
    assert words["tokenizer_class"] == "PreTrainedTokenizerFast"


@pytest.mark.parametrize(("numbers", "type_"), [("bf16", torch.bfloat16), ("fp16", torch.float16)])
def test_numbers_by_choice(made: Path, tmp_path: Path, numbers: Any, type_: torch.dtype) -> None:
    done = merge(model_at(made / "adapter"), tmp_path / "merged", numbers=numbers)
    weights = load_file(tmp_path / "merged" / "model.safetensors")
    assert {weight.dtype for weight in weights.values()} == {type_}
    exact, kept = done.parity
    assert exact.difference < 1e-4 < kept.difference


def test_dora_over_biases_and_a_padded_vocabulary(tmp_path: Path) -> None:
    base = save_base(tmp_path / "base", "qwen2", rows=450)
    done = merge(model_at(save_adapter(tmp_path / "adapter", base, dora=True)), tmp_path / "merged")
    assert done.parity[1].difference < 1e-4


def test_what_learned_over_four_bits_is_laid_over_the_whole_weights(made: Path, tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes")
    adapter = save_adapter(tmp_path / "adapter", made / "base", four_bit=True)
    done = merge(model_at(adapter), tmp_path / "merged")
    assert done.parity[1].difference < 1e-4
    kept = load_file(tmp_path / "merged" / "model.safetensors")
    base = load_file(made / "base" / "model.safetensors")
    assert {name: weight.shape for name, weight in kept.items()} == {name: w.shape for name, w in base.items()}
    # What no adapter touched is as it was: nothing went through four bits.
    assert torch.equal(kept["model.embed_tokens.weight"], base["model.embed_tokens.weight"])


@pytest.mark.parametrize("targets", [["embed_tokens", "q_proj"], ["lm_head", "v_proj"]])
def test_tied_embeddings_of_which_one_learned_are_kept_apart(tmp_path: Path, targets: list[str]) -> None:
    base = save_base(tmp_path / "base", "qwen3", steps=10)
    adapter = save_adapter(tmp_path / "adapter", base, targets=targets, steps=10)
    done = merge(model_at(adapter), tmp_path / "merged")
    assert done.parity[1].difference < 1e-4
    assert "lm_head.weight" in load_file(tmp_path / "merged" / "model.safetensors")


def test_a_run_folder_and_a_moved_base_are_found(made: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    copied(made / "adapter", run / "model")
    copied(made / "base", run / "base")
    settings = json.loads((run / "model" / "adapter_config.json").read_text())
    settings["base_model_name_or_path"] = "moved/away/base"
    (run / "model" / "adapter_config.json").write_text(json.dumps(settings))
    (run / "settings.json").write_text("{}")
    (run / "run.json").write_text(json.dumps({"base": folder_fingerprint(run / "base")}))
    found = model_at(run)
    assert (found.base, found.adapter) == (str(run / "base"), run / "model")
    assert merge(found, tmp_path / "merged").parity[0].difference < 1e-4


def test_an_adapter_trained_over_other_weights_is_refused(made: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    adapter = copied(made / "adapter", run / "model")
    (run / "run.json").write_text(json.dumps({"base": folder_fingerprint(made / "base")}))
    other = copied(made / "base", tmp_path / "other")
    weights = load_file(other / "model.safetensors")
    weights["model.norm.weight"] *= 1.5
    save_file(weights, other / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ShishenError, match=r"不是在.*训练的.*--any-base"):
        merge(model_at(adapter, str(other)), tmp_path / "merged")
    assert not (tmp_path / "merged").exists()
    with pytest.raises(ShishenError, match=r"不是在.*训练的"):
        load(model_at(adapter, str(other)))
    assert merge(model_at(adapter, str(other)), tmp_path / "merged", any_base=True).base == str(other)


@pytest.mark.parametrize("kind", ["qwen2", "llama"])
def test_an_adapter_for_another_kind_of_base_is_refused(made: Path, tmp_path: Path, kind: str) -> None:
    base = save_base(tmp_path / "base", kind, steps=1)
    with pytest.raises(ShishenError, match="底座") as refused:
        merge(model_at(made / "adapter", str(base)), tmp_path / "merged")
    assert "\n" not in str(refused.value)
    assert not list(tmp_path.glob("*merged*"))


def test_an_adapter_whose_layers_are_not_there_is_refused(made: Path, tmp_path: Path) -> None:
    adapter = copied(made / "adapter", tmp_path / "adapter")
    weights = load_file(adapter / "adapter_model.safetensors")
    renamed = {name.replace("layers.1.", "layers.7."): weight for name, weight in weights.items()}
    save_file(renamed, adapter / "adapter_model.safetensors")
    with pytest.raises(ShishenError, match="对不上"):
        merge(model_at(adapter), tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_a_quantised_base_is_refused(made: Path, tmp_path: Path) -> None:
    base = copied(made / "base", tmp_path / "base")
    settings = json.loads((base / "config.json").read_text())
    settings["quantization_config"] = {"quant_method": "bitsandbytes", "load_in_4bit": True}
    (base / "config.json").write_text(json.dumps(settings))
    with pytest.raises(ShishenError, match=r"量化过.*--base"):
        merge(model_at(made / "adapter", str(base)), tmp_path / "merged")


def test_a_taken_target_is_left_as_it_was(made: Path, tmp_path: Path) -> None:
    target = tmp_path / "merged"
    target.mkdir()
    (target / "mine.txt").write_text("我的")
    with pytest.raises(ShishenError, match=r"已经在那里.*--force"):
        merge(model_at(made / "adapter"), target)
    with pytest.raises(ShishenError, match="不是这个命令写的"):
        merge(model_at(made / "adapter"), target, force=True)
    assert (target / "mine.txt").read_text() == "我的"
    own = tmp_path / "own"
    merge(model_at(made / "adapter"), own)
    (own / "stale.txt").write_text("旧")
    merge(model_at(made / "adapter"), own, force=True)
    assert not (own / "stale.txt").exists()
    assert (own / "model.safetensors").is_file()


def test_the_base_is_never_overwritten(made: Path, tmp_path: Path) -> None:
    base = copied(made / "base", tmp_path / "base")
    (base / "merged.json").write_text("{}")
    with pytest.raises(ShishenError, match="不能写在那里"):
        merge(model_at(made / "adapter", str(base)), base, force=True)
    assert (base / "model.safetensors").is_file()


@pytest.mark.parametrize(
    ("missing", "added", "words"),
    [
        (("adapter_model.safetensors",), "adapter_model.bin", "pickle"),
        (("adapter_model.safetensors",), None, "没有 adapter_model.safetensors"),
        (("adapter_config.json",), None, "config.json"),
    ],
)
def test_adapters_that_cannot_be_used(
    made: Path, tmp_path: Path, missing: tuple[str, ...], added: str | None, words: str
) -> None:
    adapter = copied(made / "adapter", tmp_path / "adapter", missing)
    if added:
        (adapter / added).write_bytes(b"\x80\x04")
    with pytest.raises(ShishenError, match=words):
        model_at(adapter)


def test_a_base_without_a_tokenizer_is_refused(made: Path, tmp_path: Path) -> None:
    base = copied(made / "base", tmp_path / "base", ("tokenizer.json",))
    with pytest.raises(ShishenError, match="分词器"):
        model_at(made / "adapter", str(base))


def test_nothing_to_merge(made: Path, tmp_path: Path) -> None:
    with pytest.raises(ShishenError, match="没有适配器"):
        merge(model_at(made / "base"), tmp_path / "merged")
    with pytest.raises(ShishenError, match="不是适配器"):
        model_at(made / "base", str(made / "base"))
    with pytest.raises(NotFound):
        model_at(tmp_path / "nowhere")


def test_a_broken_adapter_is_one_line(made: Path, tmp_path: Path) -> None:
    adapter = copied(made / "adapter", tmp_path / "adapter")
    whole = (adapter / "adapter_model.safetensors").read_bytes()
    (adapter / "adapter_model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ShishenError) as refused:
        merge(model_at(adapter), tmp_path / "merged")
    assert "\n" not in str(refused.value)
    assert not list(tmp_path.glob("*merged*"))


def test_a_full_disk_leaves_nothing(made: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from shishen.errors import ShishenError\n"
        "from shishen.stages.merge import merge; from shishen.local_models.trained_model import model_at\n"
        "try: merge(model_at(sys.argv[1]), Path(sys.argv[2]))\n"
        "except ShishenError as error: print(error); sys.exit(2)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(made / "adapter"), str(tmp_path / "merged")],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000)),
    )
    assert done.returncode == 2, done.stderr
    assert "磁盘满了" in done.stdout
    assert list(tmp_path.iterdir()) == []

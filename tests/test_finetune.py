"""The whole way on a few dishes: dialogues, a model from nothing, new dishes by LoRA with replay, merge, compare."""

import json
from pathlib import Path

import pytest

from shishen.kitchen import HOUSE
from tests.command_line import Shishen

pytest.importorskip("torch")

QUICK = (
    *("--set", "batch.tokens=1024", "--set", "batch.longest=1024", "--set", "devices.threads=2"),
    *("--set", "evaluation.samples=0", "--set", "evaluation.every=100000", "--set", "checkpoint.every=100000"),
)


@pytest.fixture(scope="module")
def dishes() -> tuple[list[str], list[str]]:
    """Four dishes that are taught first, two that come later."""
    paths = [str(path) for path in sorted(HOUSE.glob("*.md"))[:6]]
    return paths[:4], paths[4:]


def test_a_model_learns_keeps_what_it_knew_and_is_merged(
    shishen: Shishen, tmp_path: Path, dishes: tuple[list[str], list[str]]
) -> None:
    """A model from nothing learns four dishes by heart, then two more by LoRA without forgetting the four."""
    build = ("--kinds", "ingredients,features,tips", "--phrasings", "1", "--dev-count", "0", "--test-count", "0")
    for name, chosen in zip(("old", "new"), dishes, strict=True):
        done = shishen("dataset", "build", *chosen, *build, "--output", str(tmp_path / name))
        assert done.status == 0, done.err
    base, lora, merged = tmp_path / "base", tmp_path / "lora", tmp_path / "merged"
    shishen("train", "cp", "tiny-cpu", str(tmp_path / "run.toml"))
    tiny = ("--set", "tiny.vocabulary=1500", "--set", "tiny.context=1024", "--epochs", "60", *QUICK)
    trained = shishen(
        "train", str(tmp_path / "run.toml"), "--data", tmp_path / "old", "--output", base, *tiny, "--json"
    )
    assert trained.status == 0, trained.err
    assert trained.json["loss"] < 0.1
    teach = ("--base", base, "--data", tmp_path / "new", "--output", lora, "--method", "lora", "--epochs", "100")
    more = ("--learning-rate", "4e-3", "--set", "lora.rank=32", "--set", "lora.alpha=64")
    replay = ("--replay", tmp_path / "old", "--set", "replay.share=0.5")
    assert shishen("train", *teach, *more, *replay, *QUICK).status == 0
    joined = shishen("merge", lora, merged, "--json")
    assert joined.status == 0, joined.err
    assert max(parity["difference"] for parity in joined.json["parity"]) <= 1e-4
    asked = ("--dataset", tmp_path / "new", "--old", tmp_path / "old", "--output", tmp_path / "compare")
    compared = shishen("compare", base, merged, *asked, "--json")
    assert compared.status == 0, compared.err
    figures = {
        (cell["group"], cell["model"], cell["metric"]): cell["value"]
        for cell in json.loads((tmp_path / "compare" / "compare.json").read_bytes())["cells"]
        if not cell["kind"]
    }
    assert figures["old", "base", "char_f1"] > 0.95
    # What was never taught comes out as nonsense; what was taught comes back.
    assert figures["seen", "base", "exact"] < 0.2
    assert figures["seen", "merged", "char_f1"] > 0.9
    assert figures["old", "merged", "char_f1"] > 0.9
    assert figures["seen", "merged", "ended"] == 1.0

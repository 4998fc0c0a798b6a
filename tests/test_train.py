"""The training loop on real small models: it learns, each method moves what it should, nothing disturbs a run."""

import math
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import torch

from shishen.examples import Example, dialogue
from shishen.local_models.chat_template import answer_end
from shishen.local_models.folder import examine
from shishen.local_models.generation import Sampling, answers
from shishen.local_models.loading import load
from shishen.records import Message
from shishen.stages.train import train
from shishen.training.loop import Begun, Finished
from shishen.training.optimizers import rate_share
from shishen.training.run_config import OptimizerTable
from shishen.training.run_folder import Evaluated, Progress, RunFolder
from shishen.training.run_report import curve
from tests.training_samples import (
    DISHES,
    dev_losses,
    equal,
    examples,
    greatest_difference,
    losses,
    run,
    settings,
    smallest,
    weights,
    write_dataset,
)

MOVED = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def base(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that has learned a little, to lay adapters over; it stands apart from the runs."""
    return run(settings(data, tmp_path_factory.mktemp("base") / "run", steps=30)).model


def test_what_was_taught_comes_back(data: Path, tmp_path: Path) -> None:
    table = {"evaluation__every": 50, "evaluation__samples": 2}
    done = run(settings(data, tmp_path / "run", steps=150, optimizer__name="muon", **table))
    found = losses(done)
    assert found[0] > 5
    assert sum(found[-10:]) / 10 < 0.1
    local = load(examine(done.model), device="cpu")
    asked = [[Message("user", f"{name}怎么做")] for name in DISHES]
    said = list(answers(local, asked, Sampling(longest=60)))
    right = sum(one.text == how and one.ended for one, how in zip(said, DISHES.values(), strict=True))
    assert right >= 9
    # Others that load it stop where it was taught to, and the answers on the way were kept.
    assert answer_end(local.tokenizer) in local.model.generation_config.eos_token_id
    assert {sample.step for sample in done.samples()} == {50, 100, 150}
    assert done.samples()[-1].answer == done.samples()[-1].expected
    assert "<svg" in done.report.read_text(encoding="utf-8")


def test_the_same_seed_gives_the_same_run_and_another_seed_another(data: Path, tmp_path: Path) -> None:
    first, second = (run(settings(data, tmp_path / name)) for name in "ab")
    other = run(settings(data, tmp_path / "c", seed=1))
    assert losses(first) == losses(second) != losses(other)
    assert equal(weights(first.model), weights(second.model))


def test_evaluation_and_samples_do_not_disturb_a_run(data: Path, base: Path, tmp_path: Path) -> None:
    table = {"base": str(base), "method": "lora", "lora__dropout": 0.3}
    plain = run(settings(data, tmp_path / "plain", **table))
    watched = run(settings(data, tmp_path / "watched", **table, evaluation__every=1, evaluation__samples=2))
    assert len(dev_losses(watched)) == 6
    assert losses(plain) == losses(watched)


@pytest.mark.parametrize("method", ["lora", "dora", "qlora"])
def test_only_the_adapter_learns(method: str, data: Path, base: Path, tmp_path: Path) -> None:
    if method == "qlora":
        pytest.importorskip("bitsandbytes")
    before = weights(base)
    table: dict[str, Any] = {"base": str(base), "method": method, "steps": 25, "optimizer__learning_rate": 2e-2}
    config = settings(data, tmp_path / "run", **table, batch__tokens=10_000)
    with smallest():
        begun, *rest = train(config)
    assert isinstance(begun, Begun)
    assert isinstance(rest[-1], Finished)
    done = RunFolder(tmp_path / "run")
    found = losses(done)
    assert found[-1] < found[0] - 0.5
    assert 0 < begun.learning < begun.parameters
    kept = weights(done.model)
    assert sum(w.numel() for w in kept.values()) == begun.learning
    assert all(".lora_" in name and any(part in name for part in MOVED) for name in kept)
    assert equal(weights(base), before)
    # What is loaded again is what was trained: its loss on the taught answers is as low.
    assert loss_of(done.model, examples()[0]) < loss_of(base, examples()[0]) - 0.5


def loss_of(model: Path, example: Example) -> float:
    """The mean loss of an example's answers, by the model's own forward."""
    from shishen.local_models.chat_template import encode

    local = load(examine(model), device="cpu", precision="fp32")
    (encoded,) = encode(local.tokenizer, example.messages)
    labels = [t if learned else -100 for t, learned in zip(encoded.ids, encoded.learned, strict=True)]
    with torch.no_grad():
        return float(local.model(torch.tensor([encoded.ids]), labels=torch.tensor([labels])).loss)


def test_an_adapter_begins_by_its_seed(data: Path, base: Path, tmp_path: Path) -> None:
    table = {"base": str(base), "method": "lora", "steps": 2}
    first = run(settings(data, tmp_path / "first", **table))
    torch.manual_seed(12345)
    second = run(settings(data, tmp_path / "second", **table))
    assert equal(weights(first.model), weights(second.model))


def test_an_adapter_is_learned_on(data: Path, base: Path, tmp_path: Path) -> None:
    table = {"base": str(base), "method": "lora", "optimizer__schedule": "constant", "evaluation__every": 1000}
    first = run(settings(data, tmp_path / "first", **table, steps=20))
    onward = run(settings(data, tmp_path / "onward", **table, steps=5, adapter=str(first.model)))
    afresh = run(settings(data, tmp_path / "afresh", **table, steps=5))
    assert dev_losses(onward)[-1] < dev_losses(afresh)[-1]
    moved = greatest_difference(weights(first.model), weights(onward.model))
    assert 0 < moved < 0.1


def test_full_training_of_a_folder_keeps_its_shape(data: Path, base: Path, tmp_path: Path) -> None:
    before = weights(base)
    done = run(settings(data, tmp_path / "run", base=str(base), optimizer__learning_rate=1e-4))
    assert weights(done.model).keys() == before.keys()
    assert greatest_difference(weights(done.model), before) > 0
    assert equal(weights(base), before)


def test_steps_or_epochs(data: Path, tmp_path: Path) -> None:
    by_epochs = run(settings(data, tmp_path / "epochs", steps=0, epochs=2))
    lines = [line for line in by_epochs.metrics() if isinstance(line, Progress)]
    assert lines[-1].epoch == 2
    # An epoch is every example once: the learned tokens of two are twice those of one.
    of_one = sum(line.learned for line in lines if line.epoch <= 1)
    assert sum(line.learned for line in lines) == 2 * of_one
    assert len(losses(run(settings(data, tmp_path / "steps", steps=3)))) == 3
    half = run(settings(data, tmp_path / "half", steps=0, epochs=0.5))
    assert len(losses(half)) == math.ceil(len(lines) / 2 / 2)


def test_gradient_checkpointing_changes_no_loss(data: Path, base: Path, tmp_path: Path) -> None:
    for table in ({"base": "tiny"}, {"base": str(base), "method": "lora"}):
        name = str(table.get("method", "full"))
        plain = run(settings(data, tmp_path / f"{name} plain", **table))
        saving = run(settings(data, tmp_path / f"{name} saving", **table, gradient_checkpointing=True))
        assert losses(saving) == pytest.approx(losses(plain), abs=1e-5)


def test_early_stopping_keeps_the_best(tmp_path: Path) -> None:
    taught = examples()[:4]
    # What is measured is contradicted by what is taught, so that learning makes it worse.
    dev = [
        Example(id="dev", messages=dialogue([(e.messages[0].content, "火锅先放毛肚，再放鸭血。")])) for e in taught[:2]
    ]
    data = write_dataset(tmp_path / "data", taught, dev)
    table = {"evaluation__every": 5, "evaluation__patience": 2, "checkpoint__keep": 1, "steps": 200}
    config = settings(data, tmp_path / "run", optimizer__learning_rate=1e-2, **table)
    with smallest():
        *_, last = train(config)
    done = RunFolder(tmp_path / "run")
    evaluated = [line for line in done.metrics() if isinstance(line, Evaluated)]
    best = min(evaluated, key=lambda line: line.dev_loss)
    assert isinstance(last, Finished)
    assert last.stopped_early
    assert last.step == best.step
    assert len(losses(done)) == best.step + 10 < 200
    assert equal(weights(done.model), weights(done.checkpoints / f"step-{best.step:06d}"))
    # Going on with a run that stopped early ends where it ended.
    with smallest():
        *_, again = train(config, resume=True)
    assert again == last
    assert len(losses(done)) == best.step + 10


def test_checkpoints_are_pruned(data: Path, tmp_path: Path) -> None:
    done = run(settings(data, tmp_path / "run", steps=7, checkpoint__every=2, checkpoint__keep=2))
    assert sorted(path.name for path in done.checkpoints.iterdir()) == ["step-000006", "step-000007"]


def test_the_curves_go_to_tensorboard_too(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    done = run(settings(data, tmp_path / "run", steps=4, tensorboard=True))
    curves = EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    told = [point.value for point in curves.Scalars("train/loss")]
    assert told == pytest.approx(losses(done), rel=1e-6)


def test_a_run_in_fewer_bits_learns(data: Path, tmp_path: Path) -> None:
    done = run(settings(data, tmp_path / "run", precision="bf16", steps=30))
    assert losses(done)[-1] < losses(done)[0] - 1.5
    # The weights themselves are not rounded.
    assert {w.dtype for w in weights(done.model).values()} == {torch.float32}


@pytest.mark.parametrize(
    ("schedule", "middle", "late"),
    [("constant", 1, 1), ("linear", 0.5, 0.05), ("cosine", 0.5, 0.0062), ("trapezoid", 1, 0.125)],
)
def test_schedules(schedule: Any, middle: float, late: float) -> None:
    table = OptimizerTable(schedule=schedule, warmup=0.1, decay=0.4)
    shares = [rate_share(step, 200, table) for step in range(200)]
    assert shares[0] == pytest.approx(1 / 20)
    assert shares[19] == 1
    assert shares[110] == pytest.approx(middle, abs=0.01)
    assert shares[191] == pytest.approx(late, abs=0.002)
    assert all(0 < share <= 1 for share in shares)
    with_floor = OptimizerTable(schedule=schedule, warmup=0.1, decay=0.4, floor=0.2)
    assert min(rate_share(step, 200, with_floor) for step in range(20, 200)) >= 0.2


def test_the_rate_noted_is_the_rate_used(data: Path, tmp_path: Path) -> None:
    # A rate that has come down to nothing moves nothing.
    table = {"optimizer__schedule": "trapezoid", "optimizer__decay": 0.0, "optimizer__learning_rate": 1e-3}
    done = run(settings(data, tmp_path / "run", **table))
    assert {line.rate for line in done.metrics() if isinstance(line, Progress)} == {1e-3}


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([8.89, 0.01], ["0", "2.5", "5", "7.5", "10"]),
        ([7071.0, 300.0], ["0", "2,000", "4,000", "6,000", "8,000"]),
        ([0.003], ["0", "0.001", "0.002", "0.003", "0.004"]),
        ([-0.4, 0.9], ["-0.5", "0", "0.5", "1", "1.5"]),
        ([0.0], None),
    ],
)
def test_the_lines_behind_a_curve_are_at_round_numbers(values: list[float], labels: list[str] | None) -> None:
    drawn = curve([("损失", "--a", list(enumerate(values, 1)))])
    found = re.findall(r'text-anchor="end">([-\d.,e]+)</text>', drawn)
    assert labels is None or found[: len(labels)] == labels
    heights = [float(y) for y in re.findall(r'<line x1="[\d.]+" y1="([\d.]+)"', drawn)]
    points = re.findall(r"[\d.]+,([\d.]+)", drawn.partition('points="')[2].partition('"')[0])
    assert all(min(heights) <= float(y) <= max(heights) for y in points)

"""Batches: whatever way sequences are put together, each gives the same loss and gradient, and none sees another."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import numpy
import torch
from msgspec import UNSET
from msgspec.structs import replace

from shishen.errors import ShishenError
from shishen.examples import Example
from shishen.local_models.chat_template import encode
from shishen.local_models.folder import ModelFolder
from shishen.local_models.generation import Sampling, answers
from shishen.local_models.loading import LocalModel
from shishen.training.adapting import adapt
from shishen.training.batches import Place, collate, epoch_places, plan
from shishen.training.learner import Learner, packed_attention, try_head_alone
from shishen.training.run_config import BatchTable
from shishen.training.tiny import tiny_model, tiny_tokenizer
from shishen.training.token_store import TokenStore, write_store
from tests.training_samples import examples, losses, run, settings, smallest, weights, write_dataset

PLACES = [(0, n) for n in range(6)]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return tiny_tokenizer((m.content for e in examples() for m in e.messages), 500, 256)


@pytest.fixture(scope="module")
def store(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> TokenStore:
    folder = tmp_path_factory.mktemp("store") / "tokens"
    write_store(folder, examples(), tokenizer, 200, "refuse")
    return TokenStore(folder)


def model_of(tokenizer: Any, **changes: Any) -> Any:
    """A model with large weights, so that whatever is wrong is seen in its loss."""
    with smallest():
        model: Any = tiny_model("5M", tokenizer, 256, seed=0)
    if changes:
        model = type(model)(type(model.config)(**{**model.config.to_dict(), **changes})).float()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.mul_(3)
    return model


def loss_and_gradient(learner: Learner, batches: list[Any]) -> tuple[float, dict[str, torch.Tensor]]:
    """The sum of the losses of batches, and the gradient of it."""
    learner.zero_grad()
    total = 0.0
    for batch in batches:
        loss = learner.of(batch)
        loss.backward()
        total += float(loss.detach())
    return total, {n: w.grad.clone() for n, w in learner.named_parameters() if w.grad is not None}


def apart(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    """The greatest difference of two gradients, as a share of the greatest gradient."""
    assert one.keys() == other.keys()
    assert one
    scale = max(float(g.abs().max()) for g in one.values())
    return max(float((one[n] - other[n]).abs().max()) for n in one) / scale


@pytest.mark.parametrize("grouped", [False, True])
def test_packed_bucketed_and_one_at_a_time_are_equal(tokenizer: Any, store: TokenStore, grouped: bool) -> None:
    # Key and value heads may be fewer than those of the query.
    changes = {"num_key_value_heads": 1} if grouped else {}
    model = model_of(tokenizer, **changes)
    learned = sum(int(store.learned_counts[n]) for _, n in PLACES)
    single = loss_and_gradient(Learner(model), [collate([p], [store], "bucketed", 0) for p in PLACES])
    bucketed = loss_and_gradient(Learner(model), [collate(PLACES, [store], "bucketed", 0)])
    packed = loss_and_gradient(Learner(model, packed=True), [collate(PLACES, [store], "packed", 0)])
    for other in (bucketed, packed):
        assert other[0] / learned == pytest.approx(single[0] / learned, abs=1e-5)
        assert apart(other[1], single[1]) < 1e-5


def test_the_loss_is_that_of_transformers(tokenizer: Any, store: TokenStore) -> None:
    model = model_of(tokenizer)
    batch = collate(PLACES[:1], [store], "bucketed", 0)
    (encoded,) = encode(tokenizer, examples()[0].messages)
    labels = [t if learned else -100 for t, learned in zip(encoded.ids, encoded.learned, strict=True)]
    mean = model(torch.tensor([encoded.ids]), labels=torch.tensor([labels])).loss
    assert Learner(model).of(batch).item() / len(batch.targets) == pytest.approx(mean.item(), abs=1e-5)


def test_nothing_leaks_from_a_packed_sequence_to_another(tokenizer: Any, store: TokenStore) -> None:
    learner = Learner(model_of(tokenizer), packed=True)
    batch = collate(PLACES[:3], [store], "packed", 0)
    assert batch.segments is not None
    begin, end = batch.segments[:2]
    # A model that knows places only by their distance would not tell: each begins at 0.
    assert [int(batch.positions[0, place]) for place in (0, begin, end)] == [0, 0, 0]
    others = (batch.chosen < begin) | (batch.chosen >= end)

    def losses_of_the_others(ids: torch.Tensor) -> torch.Tensor:
        given = {"input_ids": ids, "position_ids": batch.positions, "shishen_segments": batch.segments}
        with torch.no_grad():
            logits = learner.model(**given, use_cache=False).logits
        losses = torch.nn.functional.cross_entropy(logits[0][batch.chosen], batch.targets, reduction="none")
        return losses[others]

    changed = batch.ids.clone()
    changed[0, begin:end] = 7
    assert torch.equal(losses_of_the_others(batch.ids), losses_of_the_others(changed))


def test_a_packed_model_answers_like_any_other(tokenizer: Any) -> None:
    plain, packed = model_of(tokenizer), model_of(tokenizer)
    Learner(packed, packed=True)
    prompts = [e.messages[:1] for e in (examples()[0], examples()[2], examples()[10])]
    # Of different lengths: they are padded side by side.
    assert len({len(m.content) for (m,) in prompts}) > 1

    def said(model: Any) -> list[str]:
        local = LocalModel(folder=ModelFolder(base=""), model=model.eval(), tokenizer=tokenizer, ends=frozenset({0}))
        return [one.text for one in answers(local, prompts, Sampling(longest=12))]

    assert said(plain) == said(packed)


def test_attention_of_another_kind_is_not_packed() -> None:
    part = torch.zeros(1, 1, 8, 4)
    kinds: list[dict[str, Any]] = [{"sliding_window": 3}, {"softcap": 50.0}, {"s_aux": torch.zeros(1)}]
    for kind in kinds:
        with pytest.raises(ShishenError, match="bucketed"):
            packed_attention(torch.nn.Identity(), part, part, part, None, shishen_segments=(4, 8), **kind)
    packed_attention(torch.nn.Identity(), part, part, part, None, shishen_segments=(4, 8), sliding_window=4)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("adapter", [True, False])
def test_the_last_layer_alone_gives_the_same(tokenizer: Any, store: TokenStore, tied: bool, adapter: bool) -> None:
    model = model_of(tokenizer, tie_word_embeddings=tied)
    if adapter:
        config = settings(Path("data"), Path("run"), base="folder", method="lora")
        model = adapt(model, config)
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if "lora_B" in name:
                    weight.normal_(0, 0.1)
    learner = Learner(model)
    batch = collate(PLACES, [store], "bucketed", 0)
    whole = loss_and_gradient(learner, [batch])
    assert try_head_alone(learner, batch)
    alone = loss_and_gradient(learner, [batch])
    assert alone[0] == pytest.approx(whole[0], rel=1e-6)
    assert apart(alone[1], whole[1]) < 1e-5


def test_the_last_layer_in_pieces_gives_the_same(
    tokenizer: Any, store: TokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = Learner(model_of(tokenizer))
    batch = collate(PLACES, [store], "bucketed", 0)
    learner.head_alone = True
    whole = loss_and_gradient(learner, [batch])
    monkeypatch.setattr("shishen.training.learner._LOGITS_AT_ONCE", 500 * 7)
    pieces = loss_and_gradient(learner, [batch])
    assert pieces[0] == pytest.approx(whole[0], rel=1e-6)
    assert apart(pieces[1], whole[1]) < 1e-5


def test_a_model_that_does_more_in_its_last_layer_is_run_whole(tokenizer: Any, store: TokenStore) -> None:
    model = model_of(tokenizer)
    model.register_forward_hook(lambda _, __, out: replace_logits(out))
    learner = Learner(model)
    assert not try_head_alone(learner, collate(PLACES, [store], "bucketed", 0))
    assert not learner.head_alone


def replace_logits(out: Any) -> Any:
    out.logits = out.logits * 0.5
    return out


def test_accumulation_is_one_large_batch(tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data")
    table = {"optimizer__schedule": "constant", "steps": 3, "evaluation__examples": 0}
    large = run(settings(data, tmp_path / "large", **table, batch__tokens=10_000))
    small = run(settings(data, tmp_path / "small", **table, batch__tokens=120, batch__accumulation=100))
    packed = run(settings(data, tmp_path / "packed", **table, batch__tokens=10_000, batch__layout="packed"))
    # Every step is all examples, in one batch or in many; shares are of tokens, not of batches.
    assert losses(small) == pytest.approx(losses(large), abs=1e-5)
    assert losses(packed) == pytest.approx(losses(large), abs=1e-5)
    # AdamW makes whole moves of the least differences, where gradients are next to nothing.
    a, b = weights(large.model), weights(small.model)
    far = sum(int(((a[n] - b[n]).abs() > 1e-4).sum()) for n in a) / sum(w.numel() for w in a.values())
    assert far < 0.01


# --- which sequences, in which order ------------------------------------------------------------------------


def test_old_ones_have_their_share_and_are_all_seen() -> None:
    sizes = [10, 7, 16]
    seen: list[Place] = []
    for epoch in range(4):
        places = epoch_places(sizes, 0.5, 3, epoch)
        assert sorted(p for p in places if p[0] == 0) == [(0, n) for n in range(10)]
        assert len(places) == 20
        seen += [p for p in places if p[0] > 0]
    # 23 old ones: none a second time before all were seen once.
    assert len(set(seen[:23])) == 23
    assert len(set(seen[23:])) == 17
    assert seen != sorted(seen)
    assert len(epoch_places(sizes, 0.2, 3, 0)) == round(10 / 0.8)
    assert epoch_places(sizes, 0.5, 3, 1) == epoch_places(sizes, 0.5, 3, 1) != epoch_places(sizes, 0.5, 4, 1)
    assert epoch_places(sizes, 0.0, 3, 0) == epoch_places([10], 0.9, 3, 0) == [(0, n) for n in range(10)]


def test_replay_is_learned_from(tmp_path: Path) -> None:
    new = write_dataset(tmp_path / "new", examples()[:4], [])
    old = write_dataset(tmp_path / "old", examples()[4:])
    table = {"steps": 0, "epochs": 1, "evaluation__examples": 0}
    alone = run(settings(new, tmp_path / "alone", **table))
    both = run(settings(new, tmp_path / "both", **table, replay__data=[str(old)], replay__share=0.5))
    taught = sum(TokenStore(alone.tokens / "train").learned_counts)
    counts = [TokenStore(both.tokens / name).learned_counts for name in ("train", "replay-1")]
    learned = [sum(line.learned for line in r.metrics() if hasattr(line, "learned")) for r in (alone, both)]
    assert learned[0] == taught
    # Four of the eight old ones.
    least, most = sum(sorted(counts[1])[:4]), sum(sorted(counts[1])[-4:])
    assert least <= learned[1] - sum(counts[0]) <= most


@pytest.mark.parametrize("layout", ["bucketed", "packed"])
def test_a_plan_has_every_sequence_once_within_its_bounds(layout: Any) -> None:
    lengths = [numpy.array([5, 90, 30, 7, 8, 60, 61, 3, 44, 100] * 30)]
    places = [(0, n) for n in range(300)]
    table = BatchTable(tokens=200, examples=4, accumulation=3, layout=layout, longest=100)
    steps = plan(places, lengths, table, 5, 1)
    assert sorted(p for step in steps for batch in step for p in batch) == places
    for step in steps:
        assert len(step) == 3 or step is steps[-1]
        for batch in step:
            sizes = [int(lengths[0][n]) for _, n in batch]
            cost = sum(sizes) if layout == "packed" else max(sizes) * len(sizes)
            assert cost <= 200
            assert len(batch) <= 4
    assert plan(places, lengths, table, 5, 1) == steps != plan(places, lengths, table, 5, 2)


# --- tokens in files ------------------------------------------------------------------------------------------


def test_a_store_gives_back_what_was_put_in(tokenizer: Any, store: TokenStore) -> None:
    wanted = [one for e in examples() for one in encode(tokenizer, e.messages)]
    assert len(store) == len(wanted)
    for n, one in enumerate(wanted):
        ids, learned = store[n]
        assert tuple(ids.tolist()) == one.ids
        assert tuple(map(bool, learned.tolist())) == one.learned
    assert store.facts.learned == sum(sum(one.learned) for one in wanted)
    assert store.learned_counts.tolist() == [sum(one.learned) for one in wanted]


def test_cut_or_dropped(tokenizer: Any, store: TokenStore, tmp_path: Path) -> None:
    longest = int(numpy.median(store.lengths))
    dropped = write_store(tmp_path / "drop", examples(), tokenizer, longest, "drop")
    cut = write_store(tmp_path / "cut", examples(), tokenizer, longest, "cut")
    over = int((store.lengths > longest).sum())
    assert dropped.sequences == len(store) - over
    assert dropped.too_long == cut.too_long == over > 0
    assert cut.longest_kept == longest
    assert cut.needed == int(store.lengths.max())
    assert cut.fingerprint != dropped.fingerprint


def test_equal_examples_have_equal_fingerprints(tokenizer: Any, store: TokenStore, tmp_path: Path) -> None:
    same = write_store(tmp_path / "same", examples(), tokenizer, 200, "refuse")
    other: list[Example] = [*examples()[:-1], replace(examples()[0], evidence=UNSET)]
    assert same.fingerprint == store.facts.fingerprint
    assert write_store(tmp_path / "other", other, tokenizer, 200, "refuse").fingerprint != same.fingerprint

"""A model that gives the loss of a batch: the last layer is computed only where a token is learned.

The sum of the losses is given, not their mean: a step divides by all learned tokens of its batches on all devices, so
that how they are cut into batches changes nothing.
"""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from shishen.errors import ShishenError
from shishen.training.batches import Batch

if TYPE_CHECKING:
    from transformers import PreTrainedModel

PACKED_ATTENTION = "shishen_packed"
# Logits held at once; more are computed in pieces, and again on the way back.
_LOGITS_AT_ONCE = 64_000_000
# Learned places are filled up to multiples of this, for the reason of `batches.WIDTH_STEP`.
_PLACES_STEP = 128
_IGNORED = -100


class Learner(nn.Module):
    """The model with its loss. `forward` gives the sum of the losses of a batch's learned tokens, fp32."""

    def __init__(self, model: "PreTrainedModel", *, packed: bool = False) -> None:
        super().__init__()
        self.model = model
        self._packed = packed
        if packed:
            use_packed_attention(model)
        self.head_alone = False

    def forward(
        self,
        ids: torch.Tensor,
        positions: torch.Tensor,
        segments: tuple[int, ...] | None,
        chosen: torch.Tensor,
        targets: torch.Tensor,
    ) -> torch.Tensor:
        """Sum of the losses of `targets` [n], predicted at the places `chosen` [n] of the flattened ids."""
        given: dict[str, Any] = {"input_ids": ids, "use_cache": False}
        if segments is not None:
            given |= {"position_ids": positions, "shishen_segments": segments}
        if not self.head_alone:
            logits = self.model(**given).logits
            return _loss(logits.reshape(-1, logits.shape[-1])[chosen], targets)
        hidden = _decoder(self.model)(**given).last_hidden_state
        missing = -len(chosen) % _PLACES_STEP
        chosen = functional.pad(chosen, (0, missing))
        targets = functional.pad(targets, (0, missing), value=_IGNORED)
        picked = hidden.reshape(-1, hidden.shape[-1])[chosen]
        head = self.model.get_output_embeddings()
        vocabulary = int(self.model.config.get_text_config().vocab_size)
        piece = max(1, _LOGITS_AT_ONCE // vocabulary)
        if len(targets) <= piece:
            return _loss(head(picked), targets)
        sums = [
            checkpoint(lambda h, t: _loss(head(h), t), hidden_piece, target_piece, use_reentrant=False)
            for hidden_piece, target_piece in zip(picked.split(piece), targets.split(piece), strict=True)
        ]
        return torch.stack(sums).sum()

    def of(self, batch: Batch) -> torch.Tensor:
        """The loss of a batch that is on the model's device."""
        loss: torch.Tensor = self(batch.ids, batch.positions, batch.segments, batch.chosen, batch.targets)
        return loss


def _loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(logits.float(), targets, reduction="sum", ignore_index=_IGNORED)


def _decoder(model: Any) -> Any:
    """The model without its last layer, under whatever wrapper an adapter made."""
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    return inner.get_decoder()


def try_head_alone(learner: Learner, batch: Batch) -> bool:
    """Use the last layer alone from now on where it gives the same loss; some models do more than a product there."""
    learner.head_alone = False
    training = learner.training
    learner.eval()
    try:
        with torch.no_grad():
            whole = learner.of(batch)
            learner.head_alone = True
            alone = learner.of(batch)
            learner.head_alone = bool(torch.allclose(whole, alone, rtol=1e-4, atol=1e-4))
    except (AttributeError, TypeError, NotImplementedError):
        learner.head_alone = False
    learner.train(training)
    return learner.head_alone


# --- attention inside each segment of a packed row -----------------------------------------------------------


def use_packed_attention(model: "PreTrainedModel") -> None:
    """Have a model attend inside each segment only. Raises ShishenError where its attention cannot be replaced."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(PACKED_ATTENTION, packed_attention)
    AttentionMaskInterface.register(PACKED_ATTENTION, _padding_mask)
    try:
        model.set_attn_implementation(PACKED_ATTENTION)
    except (ValueError, AttributeError, NotImplementedError) as error:
        raise ShishenError("这个模型不支持 batch.layout = packed；请用 bucketed。") from error


def _padding_mask(*, attention_mask: torch.Tensor | None = None, **named: Any) -> torch.Tensor | None:
    """A mask where answers of several lengths are generated side by side; a packed row needs none."""
    from transformers.masking_utils import sdpa_mask

    if attention_mask is None:
        return None
    mask: torch.Tensor | None = sdpa_mask(attention_mask=attention_mask, **named)
    return mask


def packed_attention(
    module: nn.Module,  # noqa: ARG001
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    shishen_segments: tuple[int, ...] | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    s_aux: torch.Tensor | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Causal attention of each segment by itself: query [1, heads, tokens, width]; key and value may have fewer heads.

    Segments are cut apart before any product is made of them, so that nothing can leak from one to another, and no
    time goes into products that a mask would throw away. Without segments, plain attention with the mask given.
    Raises ShishenError for kinds of attention that this is not: capped, with sinks, or with a window shorter than a
    segment.
    """
    wide = max((end - begin for begin, end in pairwise((0, *(shishen_segments or ())))), default=0)
    if softcap is not None or s_aux is not None or (sliding_window is not None and sliding_window < wide):
        raise ShishenError("这个模型的注意力不支持 batch.layout = packed；请用 bucketed。")
    groups = query.shape[1] // key.shape[1]
    if groups > 1:
        key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
    if shishen_segments is None:
        causal = attention_mask is None and query.shape[2] > 1
        out = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=attention_mask, dropout_p=dropout, scale=scaling, is_causal=causal
        )
        return out.transpose(1, 2).contiguous(), None
    sizes = [end - begin for begin, end in pairwise((0, *shishen_segments))]
    parts = zip(query.split(sizes, 2), key.split(sizes, 2), value.split(sizes, 2), strict=True)
    outs = [
        functional.scaled_dot_product_attention(q, k, v, dropout_p=dropout, scale=scaling, is_causal=True)
        for q, k, v in parts
    ]
    return torch.cat(outs, 2).transpose(1, 2).contiguous(), None

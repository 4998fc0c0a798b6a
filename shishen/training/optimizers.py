"""How weights move: AdamW, or Muon for matrices with AdamW for the rest; the rate over the steps of a run."""

import math
from typing import TYPE_CHECKING, Any

from shishen.training.run_config import OptimizerTable

if TYPE_CHECKING:
    import torch

# Muon is for matrices between hidden states; what turns words into them and back is AdamW's.
_OUTER = ("embed", "lm_head", "output_layer", "wte", "tok_embeddings")


def optimizers(model: "torch.nn.Module", table: OptimizerTable, *, fused: bool) -> list["torch.optim.Optimizer"]:
    """The optimisers of everything that learns. Weight decay is for matrices, not for norms and biases.

    AdamW: Loshchilov and Hutter, arXiv:1711.05101. Muon: Jordan and others, 2024, as in torch, its rate matched to
    AdamW's by Moonlight's rule (arXiv:2502.16982).
    """
    import torch

    learning = [(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]
    matrices: list[Any] = []
    if table.name == "muon":
        matrices = [w for name, w in learning if w.ndim == 2 and not any(part in name for part in _OUTER)]
    taken = {id(weight) for weight in matrices}
    rest = [(name, weight) for name, weight in learning if id(weight) not in taken]
    rate = table.adamw_rate if table.name == "muon" and table.adamw_rate else table.learning_rate
    groups = [
        {"params": [w for _, w in rest if w.ndim >= 2], "weight_decay": table.weight_decay},
        {"params": [w for _, w in rest if w.ndim < 2], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    made: list[torch.optim.Optimizer] = []
    if groups:
        made.append(torch.optim.AdamW(groups, lr=rate, betas=(table.beta1, table.beta2), eps=1e-8, fused=fused or None))
    if matrices:
        made.append(
            torch.optim.Muon(
                matrices,
                lr=table.learning_rate,
                weight_decay=table.weight_decay,
                momentum=0.95,
                adjust_lr_fn="match_rms_adamw",
            )
        )
    set_highest(made, table)
    return made


def set_highest(made: list["torch.optim.Optimizer"], table: OptimizerTable) -> None:
    """Tell every group its highest rate; a run that goes on may have been given another than it began with."""
    import torch

    for optimizer in made:
        own = table.learning_rate
        if table.name == "muon" and table.adamw_rate and not isinstance(optimizer, torch.optim.Muon):
            own = table.adamw_rate
        for group in optimizer.param_groups:
            group["highest"] = own


def rate_share(step: int, steps: int, table: OptimizerTable) -> float:
    """The share of the highest rate at a step (from 0) of a run of `steps`."""
    warm = math.ceil(table.warmup * steps)
    if step < warm:
        return (step + 1) / warm
    done = (step - warm) / max(1, steps - warm)
    if table.schedule == "constant":
        return 1.0
    if table.schedule == "linear":
        share = 1 - done
    elif table.schedule == "cosine":
        share = 0.5 * (1 + math.cos(math.pi * done))
    else:
        # Level, then down in a line (WSD, arXiv:2404.06395).
        share = min(1.0, (1 - done) / table.decay) if table.decay else 1.0
    return table.floor + (1 - table.floor) * max(0.0, share)


def set_rates(made: list["torch.optim.Optimizer"], share: float) -> None:
    """Give every group its share of its highest rate."""
    for optimizer in made:
        for group in optimizer.param_groups:
            group["lr"] = group["highest"] * share

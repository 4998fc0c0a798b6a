"""Merge: an adapter and its base → one model folder that any program takes.

    shishen merge runs/我的厨师 models/我的厨师

Whole or not there: it takes its place only once it was read back and said the same as the adapter over its base.
"""

from pathlib import Path

from shishen.errors import ShishenError
from shishen.local_models.base_check import check_base
from shishen.local_models.folder import ModelFolder
from shishen.local_models.loading import need_torch
from shishen.training.export.parity import Prompt
from shishen.training.merging import MARKER, Merged, Numbers, merge_into
from shishen.training.target_folder import target_folder


def merge(
    folder: ModelFolder,
    target: Path,
    *,
    numbers: Numbers = "base",
    device: str = "auto",
    prompts: tuple[Prompt, ...] = (),
    force: bool = False,
    any_base: bool = False,
    trust_code: bool = False,
) -> Merged:
    """Merge an adapter into its base, in the `numbers` of the base where none are named.

    `folder` is as `training.merging.model_at` finds it. Raises ShishenError where there is nothing to merge, the
    adapter is for another base (`any_base` takes weights that only look alike), the target is taken, the disk is full,
    or the merged model does not say what the adapter says.
    """
    if folder.adapter is None:
        raise ShishenError(f"{folder.base} 没有适配器，不用合并；它已经是完整的模型。")
    need_torch()
    sources = (folder.adapter, *([Path(folder.base)] if folder.local else []))
    with target_folder(target, MARKER, sources=sources, force=force) as partial:
        if not any_base:
            check_base(folder)
        made, _, _ = merge_into(folder, partial, numbers=numbers, device=device, prompts=prompts, trust_code=trust_code)
    return made

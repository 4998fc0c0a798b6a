"""Export: a model, or an adapter and its base → the files of other programs, and how to start them.

    shishen export runs/我的厨师 exports/我的厨师 --format gguf-q8_0 --format ollama

    model/            the merged model, where there was an adapter      Modelfile             Ollama
    NAME-f16.gguf     llama.cpp, Ollama                                 lmdeploy.json         LMDeploy
    NAME-q8_0.gguf    the same at half the size                         chat_template.jinja   vLLM
    启动.md           the commands                                      exported.json         what was measured

Whole or not there: every form is read back and must read, say and stop as the model does.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from shishen.errors import ShishenError
from shishen.local_models.base_check import check_base
from shishen.local_models.folder import ModelFolder, configuration
from shishen.local_models.loading import best_device, load, need_torch
from shishen.training.export import lmdeploy, ollama, starting, vllm
from shishen.training.export.gate import check_gguf
from shishen.training.export.gguf import Kind, write_gguf
from shishen.training.export.inexpressible import Inexpressible
from shishen.training.export.parity import Bound, Parity, Prompt, Reading, allowed, default_prompts, readings
from shishen.training.export.turns import turns
from shishen.training.merging import BOUNDS, Numbers, merge_into
from shishen.training.target_folder import target_folder

FORMATS = ("gguf-f16", "gguf-q8_0", "ollama", "lmdeploy", "vllm")
MARKER = "exported.json"
# Ollama sets memory for all of it aside at once; a dialogue about dishes is far shorter.
_CONTEXT = 8192


class Exported(Struct, frozen=True, kw_only=True):
    """An exported folder: of what, in which formats (`left_out`: why not in others), how near each is to the model."""

    base: str
    adapter: str | None
    name: str
    formats: tuple[str, ...]
    left_out: dict[str, str]
    files: tuple[str, ...]
    ends: tuple[str, ...]
    parity: tuple[Parity, ...]


class _Model(Struct, frozen=True):
    """A whole model in a folder, what it (or its adapter over the base) says, and how far its numbers may drift."""

    folder: Path
    tokenizer: Any
    ends: frozenset[int]
    expected: list[Reading]
    already: Bound | None
    parity: tuple[Parity, ...]


def export(
    folder: ModelFolder,
    target: Path,
    formats: Sequence[str] | None = None,
    *,
    name: str | None = None,
    system: str | None = None,
    prompts: tuple[Prompt, ...] = (),
    numbers: Numbers = "base",
    device: str = "auto",
    force: bool = False,
    any_base: bool = False,
    trust_code: bool = False,
) -> Exported:
    """Export a model in the formats named, or in all that can say it; an adapter is merged first, in `numbers`.

    `name` is what the model is called where it is served, `system` a system message for when none is given, `prompts`
    are asked besides the ten that every model is. Raises ShishenError for a format that is not known or cannot say
    this model, a target that is taken, a full disk, and for any form that does not read, say and stop as the model.
    """
    asked = FORMATS if formats is None else tuple(formats)
    _check_formats(asked)
    if not folder.local:
        raise ShishenError(f"{folder.base} 不是本机的文件夹；请先下载，再写文件夹的路径。")
    called = _served_name(name or target.name)
    need_torch()
    _need_gguf(asked)
    sources = tuple(path for path in (folder.adapter, Path(folder.base)) if path)
    with target_folder(target, MARKER, sources=sources, force=force) as partial:
        if not any_base:
            check_base(folder)
        model = _whole(folder, partial, numbers, device, prompts, trust_code=trust_code)
        parity, ggufs, left_out = list(model.parity), list[str](), dict[str, str]()
        for format_ in (name for name in FORMATS if name in asked):
            try:
                if format_.startswith("gguf-"):
                    file = f"{called}-{format_.removeprefix('gguf-')}.gguf"
                    parity += _export_gguf(partial / file, model, format_, called)
                    ggufs.append(file)
                else:
                    _write_template(partial, model, format_, ggufs, called, system)
            except Inexpressible as error:
                if formats is not None:
                    raise
                left_out[format_] = str(error)
        made_formats = tuple(name for name in FORMATS if name in asked and name not in left_out)
        shown = "./model" if folder.adapter else os.path.relpath(folder.base, target)
        (partial / starting.NAME).write_text(
            starting.instructions(called, shown, made_formats, ggufs, parity, left_out), encoding="utf-8"
        )
        made = Exported(
            base=folder.base,
            adapter=str(folder.adapter) if folder.adapter else None,
            name=called,
            formats=made_formats,
            left_out=left_out,
            files=tuple(sorted(str(path.relative_to(partial)) for path in partial.rglob("*") if path.is_file())),
            ends=tuple(model.tokenizer.convert_ids_to_tokens(sorted(model.ends))),
            parity=tuple(parity),
        )
        (partial / MARKER).write_bytes(msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n")
    return made


def _whole(
    folder: ModelFolder,
    partial: Path,
    numbers: Numbers,
    device: str,
    prompts: tuple[Prompt, ...],
    *,
    trust_code: bool,
) -> _Model:
    if folder.adapter is not None:
        whole = partial / "model"
        whole.mkdir()
        made, expected, tokenizer = merge_into(
            folder, whole, numbers=numbers, device=device, prompts=prompts, trust_code=trust_code
        )
        ends = frozenset(tokenizer.convert_tokens_to_ids(list(made.ends)))
        already = None if made.numbers == "fp32" else BOUNDS[made.numbers]
        return _Model(whole, tokenizer, ends, expected, already, made.parity)
    if "quantization_config" in configuration(Path(folder.base), "config.json"):
        raise ShishenError(f"{folder.base} 是量化过的，不能再导出；请用没有量化的模型。")
    where = best_device() if device == "auto" else device
    local = load(folder, device=where, precision="fp32", trust_code=trust_code)
    asked = allowed(local.model, local.tokenizer, [*default_prompts(), *prompts])
    expected = readings(local.model, local.tokenizer, local.ends, asked)
    return _Model(Path(folder.base), local.tokenizer, local.ends, expected, None, ())


def _export_gguf(path: Path, model: _Model, format_: str, name: str) -> list[Parity]:
    kind: Kind = "f16" if format_ == "gguf-f16" else "q8_0"
    write_gguf(model.folder, path, kind, model.tokenizer, model.ends, name)
    return check_gguf(path, model.folder, kind, model.expected, model.ends, model.tokenizer, model.already)


def _write_template(
    partial: Path, model: _Model, format_: str, ggufs: Sequence[str], name: str, system: str | None
) -> None:
    prompts = [one.prompt for one in model.expected]
    ends = model.tokenizer.convert_ids_to_tokens(sorted(model.ends))
    if format_ == "ollama":
        if not ggufs:
            raise Inexpressible("ollama 要用 GGUF 文件，而这个模型这里还写不成 GGUF。")
        # The smaller one, where there are both.
        text = ollama.modelfile(ggufs[-1], turns(model.tokenizer, "ollama", prompts), ends, _context(model), system)
        (partial / ollama.NAME).write_text(text, encoding="utf-8")
    elif format_ == "lmdeploy":
        pieces = turns(model.tokenizer, "lmdeploy", prompts)
        (partial / lmdeploy.NAME).write_bytes(lmdeploy.chat_template(pieces, ends, name, system))
    else:
        (partial / vllm.NAME).write_text(vllm.chat_template(model.tokenizer), encoding="utf-8")


def _context(model: _Model) -> int:
    room = configuration(model.folder, "config.json").get("max_position_embeddings")
    return min(room, _CONTEXT) if isinstance(room, int) else _CONTEXT


def _check_formats(formats: Sequence[str]) -> None:
    if unknown := [name for name in formats if name not in FORMATS]:
        raise ShishenError(f"没有 {'、'.join(unknown)} 这种导出格式；可用：{'、'.join(FORMATS)}。")
    if not formats:
        raise ShishenError(f"没有说要导出什么；可用：{'、'.join(FORMATS)}。")
    if "ollama" in formats and not any(name.startswith("gguf-") for name in formats):
        raise ShishenError("ollama 要用 GGUF 文件；请同时导出 gguf-f16 或 gguf-q8_0。")


def _served_name(name: str) -> str:
    """A name that every one of the programs takes: Latin letters, digits and three marks."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._").lower() or "shishen"


def _need_gguf(formats: Sequence[str]) -> None:
    if any(name.startswith("gguf-") for name in formats):
        try:
            import gguf  # noqa: F401
        except ImportError as error:
            raise ShishenError("写 GGUF 要用 gguf；请运行 pip install 'shishen[train]'。") from error

"""How to start what was exported, in the words of who will: commands, and what was tried here and what was not."""

from collections.abc import Mapping, Sequence

from shishen.training.export.parity import Parity

NAME = "启动.md"


def instructions(
    name: str,
    model: str,
    formats: Sequence[str],
    ggufs: Sequence[str],
    parity: Sequence[Parity],
    left_out: Mapping[str, str],
) -> str:
    """The text of the file: a section a program, then what the gate measured.

    `left_out` says why a format was not written; `model` is the path of the model folder as seen from the exported one.
    """
    parts = [f"# 怎样启动「{name}」\n\n下面的命令都在这个文件夹里运行。\n"]
    ran = any("llama.cpp" in one.form for one in parity)
    if ggufs:
        said = "写好后已用 llama.cpp 运行过" if ran else "写好后逐个权重核对过，但**没有用 llama.cpp 试过**（这里没装）"
        commands = "\n".join(f"llama-server -m ./{file} --jinja" for file in ggufs)
        parts.append(f"## llama.cpp\n\n文件 {'、'.join(ggufs)}，{said}。\n\n```sh\n{commands}\n```\n")
    if "ollama" in formats:
        parts.append(
            "## Ollama\n\n**没有在这里试过**（这里没有 Ollama）；模板已逐字核对过拼出来的文字。\n\n"
            f"```sh\nollama create {name} -f Modelfile\nollama run {name}\n```\n"
        )
    if "lmdeploy" in formats:
        parts.append(
            "## LMDeploy\n\n**没有在这里试过**（要显卡）；模板已逐字核对过拼出来的文字。\n\n"
            f"```sh\nlmdeploy serve api_server {_shell(model)} --model-name {name} "
            "--chat-template ./lmdeploy.json\n```\n"
        )
    if "vllm" in formats:
        parts.append(
            "## vLLM\n\n**没有在这里试过**（要显卡）。\n\n"
            f"```sh\nvllm serve {_shell(model)} --served-model-name {name} --chat-template ./chat_template.jinja\n```\n"
        )
    if left_out:
        reasons = "\n".join(f"- {format_}：{reason}" for format_, reason in left_out.items())
        parts.append(f"## 没有导出的\n\n{reasons}\n")
    if parity:
        rows = "\n".join(
            f"| {one.form} | {one.difference:.1e} | {one.share:.2%} | {one.divergence:.1e} | "
            f"{one.ended}/{one.prompts} | {one.other_turns} |"
            for one in parity
        )
        parts.append(
            "## 核对\n\n同样的提问，词元完全一样；和微调后的模型相比：\n\n"
            "| 形式 | logits 最大差 | 占离散度 | 平均 KL | 与原模型同样停下的回答 | 在近乎并列处改口的回答 |\n"
            f"|---|---|---|---|---|---|\n{rows}\n"
        )
    return "\n".join(parts)


def _shell(text: str) -> str:
    import shlex

    return shlex.quote(text)

"""A chat template for LMDeploy, as it reads one from a JSON file.

Fields: https://github.com/InternLM/lmdeploy/blob/main/docs/en/advance/chat_template.md
"""

from collections.abc import Sequence

import msgspec

from shishen.training.export.inexpressible import Inexpressible
from shishen.training.export.turns import Turns

NAME = "lmdeploy.json"


def chat_template(turns: Turns, ends: Sequence[str], name: str, system: str | None) -> bytes:
    """The JSON of a template under a name that LMDeploy does not have: so that all of it is ours.

    Raises Inexpressible where the answer that is asked for begins otherwise than those given before.
    """
    if turns.opening != turns.answer:
        raise Inexpressible(
            "这个对话模板让模型开始回答时写的字，和写以往回答时的不一样（多半是思考用的标记），"
            "LMDeploy 的 JSON 表达不了；请不要导出 lmdeploy，启动时让它读模型自带的模板。"
        )
    if system is None:
        system = turns.otherwise
    fields = {
        "model_name": f"shishen-{name}",
        "system": turns.system,
        # The token of a beginning is left to LMDeploy's tokenizer.
        "meta_instruction": system,
        "eosys": turns.system_end,
        "user": turns.user,
        "eoh": turns.user_end,
        "assistant": turns.answer,
        "eoa": turns.answer_end,
        "separator": turns.separator,
        "capability": "chat",
        "stop_words": list(ends),
    }
    return msgspec.json.format(msgspec.json.encode(fields), indent=2) + b"\n"

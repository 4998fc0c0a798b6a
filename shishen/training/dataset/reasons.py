"""What the keys of `rejected.jsonl` say: those of recipes and of documents, each with those of the filters."""

from collections.abc import Mapping

from shishen.training.quality.filters import REASONS as FILTER_REASONS

_OF_EITHER = {"benchmark": "和评测题重合"}
RECIPE_REASONS: Mapping[str, str] = {
    **FILTER_REASONS,
    **_OF_EITHER,
    "unreadable": "读不了的菜谱",
    "grounding": "回答和菜谱对不上",
    "near_duplicate": "和前面的同名菜几乎一样",
    "withheld": "和验证、测试的菜太近，哪边都不放",
    "duplicate": "和前面的一字不差",
    "asked": "训练里问过一样的话",
}
DOCUMENT_REASONS: Mapping[str, str] = {
    **FILTER_REASONS,
    **_OF_EITHER,
    "unreadable": "读不了的文件或页",
    "unanswered": "模型没有答成",
    "quote": "原文里没有所引的话",
    "number": "回答里有原文没有的数",
    "ungrounded": "回答的字句不出自原文",
    "near_question": "和前面的问题几乎一样",
    "withheld": "和验证、测试的段落太近，哪边都不放",
}

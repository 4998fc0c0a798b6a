"""Lists of ingredients in many prints: tables, leaders, running text, groups under their labels."""

import pytest

from tests.test_structuring import LIST, STEPS, WIDTH, dishes, lines_of, only, steps_of


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ("原料  用量\n五花肉  500克\n冰糖  30克", ["五花肉500克", "冰糖30克"]),
        ("五花肉……500克\n冰糖………30克", ["五花肉500克", "冰糖30克"]),
        ("五花肉500克、冰糖30克，葱、姜各10克", ["五花肉500克", "冰糖30克", "葱、姜各10克"]),
        ("五花肉 500克 / 冰糖 30克 / 盐 3克", ["五花肉500克", "冰糖30克", "盐3克"]),
        ("五花肉  500克  冰糖  30克", ["五花肉500克", "冰糖30克"]),
        ("· 五花肉 500克\n· 冰糖 30克", ["五花肉500克", "冰糖30克"]),
        ("1. 五花肉500克\n2. 冰糖30克", ["五花肉500克", "冰糖30克"]),
        ("大葱  2  根  只用葱白\n冰糖  30  克  敲碎", ["大葱2根（只用葱白）", "冰糖30克（敲碎）"]),
        ("五花肉  500  克  切块\n八角  2  个  洗净", ["五花肉500克（切块）", "八角2个（洗净）"]),
        (
            "序号  原料  用量  备注\n1  五花肉  500克  切块\n2  八角  两个  洗净",
            ["五花肉500克（切块）", "八角两个（洗净）"],
        ),
        ("序号  原料名称  用量\n1  三文鱼  300克\n2  冰糖  半两", ["三文鱼300克", "冰糖半两"]),
        ("五花肉1,000克、鸡蛋5，6个", ["五花肉1,000克", "鸡蛋5，6个"]),
        ("五花肉（带皮、三层）500克、冰糖30克", ["五花肉（带皮、三层）500克", "冰糖30克"]),
        ("盐、糖适量，五花肉500克", ["盐、糖适量", "五花肉500克"]),
    ],
)
def test_lists_in_many_prints(lines: str, wanted: list[str]) -> None:
    text = f"# 红烧肉\n材料\n{lines}\n做法\n1. {STEPS[0]}\n2. {STEPS[2]}"
    assert lines_of(only(dishes(text))) == wanted


def test_groups_of_a_list() -> None:
    entries = "猪肉300克\n青椒2个\n腌料：生抽1勺、淀粉5克\n【调味汁】\n醋10克\n糖5克"
    text = f"# 小炒肉\n主料\n{entries}\n做法\n1. 猪肉切片，腌制。\n2. 下锅炒熟。"
    draft = only(dishes(text))
    groups = [line.group for line in draft.lines]
    assert lines_of(draft) == ["猪肉300克", "青椒2个", "生抽1勺", "淀粉5克", "醋10克", "糖5克"]
    assert groups[2:] == ["腌料", "腌料", "调味汁", "调味汁"]
    assert len(set(groups[:2])) == 1
    assert steps_of(draft) == ["猪肉切片，腌制。", "下锅炒熟。"]


@pytest.mark.parametrize(
    "label",
    ["调料：", "【调料】", "调料"],
)
def test_a_second_label_set_like_the_list(label: str) -> None:
    text = f"# 拌黄瓜\n材料\n黄瓜1根\n盐10克\n{label}\n醋50毫升\n糖5克\n做法\n1. 黄瓜拍碎。\n2. 拌匀。"
    draft = only(dishes(text))
    assert lines_of(draft) == ["黄瓜1根", "盐10克", "醋50毫升", "糖5克"]
    assert [line.group for line in draft.lines][2:] == ["调料", "调料"]


def test_a_list_that_runs_over_a_line_s_end() -> None:
    entries = [*LIST, "香叶2片", "料酒20毫升", "食用油10毫升"]
    text = f"# 红烧肉\n材料\n{'、'.join(entries)}\n做法\n1. {STEPS[0]}\n2. {STEPS[2]}"
    assert lines_of(only(dishes(text))) == entries


def test_a_span_over_a_line_s_end() -> None:
    entries = "水浸金枪鱼罐头65克；方形吐司片2片；酸黄瓜汁10-\n15毫升；芝士片；火腿片；蛋黄酱50毫升"
    draft = only(dishes(f"# 三明治\n备料\n{entries}\n操作\n1. {STEPS[0]}\n2. {STEPS[2]}"))
    assert lines_of(draft)[2:] == ["酸黄瓜汁10-15毫升", "芝士片", "火腿片", "蛋黄酱50毫升"]
    assert steps_of(draft) == [STEPS[0], STEPS[2]]


def test_the_end_of_a_sentence_is_no_label() -> None:
    """…②同时再调 ⏎ 制酱汁：将4汤匙酱油、…"""
    first = "①水烧开后放入鸡蛋，煮七分钟捞出剥壳备用。②同时再调"
    assert len(first) == WIDTH
    rest = "制酱汁：将4汤匙酱油、4汤匙清水、2汤匙味淋、2汤匙白糖倒入小锅中。③放入鸡蛋泡一夜。"
    draft = only(dishes(f"# 卤蛋\n【原料】鸡蛋5个、白糖2汤匙\n【制法】\n{first}{rest}"))
    assert lines_of(draft) == ["鸡蛋5个", "白糖2汤匙"]
    assert len(draft.steps) == 3

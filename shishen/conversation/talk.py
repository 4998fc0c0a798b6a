"""What is said where no recipe is: greetings, thanks, who the cook is, what it does not do, what it does not have."""

from msgspec.structs import replace

from shishen.conversation.focus import Focus
from shishen.conversation.part import OFFERED, Desk, Part, cited, offered
from shishen.domains.cooking.asked_words import asked_name
from shishen.domains.cooking.composing import greeting_text, missing_text
from shishen.domains.cooking.exclusions import reminder
from shishen.domains.cooking.exclusions import shown as exclusions_shown
from shishen.domains.cooking.references import Reference
from shishen.domains.cooking.replies import quoted
from shishen.domains.cooking.understanding import Request
from shishen.records import Dish, Exclusion, Hit, State

_HINT = "可以问我一道菜怎么做、放多少盐、第几步做什么，或者说说家里有什么、想吃什么口味。"


def greeting(request: Request, state: State, desk: Desk) -> Part:  # noqa: ARG001
    """A welcome, with how much there is to ask for."""
    # How many recipes there are is the library's own count, not a recipe's.
    text = greeting_text(len(desk.library))
    return Part(intent="greeting", text=text, state=state, said=text)


def thanks(request: Request, state: State, desk: Desk) -> Part:  # noqa: ARG001
    """A word back; the dish stays in focus."""
    tail = f"「{state.dish.name}」还有要问的，接着说就行。" if state.dish else "想吃什么，接着说就行。"
    return Part(intent="thanks", text=f"不客气！{tail}", state=state)


def goodbye(request: Request, state: State, desk: Desk) -> Part:  # noqa: ARG001
    """A farewell."""
    return Part(intent="goodbye", text="再见，祝您吃得香！", state=state)


def identity(request: Request, state: State, desk: Desk) -> Part:  # noqa: ARG001
    """Who the cook is, and what it does."""
    text = (
        f"我是食神，您的做菜助手。菜谱库里有 {len(desk.library)} 份菜谱，我只照着它们回答：一道菜怎么做、用料多少、"
        "一步一步带着做、换算份量、按家里有的食材或口味推荐、记住忌口和过敏、换料和少放什么、列购物清单、排菜单。"
        "库里没有的菜，我会直说没有，不编。"
    )
    return Part(intent="identity", text=text, state=state, said=text)


def overview(request: Request, state: State, desk: Desk) -> Part:  # noqa: ARG001
    """How much the library holds, by category."""
    stats = desk.library.stats()
    kinds = "、".join(f"{name or '未分类'} {count} 份" for name, count in stats.categories.items())
    hint = f"想看哪一类，说「推荐三道{_one(stats.categories)}」就行。"
    text = f"菜谱库里有 {stats.recipes} 份菜谱、{stats.dishes} 道菜。分类：{kinds}。{hint}"
    return Part(intent="overview", text=text, state=state, said=text)


def _one(categories: dict[str, int]) -> str:
    return next((name for name in categories if name), "菜")


def out_of_scope(request: Request, state: State, desk: Desk) -> Part:  # noqa: ARG001
    """One friendly line; the dish stays in focus."""
    tail = f"我们接着说「{state.dish.name}」？" if state.dish else _HINT
    return Part(intent="out_of_scope", text=f"这个我帮不上忙，我只会做菜的事。{tail}", state=state, refused=True)


def injection(state: State) -> Part:
    """Instructions in what a user says change nothing."""
    tail = f"我们接着说「{state.dish.name}」？" if state.dish else _HINT
    kept = f"您说过的忌口（{exclusions_shown(state.exclusions)}）我仍然记着。" if state.exclusions else ""
    text = f"我只按菜谱库回答做菜的问题，这样的指令改变不了我的规矩。{kept}{tail}"
    return Part(intent="out_of_scope", text=text, state=state, refused=True)


def missing(request: Request, focus: Focus, state: State, desk: Desk) -> Part:
    """No such dish: said so; real neighbours that break no exclusion are offered, and remembered as a list."""
    asked = focus.missing or asked_name(request.rest)
    near = focus.resolution.neighbours if focus.resolution else ()
    kept = [hit for hit in near if _allowed(hit, state, desk)][:OFFERED]
    after = replace(offered(state, [Dish(hit.recipe_id, hit.name) for hit in kept]), intent="how_to_cook")
    return Part(
        intent="how_to_cook", text=missing_text(asked, kept), state=after, refused=True,
        recipes=tuple(map(cited, kept)), said=request.said,
    )  # fmt: skip


def _allowed(hit: Hit, state: State, desk: Desk) -> bool:
    lasting = state.lasting
    recipe = desk.library.peek(hit.recipe_id)
    return recipe is not None and desk.selection.allows(recipe, lasting)


def unlisted(pointed: Reference, state: State) -> Part:
    """A list was pointed at that is not there, or is not that long."""
    if pointed.kind != "nth" or not state.list:
        text = "我们还没有说到过菜，也没有列过单子。说一个菜名，或让我推荐几道。"
    else:
        names = [dish.name for dish in state.list]
        text = f"单子上只有 {len(names)} 道：{quoted(names)}。想看哪一道？"
    return Part(intent="choose", text=text, state=state, refused=True)


def nothing_in_focus(request: Request, state: State) -> Part:
    """A question about a dish that was never named."""
    return Part(intent=request.intent, text="您问的是哪道菜？说菜名就行。", state=state, refused=True)


def exclusions(
    added: tuple[Exclusion, ...], withdrawn: tuple[Exclusion, ...], kept: tuple[Exclusion, ...], state: State
) -> Part:
    """What must be avoided was said: it is remembered, and shown."""
    lines = []
    if added:
        lines.append(f"记住了：{exclusions_shown(added)}。这次对话里推荐的菜都会避开。")
    if withdrawn:
        lines.append(f"好的，不再忌：{exclusions_shown(withdrawn)}。")
    if kept:
        lines.append(f"{exclusions_shown(kept)}这一条为了稳妥，会一直保留到这次对话结束。")
    if len(state.exclusions) > len(added):
        lines.append(f"目前的忌口：{exclusions_shown(state.exclusions)}。")
    if note := reminder(state.exclusions):
        lines.append(note)
    lines.append("想吃什么？可以说菜名，也可以让我推荐。")
    return Part(
        intent="exclusion", text="\n\n".join(lines), state=replace(state, intent="exclusion"), said=" ".join(lines)
    )


def no_remedy(state: State) -> Part:
    """Somebody who was told to see a doctor asks for a remedy: told again, and given none."""
    text = "这个要听医生的，我不能给偏方，也别自己处理：不舒服请马上就医，情况紧急请拨打 120。"
    return Part(intent="medical", text=text, state=state, refused=True, said=text)


def recalled(request: Request, state: State, desk: Desk) -> Part:  # noqa: ARG001
    """What the cook has in mind of what was said: what to avoid, what is at home, which dish."""
    told = [f"忌口：{exclusions_shown(state.exclusions)}"] if state.exclusions else ["您还没有说过忌口或过敏"]
    told += [f"家里有：{'、'.join(state.pantry)}"] if state.pantry else []
    told += [f"正在说的菜：「{state.dish.name}」"] if state.dish else []
    return Part(intent="recalled", text="我记着的：" + "；".join(told) + "。", state=state)


def which_allergy(state: State) -> Part:
    """An allergy was told of, to something that is not known: asked for, and nothing recommended meanwhile."""
    text = "您说到过敏，但我没听出是对什么过敏，先不推荐，免得出错。请说具体的食物，比如「对虾过敏」「对花生过敏」。"
    return Part(intent="exclusion", text=text, state=state, refused=True)

"""Checks every number of every answer: does it stand in the cited record, or follow from it by a stated rule?

    python -m benchmarks.grounding [--data FOLDER …] [--every N [--from K]] [--show]

Each recipe of a library is asked every kind of question. Numbers are read and compared by this script's own rules,
not by the program's verifier: a row of a table with the ingredient of its name, a step with the step of its number,
an item of a list with the dish of its name, and what is scaled with the arithmetic of decision 0008. Exits with 1
where a number has no ground. Whether an answer suits its question is for `benchmarks.conversations`.
"""

import argparse
import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from benchmarks.grounding_numbers import (
    close,
    ends,
    flat,
    grid,
    letters,
    of_ingredient,
    of_record,
    quantities,
    safety_text,
    scaled_rightly,
    spans,
    steps_of,
    value_of,
    within,
)
from benchmarks.retrieval import DATA, open_kitchen_in
from shishen.domains.cooking.scaling import scale
from shishen.kitchen import Kitchen
from shishen.records import Message, Recipe, Source

Found = tuple[str, str]

# Words of the program's own that hold a numeral and count nothing of a dish.
_PHRASES = re.compile(
    "「减半」|要比较两道菜|第一个|换一批|[哪这换]一道|说一个|[后这]一步|这一[点项条]|一样|最完整的一份|编一份|哪一样|原方的"
    "|满分 5 星|1 到 100 之间|100 倍以内|一次最多列 30 道"
)
_STEP = re.compile(r"^(?:- )?\**第 (\d+) 步\**(?:（共 (\d+) 步）)?(.*)$")
_ITEM = re.compile(r"^(\d+)\. 「([^」]+)」：(.*)$")
_NAMED = re.compile(r"(?:^- |里，|里有：|；)([^；：\n]+?)(?:（或[^）]*）)?：([^；\n。]*)")
_CHANGE = re.compile(r"([^、：\s]*[^、：]*?) ([^ 、：]+) → ([^、：]+)")
_POWER = re.compile(r"按 ([\d./半]+) 倍的 ([\d.]+) 次方（约 ([\d./半]+) 倍）|按 ([\d./半]+) 倍算出零头")
_LASTING = frozenset(("分钟", "小时", "秒", "秒钟", "天", "厘米", "毫米", "cm", "mm", "℃", "度", "成热", "%"))


class Asked(Struct, frozen=True):
    """A conversation to play: the intent it is counted under, what is said, the factor and step that it must give."""

    intent: str
    said: tuple[str, ...]
    factor: float | None = None
    step: int | None = None


class Judge:
    """Judges one answer; `shown` is the first cited record as it was asked for: scaled, or as it is."""

    def __init__(self, text: str, cited: Sequence[Recipe], asked: Asked, names: Counter[str]) -> None:
        self.text, self.lines, self.cited, self.asked, self.names = text, text.splitlines(), cited, asked, names
        self.first = cited[0] if cited else Recipe(id="", name="", title="", source=Source(path=""))
        self.shown = scale(self.first, asked.factor).recipe if asked.factor else self.first
        self.records = (self.shown, *cited[1:])
        told = [(m, line) for line in self.lines for m in _CHANGE.finditer(line.removeprefix("- "))]
        self.notes = {match[1].strip(): line for match, line in told}
        self.numbered = self.listed = self.rows = 0

    def faults(self) -> Iterator[tuple[str, str, str]]:
        """(kind, line, what is wrong) of what is without ground."""
        for line in self.lines:
            # Of several answers in one, each is about the dish that it names.
            if not self.asked.factor and (
                dishes := [one for one in self.cited if line in (f"## {one.name}", f"「{one.name}」要准备：")]
            ):
                self.first = self.shown = dishes[0]
            parts = [letters(part) for part in re.split("[；。]", re.sub("^(?:> 小心|来源)：", "", line))]
            if line.startswith("|") or len(line) < 12 or not all(part in safety_text() for part in parts):
                yield from ((kind, line, what) for kind, what in self._line(line))
        if self.asked.step and f"第 {self.asked.step} 步" not in self.text:
            yield "step number", self.lines[0], f"step {self.asked.step} was asked for"

    def _line(self, line: str) -> Iterator[Found]:
        if line.startswith("| ") and not line.startswith(("| 食材", "| | ")):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            head = next((row for row in self.lines if row.startswith("| | ")), "")
            dishes = zip(head.strip("|").split("|"), cells, strict=False)
            of_dishes = (found for dish, cell in list(dishes)[1:] for found in self._of_dish(dish.strip(), cell))
            yield from of_dishes if head else self._row(cells)
        elif (match := _STEP.match(line)) and "：" in match[3]:
            if match[2] and int(match[2]) != len(steps_of(self.shown)):
                yield "step count", f"there are {len(steps_of(self.shown))} steps"
            yield from self._step(int(match[1]), match[3])
        elif match := _ITEM.match(line):
            self.listed += 1
            yield from self._of_dish(match[2], match[3]) if int(match[1]) == self.listed else [("list number", "")]
        elif match := re.match(r"^(\d+)\. (.*)$", line):
            self.numbered += 1
            yield from self._step(self.numbered, match[2]) if int(match[1]) == self.numbered else [("list number", "")]
        else:
            yield from self._parts(line)
            yield from self._factors(line)
            yield from self._sentence(line)

    def _row(self, cells: list[str]) -> Iterator[Found]:
        """A row of the table of ingredients: the next ingredient of its name, and the arithmetic of its scaling."""
        name = letters(re.sub(r"（或.*）$", "", cells[0]))
        places = [n for n, one in enumerate(self.shown.ingredients) if n >= self.rows and letters(one.name) == name]
        if not places:
            yield "row", f"no ingredient {name} from number {self.rows + 1} on"
            return
        one, old = self.shown.ingredients[places[0]], self.first.ingredients[places[0]]
        self.rows = places[0] + 1
        lost = [pair for cell in cells[1:] for pair in quantities(cell) if not within(pair, of_ingredient(one))]
        yield from (("row", f"{pair} is not in {one.raw}") for pair in lost)
        said = [value for value, _ in quantities(cells[1])]
        for was, now in ((old.min, one.min), (old.max, one.max)):
            if was is None or now is None or one.vague:
                continue
            if not any(close(value, now) for value in said):
                yield "row", f"{now} is not said"
            factor, note, unit = self.asked.factor, self.notes.get(old.name, ""), flat(old.unit or "")
            fixed = not factor or unit == "倍" or "取整" in old.raw or not was
            if factor and not fixed and not scaled_rightly(was, now, unit, factor, note):
                yield "arithmetic", f"{was} {unit} × {factor:.4g} is not {now}; note: {note or 'none'}"

    def _step(self, n: int, text: str) -> Iterator[Found]:
        steps = steps_of(self.shown)
        if not 1 <= n <= len(steps):
            yield "step number", f"there are {len(steps)} steps"
            return
        step, old = steps[n - 1], steps_of(self.first)[n - 1]
        whole = letters(step.text)
        for piece in text.removeprefix(f"（{step.section}）").removeprefix("：").split("；"):
            bare = letters(re.sub(r"（不放[^）]*）$", "", piece))
            place = whole.find(bare)
            if place < 0 or (bare[:1].isdigit() and whole[place - 1 : place].isdigit()):
                yield "step text", f"step {n} is {step.text}"
                break
        if self.asked.factor:
            yield from scaled_step(old.text, step.text, self.asked.factor)

    def _of_dish(self, name: str, text: str) -> Iterator[Found]:
        dishes = [recipe for recipe in self.cited if recipe.name == name]
        known = {pair for dish in dishes for pair in of_record(dish)}
        yield from (("list", f"{pair} is not of {name}") for pair in quantities(text) if not within(pair, known))
        stars = re.search("(?:^|难度 )(★+)", text)
        if not dishes or (stars and all(len(stars[1]) != dish.difficulty for dish in dishes)):
            yield "list", f"{name} is not cited, or not so difficult"

    def _parts(self, line: str) -> Iterator[Found]:
        """Amounts with the ingredient they are given for, steps that there are, recipes of one name, stars."""
        for name, said in _NAMED.findall(line):
            own = {p for r in self.records for i in r.ingredients if i.name == name for p in of_ingredient(i)}
            yield from (("amount", f"{p} is not of {name}") for p in quantities(said) if own and not within(p, own))
        steps = len(steps_of(self.shown))
        if any(int(n) > steps for n in re.findall(r"第 (\d+) 步", line)) and "没有第" not in line:
            yield "step number", f"there are {steps} steps"
        if any(int(n) != steps for n in re.findall(r"[一，]共 (\d+) 步", line)):
            yield "step count", f"there are {steps} steps"
        if any(int(n) + 1 != self.names[self.first.name] for n in re.findall(r"还有 (\d+) 份同名菜谱", line)):
            yield "count", f"{self.names[self.first.name]} recipes have that name"
        if (stars := re.search("难度(?:是)? (★+)(?!到)", line)) and len(stars[1]) != self.first.difficulty:
            yield "stars", f"the difficulty is {self.first.difficulty}"

    def _factors(self, line: str) -> Iterator[Found]:
        factor = self.asked.factor or 0.0
        said = [(one, 1.0) for pair in re.findall(r"× ([\d./半]+)|原方的 ([\d./半]+) 倍", line) for one in pair if one]
        for times, power, grown, plain in _POWER.findall(line):
            said += [(times or plain, 1.0), *([(grown, float(power))] if power else [])]
        wrong = [(one, power) for one, power in said if factor and abs(value_of(one) - factor**power) > 0.0051]
        yield from (("factor", f"{factor:.4g} to the power {power} is not {one}") for one, power in wrong)

    def _sentence(self, line: str) -> Iterator[Found]:
        """Any other number: it is somewhere in the records, was said, or counts what is listed."""
        # A note on the scaling says what was and what is.
        records = (*self.records, self.first) if "→" in line or "原方" in line else self.records
        known = {pair for record in records for pair in of_record(record)}
        for value, unit in (pair for said in self.asked.said for pair in quantities(said)):
            known |= {(value, unit), (value, "人份" if unit in "个人口" else unit)}
            known |= {(value * 60, "分钟")} if unit == "小时" else set()
        listed = sum(bool(_ITEM.match(one)) for one in self.lines)
        known |= {(listed, "道"), (len(self.cited), "道"), (sum(self.names.values()), "份")}
        days = [f"第 {n} 天" for n in range(1, sum(one.startswith("**第 ") for one in self.lines) + 1)]
        rest = re.sub(r"× [\d./半]+|原方的 [\d./半]+ 倍|第 \d+ 步|还有 \d+ 份同名菜谱", " ", _POWER.sub(" ", line))
        rest = re.sub(r"「([^」]*)」", lambda m: " " if m[1] in self.names else m[0], _PHRASES.sub(" ", rest))
        rest = " " if rest.strip("*") in days else rest
        yield from (("number", f"{pair} is in no record") for pair in quantities(rest) if not within(pair, known))


def scaled_step(old: str, new: str, factor: float) -> Iterator[Found]:
    """What is wrong with the numbers of a scaled step beside those of the step as it was."""
    before, after = spans(old), spans(new)
    if len(before) != len(after):
        yield "step arithmetic", f"{old} has other numbers than {new}"
    powers = (factor, factor**0.8, factor**0.7) if factor > 1 else (factor,)
    same = zip(before, after, strict=True) if len(before) == len(after) else ()
    pairs = [p for one, other in same for p in ((one[0], other[0], one[2]), (one[1], other[1], one[2]))]
    for was, now, unit in pairs:
        fits = any(abs(now - was * f) <= grid(was * f, unit) + 0.01 for f in powers)
        if now != was and (unit in _LASTING or not fits):
            yield "step arithmetic", f"{was} {unit} became {now} at × {factor:.4g}"


_PLAIN = """
how to cook: 怎么做 / ingredients: 需要什么食材 / count: 一共几步 / time: 要多久 / time by verb: 炖多久 腌多久 蒸几分钟
heat: 用什么火 油温多少 / difficulty: 难不难 / tools: 需要什么厨具 / servings: 这是几人份的 够几个人吃
calories: 热量多少 / taste: 什么口味 / tips: 要注意什么 / contains: 里面有鸡蛋吗 有花生吗 / shopping list: 列个购物清单
"""
_CHOOSING = """
recommend: 推荐三道菜 推荐5道简单的素菜 20分钟内能做好的菜 来两个下饭菜 推荐四道汤 难度两星以下的菜推荐六道
recommend: 推荐低热量的菜 500大卡以内的菜 推荐500道菜 半小时能做好的早餐 川菜推荐3个 适合夏天的凉菜
menu: 安排一周的菜单 今天三菜一汤 四个人的晚餐菜单 安排三天的菜单 五个人吃，安排个菜单
"""


def questions(recipe: Recipe, other: Recipe) -> Iterator[Asked]:
    """Every kind of question about a dish."""
    name, steps = recipe.name, steps_of(recipe)
    for intent, plain in (part.split(": ") for part in re.split(r" / |\n", _PLAIN.strip())):
        yield from (Asked(intent, (name, question)) for question in plain.split())
    yield Asked("compare", (name, f"和{other.name}比哪个简单"))
    yield from (Asked("step", (name, f"第{n}步"), step=n) for n in range(1, len(steps) + 1))
    if len(steps) > 1:
        yield Asked("step", (name, "第1步", "下一步"), step=2)
        yield Asked("step", (name, "最后一步是什么"), step=len(steps))
    yield Asked("step", (name, f"第{len(steps) + 3}步"))
    foods = Counter(one.name for one in recipe.ingredients)
    asks = (
        ("amount", "{}放多少"),
        ("after", "放了{}之后呢"),
        ("leave out", "不放{}可以吗"),
        ("substitute", "没有{}怎么办"),
    )
    yield from (Asked(intent, (name, said.format(food))) for food, (intent, said) in product(foods, asks))
    served = sum(ends(recipe.servings)) / max(len(ends(recipe.servings)), 1)
    for people in (4, 6):
        factor = people / served if served not in (0, people) else None
        yield Asked("scale to people", (name, f"换成{people}个人的量"), factor)
    for said, times in (("量加倍", 2.0), ("减半", 0.5)):
        yield Asked("scale by factor", (name, said), times)
        follow = ["怎么做", "需要什么食材", "列个购物清单", *(f"第{n}步" for n in range(1, len(steps) + 1))]
        follow += [f"{food}放多少" for food in foods]
        yield from (Asked("after scaling", (name, said, question), times) for question in follow)
    weighed = [one for one in recipe.ingredients if one.min and one.min == one.max and foods[one.name] == 1]
    for one in [one for one in weighed if one.unit in ("g", "克", "ml", "毫升")][:2]:
        yield Asked("scale by ingredient", (name, f"我只有{(one.min or 0) / 2:.10g}{one.unit}{one.name}"), 0.5)
    yield Asked("pantry", (f"家里有{'、'.join(list(foods)[:3])}，能做什么",))


def main() -> None:
    """Build a library, ask, judge, print a row an intent."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", default=[DATA / "howtocook"])
    parser.add_argument("--every", type=int, default=1, help="only every N-th recipe")
    parser.add_argument("--from", type=int, default=0, dest="start", help="beginning with this one (to share the work)")
    parser.add_argument("--show", action="store_true", help="print every violation")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        kitchen = open_kitchen_in(Path(home))
        kitchen.add(*options.data)
        sys.exit(sweep(kitchen, slice(options.start, None, options.every), options.show))


def sweep(kitchen: Kitchen, chosen: slice, show: bool) -> int:
    """Ask everything of the chosen dishes; 1 where a number has no ground."""
    recipes = sorted(kitchen.library.recipes(), key=lambda recipe: recipe.id)
    names = Counter(recipe.name for recipe in recipes)
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    kinds: Counter[str] = Counter()

    def play(meant: Recipe | None, asked: Asked, seed: int) -> None:
        row, messages, told = rows[asked.intent], list[Message](), " / ".join(asked.said)
        try:
            for said in asked.said:
                messages.append(Message("user", said))
                answer = kitchen.ask(messages, seed=seed)
                messages.append(Message("assistant", answer.text))
        except Exception as error:
            row["exceptions"] += 1
            print(f"  exception: {told}: {error!r}")
            return
        cited = sorted((kitchen.recipe(one.id) for one in answer.recipes), key=lambda one: one != meant)
        other = meant is not None and cited[:1] != [meant]
        if other or answer.refused or (asked.intent == "scale by ingredient" and "已按您有的" not in answer.text):
            # Another dish, or a refusal: only its own numbers can be judged.
            asked = replace(asked, factor=None, step=None)
        found = list(Judge(answer.text, cited, asked, names).faults())
        row.update(answers=1, numbers=len(quantities(answer.text)), faults=len(found), refused=answer.refused)
        row.update({"unverified": not answer.verified, "other dish": other})
        kinds.update(f"{asked.intent}: {kind}" for kind, _, _ in found)
        if show:
            found += [("unverified", "", "")] * (not answer.verified) + [("other dish", "", "")] * other
            for kind, line, what in found:
                print(f"  {asked.intent} [{kind}] {told}\n    {line}\n    {what}")

    for place, name in enumerate(sorted(names)[chosen]):
        first = kitchen.ask(name, seed=0)
        if not first.recipes or first.refused:
            print(f"  {name}: no recipe is given for its own name")
            continue
        meant = kitchen.recipe(first.recipes[0].id)
        for asked in questions(replace(meant, name=name), recipes[(place * chosen.step + 7) % len(recipes)]):
            play(meant if asked.said[0] == name else None, asked, 1)
    for intent, wishes in (line.split(": ") for line in _CHOOSING.strip().splitlines()):
        for seed, wish in product(range(20), wishes.split()):
            play(None, Asked(intent, (wish,)), seed)
    head = ("answers", "numbers", "faults", "refused", "unverified", "other dish", "exceptions")
    rows["all"] = sum(rows.values(), Counter[str]())
    print(f"{len(names)} dishes\n{'':<20}" + "".join(f"{name:>12}" for name in head))
    for intent, row in rows.items():
        print(f"{intent:<20}" + "".join(f"{row[name]:>12,}" for name in head))
    print("\n".join(f"{count:>6} {kind}" for kind, count in kinds.most_common()))
    return 1 if rows["all"]["faults"] or rows["all"]["exceptions"] else 0


if __name__ == "__main__":
    main()

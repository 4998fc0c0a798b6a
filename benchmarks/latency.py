"""How soon: first token over HTTP, search, `shishen ask` from a cold start, the server up; 1,368 real recipes.

    python -m benchmarks.latency

The library is HowToCook's and the 1,000 XiaChuFang recipes, in a temporary home; every process is a real one.
"""

import argparse
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx

from benchmarks.retrieval import DATA, QUESTIONS, ROOT, load, open_kitchen_in
from shishen.kitchen import Kitchen
from shishen.records import Message

CONVERSATIONS = ROOT / "tests" / "data" / "conversations"

ASK_RUNS = 10


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def milliseconds(work: Callable[[], object]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def row(name: str, values: list[float]) -> None:
    """Print one measured row."""
    median, p95 = statistics.median(values), percentile(values, 0.95)
    print(f"{name:<38} median {median:7.1f} ms, p95 {p95:7.1f} ms, greatest {max(values):7.1f} ms  (n={len(values)})")


def first_token(client: httpx.Client, question: str) -> float:
    """Milliseconds from the request to the first piece of text of a streamed answer."""
    start = time.perf_counter()
    body = {"messages": [{"role": "user", "content": question}], "stream": True}
    with client.stream("POST", "/v1/chat/completions", json=body) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: {") and json.loads(line[6:])["choices"][0]["delta"].get("content"):
                return (time.perf_counter() - start) * 1000
    raise AssertionError(f"no text for {question}")


def turns(kitchen: Kitchen) -> Iterator[float]:
    """Milliseconds of each turn of the labelled conversations, in process, with the answers before it."""
    for path in sorted(CONVERSATIONS.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            messages: list[Message] = []
            for turn in json.loads(line)["turns"]:
                messages.append(Message("user", turn["user"]))
                start = time.perf_counter()
                answer = kitchen.ask(messages, seed=1)
                yield (time.perf_counter() - start) * 1000
                messages.append(Message("assistant", answer.text))


def main() -> None:
    """Fill a library and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        kitchen = open_kitchen_in(Path(home))
        kitchen.add(options.data / "howtocook", options.data / "xiachufang")
        print(f"{len(kitchen.library)} recipes")
        names = [recipe.name for recipe in kitchen.library.recipes()]
        questions = [q.question for q in load(QUESTIONS)] + [f"{name}怎么做" for name in names]
        random.Random(7).shuffle(questions)
        row("search", [milliseconds(partial(kitchen.retriever.resolve, q)) for q in questions[:1000]])
        kitchen.warm_up()
        kitchen.warm_up_selection()
        row("a turn, understood and composed", list(turns(kitchen)))
        kitchen.library.close()

        environment = {**os.environ, "SHISHEN_HOME": home}
        shishen = [sys.executable, "-m", "shishen"]
        ask = [*shishen, "ask", "可乐鸡翅怎么做"]
        run = partial(subprocess.run, ask, check=True, capture_output=True, env=environment)
        row("shishen ask, a new process", [milliseconds(run) for _ in range(ASK_RUNS)])

        ups: list[float] = []
        for number in range(5):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            start = time.perf_counter()
            server = subprocess.Popen(
                [*shishen, "serve", "--port", str(port)], env=environment, stderr=subprocess.DEVNULL
            )
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                while time.perf_counter() - start < 30:
                    try:
                        if client.get("/healthz").status_code == 200:
                            break
                    except httpx.TransportError:
                        time.sleep(0.01)
                ups.append((time.perf_counter() - start) * 1000)
                if number == 4:
                    row("first token over HTTP", [first_token(client, q) for q in questions[:500]])
            server.terminate()
            server.wait()
        row("server up (answers /healthz)", ups)


if __name__ == "__main__":
    main()

"""Does it hold a conversation? Plays labelled conversations over HTTP and checks the facts in each reply.

    python -m benchmarks.conversations                                   # those that were worked on
    python -m benchmarks.conversations tests/data/conversations/held_out.jsonl --show
    python -m benchmarks.conversations --url http://127.0.0.1:8000       # a server that runs already

Without `--url` a server of its own answers from HowToCook's recipes, in a temporary home. Each turn is sent with the
whole history, the program's own replies as assistant turns. A turn is right where all its checks hold; `Checks` in
`conversation_checks.py` says what each means.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
from msgspec import Struct

from benchmarks.conversation_checks import Conversation, Library, Named, Reply, broken
from shishen.records import Recipe

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data" / "howtocook"
CONVERSATIONS = ROOT / "tests" / "data" / "conversations" / "dev.jsonl"


class Outcome(Struct, frozen=True):
    """One turn judged; `failed` says what did not hold."""

    conversation: str
    tags: list[str]
    number: int
    user: str
    failed: list[str]
    reply: Reply


# --- the server ----------------------------------------------------------------------------------------------


@contextmanager
def served(data: Path) -> Iterator[str]:
    """The address of a server of our own over a HowToCook folder, in a temporary home."""
    with tempfile.TemporaryDirectory() as home, socket.socket() as probe:
        environment = {**os.environ, "SHISHEN_HOME": home}
        shishen = [sys.executable, "-m", "shishen"]
        added = subprocess.run(
            [*shishen, "add", str(data)], env=environment, capture_output=True, text=True, check=False
        )
        if added.returncode:
            raise SystemExit(added.stderr)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        with (Path(home) / "log").open("w+b") as log:
            process = subprocess.Popen([*shishen, "serve", "--port", str(port)], env=environment, stderr=log)
            url = f"http://127.0.0.1:{port}"
            try:
                for _ in range(600):
                    try:
                        httpx.get(f"{url}/healthz")
                        break
                    except httpx.TransportError:
                        if process.poll() is not None:
                            raise SystemExit((Path(home) / "log").read_text("utf-8")) from None
                        time.sleep(0.1)
                yield url
            finally:
                process.terminate()
                process.wait(timeout=10)


def ask(client: httpx.Client, messages: list[dict[str, str]]) -> Reply:
    """One request. A refusal of the request (4xx) is a reply that refuses; anything else that fails is a fault."""
    start = time.perf_counter()
    try:
        response = client.post("/v1/chat/completions", json={"model": "shishen", "messages": messages})
    except httpx.HTTPError as fault:
        return Reply("", fault=repr(fault))
    spent = (time.perf_counter() - start) * 1000
    if response.status_code >= 500:
        return Reply(response.text, fault=f"HTTP {response.status_code}", milliseconds=spent)
    body = response.json()
    if response.status_code >= 400:
        return Reply(body["error"]["message"], refused=True, milliseconds=spent)
    more = body["shishen"]
    recipes = tuple(Named(dish["id"], dish["name"]) for dish in more["recipes"])
    return Reply(body["choices"][0]["message"]["content"], more["refused"], recipes, more["state"], None, spent)


def records(client: httpx.Client) -> Library:
    """All recipes of the server's library."""
    found: list[Recipe] = []
    while page := client.get("/api/recipes", params={"limit": 1000, "offset": len(found)}).content:
        got = msgspec.json.decode(page, type=list[Recipe])
        found += got
        if len(got) < 1000:
            break
    return Library(found)


def play(client: httpx.Client, conversation: Conversation, library: Library) -> Iterator[Outcome]:
    """Play a conversation turn by turn."""
    messages: list[dict[str, str]] = []
    replies: list[Reply] = []
    for number, turn in enumerate(conversation.turns, 1):
        messages.append({"role": "user", "content": turn.user})
        reply = ask(client, messages)
        failed = broken(turn.checks, reply, replies, library)
        yield Outcome(conversation.id, conversation.tags, number, turn.user, failed, reply)
        messages.append({"role": "assistant", "content": reply.text})
        replies.append(reply)


# --- the report ----------------------------------------------------------------------------------------------


def load(path: Path) -> list[Conversation]:
    """The conversations of a file; an unknown key is a fault."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [msgspec.json.decode(line, type=Conversation) for line in lines if line.strip()]


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The figures: [right, all] by tag, of turns and of conversations, and the milliseconds of a turn."""
    tags: dict[str, list[bool]] = defaultdict(list)
    whole: dict[str, bool] = {}
    for outcome in outcomes:
        right = not outcome.failed
        whole[outcome.conversation] = whole.get(outcome.conversation, True) and right
        for tag in outcome.tags:
            tags[tag].append(right)
    times = sorted(outcome.reply.milliseconds for outcome in outcomes)
    return {
        "tags": {tag: [sum(rights), len(rights)] for tag, rights in sorted(tags.items())},
        "turns": [sum(not outcome.failed for outcome in outcomes), len(outcomes)],
        "conversations": [sum(whole.values()), len(whole)],
        "milliseconds": {"p50": statistics.median(times), "p95": times[int(len(times) * 0.95)]},
    }


def report(outcomes: Sequence[Outcome], show: bool) -> None:
    """Print the figures, and with `show` every turn that failed."""
    figures = summary(outcomes)
    for outcome in outcomes if show else ():
        if outcome.failed:
            print(f"\n{outcome.conversation} turn {outcome.number}: {outcome.user[:100]}")
            print("".join(f"    ✗ {what}\n" for what in outcome.failed) + f"    {outcome.reply.text[:300]!r}")
    rows = [*figures["tags"].items(), ("turns", figures["turns"]), ("conversations", figures["conversations"])]
    for name, (right, count) in rows:
        print(f"{name:<16} {right:>4}/{count:<4} {right / count:7.1%}")
    print("milliseconds a turn: p50 {p50:.1f}, p95 {p95:.1f}".format(**figures["milliseconds"]))


def main() -> None:
    """Parse the arguments, find or start the server, play."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("conversations", nargs="*", type=Path, default=[CONVERSATIONS])
    parser.add_argument("--data", type=Path, default=DATA, help="a HowToCook folder")
    parser.add_argument("--url", help="a running server over HowToCook's recipes")
    parser.add_argument("--show", action="store_true", help="list what went wrong")
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    options = parser.parse_args()
    played = [conversation for path in options.conversations for conversation in load(path)]
    if options.url:
        outcomes = play_all(options.url, played)
    else:
        if not options.data.is_dir():
            parser.error(f"{options.data} is not there; name a HowToCook folder with --data")
        with served(options.data) as url:
            outcomes = play_all(url, played)
    if options.json:
        print(json.dumps({**summary(outcomes), "outcomes": msgspec.to_builtins(outcomes)}, ensure_ascii=False))
    else:
        report(outcomes, options.show)


def play_all(url: str, conversations: Sequence[Conversation]) -> list[Outcome]:
    """Play every conversation against a server."""
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        library = records(client)
        return [outcome for conversation in conversations for outcome in play(client, conversation, library)]


if __name__ == "__main__":
    main()

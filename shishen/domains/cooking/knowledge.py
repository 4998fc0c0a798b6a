"""What is known of food, as data: the TOML files of this domain, each parsed once."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def knowledge(name: str) -> dict[str, Any]:
    """The file `data/<name>.toml`, parsed; treat it as read-only."""
    return tomllib.loads((files(__package__) / "data" / f"{name}.toml").read_text(encoding="utf-8"))

"""Shishen (食神): cookbooks in, a grounded cook out."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shishen.kitchen import Kitchen

__version__ = "0.1.0"
__all__ = ["Kitchen", "__version__"]


def __getattr__(name: str) -> Any:
    # Lazy, so that `import shishen.records` does not load the search index and its friends.
    if name == "Kitchen":
        from shishen.kitchen import Kitchen

        return Kitchen
    raise AttributeError(name)

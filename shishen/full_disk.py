"""Whether an error means that the disk is full: numpy, torch and safetensors each have their own for it."""

from errno import EDQUOT, EFBIG, ENOSPC

_SIGNS = (
    "no space left",
    "os error 28",
    "os error 27",
    "os error 122",
    "disk quota",
    "file too large",
    "write failed",
    "writing file",
    "unexpected pos",
)


def is_full_disk(error: BaseException) -> bool:
    """Whether there was no room to write, on the disk or in the user's share of it."""
    words = str(error).lower()
    # numpy says only how much it asked for and how much was written.
    partly = isinstance(error, OSError) and "requested and" in words and "written" in words
    return getattr(error, "errno", None) in (ENOSPC, EDQUOT, EFBIG) or partly or any(sign in words for sign in _SIGNS)

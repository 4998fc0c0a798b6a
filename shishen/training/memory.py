"""How much memory this process holds; giving back what it does not use."""

import ctypes
import sys
from contextlib import suppress
from pathlib import Path


def memory_mb(device: str = "cpu") -> int:
    """Megabytes: the most that were held on an accelerator so far, or what is held now in main memory."""
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.max_memory_allocated() / 1e6)
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError):
        if sys.platform == "win32":
            return 0
        import resource

        # Where there is no /proc, the most that was ever held; macOS counts bytes.
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most // (1_000_000 if sys.platform == "darwin" else 1000)
    return int(pages * 4096 / 1e6)


def give_back() -> None:
    """Let go of memory that was freed. glibc keeps it, and batches of ever other shapes find no room in it."""
    if sys.platform.startswith("linux"):
        with suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").malloc_trim(0)

"""All mistakes of a call in one line, before anything is made."""

from collections.abc import Callable

from shishen.errors import BadSettings, ShishenError


def named_together(*checks: Callable[[], object]) -> None:
    """Make every check and raise what they raise as one ShishenError; one alone is raised as it is."""
    faults: list[ShishenError] = []
    for check in checks:
        try:
            check()
        except ShishenError as fault:
            faults.append(fault)
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise BadSettings("；".join(str(fault).rstrip("。") for fault in faults) + "。")

"""Errors that are the user's to mend: one line that names the fix. Everything else keeps its traceback."""


class ShishenError(Exception):
    """A fault of input, settings or set-up. The command line prints it as one line and exits with 2."""


class UnreadableFile(ShishenError):
    """A file that cannot be read as a whole: empty, too large, encrypted, not what its name says."""


class BadRecord(ShishenError):
    """One record of a file that cannot be read; the rest of the file goes on."""


class BadSettings(ShishenError):
    """All faults of the settings, joined in one message."""


class NotFound(ShishenError):
    """A recipe, an engine or a path that was named and is not there."""


class Busy(ShishenError):
    """Another process is at it; trying again later is the mend."""

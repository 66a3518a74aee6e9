"""The errors a person can cause or meet, each with the exit code the command line gives it."""

from __future__ import annotations


class QadamError(Exception):
    """Base of every error this package raises on purpose. `str()` of it is one clear line."""

    exit_code = 1


class RunError(QadamError):
    """A run that was asked for correctly and failed (exit code 1)."""

    exit_code = 1


class InputError(QadamError):
    """Something a person wrote is wrong (exit code 2).

    Parameters
    ----------
    source : where it stands: a file, or an option such as ``--jobs``.
    key : the key in that file, dotted for nested ones (``architecture.nodes[3].class``); empty if the whole is meant.
    message : what is wrong and what would be right.
    """

    exit_code = 2

    def __init__(self, source: object, key: str, message: str) -> None:
        self.source, self.key, self.message = str(source), key, message
        where = f"{self.source}: {key}" if key else self.source
        super().__init__(f"{where}: {message}")

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str, str]]:
        """Travel between processes as the three parts that made it."""
        return type(self), (self.source, self.key, self.message)

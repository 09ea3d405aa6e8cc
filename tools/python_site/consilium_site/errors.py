"""One exception type, with the exit codes of docs/exit_codes.md."""
import enum


class ErrorCode(enum.IntEnum):
    UNEXPECTED = 1
    USAGE = 2
    NOT_FOUND = 3
    CORRUPT_DATA = 4
    UNSUPPORTED = 5
    MISMATCH = 6
    CANNOT_WRITE = 7
    PARTIAL = 8
    REFUSED = 9
    UNREACHABLE = 10
    INTERRUPTED = 130

    @property
    def word(self):
        return _WORDS[self]


_WORDS = dict(zip(ErrorCode, (
    "unexpected", "usage", "not found", "damaged input", "unsupported", "mismatch", "cannot write", "some of several failed", "refused by policy",
    "peer unreachable", "interrupted")))


class Error(Exception):
    """What a function could not do, and why. The message never holds a patient's name, identifier or date."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = ErrorCode(code)


def require(condition, code, message):
    if not condition:
        raise Error(code, message)

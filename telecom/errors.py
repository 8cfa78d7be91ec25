"""The project's error tree. Every failure that reaches a person is one of these.

TelecomError                     exit 1   anything that has no better name
├── UsageError                   exit 2   the caller asked for something that makes no sense
│   └── QueryError               exit 2   SQL that does not parse or name things that exist; points at the token
├── InputRefused                 exit 3   data that was offered and not taken: reason code and counts
├── GateRefused                  exit 4   a gate said no: quality, promotion, drift
├── DependencyUnavailable        exit 5   something outside this process is missing or does not answer
│   ├── LlmFailed                exit 5   an LLM that gave no usable answer: blocked, cut off, too busy, out of reach
│   ├── MissingExtra             exit 5   an optional part of this distribution is not installed
│   └── WarehouseBusy            exit 5   another process holds the write lock
├── TokenRefused                 exit 1   a caller's token that is not certainly valid
├── NotFound                     exit 1   a table, snapshot, model or alias that does not exist (yet)
└── ModelRejected                exit 1   a model whose manifest does not verify; it is never loaded

Adapters translate what their vendor raises into this vocabulary; no vendor exception leaves an adapter.
"""

from pathlib import Path


class TelecomError(Exception):
    """A failure with a sentence that says what happened and, where one exists, how to mend it.

    Args:
        message: names the thing and quotes the offending value.
        remedy: what to do next, as an instruction; empty where nothing can be done.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class UsageError(TelecomError):
    """An argument or setting that cannot be meant."""

    exit_code = 2


class QueryError(UsageError):
    """SQL that cannot be run. `message` carries line, column and a caret under the token where they are known."""


class InputRefused(TelecomError):
    """Data that was offered and not taken; the tables stay as they were.

    Args:
        reason: a stable snake_case code, for machines.
        message: what was found, with the value quoted.
        remedy: what the sender should do.
        read: rows seen (0 where the file was refused before parsing).
        refused: rows refused; `read == accepted + refused` always holds.
        where: where the refused rows lie, if they were kept.
    """

    exit_code = 3

    def __init__(
        self,
        reason: str,
        message: str,
        remedy: str = "",
        *,
        read: int = 0,
        refused: int | None = None,
        where: Path | str | None = None,
    ) -> None:
        super().__init__(message, remedy)
        self.reason = reason
        self.read = read
        self.refused = read if refused is None else refused
        self.where = where

    @property
    def accepted(self) -> int:
        """Rows taken: what was read less what was refused."""
        return self.read - self.refused


class GateRefused(TelecomError):
    """A gate (quality, promotion, drift) that ran properly and said no.

    Args:
        gate: which gate, for machines.
        reasons: one sentence each.
    """

    exit_code = 4

    def __init__(self, gate: str, message: str, reasons: tuple[str, ...] = (), remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.gate = gate
        self.reasons = reasons


class DependencyUnavailable(TelecomError):
    """A service, file system or package that this step needs and cannot reach."""

    exit_code = 5


class LlmFailed(DependencyUnavailable):
    """An LLM that gave no usable answer.

    Args:
        reason: `unavailable`, `timeout`, `rate_limited`, `blocked` (by a safety filter, the question or the answer),
            `too_long` (more than it can read), `half_answer` (cut off), or `refused` (key, model or request are wrong).
        message: what happened; nothing of the question or the answer.
        retry_after: seconds that the service asks to be left alone for, where it says so.

    `used` are the tokens, in and out, of answers that came and were of no use; they cost as much as the others.
    """

    def __init__(self, reason: str, message: str, remedy: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(message, remedy)
        self.reason = reason
        self.retry_after = retry_after
        self.used = (0, 0)


class MissingExtra(DependencyUnavailable):
    """An optional part of this distribution that is not installed; the remedy is the install command."""


class WarehouseBusy(DependencyUnavailable):
    """Another process is writing and did not finish within the waiting time."""


class TokenRefused(TelecomError):
    """A token that is not certainly valid. What the caller reads is always the same sentence.

    Args:
        reason: a stable snake_case code for our own logs; never the token or a part of it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__("The token is not accepted.", "Send a valid token that was issued for this service.")
        self.reason = reason


class NotFound(TelecomError):
    """A table, snapshot, model or alias that does not exist (yet); the remedy names the step that makes it."""


class ModelRejected(TelecomError):
    """A model directory that does not match its manifest, or whose features are not those of this code."""

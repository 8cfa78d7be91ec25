"""How a job tells a person that it is alive: a port of its own, silent unless an entry point gives a voice."""

from typing import Protocol


class Progress(Protocol):
    """Receives what a job is doing. Implementations must be cheap: a job may call per batch."""

    def start(self, what: str, total: int | None = None) -> None:
        """A new stretch of work begins; `total` in units of `advance`, None when unknown."""
        ...

    def advance(self, units: int) -> None:
        """So many units of the current stretch are done."""
        ...

    def stop(self) -> None:
        """The current stretch is over."""
        ...


class Silent:
    """Says nothing: the default for libraries, pipelines and tests."""

    def start(self, what: str, total: int | None = None) -> None:
        """Ignored."""

    def advance(self, units: int) -> None:
        """Ignored."""

    def stop(self) -> None:
        """Ignored."""

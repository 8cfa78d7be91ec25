"""Faults on demand: the next calls that match fail in a chosen way, over gRPC and REST alike."""

import threading
from dataclasses import dataclass, field
from typing import Literal, get_args

Kind = Literal["429", "500", "503", "timeout", "hang", "half", "corrupt"]
HTTP_STATUS: dict[str, tuple[int, str]] = {
    "429": (429, "RESOURCE_EXHAUSTED"),
    "500": (500, "INTERNAL"),
    "503": (503, "UNAVAILABLE"),
    "timeout": (504, "DEADLINE_EXCEEDED"),
}


@dataclass
class _Plan:
    target: str
    kind: Kind
    left: int

    def matches(self, label: str) -> bool:
        """An rpc by its name; a REST call (`POST /path?query`) by method and a fragment of its path."""
        if " " not in label:
            return self.target == label
        method, _, path = label.partition(" ")
        wanted, _, fragment = self.target.rpartition(" ")
        return wanted in ("", method) and fragment.startswith("/") and fragment in path


@dataclass
class Faults:
    """What is to go wrong. Shared by all servers of a `Cloud`.

    429, 500, 503 and timeout (504) answer so, without any effect. hang lets the caller wait until its own deadline (ten
    seconds at most, no effect either). half does the work, then stops in the middle of the answer. corrupt flips a byte
    of a downloaded body.
    """

    _plans: list[_Plan] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _released: threading.Event = field(default_factory=threading.Event)

    def plan(self, target: str, times: int = 1, kind: Kind = "503") -> None:
        """The next `times` calls of an rpc (`GetModel`) or route (`POST /upload/`, or only `/o/`) fail.

        Raises:
            ValueError: there is no such kind.
        """
        if kind not in get_args(Kind):
            raise ValueError(f"There is no fault {kind!r}; there are {', '.join(get_args(Kind))}.")
        self._plans.append(_Plan(target, kind, times))

    def take(self, label: str) -> Kind | None:
        """The fault that this call shall suffer, used up by asking; None for none."""
        with self._lock:
            for plan in self._plans:
                if plan.left and plan.matches(label):
                    plan.left -= 1
                    return plan.kind
        return None

    @property
    def unspent(self) -> dict[str, int]:
        """Faults planned and not met yet, by target: empty once every planned one has struck."""
        return {plan.target: plan.left for plan in self._plans if plan.left}

    def reset(self) -> None:
        """Forgets every plan; calls that hang give up."""
        self._plans.clear()
        self._released.set()
        self._released = threading.Event()

    def hang(self) -> None:
        """Waits as a server does that never answers, until `reset` or for ten seconds."""
        self._released.wait(10.0)

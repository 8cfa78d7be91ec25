"""Long-running operations: finished at once unless a test asks for some that take polls, or fail."""

import itertools
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.longrunning import operations_pb2
from google.longrunning.operations_pb2 import Operation

from tests.loopback.messages import raw


def done(response: Any, metadata: Any = None, name: str = "") -> Operation:
    """A finished operation around its response, as a handler returns it. Without a name the server gives it one."""
    operation = Operation(name=name, done=True)
    operation.response.Pack(raw(response))
    if metadata is not None:
        operation.metadata.Pack(raw(metadata))
    return operation


@dataclass
class _Plan:
    rpc: str
    polls: int
    error: tuple[grpc.StatusCode, str] | None
    left: int


@dataclass
class Operations:
    """Every operation begun, and how those to come shall go."""

    _known: dict[str, Operation] = field(default_factory=dict)
    _polls: dict[str, int] = field(default_factory=dict)
    _plans: list[_Plan] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def plan(self, rpc: str, polls: int = 0, error: tuple[grpc.StatusCode, str] | None = None, times: int = 1) -> None:
        """The next `times` operations that `rpc` begins are unfinished for `polls` polls and then done, or failed."""
        self._plans.append(_Plan(rpc, polls, error, times))

    def begin(self, rpc: str, operation: Operation, parent: str) -> Operation:
        """Remembers an operation and returns it as the caller first sees it."""
        operation.name = operation.name or f"{parent}/operations/{next(self._numbers)}"
        plan = next((p for p in self._plans if p.rpc == rpc and p.left), None)
        if plan:
            plan.left -= 1
            if plan.error:
                operation.error.code, operation.error.message = plan.error[0].value[0], plan.error[1]
        self._known[operation.name] = operation
        self._polls[operation.name] = plan.polls if plan else 0
        return self._seen(operation.name)

    def poll(self, request: operations_pb2.GetOperationRequest, context: grpc.ServicerContext) -> Operation:
        """Answers GetOperation (and WaitOperation)."""
        if request.name not in self._known:
            context.abort(grpc.StatusCode.NOT_FOUND, f"There is no operation {request.name}.")
        self._polls[request.name] -= 1
        return self._seen(request.name)

    def reset(self) -> None:
        """Forgets all operations and plans."""
        for kept in (self._known, self._polls, self._plans):
            kept.clear()

    def _seen(self, name: str) -> Operation:
        whole = self._known[name]
        return whole if self._polls[name] <= 0 else Operation(name=name, done=False, metadata=whole.metadata)

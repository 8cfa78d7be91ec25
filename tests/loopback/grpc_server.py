"""Any Google Cloud gRPC service over loopback, for the clients' own messages.

Every request is decoded with the published class, recorded with its routing header and deadline, refused if it lacks
what is required or sends what is read-only, and answered: by a test's handler (`@server.on("Rpc")`) or by `Crud`. It
cannot tell what only Google knows: permissions, quotas, allowed values.
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import grpc
from google.longrunning import operations_pb2
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from tests.loopback.crud import Crud, parent_of
from tests.loopback.faults import Faults, Kind
from tests.loopback.messages import Rpc, find_rpc, problems, raw
from tests.loopback.operations import Operations
from tests.loopback.tls import Tls

Handler = Callable[[Any, grpc.ServicerContext], Any]
Code = grpc.StatusCode
CODES: dict[str, grpc.StatusCode] = {
    "429": Code.RESOURCE_EXHAUSTED,
    "500": Code.INTERNAL,
    "503": Code.UNAVAILABLE,
    "timeout": Code.DEADLINE_EXCEEDED,
    "hang": Code.DEADLINE_EXCEEDED,
}
OPERATIONS = "/google.longrunning.Operations/"


@dataclass(frozen=True)
class Call:
    """One request as it arrived. `deadline` is the seconds that the caller was willing to wait, None for ever."""

    rpc: str
    path: str
    request: Any
    metadata: Mapping[str, str]
    deadline: float | None
    problems: list[str] = field(default_factory=list)

    @property
    def routing(self) -> dict[str, str]:
        """The routing header's pairs, by which Google's front end finds the resource."""
        return dict(parse_qsl(self.metadata.get("x-goog-request-params", "")))


class GrpcServer(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Serves on 127.0.0.1 with TLS.

    `calls` lists what arrived, `store` holds the resources by name, `operations.plan(…)` delays or fails operations,
    `crud.page_limit` forces pages on lists.
    """

    def __init__(self, tls: Tls, faults: Faults) -> None:
        self.calls: list[Call] = []
        self.store: dict[str, Any] = {}
        self.operations = Operations()
        self.crud = Crud(self.store)
        self._handlers: dict[str, Handler] = {}
        self._permanent: dict[str, Handler] = {}
        self._faults = faults
        self._server = grpc.server(futures.ThreadPoolExecutor(16, thread_name_prefix="loopback-grpc"))
        self._server.add_generic_rpc_handlers((self,))
        credentials = grpc.ssl_server_credentials([(tls.key, tls.certificate)])
        self.address = f"127.0.0.1:{self._server.add_secure_port('127.0.0.1:0', credentials)}"

    def start(self) -> None:
        """Begins to serve at `address`."""
        self._server.start()

    def stop(self) -> None:
        """Ends all calls and the server."""
        # A moment of grace, or gRPC complains on stderr about clients that are still connected.
        self._server.stop(0.2).wait()

    def reset(self) -> None:
        """As new: no calls, resources, operations or tests' handlers. Permanent handlers stay."""
        self.calls.clear()
        self.store.clear()
        self.operations.reset()
        self.crud.page_limit = 0
        self._handlers.clear()

    def on(self, rpc: str) -> Callable[[Handler], Handler]:
        """Decorates a handler `(request, context) -> response` of an rpc (`GetModel`), until `reset`."""

        def register(handler: Handler) -> Handler:
            self._handlers[rpc] = handler
            return handler

        return register

    def always(self, handlers: Mapping[str, Handler]) -> None:
        """Handlers that `reset` keeps; those of `on` go before them."""
        self._permanent.update(handlers)

    def requests(self, rpc: str) -> list[Any]:
        """The requests of an rpc, in order."""
        return [call.request for call in self.calls if call.rpc == rpc]

    def calls_of(self, rpc: str) -> list[Call]:
        """The calls of an rpc with routing header, metadata and deadline, in order."""
        return [call for call in self.calls if call.rpc == rpc]

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        """Finds the call for gRPC; None becomes UNIMPLEMENTED, as Google's front end answers."""
        if details.method.startswith(OPERATIONS):
            return self._operations_handler(details.method.removeprefix(OPERATIONS))
        rpc = find_rpc(details.method)
        if rpc is None:
            return None
        metadata = {key: value for key, value in details.invocation_metadata or () if isinstance(value, str)}
        direction = f"{'stream' if rpc.request_streams else 'unary'}_{'stream' if rpc.response_streams else 'unary'}"
        make = getattr(grpc, f"{direction}_rpc_method_handler")
        answer = self._answer_stream if rpc.request_streams else self._answer
        return make(
            functools.partial(answer, rpc, metadata), rpc.parse, lambda message: raw(message).SerializeToString()
        )

    def _operations_handler(self, name: str) -> grpc.RpcMethodHandler:
        request: type[Message] = getattr(operations_pb2, f"{name}Request")
        polls = name in ("GetOperation", "WaitOperation")

        def answer(message: Any, context: grpc.ServicerContext) -> Any:
            self.calls.append(Call(name, f"{OPERATIONS}{name}", message, {}, context.time_remaining()))
            self._strike(self._faults.take(name), context)
            return self.operations.poll(message, context) if polls else Empty()

        return grpc.unary_unary_rpc_method_handler(answer, request.FromString, lambda m: m.SerializeToString())

    def _answer(self, rpc: Rpc, metadata: Mapping[str, str], request: Any, context: grpc.ServicerContext) -> Any:
        self._record(rpc, metadata, request, context)
        fault = self._faults.take(rpc.name)
        self._strike(fault, context)
        response = self._handled(rpc, request, context)
        if rpc.response_streams:
            return _broken_off(response, context) if fault == "half" else response
        if fault == "half":
            context.abort(Code.UNAVAILABLE, "The answer broke off.")
        return response

    def _answer_stream(
        self, rpc: Rpc, metadata: Mapping[str, str], requests: Iterator[Any], context: grpc.ServicerContext
    ) -> Any:
        self._strike(self._faults.take(rpc.name), context)
        return self._handled(rpc, (self._record(rpc, metadata, each, context) for each in requests), context)

    def _record(self, rpc: Rpc, metadata: Mapping[str, str], request: Any, context: grpc.ServicerContext) -> Any:
        call = Call(rpc.name, rpc.path, request, metadata, context.time_remaining(), problems(request))
        self.calls.append(call)
        if call.problems:
            context.abort(Code.INVALID_ARGUMENT, "; ".join(call.problems))
        return request

    def _handled(self, rpc: Rpc, request: Any, context: grpc.ServicerContext) -> Any:
        handler = self._handlers.get(rpc.name) or self._permanent.get(rpc.name)
        response = handler(request, context) if handler else self.crud.answer(rpc, request, context)
        if isinstance(response, operations_pb2.Operation):
            return self.operations.begin(rpc.name, response, parent_of(request) or "projects/p/locations/l")
        return response

    def _strike(self, fault: Kind | None, context: grpc.ServicerContext) -> None:
        if fault == "hang":
            self._faults.hang()
        if fault in CODES:
            context.abort(CODES[fault], f"A planned fault: {fault}.")


def _broken_off(messages: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
    """The first half of a stream, then a broken connection."""
    whole = list(messages)
    yield from whole[: (len(whole) + 1) // 2]
    context.abort(Code.UNAVAILABLE, "The stream broke off.")

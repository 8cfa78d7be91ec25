"""What a Google Cloud gRPC service says about itself: its calls, their messages, the rules printed beside each field.

Generated clients ship no service descriptors, but a transport asks its channel for every call by path, with the
(de)serialisers of its messages. A channel that only writes those down therefore learns the whole service. Which fields
are required or read-only stands in the messages' docstrings, which are generated from the published definitions.
"""

import importlib
import inspect
import pkgutil
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import grpc
import proto  # type: ignore[import-untyped]
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

PACKAGES = {
    "google.cloud.aiplatform.v1": "google.cloud.aiplatform_v1",
    "google.cloud.aiplatform.v1beta1": "google.cloud.aiplatform_v1beta1",
    "google.cloud.bigquery.storage.v1": "google.cloud.bigquery_storage_v1",
    "google.cloud.discoveryengine.v1": "google.cloud.discoveryengine_v1",
    "google.cloud.modelarmor.v1": "google.cloud.modelarmor_v1",
    "google.firestore.v1": "google.cloud.firestore_v1",
    "google.cloud.resourcemanager.v3": "google.cloud.resourcemanager_v3",
    "google.monitoring.v3": "google.cloud.monitoring_v3",
}
SHARED = ("/google.cloud.location.", "/google.iam.", "/google.longrunning.")
NOT_CALLS = ("kind", "host", "grpc_channel", "operations_client")
SET_BY_SERVER_YET_SENT = frozenset({"name", "create_time", "update_time"})
WITHOUT_PRESENCE = frozenset(
    {
        FieldDescriptor.TYPE_BOOL,
        FieldDescriptor.TYPE_INT32,
        FieldDescriptor.TYPE_INT64,
        FieldDescriptor.TYPE_DOUBLE,
        FieldDescriptor.TYPE_FLOAT,
    }
)


@dataclass(frozen=True)
class Rpc:
    """One call of a service: its path, message classes, directions that stream, and the client that speaks it."""

    path: str
    request: Any
    response: Any
    request_streams: bool
    response_streams: bool
    client: type | None

    @property
    def name(self) -> str:
        """The call's own name, as in `CreateModel`."""
        return self.path.rsplit("/", 1)[1]

    def parse(self, data: bytes) -> Any:
        """A request from the wire."""
        return self.request.deserialize(data) if hasattr(self.request, "deserialize") else self.request.FromString(data)


def find_rpc(path: str) -> Rpc | None:
    """The call behind a path such as `/google.cloud.aiplatform.v1.ModelService/GetModel`; None where there is none.

    Imports the one client that speaks it, the first time.
    """
    service, _, _ = path.removeprefix("/").partition("/")
    return service_rpcs(service).get(path)


@cache
def service_rpcs(service: str) -> Mapping[str, Rpc]:
    """Every call of a service, by path; empty where no installed client speaks it."""
    package, _, name = service.rpartition(".")
    if package not in PACKAGES:
        return {}
    services = importlib.import_module(f"{PACKAGES[package]}.services")
    wanted = name.lower()
    for module in pkgutil.iter_modules(services.__path__):
        if module.name.replace("_", "") == wanted:
            return _discover(f"{services.__name__}.{module.name}")
    return {}


def _discover(module: str) -> Mapping[str, Rpc]:
    transports = importlib.import_module(f"{module}.transports.grpc")
    clients = importlib.import_module(f"{module}.client")
    client = next((c for n, c in vars(clients).items() if n.endswith("Client") and hasattr(c, "transport")), None)
    found: dict[str, Rpc] = {}
    for name, transport in vars(transports).items():
        if name.endswith("GrpcTransport"):
            found |= {rpc.path: rpc for rpc in _recorded(transport, transports, client)}
    return found


def _recorded(transport_class: type, module: ModuleType, client: type | None) -> Iterator[Rpc]:
    channel = _RecordingChannel()
    transport = transport_class(channel=channel)
    transport._logged_channel = channel
    transport._stubs = {}
    for getter in _stub_getters(transport_class):
        channel.seen.clear()
        getter(transport)
        for path, (streams, request, response) in channel.seen.items():
            if not path.startswith(SHARED):
                hinted = _hinted(getter, module)
                yield Rpc(path, _owner(request) or hinted[0], _owner(response) or hinted[1], *streams, client)


def _stub_getters(transport: type) -> Iterator[Callable[[Any], Any]]:
    for name in dir(transport):
        attribute = inspect.getattr_static(transport, name)
        if isinstance(attribute, property) and attribute.fget and name not in NOT_CALLS and not name.startswith("_"):
            yield attribute.fget


def _owner(serializer: Any) -> Any:
    """The message class that a (de)serialiser is bound to; None for plain protobuf classes."""
    owner = getattr(serializer, "__self__", None)
    return owner if inspect.isclass(owner) else None


def _hinted(getter: Callable[[Any], Any], module: ModuleType) -> tuple[Any, Any]:
    """Request and response class as the transport's own annotation names them."""
    (request, *_), response = typing.get_args(typing.get_type_hints(getter, vars(module))["return"])
    return request, next((c for c in typing.get_args(response) if inspect.isclass(c)), response)


class _RecordingChannel(grpc.Channel):  # type: ignore[misc]
    """Hands out dead stubs and remembers what was asked for."""

    def __init__(self) -> None:
        self.seen: dict[str, tuple[tuple[bool, bool], Any, Any]] = {}

    def _note(
        self,
        streams: tuple[bool, bool],
        path: str,
        request_serializer: Any,
        response_deserializer: Any,
        *_: Any,
        **__: Any,
    ) -> Any:
        self.seen[path] = (streams, request_serializer, response_deserializer)
        return lambda *_, **__: None

    def unary_unary(self, method: str, *codecs: Any, **named: Any) -> Any:
        return self._note((False, False), method, *codecs, **named)

    def unary_stream(self, method: str, *codecs: Any, **named: Any) -> Any:
        return self._note((False, True), method, *codecs, **named)

    def stream_unary(self, method: str, *codecs: Any, **named: Any) -> Any:
        return self._note((True, False), method, *codecs, **named)

    def stream_stream(self, method: str, *codecs: Any, **named: Any) -> Any:
        return self._note((True, True), method, *codecs, **named)

    def subscribe(self, *_: Any, **__: Any) -> None: ...

    def unsubscribe(self, *_: Any) -> None: ...

    def close(self) -> None: ...

    def __enter__(self) -> "_RecordingChannel":
        return self

    def __exit__(self, *_: object) -> None: ...


def raw(message: Any) -> Message:
    """The protobuf message below a proto-plus one; plain messages as they are."""
    plain: Message = type(message).pb(message) if isinstance(message, proto.Message) else message
    return plain


def raw_class(cls: Any) -> Any:
    """The protobuf class below a proto-plus one."""
    return cls.pb() if hasattr(cls, "pb") else cls


def copy_of(message: Any) -> Any:
    """A message of the same class and content that shares nothing with it."""
    if isinstance(message, proto.Message):
        return type(message).deserialize(type(message).serialize(message))
    return type(message).FromString(message.SerializeToString())


@cache
def field_rules(cls: type) -> tuple[frozenset[str], frozenset[str]]:
    """Names of the required and of the output-only fields of a message class, as its docstring tells them."""
    entry = r"^ {4}(\w+) \(.*?\):\n {8}(.*?)(?=^ {4}\w+ \(|\Z)"
    described = re.findall(entry, inspect.cleandoc(cls.__doc__ or ""), re.MULTILINE | re.DOTALL)
    required = frozenset(name for name, text in described if text.startswith("Required."))
    return required, frozenset(name for name, text in described if text.startswith("Output only."))


def problems(message: Any, path: str = "") -> list[str]:
    """What the published definition forbids in a request: required fields missing, output-only fields sent.

    Numbers and booleans without presence cannot be told from zero and are not looked at.
    """
    if not isinstance(message, proto.Message):
        return []
    cls: Any = type(message)
    required, output_only = field_rules(cls)
    plain = raw(message)
    present = {field.name: field for field, _ in plain.ListFields()}
    fields = plain.DESCRIPTOR.fields_by_name
    found = [
        f"{path}{n}: required, missing"
        for n in sorted(required & set(fields))
        if n not in present and _tells(fields[n])
    ]
    found += [f"{path}{n}: output only, but sent" for n in sorted(output_only & set(present) - SET_BY_SERVER_YET_SENT)]
    for name, field in present.items():
        for where, value in _children(message, name, field):
            found += problems(value, f"{path}{where}.")
    return found


def _tells(field: Any) -> bool:
    """Whether an unset field can be told from one set to zero."""
    if field.is_repeated or field.has_presence:
        return True
    # Most enums open with UNSPECIFIED; where zero means something (a view's FULL), it cannot be told from nothing.
    meant = field.enum_type is not None and not field.enum_type.values_by_number[0].name.endswith("UNSPECIFIED")
    return field.type not in WITHOUT_PRESENCE and not meant


def _children(message: Any, name: str, field: Any) -> Iterator[tuple[str, Any]]:
    if field.message_type and not field.message_type.GetOptions().map_entry:
        value = getattr(message, name)
        if field.is_repeated:
            yield from ((f"{name}[{index}]", item) for index, item in enumerate(value))
        else:
            yield name, value

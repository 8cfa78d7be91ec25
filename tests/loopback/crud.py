"""What every resource of Google Cloud does alike: create, get, list, update with a mask, delete, by name in a store."""

import itertools
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import grpc
from google.longrunning.operations_pb2 import Operation
from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask

from tests.loopback.messages import Rpc, copy_of, raw, raw_class
from tests.loopback.operations import done

Code = grpc.StatusCode
CALL = re.compile(r"(Create|Get|List|Update|Delete)([A-Z]\w*)")
TERM = re.compile(r"""\s*([\w.]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*""")


class Crud:
    """Default behaviour of calls that nobody handles. `store` holds each resource by its full name."""

    def __init__(self, store: dict[str, Any]) -> None:
        self.store = store
        self.page_limit = 0
        self._numbers = itertools.count(1001)

    def answer(self, rpc: Rpc, request: Any, context: grpc.ServicerContext) -> Any:
        """The default answer, wrapped in an operation where the call returns one; UNIMPLEMENTED where there is none."""
        match = CALL.fullmatch(rpc.name)
        method = getattr(self, f"_{match[1].lower()}", None) if match else None
        result = method(rpc, _snake(match[2]), request, context) if match and method else None
        if result is None and raw_class(rpc.response) is Empty:
            return Empty()
        if result is None:
            context.abort(Code.UNIMPLEMENTED, f"The loopback server has no handler for {rpc.name}.")
        return done(result) if raw_class(rpc.response) is Operation else result

    def _create(self, rpc: Rpc, noun: str, request: Any, context: grpc.ServicerContext) -> Any:
        plain = raw(request)
        if not _is_message(plain, noun):
            return None
        resource = copy_of(getattr(request, noun))
        name = f"{parent_of(request)}/{_collection(rpc, noun)}/{_given_id(plain) or next(self._numbers)}"
        if name in self.store:
            context.abort(Code.ALREADY_EXISTS, f"{name} already exists.")
        resource.name = name
        _stamp(resource, "create_time", "update_time")
        self.store[name] = resource
        return resource

    def _get(self, rpc: Rpc, noun: str, request: Any, context: grpc.ServicerContext) -> Any:
        return self._found(request.name, context)

    def _delete(self, rpc: Rpc, noun: str, request: Any, context: grpc.ServicerContext) -> Any:
        self._found(request.name, context)
        del self.store[request.name]
        return Empty()

    def _update(self, rpc: Rpc, noun: str, request: Any, context: grpc.ServicerContext) -> Any:
        plain = raw(request)
        if not _is_message(plain, noun):
            return None
        given = getattr(request, noun)
        if given.name not in self.store and getattr(plain, "allow_missing", False):
            self.store[given.name] = copy_of(given)
        current = self._found(given.name, context)
        mask = getattr(plain, "update_mask", FieldMask())
        if not mask.IsValidForDescriptor(raw(given).DESCRIPTOR):
            context.abort(Code.INVALID_ARGUMENT, f"The update mask {list(mask.paths)} names fields that do not exist.")
        if mask.paths:
            mask.MergeMessage(raw(given), raw(current), replace_message_field=True, replace_repeated_field=True)
        else:
            current = self.store[given.name] = copy_of(given)
        _stamp(current, "update_time")
        return current

    def _list(self, rpc: Rpc, noun: str, request: Any, context: grpc.ServicerContext) -> Any:
        plain, response = raw(request), rpc.response()
        field = next((f for f in raw(response).DESCRIPTOR.fields if f.is_repeated and f.message_type), None)
        if field is None:
            return None
        terms = list(_terms(getattr(plain, "filter", ""), context))
        matching = [r for r in self._below(parent_of(request), field.message_type) if _matches(r, terms)]
        page, token = self._page(plain, matching)
        getattr(response, field.name).extend(page)
        if token:
            response.next_page_token = token
        return response

    def _below(self, parent: str, kind: Any) -> list[Any]:
        named = [(n, r) for n, r in self.store.items() if hasattr(r, "name")]
        return [r for n, r in named if n.rsplit("/", 2)[0] == parent and raw(r).DESCRIPTOR.full_name == kind.full_name]

    def _page(self, plain: Any, rows: list[Any]) -> tuple[list[Any], str]:
        start = int(getattr(plain, "page_token", "") or 0)
        limits = [size for size in (getattr(plain, "page_size", 0), self.page_limit) if size]
        end = start + min(limits, default=len(rows))
        return rows[start:end], str(end) if end < len(rows) else ""

    def _found(self, name: str, context: grpc.ServicerContext) -> Any:
        if name not in self.store:
            context.abort(Code.NOT_FOUND, f"{name} was not found.")
        return self.store[name]


def parent_of(request: Any) -> str:
    """The parent that a request names; Monitoring says `name` for it."""
    plain: Any = raw(request)
    return str(getattr(plain, "parent", "") or getattr(plain, "name", ""))


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _is_message(plain: Any, field: str) -> bool:
    known = plain.DESCRIPTOR.fields_by_name.get(field)
    return bool(known and known.message_type and not known.is_repeated and "name" in known.message_type.fields_by_name)


def _given_id(plain: Any) -> str:
    ids = (f for f in plain.DESCRIPTOR.fields_by_name if f.endswith("_id") and f != "request_id")
    return next((str(getattr(plain, f)) for f in ids if getattr(plain, f)), "")


def _collection(rpc: Rpc, noun: str) -> str:
    """The path segment of a kind, as the client itself builds resource names (`featureGroups`)."""
    build = getattr(rpc.client, f"{noun}_path", None)
    if build is None:
        head, *tail = noun.split("_")
        plural = "".join([head, *(word.title() for word in tail)])
        return f"{plural[:-1]}ies" if plural.endswith("y") else f"{plural}s"
    count = build.__code__.co_argcount
    return str(build(*"x" * count).rsplit("/", 2)[-2])


def _stamp(resource: Any, *fields: str) -> None:
    for name in fields:
        if name in raw(resource).DESCRIPTOR.fields_by_name:
            setattr(resource, name, datetime.now(UTC))


def _terms(text: str, context: grpc.ServicerContext) -> Iterator[tuple[str, str]]:
    """`a = "b" AND c.d = e` as pairs; anything else is UNIMPLEMENTED, lest a filter be ignored in silence."""
    for term in re.split(r"\s+AND\s+", text) if text else ():
        match = TERM.fullmatch(term)
        if match is None:
            context.abort(Code.UNIMPLEMENTED, f"The loopback server does not read the filter {text!r}.")
            return
        yield match[1], next(value for value in match.groups()[1:] if value is not None)


def _matches(resource: Any, terms: list[tuple[str, str]]) -> bool:
    return all(_value(resource, path) == wanted for path, wanted in terms)


def _value(resource: Any, path: str) -> str:
    for part in path.split("."):
        resource = resource.get(part, "") if hasattr(resource, "get") else getattr(resource, part, "")
    return str(getattr(resource, "name", resource))

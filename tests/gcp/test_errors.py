"""Every exception of Google's libraries becomes one of ours; what a moment's patience mends is known."""

import importlib
import inspect
import json
from collections.abc import Iterator
from types import SimpleNamespace

import google.auth.exceptions
import grpc
import pytest
import requests
import urllib3.exceptions
from google.api_core import exceptions as api

from telecom import errors
from telecom.adapters.gcp._errors import IDEMPOTENT, is_transient, translate, vendor_errors

MODULES = (
    "google.api_core.exceptions",
    "google.auth.exceptions",
    "google.cloud.exceptions",
    "google.cloud.bigquery.exceptions",
    "google.cloud.bigquery_storage_v1.exceptions",
    "google.cloud.storage.exceptions",
    "google.resumable_media.common",
    "requests.exceptions",
    "urllib3.exceptions",
)
RESPONSE = SimpleNamespace(status_code=503, headers={})


def vendor_exceptions() -> Iterator[type[Exception]]:
    for name in MODULES:
        module = importlib.import_module(name)
        for found in vars(module).values():
            if inspect.isclass(found) and issubclass(found, Exception) and not issubclass(found, Warning):
                yield found


def instance(cls: type[Exception]) -> Exception:
    """An instance that carries what libraries put into it, whatever its constructor asks for."""
    error = cls.__new__(cls)
    Exception.__init__(error, "the vendor's words")
    for name, value in {"message": "the vendor's words", "response": RESPONSE, "_cause": None}.items():
        if not isinstance(getattr(cls, name, None), property):
            setattr(error, name, value)
    return error


VENDORS = ("google.", "http.client", "requests.", "urllib3.")
FOUND = {cls for cls in vendor_exceptions() if cls.__module__.startswith(VENDORS)}
ALL = sorted(FOUND, key=lambda cls: f"{cls.__module__}.{cls.__name__}")


def test_the_walk_finds_them() -> None:
    assert len(ALL) > 100


@pytest.mark.parametrize("cls", ALL, ids=lambda cls: f"{cls.__module__}.{cls.__name__}")
def test_every_vendor_exception_becomes_one_of_ours(cls: type[Exception]) -> None:
    with pytest.raises(errors.TelecomError, match=r"^Reading 'x' failed: ") as raised:
        with vendor_errors("Reading 'x'", "Do this."):
            raise instance(cls)
    assert isinstance(raised.value.__cause__, cls)
    assert raised.value.remedy


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
def test_every_status_of_grpc_becomes_one_of_ours(code: grpc.StatusCode) -> None:
    class Raised(grpc.RpcError):
        def code(self) -> grpc.StatusCode:
            return code

        def details(self) -> str:
            return "the vendor's words"

        def trailing_metadata(self) -> tuple[()]:
            return ()

    assert isinstance(translate(Raised(), "Reading 'x'"), errors.TelecomError)


@pytest.mark.parametrize("status", [*range(400, 420), 428, 429, 431, *range(500, 506)])
def test_every_http_status_becomes_one_of_ours(status: int) -> None:
    assert isinstance(translate(api.from_http_status(status, "words"), "Reading 'x'"), errors.TelecomError)


@pytest.mark.parametrize(
    ("error", "ours", "says", "remedy"),
    [
        (api.NotFound("no model 7"), errors.NotFound, "there is no such thing. no model 7", "Do this."),
        (api.AlreadyExists("a"), errors.TelecomError, "exists already", "Do this."),
        (api.PreconditionFailed("a"), errors.TelecomError, "changed meanwhile", "Do this."),
        (api.FailedPrecondition("a"), errors.TelecomError, "does not allow", "Do this."),
        (api.InvalidArgument("a"), errors.UsageError, "invalid", "Do this."),
        (api.OutOfRange("a"), errors.UsageError, "invalid", "Do this."),
        (api.PermissionDenied("a"), errors.DependencyUnavailable, "permission denied", "role"),
        (api.Unauthenticated("a"), errors.DependencyUnavailable, "who we are", "gcloud auth application-default login"),
        (api.ResourceExhausted("a"), errors.DependencyUnavailable, "quota", "later"),
        (api.ServiceUnavailable("a"), errors.DependencyUnavailable, "does not answer", "later"),
        (api.InternalServerError("a"), errors.DependencyUnavailable, "does not answer", "later"),
        (api.DeadlineExceeded("a"), errors.DependencyUnavailable, "in time", "later"),
        (api.RetryError("a", None), errors.DependencyUnavailable, "does not answer", "later"),
        (api.Aborted("a"), errors.DependencyUnavailable, "under way", "later"),
        (
            google.auth.exceptions.DefaultCredentialsError("a"),
            errors.DependencyUnavailable,
            "credentials",
            "gcloud auth application-default login",
        ),
        (google.auth.exceptions.TransportError("a"), errors.DependencyUnavailable, "sign-in", "later"),
        (requests.ConnectionError("a"), errors.DependencyUnavailable, "connection", "later"),
        (requests.ReadTimeout("a"), errors.DependencyUnavailable, "connection", "later"),
        (TimeoutError("a"), errors.DependencyUnavailable, "connection", "later"),
        (requests.exceptions.InvalidURL("a"), errors.UsageError, "address", "emulator"),
    ],
)
def test_each_kind_says_what_happened_and_what_to_do(
    error: Exception, ours: type[errors.TelecomError], says: str, remedy: str
) -> None:
    found = translate(error, "Reading 'x'", "Do this.")
    assert type(found) is ours
    assert says in found.message and found.message.endswith("a" if "model" not in says else "7")
    assert remedy in found.remedy


@pytest.mark.parametrize(
    "error", [ValueError("a"), KeyError("a"), errors.NotFound("a"), OSError("disk"), json.JSONDecodeError("a", "b", 0)]
)
def test_what_is_not_a_vendors_passes(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, vendor_errors("Reading 'x'"):
        raise error
    assert raised.value is error


def test_long_words_are_cut_to_one_line() -> None:
    found = translate(api.BadRequest("line\n" * 500), "Reading 'x'")
    assert found and "\n" not in found.message and len(found.message) < 600


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (api.TooManyRequests("a"), True),
        (api.InternalServerError("a"), True),
        (api.ServiceUnavailable("a"), True),
        (api.DeadlineExceeded("a"), True),
        (google.auth.exceptions.TransportError("a"), True),
        (requests.ConnectionError("a"), True),
        (urllib3.exceptions.ProtocolError("a"), True),
        (ConnectionResetError("a"), True),
        (api.NotFound("a"), False),
        (api.PreconditionFailed("a"), False),
        (api.Forbidden("a"), False),
        (api.MethodNotImplemented("a"), False),
        (google.auth.exceptions.RefreshError("a"), False),
        (requests.exceptions.InvalidURL("a"), False),
        (ValueError("a"), False),
    ],
)
def test_only_what_passes_by_itself_is_repeated(error: Exception, transient: bool) -> None:
    assert is_transient(error) is transient
    assert IDEMPOTENT._predicate(error) is transient

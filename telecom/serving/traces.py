"""OpenTelemetry spans of a service: FastAPI's own, made only where somebody collects them."""

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from telecom.errors import MissingExtra

TRACES: Mapping[str, Any] = {
    "auto_configure": True,
    "operation_spans": False,
    "metrics": False,
    "logs": False,
    "exclude": lambda scope: scope["path"] in ("/healthz", "/readyz", "/metrics"),
}
"""FastAPI's own OpenTelemetry: spans only, and only where one of the COLLECTORS is set."""
COLLECTORS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def collected() -> bool:
    """Whether the environment says where spans go."""
    return any(os.environ.get(name) for name in COLLECTORS)


def traces() -> Mapping[str, Any]:
    """How FastAPI makes traces; paths and queries, which name customers, are left out of them.

    Raises:
        MissingExtra: somebody collects them, and what sends them is not installed.
    """
    if collected():
        try:
            import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        except ModuleNotFoundError as error:
            package = (error.name or "").split(".")[0]
            raise MissingExtra(
                f"The package {package!r} is not installed.",
                "Install it with: pip install 'telecom-ml-llmops[telemetry]'",
            ) from error
        import_module("telecom.serving._quiet_spans").provide()
    return TRACES

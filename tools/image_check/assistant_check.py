"""The check of the assistant: the image's own command, as Cloud Run would start it, with nobody to talk to."""

import time
import urllib.error

from tools.image_check.cell import end
from tools.image_check.image import Image, NotPassed
from tools.image_check.running import health_checked, serving

PORT = "PORT"
MOST_RESIDENT_MB = 300
NOWHERE = {
    "BIGQUERY_EMULATOR_HOST": "http://127.0.0.1:1",
    "STORAGE_EMULATOR_HOST": "http://127.0.0.1:1",
    "TELECOM_GRPC_EMULATOR_HOST": "127.0.0.1:1",
}
"""Clients need no credentials for these, and nobody answers there."""


def assistant(image: Image) -> str:
    """The image's command serves, lets nobody in without a token, stays slim, is healthy and ends when told."""
    told = {"TELECOM_PROJECT": "example-project", "TELECOM_AUDIENCE": "https://assistant.example", **NOWHERE}
    with serving(image, PORT, told | {"TELECOM_LLM": "offline"}) as running:
        ready = running.wait("/healthz")
        routes = running.ask("/openapi.json")["paths"]
        try:
            running.ask("/chat", {"message": "Oi"})
        except urllib.error.HTTPError as refused:
            status = refused.code
        else:
            status = 200
        sick, memory = health_checked(image, running, PORT), running.resident_mb()
        stopping = time.monotonic()
        code = end(running.process)
        if "/chat" not in routes or status != 401 or code or memory > MOST_RESIDENT_MB:
            raise NotPassed(f"/chat without a token: {status}; SIGTERM: {code}; resident: {memory:.0f} MB.")
        return (
            f"healthy after {ready:.2f} s, {len(routes)} routes, /chat without a token {status}, "
            f"{memory:.0f} MB resident, HEALTHCHECK 0 and {sick}, SIGTERM → 0 in {time.monotonic() - stopping:.1f} s"
        )

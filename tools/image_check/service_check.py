"""The check of the service: the image's own command, started as Vertex AI would start it."""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools.image_check.cell import end
from tools.image_check.image import Image, NotPassed, passed

FOR_NO_REQUEST = ("google", "grpc", "scipy", "xgboost")
ROUTES = {"AIP_HEALTH_ROUTE": "/vertex/health", "AIP_PREDICT_ROUTE": "/vertex/predict"}
READY_SECONDS = 30.0
INSTANCE = {
    "gender": "Female",
    "SeniorCitizen": 0,
    "Partner": "Yes",
    "Dependents": "No",
    "tenure": 5,
    "PhoneService": "Yes",
    "MultipleLines": "No",
    "InternetService": "Fiber optic",
    "OnlineSecurity": "No",
    "OnlineBackup": "Yes",
    "DeviceProtection": "No",
    "TechSupport": "No",
    "StreamingTV": "Yes",
    "StreamingMovies": "No",
    "Contract": "Month-to-month",
    "PaperlessBilling": "Yes",
    "PaymentMethod": "Electronic check",
    "MonthlyCharges": 84.5,
    "TotalCharges": 422.5,
}


def service(image: Image) -> str:
    """The image's command serves the model as Vertex AI would start it, stays slim, is healthy and ends when told."""
    with serving(image) as (process, port, began):
        ready = _wait(process, port, "/healthz", began)
        asked = {"instances": [INSTANCE, INSTANCE]}
        answered = _ask(port, ROUTES["AIP_PREDICT_ROUTE"], asked)["predictions"]
        _ask(port, ROUTES["AIP_HEALTH_ROUTE"])
        if len(answered) != 2 or not 0 < answered[0]["churn_probability"] < 1 or not answered[0]["top_reasons"]:
            raise NotPassed(f"The answer is {answered}.")
        passed(image.cell.run(image.built.healthcheck, AIP_HTTP_PORT=str(port)), "HEALTHCHECK")
        sick = image.cell.run(image.built.healthcheck, AIP_HTTP_PORT="1").returncode
        memory, loaded = _resident(process.pid), _mapped(process.pid)
        stopping = time.monotonic()
        code = end(process)
        if code or not sick:
            raise NotPassed(f"It ended with {code} on SIGTERM; HEALTHCHECK of a dead port gave {sick}.")
        if loaded:
            raise NotPassed(f"The process has loaded {', '.join(loaded)}, which no request needs.")
        return (
            f"healthy after {ready:.2f} s, churn {answered[0]['churn_probability']:.3f}, {memory:.0f} MB resident, "
            f"HEALTHCHECK 0 and {sick}, SIGTERM → 0 in {time.monotonic() - stopping:.1f} s"
        )


@contextmanager
def serving(image: Image) -> Iterator[tuple[subprocess.Popen[bytes], int, float]]:
    """The image's own command, under Vertex AI's variables; killed at the end if it still runs."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    model = image.cell.inside(image.cell.scratch / "model")
    variables = {"AIP_HTTP_PORT": str(port), "AIP_STORAGE_URI": model, "TELECOM_PROJECT": "example-project", **ROUTES}
    log = image.cell.scratch.parent / "service.log"
    with log.open("wb") as stream:
        process = image.cell.start(image.built.command, stream, **variables)
        try:
            yield process, port, time.monotonic()
        except (NotPassed, urllib.error.URLError) as error:
            raise NotPassed(f"{error} The service said: {log.read_text('utf-8')[-1500:]}") from error
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, path: str, began: float) -> float:
    while time.monotonic() < began + READY_SECONDS:
        if process.poll() is not None:
            raise NotPassed(f"The service ended with {process.returncode}.")
        try:
            _ask(port, path)
            return time.monotonic() - began
        except OSError:
            time.sleep(0.02)
    raise NotPassed(f"The service was not healthy within {READY_SECONDS:.0f} s.")


def _ask(port: int, path: str, body: Mapping[str, Any] | None = None) -> Any:
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 (the address stands above)
        return json.loads(answer.read())


def _resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _mapped(pid: int) -> list[str]:
    """Packages of FOR_NO_REQUEST of which the process has mapped a compiled file."""
    maps = Path(f"/proc/{pid}/maps").read_text("utf-8")
    return [name for name in FOR_NO_REQUEST if f"/site-packages/{name}/" in maps]

"""Requests for one customer over HTTP, one after the other, beside MLflow's own scoring server of the same trees.

Ours checks and derives the features from Telco columns, calibrates and explains; MLflow's gets the finished matrix and
returns the trees' probability. In the same run: our latencies under an open-loop load, one request for 1,000
customers, the start, and a plain `XGBClassifier.predict_proba` on a pandas row without any HTTP.
"""

import csv
import http.client
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from socket import create_server
from typing import Any

from benchmarks.measuring import Bench, Measured, Took

HOST = "127.0.0.1"
CUSTOMERS = 1_000
REQUESTS = 500
LOAD_SECONDS = 20.0
OURS, THEIRS = "serving-ours.json", "serving-mlflow.json"
TOLERANCE = 2e-6
"""XGBoost adds its trees in float32; a probability then differs from ours by up to about 1e-6."""
WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class Server:
    """A process that serves, and how long it took until it did."""

    pid: int
    port: int
    ready_seconds: float

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Any:
        """The parsed answer; anything but 200 is an error of the bench."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        return json.loads(posted(connection, path, json.dumps(body), headers))

    def resident_mb(self) -> float:
        """Memory of the process now, in MB."""
        (line,) = (x for x in Path(f"/proc/{self.pid}/status").read_text().splitlines() if x.startswith("VmRSS"))
        return int(line.split()[1]) * 1024 / 1e6

    def cpu_seconds(self) -> float:
        """Processor time of the process so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ours(bench: Bench) -> Measured:
    """`telecom serve churn`, with a token and reasons."""
    instances = telco_instances(bench)
    port = free_port()
    command = [sys.executable, "-m", "telecom", "serve", "churn", "--port", str(port)]
    environment = {"TELECOM_HOME": str(bench.platform)}
    with serving(command, environment, port, "/readyz") as server:
        fresh = server.resident_mb()
        headers = {"Authorization": f"Bearer {token_for(bench)}"}
        took, latencies = one_by_one(server, "/predict", [{"instances": [i]} for i in instances], headers)
        with_reasons = load(server, {"instances": instances[:1]}, 300, headers)
        without = load(server, {"instances": instances[:1], "parameters": {"reasons": False}}, 1_000, headers)
        batch = {"instances": instances}
        _, batches = one_by_one(server, "/predict", [batch] * 20, headers)
        answers = server.post("/predict", batch, headers)["predictions"]
        figures = {
            "ready after s (target 1.5)": server.ready_seconds,
            "resident MB when ready": fresh,
            "resident MB at the end (target 250)": server.resident_mb(),
            "one by one, p50 ms": 1000 * statistics.median(latencies),
            **shown("300/s with reasons", 10, with_reasons),
            **shown("1,000/s without reasons", 5, without),
            "processor ms of the service per request with reasons": 1000 * took.cpu / len(latencies),
            "1,000 customers in one request, median ms (target 40)": 1000 * statistics.median(batches[1:]),
            "1,000 customers in one request, worst ms": 1000 * max(batches[1:]),
        }
    probabilities = [answer["churn_probability"] for answer in answers]
    bench.scratch(OURS).write_text(json.dumps({"figures": figures, "probabilities": probabilities}), "utf-8")
    return Measured(took, REQUESTS)


def alternative(bench: Bench) -> Measured:
    """`mlflow models serve` of the same booster, as MLflow starts it; and `predict_proba` without a server."""
    from mlflow.pyfunc.scoring_server import get_cmd

    folder, frame = mlflow_model(bench)
    plain = plain_milliseconds(bench, frame)
    port = free_port()
    _, environment = get_cmd(str(folder))
    app = "mlflow.pyfunc.scoring_server.app:app"
    command = [sys.executable, "-m", "uvicorn", "--host", HOST, "--port", str(port), "--log-level", "error", app]
    with serving(command, environment, port, "/ping") as server:
        bodies = [{"dataframe_split": frame.iloc[[n]].to_dict("split", index=False)} for n in range(len(frame))]
        took, latencies = one_by_one(server, "/invocations", bodies)
        whole = {"dataframe_split": frame.to_dict("split", index=False)}
        probabilities = server.post("/invocations", whole)["predictions"]
        figures = {
            "MLflow one by one, p50 ms": 1000 * statistics.median(latencies),
            "MLflow one by one, p99 ms": 1000 * statistics.quantiles(latencies, n=100)[-1],
            "MLflow ready after s": server.ready_seconds,
            "MLflow resident MB": server.resident_mb(),
            "XGBClassifier.predict_proba on a pandas row, no HTTP, median ms": plain,
        }
    bench.scratch(THEIRS).write_text(json.dumps({"figures": figures, "probabilities": probabilities}), "utf-8")
    return Measured(took, REQUESTS)


def compare(bench: Bench) -> Measured:
    """All figures; and MLflow's probabilities, calibrated as ours are, against ours."""
    import numpy as np

    from benchmarks.score import load as champion

    mine, theirs = (json.loads(bench.scratch(name).read_text("utf-8")) for name in (OURS, THEIRS))
    raw = np.array(theirs["probabilities"], dtype=np.float64)
    expected = champion(bench).calibrator.apply(np.log(raw / (1 - raw)))
    apart = float(np.abs(np.array(mine["probabilities"]) - expected).max())
    complaints = [] if apart <= TOLERANCE else [f"probabilities differ by up to {apart:.2g}"]
    figures = {**mine["figures"], **theirs["figures"], "largest difference of a probability": apart}
    return Measured(Took(), CUSTOMERS, found=figures | {"complaints": complaints})


def telco_instances(bench: Bench) -> list[dict[str, str]]:
    """The first customers of the file, as a caller would send them."""
    with bench.csv.open(newline="") as file:
        rows = list(islice(csv.DictReader(file), CUSTOMERS))
    return [{name: text for name, text in row.items() if name != "Churn"} for row in rows]


def mlflow_model(bench: Bench) -> tuple[Path, Any]:
    """The champion's trees as an MLflow model, and the customers as the frame that they read."""
    import mlflow.xgboost
    import pandas as pd
    import xgboost

    from benchmarks.score import bundle_folder, model_features
    from mlops.src.serving.instances import Instances

    booster = xgboost.Booster(model_file=bundle_folder(bench) / "model.json")
    folder = bench.scratch("mlflow-model")
    if not folder.exists():
        mlflow.xgboost.save_model(booster, folder, pip_requirements=["xgboost"], model_format="json")
    rows = Instances().rows(telco_instances(bench))
    return folder, pd.DataFrame(rows, columns=list(model_features(bench)), dtype="float32")


def plain_milliseconds(bench: Bench, frame: Any) -> float:
    """One call of `predict_proba` on a frame of one row."""
    from xgboost import XGBClassifier

    from benchmarks.score import bundle_folder

    classifier, times = XGBClassifier(), []
    classifier.load_model(bundle_folder(bench) / "model.json")
    for number in range(200):
        row, began = frame.iloc[[number]], time.perf_counter()
        classifier.predict_proba(row)
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


def one_by_one(
    server: Server, path: str, bodies: Sequence[Any], headers: dict[str, str] | None = None
) -> tuple[Took, list[float]]:
    """The bodies (up to `REQUESTS`) over one kept connection: in all (processor time: the server's), and each."""
    connection = http.client.HTTPConnection(HOST, server.port, timeout=30)
    sent = [json.dumps(body) for body in bodies[:REQUESTS]]
    posted(connection, path, sent[0], headers)
    cpu, began, latencies = server.cpu_seconds(), time.perf_counter(), []
    for body in sent:
        at = time.perf_counter()
        posted(connection, path, body, headers)
        latencies.append(time.perf_counter() - at)
    return Took(time.perf_counter() - began, server.cpu_seconds() - cpu), latencies


def posted(connection: http.client.HTTPConnection, path: str, body: str, headers: dict[str, str] | None) -> bytes:
    """The answer to one request on an open connection, as it arrived."""
    connection.request("POST", path, body, {"Content-Type": "application/json", **(headers or {})})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}: {text[:500]!r}")
    return text


def load(server: Server, body: Any, rate: int, headers: dict[str, str]) -> dict[str, float]:
    """What `benchmarks.load` measured at a rate; NaN where not every request was answered with 200."""
    token = headers["Authorization"].removeprefix("Bearer ")
    command = [sys.executable, "-m", "benchmarks.load", HOST, str(server.port), "/predict"]
    command += ["--rate", str(rate), "--seconds", str(LOAD_SECONDS), "--token", token]
    done = subprocess.run(command, input=json.dumps(body).encode(), stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found if set(found["codes"]) == {"200"} else dict.fromkeys(found, math.nan)


def shown(what: str, target: float, found: dict[str, float]) -> dict[str, float]:
    """The figures of one load: all of it, and the seconds in which the machine was all ours."""
    return {
        f"{what}, p50 ms": found["p50_ms"],
        f"{what}, p99 ms (target {target:g})": found["p99_ms"],
        f"{what}, p99 ms of the client's own lag": found["late_ms"],
        f"{what}, % of the processors taken by others": 100 * found["stolen"],
        f"{what}, seconds in which nothing was": found["quiet_seconds"],
        f"{what}, p50 ms in these": found["quiet_p50_ms"],
        f"{what}, p99 ms in these": found["quiet_p99_ms"],
    }


@contextmanager
def serving(command: Sequence[str], environment: dict[str, str], port: int, path: str) -> Iterator[Server]:
    """A server that answers `path`; ended when this ends."""
    began = time.perf_counter()
    with subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.DEVNULL) as process:
        try:
            while not answers(port, path):
                if process.poll() is not None or time.perf_counter() - began > WAIT_SECONDS:
                    raise RuntimeError(f"{' '.join(command)} does not serve")
                time.sleep(0.005)
            yield Server(process.pid, port, time.perf_counter() - began)
        finally:
            process.terminate()


def answers(port: int, path: str) -> bool:
    """Whether there is an answer of 200."""
    try:
        connection = http.client.HTTPConnection(HOST, port, timeout=5)
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False


def free_port() -> int:
    """A port that nobody listens on."""
    with create_server((HOST, 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def token_for(bench: Bench) -> str:
    """A development token, as `telecom token` prints it."""
    command = [sys.executable, "-m", "telecom", "token", "--service", "bench", "--audience", "telecom-churn"]
    environment = {**os.environ, "TELECOM_HOME": str(bench.platform)}
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

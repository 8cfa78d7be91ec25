"""Vertex AI endpoints and model monitors, as far as their published words tell how they behave.

The preview messages take seconds to import; only what speaks of monitors does so.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import grpc
from google.cloud.aiplatform_v1 import types

from tests.loopback.bigquery_engine import Engine
from tests.loopback.crud import Crud
from tests.loopback.messages import copy_of, find_rpc
from tests.loopback.operations import done

Code = grpc.StatusCode
Handler = Callable[[Any, grpc.ServicerContext], Any]
ENDPOINT_ID = re.compile(r"[1-9]\d{0,9}|[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
MONITOR_ID = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
BINS = 10


class Endpoints:
    """Stateful answers of EndpointService."""

    def __init__(self, crud: Crud) -> None:
        self._crud = crud

    def handlers(self) -> Mapping[str, Handler]:
        """By rpc."""
        return {
            "CreateEndpoint": self.create,
            "UpdateEndpoint": self.update,
            "DeployModel": self.deploy,
            "UndeployModel": self.undeploy,
        }

    def create(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Under an id that Vertex AI takes."""
        if request.endpoint_id and not ENDPOINT_ID.fullmatch(request.endpoint_id):
            context.abort(Code.INVALID_ARGUMENT, f"{request.endpoint_id!r} is no endpoint id.")
        operation = self._default("v1.EndpointService/CreateEndpoint", request, context)
        self._crud.store[f"{request.parent}/endpoints/{request.endpoint_id}"].etag = "1"
        return operation

    def update(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Only from what it is now, and to a split among what is deployed."""
        held = self._found(request.endpoint.name, context)
        if request.endpoint.etag and request.endpoint.etag != held.etag:
            context.abort(Code.ABORTED, f"{held.name} was changed meanwhile.")
        if "traffic_split" in request.update_mask.paths:
            _check_split(held, request.endpoint.traffic_split, context)
        answer = self._default("v1.EndpointService/UpdateEndpoint", request, context)
        answer.etag = str(int(held.etag or 0) + 1)
        return answer

    def deploy(self, request: Any, context: grpc.ServicerContext) -> Any:
        """A version that is registered, under an id that is free."""
        held = self._found(request.endpoint, context)
        model = copy_of(request.deployed_model)
        self._found(model.model, context)
        if model.id in [each.id for each in held.deployed_models]:
            context.abort(Code.ALREADY_EXISTS, f"{held.name} has a deployed model {model.id}.")
        if not re.fullmatch(r"\d{1,10}", model.id) or not model.dedicated_resources.min_replica_count:
            context.abort(Code.INVALID_ARGUMENT, f"{model.id!r} cannot be deployed.")
        held.deployed_models.append(model)
        if request.traffic_split:
            split = {model.id if id_ == "0" else id_: part for id_, part in request.traffic_split.items()}
            _check_split(held, split, context)
            held.traffic_split = split
        held.etag = str(int(held.etag or 0) + 1)
        return done(types.DeployModelResponse(deployed_model=model))

    def undeploy(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Only what gets no requests."""
        held = self._found(request.endpoint, context)
        if held.traffic_split.get(request.deployed_model_id):
            context.abort(Code.FAILED_PRECONDITION, f"{request.deployed_model_id} has traffic.")
        kept = [model for model in held.deployed_models if model.id != request.deployed_model_id]
        if len(kept) == len(held.deployed_models):
            context.abort(Code.NOT_FOUND, f"{held.name} has no deployed model {request.deployed_model_id}.")
        held.deployed_models = kept
        return done(types.UndeployModelResponse())

    def _found(self, name: str, context: grpc.ServicerContext) -> Any:
        if name not in self._crud.store:
            context.abort(Code.NOT_FOUND, f"{name} was not found.")
        return self._crud.store[name]

    def _default(self, rpc: str, request: Any, context: grpc.ServicerContext) -> Any:
        return self._crud.answer(_rpc(rpc), request, context)


class Monitors:
    """Stateful answers of ModelMonitoringService (v1beta1): its jobs look at the rows and find real distances."""

    def __init__(self, crud: Crud, engine: Engine) -> None:
        self._crud = crud
        self._engine = engine

    def handlers(self) -> Mapping[str, Handler]:
        """By rpc."""
        return {
            "CreateModelMonitor": self.create,
            "CreateModelMonitoringJob": self.create_job,
            "SearchModelMonitoringStats": self.search,
        }

    def create(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Of a registered version, over features of its schema."""
        monitor = request.model_monitor
        target = monitor.model_monitoring_target.vertex_model
        if f"{target.model}@{target.model_version_id}" not in self._crud.store:
            context.abort(Code.NOT_FOUND, f"{target.model} version {target.model_version_id} was not found.")
        known = {field.name for field in monitor.model_monitoring_schema.feature_fields}
        wanted = monitor.tabular_objective.feature_drift_spec
        if not {*wanted.features, *wanted.feature_alert_conditions} <= known:
            context.abort(Code.INVALID_ARGUMENT, "The objective names features that the schema lacks.")
        if not MONITOR_ID.fullmatch(request.model_monitor_id):
            context.abort(Code.INVALID_ARGUMENT, f"{request.model_monitor_id!r} is no monitor id.")
        return self._crud.answer(_rpc("v1beta1.ModelMonitoringService/CreateModelMonitor"), request, context)

    def create_job(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Done at once, if its monitor exists."""
        from google.cloud.aiplatform_v1beta1 import JobState

        if request.parent not in self._crud.store:
            context.abort(Code.NOT_FOUND, f"{request.parent} was not found.")
        job = self._crud.answer(_rpc("v1beta1.ModelMonitoringService/CreateModelMonitoringJob"), request, context)
        job.state = JobState.JOB_STATE_SUCCEEDED
        return job

    def search(self, request: Any, context: grpc.ServicerContext) -> Any:
        """One point per feature, in the order of the schema."""
        from google.cloud.aiplatform_v1beta1 import SearchModelMonitoringStatsResponse

        monitor = self._crud.store[request.model_monitor]
        job = self._crud.store[request.stats_filter.tabular_stats_filter.model_monitoring_job]
        spec = monitor.tabular_objective.feature_drift_spec
        baseline = self._rows(monitor.training_dataset)
        target = self._rows(job.model_monitoring_spec.objective_spec.target_dataset)
        found = []
        for field in monitor.model_monitoring_schema.feature_fields:
            distance = _divergence([row[field.name] for row in baseline], [row[field.name] for row in target])
            special = spec.feature_alert_conditions.get(field.name)
            threshold = (special or spec.default_numeric_alert_condition).threshold
            point = {
                "current_stats": {"distribution_value": {"distribution_deviation": distance}},
                "threshold_value": threshold,
                "has_anomaly": distance > threshold,
            }
            found.append({"tabular_stats": {"stats_name": field.name, "data_points": [point]}})
        return SearchModelMonitoringStatsResponse(monitoring_stats=found)

    def _rows(self, given: Any) -> list[dict[str, Any]]:
        result = self._engine.run(given.columnized_dataset.bigquery_source.query, {}).result
        return result.to_pylist() if result is not None else []


def _check_split(endpoint: Any, split: Mapping[str, int], context: grpc.ServicerContext) -> None:
    deployed = {model.id for model in endpoint.deployed_models}
    if set(split) - deployed or sum(split.values()) != 100:
        context.abort(Code.INVALID_ARGUMENT, f"The traffic split {dict(split)} does not add up over {deployed}.")


def _divergence(before: Sequence[Any], after: Sequence[Any]) -> float:
    """Jensen-Shannon divergence to base 2, numbers in equal bins."""
    values = [*before, *after]
    if isinstance(values[0], int | float) and not isinstance(values[0], bool):
        low, width = min(values), (max(values) - min(values)) / BINS or 1.0
        before, after = ([min(int((v - low) / width), BINS - 1) for v in side] for side in (before, after))
    p, q = Counter(before), Counter(after)
    total = 0.0
    for value in {*p, *q}:
        a, b = p[value] / len(before), q[value] / len(after)
        total += sum(x / 2 * math.log2(2 * x / (a + b)) for x in (a, b) if x)
    return total


def _rpc(name: str) -> Any:
    found = find_rpc(f"/google.cloud.aiplatform.{name}")
    assert found, name
    return found

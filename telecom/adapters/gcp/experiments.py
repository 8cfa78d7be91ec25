"""Experiment tracking on Google Cloud: Vertex AI Experiments for figures, Cloud Storage for files."""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.api_core.exceptions import AlreadyExists

from telecom.adapters.gcp._buckets import bucket_of, upload_folder
from telecom.adapters.gcp._errors import IDEMPOTENT, vendor_errors
from telecom.adapters.gcp._sdk import aiplatform_sdk
from telecom.errors import UsageError
from telecom.ports import Run
from telecom.settings import Settings

# A run is a metadata context named <experiment>-<run>. The SDK keeps seven of its 128 characters for itself.
LONGEST_ID = 121
LONGEST_EXPERIMENT = 63
# Of the 200 KB that a context's metadata may hold (aiplatform_v1 Context.metadata).
LONGEST_VALUE = 1_000
_DIGESTS = 8


class VertexExperiments:
    """Implements `telecom.ports.Experiments`. Files go to `gs://<pipelines>/experiments/<experiment>/<run>/`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def record(self, run: Run) -> str:
        """Remembers one finished run. The same name and digests again are the same run, brought up to date.

        Names are made to fit Vertex AI: lower case, digits and '-'. Tags become parameters `tag.<name>`; values longer
        than 1,000 characters are cut and say so.

        Returns:
            The run's resource name, `projects/…/contexts/<experiment>-<run>`.

        Raises:
            UsageError: the names cannot be used, or something else than an experiment has the experiment's name.
        """
        experiment = _named(run.experiment)[:LONGEST_EXPERIMENT].strip("-")
        name = _run_name(run, LONGEST_ID - len(experiment) - 1)
        try:
            with vendor_errors(f"Recording the run {name} in Vertex AI Experiments"):
                return str(IDEMPOTENT(self._record)(run, experiment, name))
        except (RuntimeError, ValueError) as error:  # what the SDK itself refuses
            raise UsageError(f"Vertex AI Experiments does not take the run {name}: {error}") from error

    def _record(self, run: Run, experiment: str, name: str) -> str:
        parameters = _parameters(run)
        if run.artifacts:
            parameters["artifacts_uri"] = self._keep(run.artifacts, f"experiments/{experiment}/{name}")
        with aiplatform_sdk(self._settings) as sdk:
            recorded = _started(sdk, experiment, name)
            recorded.log_params(parameters)
            recorded.log_metrics(_metrics(run.metrics))
            recorded.end_run()
            return str(recorded.resource_name)

    def _keep(self, artifacts: Path, prefix: str) -> str:
        upload_folder(bucket_of(self._settings, "pipelines"), prefix, artifacts)
        return f"gs://{self._settings.bucket('pipelines')}/{prefix}/"


def _started(sdk: Any, experiment: str, name: str) -> Any:
    """The run in its experiment, both made where they are missing. Needs no TensorBoard and makes none."""
    try:
        return _new_or_resumed(sdk, experiment, name)
    except (AlreadyExists, RuntimeError):  # somebody else made it a moment ago, or the run was made and could not join
        return _new_or_resumed(sdk, experiment, name)


def _new_or_resumed(sdk: Any, experiment: str, name: str) -> Any:
    parent = sdk.Experiment.get_or_create(experiment)
    run = sdk.ExperimentRun.get(name, experiment=parent)
    if run is None:
        return sdk.ExperimentRun.create(name, experiment=parent)
    # Whoever began it may have ended before it joined its experiment; joining twice is no change.
    sdk.Context(parent.resource_name).add_context_children([sdk.Context(run.resource_name)])
    return run


def _run_name(run: Run, longest: int) -> str:
    """The run's name, made to fit, with a digest of what tells it from others of that name."""
    told_by = {key: value for key, value in run.tags.items() if key.endswith("digest")}
    digest = hashlib.sha256(json.dumps([run.name, told_by], sort_keys=True).encode()).hexdigest()[:_DIGESTS]
    return f"{_named(run.name)[: longest - _DIGESTS - 1].strip('-')}-{digest}"


def _named(name: str) -> str:
    fitting = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if not fitting:
        raise UsageError(f"{name!r} has no letter or digit for a name in Vertex AI.", "Name it otherwise.")
    return fitting


def _parameters(run: Run) -> dict[str, str]:
    tagged = {f"tag.{key}": value for key, value in run.tags.items()}
    return {key: _short(value) for key, value in sorted({**run.parameters, **tagged}.items())}


def _short(value: str) -> str:
    if len(value) <= LONGEST_VALUE:
        return value
    note = f"… [cut, {len(value):,} characters]"
    return value[: LONGEST_VALUE - len(note)] + note


def _metrics(metrics: Mapping[str, float]) -> dict[str, float | str]:
    """Plain numbers as they are; JSON, in which they are kept, has no word for others."""
    return {key: value if math.isfinite(value) else str(value) for key, value in sorted(metrics.items())}

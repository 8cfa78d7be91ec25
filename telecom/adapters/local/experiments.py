"""Experiment tracking on one machine: MLflow over SQLite."""

import time

from telecom.adapters.local._mlflow import mlflow_client
from telecom.adapters.local._registry_cache import cached_names
from telecom.adapters.local.registry import CACHE, remember
from telecom.ports import Run
from telecom.settings import Settings


class LocalExperiments:
    """Implements `telecom.ports.Experiments` in `<home>/mlflow.db`, files below `<home>/experiments`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def record(self, run: Run) -> str:
        """Remembers one finished run.

        Returns:
            The run's id in MLflow.
        """
        from mlflow.entities import Metric, Param, RunTag

        now = int(time.time() * 1000)
        with mlflow_client(self._settings) as client:
            found = client.get_experiment_by_name(run.experiment)
            files = (self._settings.home / "experiments").as_uri()
            experiment = found.experiment_id if found else client.create_experiment(run.experiment, files)
            run_id = str(client.create_run(experiment, run_name=run.name).info.run_id)
            client.log_batch(
                run_id,
                metrics=[Metric(name, value, now, 0) for name, value in sorted(run.metrics.items())],
                params=[Param(name, value) for name, value in sorted(run.parameters.items())],
                tags=[RunTag(name, value) for name, value in sorted(run.tags.items())],
            )
            if run.artifacts:
                client.log_artifacts(run_id, str(run.artifacts))
            client.set_terminated(run_id)
            # The runs lie in the registry's database: whoever reads that next need not ask MLflow.
            home = self._settings.home
            for name in cached_names(home / CACHE):
                remember(client, home, name)
        return run_id

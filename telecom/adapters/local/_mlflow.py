"""The MLflow client of one TELECOM_HOME: SQLite behind it, telemetry off, its exceptions translated."""

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

from telecom.adapters.local._files import exclusive
from telecom.adapters.local._mlflow_schema import make_database
from telecom.errors import DependencyUnavailable
from telecom.settings import Settings

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

LOCK = "mlflow.lock"


@contextmanager
def mlflow_client(settings: Settings) -> Iterator["MlflowClient"]:
    """A client that nobody else of this home uses meanwhile: SQLite takes one writer, and the first use builds it.

    Raises:
        DependencyUnavailable: MLflow or its database fails.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient
    from sqlalchemy.exc import SQLAlchemyError

    for noisy in ("mlflow", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    home = settings.home
    home.mkdir(parents=True, exist_ok=True)
    # With the driver named, MLflow leaves the path to SQLAlchemy, which undoes the quoting; MLflow would not.
    uri = f"sqlite+pysqlite:///{quote(str(home / 'mlflow.db'))}"
    # Otherwise it is the working directory, quotes and all, that goes into the SQL of its first experiment.
    os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = (home / "experiments").as_uri()
    with exclusive(home / LOCK, settings.lock_seconds, "The model registry"):
        try:
            make_database(home / "mlflow.db")
            yield MlflowClient(tracking_uri=uri, registry_uri=uri)
        except (MlflowException, SQLAlchemyError, sqlite3.Error) as error:
            raise DependencyUnavailable(
                f"MLflow failed on {home / 'mlflow.db'}: {error}",
                "Is the disk full, or the file of another MLflow version?",
            ) from error

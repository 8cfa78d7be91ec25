"""What a Google Cloud project is read for before anything is deployed or run there.

Pure data: `telecom.adapters.gcp.preflight` reads it, `telecom.preflight_rules` judges it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

DATASETS = ("telecom_bronze", "telecom_silver", "telecom_gold", "telecom_monitoring", "telecom_staging")
WRITTEN_TABLE = ("telecom_gold", "telco_churn_scored")
"""Stands for all tables when permissions to write are asked for: BigQuery answers for tables, not for datasets."""

APIS = tuple(
    f"{name}.googleapis.com"
    for name in (
        "aiplatform",
        "artifactregistry",
        "bigquery",
        "bigquerydatapolicy",
        "bigquerystorage",
        "billingbudgets",
        "cloudbilling",
        "cloudbuild",
        "cloudkms",
        "cloudquotas",
        "cloudresourcemanager",
        "cloudscheduler",
        "compute",
        "containerscanning",
        "datacatalog",
        "dataplex",
        "discoveryengine",
        "dns",
        "firestore",
        "iam",
        "iamcredentials",
        "logging",
        "modelarmor",
        "monitoring",
        "pubsub",
        "run",
        "secretmanager",
        "serviceusage",
        "storage",
        "sts",
    )
)
ROLES: Mapping[str, tuple[str, ...]] = {
    "roles/aiplatform.user": (
        "aiplatform.featureGroups.create",
        "aiplatform.models.upload",
        "aiplatform.pipelineJobs.create",
    ),
    "roles/bigquery.jobUser": ("bigquery.jobs.create",),
    "roles/bigquery.readSessionUser": ("bigquery.readsessions.create",),
    "roles/monitoring.metricWriter": ("monitoring.timeSeries.create",),
    "roles/monitoring.viewer": ("monitoring.timeSeries.list",),
    "roles/run.developer": ("run.services.get", "run.services.update"),
}
"""On the project: the role that is asked for, and permissions that show that somebody has it."""

BUCKET_PERMISSIONS = ("storage.objects.create", "storage.objects.get", "storage.objects.list")
TABLE_PERMISSIONS = ("bigquery.tables.getData", "bigquery.tables.updateData")
ACT_AS = "iam.serviceAccounts.actAs"

AGENTS: Mapping[str, tuple[str, str]] = {
    "aiplatform.googleapis.com": ("gcp-sa-aiplatform", "roles/aiplatform.serviceAgent"),
    "cloudscheduler.googleapis.com": ("gcp-sa-cloudscheduler", "roles/cloudscheduler.serviceAgent"),
    "dataplex.googleapis.com": ("gcp-sa-dataplex", "roles/dataplex.serviceAgent"),
    "discoveryengine.googleapis.com": ("gcp-sa-discoveryengine", "roles/discoveryengine.serviceAgent"),
    "pubsub.googleapis.com": ("gcp-sa-pubsub", "roles/pubsub.serviceAgent"),
    "run.googleapis.com": ("serverless-robot-prod", "roles/run.serviceAgent"),
}
"""Service → the domain of its agent, and the role that the agent has on the project."""

QUOTAS: Mapping[tuple[str, str], int] = {
    ("aiplatform.googleapis.com", "aiplatform.googleapis.com/custom_model_training_cpus"): 8,
    ("run.googleapis.com", "run.googleapis.com/cpu_allocation"): 20_000,
}
"""Service and metric → what a region needs: two steps of four CPUs at a time; 20 vCPUs of services, in milli-vCPUs."""


@dataclass(frozen=True)
class Unread:
    """Something that could not be read: its API is off, we may not, it is not there, or it failed.

    `said` is for people.
    """

    kind: Literal["disabled", "denied", "missing", "failed"]
    service: str
    said: str


@dataclass(frozen=True)
class Place:
    """A bucket or dataset: where it lies, in lower case, and which of the permissions asked for we lack."""

    location: str
    lacking: tuple[str, ...] | Unread = ()


@dataclass(frozen=True)
class Provider:
    """A federation provider: whose tokens it takes, and on which condition."""

    pool: str
    name: str
    issuer: str
    condition: str


@dataclass(frozen=True)
class Quota:
    """A limit in the region asked for; -1 is none."""

    service: str
    metric: str
    id: str
    limit: int


@dataclass(frozen=True)
class Billing:
    """The billing account (`billingAccounts/…`, or empty) and the budgets on it that may concern us."""

    account: str
    enabled: bool
    budgets: "tuple[Budget, ...] | Unread"


@dataclass(frozen=True)
class Budget:
    """A budget: the projects (`projects/<number>`) that it counts, all of the account if none; its alert thresholds."""

    name: str
    projects: tuple[str, ...]
    thresholds: tuple[float, ...]


@dataclass(frozen=True)
class Observed:
    """A project as it was found. A bucket or dataset that is None does not exist."""

    project: str
    env: str
    region: str
    caller: str
    service_account: str
    image: str
    number: str | Unread
    apis: frozenset[str] | Unread
    granted: frozenset[str] | Unread
    may_act: bool | Unread | None
    agents: frozenset[tuple[str, str]] | Unread
    buckets: Mapping[str, Place | Unread | None]
    datasets: Mapping[str, Place | Unread | None]
    quotas: Mapping[str, tuple[Quota, ...] | Unread]
    providers: tuple[Provider, ...] | Unread
    billing: Billing | Unread

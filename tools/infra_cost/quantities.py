"""From a planned resource to what it uses a month: price id, quantity, and what for."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tools.infra_cost.tables import Usage
from tools.infra_policies.plan import UNKNOWN, Resource

HOURS = 730.0
SECONDS = HOURS * 3600
UPTIME_REGIONS = 6
MEMORY: Mapping[str, float] = {"Ki": 2**-20, "Mi": 2**-10, "Gi": 1.0, "M": 1e6 / 2**30, "G": 1e9 / 2**30}


@dataclass(frozen=True)
class Amount:
    """A quantity in the unit of its price."""

    item: str
    price: str
    quantity: float


def amounts(resource: Resource, usage: Usage) -> Iterator[Amount] | None:
    """What a resource uses by itself; None where nobody has thought about the price of its type."""
    measure = MEASURES.get(resource.type)
    if measure:
        return measure(resource, usage)
    free = FREE.fullmatch(resource.type) or not resource.type.startswith("google_")
    return iter(()) if free else None


def lacks_assumption(resource: Resource, usage: Usage) -> bool:
    """Whether a resource would count as costing nothing only because nobody said how much it is used."""
    if resource.type not in ASSUMED:
        return False
    table, path = ASSUMED[resource.type]
    return not _assumed(getattr(usage, table), resource, resource.one(path))


def vcpus(text: Any) -> float:
    """`2`, `500m`; what is not told counts as 1, Cloud Run's default."""
    if text in (None, "") or text is UNKNOWN:
        return 1.0
    return float(text[:-1]) / 1000 if str(text).endswith("m") else float(text)


def gibibytes(text: Any) -> float:
    """`512Mi`, `2Gi`, `1G`; what is not told counts as 0.5, Cloud Run's default."""
    if text in (None, "") or text is UNKNOWN:
        return 0.5
    number, unit = re.fullmatch(r"([\d.]+)(Ki|Mi|Gi|M|G)", str(text)).groups()  # type: ignore[union-attr]
    return float(number) * MEMORY[unit]


def _assumed(table: Mapping[str, Mapping[str, Any]], resource: Resource, name: Any) -> Mapping[str, Any]:
    """The assumptions for a name: `churn` for telecom-churn-dev, `bronze` for project-dev-bronze."""
    core = str(name).removesuffix(f"-{resource.environment}")
    fits = [key for key in table if core == key or core.endswith((f"-{key}", f"_{key}"))]
    return table[max(fits, key=len)] if fits else {}


def _size(resource: Resource, path: str) -> tuple[float, float]:
    """CPUs and GiB of all containers of an instance."""
    containers = [each for each in resource.all(path) if isinstance(each, Mapping)] or [{}]
    limits = [_limits(each) for each in containers]
    return sum(vcpus(each.get("cpu")) for each in limits), sum(gibibytes(each.get("memory")) for each in limits)


def _limits(container: Mapping[str, Any]) -> Mapping[str, Any]:
    resources: Any = container.get("resources")
    first = resources[0] if isinstance(resources, list) and resources else {}
    found = first.get("limits") if isinstance(first, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _service(resource: Resource, usage: Usage) -> Iterator[Amount]:
    name = resource.one("name")
    cpu, memory = _size(resource, "template.containers")
    assumed = _assumed(usage.services, resource, name)
    least = resource.one("template.scaling.min_instance_count")
    kept = (0 if least is UNKNOWN else least or 0) * SECONDS
    busy = float(assumed.get("busy_seconds", 0))
    if resource.one("template.containers.resources.cpu_idle") is False:
        lived = max(busy, kept)
        yield Amount(f"{name}: CPU, always allocated", "run.instance.cpu", lived * cpu)
        yield Amount(f"{name}: memory, always allocated", "run.instance.memory", lived * memory)
        return
    idle = max(kept - busy, 0)
    yield Amount(f"{name}: requests", "run.requests", float(assumed.get("requests", 0)) / 1e6)
    yield Amount(f"{name}: CPU while answering", "run.cpu", busy * cpu)
    yield Amount(f"{name}: memory while answering", "run.memory", busy * memory)
    yield Amount(f"{name}: CPU of idle minimum instances", "run.idle.cpu", idle * cpu)
    yield Amount(f"{name}: memory of idle minimum instances", "run.idle.memory", idle * memory)


def _job(resource: Resource, usage: Usage) -> Iterator[Amount]:
    name = resource.one("name")
    cpu, memory = _size(resource, "template.template.containers")
    assumed = _assumed(usage.jobs, resource, name)
    tasks = resource.one("template.task_count")
    lived = (
        float(assumed.get("executions", 0)) * float(assumed.get("seconds", 0)) * (tasks if type(tasks) is int else 1)
    )
    yield Amount(f"{name}: CPU of the job", "run.instance.cpu", lived * cpu)
    yield Amount(f"{name}: memory of the job", "run.instance.memory", lived * memory)


def _bucket(resource: Resource, usage: Usage) -> Iterator[Amount]:
    name = resource.one("name")
    assumed = _assumed(usage.buckets, resource, name)
    kind = str(resource.one("storage_class") or "STANDARD").lower()
    yield Amount(f"bucket {name}: {kind}", f"storage.{kind}", float(assumed.get("gb", 0)))
    yield Amount(f"bucket {name}: writes, lists", "storage.class_a", float(assumed.get("class_a", 0)) / 1000)
    yield Amount(f"bucket {name}: reads", "storage.class_b", float(assumed.get("class_b", 0)) / 1000)


def _dataset(resource: Resource, usage: Usage) -> Iterator[Amount]:
    name = resource.one("dataset_id")
    yield Amount(f"dataset {name}", "bigquery.storage", float(_assumed(usage.datasets, resource, name).get("gib", 0)))


def _secret(resource: Resource, usage: Usage) -> Iterator[Amount]:
    places = len(resource.all("replication.user_managed.replicas")) or 1
    versions = usage.each.get("secret_versions", 1)
    yield Amount(f"secret {resource.one('secret_id')}", "secret.version", places * versions)


def _alert(resource: Resource, _: Usage) -> Iterator[Amount]:
    yield Amount("alert conditions", "monitoring.condition", len(resource.all("conditions")))


def _uptime(resource: Resource, _: Usage) -> Iterator[Amount]:
    period = int(str(resource.one("period") or "60s").rstrip("s"))
    places = len(resource.all("selected_regions")) or UPTIME_REGIONS
    yield Amount("uptime checks", "monitoring.uptime", SECONDS / period * places / 1000)


def _online_store(resource: Resource, _: Usage) -> Iterator[Amount]:
    nodes = resource.one("bigtable.auto_scaling.min_node_count")
    if nodes:
        yield Amount(f"online store {resource.one('name')}", "features.bigtable", nodes * HOURS)


def _engine(resource: Resource, usage: Usage) -> Iterator[Amount]:
    tier = "enterprise" if resource.one("search_engine_config.search_tier") == "SEARCH_TIER_ENTERPRISE" else "standard"
    yield Amount("Agent Search: queries", f"search.{tier}", usage.each.get("thousand_searches", 0))


def _flat(item: str, price: str, quantity: float) -> Callable[[Resource, Usage], Iterator[Amount]]:
    """So much for each resource of a type, whatever it holds."""
    return lambda resource, usage: iter((Amount(item, price, quantity),))


def _registry(resource: Resource, usage: Usage) -> Iterator[Amount]:
    name = resource.one("repository_id")
    yield Amount(f"images in {name}", "registry.storage", usage.each.get("repository_gb", 0))


ASSUMED: Mapping[str, tuple[str, str]] = {
    "google_cloud_run_v2_service": ("services", "name"),
    "google_cloud_run_v2_job": ("jobs", "name"),
    "google_storage_bucket": ("buckets", "name"),
    "google_bigquery_dataset": ("datasets", "dataset_id"),
}
"""Types that cost nothing without use: where the use of one by its name is assumed."""

MEASURES: Mapping[str, Callable[[Resource, Usage], Iterator[Amount]]] = {
    "google_cloud_run_v2_service": _service,
    "google_cloud_run_v2_job": _job,
    "google_storage_bucket": _bucket,
    "google_bigquery_dataset": _dataset,
    "google_secret_manager_secret": _secret,
    "google_monitoring_alert_policy": _alert,
    "google_monitoring_uptime_check_config": _uptime,
    "google_vertex_ai_feature_online_store": _online_store,
    "google_artifact_registry_repository": _registry,
    "google_discovery_engine_search_engine": _engine,
    "google_cloud_scheduler_job": _flat("scheduler jobs", "scheduler.job", 1),
    "google_kms_crypto_key": _flat("keys of our own", "kms.version", 1),
    "google_dns_managed_zone": _flat("DNS zones", "dns.zone", 1),
    "google_compute_router_nat": _flat("NAT gateways", "nat.gateway", HOURS),
    "google_compute_address": _flat("reserved addresses", "network.address", HOURS),
    "google_compute_global_address": _flat("reserved addresses", "network.address", HOURS),
    "google_compute_forwarding_rule": _flat("forwarding rules", "network.rule", HOURS),
    "google_compute_global_forwarding_rule": _flat("forwarding rules", "network.rule", HOURS),
}
# What costs nothing by itself; what is done with it is in the assumptions (queries, searches, scans, messages, tokens).
FREE = re.compile(
    r"google_.*_iam_(member|binding|policy)"
    r"|google_(project|project_service|project_service_identity|project_iam_custom_role|project_default_service_accounts)"
    r"|google_(service_account|iam_workload_identity_pool(_provider)?)"
    r"|google_(billing_budget|tags_\w+|org_policy_policy|project_iam_audit_config|logging_\w+)"
    r"|google_compute_(network|subnetwork|firewall|router|route|security_policy|network_firewall_policy\w*)"
    r"|google_dns_(record_set|policy)|google_access_context_manager_\w+|google_kms_key_ring|google_storage_(bucket_object|notification)"
    r"|google_bigquery_(table|routine|dataset_access|connection|job|datapolicy\w*)|google_data_catalog_\w+"
    r"|google_dataplex_(lake|zone|asset|aspect_type|entry|entry_group|entry_type|datascan)"
    r"|google_vertex_ai_(feature_group|feature_group_feature|feature_online_store_featureview|endpoint|metadata_store)"
    r"|google_(discovery_engine|model_armor)_\w+|google_firestore_\w+"
    r"|google_pubsub_(topic|subscription|schema)|google_secret_manager_secret_version"
    r"|google_monitoring_(dashboard|notification_channel|service|custom_service|slo|metric_descriptor|group)"
)

"""Cloud Run: who may call, from where, as whom it runs, and how far it grows."""

from collections.abc import Iterator, Mapping

from tools.infra_policies.access import public_principals
from tools.infra_policies.plan import UNKNOWN, Resource
from tools.infra_policies.policy import Policy, Remark

SERVICE = "google_cloud_run_v2_service"
CLOSED = ("INGRESS_TRAFFIC_INTERNAL_ONLY", "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER")
IDENTITY: Mapping[str, str] = {
    SERVICE: "template.service_account",
    "google_cloud_run_v2_job": "template.template.service_account",
    "google_cloud_run_v2_worker_pool": "template.service_account",
    "google_cloudfunctions2_function": "service_config.service_account_email",
    "google_cloudbuild_trigger": "service_account",
    "google_colab_schedule": "create_pipeline_job_request.pipeline_job.service_account",
    "google_compute_instance": "service_account.email",
    "google_workbench_instance": "gce_setup.service_accounts.email",
}
LIMIT: Mapping[str, tuple[str, ...]] = {
    SERVICE: ("template.scaling.max_instance_count", "scaling.max_instance_count"),
    "google_cloudfunctions2_function": ("service_config.max_instance_count",),
}
DEFAULT_ACCOUNTS = ("-compute@developer.gserviceaccount.com", "@appspot.gserviceaccount.com")


def _open(resource: Resource) -> Iterator[Remark]:
    if resource.type == SERVICE:
        switch = resource.one("invoker_iam_disabled")
        if switch is UNKNOWN:
            yield Remark("invoker_iam_disabled is not known before apply")
        elif switch:
            yield Remark("invoker_iam_disabled is on: anybody may call it")
    if resource.type.startswith("google_cloud_run_"):
        yield from public_principals(resource)


def _ingress(resource: Resource) -> Iterator[Remark]:
    if resource.type != SERVICE:
        return
    ingress = resource.one("ingress")
    if ingress is UNKNOWN or ingress is None:
        yield Remark("ingress is not set, which means all of the internet")
    elif ingress not in CLOSED:
        yield Remark(f"ingress is {ingress}")


def _identity(resource: Resource) -> Iterator[Remark]:
    path = IDENTITY.get(resource.type)
    if path is None:
        return
    account = resource.one(path)
    if account is UNKNOWN and resource.source.sets(path) != "no":
        yield Remark(f"{path} comes from something that does not exist yet", open=True)
    elif account is UNKNOWN or not account:
        yield Remark(f"{path} is not set: it would run as the default compute account")
    elif str(account).endswith(DEFAULT_ACCOUNTS):
        yield Remark(f"it runs as the default account {account}")


def _limit(resource: Resource) -> Iterator[Remark]:
    paths = LIMIT.get(resource.type, ())
    found = [value for path in paths for value in resource.all(path) if value is UNKNOWN or value]
    if paths and UNKNOWN in found:
        yield Remark("the maximum number of instances is not known before apply")
    elif paths and not found:
        yield Remark("there is no maximum number of instances")


POLICIES = (
    Policy(
        "run-open",
        "A Cloud Run service lets nobody in without an identity that was granted access.",
        "A public service answers, and is paid for, whoever asks.",
        "Remove allUsers and invoker_iam_disabled; grant roles/run.invoker to the accounts that call it.",
        "invoker_iam_disabled: refused. A member: listed as open, since a literal is always known.",
        _open,
    ),
    Policy(
        "run-ingress",
        "A Cloud Run service is reached from inside the project or through a load balancer.",
        "Left out, ingress means all of the internet.",
        'Set ingress = "INGRESS_TRAFFIC_INTERNAL_ONLY" or "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER".',
        "Refused: an ingress that is left out may look unknown.",
        _ingress,
    ),
    Policy(
        "default-account",
        "What runs has a service account of its own.",
        "The default compute account is shared by everything and is often an editor of the project.",
        "Name a service account that has only the roles that this workload needs.",
        "Refused where the configuration leaves the account out; else listed as open.",
        _identity,
    ),
    Policy(
        "run-max-instances",
        "A Cloud Run service has a maximum number of instances.",
        "A loop of retries or an attack scales, and bills, up to the quota of the region.",
        "Set template.scaling.max_instance_count.",
        "Refused: left out, it may look unknown.",
        _limit,
    ),
)

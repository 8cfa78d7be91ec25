"""`telecom doctor --gcp`: the whole way over the wire, from REST answers to the commands that mend."""

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from telecom.adapters.gcp import preflight
from telecom.cli import app
from telecom.doctor import Check, examine_gcp
from telecom.errors import DependencyUnavailable, UsageError
from telecom.preflight import AGENTS, APIS, BUCKET_PERMISSIONS, DATASETS, QUOTAS, ROLES, TABLE_PERMISSIONS
from telecom.preflight_limits import GITHUB
from telecom.settings import LAYERS, Settings
from tests.honesty.documents import ROOT
from tests.loopback.faults import Faults
from tests.loopback.google_project import NUMBER, ProjectServer

PROJECT, REGION, REPOSITORY = "telecom-test", "us-central1", "org/telecom"
ACCOUNT = f"telecom-mlops-dev@{PROJECT}.iam.gserviceaccount.com"
IMAGE = f"{REGION}-docker.pkg.dev/{PROJECT}/telecom-dev/churn@sha256:" + "0" * 64
CONDITION = f"assertion.repository == '{REPOSITORY}' && assertion.ref == 'refs/heads/main'"
TABLE = "datasets/telecom_gold/tables/telco_churn_scored"
APPLY = f"TELECOM_PROJECT={PROJECT} make plan ENV=dev && TELECOM_PROJECT={PROJECT} make apply ENV=dev"
CPUS = "aiplatform.googleapis.com/custom_model_training_cpus"


def quota(metric: str, value: int, *, region: str = REGION) -> dict[str, Any]:
    details = [
        {"dimensions": {}, "details": {"value": "1"}, "applicableLocations": ["europe-west1"]},
        {"dimensions": {"region": region}, "details": {"value": str(value)}, "applicableLocations": [region]},
    ]
    return {"metric": metric, "quotaId": metric.rpartition("/")[2].upper(), "dimensionsInfos": details}


def complete(server: ProjectServer) -> None:
    """Everything as it must be."""
    buckets = [f"{PROJECT}-dev-{layer}" for layer in LAYERS]
    server.services = [*APIS, "compute.googleapis.com"]
    server.permissions = {f"projects/{PROJECT}": {name for names in ROLES.values() for name in names}}
    server.permissions |= {f"b/{name}": set(BUCKET_PERMISSIONS) for name in buckets}
    server.permissions |= {f"serviceAccounts/{ACCOUNT}": {"iam.serviceAccounts.actAs"}, TABLE: set(TABLE_PERMISSIONS)}
    server.bindings = [
        {"role": role, "members": [f"serviceAccount:service-{NUMBER}@{domain}.iam.gserviceaccount.com"]}
        for domain, role in AGENTS.values()
    ]
    server.buckets = dict.fromkeys(buckets, "US-CENTRAL1")
    server.datasets = dict.fromkeys(DATASETS, "us-central1")
    server.quotas = {service: [] for service, _ in QUOTAS}
    for (service, metric), least in QUOTAS.items():
        server.quotas[service] += [quota(f"{service}/other", 1), quota(f"{service}/more", 1), quota(metric, least)]
    server.pools = {"github": [{"id": "actions", "oidc": {"issuerUri": GITHUB}, "attributeCondition": CONDITION}]}
    server.billing = {"billingAccountName": "billingAccounts/AA-BB", "billingEnabled": True}
    other = {"name": "b/1", "displayName": "others", "budgetFilter": {"projects": ["projects/9"]}, "thresholdRules": []}
    ours = {"name": "b/2", "displayName": "telecom-dev", "budgetFilter": {"projects": [f"projects/{NUMBER}"]}}
    server.budgets = [other, other, ours | {"thresholdRules": [{"thresholdPercent": 0.9}]}]


@pytest.fixture(scope="module")
def running() -> Iterator[ProjectServer]:
    server = ProjectServer(PROJECT, Faults())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def project(running: ProjectServer, monkeypatch: pytest.MonkeyPatch) -> ProjectServer:
    monkeypatch.setenv("TELECOM_REST_EMULATOR_HOST", running.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running.off, running.denied = set(), set()
    running.shared_faults.reset()
    running.calls.clear()
    complete(running)
    return running


def settings(**more: Any) -> Settings:
    chosen: dict[str, Any] = {"project": PROJECT, "region": REGION, "env": "dev"}
    return Settings(**(chosen | {"service_account": ACCOUNT, "image": IMAGE} | more))


def checks(**more: Any) -> dict[str, Check]:
    return {check.name: check for check in examine_gcp(settings(**more), REPOSITORY)}


def faults(**more: Any) -> dict[str, Check]:
    return {name: check for name, check in checks(**more).items() if not check.ok}


def test_a_complete_project_is_well(project: ProjectServer) -> None:
    found = checks()
    assert faults() == {} and len(found) > 25
    assert found["budget"].found == "telecom-dev" and found["federation github/actions"].found == CONDITION


def test_every_service_that_is_asked_is_one_that_must_be_on(project: ProjectServer) -> None:
    hosts = {
        value for value in vars(preflight).values() if isinstance(value, str) and value.endswith(".googleapis.com")
    }
    assert {"cloudquotas.googleapis.com", "cloudbilling.googleapis.com"} < hosts
    assert hosts - set(APIS) == set()
    written = re.findall(r"[a-z]+\.googleapis\.com", (ROOT / "telecom/adapters/gcp/preflight.py").read_text("utf-8"))
    assert set(written) == hosts, "no host stands in the adapter that is no constant of it"


def test_nothing_is_changed(project: ProjectServer) -> None:
    checks()
    asked = {call.path.partition("?")[0].rpartition(":")[2] for call in project.calls if call.method != "GET"}
    assert asked == {"testIamPermissions", "getIamPolicy"}
    assert {call.method for call in project.calls} == {"GET", "POST"}


def test_what_bills_by_project_is_told_the_project(project: ProjectServer) -> None:
    checks()
    (call,) = project.requests("GET", "/billingInfo")
    assert call.headers["X-Goog-User-Project"] == PROJECT


def only(name: str) -> Check:
    """The one thing that is amiss; its command can be pasted into a shell."""
    (found,) = faults().values()
    assert found.name == name and shlex.split(found.mend)
    return found


def test_apis_that_are_off_are_named_in_one_command(project: ProjectServer) -> None:
    project.services = [name for name in APIS if name not in ("run.googleapis.com", "sts.googleapis.com")]
    found = only("APIs")
    assert found.mend == f"gcloud services enable run.googleapis.com sts.googleapis.com --project={PROJECT}"


def test_a_missing_permission_names_the_role(project: ProjectServer) -> None:
    project.permissions[f"projects/{PROJECT}"].discard("bigquery.jobs.create")
    found = only("role roles/bigquery.jobUser")
    assert found.found == "lacks bigquery.jobs.create"
    assert found.mend == (
        f'gcloud projects add-iam-policy-binding {PROJECT} --member="user:$(gcloud config get-value account)" '
        "--role=roles/bigquery.jobUser --condition=None"
    )


def test_an_account_that_we_may_not_act_as(project: ProjectServer) -> None:
    project.permissions[f"serviceAccounts/{ACCOUNT}"] = set()
    assert "--role=roles/iam.serviceAccountUser" in only("acting as the pipelines' account").mend


def test_an_account_that_does_not_exist(project: ProjectServer) -> None:
    del project.permissions[f"serviceAccounts/{ACCOUNT}"]
    found = only("acting as the pipelines' account")
    assert found.mend == APPLY


def test_no_account_is_asked_about_when_none_is_set(project: ProjectServer) -> None:
    assert "acting as the pipelines' account" not in checks(service_account="")


def test_a_service_agent_without_its_role(project: ProjectServer) -> None:
    project.bindings = [each for each in project.bindings if each["role"] != "roles/pubsub.serviceAgent"]
    mend = only("agent of pubsub.googleapis.com").mend
    assert mend.startswith(f"gcloud beta services identity create --service=pubsub.googleapis.com --project={PROJECT}")
    assert f"service-{NUMBER}@gcp-sa-pubsub.iam.gserviceaccount.com --role=roles/pubsub.serviceAgent" in mend


def test_a_bucket_that_is_missing(project: ProjectServer) -> None:
    del project.buckets[f"{PROJECT}-dev-gold"]
    assert only(f"bucket {PROJECT}-dev-gold").mend == APPLY


@pytest.mark.parametrize("place", ["US", "EUROPE-WEST1"])
def test_a_bucket_that_lies_elsewhere(project: ProjectServer, place: str) -> None:
    project.buckets[f"{PROJECT}-dev-bronze"] = place
    found = only(f"bucket {PROJECT}-dev-bronze")
    assert place.lower() in found.found
    assert found.mend == f"gcloud storage buckets relocate gs://{PROJECT}-dev-bronze --location={REGION}"


def test_a_bucket_that_we_may_not_write(project: ProjectServer) -> None:
    project.permissions[f"b/{PROJECT}-dev-models"].discard("storage.objects.create")
    found = only(f"bucket {PROJECT}-dev-models")
    assert found.found == "lacks storage.objects.create" and "--role=roles/storage.objectUser" in found.mend


def test_a_dataset_that_is_missing(project: ProjectServer) -> None:
    del project.datasets["telecom_staging"]
    assert only("dataset telecom_staging").mend == APPLY


def test_a_dataset_that_lies_elsewhere_is_copied(project: ProjectServer) -> None:
    project.datasets["telecom_gold"] = "US"
    words = shlex.split(only("dataset telecom_gold").mend)
    params = next(word for word in words if word.startswith("--params=")).removeprefix("--params=")
    assert json.loads(params) == {"source_project_id": PROJECT, "source_dataset_id": "telecom_gold"}
    assert "--target_dataset=telecom_gold_us_central1" in words


def test_a_dataset_that_we_may_not_write(project: ProjectServer) -> None:
    project.permissions[TABLE].discard("bigquery.tables.updateData")
    found = only("dataset telecom_gold")
    assert found.found == "lacks bigquery.tables.updateData"
    assert f"GRANT `roles/bigquery.dataEditor` ON SCHEMA `{PROJECT}`.telecom_gold" in found.mend.replace("\\", "")


def test_before_the_tables_are_made_writing_is_not_judged(project: ProjectServer) -> None:
    del project.permissions[TABLE]
    assert faults() == {}


def test_an_image_that_lies_elsewhere(project: ProjectServer) -> None:
    found = faults(image=IMAGE.replace(REGION, "europe-west1"))["image's location"]
    assert found.found == "europe-west1"
    documented = (ROOT / "infra/cloudbuild-mlops.yaml").read_text("utf-8").partition("substitutions:")[0]
    given = set(re.findall(r"--[a-z-]+", found.mend)) - {"--project"}
    assert given == set(re.findall(r"--[a-z-]+", documented)), "the command of the file's head, with nothing left out"
    assert f"--gcs-source-staging-dir=gs://{PROJECT}-dev-pipelines/builds" in found.mend
    assert f"--service-account=projects/{PROJECT}/serviceAccounts/telecom-cicd-dev@{PROJECT}." in found.mend
    assert "_ENV=dev,_REGION=us-central1,_REVISION=$(git rev-parse HEAD),_UNTIL=image" in found.mend


def test_a_quota_that_is_too_small(project: ProjectServer) -> None:
    project.quotas["aiplatform.googleapis.com"] = [quota(CPUS, 4)]
    found = only("quota custom_model_training_cpus")
    assert found.found == "4, needed 8"
    assert "--quota-id=CUSTOM_MODEL_TRAINING_CPUS --preferred-value=8 --dimensions=region=us-central1" in found.mend


def test_a_quota_without_limit_or_of_another_region_is_no_fault(project: ProjectServer) -> None:
    project.quotas["aiplatform.googleapis.com"] = [quota(CPUS, -1)]
    assert checks()["quota custom_model_training_cpus"].found == "unlimited, needed 8"
    project.quotas["aiplatform.googleapis.com"] = [quota(CPUS, 4, region="asia-east1")]
    assert checks()["quota custom_model_training_cpus"].found == "not named in us-central1"


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("", "any repository of GitHub"),
        ("assertion.repository_owner == 'org'", "pins no repository"),
        ("assertion.repository == 'org/other'", f"another repository than {REPOSITORY}"),
        (f"assertion.repository == 'org/other' && assertion.actor == '{REPOSITORY}'", "another repository"),
        (f"assertion.repository in ['{REPOSITORY}', 'org/other']", "another repository"),
    ],
)
def test_federation_of_the_wrong_repositories(project: ProjectServer, condition: str, said: str) -> None:
    project.pools["github"][0]["attributeCondition"] = condition
    found = only("federation github/actions")
    words = shlex.split(found.mend)
    assert said in found.found and f"--attribute-condition={CONDITION}" in words
    assert words[:5] == ["gcloud", "iam", "workload-identity-pools", "providers", "update-oidc"]


def test_several_repositories_are_too_many_whichever_they_are(project: ProjectServer) -> None:
    project.pools["github"][0]["attributeCondition"] = f"assertion.repository in ['{REPOSITORY}', 'org/other']"
    found = {check.name: check for check in examine_gcp(settings(), "")}["federation github/actions"]
    assert not found.ok and "lets several repositories in" in found.found


def test_federation_by_subject_names_the_repository_too(project: ProjectServer) -> None:
    project.pools["github"][0]["attributeCondition"] = f"assertion.sub == 'repo:{REPOSITORY}:ref:refs/heads/main'"
    assert faults() == {}


def test_a_repository_pinned_by_its_number(project: ProjectServer) -> None:
    pinned = 'assertion.repository_owner_id == "1" && assertion.repository_id == "2001" && assertion.ref == "refs/x"'
    project.pools["github"][0]["attributeCondition"] = pinned
    assert "gh api repos/org/telecom --jq .id" in checks()["federation github/actions"].found and faults() == {}
    by_number = {repository: examine_gcp(settings(), repository) for repository in ("2001", "2002")}
    assert all(check.ok for check in by_number["2001"])
    (wrong,) = [check for check in by_number["2002"] if not check.ok]
    assert "another repository than 2002" in wrong.found and "assertion.repository_id == '2002'" in wrong.mend


@pytest.mark.parametrize("state", [{"state": "DELETED"}, {"disabled": True}, {"oidc": {"issuerUri": "https://other"}}])
def test_a_project_without_federation(project: ProjectServer, state: dict[str, Any]) -> None:
    project.pools["github"][0] |= state
    found = only("federation")
    assert found.found == "no provider for GitHub" and found.mend == (
        f"infra/gcloud/bootstrap.sh --project {PROJECT} --env dev --region {REGION} --repository {REPOSITORY} "
        f'--owner-id "$(gh api repos/{REPOSITORY} --jq .owner.id)" '
        f'--repository-id "$(gh api repos/{REPOSITORY} --jq .id)"'
    )


@pytest.mark.parametrize(
    ("repository", "env", "words"),
    [
        ("org/telecom", "prod", "--repository org/telecom --owner-id"),
        ("org/telecom", "prod", " --environment prod --tags v"),
        ("2001", "dev", '--repository "$(gh api repositories/2001 --jq .full_name)" --owner-id'),
        ("", "dev", "--repository OWNER/NAME --owner-id"),
    ],
)
def test_what_the_bootstrap_made_is_mended_by_it(project: ProjectServer, repository: str, env: str, words: str) -> None:
    project.pools["github"][0] |= {"id": "github", "attributeCondition": ""}
    (found,) = (check for check in examine_gcp(settings(env=env), repository) if check.name.startswith("federation"))
    assert found.mend.startswith("infra/gcloud/bootstrap.sh ") and words in found.mend
    assert shlex.split(found.mend)


def test_billing_that_is_off(project: ProjectServer) -> None:
    project.billing = {"billingAccountName": "", "billingEnabled": False}
    assert only("billing").mend == f"gcloud billing projects link {PROJECT} --billing-account=ACCOUNT"


@pytest.mark.parametrize(("budgets", "said"), [(2, "none for this project"), (3, "without alerts")])
def test_a_budget_that_is_missing_or_silent(project: ProjectServer, budgets: int, said: str) -> None:
    project.budgets[2]["thresholdRules"] = []
    project.budgets = project.budgets[:budgets]
    found = only("budget")
    applied = f"TELECOM_PROJECT={PROJECT} make plan ENV=dev && TELECOM_PROJECT={PROJECT} make apply ENV=dev"
    assert (found.found, found.mend) == (said, applied)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("cloudquotas.googleapis.com", "quota custom_model_training_cpus"),
        ("billingbudgets.googleapis.com", "budget"),
        ("serviceusage.googleapis.com", "APIs"),
        ("cloudbilling.googleapis.com", "billing"),
    ],
)
def test_what_cannot_be_read_because_its_api_is_off(project: ProjectServer, host: str, name: str) -> None:
    project.off = {host}
    found = faults()[name]
    assert found.mend == f"gcloud services enable {host} --project={PROJECT}" and "not readable" in found.found


@pytest.mark.parametrize(
    ("host", "name", "role"),
    [
        ("serviceusage.googleapis.com", "APIs", "roles/serviceusage.serviceUsageViewer"),
        ("iam.googleapis.com", "federation", "roles/iam.workloadIdentityPoolViewer"),
        ("cloudquotas.googleapis.com", "quota cpu_allocation", "roles/cloudquotas.viewer"),
        ("billingbudgets.googleapis.com", "budget", "roles/billing.viewer"),
        ("storage.googleapis.com", f"bucket {PROJECT}-dev-docs", "roles/storage.bucketViewer"),
        ("bigquery.googleapis.com", "dataset telecom_gold", "roles/bigquery.metadataViewer"),
        ("cloudresourcemanager.googleapis.com", "service agents", "roles/browser"),
    ],
)
def test_what_we_may_not_read_is_not_well(project: ProjectServer, host: str, name: str, role: str) -> None:
    project.denied = {host}
    found = faults()[name]
    assert f"--role={role}" in found.mend and "not readable" in found.found


def test_a_service_that_fails_for_long_is_told(project: ProjectServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telecom.adapters.gcp._rest.IDEMPOTENT", lambda call: call)
    project.shared_faults.plan("/services", times=9, kind="500")
    assert faults()["APIs"].mend == "Run it again."


def test_a_short_failure_is_repeated(project: ProjectServer) -> None:
    project.shared_faults.plan("GET /serviceusage", times=1, kind="503")
    assert faults() == {} and project.shared_faults.unspent == {}


def test_nobody_signed_in_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError

    from telecom.adapters.gcp import _rest

    def nobody(**_: Any) -> None:
        raise DefaultCredentialsError("none")

    monkeypatch.delenv("TELECOM_REST_EMULATOR_HOST", raising=False)
    monkeypatch.setattr(google.auth, "default", nobody)
    _rest._session.cache_clear()
    with pytest.raises(DependencyUnavailable, match="application-default login"):
        examine_gcp(settings())


def test_a_project_is_needed() -> None:
    with pytest.raises(UsageError, match="TELECOM_PROJECT"):
        examine_gcp(Settings())


def doctor(*arguments: str) -> Any:
    environment = {"TELECOM_PROJECT": PROJECT, "TELECOM_SERVICE_ACCOUNT": ACCOUNT, "TELECOM_REGION": REGION}
    return CliRunner().invoke(app, ["doctor", "--gcp", *arguments], env=environment)


def test_the_command_ends_well_or_with_5(project: ProjectServer) -> None:
    assert doctor("--repository", REPOSITORY).exit_code == 0
    del project.buckets[f"{PROJECT}-dev-gold"], project.datasets["telecom_staging"]
    done = doctor("--repository", REPOSITORY)
    assert done.exit_code == 5 and "does not exist" in done.stdout
    assert done.stderr.count("make apply ENV=dev") == 1
    assert f"bucket {PROJECT}-dev-gold, dataset telecom_staging: {APPLY}" in " ".join(done.stderr.split())


def test_the_command_answers_in_json(project: ProjectServer) -> None:
    done = doctor("--json", "--repository", "org/other")
    amiss = [check for check in json.loads(done.stdout) if not check["ok"]]
    assert done.exit_code == 5 and [check["name"] for check in amiss] == ["federation github/actions"]


def test_the_command_without_a_project_is_misused() -> None:
    assert CliRunner().invoke(app, ["doctor", "--gcp"], env={"TELECOM_PROJECT": ""}).exit_code == 2

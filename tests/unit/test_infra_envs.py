"""The environments are one estate with two sets of values."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from telecom.adapters.gcp.issuers import IAP_KEYS
from telecom.tables import contracts

ENVS = Path(__file__).resolve().parents[2] / "infra/terraform/envs"
MODULES = ENVS.parent / "modules"
FILES = ("main.tf", "variables.tf", "outputs.tf", "versions.tf", "backend.tf")


def values(env: str) -> str:
    return (ENVS / env / "terraform.tfvars").read_text("utf-8")


@pytest.mark.parametrize("file", FILES)
def test_dev_and_prod_have_the_same_files(file: str) -> None:
    assert (ENVS / "dev" / file).read_bytes() == (ENVS / "prod" / file).read_bytes()


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_an_environment_is_made_of_modules_alone_and_of_all_of_them(env: str) -> None:
    assert sorted(path.name for path in (ENVS / env).glob("*.tf")) == sorted(FILES)
    main = (ENVS / env / "main.tf").read_text("utf-8")
    assert not re.search(r"^(resource|data) ", main, re.MULTILINE)
    called = re.findall(r'^  source = "../../modules/(\w+)"$', main, re.MULTILINE)
    assert sorted(called) == sorted(path.name for path in MODULES.iterdir() if path.is_dir())


@pytest.mark.parametrize(
    ("name", "in_dev", "in_prod"), [("deletion_protection", "false", "true"), ("force_destroy", "true", "false")]
)
def test_only_dev_may_be_torn_down(name: str, in_dev: str, in_prod: str) -> None:
    for env, value in (("dev", in_dev), ("prod", in_prod)):
        assert re.search(rf"^{name} += {value}$", values(env), re.MULTILINE)


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_no_values_are_secret_and_the_project_is_an_example(env: str) -> None:
    assert re.search(r'^project_id = "example-', values(env), re.MULTILINE)
    assert "channel_secrets" not in values(env)
    assert set(re.findall(r"[\w.-]+@([\w.-]+)", values(env))) == {"example.com"}


def test_prod_makes_all_that_dev_makes() -> None:
    dev, prod = (yaml.safe_load((ENVS / env / "inventory.yaml").read_text("utf-8")) for env in ("dev", "prod"))
    assert set(dev["modules"]) == set(prod["modules"])
    missing = set(dev["types"]) - set(prod["types"])
    assert missing == set()


def keys(env: str, module: str, kind: str) -> list[str]:
    """The keys of a resource in an environment's inventory."""
    found = yaml.safe_load((ENVS / env / "inventory.yaml").read_text("utf-8"))
    return list(found["modules"][f"module.{module}"].get(kind, []))


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_somebody_may_call_the_assistant(env: str) -> None:
    bound = keys(env, "cloud_run", "google_cloud_run_v2_service_iam_member.member")
    callers = {
        each.rpartition("/")[2] for each in bound if each.startswith(f"telecom-assistant-{env}/roles/run.invoker/")
    }
    assert callers - {"cicd", "monitoring"}, "a build and an uptime check are nobody's agents"


def test_the_proxys_account_gets_in_with_its_audience_and_its_keys_are_reached() -> None:
    main = (ENVS / "dev/main.tf").read_text("utf-8")
    assistant = main[
        main.index('"telecom-assistant-${var.env}"') : main.index('"telecom-dispatcher-${var.env}" = merge')
    ]
    for words in (
        'var.assistant.iap_audience == "" ? {} : { iap = module.project.service_agents.iap }',
        "var.assistant.callers,",
    ):
        assert words in assistant
    assert 'more_services = var.assistant.iap_audience == "" ? [] : ["iap.googleapis.com"]' in main
    zones = (MODULES / "networking/main.tf").read_text("utf-8")
    assert f'"{urlsplit(IAP_KEYS).hostname.removeprefix("www.")}."' in zones


def test_the_churn_service_starts_before_there_is_a_model() -> None:
    main = (ENVS / "dev/main.tf").read_text("utf-8")
    churn = main[
        main.index('"telecom-churn-${var.env}" = merge') : main.index('"telecom-assistant-${var.env}" = merge')
    ]
    assert 'startup_probe = { path = "/healthz" }' in churn, "the tables that train the first one are of the same apply"
    assert main.count("startup_probe") == 1, "the others are ready without anything of this apply"


def test_a_budget_writes_to_channels_of_email_alone() -> None:
    main = (ENVS / "dev/main.tf").read_text("utf-8")
    (given,) = re.findall(r"^    notification_channels = \{ (.+) \}$", main, re.MULTILINE)
    assert given.startswith("for key, channel in module.monitoring.channels")
    assert given.endswith('if var.channels[key].type == "email"')


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_objectives_are_over_metrics_that_monitoring_knows(env: str) -> None:
    objectives = yaml.safe_load(re.sub(r"\$\{\w+\}", "x", (MODULES / "monitoring/objectives.yaml").read_text("utf-8")))
    made = {key for key, objective in objectives.items() if "metric" in objective}
    assert set(keys(env, "monitoring", "google_monitoring_metric_descriptor.this")) == made == {"batch"}
    assert set(keys(env, "monitoring", "google_monitoring_slo.this")) == made, "nobody has asked the assistant yet"
    for objective in (objectives[key] for key in made):
        assert f'metric.type="{objective["metric"]}"' in objective["gauge"] and objective["most"] > 0


@pytest.mark.parametrize(("env", "told"), [("dev", False), ("prod", True)])
def test_nobody_is_told_of_late_scores_that_nobody_starts(env: str, told: bool) -> None:
    assert ("batch_late" in keys(env, "monitoring", "google_monitoring_alert_policy.this")) is told
    paused = re.search(r"scoring = \{.*?\n  \}", values(env), re.DOTALL)
    assert paused and ("paused" in paused[0]) is not told


def test_every_module_that_takes_a_key_waits_for_its_users() -> None:
    main = (ENVS / "dev/main.tf").read_text("utf-8")
    assert re.findall(r"kms_key\w* += var\.kms_key", main) == ["kms_key       = var.kms_key"], "project alone takes it"
    for module in re.findall(r'^module "(\w+)" \{\n(.*?)^\}', main, re.DOTALL | re.MULTILINE):
        name, body = module
        taken = re.findall(
            r"^variable \"(kms_key\w*)\"", (MODULES / name / "variables.tf").read_text("utf-8"), re.MULTILINE
        )
        if taken and name not in ("discovery_engine", "project"):  # the search is global, where no key of one's own is
            assert "module.project.kms_key" in body, name


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_tables_without_partitions_are_those_that_the_page_names(env: str) -> None:
    page = (MODULES / "bigquery/README.md").read_text("utf-8")
    named = page[page.index("Three tables have no partitions") :]
    unpartitioned = {table for table, each in contracts().items() if not each.partition_by}
    assert {table.partition(".")[2] for table in unpartitioned} == set(re.findall(r"`(\w+)`", named)[:3])
    assert unpartitioned <= set(keys(env, "bigquery", "google_bigquery_table.this"))

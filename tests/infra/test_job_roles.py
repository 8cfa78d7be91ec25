"""What a command uses, its account may do: command → ports → roles, for every job of Cloud Run and `make knowledge`."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache

import pytest

from telecom.bootstrap import Platform
from telecom.privacy_places import rows_of
from telecom.settings import LAYERS
from tests.honesty.documents import ROOT

TREE = ROOT / "infra/terraform"
MAIN = (TREE / "envs/dev/main.tf").read_text("utf-8")
VARIABLES = (TREE / "envs/dev/variables.tf").read_text("utf-8")
VALUES = (TREE / "envs/dev/terraform.tfvars").read_text("utf-8")
ACCOUNTS = (TREE / "modules/iam/variables.tf").read_text("utf-8")
DELIVERY = (ROOT / "infra/delivery.sh").read_text("utf-8")

REVIEWED = ("assistant_audit", "llm_feedback", "llm_usage")
DATASETS = ("bronze", "silver", "gold", "monitoring", "staging")

# A port → what it takes on Google Cloud; alternatives in one tuple. On the project, unless a place stands before it.
TAKES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "warehouse": (
        ("roles/bigquery.jobUser",),
        ("roles/bigquery.readSessionUser",),
        ("telecom_staging roles/bigquery.dataEditor",),
        ("telecom_monitoring roles/bigquery.dataEditor",),
    ),
    "registry": (("roles/aiplatform.user",), ("models roles/storage.objectUser",)),
    "metrics": (("roles/monitoring.metricWriter",),),
    "traffic": (("roles/run.developer", "roles/run.viewer"), ("roles/monitoring.viewer",)),
    "documents": (("models roles/storage.objectUser",),),
    "objects": (("docs roles/storage.objectUser",),),
    "retriever": (("roles/discoveryengine.editor",), ("docs roles/storage.objectUser",)),
    "records": (("roles/datastore.user",),),
    "events": (("telecom_monitoring roles/bigquery.dataEditor",),),
    "features": (("feature_keeper", "roles/aiplatform.user"),),
    "workfiles": (),
    "progress": (),
    "settings": (),
}
READS = (("roles/bigquery.jobUser",), ("roles/bigquery.readSessionUser",))
# What a command takes of a port in the place of TAKES: it only reads, or reaches further than others do.
OTHERWISE: Mapping[tuple[str, str], Mapping[str, tuple[tuple[str, ...], ...]]] = {
    ("rag", "sync"): {"warehouse": (*READS, ("telecom_gold roles/bigquery.dataViewer",))},
    ("review", "sample"): {
        "warehouse": (
            *READS,
            *((f"telecom_monitoring.{name} roles/bigquery.dataViewer",) for name in REVIEWED),
            ("telecom_bronze.crm_customers roles/bigquery.dataViewer",),
            ("policy tags",),
        ),
        "events": (),  # on Google Cloud nothing waits to be flushed
    },
    **{
        ("privacy", name): {
            "warehouse": (
                *READS,
                *((f"telecom_{layer} roles/bigquery.dataEditor",) for layer in DATASETS),
                ("policy tags",),
            ),
            "objects": (
                *((f"{layer} roles/storage.objectUser",) for layer in LAYERS if layer != "docs"),
                ("docs roles/storage.objectViewer",),
            ),
        }
        for name in ("access", "erase")
    },
}
# What a command takes beyond its ports: it changes what others only look at.
BESIDES = {("release", name): [("roles/run.developer",)] for name in ("canary", "rollback")}


def commands() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Job, account and command (group, name): the environment's, and those that people and releases give."""
    jobs = MAIN[MAIN.index("\n  jobs = {") :]
    found = re.findall(
        r'"telecom-(\w+)-\$\{var\.env\}" = \{.*?emails\.(\w+)\s+args += \["telecom", "(\w+)", "([\w-]+)"',
        jobs,
        re.DOTALL,
    )
    accounts = {job: account for job, account, *_ in found}
    assert set(accounts) == {"evaluation", "release", "faq", "review", "privacy"}
    assert sorted(accounts) == sorted(re.findall(r'"telecom-(\w+)-\$\{var\.env\}" = \{\n +image ', jobs))
    yield from ((job, account, (group, name)) for job, account, group, name in found if name in functions(group))
    named = set(re.findall(r"\brelease \"?([a-z]+),--", DELIVERY))
    assert {"check", "canary", "rollback", "status"} <= named
    yield from (("release", accounts["release"], ("release", name)) for name in sorted(named))
    yield from (("privacy", accounts["privacy"], ("privacy", name)) for name in ("access", "erase"))
    assert "rag ingest docs/telecom" in DELIVERY, "from the checkout, as whoever delivers"
    yield from (("knowledge", "cicd", ("rag", name)) for name in ("build", "ingest"))


@cache
def functions(group: str) -> dict[str, ast.FunctionDef]:
    tree = ast.parse((ROOT / f"telecom/{group}_cli.py").read_text("utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def ports(group: str, name: str) -> set[str]:
    """The ports that a command and what it calls in its file take from the platform (`p.…`, `s.platform.…`)."""
    found, waiting, seen = set[str](), [name], set[str]()
    while waiting:
        seen.add(current := waiting.pop())
        for node in ast.walk(functions(group)[current]):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("p", "platform", "s.platform"):
                found.add(node.attr)
            if isinstance(node, ast.Name) and node.id in functions(group) and node.id not in seen:
                waiting.append(node.id)
    return found


def held(account: str) -> set[str]:
    """Roles of an account: on the project, own ones by their key, and `place role` on datasets, tables and buckets."""
    block = re.search(rf"^    {account} = \{{\n(.*?)^    \}}", ACCOUNTS, re.MULTILINE | re.DOTALL)
    assert block
    roles = set(re.findall(r'"(roles/[\w.]+)"', block[1]))
    roles |= {
        name for each in re.findall(r"custom_roles += \[(.*)\]", block[1]) for name in re.findall(r'"(\w+)"', each)
    }
    tags = re.search(r'"roles/datacatalog.categoryFineGrainedReader" = \{(.*?)\}', MAIN, re.DOTALL)
    roles |= {"policy tags"} if tags and re.search(rf"\b{account} += ", tags[1]) else set()
    for table, body in re.findall(r'^    "(telecom_\w+\.\w+)" = \{(.*?)^    \} \}', MAIN, re.MULTILINE | re.DOTALL):
        for role, members in re.findall(r'"(roles/[\w.]+)" += \{([^}]*)\}', body):
            roles |= {f"{table} {role}"} if re.search(rf"\b{account} = ", members) else set()
    for dataset, body in re.findall(r"^    (telecom_\w+) = \{(.*?)^    \} \}", MAIN, re.MULTILINE | re.DOTALL):
        for role, members in re.findall(r'"(roles/[\w.]+)" += \{([^}]*)\}', body):
            roles |= {f"{dataset} {role}"} if re.search(rf"\b{account} = ", members) else set()
    for bucket, access in re.findall(r"^  (\w+) = \{\n    access\s+= \{(.*)\}$", VALUES, re.MULTILINE):
        for role, members in re.findall(r'"(roles/[\w.]+)" = \[([^\]]*)\]', access):
            roles |= {f"{bucket} {role}"} if f'"{account}"' in members else set()
    return roles


@pytest.mark.parametrize(("job", "account", "command"), sorted(set(commands())), ids=str)
def test_the_account_of_a_job_may_do_what_its_command_uses(job: str, account: str, command: tuple[str, str]) -> None:
    used, roles = ports(*command), held(account)
    assert used, "a command of these asks at least one port"
    assert used <= TAKES.keys(), f"say in TAKES what {used - TAKES.keys()} takes"
    takes = {**TAKES, **OTHERWISE.get(command, {})}
    needs = [each for port in sorted(used) for each in takes[port]] + BESIDES.get(command, [])
    assert [each for each in needs if not roles & set(each)] == [], (
        f"telecom-{account} lacks it for {' '.join(command)}"
    )


def test_a_canary_asks_the_gate_and_so_the_warehouse() -> None:
    assert {"traffic", "registry", "documents", "warehouse", "metrics"} <= ports("release", "canary")


def test_ports_are_those_of_the_platform() -> None:
    assert {port for port in TAKES if not hasattr(Platform, port)} <= {"progress", "settings"}


def test_the_churn_service_may_write_nothing() -> None:
    churn = MAIN[MAIN.index('"telecom-churn-${var.env}"') :]
    assert "module.iam.emails.serving" in churn[: churn.index("kms_key")]
    written = ("user", "developer", "editor", "dataEditor", "objectUser", "writer")
    allowed = {"roles/bigquery.jobUser", "roles/bigquery.readSessionUser"}
    assert {role for role in held("serving") if role.rpartition(".")[2] in written} - allowed == set()
    assert {"models roles/storage.objectViewer", "telecom_gold roles/bigquery.dataViewer"} <= held("serving")


def test_who_erases_may_change_every_dataset_that_has_people() -> None:
    datasets = {rows.table.partition(".")[0] for rows in rows_of("7590-VHVEG")}
    assert {f"{name} roles/bigquery.dataEditor" for name in datasets} <= held("privacy")


def test_the_account_that_erases_runs_one_job_which_only_named_groups_start() -> None:
    assert MAIN.count("module.iam.emails.privacy") == 1
    job = MAIN[MAIN.index('"telecom-privacy-${var.env}" = {') :]
    job = job[: job.index("\n    }\n")]
    assert "module.iam.emails.privacy" in job and "local.images.churn" in job
    (started,) = re.findall(r"^      iam += (.+)$", job, re.MULTILINE)
    assert started.endswith("role => var.privacy_officers }") and "scheduler" not in job
    assert re.findall(r'"(roles/[\w.]+)"', started) == ["roles/run.jobsExecutorWithOverrides", "roles/run.viewer"]
    (default,) = re.findall(r'variable "privacy_officers" \{.*?default += (\{\})', VARIABLES, re.DOTALL)
    assert default == "{}" and "privacy_officers" not in VALUES


def test_who_draws_conversations_changes_no_table() -> None:
    assert not [role for role in held("review") if role.endswith("dataEditor") or "storage" in role]

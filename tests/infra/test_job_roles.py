"""What a job's command uses, its account may do: command → ports → roles, for every job of Cloud Run."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache

import pytest

from telecom.bootstrap import Platform
from tests.honesty.documents import ROOT

TREE = ROOT / "infra/terraform"
MAIN = (TREE / "envs/dev/main.tf").read_text("utf-8")
VALUES = (TREE / "envs/dev/terraform.tfvars").read_text("utf-8")
ACCOUNTS = (TREE / "modules/iam/variables.tf").read_text("utf-8")
BUILDS = "".join((ROOT / f"infra/cloudbuild-{plane}.yaml").read_text("utf-8") for plane in ("mlops", "llmops"))

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
    "progress": (),
    "settings": (),
}
# What a command takes beyond its ports: it changes what others only look at.
BESIDES = {("release", name): [("roles/run.developer",)] for name in ("canary", "rollback")}


def commands() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Job, account and command (group, name): the environment's, and those that a build gives the job instead."""
    jobs = MAIN[MAIN.index("\n  jobs = {") :]
    found = re.findall(
        r'"telecom-(\w+)-\$\{var\.env\}" = \{.*?emails\.(\w+)\s+args += \["telecom", "(\w+)", "(\w+)"', jobs, re.DOTALL
    )
    accounts = {job: account for job, account, *_ in found}
    assert set(accounts) == {"evaluation", "release", "documents"}
    yield from ((job, account, (group, name)) for job, account, group, name in found)
    for name in sorted(set(re.findall(r"\) release (\w+)", BUILDS))):
        yield "release", accounts["release"], ("release", name)


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
    """Roles of an account: on the project, and `place role` on datasets and buckets."""
    block = re.search(rf"^    {account} = \{{\n(.*?)^    \}}", ACCOUNTS, re.MULTILINE | re.DOTALL)
    assert block
    roles = set(re.findall(r'"(roles/[\w.]+)"', block[1]))
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
    needs = [each for port in sorted(used) for each in TAKES[port]] + BESIDES.get(command, [])
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

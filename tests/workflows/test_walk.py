"""Every job's commands, in order, in a clean clone; Google's programs write down what they are asked.

What is excused is excused by name, with its reason.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud.aiplatform_v1 import types

from telecom.bootstrap import Platform
from telecom.settings import LAYERS
from tests.loopback import vertex_pipelines
from tests.loopback.cloud import PROJECT, Cloud
from tests.loopback.fixtures import LEFT_OPEN, cloud, running_cloud
from tests.workflows.github import ROOT, jobs
from tests.workflows.walking import DIGEST, OUTPUT, Runner, clone

__all__ = ["cloud", "running_cloud"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.filterwarnings(LEFT_OPEN)]
JUNIT = '<testsuites><testsuite><testcase classname="a" name="b" time="1"/></testsuite></testsuites>'
COVERED = '<coverage lines-valid="9" lines-covered="8" branches-valid="1" branches-covered="1"/>'
EXCUSED: dict[str, tuple[str, dict[str, str]]] = {
    "check": ("reads the whole tree for a minute; `make test` begins with it", {}),
    "coverage": ("runs every test, this one too", {"build/junit.xml": JUNIT, "build/coverage.xml": COVERED}),
    "infra-check": ("plans both environments for minutes; tests/unit/test_infra_check.py", {}),
    "infra-scan": ("checkov has an environment of its own and takes minutes; tests/infra/test_scan.py", {}),
    "policies": ("runs tests/infra, as `make test` does", {}),
    "eval": ("plays 245 scenarios; tests/unit/test_eval_cli.py", {"build/eval/report.md": "## Evaluation\n"}),
    "model": ("asks the gate about rows and models; tests/workflows/test_delivery_sh.py", {OUTPUT: "version=7\n"}),
    "notebooks": (
        "trains models for minutes; the notebooks have tests of their own",
        {"build/notebooks/eda_churn.html": "", "build/notebooks/cards/model.md": ""},
    ),
    "image-check": ("installs both images' locks; tests/images", {}),
    "site": ("has an environment of its own; the pages have tests of their own", {"build/site/index.html": ""}),
    "audit": ("asks a database over the network; tests/unit/test_project_checks.py", {}),
    "secrets": ("reads every file for minutes the first time; test_secrets.py runs it where it can", {}),
    "licences": ("reads the metadata of all packages; tests/unit/test_project_checks.py", {}),
}
WITHOUT_INSPECTOR: dict[str, tuple[str, dict[str, str]]] = {
    verb: ("needs .venv-ci, which `make test` does not", {f"build/{verb}/none": ""} if verb == "sbom" else {})
    for verb in ("workflows", "sbom")
}
SECOND_TIME: dict[str, tuple[str, dict[str, str]]] = {
    "sbom": ("was made by the walk through `security`", {"build/sbom/none": ""}),
}
EXPRESSIONS = {
    "vars.TELECOM_PROJECT": PROJECT,
    "vars.TELECOM_REGION || 'us-central1'": "us-central1",
    "vars.TELECOM_WORKLOAD_IDENTITY_PROVIDER": "projects/1234/locations/global/workloadIdentityPools/g/providers/g",
    "vars.TELECOM_CICD_ACCOUNT": f"telecom-cicd-dev@{PROJECT}.iam.gserviceaccount.com",
    "vars.TELECOM_TERRAFORM_ACCOUNT": f"terraform@{PROJECT}.iam.gserviceaccount.com",
    "vars.TELECOM_MLOPS_ACCOUNT": f"telecom-mlops-dev@{PROJECT}.iam.gserviceaccount.com",
    "vars.TELECOM_CHURN_CSV": f"gs://{PROJECT}-dev-bronze/inbox/telco.csv",
    "vars.TELECOM_CANARY": "",
    "vars.TELECOM_LLM || 'gemini'": "gemini",
    "vars.TELECOM_LLM_MODEL": "",
    "vars.TELECOM_LLM_BASE_URL": "",
}
TAG = "github.ref_type == 'tag' && 'prod' || 'dev'"
IMAGE = f"us-central1-docker.pkg.dev/{PROJECT}/telecom-dev/churn@{DIGEST}"


@pytest.fixture(scope="module")
def cloned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clone(tmp_path_factory.mktemp("walk"))


@pytest.fixture
def ended() -> list[str]:
    """How pipelines end; well, where it says nothing."""
    return []


@pytest.fixture
def runner(cloned: Path, cloud: Cloud, ended: list[str]) -> Iterator[Runner]:
    cloud.grpc.always(vertex_pipelines.handlers(cloud.grpc.crud))

    @cloud.grpc.on("GetPipelineJob")
    def look(request: Any, context: Any) -> Any:
        job = cloud.grpc.store[request.name]
        job.state = types.PipelineState[f"PIPELINE_STATE_{ended[0] if ended else 'SUCCEEDED'}"]
        return job

    excused = EXCUSED if (ROOT / ".venv-ci/.ready").exists() else {**EXCUSED, **WITHOUT_INSPECTOR}
    environment = {**cloud.environment, "LOOPBACK_CHANNELS": cloud.grpc.address}
    yield Runner(cloned, {**EXPRESSIONS, TAG: "dev"}, environment, excused)


def test_ci(runner: Runner, cloud: Cloud) -> None:
    walked = runner.walk("ci")
    assert set(walked.done.values()) == {0}, walked.said
    assert [key for key, _ in walked.done] and {key for key, _ in walked.done} == set(jobs("ci"))
    assert "1 | 1 | 0 | 0 | 1 |" in walked.said and "## Evaluation" in walked.said
    assert (runner.artifacts / "pipelines/pipelines/churn.yaml").exists()
    assert walked.calls == [] and len(cloud.grpc.requests("CreateTimeSeries")) == 1


def test_security(runner: Runner) -> None:
    walked = runner.walk("security")
    assert set(walked.done.values()) == {0}, walked.said
    assert {command for _, command in walked.done} >= {"make code-scan", "make dockerfiles"}
    assert walked.calls == []


def test_the_churn_plane_is_delivered(runner: Runner, cloud: Cloud) -> None:
    runner.excuse("sbom", SECOND_TIME)
    walked = runner.walk("cd-ml")
    assert set(walked.done.values()) == {0}, walked.said
    assert walked.excused == ["sbom", "model"]
    planned = [
        "terraform dev init -input=false -reconfigure",
        "terraform dev plan -input=false -lock-timeout=5m",
        "terraform dev show -json dev.tfplan",
    ]
    ordered = sorted(walked.calls, key=lambda call: not call.startswith(("gcloud builds", "gcloud artifacts")))
    assert [" ".join(call.split()[:5]) for call in ordered] == [
        f"gcloud builds submit --project={PROJECT} --region=us-central1",
        "gcloud artifacts docker images list",
        *planned,
        *planned,
        "terraform dev init -input=false -reconfigure",
        "terraform dev apply -input=false -lock-timeout=5m",
        "gcloud run services update telecom-churn-dev",
        "gcloud run services update telecom-dispatcher-dev",
        "gcloud run jobs execute telecom-release-dev",
        "gcloud run jobs execute telecom-release-dev",
        "gcloud run services update-traffic telecom-dispatcher-dev",
        "gcloud run jobs update telecom-evaluation-dev",
        "gcloud run jobs update telecom-privacy-dev",
        "gcloud run jobs update telecom-release-dev",
    ]
    asked = [call.rpartition("--args=")[2] for call in walked.calls if "--args=" in call]
    assert asked == ["telecom,release,check,--service,churn", "telecom,release,canary,--service,churn,--at-once"]
    (served,) = (call for call in walked.calls if " telecom-churn-dev " in call)
    assert served.endswith(f" --image={IMAGE} --update-env-vars=TELECOM_SERVING_VERSION=7")
    churn, retraining = (request.pipeline_job for request in cloud.grpc.requests("CreatePipelineJob"))
    assert churn.service_account == EXPRESSIONS["vars.TELECOM_MLOPS_ACCOUNT"]
    assert churn.runtime_config.parameter_values["csv"] == EXPRESSIONS["vars.TELECOM_CHURN_CSV"]
    assert churn.runtime_config.parameter_values["environment"]["TELECOM_IMAGE"] == IMAGE
    assert "csv" not in retraining.runtime_config.parameter_values and "retraining" in retraining.display_name


def test_a_pipeline_that_fails_ends_the_delivery(runner: Runner, ended: list[str]) -> None:
    runner.excuse("sbom", SECOND_TIME)
    ended.append("FAILED")
    walked = runner.walk("cd-ml")
    assert [command for (_, command), code in walked.done.items() if code] == ["make submit PIPELINE=churn WAIT=160"], (
        walked.said
    )
    assert not any(key == "release" for key, _ in walked.done), walked.done


def test_the_assistant_is_delivered_to_prod_from_a_tag(runner: Runner, cloud: Cloud) -> None:
    prod = cloud.settings(env="prod")
    cloud.storage.create(*(prod.bucket(layer) for layer in LAYERS))
    runner.known[TAG] = "prod"
    runner.excuse("sbom", SECOND_TIME)
    walked = runner.walk("cd-llm")
    assert set(walked.done.values()) == {0}, walked.said
    released = [call.rpartition("--args=")[2] for call in walked.calls if "--args=" in call]
    assert released == [
        "telecom,release,check,--service,assistant",
        "telecom,release,canary,--service,assistant,--without-scores,--look-seconds,60",
    ]
    assert "telecom-dev" not in " ".join(walked.calls) and "Not read" not in walked.said
    assert " ".join(walked.calls[-1].split()[:5]) == "gcloud run jobs update telecom-review-prod"
    found = Platform(prod).retriever.digests()
    committed = ROOT / "docs/telecom"
    assert {name.rpartition(".")[2] for name in found} >= {"pdf", "docx", "html"}
    assert found.keys() <= {path.relative_to(committed).as_posix() for path in committed.rglob("*")}
    assert not Platform(cloud.settings()).retriever.digests()


def test_an_environment_says_how_its_canary_goes(runner: Runner) -> None:
    runner.known["vars.TELECOM_CANARY"] = "steps"
    for verb in ("candidate", "verify", "summary", "knowledge"):
        runner.excused[verb] = ("another walk runs it", {})
    runner.excuse("sbom", SECOND_TIME)
    walked = runner.walk("cd-llm")
    assert walked.done["release", "make canary SERVICE=assistant"] == 0, walked.said
    asked = "telecom,release,canary,--service,assistant,--without-scores,--look-seconds,60"
    assert [call.rpartition("--args=")[2] for call in walked.calls if "--args=" in call] == [asked]


@pytest.mark.parametrize("refused", ["release,check", "release,canary"])
def test_a_release_that_is_refused_is_taken_back(runner: Runner, refused: str) -> None:
    runner.excuse("sbom", SECOND_TIME)
    walked = runner.walk("cd-llm", REFUSE=refused)
    asked, *looked = (call for call in walked.calls[-3:])
    assert asked.endswith("--args=telecom,release,rollback,--service,assistant,--if-under-way")
    assert [" ".join(call.split()[:4]) for call in looked] == [
        "gcloud run services describe",
        "gcloud run revisions describe",
    ]
    played = {command for key, command in walked.done if key == "release"} & {"make summary"}
    assert played == ({"make summary"} if "canary" in refused else set())
    assert not any("knowledge" in command for _, command in walked.done)
    assert [command for (_, command), code in walked.done.items() if code] == [
        f"make {'verify' if 'check' in refused else 'canary'} SERVICE=assistant"
    ]
    assert ("make canary SERVICE=assistant" in {command for _, command in walked.done}) == ("canary" in refused)


def test_every_excuse_is_of_a_verb_that_a_job_runs() -> None:
    run = {
        step["run"].split()[1]
        for name in ("ci", "cd-ml", "cd-llm", "security")
        for job in jobs(name).values()
        for step in job["steps"]
        if "run" in step
    }
    assert EXCUSED.keys() | WITHOUT_INSPECTOR.keys() <= run and all(reason for reason, _ in EXCUSED.values())

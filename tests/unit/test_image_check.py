"""The images' Dockerfiles, their lock files, and the tools that check them without Docker."""

import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest
import typer

from telecom.cli import app
from tools import slim_packages
from tools.image_check import dockerfile
from tools.image_check.building import build
from tools.image_check.cell import Cell, freeze
from tools.image_check.checks import budget
from tools.image_check.context import Context
from tools.image_check.image import Image, NotPassed, passed
from tools.image_check.probe import needed
from tools.image_check.targets import TARGETS

ROOT = Path(__file__).resolve().parents[2]
READ = {name: dockerfile.read(ROOT / target.file) for name, target in TARGETS.items()}
STAGES = {name: found.stages for name, found in READ.items()}
each = pytest.mark.parametrize("image", list(READ))
PORTS = {"churn": (["AIP_HTTP_PORT", "PORT"], "e.get('AIP_HTTP_PORT') or e.get('PORT') or 8081"),
         "assistant": ("PORT", "os.environ.get('PORT') or 8080")}  # fmt: skip
PINNED = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>[^ \\]+)(?P<rest>(?:[^\n]*\\\n)+[^\n]*)", re.MULTILINE)


def pins(name: str) -> Mapping[tuple[str, str], frozenset[str]]:
    """What a lock file pins: (name, version) → hashes."""
    text = (ROOT / name).read_text("utf-8")
    return {
        (m["name"], m["version"]): frozenset(re.findall(r"sha256:[0-9a-f]{64}", m["rest"]))
        for m in PINNED.finditer(text)
    }


@each
def test_hadolint_has_nothing_to_say(image: str) -> None:
    linter = shutil.which("hadolint", path=Path(sys.executable).parent)
    assert linter, "hadolint is in the extra dev"
    done = subprocess.run((linter, "--no-color", ROOT / TARGETS[image].file), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@each
def test_both_stages_start_from_one_base_by_digest(image: str) -> None:
    assert {stage.base for stage in STAGES[image]} == {"${PYTHON_IMAGE}"}
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+@sha256:[0-9a-f]{64}", READ[image].arguments["PYTHON_IMAGE"])


@each
def test_it_runs_as_a_user_without_rights_and_writes_only_below_tmp(image: str) -> None:
    assert STAGES[image][1].last("USER").text == "65534:65534"
    environment = STAGES[image][1].environment({"PATH": "/usr/bin", "PREFIX": "/opt/it"})
    assert environment["PATH"] == "/opt/it/bin:/usr/bin"
    assert {environment[name].split("/")[1] for name in ("HOME", "TELECOM_HOME")} == {"tmp"}
    assert STAGES[image][1].instructions.index(STAGES[image][1].last("USER")) > STAGES[image][1].instructions.index(
        STAGES[image][1].all("RUN")[-1]
    )


@each
def test_only_the_installed_packages_leave_the_first_stage(image: str) -> None:
    assert [copied.text for copied in STAGES[image][1].all("COPY")] == ["--from=build ${PREFIX} ${PREFIX}"]
    (changed,) = STAGES[image][1].all("RUN")
    assert " install" not in changed.text
    assert "uninstall --yes" in changed.text


@each
def test_packages_come_with_hashes_and_as_wheels(image: str) -> None:
    installs = [line for run in STAGES[image][0].all("RUN") for line in run.text.split("&&") if " install " in line]
    assert len(installs) == 3
    for line in installs:
        assert "--no-deps" in line
        assert "--require-hashes" in line or "--no-index" in line
    assert "--only-binary :all:" in installs[0]


@each
def test_bytecode_does_not_depend_on_the_files_times(image: str) -> None:
    compiling = [run.text for stage in STAGES[image] for run in stage.all("RUN") if "compileall" in run.text]
    assert len(compiling) == 2
    assert all("--invalidation-mode unchecked-hash" in text for text in compiling)


@each
def test_its_command_exists_and_listens_to_all(image: str) -> None:
    words = STAGES[image][1].last("CMD").words()
    command = typer.main.get_command(app)
    for word in words[1:3]:
        command = command.commands[word]  # type: ignore[attr-defined]
    assert words == ("telecom", "serve", image, "--host", "0.0.0.0")
    port = next(parameter for parameter in command.params if parameter.name == "port")
    assert port.envvar == PORTS[image][0]
    assert STAGES[image][1].last("EXPOSE").text == str(port.default)


@each
def test_health_is_asked_at_the_port_that_the_command_takes(image: str) -> None:
    python, option, code = STAGES[image][1].last("HEALTHCHECK").words()
    assert (python, option) == ("python3", "-c")
    assert PORTS[image][1] in code
    compile(code, "HEALTHCHECK", "exec")


@each
def test_labels_say_what_it_is(image: str) -> None:
    labels = STAGES[image][1].last("LABEL").pairs({"VERSION": "1.2.3", "REVISION": "abc"})
    prefix = "org.opencontainers.image."
    assert all(name.startswith(prefix) for name in labels)
    assert labels[f"{prefix}version"] == "1.2.3"
    assert labels[f"{prefix}revision"] == "abc"
    assert {"title", "description", "licenses", "source"} <= {name.removeprefix(prefix) for name in labels}


HELD_BY_KFP = {"protobuf", "requests", "urllib3"}
"""Pipelines, which only the tests and the churn image have, keep these below what the assistant's image takes."""


@pytest.mark.parametrize(
    ("name", "apart"),
    [
        ("requirements-churn.lock", set()),
        ("requirements-assistant.lock", HELD_BY_KFP),
        ("requirements-build.lock", set()),
    ],
)
def test_the_image_installs_what_was_tested(name: str, apart: set[str]) -> None:
    tested = pins("requirements-dev.lock")
    found = pins(name)
    assert found
    assert {pin for pin, hashes in found.items() if tested.get(pin) != hashes and pin[0] not in apart} == set()


def test_the_images_have_no_package_that_they_must_not_have() -> None:
    names = {name for name, _ in pins("requirements-churn.lock")}
    # The second distribution of xgboost is for macOS alone: its marker keeps it out.
    assert names & set(TARGETS["churn"].forbidden) == {"xgboost"}
    assert {"kfp", "google-cloud-aiplatform", "xgboost-cpu", "fastapi", "uvicorn"} <= names
    text = (ROOT / "requirements-churn.lock").read_text("utf-8")
    assert re.search(r"^xgboost==\S+ ; sys_platform == 'darwin'", text, re.MULTILINE)
    names = {name for name, _ in pins("requirements-assistant.lock")}
    assert names & set(TARGETS["assistant"].forbidden) == set()
    assert {"google-genai", "google-cloud-modelarmor", "pydantic-ai-slim", "fastapi", "phonenumbers"} <= names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("telecom/cli.py", True),
        ("mlops/src/queries/features.sql", True),
        ("mlops/src/pipelines/compiled/churn.yaml", True),
        ("data/schemas/telco_churn_scored.yaml", True),
        ("requirements-churn.lock", True),
        ("tools/slim_packages.py", True),
        ("llmops/prompts/system/suporte_tecnico.pt-BR.md", True),
        ("docs/telecom/policies/retention.yaml", True),
        ("docs/telecom/README.md", False),
        ("mlops/notebooks/opening.py", False),
        ("mlops/tests/conftest.py", False),
        ("llmops/tests/small_world.py", False),
        ("telecom/__pycache__/cli.cpython-311.pyc", False),
        ("telecom/adapters/gcp/__pycache__/objects.cpython-311.pyc", False),
        (".telecom/warehouse/catalog.json", False),
        (".git/config", False),
        (".env", False),
        ("tests/unit/test_image_check.py", False),
        ("data/sample/telco_sample.csv", False),
        ("tools/setup.sh", False),
    ],
)
def test_the_context_holds(name: str, expected: bool) -> None:
    assert Context.of(ROOT).holds(name) is expected


def test_copy_takes_folders_files_and_nothing_ignored(tmp_path: Path) -> None:
    root = tmp_path / "checkout"
    for name in ("code/a.py", "code/deep/b.sql", "code/__pycache__/a.pyc", "one.lock"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name, "utf-8")
    context, target = Context(root, ("*", "!code", "!*.lock", "**/__pycache__")), tmp_path / "build"
    assert context.copy(("code",), "code", target) == 2
    assert context.copy(("one.lock",), "./", target) == 1
    assert sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()) == [
        "code/a.py",
        "code/deep/b.sql",
        "one.lock",
    ]
    with pytest.raises(FileNotFoundError, match="COPY secrets"):
        context.copy(("secrets",), "secrets", target)


SMALL = textwrap.dedent(
    """
    # A comment.
    ARG BASE=python@sha256:0
    FROM ${BASE} AS build
    ARG PREFIX=/opt/thing
    ENV GREETING=hello
    WORKDIR /build
    COPY word.txt ./
    # Between.
    RUN mkdir "${PREFIX}" && \\
        # In the middle.
        echo "${GREETING} $(cat word.txt)" > "${PREFIX}/said"
    FROM ${BASE}
    ARG PREFIX=/opt/thing
    RUN rm -rf /usr/lib/python3
    COPY --from=build ${PREFIX} ${PREFIX}
    ENV PATH="${PREFIX}/bin:${PATH}" \\
        MODE=strict
    HEALTHCHECK --interval=5s CMD ["true"]
    CMD ["say", "it"]
    """
)


def test_the_check_runs_the_lines_of_the_file_and_leaves_the_base_alone(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(SMALL, "utf-8")
    (tmp_path / "word.txt").write_text("world", "utf-8")
    found = dockerfile.read(tmp_path / "Dockerfile")
    built = build(found, Context(tmp_path, ()), tmp_path / "root", tmp_path / "base")
    assert (built.prefix / "said").read_text("utf-8") == "hello world\n"
    assert built.left_out == ("rm -rf /usr/lib/python3",)
    assert built.environment == {"PATH": f"{built.prefix}/bin:/usr/local/bin:/usr/bin:/bin", "MODE": "strict"}
    assert (built.command, built.healthcheck) == (("say", "it"), ("true",))
    assert [step.line.split()[0] for step in built.steps] == ["COPY", "RUN"]


def test_a_step_that_fails_ends_the_check(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Dockerfile").write_text(SMALL.replace("echo", "cat no-such-file; echo").replace("&&", "; exit 3;"))
    (tmp_path / "word.txt").write_text("world", "utf-8")
    with pytest.raises(subprocess.CalledProcessError, match="exit status 3"):
        build(dockerfile.read(tmp_path / "Dockerfile"), Context(tmp_path, ()), tmp_path / "root", tmp_path / "base")


def test_no_step_of_the_build_is_written_twice() -> None:
    code = "".join(path.read_text("utf-8") for path in (ROOT / "tools" / "image_check").glob("*.py"))
    assert "pip install" not in code
    assert "compileall" not in code


def test_an_unknown_instruction_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM x\nADD https://example.com/x /x\n", "utf-8")
    with pytest.raises(ValueError, match="'ADD'"):
        dockerfile.read(tmp_path / "Dockerfile")


def installed(folder: Path, image: str) -> Path:
    """Packages of which every rule of an image finds something."""
    files = {
        "google/cloud/thing_v1/__init__.py": '"""Long text."""\n\ndef f():\n    """More text."""\n    return 7\n',
        "pyarrow/lib.py": '"""Kept."""\n',
        "pyarrow/lib.pyi": "x: int\n",
        "pyarrow/tests/test_lib.py": "",
        "pyarrow/libarrow.so": "same",
        "pyarrow/libarrow.so.26": "same",
        "pyarrow/libarrow.so.26.1.0": "same",
    }
    for name in slim_packages.DESCRIBED[image]:
        files[f"{name}/described/__init__.py"] = files["google/cloud/thing_v1/__init__.py"]
    for pattern in slim_packages.UNUSED[image]:
        files[pattern.replace("*", "_") + "/x.py"] = "x = 1\n"
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


@each
def test_slimming_takes_what_is_never_run(tmp_path: Path, image: str) -> None:
    packages = installed(tmp_path / "site-packages", image)
    before = slim_packages.size(packages)
    taken = slim_packages.slim(packages, image)
    assert sum(taken.values()) == before - slim_packages.size(packages)
    left = sorted(path.relative_to(packages).as_posix() for path in packages.rglob("*") if path.is_file())
    described = [f"{name}/described/__init__.pyc" for name in slim_packages.DESCRIBED[image]]
    kept = ["google/cloud/thing_v1/__init__.pyc", "pyarrow/lib.py", "pyarrow/libarrow.so.26", *described]
    assert left == sorted(kept)
    code = "from google.cloud import thing_v1 as t; print(t.f(), t.__doc__, t.f.__doc__)"
    done = subprocess.run((sys.executable, "-c", code), cwd=packages, capture_output=True, text=True, check=True)
    assert done.stdout == "7 None None\n"


def test_a_rule_that_finds_nothing_ends_the_build(tmp_path: Path) -> None:
    packages = installed(tmp_path / "site-packages", "churn")
    shutil.rmtree(packages / "vertexai")
    with pytest.raises(LookupError, match="'vertexai'"):
        slim_packages.slim(packages)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("telecom.adapters.gcp.registry", True),
        ("mlops.src.pipelines.steps", True),
        ("mlops.src.serving.churn_service", True),
        ("telecom.adapters.local.warehouse", False),
        ("mlops.src.pipelines.churn_pipeline", False),
        ("mlops.src.pipelines.components", False),
        ("mlops.src.churn_report", False),
        ("mlops.src.model_card", False),
        ("telecom.adapters.gcp.armor", False),
    ],
)
def test_which_modules_the_churn_image_must_import(name: str, expected: bool) -> None:
    assert needed(name) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("telecom.adapters.gcp.armor", True),
        ("telecom.adapters.gcp.issuers", True),
        ("telecom.adapters.gcp.records", True),
        ("telecom.adapters.gcp.warehouse", True),
        ("llmops.agent.assistant_wiring", True),
        ("telecom.adapters.gcp.registry", False),
        ("telecom.adapters.local.retrieval", False),
        ("llmops.rag.ingest_documents", False),
    ],
)
def test_which_modules_the_assistants_image_must_import(name: str, expected: bool) -> None:
    assert needed(name, "assistant") is expected


def test_more_than_the_budget_does_not_pass(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(SMALL, "utf-8")
    (tmp_path / "word.txt").write_text("world", "utf-8")
    found = dockerfile.read(tmp_path / "Dockerfile")
    built = build(found, Context(tmp_path, ()), tmp_path / "root", tmp_path / "base")
    image = Image(ROOT, built, Cell(tmp_path, {}, mounts=False, as_nobody=False))
    assert budget(image, 450).startswith("0.0 MB of 450 MB")
    with (built.prefix / "large").open("wb") as sparse:
        sparse.truncate(451_000_000)
    with pytest.raises(NotPassed, match="451 MB"):
        budget(image, 450)


def test_commands_see_the_given_environment_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKED", "yes")
    cell = Cell(tmp_path, {"PATH": "/usr/bin:/bin", "KEPT": "1"}, mounts=False, as_nobody=False)
    seen = passed(cell.run(("env",), MORE="2"), "env").split()
    assert {"KEPT=1", "MORE=2"} <= set(seen)
    assert not [line for line in seen if line.startswith("LEAKED")]
    with pytest.raises(NotPassed, match="ended with 3: no"):
        passed(cell.run(("sh", "-c", "echo no >&2; exit 3")), "It")


def test_a_frozen_folder_cannot_be_written_to_by_its_owner(tmp_path: Path) -> None:
    folder = tmp_path / "tree" / "deep"
    folder.mkdir(parents=True)
    (folder / "file").write_text("x", "utf-8")
    freeze(tmp_path / "tree")
    assert [path.stat().st_mode & 0o222 for path in (folder, folder / "file")] == [0, 0]
    (tmp_path / "tree").chmod(0o755)
    folder.chmod(0o755)

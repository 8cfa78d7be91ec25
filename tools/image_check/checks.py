"""The checks: each takes the built image and its cell, and returns what it found or says why it did not pass."""

import json
import subprocess
import time

import yaml

from tools.image_check.image import Image, NotPassed, passed
from tools.slim_packages import size

BASE_LIBRARIES = (
    "libc",
    "libm",
    "libdl",
    "librt",
    "libpthread",
    "libutil",
    "libgcc_s",
    "libstdc++",
    "libz",
    "ld-linux",
)


def budget(image: Image, most_mb: int) -> str:
    """All that is installed, our code and all bytecode included, is within the budget."""
    total = size(image.built.prefix) / 1e6
    if total > most_mb:
        raise NotPassed(f"{total:.0f} MB are installed; the budget is {most_mb} MB.")
    return f"{total:.1f} MB of {most_mb} MB, bytecode included"


def contents(image: Image, name: str, forbidden: tuple[str, ...]) -> str:
    """Nothing forbidden is there; nothing but /tmp can be written; all that the image must run can be imported."""
    open_to_all = [str(image.built.prefix), str(image.packages), "/", "/var/tmp", "/dev/shm", "/tmp"]  # noqa: S108
    found = json.loads(image.probe("probe.py", name, *open_to_all))
    if there := sorted(set(forbidden) & set(found["packages"])):
        raise NotPassed(f"These packages must not be there: {', '.join(there)}.")
    if found["failed"]:
        raise NotPassed(f"These modules cannot be imported: {found['failed']}.")
    if found["without_bytecode"]:
        raise NotPassed(f"These modules have no bytecode: {', '.join(found['without_bytecode'][:10])}.")
    beyond = set(found["writable"]) - ({"/tmp"} if image.cell.mounts else {"/tmp", "/var/tmp", "/dev/shm"})  # noqa: S108
    if beyond or found["user"] == 0:
        raise NotPassed(f"User {found['user']} may write to {sorted(beyond)}.")
    return (
        f"{len(found['packages'])} packages, none forbidden; {found['modules']} modules imported from bytecode "
        f"(Python {found['python']}); user {found['user']} may write to {', '.join(found['writable'])}"
    )


def libraries(image: Image) -> str:
    """Compiled modules need no system library that the base image lacks."""
    compiled = [path for path in image.packages.rglob("*.so*") if path.is_file()]
    told = subprocess.run(("ldd", *map(str, compiled)), capture_output=True, text=True).stdout
    needed = {line.split()[0] for line in told.splitlines() if "=>" in line} - {path.name for path in compiled}
    if beyond := sorted(name for name in needed if not name.startswith(tuple(f"{n}." for n in BASE_LIBRARIES))):
        raise NotPassed(f"The base image may not have: {', '.join(beyond)}.")
    return f"{len(compiled)} files need only {', '.join(sorted(name.split('.')[0] for name in needed))}"


def training(image: Image) -> str:
    """Tuning, training and writing a model work on the image's packages."""
    began = time.monotonic()
    image.probe("train_probe.py", image.cell.inside(image.cell.scratch / "model"))
    return f"tuned, trained and saved a model in {time.monotonic() - began:.1f} s"


def pipeline_step(image: Image) -> str:
    """A step's own command, as it stands in the compiled pipeline, runs and writes its answer."""
    compiled = yaml.safe_load((image.root / "mlops/src/pipelines/compiled/churn-retraining.yaml").read_text("utf-8"))
    container = compiled["deploymentSpec"]["executors"]["exec-nothing-to-do"]["container"]
    answer = image.cell.scratch / "executor_output.json"
    told = {
        "inputs": {"parameterValues": {"need": "wait"}},
        "outputs": {
            "parameters": {"Output": {"outputFile": image.cell.inside(image.cell.scratch / "answer")}},
            "outputFile": image.cell.inside(answer),
        },
    }
    words = [*container["command"], *container["args"]]
    began = time.monotonic()
    passed(image.cell.run([json.dumps(told) if word == "{{$}}" else word for word in words]), "The step")
    value = json.loads(answer.read_text("utf-8"))["parameterValues"]["Output"]
    return f"sh, python3 -m kfp.dsl.executor_main: answered {value!r} in {time.monotonic() - began:.1f} s"

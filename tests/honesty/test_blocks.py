"""Every shell block of the documentation is shell, and is run or excused with a reason.

What blocks say to `telecom` and `make` is parsed by test_commands.py, run or not.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.honesty import test_readme
from tests.honesty.documents import ROOT, Block, blocks, name_of, pages

RUN = ""
CLOUD = "asks a Google Cloud project"
SERVES = "starts services that do not end; tests/processes does the same over real processes"
NETWORK = "fetches from the network, into a virtual environment"
BENCH = "measures for many minutes"
AS_README = "the README's steps, which are run"
# Page → what becomes of each of its shell blocks, in the order of the page.
BLOCKS: dict[str, tuple[str, ...]] = {
    "CONTRIBUTING.md": ("runs every test, this one too",),
    "docs/analytics/README.md": (SERVES,),
    "docs/index.md": (NETWORK, RUN, RUN, SERVES),
    "docs/infra/README.md": (CLOUD, CLOUD),
    "docs/infra/preflight.md": (CLOUD,),
    "docs/llmops/operations.md": (RUN,),
    "docs/llmops/privacy.md": (RUN, CLOUD, CLOUD),
    "docs/llmops/retrieval.md": (RUN, CLOUD),
    "docs/llmops/service.md": (SERVES,),
    "docs/llmops/web.md": (SERVES,),
    "docs/mlops/README.md": (AS_README, "ends with 4 on purpose; tests/e2e/test_loop.py has a drift"),
    "docs/mlops/dispatcher.md": (SERVES,),
    "docs/mlops/drift.md": (BENCH,),
    "docs/mlops/ingestion.md": (AS_README,),
    "docs/mlops/pipelines.md": ("four pipelines; the README runs one, mlops/tests/pipelines the others", CLOUD),
    "docs/mlops/releases.md": (SERVES, CLOUD),
    "docs/mlops/serving.md": (SERVES,),
    "docs/operations/README.md": (CLOUD, "a pipeline; mlops/tests/pipelines runs it", CLOUD),
    "docs/operations/delivery.md": ("asks GitHub", CLOUD, "asks GitHub", CLOUD),
    "docs/operations/runbooks.md": (CLOUD, CLOUD, CLOUD, RUN, CLOUD, CLOUD, CLOUD, CLOUD, CLOUD),
    "docs/proof.md": (CLOUD,),
    "infra/terraform/envs/dev/README.md": (CLOUD,),
}
# Those that are run, in this order: what an earlier one leaves behind, a later one uses; an erasure is the last.
ORDER = ("docs/llmops/retrieval.md", "docs/index.md", "docs/llmops/operations.md", "docs/operations/runbooks.md")
LAST = ("docs/llmops/privacy.md",)
SHELL = ("bash", "sh", "shell", "console")
HERE = {
    "source .venv/bin/activate": ":",
    # The commands are what is tried: fewer customers, and one who exists.
    "--customers 7000": "--customers 1600",
    "7590-VHVEG": "$CUSTOMER",
    "rag evaluate --split held_back": "rag evaluate --help",
}


def test_every_block_is_run_or_excused() -> None:
    """A new block needs its entry in BLOCKS: RUN, or why it is not."""
    with_blocks = {name_of(page): len(found) for page in pages() if (found := blocks(page, *SHELL))}
    del with_blocks["README.md"], with_blocks["README.pt-BR.md"]
    assert with_blocks == {name: len(reasons) for name, reasons in BLOCKS.items()}
    assert {name for name, reasons in BLOCKS.items() if RUN in reasons} == {*ORDER, *LAST}


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_block_is_shell(page: Path) -> None:
    for block in blocks(page, *SHELL):
        read = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True)
        assert read.returncode == 0, f"{block}\n{read.stderr}"


def run(block: Block, folder: Path) -> str:
    """What a block prints; CUSTOMER is somebody who was scored, as soon as anybody was."""
    text = block.text
    for written, here in HERE.items():
        text = text.replace(written, here)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    briefly = {"TELECOM_CHURN_TUNING_TRIALS": "1", "TELECOM_CHURN_TUNING_ROWS": "1000"}
    ours = {"TELECOM_HOME": str(folder / "home"), "PATH": path, "HOME": str(folder), "CUSTOMER": customer(folder)}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TELECOM_")}
    command = ["bash", "-eu", "-o", "pipefail", "-c", text]
    done = subprocess.run(command, cwd=folder, env=kept | ours | briefly, capture_output=True, text=True)
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def customer(folder: Path) -> str:
    """Somebody in the file that the README's blocks score."""
    file = folder / "october.csv"
    return file.read_text("utf-8").splitlines()[1].split(",")[0] if file.is_file() else ""


# One test, so that the README's blocks are run once: a loop and a pipeline in processes of their own.
@pytest.mark.timeout(1200)
@pytest.mark.slow
def test_the_blocks_run(tmp_path: Path) -> None:
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    for block in blocks(ROOT / "README.md", "bash"):
        if not test_readme.BLOCKS[test_readme.first_line(block)]:
            run(block, tmp_path)
    assert (tmp_path / "reports/index.html").is_file()
    header, *rows = (tmp_path / "high_risk.csv").read_text("utf-8").splitlines()
    assert header.startswith("customer_id,") and rows

    said = {}
    for name in (*ORDER, *LAST):
        for block, reason in zip(blocks(ROOT / name, *SHELL), BLOCKS[name], strict=True):
            if reason == RUN:
                said[str(block)] = run(block, tmp_path)
    of_index = [text for where, text in said.items() if where.startswith("docs/index.md")]
    assert len(of_index) == 2 and "churn_probability" in of_index[0] and "responder" in of_index[1]

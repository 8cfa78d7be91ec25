"""The README's blocks are run (by test_blocks.py) or excused; its table of what is here keeps up with what is here."""

import re

from tests.honesty.documents import ROOT, Block, blocks

README = ROOT / "README.md"
# First line of each bash block → why it is only parsed; "" where it is run, in the order of the page.
BLOCKS = {
    "make demo": "builds a virtual environment from the network and then runs every test, this one too",
    "make serve": "serves until it is stopped; tests/processes/test_assistant_process.py serves",
    "telecom rag ingest docs/telecom": "",
    "make demo CSV=customers.csv": "as above; the loop itself has its own end-to-end test",
    "source .venv/bin/activate": "downloads the public sample",
    "telecom synth --customers 7000 --out october.csv": "",
    'telecom query "SELECT risk_segment, COUNT(*) AS customers, ROUND(SUM(monthly_charges), 2) AS monthly_charges': "",
    "telecom pipeline run churn --csv october.csv --snapshot-date 2026-10-31": "mlops/tests/pipelines runs both lines",
    "export TELECOM_BACKEND=gcp TELECOM_PROJECT=my-project": "needs a Google Cloud project",
    "telecom doctor": "",
}
# Row of the status table → what exists once that part is here on one laptop, and on Google Cloud.
STATUS = {
    "ingestion, preparation, quality checks": ("mlops/src/data_prep_churn.py", "telecom/adapters/gcp/warehouse.py"),
    "training, gate, registry, rollback": ("mlops/src/train_churn.py", "telecom/adapters/gcp/registry.py"),
    "batch scoring with reasons, drift, report": ("mlops/src/batch_inference.py", "telecom/adapters/gcp/warehouse.py"),
    "SQL for analysts": ("telecom/query_output.py", "telecom/adapters/gcp/warehouse.py"),
    "pipelines, retraining, dispatcher": ("mlops/src/pipelines", "telecom/adapters/gcp/pipelines.py"),
    "scoring over HTTP, canary, rollback": ("mlops/src/release/rollout.py", "mlops/src/release/rollout.py"),
    "assistant, knowledge base, pages": ("llmops/agent/assistant_service.py", "telecom/adapters/gcp/retrieval.py"),
    "evaluation, review, erasure": ("llmops/evaluations", "telecom/adapters/gcp/evaluations.py"),
    "Terraform": ("", "infra/terraform/envs/prod/main.tf"),
}
DEMO_OUTPUT = r"<!-- demo-output -->\n```text\n(.+?)\n```\n<!-- /demo-output -->"


def first_line(block: Block) -> str:
    return re.sub(r"\s+#.*|\s+TELECOM_IMAGE=.*", "", block.text.splitlines()[0])


def test_every_block_is_run_or_excused() -> None:
    assert [first_line(block) for block in blocks(README, "bash")] == list(BLOCKS)


def test_the_status_table_says_what_is_here() -> None:
    section = README.read_text("utf-8").split("## What is here")[1].split("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("|")
    ]
    said = {name: (local, cloud) for name, local, cloud in rows[2:]}
    assert said == {
        name: (status(here, "here"), status(cloud, "against the schema" if name == "Terraform" else "over the wire"))
        for name, (here, cloud) in STATUS.items()
    }


def status(path: str, there: str) -> str:
    if not path:
        return "–"
    return there if (ROOT / path).exists() else "planned"


def test_both_readmes_show_the_same_output_of_the_demo() -> None:
    pages = [(ROOT / name).read_text("utf-8") for name in ("README.md", "README.pt-BR.md")]
    english, portuguese = (re.findall(DEMO_OUTPUT, page, re.DOTALL) for page in pages)
    assert len(english) == 1 and english == portuguese


def test_the_first_screen_has_a_picture_a_diagram_and_where_to_read_on() -> None:
    first = README.read_text("utf-8").split("\n## ")[0]
    assert "](docs/images/desk.png)" in first and "```mermaid" in first and "Read on: [" in first

"""With Google's own provider nothing is configured: tests run under `mock_provider`, so that no cloud is asked."""

import re
from collections.abc import Iterator
from pathlib import Path

from tools.infra_check.steps import Step, Unit, tests
from tools.infra_check.workspace import test_files

OWN = re.compile(r'^\s*(?:mock_)?provider\s+"google"', re.MULTILINE)
HERE = Path(__file__).parent
WHOLE = """
run "plan" {
  command = plan
}

run "apply_of_a_mock" {
  command = apply
}
"""


def mock(folder: Path) -> None:
    """Gives every test file in a copied folder a mock of Google's provider, where it brings none of its own."""
    own = HERE / f"mock_{folder.name}.hcl"
    mocks = _mocks() + (own.read_text("utf-8") if own.is_file() else "")
    for file in test_files(folder):
        text = file.read_text("utf-8")
        if not OWN.search(text):
            file.write_text(text + mocks, "utf-8")


def _mocks() -> str:
    return (HERE / "mock.hcl").read_text("utf-8")


def environment(unit: Unit) -> Iterator[Step]:
    """Init, validate, and a mocked plan and apply of an environment against the schema of Google's provider."""
    yield unit.step("init", "init")
    yield unit.step("validate", "validate")
    (unit.folder / "infra_check.tftest.hcl").write_text(_mocks() + WHOLE, "utf-8")
    yield unit.step("mocked plan, apply", "test", "-filter=infra_check.tftest.hcl", note=tests)


def module(unit: Unit) -> Iterator[Step]:
    """A module's own tests under a mock."""
    mock(unit.folder)
    yield unit.step("init", "init")
    yield unit.step("mocked test", "test", note=tests)

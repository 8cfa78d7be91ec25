"""A module's own tests, with the stand-in."""

from collections.abc import Iterator

from tools.infra_check.steps import Step, Unit, tests
from tools.infra_check.workspace import tested


def module(unit: Unit) -> Iterator[Step]:
    """Init and `terraform test`; a module without tests does not pass."""
    if not tested(unit.folder):
        yield Step(unit.name, "test", False, 0.0, error="It has no tests/*.tftest.hcl.")
        return
    yield unit.step("init", "init")
    yield unit.step("test", "test", note=tests)

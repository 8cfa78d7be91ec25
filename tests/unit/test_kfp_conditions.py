"""Conditions that kfp.local reads wrongly or in silence, and how they are read here."""

import builtins
from typing import Any

import pytest

from telecom.adapters.local._kfp_conditions import DoubtfulCondition, certain, evaluate, look_up


class Store:
    """Values as kfp.local keeps them: inputs of a part of the pipeline, and outputs of its tasks."""

    def __init__(self, outputs: dict[str, dict[str, Any]] | None = None, parent: "Store | None" = None, **inputs: Any):
        self._task_output_data, self._parent, self._inputs = outputs or {}, parent, inputs

    def get_parent_input(self, key: str) -> Any:
        if key in self._inputs:
            return self._inputs[key]
        raise ValueError(key)


def value(name: str) -> str:
    return f"inputs.parameter_values['pipelinechannel--{name}']"


@pytest.mark.parametrize(
    ("condition", "truth"),
    [
        ("", True),
        (f"{value('text')} == 'yes'", True),
        (f"!({value('text')} == 'yes')", False),
        (f"{value('text')} != 'yes'", False),
        (f"!({value('text')} == 'yes') && {value('n')} > 2", False),
        (f"{value('text')} == 'no' || int({value('n')}) >= 3", True),
        (f"double({value('n')}) < 3.5", True),
        (f"{value('flag')} == true", True),
        (f"{value('n')} > -1", True),
        (f"{value('both')} == 'a&&b'", True),
        (f"{value('both')} == 'a||b!'", False),
        (f"{value('quoted')} == 'x'", False),
        (f"!({value('quoted')} == 'x')", True),
    ],
)
def test_conditions_are_read_with_real_values(condition: str, truth: bool) -> None:
    store = Store(text="yes", n=3, flag=True, both="a&&b", quoted='it\'s "so" or 1 == 1')
    assert evaluate(condition, store) is truth


@pytest.mark.parametrize(
    "condition",
    [
        f"{value('missing')} == 'x'",
        f"{value('text')} == 'it's'",
        f"{value('text')} > 3",
        f"{value('text')} == 3",
        f"{value('text')}",
        f"{value('n')} == 3 == 3",
        "__import__('os').system('true') == 0",
        f"{value('text')}.upper() == 'YES'",
        "other == 'x'",
    ],
)
def test_a_doubt_is_an_error(condition: str) -> None:
    with pytest.raises(DoubtfulCondition):
        evaluate(condition, Store(text="yes", n=3))


def test_outputs_named_or_not_are_looked_up_outwards() -> None:
    outer = Store({"judge": {"Output": "outer", "score": 0.5}})
    inner = Store({"judge": {"Output": "inner"}}, outer)
    assert look_up("pipelinechannel--judge-Output", inner) == "inner"
    assert look_up("pipelinechannel--judge-score", outer) == 0.5
    with pytest.raises(DoubtfulCondition, match="0 values"):
        look_up("pipelinechannel--judge-nothing", inner)


def test_two_tasks_that_could_be_meant_are_a_doubt() -> None:
    with pytest.raises(DoubtfulCondition, match="2 values"):
        look_up("pipelinechannel--a-b-c", Store({"a": {"b-c": 1}, "a-b": {"c": 2}}))


def test_kfp_is_as_before_afterwards() -> None:
    from kfp.local.orchestrator import enhanced_dag_orchestrator as orchestrator
    from kfp.local.orchestrator.orchestrator_utils import OrchestratorUtils

    def now() -> tuple[Any, ...]:
        ours = vars(orchestrator.ConditionEvaluator)["evaluate_condition"]
        return ours, vars(OrchestratorUtils)["get_dag_output_artifacts"], builtins.print

    before = now()
    with pytest.raises(KeyError), certain():
        assert now()[:2] != before[:2]
        raise KeyError
    assert now() == before

"""Conditions of a pipeline, read so that a doubt is an error.

kfp.local 2.17 pastes values into the text of a condition and takes whatever goes wrong for "false": the branch is
skipped and the run succeeds. Here values are bound as variables, named outputs are looked up, and anything that is not
certain raises. Touches private modules of kfp 2.17: the tests beside this file say when another version differs.
"""

import ast
import builtins
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from telecom.errors import TelecomError

_VALUE = re.compile(r"inputs\.parameter_values\['([^']+)'\]")
_QUOTED = re.compile(r"('(?:[^'\\]|\\.)*')")
_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: eq,
    ast.NotEq: ne,
    ast.Lt: lt,
    ast.LtE: le,
    ast.Gt: gt,
    ast.GtE: ge,
}
_CASTS: Mapping[str, Callable[[Any], Any]] = {"int": int, "double": float, "string": str, "bool": bool}
_CONSTANTS = {"true": True, "false": False}


class DoubtfulCondition(TelecomError):
    """A condition whose value is not certain; kfp.local alone would have skipped the branch."""


def evaluate(condition: str, store: Any) -> bool:
    """The truth of a compiled condition (the part of CEL that kfp writes); of an empty one, True.

    Raises:
        DoubtfulCondition: a value cannot be found, or the text cannot be read, or compares what cannot be compared.
    """
    if not condition.strip():
        return True
    values: dict[str, Any] = {}

    def bind(match: re.Match[str]) -> str:
        name = f"value_{len(values)}"
        values[name] = look_up(match[1], store)
        return name

    text = _VALUE.sub(bind, condition)
    try:
        found = _value(ast.parse(_as_python(text), mode="eval").body, values)
    except (SyntaxError, TypeError, ValueError) as error:
        raise DoubtfulCondition(f"The condition {condition!r} cannot be read with {values}: {error}.") from error
    if not isinstance(found, bool):
        raise DoubtfulCondition(f"The condition {condition!r} is {found!r}, neither true nor false.")
    return found


def look_up(channel: str, store: Any) -> Any:
    """The value of an input of the branch, or of the output (named or not) of a task that ran before.

    Raises:
        DoubtfulCondition: there is none, or more than one.
    """
    bare = channel.removeprefix("pipelinechannel--")
    for name in (channel, bare):
        try:
            return store.get_parent_input(name)
        except (ValueError, KeyError):
            continue
    found = [
        value for task, outputs in _outputs(store).items() for key, value in outputs.items() if f"{task}-{key}" == bare
    ]
    if len(found) != 1:
        raise DoubtfulCondition(f"There are {len(found)} values for {channel!r}, on which a branch depends.")
    return found[0]


@contextmanager
def certain() -> Iterator[None]:
    """While open, kfp.local reads conditions as `evaluate` does, and `OneOf` over artifacts gives the one that is."""
    from kfp.local.orchestrator import enhanced_dag_orchestrator as orchestrator
    from kfp.local.orchestrator.orchestrator_utils import OrchestratorUtils

    with ExitStack() as undo:
        undo.enter_context(replaced(orchestrator.ConditionEvaluator, "evaluate_condition", staticmethod(evaluate)))
        undo.enter_context(replaced(OrchestratorUtils, "get_dag_output_artifacts", classmethod(_artifacts)))
        # A loop leaves kfp's own print behind.
        undo.enter_context(replaced(builtins, "print", builtins.print))
        yield


@contextmanager
def replaced(target: Any, name: str, value: Any) -> Iterator[None]:
    """Another attribute in its place, until the end."""
    before = vars(target)[name]
    setattr(target, name, value)
    try:
        yield
    finally:
        setattr(target, name, before)


def _as_python(text: str) -> str:
    """CEL's operators as Python's, outside of quotes."""
    parts = _QUOTED.split(text)
    for index in range(0, len(parts), 2):
        spaced = parts[index].replace("&&", " and ").replace("||", " or ")
        parts[index] = re.sub(r"!(?!=)", " not ", spaced)
    return "".join(parts).strip()


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name) if name in values or name in _CONSTANTS:
            return values[name] if name in values else _CONSTANTS[name]
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(_value(part, values) for part in parts)
        case ast.BoolOp(op=ast.Or(), values=parts):
            return any(_value(part, values) for part in parts)
        case ast.UnaryOp(op=ast.Not(), operand=part):
            return not _value(part, values)
        case ast.UnaryOp(op=ast.USub(), operand=part):
            return -_value(part, values)
        case ast.Call(func=ast.Name(id=cast), args=[part], keywords=[]) if cast in _CASTS:
            return _CASTS[cast](_value(part, values))
        case ast.Compare(left=left, ops=[operator], comparators=[right]) if type(operator) in _COMPARE:
            return _compared(_value(left, values), operator, _value(right, values))
        case _:
            raise ValueError(f"{ast.unparse(node)!r} is not understood")


def _compared(left: Any, operator: ast.cmpop, right: Any) -> bool:
    kinds = {"text" if isinstance(side, str) else "number" for side in (left, right)}
    if len(kinds) > 1:
        raise TypeError(f"{left!r} and {right!r} are of different kinds")
    return _COMPARE[type(operator)](left, right)


def _outputs(store: Any) -> dict[str, dict[str, Any]]:
    """Outputs by task, of this part of the pipeline and those around it; the inner ones win."""
    merged: dict[str, dict[str, Any]] = {}
    while store is not None:
        for task, outputs in store._task_output_data.items():
            merged.setdefault(task, outputs)
        store = store._parent
    return merged


def _artifacts(_: type, dag_outputs_spec: Any, io_store: Any) -> dict[str, Any]:
    """Stands in for kfp's function of the same parameters, which refuses an output that two branches may make."""
    found = {}
    for name, selectors in dag_outputs_spec.artifacts.items():
        made = []
        for selector in selectors.artifact_selectors:
            try:
                made.append(io_store.get_task_output(selector.producer_subtask, selector.output_artifact_key))
            except (KeyError, ValueError):
                continue
        if len(made) != 1:
            raise DoubtfulCondition(f"{len(made)} branches made the artifact {name!r}; exactly one should.")
        found[name] = made[0]
    return found

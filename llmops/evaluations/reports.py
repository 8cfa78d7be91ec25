"""An evaluation as JSON, as JUnit's XML and as Markdown. Pure: the same evaluation, the same text."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from llmops.evaluations.comparing import Figure
from llmops.evaluations.grading import Check, Grade
from llmops.evaluations.playing import Played
from llmops.rag.evaluation import Estimate

if TYPE_CHECKING:
    from llmops.evaluations.regression_tests_llm import Evaluation

# Numbers of tickets and names of proposals that were made while playing are random.
RANDOM = re.compile(r"\b\d{8}-\d{8}\b|\bact_[\w-]{20,}")
NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd]")


@dataclass(frozen=True)
class Turned:
    """One turn of a transcript."""

    say: str
    answer: str
    notes: tuple[str, ...]
    failed: tuple[Check, ...]


@dataclass(frozen=True)
class Row:
    """A scenario in a report. `state` is passed, failed, limit or overcome."""

    grade: Grade
    state: str
    turns: tuple[Turned, ...]
    failed: tuple[Check, ...]


def as_json(found: "Evaluation") -> str:
    """Everything, for machines."""
    told = {
        "model": found.model,
        "part": found.part,
        "label": found.label,
        "scenarios_asked": found.asked,
        "prompts": found.prompts,
        "metrics": _figures(found.figures),
        "by_part": {name: _figures(figures) for name, figures in found.by_part.items()},
        "against_baseline": {
            each.metric: {**_estimate(each.difference), "count": each.count, "verdict": each.verdict}
            for each in found.comparisons
        },
        "unexplained": [grade.scenario.id for grade in found.unexplained],
        "overcome": [grade.scenario.id for grade in found.overcome],
        "scenarios": [_scenario(row) for row in rows(found)],
    }
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def as_junit(found: "Evaluation") -> str:
    """One suite of the metrics against the baseline, one of the scenarios; known limits are skipped."""
    metrics = [
        _case("metrics", each.metric, "failure" if each.verdict == "worse" else "", difference(each.difference))
        for each in found.comparisons
    ]
    cases = [_scenario_case(row) for row in rows(found)]
    suites = [("metrics", metrics), ("scenarios", cases)]
    body = "\n".join(_suite(name, every) for name, every in suites if every)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="assistant">\n{body}\n</testsuites>\n'


def as_markdown(found: "Evaluation") -> str:
    """Figures, what became worse, and every failing scenario with what is wrong."""
    parts = [
        f"# Evaluation of {found.model} ({found.part})",
        found.label,
        f"{sum(grade.passed for grade in found.grades)} of {len(found.grades)} scenarios pass. "
        f"{len(found.unexplained)} development scenarios fail without a stated limit.",
        found.remark,
        _metric_table(found),
        _part_table(found) if len(found.by_part) > 1 else "",
        _failures("Failing without a stated limit", [row for row in rows(found) if row.state == "failed"]),
        _failures("Failing as stated", [row for row in rows(found) if row.state == "limit"]),
        _failures("Passing although a limit is stated", [row for row in rows(found) if row.state == "overcome"]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def rows(found: "Evaluation") -> tuple[Row, ...]:
    """Every scenario with its transcript, in order."""
    return tuple(_row(played, grade) for played, grade in zip(found.played, found.grades, strict=True))


def scrubbed(text: str) -> str:
    """A text without what is random in it, and without signs that XML has not."""
    return NOT_XML.sub("�", RANDOM.sub("…", text))


def _row(played: Played, grade: Grade) -> Row:
    state = "passed" if grade.passed else "failed"
    if grade.scenario.limit:
        state = "overcome" if grade.passed else "limit"
    turns = tuple(_turned(played, grade, number) for number in range(1, len(played.answers) + 1))
    return Row(grade, state, turns, tuple(_clean(check) for check in grade.failed if not check.turn))


def _turned(played: Played, grade: Grade, number: int) -> Turned:
    turn, answer = played.scenario.turns[number - 1], played.answers[number - 1]
    reply = answer.reply
    notes = [f"intent {reply.get('intent', '')}", *sorted(f"tool {use['name']}" for use in reply.get("tools", ()))]
    notes += [f"cites {one['document']}" for one in reply.get("citations", ())]
    notes += [f"{each.status} {each.type}" for each in answer.proposals]
    notes += [f"guard {code}" for code in reply.get("guardrails", ())]
    before = [f"{turn.minutes} min later"] if turn.minutes else []
    before += [f"approved {turn.approve}"] if turn.approve else []
    failed = tuple(_clean(check) for check in grade.failed if check.turn == number)
    return Turned(turn.say, scrubbed(answer.message), tuple(before + notes), failed)


def _clean(check: Check) -> Check:
    return Check(check.metric, check.turn, check.ok, scrubbed(check.said))


def _scenario(row: Row) -> dict[str, Any]:
    scenario = row.grade.scenario
    failed = [*row.failed, *(check for turn in row.turns for check in turn.failed)]
    return {
        "id": scenario.id,
        "part": scenario.part,
        "intent": scenario.intent,
        "role": scenario.role,
        "state": row.state,
        "limit": scenario.limit,
        "scores": row.grade.scores,
        "failed": [{"metric": each.metric, "turn": each.turn, "said": each.said} for each in failed],
        "turns": [{"say": turn.say, "answer": turn.answer, "notes": turn.notes} for turn in row.turns],
    }


def _scenario_case(row: Row) -> str:
    said = "\n".join(_said(check) for check in row.grade.failed)
    kind = {"failed": "failure", "limit": "skipped"}.get(row.state, "")
    return _case(f"scenarios.{row.grade.scenario.part}", row.grade.scenario.id, kind, row.grade.scenario.limit or said)


def _said(check: Check) -> str:
    return scrubbed(
        f"turn {check.turn}: {check.metric}: {check.said}" if check.turn else f"{check.metric}: {check.said}"
    )


def _case(group: str, name: str, kind: str, said: str) -> str:
    head = f"  <testcase classname={quoteattr(group)} name={quoteattr(name)}"
    first = said.splitlines()[0] if said else ""
    inner = f"    <{kind} message={quoteattr(first)}>{escape(said)}</{kind}>\n" if kind else ""
    return f"{head}>\n{inner}  </testcase>" if inner else f"{head}/>"


def _suite(name: str, cases: Sequence[str]) -> str:
    failures, skipped = (sum(f"<{kind} " in case for case in cases) for kind in ("failure", "skipped"))
    head = f' <testsuite name="{name}" tests="{len(cases)}" failures="{failures}" skipped="{skipped}" errors="0">'
    return "\n".join([head, *cases, " </testsuite>"])


def _metric_table(found: "Evaluation") -> str:
    against = {each.metric: each for each in found.comparisons}
    lines = ["| metric | share, 95 % interval | scenarios | against the baseline | |", "|---|---|---|---|---|"]
    for each in found.figures:
        other = against.get(each.metric)
        told, verdict = (difference(other.difference), other.verdict) if other and other.count else ("–", "")
        lines.append(f"| {each.metric} | {share(each.value)} | {each.count} | {told} | {verdict} |")
    return "\n".join(lines)


def _failures(title: str, chosen: Sequence[Row]) -> str:
    if not chosen:
        return ""
    return "\n\n".join([f"## {title}: {len(chosen)}", "\n".join(line for row in chosen for line in _lines(row))])


def _lines(row: Row) -> Iterator[str]:
    limit = f": {row.grade.scenario.limit}" if row.grade.scenario.limit else ""
    yield f"- `{row.grade.scenario.id}` ({row.grade.scenario.part}){limit}"
    yield from (f"  - {_said(check)}".replace("|", "\\|") for check in row.grade.failed)


def share(value: Estimate) -> str:
    """A share with its interval."""
    return f"{100 * value.value:.1f} % [{100 * value.low:.1f}, {100 * value.high:.1f}]"


def difference(value: Estimate) -> str:
    """A difference of shares with its interval."""
    return f"{100 * value.value:+.1f} points [{100 * value.low:+.1f}, {100 * value.high:+.1f}]"


def _figures(found: Sequence[Figure]) -> dict[str, Any]:
    return {each.metric: {**_estimate(each.value), "count": each.count} for each in found}


def _part_table(found: "Evaluation") -> str:
    names = list(found.by_part)
    lines = [f"| metric | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    told = {name: {each.metric: each for each in figures} for name, figures in found.by_part.items()}
    for metric in (each.metric for each in found.figures):
        cells = [share(each.value) if (each := told[name].get(metric)) else "–" for name in names]
        lines.append(f"| {metric} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _estimate(value: Estimate) -> dict[str, float]:
    return {"value": round(value.value, 4), "low": round(value.low, 4), "high": round(value.high, 4)}

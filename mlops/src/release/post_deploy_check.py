"""Before a revision gets requests: does it answer extreme ones as it should? Asks the service, writes nothing."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from mlops.src.release.check_requests import Case, make_cases
from telecom.errors import DependencyUnavailable, GateRefused
from telecom.ports import Answer
from telecom.tables import contract

PREDICT = "/predict"
SEGMENTS = ("low", "medium", "high")
SHOWN = 10
Ask = Callable[[str, bytes | None], Answer]


@dataclass(frozen=True)
class Failure:
    """One request that was not answered as it should, and what came instead."""

    case: str
    sentence: str


@dataclass(frozen=True)
class Checked:
    """What the check found: requests sent, how many of them were answered and refused, and every failure."""

    requests: int
    answered: int
    refused: int
    failures: tuple[Failure, ...] = field(default=())

    @property
    def passed(self) -> bool:
        """Whether the revision may get requests."""
        return not self.failures

    def require(self) -> None:
        """Lets a release go on.

        Raises:
            GateRefused: a request was not answered as it should; the first ten are named.
        """
        if self.failures:
            reasons = tuple(f"{failure.case}: {failure.sentence}" for failure in self.failures[:SHOWN])
            count = f"{len(self.failures)} of {self.requests} check requests were not answered as they should be"
            message = f"{count}, such as {reasons[0]}"
            raise GateRefused("post_deploy_check", message, reasons, "Mend the service and deploy another revision.")


def run(ask: Ask, *, requests: int = 50, seed: int = 7) -> Checked:
    """Sends extreme requests to /predict of one revision, and looks at its /metrics.

    Args:
        ask: sends GET (body None) or POST to a path of the revision.
        requests: how many; the same number and seed send the same bytes.
        seed: of what is drawn.

    Raises:
        DependencyUnavailable: the revision does not answer at all.
    """
    metrics = ask("/metrics", None)
    cases = make_cases(requests, seed)
    answers = [_sent(ask, case) for case in cases]
    asked = list(zip(cases, answers, strict=True))
    failures = [Failure(case.name, said) for case, answer in asked if (said := fault(case, answer))]
    received = [answer for answer in answers if isinstance(answer, Answer)]
    taken = [answer for answer in received if answer.status == 200]
    if said := _segments_fault(taken):
        failures.append(Failure("risk segments", said))
    if metrics.status != 200:
        failures.append(Failure("/metrics", f"Answered with {metrics.status}."))
    refused = sum(400 <= answer.status < 500 for answer in received)
    return Checked(len(cases), len(taken), refused, tuple(failures))


def _sent(ask: Ask, case: Case) -> Answer | str:
    try:
        return ask(PREDICT, case.body)
    except DependencyUnavailable as error:
        return error.message


def fault(case: Case, answer: Answer | str) -> str:
    """What is wrong with an answer to a case, as a sentence; empty where nothing is."""
    if isinstance(answer, str):
        return answer
    if 400 <= answer.status < 500 and answer.status not in (401, 403, 429):
        return "" if case.expected != "answer" else f"Refused with {answer.status}, though the contract allows it."
    if answer.status != 200:
        return f"Answered with {answer.status}."
    if case.expected == "refusal":
        return "Answered, though the contract does not allow it."
    return _predictions_fault(case, answer.body)


def _predictions_fault(case: Case, body: bytes) -> str:
    try:
        predictions = json.loads(body)["predictions"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "The answer holds no predictions."
    if not isinstance(predictions, list) or len(predictions) != case.instances:
        return f"There is not one prediction for each of {case.instances} instances."
    return next((said for prediction in predictions if (said := _prediction_fault(prediction))), "")


def _prediction_fault(prediction: Any) -> str:
    if not isinstance(prediction, Mapping):
        return "A prediction is no object."
    probability, segment = prediction.get("churn_probability"), prediction.get("risk_segment")
    if isinstance(probability, bool) or not isinstance(probability, int | float) or not 0 <= probability <= 1:
        return f"The probability {probability!r} is none."
    if segment not in contract("telecom_gold.telco_churn_scored").column("risk_segment").values:
        return f"There is no risk segment {segment!r}."
    return _reasons_fault(prediction.get("top_reasons"))


def _reasons_fault(reasons: Any) -> str:
    if not isinstance(reasons, list) or not reasons or not all(isinstance(reason, Mapping) for reason in reasons):
        return "There are no reasons."
    sizes = [reason.get("contribution") for reason in reasons]
    if not all(isinstance(size, int | float) and math.isfinite(size) for size in sizes):
        return "A reason has no finite contribution."
    largest_first = sorted(sizes, key=abs, reverse=True)
    return "" if [abs(size) for size in sizes] == [abs(size) for size in largest_first] else "Reasons are out of order."


def _segments_fault(answers: Sequence[Answer]) -> str:
    """Whether the segments are bands of the probability: no low one above a medium one, no medium above a high one."""
    found: dict[str, list[float]] = {segment: [] for segment in SEGMENTS}
    for answer in answers:
        try:
            for prediction in json.loads(answer.body)["predictions"]:
                found[prediction["risk_segment"]].append(float(prediction["churn_probability"]))
        except (ValueError, KeyError, TypeError):
            continue  # said already, of that answer
    filled = [(segment, values) for segment, values in found.items() if values]
    for (lower, below), (higher, above) in pairwise(filled):
        if max(below) > min(above):
            return f"A probability of {max(below):.4f} is {lower}, one of {min(above):.4f} is {higher}."
    return ""

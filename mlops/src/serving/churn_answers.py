"""What the churn service answers: scores, and refusals that name faults of instances."""

import json
from dataclasses import asdict, dataclass

from mlops.src.serving.instances import InstancesRefused
from telecom.serving import answers
from telecom.serving.answers import Answer


@dataclass(frozen=True)
class Scored(Answer):
    """An answer or a refusal to a request about so many customers."""

    instances: int = 0


def refusal(error: Exception) -> Answer:
    """The answer to a failure; of those that are ours it says nothing."""
    if not isinstance(error, InstancesRefused):
        return answers.refusal(error)
    told = answers.told(error) | {"faults": [asdict(fault) for fault in error.faults]}
    return Scored(answers.status_of(error), json.dumps(told).encode(), instances=error.read)

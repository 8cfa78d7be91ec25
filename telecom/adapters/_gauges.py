"""What both backends ask of a measurement before any is published."""

import math
import re
from collections.abc import Sequence

from telecom.errors import UsageError
from telecom.ports import Sample

NAME = re.compile(r"[a-z]\w*(/\w+)*", re.ASCII)
LABEL = re.compile(r"[a-z][a-z0-9_]{0,99}", re.ASCII)


def check_gauges(samples: Sequence[Sample]) -> None:
    """Refuses what a gauge cannot show or a monitoring system cannot name.

    Raises:
        UsageError: a value is not finite, or the name of a metric or label has other signs than letters, digits, `_`.
    """
    for sample in samples:
        if not math.isfinite(sample.value):
            raise UsageError(f"The gauge {sample.metric} = {sample.value!r} is not a number.", "Leave the sample out.")
        wrong = [label for label in sample.labels if not LABEL.fullmatch(label)]
        if wrong or not NAME.fullmatch(sample.metric):
            name = f"label {wrong[0]!r}" if wrong else f"metric {sample.metric!r}"
            raise UsageError(
                f"The {name} has a name that no gauge can have.", "Use lower case, digits, '_', as in churn/auc."
            )

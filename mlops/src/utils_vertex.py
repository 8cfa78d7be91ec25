"""Names as Google Cloud accepts them: job ids and resource labels. Pure; reads and writes nothing."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

LONGEST_LABEL = 63
LONGEST_JOB_ID = 128


def job_id(pipeline: str, now: datetime) -> str:
    """`<pipeline>-<UTC timestamp>`: lower case letters, digits and `-`, at most 128, a letter first."""
    stamp = now.astimezone(UTC).strftime("%Y%m%d%H%M%S")
    plain = re.sub(r"[^a-z0-9]+", "-", pipeline.lower()).strip("-")
    named = plain if plain[:1].isalpha() else f"job-{plain}".rstrip("-")
    return f"{named[: LONGEST_JOB_ID - len(stamp) - 1].rstrip('-')}-{stamp}"


def label(text: str) -> str:
    """The text as the value of a label: lower case letters, digits, `_` and `-`, at most 63 of them."""
    return re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-")[:LONGEST_LABEL].strip("-")


def labels(env: str, **more: str) -> Mapping[str, str]:
    """The labels of everything that we create, and those given; values are made acceptable, empty ones left out."""
    named = {"app": "telecom-ml-llmops", "env": env, **more}
    return {name: label(value) for name, value in named.items() if label(value)}

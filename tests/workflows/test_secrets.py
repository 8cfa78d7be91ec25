"""What `.secrets.baseline` excuses: looked at, found to be no secret, and still there."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BASELINE = json.loads((ROOT / ".secrets.baseline").read_text("utf-8"))
LIKE_KEYS = {"Private Key", "AWS Access Key", "GitHub Token", "Slack Token", "Stripe Access Key", "OpenAI Token"}


def test_every_finding_was_looked_at_and_is_no_secret() -> None:
    found = [(name, one) for name, some in BASELINE["results"].items() for one in some]
    assert found and [name for name, one in found if one.get("is_secret") is not False] == []
    assert not {one["type"] for _, one in found} & LIKE_KEYS


def test_it_excuses_no_file_that_is_gone() -> None:
    assert [name for name in BASELINE["results"] if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("plugin", ["PrivateKeyDetector", "KeywordDetector", "JwtTokenDetector", "GitHubTokenDetector"])
def test_it_turns_no_detector_off(plugin: str) -> None:
    assert plugin in {each["name"] for each in BASELINE["plugins_used"]}


def test_it_leaves_out_only_figures_of_evaluations_and_itself() -> None:
    (left_out,) = (each for each in BASELINE["filters_used"] if each["path"].endswith("should_exclude_file"))
    assert left_out["pattern"] == [r"llmops/evaluations/baselines/.*\.json", r"^\.secrets\.baseline$"]

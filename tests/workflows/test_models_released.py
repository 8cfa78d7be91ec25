"""Models through deliveries: the pipeline's step and the canary over the loopback cloud's registry and documents."""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.release_study import Revision as Behaviour
from mlops.src.model_versions import CHALLENGER, CHAMPION, MODEL, find
from mlops.src.pipelines import steps
from mlops.src.release.policy import Policy
from mlops.src.release.rollout import Canary, Pace, Released
from mlops.tests.release.worlds import START, Clock, Service
from telecom.bootstrap import Platform
from telecom.errors import GateRefused
from tests.loopback.cloud import ENV, PROJECT, Cloud
from tests.loopback.fixtures import LEFT_OPEN, cloud, running_cloud

__all__ = ["cloud", "running_cloud"]
pytestmark = pytest.mark.filterwarnings(LEFT_OPEN)
QUICK = Policy(error_increase=0.1, slow_increase=0.3, slower=0.45, superiority=0.45, psi=4.0, blocks=4, power=0.8)
IMAGE = "us-central1-docker.pkg.dev/telecom-test/telecom-dev/churn@sha256:" + "a1" * 32
STEP = {"TELECOM_BACKEND": "gcp", "TELECOM_PROJECT": PROJECT, "TELECOM_ENV": ENV}
"""As `make submit` sends it to the steps."""


class Deliveries:
    """An environment whose registry and documents are the loopback cloud's; its churn service is on paper."""

    def __init__(self, cloud: Cloud, folder: Path) -> None:
        self.platform, self.folder = Platform(cloud.settings(image=IMAGE)), folder
        self.service, self.clock = Service(), Clock()
        self.clock.each = self.service.pass_time
        self.approved: list[str] = []

    def train(self, digest: str) -> str:
        """The pipeline's training: a challenger, the same version for the same digest."""
        bundle = self.folder / digest
        bundle.mkdir(exist_ok=True)
        (bundle / "manifest.json").write_text(digest)
        version = self.platform.registry.register(MODEL, bundle, digest * 8, {}).version
        self.platform.registry.point(MODEL, CHALLENGER, version)
        return version

    def promote(self, version: str, deploy: str = "batch") -> str:
        return steps.promote(STEP, START.isoformat(), version, deploy)

    @property
    def champion(self) -> str | None:
        found = find(self.platform.registry, CHAMPION)
        return found.version if found else None

    def release(self, revision: str, version: str, behaviour: Behaviour | None = None) -> Released:
        """`make candidate MODEL_VERSION=…`, `make canary`."""
        self.service.deploy(revision, version, behaviour or Behaviour())
        pace = Pace(look_seconds=5, settle_seconds=2, step_seconds=600, now=self.clock.now, sleep=self.clock.sleep)
        p = self.platform
        rollout = Canary(self.service, p.registry, p.documents, "churn", QUICK, pace)
        return rollout.run("", approve=self.approved.append, check=lambda revision: None)


@pytest.fixture
def made(cloud: Cloud, tmp_path: Path) -> Deliveries:
    return Deliveries(cloud, tmp_path)


@pytest.fixture
def released(made: Deliveries) -> Deliveries:
    """After the first delivery: revision `first` serves version 1, pinned."""
    one = made.train("aaaa")
    made.promote(one)
    made.service.deploy("terraform", "")
    made.release("first", one)
    return made


def test_the_first_model_becomes_champion_before_anything_serves(made: Deliveries) -> None:
    one = made.train("aaaa")
    assert made.promote(one) == one == made.champion
    two = made.train("bbbb")
    assert made.promote(two) == two == made.champion, "no release yet: batch alone"
    made.service.deploy("terraform", "")
    done = made.release("first", two)
    assert (done.from_model_version, made.approved, made.champion) == (two, [], two)


def test_a_new_model_comes_by_the_canary_which_moves_the_alias_last(released: Deliveries) -> None:
    two = released.train("bbbb")
    assert released.promote(two) == "1" == released.champion, "scoring goes on with the champion that is returned"
    assert released.promote(two) == "1", "a step that is tried again"
    before: list[str | None] = []
    released.clock.each = watching(released, before)
    done = released.release("second", two)
    assert (done.from_model_version, done.model_version, released.champion) == ("1", two, two)
    assert set(before) == {"1"} and released.approved == [two]
    assert released.promote(two) == two, "a run without a new model trains the same version again"


def watching(made: Deliveries, seen: list[str | None]) -> Callable[[float], None]:
    def each(seconds: float) -> None:
        made.service.pass_time(seconds)
        seen.append(made.champion)

    return each


def test_a_model_that_the_canary_refuses_never_was_champion(released: Deliveries) -> None:
    two = released.train("bbbb")
    released.promote(two)
    with pytest.raises(GateRefused, match="Stopped at 10 %"):
        released.release("second", two, Behaviour(errors=0.5))
    assert released.champion == "1" and released.service.shares() == {"first": 100}
    three = released.train("cccc")
    assert released.promote(three) == "1"
    assert released.release("third", three).from_revision == "first"
    assert released.champion == three


def test_without_a_new_model_a_new_image_is_released_with_the_champion(released: Deliveries) -> None:
    done = released.release("second", "1")
    assert (done.model_version, released.champion, released.approved) == ("1", "1", [])


def test_whoever_wants_the_endpoint_at_once_gets_it(released: Deliveries) -> None:
    two = released.train("bbbb")
    assert released.promote(two, deploy="online") == two == released.champion

"""What every Endpoints adapter promises: shares of the requests, by version, that add up to 100."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from telecom.adapters.local.endpoints import LocalEndpoints
from telecom.bootstrap import Platform
from telecom.errors import NotFound, UsageError
from telecom.ports import Endpoints

pytestmark = pytest.mark.backends("local", "gcp")

NAME = "telco-churn"
IMAGE = "us-central1-docker.pkg.dev/telecom-test/telecom/churn@sha256:" + "0" * 64


@pytest.fixture
def endpoints(platform: Platform, tmp_path: Path) -> Endpoints:
    """Of a platform whose registry has versions 1 to 3."""
    platform = Platform(platform.settings.model_copy(update={"image": IMAGE, "endpoint": "123"}))
    for number in range(3):
        folder = tmp_path / f"bundle{number}"
        folder.mkdir()
        (folder / "manifest.json").write_text(str(number))
        platform.registry.register(NAME, folder, str(number) * 64, {})
    return platform.endpoints


def deployed(endpoints: Endpoints, *steps: tuple[str, int]) -> Mapping[str, int]:
    shares: Mapping[str, int] = {}
    for version, share in steps:
        shares = endpoints.deploy(NAME, version, share)
    return shares


def test_the_first_version_gets_everything(endpoints: Endpoints) -> None:
    assert deployed(endpoints, ("1", 100)) == {"1": 100}


def test_a_newcomer_takes_its_share_from_the_others_in_proportion(endpoints: Endpoints) -> None:
    assert deployed(endpoints, ("1", 100), ("2", 20)) == {"1": 80, "2": 20}
    assert deployed(endpoints, ("3", 10)) == {"1": 72, "2": 18, "3": 10}


def test_what_rounding_leaves_over_is_given_out(endpoints: Endpoints) -> None:
    assert deployed(endpoints, ("1", 100), ("2", 50), ("3", 33)) == {"1": 34, "2": 33, "3": 33}


def test_the_same_again_changes_nothing(endpoints: Endpoints) -> None:
    first = deployed(endpoints, ("1", 100), ("2", 30))
    assert deployed(endpoints, ("2", 30)) == deployed(endpoints, ("2", 30)) == first


def test_going_over_and_coming_back(endpoints: Endpoints) -> None:
    assert deployed(endpoints, ("1", 100), ("2", 100)) == {"1": 0, "2": 100}
    assert deployed(endpoints, ("1", 60)) == {"1": 60, "2": 40}
    assert deployed(endpoints, ("2", 0)) == {"1": 100, "2": 0}


def test_a_version_without_requests_can_be_there(endpoints: Endpoints) -> None:
    assert deployed(endpoints, ("1", 100), ("2", 0)) == {"1": 100, "2": 0}


@pytest.mark.parametrize("share", [-1, 101])
def test_a_share_is_a_percentage(endpoints: Endpoints, share: int) -> None:
    deployed(endpoints, ("1", 100))
    with pytest.raises(UsageError, match=f"{share} is not a percentage"):
        endpoints.deploy(NAME, "2", share)


def test_somebody_must_take_the_rest(endpoints: Endpoints) -> None:
    with pytest.raises(UsageError, match="no other version takes any"):
        endpoints.deploy(NAME, "1", 60)
    deployed(endpoints, ("1", 100))
    with pytest.raises(UsageError, match="no other version takes any"):
        endpoints.deploy(NAME, "1", 60)
    assert deployed(endpoints, ("1", 100)) == {"1": 100}


def test_only_registered_versions_are_deployed(endpoints: Endpoints) -> None:
    deployed(endpoints, ("1", 100))
    with pytest.raises(NotFound):
        endpoints.deploy(NAME, "9", 10)
    with pytest.raises(NotFound):
        endpoints.deploy("nothing", "1", 10)
    assert deployed(endpoints, ("1", 100)) == {"1": 100}


@pytest.mark.backends("local")
def test_a_local_service_follows_a_file(endpoints: Endpoints, platform: Platform) -> None:
    deployed(endpoints, ("1", 100), ("2", 25))
    folder = platform.settings.home / "endpoints"
    assert json.loads((folder / f"{NAME}.json").read_text()) == {"1": 75, "2": 25}
    deployed(endpoints, ("2", 100))
    assert isinstance(endpoints, LocalEndpoints) and endpoints.retire(NAME) == {"2": 100}
    assert json.loads((folder / f"{NAME}.json").read_text()) == {"2": 100}
    assert sorted(path.name for path in folder.iterdir()) == [f".{NAME}.lock", f"{NAME}.json"]

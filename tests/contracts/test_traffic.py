"""What every Traffic adapter promises: shares of the requests, one revision asked alone, counters that only grow."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from telecom.adapters.local.traffic import LocalTraffic
from telecom.bootstrap import Platform
from telecom.errors import DependencyUnavailable, NotFound, UsageError
from telecom.ports import Answer, Traffic
from tests.loopback.cloud import Cloud

pytestmark = pytest.mark.backends("local", "gcp")

PAGE = """# TYPE churn_requests counter
churn_requests_total{{code="200",route="predict"}} {requests}
# TYPE churn_model_info gauge
churn_model_info{{version="{version}",digest="d"}} 1.0
"""
Deploy = Callable[..., None]


class Small:
    """A revision of its own: `answer` says what it answers, and it counts what it was asked."""

    def __init__(self, version: str, *, ready: bool = True) -> None:
        self.version, self.ready, self.requests = version, ready, 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(*outer.answer(self.path, b""))

            def do_POST(self) -> None:
                self._answer(*outer.answer(self.path, self.rfile.read(int(self.headers["Content-Length"]))))

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, path: str, body: bytes) -> tuple[int, bytes]:
        if path == "/readyz":
            return (200 if self.ready else 503), b"{}"
        if path == "/metrics":
            return 200, PAGE.format(requests=self.requests, version=self.version).encode()
        self.requests += 1
        return 201, self.version.encode() + body

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def deploy(platform: Platform, backend: str, request: pytest.FixtureRequest) -> Iterator[Deploy]:
    """Deploys a revision that serves a model version, as each backend does that."""
    running: dict[str, Small] = {}

    def on_this_machine(name: str, version: str, *, ready: bool = True) -> None:
        running[name] = Small(version, ready=ready)
        adapter = platform.traffic
        assert isinstance(adapter, LocalTraffic)
        adapter.add("churn", name, running[name].url)

    def on_cloud_run(name: str, version: str, *, ready: bool = True) -> None:
        cloud: Cloud = request.getfixturevalue("cloud")
        running[name] = Small(version)
        cloud.run.app = lambda revision, method, path, body: running[revision].answer(path, body)
        tag, pinned = f"t-{name}", {"TELECOM_SERVING_VERSION": version}
        cloud.run.deploy("telecom-churn-dev", name, tag=tag, ready=ready, **pinned)

    yield on_this_machine if backend == "local" else on_cloud_run
    for small in running.values():
        small.stop()


@pytest.fixture
def traffic(platform: Platform, deploy: Deploy) -> Traffic:
    """With revisions a (all requests) and b."""
    deploy("a", "1")
    deploy("b", "2")
    return platform.traffic


def shares(traffic: Traffic) -> dict[str, int]:
    return {revision.name: revision.share for revision in traffic.revisions("churn")}


def test_the_first_revision_gets_everything_and_the_newest_comes_first(traffic: Traffic) -> None:
    newest, oldest = traffic.revisions("churn")
    assert (newest.name, newest.share, newest.ready, newest.model_version) == ("b", 0, True, "2")
    assert (oldest.name, oldest.share, oldest.ready, oldest.model_version) == ("a", 100, True, "1")
    assert newest.created_at > oldest.created_at and newest.created_at.tzinfo is not None


def test_shares_are_what_was_asked_for(traffic: Traffic) -> None:
    for wanted in ({"a": 90, "b": 10}, {"a": 50, "b": 50}, {"b": 100}, {"b": 100, "a": 0}, {"a": 100}):
        traffic.shift("churn", wanted)
        assert shares(traffic) == {"a": 0, "b": 0} | wanted


def test_a_revision_that_is_not_named_gets_nothing(traffic: Traffic, deploy: Deploy) -> None:
    traffic.shift("churn", {"a": 50, "b": 50})
    deploy("c", "3")
    assert shares(traffic) == {"a": 50, "b": 50, "c": 0}
    traffic.shift("churn", {"c": 100})
    assert shares(traffic) == {"a": 0, "b": 0, "c": 100}


@pytest.mark.parametrize("wanted", [{"a": 50}, {"a": 101, "b": -1}, {}, {"a": 60, "b": 50}])
def test_shares_are_percentages_of_all_requests(traffic: Traffic, wanted: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="add up to 100"):
        traffic.shift("churn", wanted)
    assert shares(traffic) == {"a": 100, "b": 0}


def test_only_revisions_that_exist_get_requests(traffic: Traffic) -> None:
    with pytest.raises(NotFound, match="'zzz'"):
        traffic.shift("churn", {"zzz": 100})
    assert shares(traffic) == {"a": 100, "b": 0}


def test_one_revision_is_asked_alone(traffic: Traffic) -> None:
    assert traffic.ask("churn", "b", "/predict", b"!") == Answer(201, b"2!")
    assert traffic.ask("churn", "a", "/other") == Answer(201, b"1")
    assert shares(traffic) == {"a": 100, "b": 0}


def test_a_revision_that_failed_to_start_is_not_ready(traffic: Traffic, deploy: Deploy) -> None:
    deploy("c", "3", ready=False)
    assert {revision.name: revision.ready for revision in traffic.revisions("churn")}["c"] is False


@pytest.mark.backends("local")
def test_counters_are_those_of_each_process(traffic: Traffic) -> None:
    since = datetime.now(UTC) - timedelta(minutes=5)
    before = traffic.tallies("churn", since)
    for _ in range(3):
        traffic.ask("churn", "b", "/predict", b"")
    after = traffic.tallies("churn", since)
    assert {name: tally.requests for name, tally in before.items()} == {"a": 0, "b": 0}
    assert {name: tally.requests for name, tally in after.items()} == {"a": 0, "b": 3}


@pytest.mark.backends("local")
def test_a_process_that_is_gone_is_not_ready_and_not_counted(platform: Platform) -> None:
    adapter, small = platform.traffic, Small("1")
    assert isinstance(adapter, LocalTraffic)
    adapter.add("churn", "a", small.url)
    small.stop()
    (revision,) = adapter.revisions("churn")
    assert not revision.ready and adapter.tallies("churn", datetime.now(UTC)) == {}
    assert revision.model_version == "1", "as it was when it was made known"
    with pytest.raises(DependencyUnavailable, match="does not answer"):
        adapter.ask("churn", "a", "/predict")


@pytest.mark.backends("local")
def test_the_model_of_a_process_is_the_one_that_it_last_said(platform: Platform) -> None:
    adapter, small = platform.traffic, Small("", ready=False)
    assert isinstance(adapter, LocalTraffic)
    adapter.add("churn", "a", small.url)
    assert adapter.revisions("churn")[0].model_version == ""
    small.version, small.ready = "2", True
    assert adapter.revisions("churn")[0].model_version == "2"
    adapter.add("churn", "b", "http://127.0.0.1:1")
    adapter.shift("churn", {"b": 100})
    small.stop()
    assert {r.name: (r.ready, r.model_version) for r in adapter.revisions("churn")} == {
        "a": (False, "2"),
        "b": (False, ""),
    }
    adapter.add("churn", "a", "http://127.0.0.1:2")
    assert {r.name: r.model_version for r in adapter.revisions("churn")}["a"] == "", "another process at that name"


@pytest.mark.backends("local")
@pytest.mark.parametrize("url", ["https://127.0.0.1:1", "http://127.0.0.1", "127.0.0.1:80", "http://127.0.0.1:1/x"])
def test_a_local_revision_has_a_port(platform: Platform, url: str) -> None:
    adapter = platform.traffic
    assert isinstance(adapter, LocalTraffic)
    with pytest.raises(UsageError, match="not the address of a service"):
        adapter.add("churn", "a", url)


@pytest.mark.backends("local")
def test_a_revision_with_requests_cannot_be_another_process(platform: Platform) -> None:
    adapter = platform.traffic
    assert isinstance(adapter, LocalTraffic)
    adapter.add("churn", "a", "http://127.0.0.1:1")
    adapter.add("churn", "a", "http://127.0.0.1:1")
    with pytest.raises(UsageError, match="Use another name"):
        adapter.add("churn", "a", "http://127.0.0.1:2")

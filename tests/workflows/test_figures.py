"""The reports of a test run as Markdown, as a row and as gauges; the row and the gauges on both backends."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from telecom.bootstrap import Platform
from telecom.errors import DependencyUnavailable, NotFound
from telecom.settings import Settings
from tests.loopback.cloud import Cloud
from tests.loopback.fixtures import LEFT_OPEN, cloud, gcp_settings, running_cloud
from tools import ci_summary, test_stats
from tools.ci_summary import Coverage, Outcomes

__all__ = ["cloud", "gcp_settings", "running_cloud"]

pytestmark = pytest.mark.filterwarnings(LEFT_OPEN)
NOW = datetime(2026, 11, 20, 6, 0, 1, tzinfo=UTC)
JUNIT = """<?xml version="1.0"?><testsuites><testsuite name="pytest">
<testcase classname="tests.a" name="test_one" time="1.5"/>
<testcase classname="tests.a" name="test_two[`x`]" time="0.25"><failure message="no">…</failure></testcase>
<testcase classname="tests.b" name="test_three" time="0.25"><error message="broke"/></testcase>
<testcase classname="tests.b" name="test_four" time="0"><skipped message="no sample"/></testcase>
</testsuite></testsuites>"""
COVERAGE = '<coverage lines-valid="800" lines-covered="700" branches-valid="200" branches-covered="120"/>'
GITHUB = {
    "GITHUB_RUN_ID": "77",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_SHA": "ab" * 20,
    "GITHUB_REF_NAME": "main",
}


@pytest.fixture
def build(tmp_path: Path) -> Path:
    folder = tmp_path / "build"
    (folder / "eval").mkdir(parents=True)
    (folder / "junit.xml").write_text(JUNIT)
    (folder / "coverage.xml").write_text(COVERAGE)
    return folder


def test_the_reports_are_read(build: Path) -> None:
    tests = ci_summary.read_tests(build / "junit.xml")
    assert tests == Outcomes(4, 2, 1, 2.0, ("tests.a::test_two[`x`]", "tests.b::test_three")) and tests.passed == 1
    assert ci_summary.read_coverage(build / "coverage.xml") == Coverage(0.875, 0.6, 0.82)


def test_the_summary_says_what_is_there(build: Path) -> None:
    (build / "eval/report.md").write_text("## Evaluation\n")
    text = ci_summary.summary(build)
    assert "| 4 | 1 | 2 | 1 | 2 |" in text and "- `tests.a::test_two['x']`" in text
    assert "| 87.5% | 60.0% | 82.0%, **below 85%** |" in text and text.endswith("## Evaluation\n\n")
    (build / "coverage.xml").write_text(COVERAGE.replace("120", "200"))
    assert "below" not in ci_summary.summary(build)
    for name in ("junit.xml", "coverage.xml", "eval/report.md"):
        (build / name).unlink()
    assert ci_summary.summary(build) == "Neither tests nor evaluation left a report.\n"


def test_a_report_that_is_cut_off_leaves_the_others_readable(build: Path) -> None:
    (build / "junit.xml").write_text(JUNIT[:90])
    text = ci_summary.summary(build)
    assert f"## Tests\n\n{build}/junit.xml is no report: " in text and "| 87.5% |" in text
    (build / "coverage.xml").write_text("")
    assert "## Coverage\n" in ci_summary.summary(build)


def test_the_floor_is_that_of_the_tests() -> None:
    settings = (Path(__file__).resolve().parents[2] / "pyproject.toml").read_text()
    assert f"fail_under = {ci_summary.FLOOR * 100:.0f}\n" in settings and "branch = true" in settings


def test_the_summary_goes_where_github_wants_it(
    build: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(build.parent)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    ci_summary.main()
    assert "## Tests" in capsys.readouterr().out
    target = build.parent / "summary.md"
    target.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(target))
    ci_summary.main()
    assert target.read_text().startswith("before\n## Tests") and capsys.readouterr().out == ""


@pytest.mark.parametrize("broken", ["", "<coverage", "no XML"])
def test_what_is_no_report_is_not_sent(build: Path, broken: str, tmp_path: Path) -> None:
    platform = Platform(Settings(home=tmp_path / "home"))
    (build / "coverage.xml").write_text(broken)
    with pytest.raises(NotFound, match=r"coverage\.xml"):
        test_stats.send(build, platform.events, platform.metrics, GITHUB, NOW)
    assert not list((tmp_path / "home").rglob("*.prom"))


def test_what_is_missing_is_named_once_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        test_stats.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == "build/junit.xml is missing.\n→ Run: make coverage\n"


def test_a_run_outside_of_ci_has_a_name() -> None:
    made = test_stats.row(Outcomes(1, 0, 0, 0.0, ()), Coverage(1, 1, 1), {}, NOW)
    assert (made["run"], made["revision"], made["branch"]) == ("20261120T060001", "unknown", "unknown")


SELECT = f"SELECT * EXCEPT (batch) FROM {test_stats.TABLE}"
ROW = {
    "ran_on": date(2026, 11, 20),
    "run": "77-2",
    "revision": "ab" * 20,
    "branch": "main",
    "tests": 4,
    "passed": 1,
    "failed": 2,
    "skipped": 1,
    "seconds": 2.0,
    "line_coverage": 0.875,
    "branch_coverage": 0.6,
    "ran_at": NOW,
}


def test_figures_on_one_machine(build: Path, tmp_path: Path) -> None:
    platform = Platform(Settings(home=tmp_path / "home"))
    test_stats.send(build, platform.events, platform.metrics, GITHUB, NOW)
    assert platform.warehouse.query(SELECT).to_pylist() == [ROW]
    (gauges,) = (tmp_path / "home/metrics").glob("*.prom")
    assert 'ci_tests{outcome="failed"} 2' in gauges.read_text()


def test_figures_on_google_cloud(build: Path, cloud: Cloud, gcp_settings: Settings) -> None:
    platform = Platform(gcp_settings)
    test_stats.send(build, platform.events, platform.metrics, GITHUB, NOW)
    assert platform.warehouse.query(SELECT).to_pylist() == [ROW]
    (request,) = cloud.grpc.requests("CreateTimeSeries")
    sent = {
        (series.metric.type, *series.metric.labels.values()): series.points[0].value.double_value
        for series in request.time_series
    }
    assert len(sent) == 6
    (failed,) = (value for key, value in sent.items() if "failed" in key)
    assert failed == 2.0


def test_what_bigquery_does_not_take_publishes_nothing(build: Path, cloud: Cloud, gcp_settings: Settings) -> None:
    platform = Platform(gcp_settings)
    cloud.fail("GET /bigquery/", times=100)
    cloud.fail("AppendRows", times=100)
    slept: list[float] = []
    with pytest.raises(DependencyUnavailable):
        test_stats.send(build, platform.events, platform.metrics, GITHUB, NOW, slept.append)
    assert cloud.grpc.requests("CreateTimeSeries") == [] and slept == [10.0] * 4


def test_a_moment_without_monitoring_loses_no_gauge(build: Path, cloud: Cloud, gcp_settings: Settings) -> None:
    platform, slept = Platform(gcp_settings), list[float]()
    cloud.fail("CreateTimeSeries", times=2)
    test_stats.send(build, platform.events, platform.metrics, GITHUB, NOW, slept.append)
    assert len(cloud.grpc.requests("CreateTimeSeries")) == 3 and slept == [10.0] * 2
    assert len(platform.warehouse.query(SELECT)) == 1

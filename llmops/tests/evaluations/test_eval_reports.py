"""The reports of an evaluation: complete, valid, escaped, without anything random."""

import json
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from llmops.evaluations import comparing, grading, regression_tests_llm, report_page, reports
from llmops.evaluations.playing import Played
from llmops.evaluations.regression_tests_llm import Evaluation
from llmops.tests.evaluations.played import played, proposal
from telecom.errors import GateRefused

NASTY = "<script>alert('1')</script> ]]> & \x0b chamado 20261120-12345678"


def evaluation(*found: Played, before: list[Played] | None = None, part: str = "development") -> Evaluation:
    grades = tuple(map(grading.grade, found))
    known = comparing.baseline_of([grading.grade(each) for each in before], "responder", ()) if before else None
    return Evaluation(
        model="responder",
        part=part,
        label="by hand",
        asked="0123",
        prompts=("p@1",),
        figures=comparing.figures(grades),
        comparisons=comparing.compared(grades, known),
        played=found,
        grades=grades,
    )


GOOD = played(id="good-one")
BAD = played({"tools": ["list_invoices"]}, id="bad-one", message=NASTY, proposals=(proposal(),))
LIMITED = played({"abstains": True}, id="limited-one", limit="It guesses.")
OVERCOME = played(id="overcome-one", limit="No more.")
FOUND = evaluation(GOOD, BAD, LIMITED, OVERCOME)


def test_junit_has_every_scenario_with_its_outcome() -> None:
    root = ElementTree.fromstring(reports.as_junit(FOUND))
    cases = {case.get("name"): [child.tag for child in case] for case in root.iter("testcase")}
    assert cases == {"good-one": [], "bad-one": ["failure"], "limited-one": ["skipped"], "overcome-one": []}
    (suite,) = root.iter("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("4", "1", "1")


def test_junit_fails_every_metric_that_became_worse() -> None:
    worse = evaluation(played(message="Risco de cancelamento"), before=[played(message="Risco de cancelamento baixo")])
    assert worse.worse == ()
    fell = evaluation(played(status=503), before=[played()])
    root = ElementTree.fromstring(reports.as_junit(fell))
    failed = {case.get("name") for case in root.iter("testcase") if case.get("classname") == "metrics" and len(case)}
    assert failed == {"success", "replies"}


def test_json_and_markdown_tell_what_is_wrong() -> None:
    told = json.loads(reports.as_json(FOUND))
    assert told["unexplained"] == ["bad-one"] and told["overcome"] == ["overcome-one"]
    assert told["scenarios"][1]["failed"][0] == {"metric": "tools", "turn": 1, "said": "list_invoices: not called"}
    text = reports.as_markdown(FOUND)
    assert (
        "2 of 4 scenarios pass" in text and "`bad-one`" in text and "It guesses." in text and "`good-one`" not in text
    )


def test_the_page_runs_nothing_and_escapes_everything() -> None:
    page = report_page.as_page(FOUND)
    seen: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.append(tag)
            assert not {name for name, _ in attrs} & {"src", "onclick", "onerror"}

    Tags().feed(page)
    assert "script" not in seen and "img" not in seen and "&lt;script&gt;" in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert "2 of 4 scenarios pass" in page


def test_nothing_random_is_in_any_report() -> None:
    other = played(
        {"tools": ["list_invoices"]},
        id="bad-one",
        message=NASTY.replace("12345678", "87654321"),
        proposals=(proposal(),),
        tools=[],
    )
    again = evaluation(GOOD, other, LIMITED, OVERCOME)
    for made in (reports.as_json, reports.as_junit, reports.as_markdown, report_page.as_page):
        assert made(FOUND) == made(again)
        assert "12345678" not in made(FOUND)


def test_the_gate_names_everything(tmp_path: Path) -> None:
    regression_tests_llm.check(evaluation(GOOD, LIMITED, OVERCOME))
    with pytest.raises(GateRefused) as refused:
        regression_tests_llm.check(evaluation(played({"abstains": True}, id="good-one"), before=[GOOD]))
    assert [reason.split()[0] for reason in refused.value.reasons] == ["good-one"]
    with pytest.raises(GateRefused) as refused:
        regression_tests_llm.check(evaluation(played(id="good-one", status=503), before=[GOOD]))
    assert [reason.split()[0] for reason in refused.value.reasons] == ["success:", "replies:", "good-one"]
    files = regression_tests_llm.report(FOUND, tmp_path / "out")
    assert sorted(path.name for path in files) == ["index.html", "junit.xml", "report.md", "results.json"]


def test_held_back_scenarios_need_no_limit() -> None:
    held = evaluation(played({"abstains": True}, part="held-back"))
    assert held.unexplained == () and len(held.failed) == 1
    regression_tests_llm.check(held)
    assert list(held.by_part) == ["held-back"]

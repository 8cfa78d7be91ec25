"""`python -m tools.infra_policies`: plans read, exceptions, exit codes, and the page written from the policies."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.infra.plans import LABELS, change, document, write
from tools.infra_policies.__main__ import EXCEPTIONS, PAGE, POLICIES, main
from tools.infra_policies.exceptions import read_exceptions
from tools.infra_policies.page import policies_page
from tools.infra_policies.plan import UNKNOWN, merged, read_plan

PUBLIC = {"role": "roles/x", "member": "allUsers"}
REASON = "The status page is public on purpose."


@pytest.fixture
def none(tmp_path: Path) -> Path:
    path = tmp_path / "exceptions.yaml"
    path.write_text("exceptions: []\n")
    return path


def run(capsys: pytest.CaptureFixture[str], exceptions: Path, *arguments: object) -> tuple[int, Any]:
    code = main([*map(str, arguments), "--exceptions", str(exceptions), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_clean_plan_is_let_through(capsys: pytest.CaptureFixture[str], tmp_path: Path, none: Path) -> None:
    code, said = run(capsys, none, write(tmp_path, change("google_pubsub_topic", {"labels": LABELS})))
    assert code == 0 and said == {"refused": [], "open": [], "excepted": [], "idle_exceptions": []}


def test_a_violation_below_nested_modules_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, none: Path
) -> None:
    made = change("google_project_iam_member", PUBLIC, name='this["roles/x"]', module='module.a["x.y"].module.b[0]')
    code, said = run(capsys, none, write(tmp_path, made))
    (finding,) = said["refused"]
    assert code == 4 and finding["policy"] == "public-principal"
    assert finding["address"] == 'module.a["x.y"].module.b[0].google_project_iam_member.this["roles/x"]'


def test_a_state_is_read_like_a_plan(capsys: pytest.CaptureFixture[str], tmp_path: Path, none: Path) -> None:
    member = {"address": "module.a.google_project_iam_member.m", "mode": "managed", "values": PUBLIC}
    data = {"address": "data.google_iam_policy.p", "mode": "data", "values": {"x": "allUsers"}}
    tree = {"resources": [data], "child_modules": [{"child_modules": [{"resources": [member]}]}]}
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"format_version": "1.0", "values": {"root_module": tree}}))
    code, said = run(capsys, none, path)
    assert code == 4 and [finding["address"] for finding in said["refused"]] == [member["address"]]


def test_what_is_destroyed_is_not_judged(capsys: pytest.CaptureFixture[str], tmp_path: Path, none: Path) -> None:
    gone = change("google_project_iam_member", PUBLIC)
    gone["change"] = {"actions": ["delete"], "before": PUBLIC, "after": None, "after_unknown": {}}
    plan = document()
    plan["resource_changes"] = [gone]
    path = tmp_path / "dev.json"
    path.write_text(json.dumps(plan))
    assert run(capsys, none, path)[0] == 0


def test_what_is_open_is_listed_and_refused_when_strict(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, none: Path
) -> None:
    path = write(tmp_path, change("google_project_iam_member", {"role": "roles/x"}, {"member": True}))
    code, said = run(capsys, none, path)
    assert code == 0 and [finding["policy"] for finding in said["open"]] == ["public-principal"]
    assert run(capsys, none, path, "--strict")[0] == 4


@pytest.mark.parametrize(
    ("variable", "name", "option", "expected"),
    [
        ("dev", "prod", "", "dev"),
        ("", "dev", "", "dev"),
        ("", "plan", "", "prod"),
        ("staging", "plan", "", "prod"),
        ("dev", "dev", "prod", "prod"),
    ],
)
def test_the_environment_is_named_or_the_stricter_one(
    tmp_path: Path, variable: str, name: str, option: str, expected: str
) -> None:
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps(document(env=variable)))
    assert read_plan(path, option).environment == expected


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"planned_values": {}, "errored": true}', "\xff"])
def test_what_is_no_plan_is_said_so(capsys: pytest.CaptureFixture[str], tmp_path: Path, none: Path, text: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text, "latin-1")
    code, said = run(capsys, none, path)
    assert code == 2 and str(path) in said["error"]["message"] and said["error"]["remedy"]


def test_no_plan_at_all_is_no_clean_plan(capsys: pytest.CaptureFixture[str], none: Path) -> None:
    assert run(capsys, none)[0] == 2


def entry(**more: Any) -> dict[str, Any]:
    made = {"policy": "public-principal", "address": "google_project_iam_member.*", "reason": REASON}
    return made | {"expires": date(2026, 12, 31)} | more


def excepted(folder: Path, *entries: dict[str, Any]) -> Path:
    path = folder / "exceptions.yaml"
    path.write_text(yaml.safe_dump({"exceptions": list(entries)}))
    return path


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (entry(), 0),
        (entry(environments=["prod"]), 4),
        (entry(address="google_storage_bucket.*"), 4),
        (entry(policy="run-open"), 4),
    ],
)
def test_an_exception_covers_what_it_names(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, given: dict[str, Any], code: int
) -> None:
    path = write(tmp_path, change("google_project_iam_member", PUBLIC, name='this["a"]'))
    done, said = run(capsys, excepted(tmp_path, given), path, "--today", "2026-11-21")
    assert done == code and len(said["excepted"]) == (code == 0)
    assert len(said["idle_exceptions"]) == (code == 4 and "environments" not in given)


@pytest.mark.parametrize(
    "given",
    [
        entry(reason=""),
        entry(reason="because"),
        entry(policy="nonsense"),
        entry(expires=date(2026, 11, 20)),
        entry(expires=date(2028, 1, 1)),
        entry(expires="soon"),
        entry(environments=["staging"]),
        {key: value for key, value in entry().items() if key != "expires"},
        entry(owner="me"),
    ],
)
def test_an_exception_without_reason_or_end_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, given: dict[str, Any]
) -> None:
    path = write(tmp_path, change("google_pubsub_topic", {"labels": LABELS}))
    code, said = run(capsys, excepted(tmp_path, given), path, "--today", "2026-11-21")
    assert code == 2 and said["error"]["remedy"]


def test_brackets_in_an_exception_mean_themselves(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = write(tmp_path, change("google_project_iam_member", PUBLIC, name='this["b"]'))
    given = entry(address='google_project_iam_member.this["abc"]')
    assert run(capsys, excepted(tmp_path, given), path, "--today", "2026-11-21")[0] == 4


def test_our_own_exceptions_can_be_read() -> None:
    read_exceptions(EXCEPTIONS, [policy.id for policy in POLICIES], date(2026, 11, 21))


def test_the_page_is_what_the_policies_say() -> None:
    assert PAGE.read_text("utf-8") == policies_page(POLICIES), "run: python -m tools.infra_policies --write-page"


def test_unknown_marks_every_level_and_is_never_true_or_false() -> None:
    found = merged({"a": [{"b": 1}], "c": None}, {"a": [{"d": True}, {"e": True}], "c": {"f": True}})
    assert found == {"a": [{"b": 1, "d": UNKNOWN}, {"e": UNKNOWN}], "c": {"f": UNKNOWN}}
    with pytest.raises(TypeError):
        bool(UNKNOWN)


def test_people_get_a_table_and_the_remedies(capsys: pytest.CaptureFixture[str], tmp_path: Path, none: Path) -> None:
    path = write(tmp_path, change("google_project_iam_member", PUBLIC))
    assert main([str(path), "--exceptions", str(none)]) == 4
    shown = capsys.readouterr()
    assert "member names allUsers" in shown.out and "Name the accounts or groups" in shown.err

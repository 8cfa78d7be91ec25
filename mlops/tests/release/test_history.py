"""releases.json: the last ten, counted on, read back as written."""

from datetime import timedelta

import pytest

from mlops.src.release import history, turn
from mlops.src.release.history import Pair, Releases, TakenBack
from mlops.tests.release.worlds import START, Papers


def test_the_last_ten_of_either_kind_are_kept_and_numbers_go_on() -> None:
    papers = Papers()
    for number in range(30):
        pair, at = Pair(f"r{number}", "1"), START + timedelta(hours=number)

        def edit(known: Releases, pair: Pair = pair, at: object = at, stop: bool = number % 2 == 1) -> Releases:
            if not stop:
                return history.found(known, pair, at)
            begun = history.begun(known, "canary", pair, at)
            return history.ended(begun, begun[0].number, "stopped", "why")

        history.change(papers, "churn", edit)
    kept = history.read(papers, "churn")
    assert [release.number for release in kept] == list(range(30, 10, -1))
    assert sum(release.state == "stopped" for release in kept) == 10
    assert sum(release.state == "serving" for release in kept) == 1 and kept[1].state == "serving"


def test_it_reads_back_what_was_written_beside_other_services() -> None:
    papers = Papers({"releases": {"assistant": []}})
    written = history.change(papers, "churn", lambda known: history.begun(known, "rollback", Pair("a", "1"), START, 7))
    assert history.read(papers, "churn") == written and written[0].target == 7
    assert written[0].began_at == START and papers.stored["releases"]["assistant"] == []


def test_a_release_that_ended_is_not_edited() -> None:
    known = history.begun(history.found((), Pair("a", "1"), START), "canary", Pair("b", "2"), START)
    stopped = history.ended(known, 2, "stopped", "why")
    for edit in (
        lambda: turn.passed(stopped, 2, 10),
        lambda: turn.taking_back(stopped, 2, "other"),
        lambda: turn.taken_over(stopped, 2, "other"),
        lambda: history.ended(stopped, 2, "serving"),
        lambda: history.ended(known, 9, "serving"),
    ):
        with pytest.raises(TakenBack):
            edit()
    assert history.ended(stopped, 2, "stopped", "other") == stopped, "what is there already is not written again"
    taken = turn.taking_back(known, 2, "mine")
    assert turn.taking_back(taken, 2, "mine") == taken
    for edit in (lambda: turn.taking_back(taken, 2, "theirs"), lambda: history.ended(taken, 2, "serving")):
        with pytest.raises(TakenBack, match="taking back: mine"):
            edit()
    assert turn.require_turn(taken, 2, "mine") and history.ended(taken, 2, "stopped", "mine")[0].state == "stopped"
    with pytest.raises(TakenBack):
        turn.require_turn(turn.taken_over(taken, 2, "theirs"), 2, "mine")


def test_what_serves_already_is_not_written_again() -> None:
    papers = Papers()
    for _ in range(2):
        history.change(papers, "churn", lambda known: history.found(known, Pair("a", "1"), START))
    assert len(history.read(papers, "churn")) == 1

"""releases.json: the last ten, counted on, read back as written."""

from datetime import timedelta

from mlops.src.release import history
from mlops.src.release.history import Pair, Releases
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


def test_what_serves_already_is_not_written_again() -> None:
    papers = Papers()
    for _ in range(2):
        history.change(papers, "churn", lambda known: history.found(known, Pair("a", "1"), START))
    assert len(history.read(papers, "churn")) == 1

"""Whose turn it is: what a canary may still do, and how it is taken back. Edits of the releases; pure.

Whoever takes a canary back writes that before moving anything; whoever leads it looks before each move, so that two
processes never pull at the same traffic.
"""

from mlops.src.release.history import Release, Releases, TakenBack, under_way, with_changes


def require_turn(releases: Releases, number: int, note: str | None = None) -> Release:
    """The release, if whoever leads it may go on: it is under way or, with a `note`, being taken back for that.

    Raises:
        TakenBack: it is somebody else's turn.
    """
    release = next((release for release in releases if release.number == number), None)
    if release is None or release.state != ("under_way" if note is None else "taking_back"):
        raise TakenBack(number, release)
    if note is not None and release.note != note:
        raise TakenBack(number, release)
    return release


def passed(releases: Releases, number: int, step: int) -> Releases:
    """The releases with one more step of a canary passed.

    Raises:
        TakenBack: it is not under way any more.
    """
    release = require_turn(releases, number)
    return releases if step in release.passed else with_changes(releases, number, passed=(*release.passed, step))


def taking_back(releases: Releases, number: int, note: str) -> Releases:
    """The releases with a canary that is about to be taken back by whoever leads it.

    Raises:
        TakenBack: somebody else did, or finished it.
    """
    release = next((release for release in releases if release.number == number), None)
    # Our own entry, seen again because the answer to writing it was lost.
    if release and (release.state, release.note) == ("taking_back", note):
        return releases
    require_turn(releases, number)
    return with_changes(releases, number, state="taking_back", note=note)


def taken_over(releases: Releases, number: int, note: str) -> Releases:
    """The releases with a canary that is about to be taken back, whoever leads it.

    Raises:
        TakenBack: it ended meanwhile.
    """
    open_one = under_way(releases)
    if open_one is None or open_one.number != number:
        raise TakenBack(number, next((release for release in releases if release.number == number), None))
    return with_changes(releases, number, state="taking_back", note=note)

"""What every Documents adapter promises: whole documents, and no change lost."""

import threading
from typing import Any

import pytest

from telecom.bootstrap import Platform
from telecom.errors import UsageError
from telecom.ports import Documents

pytestmark = pytest.mark.backends("local", "gcp")


@pytest.fixture
def documents(platform: Platform) -> Documents:
    return platform.documents


def test_what_was_written_is_read(documents: Documents) -> None:
    assert documents.read("releases") is None
    written = documents.change("releases", lambda stored: {"was": stored, "text": "é", "numbers": [1, 2.5, None]})
    assert written == documents.read("releases") == {"was": None, "text": "é", "numbers": [1, 2.5, None]}
    assert documents.change("releases", lambda stored: [stored["text"]]) == ["é"] == documents.read("releases")
    assert documents.read("others") is None


def test_a_change_that_fails_changes_nothing(documents: Documents) -> None:
    documents.change("releases", lambda _: [1])

    def fail(stored: Any) -> Any:
        stored.append(2)
        raise UsageError("no")

    with pytest.raises(UsageError, match="no"):
        documents.change("releases", fail)
    assert documents.read("releases") == [1]


def test_a_document_changed_in_place_is_changed(documents: Documents) -> None:
    documents.change("releases", lambda _: {"n": 1})

    def grow(stored: Any) -> Any:
        stored["n"] += 1
        return stored

    assert documents.change("releases", grow) == {"n": 2} == documents.read("releases")


def test_no_change_is_lost(documents: Documents) -> None:
    def add(number: int) -> None:
        for step in range(5):
            entry = [number, step]
            documents.change("releases", lambda stored, entry=entry: stored + [entry] * (entry not in stored))

    documents.change("releases", lambda _: [])

    threads = [threading.Thread(target=add, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(documents.read("releases")) == [[number, step] for number in range(3) for step in range(5)]


@pytest.mark.parametrize("name", ["", "../x", "A", "a/b", ".hidden", "a.json"])
def test_names_are_plain(documents: Documents, name: str) -> None:
    with pytest.raises(UsageError, match="No document can be named"):
        documents.read(name)
    with pytest.raises(UsageError, match="No document can be named"):
        documents.change(name, lambda stored: stored)

"""Proofs of erasure: what counts they end with; and recognising whoever comes back."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from telecom import erasures
from telecom.bootstrap import Platform
from telecom.erasures import Erased, Proof, hashed
from telecom.errors import TelecomError
from telecom.settings import Settings

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PERSON = "a" * 64


def test_a_look_after_a_break_does_not_lose_what_was_counted_before() -> None:
    begun = Proof(PERSON, NOW, "dpo", {"a": 5, "b": 2})
    assert begun.with_found({"a": 1, "c": 3}).places == {"a": 5, "b": 2, "c": 3}


def test_what_comes_after_the_end_is_added_and_opens_the_proof_again() -> None:
    done = Proof(PERSON, NOW, "dpo", {"a": 5}, finished_at=NOW)
    assert done.with_found({}) == done
    again = done.with_found({"a": 2, "b": 1})
    assert (again.places, again.finished_at) == ({"a": 7, "b": 1}, None)


def test_the_hash_needs_the_key_and_the_whole_number() -> None:
    erased = Erased(b"k" * 32, frozenset({hashed(b"k" * 32, "7590-VHVEG")}))
    assert "7590-VHVEG" in erased and "7590-VHVEg" not in erased and "" not in erased
    assert "7590-VHVEG" not in Erased(b"x" * 32, erased.people)


def test_proofs_are_kept_and_nobody_is_known_without_the_key(tmp_path: Path) -> None:
    platform = Platform(Settings(home=tmp_path))
    assert erasures.known(platform.warehouse, platform.documents) is None
    key = erasures.key_of(platform.documents)
    assert key == erasures.key_of(platform.documents) and len(key) == 32
    proof = Proof(hashed(key, "A-1"), NOW, "dpo", {"telecom_gold.x": 3})
    erasures.write_down(platform.warehouse, proof)
    assert erasures.proof_of(platform.warehouse, proof.person) == proof
    assert erasures.proof_of(platform.warehouse, PERSON) is None
    known = erasures.known(platform.warehouse, platform.documents)
    assert known and "A-1" in known and "B-2" not in known
    (tmp_path / "erasure-key.json").unlink()
    for documents in (platform.documents, None):
        with pytest.raises(TelecomError, match="erasure-key"):
            erasures.known(platform.warehouse, documents)

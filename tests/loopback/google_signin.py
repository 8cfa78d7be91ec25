"""Google's default credentials without Google: a service account whose tokens come from a server of ours."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


@cache
def _private_key() -> str:
    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode()


@contextmanager
def signed_in(origin: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The environment of a service account; its token comes from `POST <origin>/token`."""
    account = {
        "type": "service_account",
        "project_id": "telecom-test",
        "client_email": "telecom-llmops-dev@telecom-test.iam.gserviceaccount.com",
        "private_key_id": "1",
        "private_key": _private_key(),
        "token_uri": f"{origin}/token",
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "account.json"
        file.write_text(json.dumps(account))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
        yield

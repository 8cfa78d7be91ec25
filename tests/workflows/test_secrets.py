"""What `.secrets.baseline` excuses: looked at, found to be no secret, and still there; nothing else is found."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import secret_search

ROOT = Path(__file__).resolve().parents[2]
BASELINE = json.loads((ROOT / ".secrets.baseline").read_text("utf-8"))
LIKE_KEYS = {"Private Key", "AWS Access Key", "GitHub Token", "Slack Token", "Stripe Access Key", "OpenAI Token"}


def test_every_finding_was_looked_at_and_is_no_secret() -> None:
    found = [(name, one) for name, some in BASELINE["results"].items() for one in some]
    assert found and [name for name, one in found if one.get("is_secret") is not False] == []
    assert not {one["type"] for _, one in found} & LIKE_KEYS


def test_it_excuses_no_file_that_is_gone() -> None:
    assert [name for name in BASELINE["results"] if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("plugin", ["PrivateKeyDetector", "KeywordDetector", "JwtTokenDetector", "GitHubTokenDetector"])
def test_it_turns_no_detector_off(plugin: str) -> None:
    assert plugin in {each["name"] for each in BASELINE["plugins_used"]}


def test_it_leaves_out_only_figures_of_evaluations_and_itself() -> None:
    (left_out,) = (each for each in BASELINE["filters_used"] if each["path"].endswith("should_exclude_file"))
    assert left_out["pattern"] == [r"llmops/evaluations/baselines/.*\.json", r"^\.secrets\.baseline$"]


@pytest.mark.skipif(not (ROOT / ".venv-ci/.ready").is_file(), reason="needs .venv-ci: make secrets")
def test_nothing_that_is_tracked_looks_like_a_secret() -> None:
    """Only what changed since the last search is read."""
    done = subprocess.run((ROOT / "tools/security.sh", "secrets"), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


HOOK = f"""#!{sys.executable}
import sys
from pathlib import Path
_, baseline, *names = sys.argv[1:]
Path(baseline).write_text("lines moved")
with open("read", "a") as log:
    log.writelines(name + "\\n" for name in names)
found = [name for name in names if "KEY" in Path(name).read_text()]
print(*found)
sys.exit(1 if found else 3)
"""


@pytest.fixture
def searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of two files, with a scanner that finds KEY."""
    monkeypatch.chdir(tmp_path)
    for name, text in {"a b.py": "1", "ção.md": "2", ".secrets.baseline": "{}", "requirements-ci.lock": "1"}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "hook").write_text(HOOK)
    (tmp_path / "hook").chmod(0o755)
    for words in (("init", "-q"), ("add", "a b.py", "ção.md")):
        subprocess.run(("git", *words), check=True)
    monkeypatch.setattr("sys.argv", ["secret_search", str(tmp_path / "hook"), "memory"])
    return tmp_path


def read(folder: Path) -> list[str]:
    names = (folder / "read").read_text().splitlines() if (folder / "read").exists() else []
    (folder / "read").unlink(missing_ok=True)
    return sorted(names)


def test_a_file_is_read_once_and_again_when_it_changes(searched: Path) -> None:
    secret_search.main()
    assert read(searched) == ["a b.py", "ção.md"] and (searched / ".secrets.baseline").read_text() == "{}"
    secret_search.main()
    assert read(searched) == []
    shutil.copy(searched / "a b.py", searched / "ção.md")
    secret_search.main()
    assert read(searched) == ["ção.md"]
    (searched / "requirements-ci.lock").write_text("2")
    (searched / "a b.py").unlink()
    secret_search.main()
    assert read(searched) == ["ção.md"]


def test_what_is_found_is_found_until_it_is_gone(searched: Path) -> None:
    (searched / "a b.py").write_text("KEY")
    for _ in range(2):
        with pytest.raises(SystemExit, match=r"a b\.py"):
            secret_search.main()
        assert "a b.py" in read(searched)
    (searched / "a b.py").write_text("3")
    secret_search.main()


def test_a_scanner_that_breaks_is_no_yes(searched: Path) -> None:
    (searched / "hook").write_text("#!/bin/sh\nexit 2\n")
    with pytest.raises(SystemExit, match="ended with 2"):
        secret_search.main()
    assert not (searched / "memory").exists()

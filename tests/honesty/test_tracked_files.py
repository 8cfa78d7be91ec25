"""Nothing of the machine on which something was written is left in the repository's files."""

import re

import pytest

from tests.honesty.documents import files, name_of

# Written with brackets so that they do not match themselves.
FORBIDDEN = {
    "a path of one machine": r"(?<![\w.*}-])/([w]ork|[r]oot|([h]ome|[U]sers)/\w+|[t]mp/spec|[o]pt/pypi|[o]pt/wheels)\b",
    "a folder outside the repository": r"(?<![\w/.-])[s]hared/",
    "a package registry": r"(?i)\b[\w.-]*([p]ypi\.(org|io)|[p]ythonhosted\.org|[n]pmjs\.(org|com))",
    "a package index option": r"(?m)^\s*--(extra-)?[i]ndex-url|^\s*--[f]ind-links|^\s*--[t]rusted-host",
    "a private key": r"-----BEGIN [A-Z ]*[P]RIVATE KEY",
    "a merge conflict": r"(?m)^(<{7}|>{7}) ",
}
TEXTS = {name_of(path): path for path in files() if path.suffix not in {".png", ".parquet", ".svg", ".woff2"}}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    found = [
        f"{name}: {match[0]!r}"
        for name, path in TEXTS.items()
        for match in re.finditer(FORBIDDEN[what], path.read_text("utf-8", "replace"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a path of one machine", "see /" + "work/notes.md"),
        ("a path of one machine", "cd /" + "home/ana/repo"),
        ("a folder outside the repository", "read shar" + "ed/design"),
        ("a package registry", "https://files.python" + "hosted.org/packages"),
        ("a package index option", "--extra-" + "index-url https://x"),
        ("a private key", "-----BEGIN RSA PRIV" + "ATE KEY-----"),
        ("a merge conflict", "<<<<<<" + "< HEAD"),
    ],
)
def test_the_patterns_notice_it(what: str, text: str) -> None:
    assert re.search(FORBIDDEN[what], text)
    assert not re.search(FORBIDDEN[what], ".github/workflows and network/workers, reports/ and ~/data")


def test_local_state_is_not_tracked() -> None:
    assert [
        name for name in TEXTS if name.startswith((".telecom/", "reports/", ".venv/")) or name.endswith(".prom")
    ] == []

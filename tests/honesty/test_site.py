"""The site has every page of docs/ but the knowledge base; the table of pages names them all."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.honesty.documents import ROOT, name_of
from tests.honesty.test_links import links
from tools import site

# What people write after an incident is found by its date, not in a table.
WRITTEN_LATER = "docs/operations/postmortems/"
PAGES = [path for path in site.sources() if path.suffix == ".md" and not name_of(path).startswith(WRITTEN_LATER)]
# Named by the table of a folder's own first page, not by the table of all pages.
BY_FOLDER = ("docs/adr/", "docs/reference/", "docs/api/")


class Plain(yaml.SafeLoader):
    """Reads mkdocs.yml without making what its `!!python` tags name."""


Plain.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)
CONFIG: dict[str, Any] = yaml.load((ROOT / "mkdocs.yml").read_text("utf-8"), Plain)


def in_nav(entry: Any) -> list[str]:
    if isinstance(entry, str):
        return [entry]
    return [page for part in (entry.values() if isinstance(entry, dict) else entry) for page in in_nav(part)]


def test_every_page_is_in_the_navigation_once() -> None:
    staged = {site.staged_name(path) for path in PAGES} - {name_of(p)[5:] for p in (ROOT / "docs/adr").glob("0*.md")}
    assert sorted(in_nav(CONFIG["nav"])) == sorted({*staged, "adr/README.md", "cards/README.md", "changelog.md"})


def test_a_post_mortem_needs_no_place_in_the_navigation() -> None:
    folder = re.search(
        r"folder `(\w+)` beside it", (ROOT / "docs/operations/postmortem-template.md").read_text("utf-8")
    )
    assert folder and f"docs/operations/{folder[1]}/" == WRITTEN_LATER
    assert f"/{WRITTEN_LATER.removeprefix('docs/')}*.md" in CONFIG["not_in_nav"].split()


def test_every_page_is_in_the_table_of_pages() -> None:
    table = ROOT / "docs/README.md"
    linked = {(table.parent / link.partition("#")[0]).resolve() for link in links(table)}
    missing = [path for path in PAGES if path not in linked and path != table and path.stem != "README"]
    assert [name_of(path) for path in missing if not name_of(path).startswith(BY_FOLDER)] == []
    folders = [path.parent for path in PAGES if path.stem == "README" and path != table]
    assert [name_of(f) for f in folders if f not in linked and f / "README.md" not in linked] == []


def test_the_knowledge_base_and_what_is_no_page_stay_out(tmp_path: Path) -> None:
    site.stage(tmp_path / "staged")
    held = {path.relative_to(tmp_path / "staged").as_posix() for path in (tmp_path / "staged").rglob("*.*")}
    assert {"index.md", "pages.md", "changelog.md", "adr/README.md", "images/desk.png"} <= held
    assert not [name for name in held if name.startswith("telecom/")]
    assert "| [0001](0001-" in (tmp_path / "staged/adr/README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("page", "text", "linked"),
    [
        ("docs/mlops/model.md", "[a](drift.md#b)", "[a](../mlops/drift.md#b)"),
        ("docs/mlops/model.md", "[a](../README.md)", "[a](../pages.md)"),
        ("docs/index.md", "[a](README.md) [b](#c)", "[a](pages.md) [b](#c)"),
        ("docs/README.md", "[a](adr)", "[a](adr/README.md)"),
        ("docs/README.md", "[a](../CONTRIBUTING.md#b)", f"[a]({site.REPOSITORY}/blob/main/CONTRIBUTING.md#b)"),
        ("docs/mlops/model.md", "[a](../../infra)", f"[a]({site.REPOSITORY}/tree/main/infra)"),
        ("docs/mlops/model.md", "[a](https://x.example/y)", "[a](https://x.example/y)"),
        ("docs/mlops/model.md", "`[a](../../infra)`", "`[a](../../infra)`"),
        ("docs/mlops/model.md", "```bash\n[a](../../infra)\n```", "```bash\n[a](../../infra)\n```"),
        ("CHANGELOG.md", "[a](docs/mlops/model.md)", "[a](mlops/model.md)"),
    ],
)
def test_links_lead_where_the_page_is_in_the_site(page: str, text: str, linked: str) -> None:
    assert site.linked(text, ROOT / page) == linked


def test_numbered_items_go_on_at_four_spaces() -> None:
    assert site.deeper("1. a\n   b\n\n   ```x\n   y\n   ```\nz\n   w") == (
        "1. a\n    b\n\n    ```x\n    y\n    ```\nz\n   w\n"
    )


@pytest.mark.parametrize(
    ("page", "count"),
    [
        ('<script src="https://cdn.example/x.js"></script>', 1),
        ('<img alt="" src=//cdn.example/x.png>', 1),
        ('<link rel="stylesheet" href="https://fonts.example/css">', 1),
        ('<link rel="canonical" href="https://x.example"><a href="https://x.example">', 0),
        ('<script src="assets/x.js"></script><img src="../images/x.png">', 0),
    ],
)
def test_what_is_loaded_from_elsewhere_is_noticed(tmp_path: Path, page: str, count: int) -> None:
    (tmp_path / "x.html").write_text(page, "utf-8")
    assert len(list(site.loaded_from_elsewhere(tmp_path))) == count


def test_the_build_is_strict_and_says_why_it_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --quiet MkDocs counts no warnings, and --strict passes everything."""
    asked: list[list[str]] = []

    def answer(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        return subprocess.CompletedProcess(command, 1, "", "WARNING - nowhere")

    (tmp_path / f"mermaid-{site.MERMAID}.min.js").write_text("", "utf-8")
    monkeypatch.setattr(site, "STAGED", tmp_path / "staged")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(subprocess, "run", answer)
    assert site.main() == 1 and "WARNING - nowhere" in capsys.readouterr().err
    assert "--strict" in asked[-1] and not {"--quiet", "-q"} & set(asked[-1])
    assert "No model was in service" in (tmp_path / "staged/cards/README.md").read_text("utf-8")


def test_the_cards_of_the_model_in_service_are_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = tmp_path / ".venv/bin/telecom"
    command.parent.mkdir(parents=True)
    command.write_text('#!/bin/sh\n[ "$1 $2" = "cards --out" ] && mkdir "$3"\n')
    command.chmod(0o755)
    monkeypatch.setattr(site, "ROOT", tmp_path)
    site.cards(tmp_path / "cards")
    linked = re.findall(r"\]\((\w+\.md)\)", (tmp_path / "cards/README.md").read_text("utf-8"))
    assert linked == ["model_card.md", "prompt_card.md"] and "/cards/*_card.md" in CONFIG["not_in_nav"].split()


def test_the_theme_fetches_nothing() -> None:
    assert CONFIG["theme"]["font"] is False and "repo_url" not in CONFIG and CONFIG["plugins"] == ["search"]
    assert CONFIG["extra_javascript"] == ["assets/mermaid.min.js"]
    assert set(CONFIG["validation"].values()) == {"warn"}


def test_the_changelog_has_dates_and_kinds() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE)[0].startswith("[Unreleased]")
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= {
        *("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
    }

"""A folder becomes the knowledge base: incremental, honest about what it cannot read, strict where nothing is said."""

import os
import shutil
from datetime import date
from pathlib import Path

import pytest

from llmops.rag import folder as folder_module
from llmops.rag import ingest_documents
from llmops.rag.blocks import REASONS
from llmops.rag.ingest_documents import Ingested, run
from llmops.rag.reading import Limits, Reader
from llmops.tests.rag.papers import PUBLIC, SENTENCE, pdf, word
from llmops.tests.rag.shelf import Shelf
from telecom.adapters.local.objects import LocalObjects
from telecom.errors import InputRefused, UsageError
from telecom.ports import Objects, Passage
from telecom.progress import Silent
from telecom.settings import Settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "docs"
    made.mkdir()
    return made


def put(folder: Path, name: str, text: str, meta: str = "") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    if meta:
        path.with_name(f"{path.name}.meta.yaml").write_text(meta, "utf-8")
    return path


def ingest(shelf: Shelf, folder: Path, objects: Objects | None = None, **more: object) -> Ingested:
    done = run(shelf, objects, folder, Silent(), **more)  # type: ignore[arg-type]
    assert done.files == done.parsed + done.unchanged + done.refused + done.copies
    assert done.refused == len(done.refusals) == sum(done.by_reason.values())
    assert set(done.by_reason) <= set(REASONS)
    return done


def parsed_names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are parsed from now on."""
    seen: list[str] = []
    original = Reader.parse

    def parse(self: Reader, path: Path, suffix: str) -> object:
        seen.append(path.name)
        return original(self, path, suffix)

    monkeypatch.setattr(Reader, "parse", parse)
    return seen


def test_every_format_becomes_passages_that_can_be_cited(folder: Path) -> None:
    meta = "audience: [customer, agent]\nsensitivity: public\nvalid_from: 2026-01-01\ntitle: Título do lado\n"
    story = [("h1", "1. Prazos"), ("p", SENTENCE), ("table", [["Item", "Dias"], ["Visita", "5"]])]
    pdf(folder / "a.pdf", story)
    word(folder / "b.docx", story)
    put(folder, "c/c.html", "<html><body><h1>Guia</h1><h2>Prazos</h2><p>São 5 dias.</p></body></html>")
    put(folder, "d.md", f"{PUBLIC}# Guia\n\n## Prazos\n\nSão 6 dias.\n")
    put(folder, "prazo-da-visita.txt", f"{PUBLIC}São 7 dias.\n")
    for name in ("a.pdf", "b.docx", "c/c.html"):
        (folder / f"{name}.meta.yaml").write_text(meta, "utf-8")
    shelf = Shelf()
    done = ingest(shelf, folder)
    assert (done.files, done.parsed, done.restricted) == (5, 5, ())
    by_document = {one.document: one for one in shelf.all()}
    first = by_document["a.pdf"]
    assert (first.title, first.section, first.page) == ("Título do lado", "1. Prazos", 1)
    assert "| Item | Dias |\n| --- | --- |\n| Visita | 5 |" in first.text
    assert (first.audience, first.sensitivity, first.valid_from) == (("agent", "customer"), "public", date(2026, 1, 1))
    assert "| Visita | 5 |" in by_document["b.docx"].text and by_document["b.docx"].page is None
    assert (by_document["c/c.html"].section, by_document["c/c.html"].text) == ("Prazos", "São 5 dias.")
    assert (by_document["d.md"].title, by_document["d.md"].section) == ("Guia", "Prazos")
    assert by_document["prazo-da-visita.txt"].title == "Prazo da visita"


def test_without_front_matter_a_document_is_for_agents_only_and_reported(folder: Path) -> None:
    put(folder, "a.md", "# A\n\nTexto interno.\n")
    put(folder, "b.md", "---\naudience: customer\n---\n# B\n\nMeio dito.\n")
    shelf = Shelf()
    assert ingest(shelf, folder).restricted == ("a.md", "b.md")
    rights = {one.document: (one.audience, one.sensitivity) for one in shelf.all()}
    assert rights == {"a.md": (("agent",), "internal"), "b.md": (("customer",), "internal")}


def test_unchanged_files_are_not_parsed_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder, "a.md", f"{PUBLIC}# A\n\num\n")
    put(folder, "b.md", f"{PUBLIC}# B\n\ndois\n")
    shelf = Shelf()
    ingest(shelf, folder)
    seen = parsed_names(monkeypatch)
    done = ingest(shelf, folder)
    assert (done.unchanged, done.parsed, done.passages, seen, shelf.changes) == (2, 0, 0, [], 1)
    put(folder, "b.md", f"{PUBLIC}# B\n\ntrês\n")
    assert (ingest(shelf, folder).parsed, seen) == (1, ["b.md"])
    assert shelf.texts("b.md") == ["três"] and shelf.texts("a.md") == ["um"]
    put(folder, "a.md.meta.yaml", "audience: agent\nsensitivity: internal\n")
    ingest(shelf, folder)
    assert shelf.passages["a.md"][0].audience == ("agent",)
    assert (ingest(shelf, folder, again=True).parsed, shelf.changes) == (2, 4)
    monkeypatch.setattr(folder_module, "VERSION", "next")
    assert ingest(shelf, folder).parsed == 2


def test_a_deleted_file_is_gone(folder: Path) -> None:
    put(folder, "a.md", f"{PUBLIC}um\n")
    gone = put(folder, "b.md", f"{PUBLIC}dois\n")
    shelf = Shelf()
    ingest(shelf, folder)
    shelf.replace({"table:x/1": []}, digests={"table:x/1": "kept"})
    gone.unlink()
    done = ingest(shelf, folder)
    assert (done.removed, done.unchanged) == (1, 1)
    assert set(shelf.told) == {"a.md", "table:x/1"}


def test_a_file_that_cannot_be_read_any_more_is_gone_too(folder: Path) -> None:
    put(folder, "a.md", f"{PUBLIC}um\n")
    put(folder, "b.md", f"{PUBLIC}dois\n")
    shelf = Shelf()
    ingest(shelf, folder)
    put(folder, "b.md", "---\naudience: ninguém\n---\ndois\n")
    done = ingest(shelf, folder)
    assert (done.by_reason, done.removed) == ({"bad_front_matter": 1}, 1)
    assert set(shelf.passages) == {"a.md"}


def test_bad_files_are_reported_and_stop_nobody(folder: Path, tmp_path: Path) -> None:
    put(folder, "good.md", f"{PUBLIC}# Bom\n\nTexto.\n")
    pdf(folder / "locked.pdf", [("p", "x")], password="x")
    (folder / "cut.pdf").write_bytes(b"%PDF-1.4\n%\n1 0 obj\n<<")
    (folder / "fake.docx").write_bytes(b"not a package")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    (folder / "nothing.txt").touch()
    (folder / "huge.txt").write_bytes(b"x" * 5_000)
    put(folder, "side.md", "texto", meta="audience: [")
    os.mkfifo(folder / "pipe.md")
    (folder / "dangling.md").symlink_to(tmp_path / "nowhere")
    put(tmp_path, "secret.md", "segredo")
    (folder / "link.md").symlink_to(tmp_path / "secret.md")
    (folder / "line\nbreak.md").write_text("x", "utf-8")
    put(folder, ".hidden.md", "x")
    put(folder, ".git/config.md", "x")
    shelf = Shelf()
    done = ingest(shelf, folder, limits=Limits(bytes=4_000, seconds=30))
    assert {one.document: one.reason for one in done.refusals} == {
        "locked.pdf": "encrypted",
        "cut.pdf": "damaged",
        "fake.docx": "mislabelled",
        "picture.png": "unsupported",
        "nothing.txt": "empty",
        "huge.txt": "too_large",
        "side.md": "bad_front_matter",
        "pipe.md": "not_a_file",
        "dangling.md": "outside_folder",
        "link.md": "outside_folder",
        "line\nbreak.md": "unreadable",
    }
    assert (done.parsed, set(shelf.passages)) == (1, {"good.md"})


def test_the_same_bytes_twice_are_one_document(folder: Path) -> None:
    put(folder, "a.md", f"{PUBLIC}# A\n\nigual\n")
    shutil.copyfile(folder / "a.md", folder / "b.md")
    put(folder, "c.md", f"{PUBLIC}# A\n\nigual\n", meta="audience: agent\n")
    shelf = Shelf()
    assert ingest(shelf, folder).copies == 1
    assert set(shelf.passages) == {"a.md", "c.md"}
    (folder / "a.md").unlink()
    done = ingest(shelf, folder)
    assert (done.parsed, done.copies, set(shelf.passages)) == (1, 0, {"b.md", "c.md"})


def test_twins_within_a_document_are_counted(folder: Path) -> None:
    put(
        folder,
        "a.html",
        f"<html><body><h2>S</h2><p>{SENTENCE * 13}</p><hr><h2>S</h2><p>{SENTENCE * 13}</p></body></html>",
    )
    shelf = Shelf()
    done = ingest(shelf, folder)
    assert (done.passages, done.twins) == (1, 1)


def test_a_folder_of_nothing_leaves_everything_as_it_was(folder: Path, tmp_path: Path) -> None:
    put(folder, "a.md", f"{PUBLIC}um\n")
    shelf = Shelf()
    ingest(shelf, folder)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputRefused, match="no files") as refused:
        run(shelf, None, empty, Silent())
    assert refused.value.reason == "no_documents"
    put(empty, "x.md", "---\naudience: ?\n---\n")
    with pytest.raises(InputRefused, match="1 bad_front_matter"):
        run(shelf, None, empty, Silent())
    assert set(shelf.passages) == {"a.md"}
    with pytest.raises(UsageError, match="no folder"):
        run(shelf, None, folder / "nope", Silent())


def test_a_file_changed_while_it_is_read_waits_for_the_next_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder, "a.md", f"{PUBLIC}um\n")
    put(folder, "b.md", f"{PUBLIC}dois\n")
    original = Reader.parse

    def parse(self: Reader, path: Path, suffix: str) -> object:
        parsed = original(self, path, suffix)
        if path.name == "a.md":
            path.write_text("mudou", "utf-8")
        return parsed

    monkeypatch.setattr(Reader, "parse", parse)
    shelf = Shelf()
    assert ingest(shelf, folder).by_reason == {"changed_meanwhile": 1}
    assert set(shelf.passages) == {"b.md"}


def test_files_go_to_the_lake_under_names_that_follow_from_their_bytes(folder: Path, tmp_path: Path) -> None:
    put(folder, "Guia de São Paulo.md", "# A\n\num\n", meta="audience: agent\nsensitivity: internal\n")
    put(folder, "bad.md", "---\naudience: ?\n---\nx")
    lake = LocalObjects(Settings(home=tmp_path / "home"))
    ingest(Shelf(), folder, lake)
    ingest(Shelf(), folder, lake)
    first, second = lake.keys("docs/knowledge/")
    assert first.endswith("Guia-de-São-Paulo.md.meta.yaml") and second.endswith("-Guia-de-São-Paulo.md")


def test_keys_are_stable_and_unique(folder: Path) -> None:
    put(folder, "a.md", f"{PUBLIC}# A\n\n## S\n\num\n\n## T\n\n{SENTENCE}\n\n## S\n\ndois\n")
    shelf = Shelf()
    ingest(shelf, folder)
    before = {one.text: one.key for one in shelf.all()}
    assert len(set(before.values())) == 3
    put(folder, "a.md", f"{PUBLIC}# A\n\n## S\n\num\n\n## T\n\nnovo\n\n## S\n\ndois\n")
    ingest(shelf, folder)
    after = {one.text: one.key for one in shelf.all()}
    assert after["um"] == before["um"] and after["dois"] == before["dois"] and after["novo"] not in before.values()


def test_passages_have_all_that_a_citation_needs() -> None:
    assert set(Passage.__dataclass_fields__) >= {"document", "title", "section", "page", "text"}
    assert ingest_documents.TABLES == "table:"

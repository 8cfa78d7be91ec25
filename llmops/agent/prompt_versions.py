"""Versions of the texts of `llmops/prompts` (ADR 17): every released text stays, and an older one can be put to use.

`kept/<kind>/<id>@<version>.<language>.md` never changes. `pins.yaml` names ids of which another version than the one in
`<kind>/` is in use, for all languages at once.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal, get_args

import yaml

from telecom.errors import NotFound, TelecomError, UsageError

Kind = Literal["system", "rules", "templates"]
KEPT, PINS = "kept", "pins.yaml"
VERSION = re.compile(r"\d+\.\d+\.\d+")
_FRONT_VERSION = re.compile(r"(?m)^version: (\d+\.\d+\.\d+)$")
_COMMENT = "# Versions in use instead of the newest; `telecom prompts rollback` writes this.\n"


@dataclass(frozen=True)
class Source:
    """One file of texts: its kind, its name, and what stands in it."""

    kind: Kind
    name: str
    raw: str

    @property
    def id(self) -> str:
        """The text's id, from the name."""
        return re.split(r"[@.]", self.name, maxsplit=1)[0]

    @property
    def language(self) -> str:
        """The text's language, from the name."""
        return self.name.removesuffix(".md").rpartition(".")[2]

    @property
    def version(self) -> str:
        """The version that its front matter states; empty where it states none."""
        found = _FRONT_VERSION.search(self.raw)
        return found[1] if found else ""


def newest(root: Traversable) -> tuple[Source, ...]:
    """The texts that people edit."""
    return tuple(source for kind in get_args(Kind) for source in _sources(root / kind, kind))


def kept(root: Traversable) -> tuple[Source, ...]:
    """Every released text."""
    return tuple(source for kind in get_args(Kind) for source in _sources(root / KEPT / kind, kind))


def in_use(root: Traversable) -> tuple[Source, ...]:
    """The newest texts; of those that are pinned, the pinned version, under the name of the newest.

    Raises:
        TelecomError: a pinned version was not kept, or not in every language.
    """
    pinned = pins(root)
    return tuple(_pinned(root, source, pinned[source.id]) if source.id in pinned else source for source in newest(root))


def pins(root: Traversable) -> Mapping[str, str]:
    """Versions in use instead of the newest, by id.

    Raises:
        TelecomError: the file is not such a mapping.
    """
    file = root / PINS
    try:
        told = (yaml.safe_load(file.read_text("utf-8")) or {}) if file.is_file() else {}
    except yaml.YAMLError as error:
        raise TelecomError(f"prompts/{PINS} is not YAML: {error}", "Mend it.") from error
    if not isinstance(told, dict) or not all(VERSION.fullmatch(str(version)) for version in told.values()):
        raise TelecomError(f"prompts/{PINS} does not map ids to versions.", "Write for example: suporte_tecnico: 1.0.0")
    return {str(name): str(version) for name, version in told.items()}


def unkept(root: Traversable) -> tuple[Source, ...]:
    """Newest texts that were changed since their version was kept, or were never kept."""
    known = {(each.kind, each.id, each.version, each.language): each.raw for each in kept(root)}
    return tuple(s for s in newest(root) if known.get((s.kind, s.id, s.version, s.language)) != s.raw)


def keep(root: Path) -> tuple[str, ...]:
    """Keeps the newest texts under their versions; returns the files that were made.

    Raises:
        UsageError: a version was kept with another text, which needs a version of its own.
    """
    waiting = unkept(root)
    for source in waiting:
        if _kept_file(root, source).is_file():
            raise UsageError(
                f"prompts/{source.kind}/{source.name} changed, and its version {source.version} is already kept.",
                "Raise `version` in its front matter, in every language.",
            )
    for source in waiting:
        file = _kept_file(root, source)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source.raw, "utf-8")
    return tuple(str(_kept_file(root, source).relative_to(root)) for source in waiting)


def raise_versions(root: Path) -> tuple[str, ...]:
    """Gives every id of which a kept text changed the next patch version, in all languages; returns `id@version`."""
    taken = {(each.kind, each.id): each.version for each in unkept(root) if _kept_file(root, each).is_file()}
    raised = []
    for (kind, name), version in taken.items():
        major, minor, patch = version.split(".")
        following = f"{major}.{minor}.{int(patch) + 1}"
        for source in newest(root):
            if (source.kind, source.id) == (kind, name):
                text = _FRONT_VERSION.sub(f"version: {following}", source.raw, count=1)
                (root / kind / source.name).write_text(text, "utf-8")
        raised.append(f"{name}@{following}")
    return tuple(raised)


def pin(root: Path, name: str, version: str) -> None:
    """Puts a kept version of a text to use; an empty version puts the newest to use again.

    Raises:
        NotFound: there is no such text, or that version of it was not kept.
    """
    ours = _ours(root, name)
    pinned = {key: value for key, value in pins(root).items() if key != name}
    if version and version not in {source.version for source in ours}:
        for source in ours:
            _pinned(root, source, version)
        pinned[name] = version
    told = yaml.safe_dump(pinned, sort_keys=True) if pinned else ""
    (root / PINS).write_text(_COMMENT + told, "utf-8")


def before(root: Traversable, name: str) -> str:
    """The kept version before the one in use.

    Raises:
        NotFound: there is none, or no such text.
    """
    _ours(root, name)
    used = next((source.version for source in in_use(root) if source.id == name), "")
    older = [version for version in versions(root, name) if _order(version) < _order(used or "0.0.0")]
    if not older:
        raise NotFound(f"There is no version of {name!r} before {used or 'any'}.", "See: telecom prompts list")
    return older[-1]


def versions(root: Traversable, name: str) -> tuple[str, ...]:
    """Kept versions of a text, ascending."""
    return tuple(sorted({each.version for each in kept(root) if each.id == name}, key=_order))


def difference(root: Traversable, name: str, old: str, new: str) -> str:
    """A unified difference between two versions of a text in all its languages; `new` empty: the newest.

    Raises:
        NotFound: there is no such text, or a version was not kept.
    """
    parts: list[str] = []
    for source in _ours(root, name):
        after = source if new in ("", source.version) else _pinned(root, source, new)
        earlier = _pinned(root, source, old)
        was, now = (f"{source.kind}/{name}@{each.version}.{source.language}" for each in (earlier, after))
        parts += difflib.unified_diff(_lines(earlier), _lines(after), was, now, lineterm="")
    return "\n".join(parts)


def _ours(root: Traversable, name: str) -> Sequence[Source]:
    """A text in all its languages."""
    found = [source for source in newest(root) if source.id == name]
    if not found:
        raise NotFound(f"There is no prompt {name!r}.", "telecom prompts list names them.")
    return found


def _lines(source: Source) -> Sequence[str]:
    return source.raw.splitlines()


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _kept_file(root: Path, source: Source) -> Path:
    return root / KEPT / source.kind / f"{source.id}@{source.version}.{source.language}.md"


def _pinned(root: Traversable, source: Source, version: str) -> Source:
    file = root / KEPT / source.kind / f"{source.id}@{version}.{source.language}.md"
    if not file.is_file():
        known = ", ".join(versions(root, source.id)) or "none"
        raise NotFound(
            f"{source.id}@{version} was not kept in {source.language}.", f"Kept versions: {known}; telecom prompts list"
        )
    return Source(source.kind, source.name, file.read_text("utf-8"))


def _sources(folder: Traversable, kind: Kind) -> Iterator[Source]:
    entries = folder.iterdir() if folder.is_dir() else ()
    for entry in sorted(entries, key=lambda entry: entry.name):
        if entry.name.endswith(".md"):
            yield Source(kind, entry.name, entry.read_text("utf-8"))

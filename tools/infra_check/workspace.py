"""A copy of the Terraform tree to work in: nothing is ever written into the checkout."""

import fnmatch
import shutil
from dataclasses import dataclass
from pathlib import Path

# `*.auto.tfvars` are somebody's own values, which git ignores; the estate that is checked is the committed one.
LEFT = (".terraform", "terraform.tfstate.d", "*.tfstate", "*.tfstate.*", ".terraform.lock.hcl", "*.tfplan", "*.auto.*")
LOCAL_STATE = 'terraform {\n  backend "local" {}\n}\n'


@dataclass(frozen=True)
class Tree:
    """A Terraform tree: `envs/<name>` are estates, `modules/<name>` what they are made of."""

    folder: Path

    def environments(self) -> list[Path]:
        """Folders of environments, by name."""
        return _with_terraform(self.folder / "envs")

    def modules(self) -> list[Path]:
        """Folders of modules, by name."""
        return _with_terraform(self.folder / "modules")


def tested(module: Path) -> bool:
    """Whether a module brings tests."""
    return any(test_files(module))


def test_files(module: Path) -> list[Path]:
    """Terraform's own test files of a module."""
    return sorted((*module.glob("*.tftest.hcl"), *module.glob("tests/*.tftest.hcl")))


def runs(module: Path) -> int:
    """How many runs a module's tests have, which is how long they take."""
    return sum(file.read_text("utf-8").count('\nrun "') for file in test_files(module))


def copy(tree: Path, checkout: Path, scratch: Path) -> Tree:
    """Copies a tree to the place that it has in its checkout, beside links to everything else there.

    Args:
        tree: the folder with `envs` and `modules`, below `checkout`.
        checkout: what the configuration may read files of, such as data/schemas.
        scratch: an empty folder.
    """
    above, place = checkout, scratch
    place.mkdir(parents=True, exist_ok=True)
    for part in tree.relative_to(checkout).parts:
        for other in above.iterdir():
            if other.name not in (part, ".git"):
                (place / other.name).symlink_to(other)
        above, place = above / part, place / part
        if above != tree:
            place.mkdir()
    shutil.copytree(tree, place, ignore=_left)
    for environment in Tree(place).environments():
        (environment / "infra_check_override.tf").write_text(LOCAL_STATE, "utf-8")
    return Tree(place)


def _left(_: str, names: list[str]) -> set[str]:
    return {name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in LEFT)}


def _with_terraform(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if any(path.glob("*.tf")))

"""docs/infra/policies.md, written from the policies themselves."""

from collections.abc import Sequence

from tools.infra_policies.policy import Policy
from tools.markdown import cell, table

INTRODUCTION = """\
`python -m tools.infra_policies PLAN.json…` reads what `terraform show -json` says of a plan or a state, with child
modules at any depth, and refuses what these policies forbid: exit 4. They cover what checkov does not look at on
today's resources; checkov itself runs by `python -m tools.infra_scan`.

**Environment.** The plan's variable `env`, else the file's name, else prod, the stricter one.

**Unknown before apply.** No value passes because it is not known yet. Either it is refused, because an argument that is
left out looks the same; or it is listed as open, where it can only come from another resource. `--strict` refuses what
is open, too; a state has nothing open.

**Exceptions** stand in `infra/policy-exceptions.yaml`: policy, address (`*` matches anything), environments, a reason
of at least 20 characters and a day, at most a year ahead, on which it ends. After that day the command refuses to run.

**Not seen here**: grants that were made by hand, what Google gives a new dataset by itself (its project's owners,
writers and readers), what a group's members are, and whether a condition's claims are mapped as their names say.
"""


def policies_page(policies: Sequence[Policy]) -> str:
    """The whole page."""
    rows = [(f"`{p.id}`", cell(p.sentence), cell(p.why), ", ".join(p.environments)) for p in policies]
    mends = [(f"`{p.id}`", cell(p.remedy), cell(p.unknown)) for p in policies]
    lines = [
        "<!-- Written by python -m tools.infra_policies --write-page from the policies; do not edit. -->",
        "# Infrastructure policies",
        "",
        *INTRODUCTION.splitlines(),
        "",
        *table(("policy", "sentence", "why", "in"), rows),
        "",
        "## How to keep them",
        "",
        *table(("policy", "remedy", "values unknown before apply"), mends),
    ]
    return "\n".join(lines) + "\n"

"""IAM: who is named, with which role; keys; and which outside identities may come in."""

import json
import re
from collections.abc import Iterator
from typing import Any

from telecom.federation import restricts
from tools.infra_policies.plan import UNKNOWN, Resource, walk
from tools.infra_policies.policy import Policy, Remark

PUBLIC = frozenset({"allusers", "allauthenticatedusers"})
CANNED = frozenset({"publicread", "publicreadwrite", "authenticatedread"})
PRIMITIVE = frozenset(f"roles/{name}" for name in ("owner", "editor", "viewer", "admin", "writer", "reader"))
# What lets somebody hand a dataset out, by both its names.
OWNER = frozenset({"owner", "roles/bigquery.dataowner"})
# As members (projectOwner:PROJECT), and as special groups of a dataset (projectOwners).
GROUPS = ("projectowner", "projecteditor", "projectviewer", "projectwriter", "projectreader")
# Types with access entries, and where these are; empty: the resource is one.
ENTRIES = {"google_bigquery_dataset_access": "", "google_bigquery_dataset": "access"}
ENTRY_MEMBERS = {"user_by_email": "user:", "group_by_email": "group:", "domain": "domain:"} | dict.fromkeys(
    ("iam_member", "special_group"), ""
)
BECOMES = re.compile(
    r"roles/iam\.(serviceAccount(User|TokenCreator|OpenIdTokenCreator|KeyAdmin)|workloadIdentityUser)", re.I
)
BECOMING = re.compile(
    r"iam\.serviceAccounts\.(actAs|getAccessToken|getOpenIdToken|implicitDelegation|signBlob|signJwt)", re.I
)
HANDS_OUT = re.compile(r".*\.setIamPolicy|iam\.roles\.(create|update)|iam\.serviceAccountKeys\.create", re.I)
WHOLE = ("google_project_iam_", "google_folder_iam_", "google_organization_iam_")
CUSTOM = ("google_project_iam_custom_role", "google_organization_iam_custom_role")
KEYS = ("google_service_account_key", "google_storage_hmac_key")
PROVIDER = "google_iam_workload_identity_pool_provider"
REPOSITORY = ("repository", "repository_id")
REF = ("ref", "environment", "workflow_ref", "job_workflow_ref")


def is_iam(resource: Resource) -> bool:
    """Whether it grants roles: google_…_iam_member, _binding or _policy, or access entries of a dataset."""
    bound = resource.type.endswith(("_iam_member", "_iam_binding", "_iam_policy"))
    return resource.type in ENTRIES or (resource.type.startswith("google_") and bound)


def grants(resource: Resource) -> Iterator[tuple[Any, Any]]:
    """Role and member of every grant; either may be UNKNOWN."""
    if resource.type in ENTRIES:
        yield from _entries(resource)
        return
    if resource.type.endswith("_iam_policy"):
        data = resource.one("policy_data")
        if data is UNKNOWN:
            yield UNKNOWN, UNKNOWN
            return
        for binding in json.loads(data or "{}").get("bindings", ()):
            for member in binding.get("members", ()):
                yield binding.get("role"), member
        return
    for member in (*resource.all("member"), *resource.all("members")):
        yield resource.one("role"), member


def _entries(resource: Resource) -> Iterator[tuple[Any, Any]]:
    """Role and member of a dataset's access entries; views and routines have neither.

    What a dataset already has and its author does not write is left out: Google gives a new one to the project's
    owners, writers and readers by itself, and the next plan shows that.
    """
    path = ENTRIES[resource.type]
    standing = resource.before.get(path) or () if resource.source.sets(f"{path}.role") == "unclear" else ()
    for entry in resource.all(path) if path else [resource.values]:
        if entry is UNKNOWN or entry in standing:  # a dataset without entries shows all of them as unknown at first
            continue
        role = entry.get("role")
        named = [(kind, entry.get(name)) for name, kind in ENTRY_MEMBERS.items()]
        members = [(kind, value) for kind, value in named if value is UNKNOWN or value]
        for kind, value in members or ([("", UNKNOWN)] if role is UNKNOWN else []):
            yield role, _member(kind, value) if isinstance(value, str) else UNKNOWN


def _member(kind: str, value: str) -> str:
    return f"serviceAccount:{value}" if value.endswith("gserviceaccount.com") and kind == "user:" else f"{kind}{value}"


def public_principals(resource: Resource) -> Iterator[Remark]:
    """Where it names everybody; and an unknown member of a grant, which stays open."""
    for path, value in walk(resource.values):
        if value is UNKNOWN or not isinstance(value, str):
            continue
        if value.rpartition(":")[2].lower() in PUBLIC:
            yield Remark(f"{path} names {value.rpartition(':')[2]}")
        elif path.endswith("predefined_acl") and value.lower() in CANNED:
            yield Remark(f"{path} is {value}")
    if not is_iam(resource):
        return
    for role, member in grants(resource):
        if resource.type.endswith("_iam_policy") and isinstance(member, str) and member.lower() in PUBLIC:
            yield Remark(f"policy_data gives {role} to {member}")
        elif resource.type.endswith("_iam_policy") and member is UNKNOWN:
            yield Remark("policy_data is not known before apply, so that nobody can look into it")
        elif member is UNKNOWN:
            yield Remark(f"the member that gets {role} does not exist yet", open=True)


def _public(resource: Resource) -> Iterator[Remark]:
    if not resource.type.startswith("google_cloud_run_"):
        yield from public_principals(resource)


def _keys(resource: Resource) -> Iterator[Remark]:
    if resource.type in KEYS:
        yield Remark("it makes a key that never expires by itself")


def _primitive(resource: Resource) -> Iterator[Remark]:
    if not is_iam(resource):
        return
    for role, member in grants(resource):
        if role is UNKNOWN:
            yield Remark(f"the role that {member} gets is not known before apply")
        elif str(role).lower() in PRIMITIVE | OWNER:
            yield Remark(f"{member} gets {role}")
        elif isinstance(member, str) and member.lower().startswith(GROUPS):
            yield Remark(f"{role} goes to {member}, that is to whoever has a primitive role")


def permissions(resource: Resource) -> Iterator[Any]:
    """The permissions of a role of our own; one may be UNKNOWN."""
    if resource.type in CUSTOM:
        yield from resource.all("permissions")


def _impersonation(resource: Resource) -> Iterator[Remark]:
    for permission in permissions(resource):
        if isinstance(permission, str) and BECOMING.fullmatch(permission):
            yield Remark(f"a role of our own has {permission}")
    if not is_iam(resource) or not resource.type.startswith(WHOLE):
        return
    for role, member in grants(resource):
        if isinstance(role, str) and BECOMES.fullmatch(role):
            yield Remark(f"{member} gets {role} on everything there")


def _admin(resource: Resource) -> Iterator[Remark]:
    for permission in permissions(resource):
        if permission is UNKNOWN:
            yield Remark("a permission of a role of our own is not known before apply")
        elif HANDS_OUT.fullmatch(str(permission)):
            yield Remark(f"a role of our own has {permission}")
    if not is_iam(resource):
        return
    for role, member in grants(resource):
        administers = isinstance(role, str) and "admin" in role.lower() and role.lower() not in PRIMITIVE
        if administers and (member is UNKNOWN or str(member).startswith(("serviceAccount:", "principal"))):
            yield Remark(f"{member} gets {role}")


def _federation(resource: Resource) -> Iterator[Remark]:
    yield from _whole_pool(resource)
    if resource.type != PROVIDER:
        return
    condition = resource.one("attribute_condition")
    if condition is UNKNOWN:
        yield Remark("attribute_condition is not known before apply")
    elif not condition:
        yield Remark("there is no attribute_condition: every repository of GitHub may come in")
    elif not restricts(condition, REPOSITORY, "repo:"):
        yield Remark(f"attribute_condition does not pin one repository: {condition}")


def _whole_pool(resource: Resource) -> Iterator[Remark]:
    for role, member in grants(resource) if is_iam(resource) else ():
        if isinstance(member, str) and member.startswith("principalSet:") and "workloadIdentityPools" in member:
            kind = member.partition("/workloadIdentityPools/")[2].partition("/")[2]
            if kind == "*" or kind.startswith("attribute.repository_owner"):
                yield Remark(f"{role} goes to every identity of {kind!r} in the pool")


def _branch(resource: Resource) -> Iterator[Remark]:
    condition = resource.one("attribute_condition") if resource.type == PROVIDER else None
    if isinstance(condition, str) and not restricts(condition, REF, "ref:", several=True):
        yield Remark(f"attribute_condition lets every branch in: {condition}")


POLICIES = (
    Policy(
        "public-principal",
        "Nothing is granted to allUsers or allAuthenticatedUsers.",
        "The second means everybody with a Google account, so both mean the public.",
        "Name the accounts or groups that need access.",
        "A member: listed as open, since a literal is always known. policy_data: refused, nobody can look into it.",
        _public,
    ),
    Policy(
        "service-account-key",
        "There are no keys of service accounts.",
        "A key works anywhere, for years, and lies in the state in plain text.",
        "Attach the account to the workload, or use Workload Identity Federation.",
        "Does not depend on values.",
        _keys,
    ),
    Policy(
        "primitive-role",
        "Nobody gets owner, editor or viewer, nor a role by way of them.",
        "They reach every service of the project, also those added later.",
        "Grant the predefined role of the one service that is needed.",
        "An unknown role is refused.",
        _primitive,
    ),
    Policy(
        "impersonation",
        "Nobody may become, or run things as, every account of a project.",
        "Who may take the token of any account has the permissions of all of them, also of those added later.",
        "Bind it on the one account: google_service_account_iam_member.",
        "An unknown role is refused by primitive-role.",
        _impersonation,
    ),
    Policy(
        "admin-role",
        "Service accounts and federated identities get no administrator's role; no role of our own hands out others.",
        "Who may set IAM policies can give himself anything; workloads use things and do not administer them.",
        "Use the user's or editor's role of the service, such as roles/storage.objectUser.",
        "An unknown member of an administrator's role counts as a service account and is refused, like an unknown "
        "permission of a role of our own.",
        _admin,
    ),
    Policy(
        "federation-open",
        "Federation lets in one named repository.",
        "Without a condition on the repository, any workflow on GitHub can ask for our tokens.",
        "attribute_condition = \"assertion.repository == 'OWNER/NAME' && assertion.ref == 'refs/heads/main'\", "
        "and bind principalSet://…/attribute.repository/OWNER/NAME.",
        "Refused: whether a condition restricts can only be read in its text.",
        _federation,
    ),
    Policy(
        "federation-branch",
        "In prod, federation lets in one branch, tag pattern or protected environment.",
        "Who may push a branch could otherwise deploy to prod without review.",
        "Add to attribute_condition: && assertion.ref == 'refs/heads/main', or for tags "
        "&& assertion.ref.startsWith('refs/tags/v')",
        "An unknown condition is refused by federation-open.",
        _branch,
        environments=("prod",),
    ),
)

"""Data: what a slip could destroy in prod, and buckets that the public could read."""

from collections.abc import Iterator, Mapping

from tools.infra_policies.plan import UNKNOWN, Resource, walk
from tools.infra_policies.policy import Policy, Remark

EMPTIES = ("force_destroy", "delete_contents_on_destroy", "force_delete")
GUARDS = ("deletion_protection", "delete_protection_state")
OFF = (False, "DELETE_PROTECTION_DISABLED")
UNGUARDED: Mapping[str, str] = {
    "google_secret_manager_secret": "deletion_protection",
    "google_secret_manager_regional_secret": "deletion_protection",
    "google_firestore_database": "delete_protection_state",
    "google_bigtable_table": "deletion_protection",
}
"""Types whose protection is off unless it is asked for, and the argument that asks for it."""


def _destroyable(resource: Resource) -> Iterator[Remark]:
    for path, value in walk(resource.values):
        name = path.rpartition(".")[2]
        if name in EMPTIES and (value is UNKNOWN or value is True):
            yield Remark(f"{path} is {'not known before apply' if value is UNKNOWN else 'on'}")
        elif name in GUARDS and value in OFF:
            yield Remark(f"{path} is off")
    guard = UNGUARDED.get(resource.type)
    if guard and (resource.one(guard) is UNKNOWN or not resource.one(guard)) and resource.one(guard) not in OFF:
        yield Remark(f"{guard} is not set, which means off")


def _bucket(resource: Resource) -> Iterator[Remark]:
    if resource.type != "google_storage_bucket":
        return
    if (prevention := resource.one("public_access_prevention")) != "enforced":
        found = "not set" if prevention in (None, UNKNOWN) else prevention
        yield Remark(f"public_access_prevention is {found}, not enforced")
    if resource.one("uniform_bucket_level_access") is not True:
        yield Remark("uniform_bucket_level_access is not on, so that single objects can be made public")


POLICIES = (
    Policy(
        "destroyable",
        "In prod, nothing that holds data or serves can be destroyed by one apply.",
        "A renamed key is a destroy and a create; the protection stops the first half.",
        "Leave deletion_protection on (or turn it on) and force_destroy off in prod.",
        "force_destroy: refused. A protection that is unknown is the provider's default: on, but for secrets and "
        "Firestore, where it is refused.",
        _destroyable,
        environments=("prod",),
    ),
    Policy(
        "public-bucket",
        "A bucket enforces public access prevention and uniform access.",
        "Without both, one ACL on one object publishes it.",
        'Set public_access_prevention = "enforced" and uniform_bucket_level_access = true.',
        "Refused: left out, both may look unknown.",
        _bucket,
    ),
)

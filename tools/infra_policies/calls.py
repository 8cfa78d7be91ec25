"""Calls that Google makes for us: they must carry an identity."""

from collections.abc import Iterator, Mapping

from tools.infra_policies.plan import UNKNOWN, Resource
from tools.infra_policies.policy import Policy, Remark

TARGETS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "google_cloud_scheduler_job": ("http_target", ("oidc_token", "oauth_token")),
    "google_pubsub_subscription": ("push_config", ("oidc_token",)),
    "google_cloud_tasks_queue": ("http_target", ("oidc_token", "oauth_token")),
}


def _identity(resource: Resource) -> Iterator[Remark]:
    block, tokens = TARGETS.get(resource.type, ("", ()))
    if not block or not resource.all(block):
        return
    accounts = [account for token in tokens for account in resource.all(f"{block}.{token}.service_account_email")]
    if UNKNOWN in accounts:
        yield Remark(f"the account of {block} does not exist yet", open=True)
    elif not any(accounts):
        yield Remark(f"{block} calls without {' or '.join(tokens)}")


POLICIES = (
    Policy(
        "call-identity",
        "Scheduler jobs, push subscriptions and task queues call with an OIDC or OAuth token.",
        "A call without one can only reach what is open to everybody.",
        "Add oidc_token { service_account_email, audience } (Cloud Run) or oauth_token (googleapis.com).",
        "Listed as open: the token is there, and its account is an argument that cannot be left out.",
        _identity,
    ),
)

"""Limits of a project: quotas, who may come in by federation, and what may be spent. Pure functions."""

from collections.abc import Iterator

from telecom.doctor import Check
from telecom.federation import restricts
from telecom.preflight import QUOTAS, Billing, Observed, Provider, Quota, Unread
from telecom.preflight_checks import apply, check, member, unread

GITHUB = "https://token.actions.githubusercontent.com"
REPOSITORY = ("repository", "repository_id")
BOOTSTRAPPED = ("github", "github")
"""Pool and provider that infra/gcloud/bootstrap.sh makes and Terraform keeps; others are somebody else's."""


def quotas(seen: Observed) -> Iterator[Check]:
    """Whether the region gives enough; a quota that Google does not name there is not judged."""
    for (service, metric), least in QUOTAS.items():
        found = seen.quotas.get(service, ())
        name = f"quota {metric.rpartition('/')[2]}"
        if isinstance(found, Unread):
            yield unread(seen, name, found, "roles/cloudquotas.viewer")
            continue
        limits = [quota for quota in found if quota.metric == metric]
        if not limits:
            yield check(name, f"not named in {seen.region}", "")
        for quota in limits:
            enough = quota.limit < 0 or quota.limit >= least
            limit = "unlimited" if quota.limit < 0 else f"{quota.limit:,}"
            yield check(name, f"{limit}, needed {least:,}", "" if enough else _raise(seen, quota, least))


def federation(seen: Observed, repository: str) -> Iterator[Check]:
    """Whether GitHub's tokens are taken of one repository only, and of the right one (`owner/name`, or its number)."""
    if isinstance(seen.providers, Unread):
        yield unread(seen, "federation", seen.providers, "roles/iam.workloadIdentityPoolViewer")
        return
    ours = [provider for provider in seen.providers if provider.issuer == GITHUB]
    claim = "repository_id" if repository.isdigit() else "repository"
    condition = f"assertion.{claim} == '{repository or 'OWNER/NAME'}' && assertion.ref == 'refs/heads/main'"
    if not ours:
        yield check("federation", "no provider for GitHub", _bootstrap(seen, repository))
    for provider in ours:
        where = f"--workload-identity-pool={provider.pool} --location=global --project={seen.project}"
        mend = (
            f"gcloud iam workload-identity-pools providers update-oidc {provider.name} {where} "
            f'--attribute-condition="{condition}"'
        )
        if (provider.pool, provider.name) == BOOTSTRAPPED:
            mend = _bootstrap(seen, repository)
        fault = _fault(provider, repository)
        found = fault or f"{provider.condition}{_unjudged(provider, repository)}"
        yield check(f"federation {provider.pool}/{provider.name}", found, mend if fault else "")


def budget(seen: Observed) -> Iterator[Check]:
    """Whether somebody is told before the money is gone."""
    if isinstance(seen.billing, Unread):
        yield unread(seen, "billing", seen.billing, "roles/browser")
        return
    account = seen.billing.account.removeprefix("billingAccounts/")
    if not seen.billing.enabled:
        link = f"gcloud billing projects link {seen.project} --billing-account={account or 'ACCOUNT'}"
        yield check("billing", "off", link)
        return
    yield check("billing", account, "")
    if isinstance(seen.billing.budgets, Unread):
        allow = (
            f'gcloud billing accounts add-iam-policy-binding {account} --member="{member(seen)}" '
            "--role=roles/billing.viewer"
        )
        yield unread(seen, "budget", seen.billing.budgets, "", allow)
        return
    yield from _budget(seen, seen.billing)


def _budget(seen: Observed, billing: Billing) -> Iterator[Check]:
    own = f"projects/{seen.number}"
    budgets = () if isinstance(billing.budgets, Unread) else billing.budgets
    counted = [each for each in budgets if not each.projects or own in each.projects]
    alerting = [each for each in counted if each.thresholds]
    found = ", ".join(each.name for each in alerting) or ("without alerts" if counted else "none for this project")
    yield check("budget", found, "" if alerting else apply(seen))


def _fault(provider: Provider, repository: str) -> str:
    if not provider.condition:
        return "no attribute condition: any repository of GitHub may come in"
    if not restricts(provider.condition, REPOSITORY, "repo:", several=True):
        return f"its condition pins no repository: {provider.condition}"
    claims = [claim for claim in REPOSITORY if repository.isdigit() == claim.endswith("_id")]
    judged = repository and not _unjudged(provider, repository)
    if judged and not restricts(provider.condition, claims, "repo:", repository):
        return f"its condition pins another repository than {repository}: {provider.condition}"
    if not restricts(provider.condition, REPOSITORY, "repo:"):
        return f"its condition lets several repositories in: {provider.condition}"
    return ""


def _unjudged(provider: Provider, repository: str) -> str:
    """What to compare by hand, where the condition has the repository's number and we have its name, or neither."""
    by_number = restricts(provider.condition, ("repository_id",), "")
    by_name = restricts(provider.condition, ("repository",), "repo:")
    if not repository or repository.isdigit() or by_name or not by_number:
        return ""
    return f" (is that {repository}? gh api repos/{repository} --jq .id)"


def _bootstrap(seen: Observed, repository: str) -> str:
    """The command that makes GitHub's way in, or puts its condition right, as Terraform then keeps it."""
    number = repository.isdigit()
    named = repository or "OWNER/NAME"
    asked = f"gh api {'repositories' if number else 'repos'}/{named} --jq"
    name = f'"$({asked} .full_name)"' if number else named
    guarded = " --environment prod --tags v" if seen.env == "prod" else ""
    return (
        f"infra/gcloud/bootstrap.sh --project {seen.project} --env {seen.env} --region {seen.region} "
        f'--repository {name} --owner-id "$({asked} .owner.id)" --repository-id "$({asked} .id)"{guarded}'
    )


def _raise(seen: Observed, quota: Quota, least: int) -> str:
    return (
        f"gcloud beta quotas preferences create --project={seen.project} --service={quota.service} "
        f"--quota-id={quota.id} --preferred-value={least} --dimensions=region={seen.region} "
        f"--preference-id=telecom-{seen.env}-{quota.id.lower()}"
    )

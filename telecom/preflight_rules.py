"""What a project lacks, judged from what was read, each with the command that mends it. Pure functions."""

import shlex
from collections.abc import Iterator

from telecom.doctor import Check
from telecom.preflight import AGENTS, APIS, ROLES, Observed, Place, Unread
from telecom.preflight_checks import apply, check, grant, member, unread
from telecom.preflight_limits import budget, federation, quotas


def examine(seen: Observed, repository: str = "") -> tuple[Check, ...]:
    """Every rule, in the order in which to mend.

    Args:
        seen: what was read.
        repository: the GitHub repository (`owner/name`, or its number) that federation must name; empty: any one.
    """
    return (
        *apis(seen),
        *roles(seen),
        *agents(seen),
        *buckets(seen),
        *datasets(seen),
        *image(seen),
        *quotas(seen),
        *federation(seen, repository),
        *budget(seen),
    )


def apis(seen: Observed) -> Iterator[Check]:
    """Whether every API is on."""
    if isinstance(seen.apis, Unread):
        yield unread(seen, "APIs", seen.apis, "roles/serviceusage.serviceUsageViewer")
        return
    missing = [name for name in APIS if name not in seen.apis]
    found = f"off: {', '.join(missing)}" if missing else f"{len(APIS)} of {len(APIS)} are on"
    yield check(
        "APIs", found, f"gcloud services enable {' '.join(missing)} --project={seen.project}" if missing else ""
    )


def roles(seen: Observed) -> Iterator[Check]:
    """Whether we have what running the loop takes."""
    if isinstance(seen.granted, Unread):
        yield unread(seen, "roles", seen.granted, "roles/browser")
    else:
        for role, permissions in ROLES.items():
            missing = [name for name in permissions if name not in seen.granted]
            found = f"lacks {', '.join(missing)}" if missing else "granted"
            yield check(f"role {role}", found, grant(seen, role) if missing else "")
    if isinstance(seen.may_act, Unread) and seen.may_act.kind == "missing":
        yield check("acting as the pipelines' account", f"there is no {seen.service_account}", apply(seen))
    elif isinstance(seen.may_act, Unread):
        yield unread(seen, "acting as the pipelines' account", seen.may_act, "roles/iam.serviceAccountViewer")
    elif seen.may_act is not None:
        account = seen.service_account
        mend = (
            f"gcloud iam service-accounts add-iam-policy-binding {account} --project={seen.project} "
            f'--member="{member(seen)}" --role=roles/iam.serviceAccountUser'
        )
        found = f"as {account}" if seen.may_act else f"not as {account}"
        yield check("acting as the pipelines' account", found, "" if seen.may_act else mend)


def agents(seen: Observed) -> Iterator[Check]:
    """Whether Google's own accounts have their roles, without which pushes, schedules and pipelines fail."""
    hidden = next((each for each in (seen.number, seen.agents) if isinstance(each, Unread)), None)
    if hidden:
        role = "roles/browser" if hidden is seen.number else "roles/iam.securityReviewer"
        yield unread(seen, "service agents", hidden, role)
        return
    for service, (domain, role) in AGENTS.items():
        agent = f"serviceAccount:service-{seen.number}@{domain}.iam.gserviceaccount.com"
        present = not isinstance(seen.agents, Unread) and (role, agent) in seen.agents
        mend = (
            f"gcloud beta services identity create --service={service} --project={seen.project} && "
            f"gcloud projects add-iam-policy-binding {seen.project} --member={agent} --role={role} --condition=None"
        )
        yield check(f"agent of {service}", "present" if present else f"lacks {role}", "" if present else mend)


def buckets(seen: Observed) -> Iterator[Check]:
    """Whether every bucket is there, in the region, and ours to write."""
    for name, found in seen.buckets.items():
        move = f"gcloud storage buckets relocate gs://{name} --location={seen.region}"
        allow = (
            f'gcloud storage buckets add-iam-policy-binding gs://{name} --member="{member(seen)}" '
            "--role=roles/storage.objectUser"
        )
        yield _place(seen, f"bucket {name}", found, (move, allow), "roles/storage.bucketViewer")


def datasets(seen: Observed) -> Iterator[Check]:
    """Whether every dataset is there, in the region, and ours to write. A dataset is not moved but copied."""
    for name, found in seen.datasets.items():
        copy = f"{name}_{seen.region.replace('-', '_')}"
        params = f'{{"source_project_id": "{seen.project}", "source_dataset_id": "{name}"}}'
        move = (
            f"bq --project_id={seen.project} --location={seen.region} mk --dataset {seen.project}:{copy} && "
            f"bq --project_id={seen.project} mk --transfer_config --data_source=cross_region_copy "
            f"--target_dataset={copy} --display_name={name} --params={shlex.quote(params)}"
        )
        allow = (
            f"bq --project_id={seen.project} --location={seen.region} query --use_legacy_sql=false "
            f"\"GRANT \\`roles/bigquery.dataEditor\\` ON SCHEMA \\`{seen.project}\\`.{name} TO '{member(seen)}'\""
        )
        yield _place(seen, f"dataset {name}", found, (move, allow), "roles/bigquery.metadataViewer")


def image(seen: Observed) -> Iterator[Check]:
    """Whether the image lies in the region: from elsewhere every step waits for it, and traffic is billed."""
    host = seen.image.partition("/")[0]
    if not host.endswith("-docker.pkg.dev"):
        return
    place = host.removesuffix("-docker.pkg.dev")
    builder = f"projects/{seen.project}/serviceAccounts/telecom-cicd-{seen.env}@{seen.project}.iam.gserviceaccount.com"
    staging = next((name for name in seen.buckets if name.endswith("-pipelines")), "BUCKET")
    mend = (
        f"gcloud builds submit --config=infra/cloudbuild-mlops.yaml --region={seen.region} --project={seen.project} "
        f"--service-account={builder} --gcs-source-staging-dir=gs://{staging}/builds "
        f"--substitutions=_ENV={seen.env},_REGION={seen.region},_REVISION=$(git rev-parse HEAD),_UNTIL=image"
    )
    yield check("image's location", place, "" if place == seen.region else mend)


def _place(seen: Observed, name: str, found: Place | Unread | None, mends: tuple[str, str], role: str) -> Check:
    move, allow = mends
    if found is None:
        return check(name, "does not exist", apply(seen))
    if isinstance(found, Unread):
        return unread(seen, name, found, role)
    if found.location != seen.region:
        return check(name, f"lies in {found.location}, not in {seen.region}", move)
    if isinstance(found.lacking, Unread):
        return unread(seen, name, found.lacking, role)
    return check(
        name, f"lacks {', '.join(found.lacking)}" if found.lacking else found.location, allow if found.lacking else ""
    )

"""Reads a project for the preflight, over REST; changes nothing. What cannot be read is told, not raised."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from google.api_core.exceptions import Forbidden, NotFound, Unauthorized

from telecom.adapters.gcp._errors import translate, vendor_errors
from telecom.adapters.gcp._rest import Json, Rest
from telecom.preflight import (
    ACT_AS,
    BUCKET_PERMISSIONS,
    DATASETS,
    QUOTAS,
    ROLES,
    TABLE_PERMISSIONS,
    WRITTEN_TABLE,
    Billing,
    Budget,
    Observed,
    Place,
    Provider,
    Quota,
    Unread,
)
from telecom.settings import LAYERS, Settings

T = TypeVar("T")

BIGQUERY, BILLING, BUDGETS = "bigquery.googleapis.com", "cloudbilling.googleapis.com", "billingbudgets.googleapis.com"
IAM, MANAGER, CLOUD_QUOTAS = "iam.googleapis.com", "cloudresourcemanager.googleapis.com", "cloudquotas.googleapis.com"
STORAGE, USAGE = "storage.googleapis.com", "serviceusage.googleapis.com"


class GooglePreflight:
    """Reads what `telecom.preflight_rules` judges."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._project = settings.project
        self._rest = Rest(settings.project)

    def observe(self) -> Observed:
        """The project as it is now; some forty small requests.

        Raises:
            DependencyUnavailable: nobody is signed in.
        """
        settings = self._settings
        with vendor_errors("Reading the project"):
            return Observed(
                project=self._project,
                env=settings.env,
                region=settings.region,
                caller=self._rest.caller(),
                service_account=settings.service_account,
                image=settings.image,
                number=_read(MANAGER, self._number),
                apis=_read(USAGE, self._apis),
                granted=_read(MANAGER, self._granted),
                may_act=_read(IAM, self._may_act) if settings.service_account else None,
                agents=_read(MANAGER, self._grants),
                buckets={name: self._bucket(name) for name in map(settings.bucket, LAYERS)},
                datasets={name: self._dataset(name) for name in DATASETS},
                quotas=self._quotas(),
                providers=_read(IAM, lambda: tuple(self._providers())),
                billing=_read(BILLING, self._billing),
            )

    def _number(self) -> str:
        return str(self._rest.get(MANAGER, f"v3/projects/{self._project}")["name"]).removeprefix("projects/")

    def _apis(self) -> frozenset[str]:
        query = {"filter": "state:ENABLED", "pageSize": "200"}
        found = self._rest.pages(USAGE, f"v1/projects/{self._project}/services", "services", query)
        return frozenset(each["name"].rpartition("/")[2] for each in found)

    def _granted(self) -> frozenset[str]:
        asked = [name for names in ROLES.values() for name in names]
        return self._allowed(MANAGER, f"v3/projects/{self._project}", asked)

    def _may_act(self) -> bool:
        account = f"v1/projects/-/serviceAccounts/{self._settings.service_account}"
        return ACT_AS in self._allowed(IAM, account, [ACT_AS])

    def _allowed(self, host: str, resource: str, permissions: Iterable[str]) -> frozenset[str]:
        answer = self._rest.ask(host, f"{resource}:testIamPermissions", {"permissions": list(permissions)})
        return frozenset(answer.get("permissions", ()))

    def _grants(self) -> frozenset[tuple[str, str]]:
        """Role and member of every grant on the project."""
        body = {"options": {"requestedPolicyVersion": 3}}
        policy = self._rest.ask(MANAGER, f"v3/projects/{self._project}:getIamPolicy", body)
        return frozenset((each["role"], member) for each in policy.get("bindings", ()) for member in each["members"])

    def _bucket(self, name: str) -> Place | Unread | None:
        def lacking() -> tuple[str, ...]:
            query = {"permissions": BUCKET_PERMISSIONS}
            held = self._rest.get(STORAGE, f"storage/v1/b/{name}/iam/testPermissions", query)
            return tuple(each for each in BUCKET_PERMISSIONS if each not in held.get("permissions", ()))

        return self._place(STORAGE, f"storage/v1/b/{name}", {"fields": "location"}, lacking)

    def _dataset(self, name: str) -> Place | Unread | None:
        dataset = f"bigquery/v2/projects/{self._project}/datasets/{name}"

        def lacking() -> tuple[str, ...]:
            if name != WRITTEN_TABLE[0]:
                return ()
            try:
                held = self._allowed(BIGQUERY, f"{dataset}/tables/{WRITTEN_TABLE[1]}", TABLE_PERMISSIONS)
            except NotFound:
                return ()  # nothing to ask about before the tables are made
            return tuple(each for each in TABLE_PERMISSIONS if each not in held)

        return self._place(BIGQUERY, dataset, {"fields": "location"}, lacking)

    def _place(
        self, host: str, path: str, query: Mapping[str, str], lacking: Callable[[], tuple[str, ...]]
    ) -> Place | Unread | None:
        found = _read(host, lambda: str(self._rest.get(host, path, query)["location"]).lower())
        if isinstance(found, Unread):
            return None if found.kind == "missing" else found
        return Place(found, _read(host, lacking))

    def _quotas(self) -> dict[str, tuple[Quota, ...] | Unread]:
        services = dict.fromkeys(service for service, _ in QUOTAS)
        return {name: _read(CLOUD_QUOTAS, lambda name=name: tuple(self._quotas_of(name))) for name in services}  # type: ignore[misc]

    def _quotas_of(self, service: str) -> Iterator[Quota]:
        path = f"v1/projects/{self._project}/locations/global/services/{service}/quotaInfos"
        wanted = {metric for _, metric in QUOTAS}
        for info in self._rest.pages(CLOUD_QUOTAS, path, "quotaInfos", {"pageSize": "500"}):
            limit = _in_region(info, self._settings.region) if info.get("metric") in wanted else None
            if limit is not None:
                yield Quota(service, info["metric"], info["quotaId"], limit)

    def _providers(self) -> Iterator[Provider]:
        pools = f"v1/projects/{self._project}/locations/global/workloadIdentityPools"
        for pool in self._rest.pages(IAM, pools, "workloadIdentityPools"):
            for each in self._rest.pages(IAM, f"v1/{pool['name']}/providers", "workloadIdentityPoolProviders"):
                if each.get("state", "ACTIVE") == "ACTIVE" and not each.get("disabled"):
                    issuer = each.get("oidc", {}).get("issuerUri", "").rstrip("/")
                    names = pool["name"].rpartition("/")[2], each["name"].rpartition("/")[2]
                    yield Provider(*names, issuer, each.get("attributeCondition", ""))

    def _billing(self) -> Billing:
        info = self._rest.get(BILLING, f"v1/projects/{self._project}/billingInfo")
        account, enabled = info.get("billingAccountName", ""), bool(info.get("billingEnabled"))
        return Billing(account, enabled, _read(BUDGETS, lambda: tuple(self._budgets(account))) if enabled else ())

    def _budgets(self, account: str) -> Iterator[Budget]:
        for each in self._rest.pages(BUDGETS, f"v1/{account}/budgets", "budgets"):
            thresholds = tuple(float(rule["thresholdPercent"]) for rule in each.get("thresholdRules", ()))
            projects = tuple(each.get("budgetFilter", {}).get("projects", ()))
            yield Budget(each.get("displayName") or each["name"], projects, thresholds)


def _in_region(info: Json, region: str) -> int | None:
    """A quota's limit in a region: the one set there, else the one that applies to it."""
    entries = info.get("dimensionsInfos", ())
    own = [each for each in entries if each.get("dimensions", {}).get("region") == region]
    others = [each for each in entries if not each.get("dimensions") and region in each.get("applicableLocations", ())]
    return next((int(each["details"]["value"]) for each in [*own, *others] if "value" in each.get("details", {})), None)


def _read(service: str, read: Callable[[], T]) -> T | Unread:
    """What `read` gives, or why it gave nothing; only that nobody is signed in is raised."""
    try:
        return read()
    except Unauthorized:
        raise
    except NotFound as error:
        return Unread("missing", service, error.message)
    except Forbidden as error:
        off = getattr(error, "reason", None) == "SERVICE_DISABLED"
        return Unread("disabled" if off else "denied", service, error.message)
    except Exception as error:
        ours = translate(error, f"Asking {service}")
        if ours is None or _nobody_signed_in(error):
            raise
        return Unread("failed", service, ours.message)


def _nobody_signed_in(error: Exception) -> bool:
    from google.auth.exceptions import DefaultCredentialsError, RefreshError

    return isinstance(error, DefaultCredentialsError | RefreshError)

"""Every policy: an example that breaks it, one that keeps it, and what is unknown before apply."""

from collections.abc import Iterator
from typing import Any

import pytest

from telecom.federation import restricts
from tests.infra.plans import LABELS, Json, change, document, one
from tools.infra_policies.__main__ import POLICIES
from tools.infra_policies.plan import Plan, Resource, resources
from tools.infra_policies.policy import Remark, examine

BY_ID = {policy.id: policy for policy in POLICIES}
SERVICE, JOB = "google_cloud_run_v2_service", "google_cloud_run_v2_job"
PROVIDER = "google_iam_workload_identity_pool_provider"
MEMBER = "google_project_iam_member"
ACCESS, DATASET = "google_bigquery_dataset_access", "google_bigquery_dataset"
CUSTOM = "google_project_iam_custom_role"
ACCOUNT = "telecom-mlops-dev@telecom-test.iam.gserviceaccount.com"
POOL = "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github"
PINNED = "assertion.repository == 'org/repo'"
BRANCH = 'assertion.ref_type == "branch" && assertion.ref in ["refs/heads/main"]'
TAG = 'assertion.ref_type == "tag" && assertion.ref.startsWith("refs/tags/v")'
TAGGED = f'{PINNED} && (({BRANCH}) || ({TAG})) && assertion.event_name in ["push"]'
SLACK = "xox" + "b-123456789012-abcdefghijkl"
PEM = "-----BEGIN " + "PRIVATE KEY-----\nMII"


def service(**more: Any) -> Json:
    template = {
        "service_account": ACCOUNT,
        "scaling": [{"min_instance_count": 0, "max_instance_count": 3}],
        "containers": [{"image": "i", "env": []}],
    }
    closed = {"ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY", "invoker_iam_disabled": None, "labels": LABELS}
    return {"template": [template], "scaling": [], **closed, **more}


def variables(*pairs: tuple[str, str | None]) -> Json:
    return {"template": [{"containers": [{"env": [{"name": n, "value": v} for n, v in pairs]}]}]}


def policy_data(member: str, role: str = "roles/storage.objectViewer") -> Json:
    return {"policy_data": f'{{"bindings": [{{"role": "{role}", "members": ["user:a@b.c", "{member}"]}}]}}'}


# policy, type, values, what is said
BROKEN: list[tuple[str, str, Json, str]] = [
    ("run-open", SERVICE, service(invoker_iam_disabled=True), "anybody may call it"),
    ("run-open", f"{SERVICE}_iam_member", {"role": "roles/run.invoker", "member": "allUsers"}, "member names allUsers"),
    (
        "run-open",
        f"{SERVICE}_iam_binding",
        {"role": "roles/run.invoker", "members": ["user:a@b.c", "allAuthenticatedUsers"]},
        "members names allAuthenticatedUsers",
    ),
    ("run-open", f"{SERVICE}_iam_policy", policy_data("allUsers"), "policy_data gives"),
    ("run-open", "google_cloud_run_service_iam_member", {"role": "r", "member": "allUsers"}, "member names allUsers"),
    ("run-ingress", SERVICE, service(ingress="INGRESS_TRAFFIC_ALL"), "ingress is INGRESS_TRAFFIC_ALL"),
    ("run-ingress", SERVICE, service(ingress=None), "ingress is not set"),
    ("default-account", SERVICE, service(template=[{"service_account": None}]), "is not set"),
    ("default-account", SERVICE, service(template=[{"service_account": ""}]), "is not set"),
    ("default-account", JOB, {"template": [{"template": [{}]}]}, "is not set"),
    (
        "default-account",
        JOB,
        {"template": [{"template": [{"service_account": "12-compute@developer.gserviceaccount.com"}]}]},
        "default account 12-compute@",
    ),
    ("default-account", "google_colab_schedule", {"create_pipeline_job_request": [{"pipeline_job": [{}]}]}, "not set"),
    ("run-max-instances", SERVICE, service(template=[{"scaling": [{"min_instance_count": 1}]}]), "no maximum"),
    ("run-max-instances", SERVICE, service(template=[{"scaling": []}]), "no maximum"),
    ("run-max-instances", SERVICE, service(template=[{"scaling": [{"max_instance_count": 0}]}]), "no maximum"),
    ("public-principal", MEMBER, {"role": "roles/x", "member": "allUsers"}, "member names allUsers"),
    ("public-principal", MEMBER, {"role": "roles/x", "member": "ALLUSERS"}, "member names ALLUSERS"),
    (
        "public-principal",
        "google_storage_bucket_iam_binding",
        {"role": "roles/x", "members": ["allAuthenticatedUsers"]},
        "members names",
    ),
    ("public-principal", "google_pubsub_topic_iam_policy", policy_data("allUsers"), "policy_data gives"),
    ("public-principal", "google_storage_bucket_acl", {"role_entity": ["READER:allUsers"]}, "role_entity names"),
    ("public-principal", "google_storage_bucket_acl", {"predefined_acl": "publicRead"}, "predefined_acl is"),
    ("public-principal", "google_storage_object_access_control", {"entity": "allUsers"}, "entity names allUsers"),
    (
        "public-principal",
        "google_bigquery_dataset",
        {"access": [{"role": "READER", "special_group": "allAuthenticatedUsers"}]},
        "access.special_group names",
    ),
    ("public-principal", "google_bigquery_dataset_access", {"iam_member": "allUsers"}, "iam_member names allUsers"),
    ("service-account-key", "google_service_account_key", {}, "a key that never expires"),
    ("service-account-key", "google_storage_hmac_key", {}, "a key that never expires"),
    ("primitive-role", MEMBER, {"role": "roles/editor", "member": "user:a@b.c"}, "user:a@b.c gets roles/editor"),
    ("primitive-role", "google_project_iam_binding", {"role": "roles/owner", "members": ["user:a@b.c"]}, "roles/owner"),
    ("primitive-role", "google_project_iam_policy", policy_data("group:g@b.c", "roles/viewer"), "roles/viewer"),
    (
        "primitive-role",
        "google_storage_bucket_iam_member",
        {"role": "roles/storage.objectViewer", "member": "projectEditor:p"},
        "whoever has a primitive role",
    ),
    ("primitive-role", ACCESS, {"role": "OWNER", "user_by_email": "a@b.c"}, "user:a@b.c gets OWNER"),
    ("primitive-role", ACCESS, {"role": "OWNER", "user_by_email": ACCOUNT}, f"serviceAccount:{ACCOUNT} gets OWNER"),
    ("primitive-role", ACCESS, {"role": "roles/bigquery.dataOwner", "group_by_email": "g@b.c"}, "group:g@b.c gets"),
    ("primitive-role", ACCESS, {"role": "OWNER", "iam_member": f"{POOL}/attribute.repository/o/r"}, "gets OWNER"),
    ("primitive-role", ACCESS, {"role": "READER", "special_group": "projectReaders"}, "goes to projectReaders"),
    ("primitive-role", ACCESS, {"role": "WRITER", "special_group": "projectWriters"}, "goes to projectWriters"),
    ("primitive-role", DATASET, {"access": [{"special_group": "projectOwners"}]}, "projectOwners"),
    (
        "primitive-role",
        DATASET,
        {
            "access": [
                {"role": "READER", "group_by_email": "g@b.c"},
                {"role": "WRITER", "special_group": "projectWriters"},
            ]
        },
        "WRITER goes to projectWriters",
    ),
    ("primitive-role", DATASET, {"access": [{"role": "OWNER", "user_by_email": ACCOUNT}]}, "gets OWNER"),
    (
        "primitive-role",
        "google_bigquery_dataset_iam_member",
        {"role": "roles/bigquery.dataOwner", "member": f"serviceAccount:{ACCOUNT}"},
        "gets roles/bigquery.dataOwner",
    ),
    ("impersonation", MEMBER, {"role": "roles/iam.serviceAccountUser", "member": "user:a@b.c"}, "on everything there"),
    (
        "impersonation",
        "google_folder_iam_binding",
        {"role": "roles/iam.serviceAccountTokenCreator", "members": [f"serviceAccount:{ACCOUNT}"]},
        "TokenCreator",
    ),
    ("impersonation", CUSTOM, {"permissions": ["run.services.get", "iam.serviceAccounts.actAs"]}, "actAs"),
    ("admin-role", CUSTOM, {"permissions": ["resourcemanager.projects.setIamPolicy"]}, "projects.setIamPolicy"),
    ("admin-role", MEMBER, {"role": "roles/storage.admin", "member": f"serviceAccount:{ACCOUNT}"}, "storage.admin"),
    ("admin-role", MEMBER, {"role": "roles/storage.objectAdmin", "member": f"{POOL}/attribute.repository/o/r"}, POOL),
    (
        "admin-role",
        ACCESS,
        {"role": "roles/bigquery.admin", "user_by_email": ACCOUNT},
        f"serviceAccount:{ACCOUNT} gets",
    ),
    ("admin-role", DATASET, {"access": [{"role": "roles/bigquery.admin", "user_by_email": ACCOUNT}]}, "bigquery.admin"),
    ("federation-open", PROVIDER, {"attribute_condition": None}, "every repository of GitHub"),
    (
        "federation-open",
        PROVIDER,
        {"attribute_condition": "assertion.repository in ['org/repo', 'evil/x'] && assertion.ref == 'refs/heads/main'"},
        "does not pin one repository",
    ),
    ("federation-open", ACCESS, {"role": "READER", "iam_member": f"{POOL}/*"}, "every identity of '*'"),
    ("federation-open", PROVIDER, {"attribute_condition": ""}, "every repository of GitHub"),
    ("federation-open", PROVIDER, {"attribute_condition": "assertion.repository_owner == 'org'"}, "does not pin"),
    ("federation-open", PROVIDER, {"attribute_condition": f"{TAGGED} || true"}, "does not pin"),
    ("federation-open", PROVIDER, {"attribute_condition": TAG}, "does not pin"),
    (
        "federation-open",
        "google_service_account_iam_member",
        {"role": "roles/iam.workloadIdentityUser", "member": f"{POOL}/*"},
        "every identity of '*'",
    ),
    (
        "federation-open",
        "google_service_account_iam_member",
        {"role": "roles/iam.workloadIdentityUser", "member": f"{POOL}/attribute.repository_owner/org"},
        "every identity of 'attribute.repository_owner/org'",
    ),
    ("call-identity", "google_cloud_scheduler_job", {"http_target": [{"uri": "https://x", "oidc_token": []}]}, "calls"),
    (
        "call-identity",
        "google_cloud_scheduler_job",
        {"http_target": [{"uri": "https://x", "oauth_token": [{"service_account_email": ""}]}]},
        "http_target calls without oidc_token or oauth_token",
    ),
    ("call-identity", "google_pubsub_subscription", {"push_config": [{"push_endpoint": "https://x"}]}, "oidc_token"),
    ("public-bucket", "google_storage_bucket", {"uniform_bucket_level_access": True}, "is not set, not enforced"),
    (
        "public-bucket",
        "google_storage_bucket",
        {"uniform_bucket_level_access": True, "public_access_prevention": "inherited"},
        "is inherited, not enforced",
    ),
    (
        "public-bucket",
        "google_storage_bucket",
        {"uniform_bucket_level_access": False, "public_access_prevention": "enforced"},
        "uniform_bucket_level_access",
    ),
    ("plain-secret", SERVICE, variables(("DB_PASSWORD", "x")), "DB_PASSWORD holds what its name calls a secret"),
    *(
        ("plain-secret", SERVICE, variables((name, "x")), f"{name} holds what its name calls a secret")
        for name in (
            "OPENAI_API_KEY",
            "OPENAI_KEY",
            "SIGNING_KEY",
            "MODEL_ACCESS_KEY",
            "DB_PASS",
            "DB_PWD",
            "PASS",
            "KEY",
        )
    ),
    ("plain-secret", SERVICE, variables(("GREETING", SLACK)), "GREETING holds a Slack token"),
    ("plain-secret", SERVICE, variables(("OPTIONS", "q7Zp2Lk9Vx4Rt8Wm1Nb6Yc3Hd5Jf0GsAe")), "looks random"),
    (
        "plain-secret",
        "google_cloudfunctions2_function",
        {"service_config": [{"environment_variables": {"CRM_TOKEN": "x"}}]},
        "service_config.environment_variables CRM_TOKEN",
    ),
    (
        "plain-secret",
        "google_cloud_scheduler_job",
        {"http_target": [{"headers": {"Authorization": "Bearer x"}}]},
        "http_target.headers Authorization",
    ),
    ("plain-secret", "google_secret_manager_secret_version", {"secret_data": "x"}, "secret_data holds"),
    (
        "plain-secret",
        "google_monitoring_notification_channel",
        {"sensitive_labels": [{"auth_token": "x"}]},
        "auth_token",
    ),
    ("plain-secret", "google_storage_bucket_object", {"content": PEM}, "content holds a private key"),
    ("plain-secret", "google_cloudbuild_trigger", {"substitutions": {"_DSN": "postgres://u:pw@h/db"}}, "substitutions"),
    ("missing-labels", "google_storage_bucket", {"labels": None}, "labels lack app and env"),
    ("missing-labels", "google_storage_bucket", {"labels": {"app": "telecom-ml-llmops"}}, "labels lack env"),
    ("missing-labels", "google_storage_bucket", {"labels": {"app": "t", "env": "prod"}}, "env is prod in dev"),
    ("missing-labels", "google_monitoring_alert_policy", {"user_labels": None}, "user_labels lack app and env"),
    (
        "missing-labels",
        "google_monitoring_notification_channel",
        {"labels": {"email_address": "a@b.c"}, "user_labels": {}},
        "user_labels lack",
    ),
]
BROKEN_IN_PROD: list[tuple[str, str, Json, str]] = [
    ("destroyable", "google_storage_bucket", {"force_destroy": True}, "force_destroy is on"),
    (
        "destroyable",
        "google_bigquery_dataset",
        {"delete_contents_on_destroy": True},
        "delete_contents_on_destroy is on",
    ),
    ("destroyable", "google_bigquery_table", {"deletion_protection": False}, "deletion_protection is off"),
    ("destroyable", SERVICE, service(deletion_protection=False), "deletion_protection is off"),
    ("destroyable", "google_vertex_ai_feature_online_store", {"force_destroy": True}, "force_destroy is on"),
    ("destroyable", "google_secret_manager_secret", {"deletion_protection": None}, "is not set, which means off"),
    ("destroyable", "google_firestore_database", {"delete_protection_state": "DELETE_PROTECTION_DISABLED"}, "is off"),
    ("destroyable", "google_firestore_database", {"delete_protection_state": None}, "is not set, which means off"),
    ("federation-branch", PROVIDER, {"attribute_condition": PINNED}, "every branch"),
    ("federation-branch", PROVIDER, {"attribute_condition": f"{PINNED} && ({TAG} || true)"}, "every branch"),
    ("federation-branch", PROVIDER, {"attribute_condition": TAGGED.replace("tags/v", "tags/")}, "every branch"),
]
# policy, type, values
KEPT: list[tuple[str, str, Json]] = [
    ("run-open", SERVICE, service(invoker_iam_disabled=False)),
    ("run-open", f"{SERVICE}_iam_member", {"role": "roles/run.invoker", "member": f"serviceAccount:{ACCOUNT}"}),
    ("run-ingress", SERVICE, service()),
    ("run-ingress", SERVICE, service(ingress="INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER")),
    ("default-account", SERVICE, service()),
    ("default-account", JOB, {"template": [{"template": [{"service_account": ACCOUNT}]}]}),
    ("run-max-instances", SERVICE, service()),
    ("run-max-instances", SERVICE, service(template=[{"scaling": []}], scaling=[{"max_instance_count": 2}])),
    ("public-principal", MEMBER, {"role": "roles/x", "member": "group:all@users.example"}),
    ("public-principal", "google_storage_bucket_acl", {"predefined_acl": "private"}),
    ("public-principal", "google_pubsub_topic_iam_policy", policy_data("group:g@b.c")),
    ("service-account-key", "google_service_account", {}),
    ("primitive-role", MEMBER, {"role": "roles/bigquery.dataViewer", "member": "user:a@b.c"}),
    ("primitive-role", MEMBER, {"role": "projects/p/roles/editor", "member": "user:a@b.c"}),
    ("primitive-role", ACCESS, {"role": "roles/bigquery.dataEditor", "iam_member": "user:a@b.c"}),
    ("primitive-role", ACCESS, {"role": None, "view": [{"table_id": "t"}]}),
    ("primitive-role", ACCESS, {"role": "WRITER", "user_by_email": ACCOUNT}),
    ("primitive-role", DATASET, {"access": [{"role": "READER", "group_by_email": "g@b.c"}]}),
    (
        "impersonation",
        "google_service_account_iam_member",
        {"role": "roles/iam.serviceAccountTokenCreator", "member": "user:a@b.c"},
    ),
    ("impersonation", CUSTOM, {"permissions": ["iam.serviceAccounts.get"]}),
    ("admin-role", CUSTOM, {"permissions": ["aiplatform.endpoints.predict"]}),
    ("admin-role", MEMBER, {"role": "roles/storage.objectUser", "member": f"serviceAccount:{ACCOUNT}"}),
    ("admin-role", MEMBER, {"role": "roles/storage.admin", "member": "group:platform@b.c"}),
    ("admin-role", ACCESS, {"role": "roles/bigquery.admin", "user_by_email": "ana@b.c"}),
    ("federation-open", PROVIDER, {"attribute_condition": f"{PINNED} && assertion.ref == 'refs/heads/main'"}),
    (
        "federation-open",
        "google_service_account_iam_member",
        {"role": "roles/iam.workloadIdentityUser", "member": f"{POOL}/attribute.repository/org/repo"},
    ),
    ("federation-branch", PROVIDER, {"attribute_condition": f"{PINNED} && assertion.ref == 'refs/heads/main'"}),
    ("federation-open", PROVIDER, {"attribute_condition": TAGGED}),
    ("federation-branch", PROVIDER, {"attribute_condition": TAGGED}),
    (
        "call-identity",
        "google_cloud_scheduler_job",
        {"http_target": [{"oauth_token": [{"service_account_email": ACCOUNT}], "oidc_token": []}]},
    ),
    ("call-identity", "google_cloud_scheduler_job", {"http_target": [], "pubsub_target": [{"topic_name": "t"}]}),
    ("call-identity", "google_pubsub_subscription", {"push_config": []}),
    ("destroyable", "google_storage_bucket", {"force_destroy": None}),
    ("destroyable", SERVICE, service(deletion_protection=None)),
    ("destroyable", "google_secret_manager_secret", {"deletion_protection": True}),
    ("destroyable", "google_firestore_database", {"delete_protection_state": "DELETE_PROTECTION_ENABLED"}),
    (
        "public-bucket",
        "google_storage_bucket",
        {"uniform_bucket_level_access": True, "public_access_prevention": "enforced"},
    ),
    ("plain-secret", SERVICE, variables(("TELECOM_SERVING_TOKENS", "vertex"), ("CRM_TOKEN", "projects/1/secrets/crm"))),
    ("plain-secret", SERVICE, variables(("CRM_TOKEN", None), ("CRM_TOKEN", ""), ("MAX_OUTPUT_TOKENS", "1024"))),
    ("plain-secret", SERVICE, variables(("TELECOM_ASSISTANT_ISSUER_KEYS", "https://id.example.com/keys"))),
    ("plain-secret", SERVICE, variables(("MONKEY", "x"), ("COMPASS", "north"), ("KEYS", "x"))),
    ("plain-secret", SERVICE, variables(("TELECOM_IMAGE", "r/i@sha256:" + "0123456789abcdef" * 4))),
    ("plain-secret", SERVICE, variables(("TELECOM_AUDIENCE", "https://telecom-churn-dev-x.us-central1.run.app"))),
    ("plain-secret", "google_secret_manager_secret_version", {"secret_data": None, "secret_data_wo_version": "1"}),
    ("missing-labels", "google_storage_bucket", {"labels": LABELS}),
    ("missing-labels", "google_storage_bucket", {"labels": None, "terraform_labels": LABELS}),
    ("missing-labels", "google_monitoring_metric_descriptor", {"labels": [{"key": "feature"}]}),
    ("missing-labels", "google_project_service", {"service": "run.googleapis.com"}),
    ("missing-labels", "google_monitoring_alert_policy", {"user_labels": LABELS}),
]
# policy, type, values, unknown; True: refused, False: open
UNKNOWN: list[tuple[str, str, Json, Json, bool]] = [
    ("run-open", SERVICE, service(), {"invoker_iam_disabled": True}, True),
    ("run-open", f"{SERVICE}_iam_member", {"role": "roles/run.invoker"}, {"member": True}, False),
    ("run-ingress", SERVICE, {}, {"ingress": True}, True),
    ("default-account", SERVICE, {}, {"template": [{"service_account": True}]}, False),
    ("run-max-instances", SERVICE, {}, {"template": [{"scaling": [{"max_instance_count": True}]}]}, True),
    ("run-max-instances", SERVICE, {}, {"template": True}, True),
    ("public-principal", MEMBER, {"role": "roles/x"}, {"member": True}, False),
    ("public-principal", "google_project_iam_binding", {"role": "roles/x"}, {"members": True}, False),
    ("public-principal", "google_project_iam_policy", {}, {"policy_data": True}, True),
    ("primitive-role", MEMBER, {"member": "user:a@b.c"}, {"role": True}, True),
    ("primitive-role", ACCESS, {}, {"role": True}, True),
    ("primitive-role", ACCESS, {"user_by_email": "a@b.c"}, {"role": True}, True),
    ("public-principal", ACCESS, {"role": "READER"}, {"iam_member": True}, False),
    ("admin-role", ACCESS, {"role": "roles/bigquery.admin"}, {"user_by_email": True}, True),
    ("admin-role", CUSTOM, {}, {"permissions": True}, True),
    ("admin-role", MEMBER, {"role": "roles/storage.admin"}, {"member": True}, True),
    ("federation-open", PROVIDER, {}, {"attribute_condition": True}, True),
    (
        "call-identity",
        "google_cloud_scheduler_job",
        {},
        {"http_target": [{"oidc_token": [{"service_account_email": True}]}]},
        False,
    ),
    ("destroyable", "google_storage_bucket", {}, {"force_destroy": True}, True),
    ("destroyable", "google_secret_manager_secret", {}, {"deletion_protection": True}, True),
    (
        "public-bucket",
        "google_storage_bucket",
        {"uniform_bucket_level_access": True},
        {"public_access_prevention": True},
        True,
    ),
    (
        "public-bucket",
        "google_storage_bucket",
        {"public_access_prevention": "enforced"},
        {"uniform_bucket_level_access": True},
        True,
    ),
    (
        "plain-secret",
        SERVICE,
        variables(("DB_PASSWORD", None)),
        {"template": [{"containers": [{"env": [{"value": True}]}]}]},
        True,
    ),
    ("plain-secret", "google_secret_manager_secret_version", {}, {"secret_data": True}, True),
    ("missing-labels", "google_storage_bucket", {}, {"labels": True}, True),
]


def remarks(policy: str, resource: Resource) -> list[Remark]:
    return list(BY_ID[policy].check(resource))


@pytest.mark.parametrize(("policy", "kind", "values", "said"), BROKEN + BROKEN_IN_PROD)
def test_an_example_that_breaks_it(policy: str, kind: str, values: Json, said: str) -> None:
    found = remarks(policy, one(kind, values))
    assert any(said in remark.what and not remark.open for remark in found), found


@pytest.mark.parametrize(("policy", "kind", "values"), KEPT)
def test_an_example_that_keeps_it(policy: str, kind: str, values: Json) -> None:
    assert remarks(policy, one(kind, values)) == []


@pytest.mark.parametrize(("policy", "kind", "values", "unknown", "refused"), UNKNOWN)
def test_an_unknown_value_never_passes_in_silence(
    policy: str, kind: str, values: Json, unknown: Json, refused: bool
) -> None:
    (found,) = remarks(policy, one(kind, values, unknown))
    assert found.open is not refused


def test_every_policy_has_examples_and_says_everything() -> None:
    assert {entry[0] for entry in BROKEN + BROKEN_IN_PROD} == set(BY_ID) and len(BY_ID) == len(POLICIES)
    assert {entry[0] for entry in KEPT} == set(BY_ID)
    for policy in POLICIES:
        assert all(len(text) > 20 for text in (policy.sentence, policy.why, policy.remedy, policy.unknown))


def test_some_policies_are_of_prod_alone() -> None:
    for policy, kind, values, _ in BROKEN_IN_PROD:
        for env, broken in (("dev", False), ("prod", True)):
            plan = Plan("p", env, (one(kind, values | {"labels": LABELS | {"env": env}}, env=env),))
            assert (policy in {finding.policy for finding in examine(plan, POLICIES)}) is broken


def test_what_is_found_is_never_quoted() -> None:
    found = remarks("plain-secret", one(SERVICE, variables(("GREETING", SLACK), ("DB_PASSWORD", "hunter2"))))
    assert len(found) == 2 and not any(secret in remark.what for remark in found for secret in (SLACK, "hunter2"))


def dataset(access: list[Json], before: list[Json], blocks: list[Json] | None) -> Resource:
    """A dataset that is there already; `blocks` is what its author writes, as the configuration's JSON shows it."""
    planned = change(DATASET, {"access": access})
    planned["change"] |= {"actions": ["no-op"], "before": {"access": before}}
    written = {"address": f"{DATASET}.this", "expressions": {} if blocks is None else {"access": blocks}}
    (found,) = resources(document(planned, configuration={"resources": [written]}), "dev")
    return found


def test_what_google_gives_a_new_dataset_by_itself_is_nobodys_grant() -> None:
    given = [{"role": "OWNER", "special_group": "projectOwners"}, {"role": "READER", "special_group": "projectReaders"}]
    more = {"role": "WRITER", "special_group": "projectWriters"}
    assert remarks("primitive-role", dataset(given, given, None)) == []
    assert len(remarks("primitive-role", dataset([*given, more], given, None))) == 1
    written = [{"special_group": {"constant_value": "projectOwners"}}]
    assert len(remarks("primitive-role", dataset(given, given, written))) == 2


# An account that does not exist yet is open; one that the configuration leaves out looks the same and is refused.


def configured(expression: Json | None, passed: Json | None = None, default: Any = None) -> Iterator[Resource]:
    written = {"template": [{} if expression is None else {"service_account": expression}]}
    module = {
        "resources": [{"address": f"{SERVICE}.this", "expressions": written}],
        "variables": {"account": {"default": default} if default is not None else {}},
    }
    call = {"expressions": {} if passed is None else {"account": passed}, "module": module}
    root = {"module_calls": {"run": call}}
    made = change(SERVICE, {}, {"template": [{"service_account": True}]}, name='this["a.b"]', module="module.run")
    yield from resources(document(made, configuration=root), "dev")


@pytest.mark.parametrize(
    ("expression", "passed", "refused"),
    [
        (None, None, True),
        ({"constant_value": None}, None, True),
        ({"references": ["var.account"]}, None, True),
        ({"references": ["var.account"]}, {"constant_value": ""}, True),
        ({"references": ["var.account"]}, {"references": ["module.iam.emails", "module.iam"]}, False),
        ({"references": ["google_service_account.a.email", "google_service_account.a"]}, None, False),
        ({"references": ["each.value.account", "each.value"]}, None, False),
    ],
)
def test_an_account_that_is_left_out_is_told_from_one_to_come(
    expression: Json | None, passed: Json | None, refused: bool
) -> None:
    (resource,) = configured(expression, passed)
    (found,) = remarks("default-account", resource)
    assert found.open is not refused


@pytest.mark.parametrize(
    ("condition", "pinned"),
    [
        (PINNED, True),
        ("'org/repo' == attribute.repository", True),
        ("assertion.repository_id == '123'", True),
        ("assertion.repository in ['org/a']", True),
        ("assertion.repository in ['org/a', 'org/b']", False),
        ("assertion.repository in ['org/a', 'org/b'] && assertion.repository == 'org/a'", True),
        ("assertion.sub.startsWith('repo:org/a:') && assertion.repository_id == '1'", True),
        ("assertion.sub.startsWith('repo:org/a:') || assertion.repository == 'org/a'", True),
        ("(assertion.repository == \"org/repo\") && (assertion.ref == 'refs/heads/main' || false)", True),
        ("assertion.sub.startsWith('repo:org/repo:')", True),
        ("assertion.sub == 'repo:org/repo:ref:refs/heads/main'", True),
        (f"({PINNED} || assertion.repository == 'org/other') && true", False),
        (f"({PINNED} || {PINNED}) && true", True),
        (f"{PINNED} || true", False),
        (f"{PINNED} || assertion.repository_owner == 'org'", False),
        ("assertion.repository_owner == 'org'", False),
        ("assertion.repository == assertion.repository", False),
        ("assertion.repository != ''", False),
        ("assertion.repository == ''", False),
        ("assertion.repository == 'org/*'", False),
        ("assertion.repository.startsWith('org/')", False),
        ("assertion.repository.matches('.*')", False),
        ("assertion.repository in []", False),
        (f"!({PINNED})", False),
        (f"{PINNED} ? true : true", False),
        (f"{PINNED} && assertion.ref == 'refs/heads/main' ? true : true", False),
        (f"{PINNED} && assertion.ref == 'x' // (\n || true", False),
        (f"{PINNED} && assertion.ref == r'\\' || true || assertion.ref == ''", False),
        ("assertion.sub.startsWith('repo:org/')", False),
        ("assertion.workflow == \"assertion.repository == 'org/repo'\"", False),
        ("true", False),
        ("(", False),
    ],
)
def test_which_conditions_pin_a_repository(condition: str, pinned: bool) -> None:
    assert restricts(condition, ("repository", "repository_id"), "repo:") is pinned


def test_several_values_may_be_named_where_they_are_asked_for() -> None:
    branches = "assertion.ref in ['refs/heads/main', 'refs/heads/next']"
    assert restricts(branches, ("ref",), "ref:", several=True)
    assert not restricts(branches, ("ref",), "ref:")
    assert not restricts(branches, ("ref",), "ref:", "refs/heads/main", several=True)


def test_a_branch_is_pinned_by_a_whole_subject_only() -> None:
    assert restricts("assertion.sub == 'repo:org/repo:ref:refs/heads/main'", ("ref",), "ref:", several=True)
    assert not restricts("assertion.sub.startsWith('repo:org/repo:ref:')", ("ref",), "ref:", several=True)


@pytest.mark.parametrize(
    ("condition", "pinned"),
    [
        (TAG, True),
        (f"({BRANCH}) || ({TAG})", True),
        ("attribute.ref.startsWith('refs/tags/release-')", True),
        ('assertion.ref_type == "tag"', False),
        (f'({BRANCH}) || assertion.ref_type == "tag"', False),
        (f"({BRANCH}) || ({TAG}) || true", False),
        (f"({BRANCH}) || ({TAG} || true)", False),
        (f"!({TAG})", False),
        ("assertion.ref.startsWith('refs/tags/')", False),
        ("assertion.ref.startsWith('refs/')", False),
        ("assertion.ref.startsWith('refs/heads/v')", False),
        ("assertion.ref.startsWith('')", False),
        ("assertion.ref.startsWith('refs/tags/*')", False),
        ("assertion.ref.startsWith(assertion.ref)", False),
        ("assertion.ref.matches('refs/tags/v')", False),
        ("assertion.actor.startsWith('refs/tags/v')", False),
    ],
)
def test_which_conditions_pin_tags(condition: str, pinned: bool) -> None:
    assert restricts(condition, ("ref", "environment"), "ref:", several=True) is pinned
    assert not restricts(condition, ("repository", "repository_id"), "repo:")

locals {
  # One pattern each for what a role's name looks like, what is bound nowhere, and what is bound on an account alone and
  # never on the project, where it would let somebody become every account. The variables' rules use them.
  role_form     = "^(roles|projects/[^/]+/roles|organizations/[0-9]+/roles)/[A-Za-z0-9_.]+$"
  never         = "(?i)^roles/(owner|editor|viewer)$|admin"
  impersonation = "(?i)^roles/iam[.](serviceAccount(User|TokenCreator|OpenIdTokenCreator|KeyAdmin)|workloadIdentityUser)$"

  account_roles = merge([
    for key, account in var.service_accounts : {
      for role in account.roles : "${role}/${key}" => { account = key, role = role }
    }
  ]...)
  account_custom_roles = merge([
    for key, account in var.service_accounts : {
      for role in account.custom_roles : "${role}/${key}" => { account = key, role = role }
    }
  ]...)
  act_as = merge([
    for key, account in var.service_accounts : {
      for actor in account.act_as : "${key}/${actor}" => { account = key, actor = actor }
    }
  ]...)
  account_iam = merge(flatten([
    for name, account in var.service_accounts : [
      for roles in [account.iam, lookup(var.account_iam, name, {})] : [
        for role, members in roles : {
          for key, member in members : "${name}/${role}/${key}" => { account = name, role = role, member = member }
        }
      ]
    ]
  ])...)
  project_iam = merge([
    for role, members in var.iam : {
      for key, member in members : "${role}/${key}" => { role = role, member = member }
    }
  ]...)

  github       = var.github == null ? {} : { github = var.github }
  environments = var.github == null ? [] : sort(var.github.environments)

  # What may have started a job: a branch by its whole name, a tag by how its name begins.
  refs = {
    for key, github in local.github : key => {
      branch = "assertion.ref_type == \"branch\" && assertion.ref in ${jsonencode([for branch in sort(github.branches) : "refs/heads/${branch}"])}"
      tag    = "assertion.ref_type == \"tag\" && assertion.ref.startsWith(\"refs/tags/${coalesce(github.tags, "-")}\")"
    }
  }

  # The numbers cannot be taken over by whoever registers a name that has become free. Pull requests do not get in: they
  # run with refs/pull/…, and pull_request_target, which runs with the base branch's name, is none of the events.
  conditions = {
    for key, github in local.github : key => join(" && ", compact([
      "assertion.repository_owner_id == \"${github.owner_id}\"",
      "assertion.repository_id == \"${github.repository_id}\"",
      github.tags == null ? local.refs[key].branch : "((${local.refs[key].branch}) || (${local.refs[key].tag}))",
      "assertion.event_name in ${jsonencode(sort(github.events))}",
      length(local.environments) == 0 ? "" : "assertion.environment in ${jsonencode(local.environments)}",
    ]))
  }
}

resource "google_service_account" "account" {
  for_each = var.service_accounts

  project      = var.project_id
  account_id   = "${var.prefix}-${each.key}-${var.env}"
  display_name = "${each.value.display_name} ${var.env}"
  description  = each.value.description
}

resource "google_project_iam_custom_role" "role" {
  for_each = var.custom_roles

  project     = var.project_id
  role_id     = "${var.prefix}_${each.key}_${var.env}"
  title       = "${each.value.title} ${var.env}"
  description = each.value.description
  permissions = each.value.permissions
}

resource "google_iam_workload_identity_pool" "github" {
  for_each = local.github

  project                   = var.project_id
  workload_identity_pool_id = each.value.pool_id
  display_name              = "GitHub"
  description               = "Jobs of ${each.value.repository}, without keys."
}

resource "google_iam_workload_identity_pool_provider" "github" {
  for_each = local.github

  # checkov:skip=CKV_GCP_125:It only knows conditions on assertion.sub, which names the repository; ours is on numbers, branch, event and environment.
  project                            = var.project_id
  workload_identity_pool_id          = google_iam_workload_identity_pool.github[each.key].workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  display_name                       = "GitHub Actions"
  description                        = "Branches ${join(", ", sort(each.value.branches))}${each.value.tags == null ? "" : ", tags ${each.value.tags}*"} of ${each.value.repository}."
  attribute_condition                = local.conditions[each.key]

  # A token without an environment has no such claim; where environments are asked for, its exchange then fails.
  attribute_mapping = merge(
    {
      "google.subject"                = "assertion.sub"
      "attribute.repository"          = "assertion.repository"
      "attribute.repository_id"       = "assertion.repository_id"
      "attribute.repository_owner_id" = "assertion.repository_owner_id"
      "attribute.ref"                 = "assertion.ref"
    },
    length(local.environments) == 0 ? {} : { "attribute.environment" = "assertion.environment" },
  )

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

# The estate. dev and prod have this very file; terraform.tfvars is where they differ.

locals {
  labels = { app = "telecom-ml-llmops", env = var.env }

  # What every service and job is told.
  platform = {
    TELECOM_BACKEND = "gcp"
    TELECOM_ENV     = var.env
    TELECOM_PROJECT = var.project_id
    TELECOM_REGION  = var.region
  }
  # What the assistant is told besides (telecom/settings.py, llmops/agent/config.py); what is left out keeps its default.
  people_folder = "/etc/telecom"
  assistant = { for name, value in {
    TELECOM_LLM                      = var.assistant.llm
    TELECOM_LLM_MODEL                = var.assistant.model
    TELECOM_LLM_LOCATION             = var.assistant.location
    TELECOM_LLM_BASE_URL             = var.assistant.base_url
    TELECOM_ASSISTANT_ARMOR_TEMPLATE = module.vertex_ai.armor_template
    TELECOM_ASSISTANT_DAY_TOKENS     = tostring(var.assistant.day_tokens)
    TELECOM_ASSISTANT_DAY_USD        = tostring(var.assistant.day_usd)
    TELECOM_ASSISTANT_IAP_AUDIENCE   = var.assistant.iap_audience
    TELECOM_ASSISTANT_ISSUER         = var.assistant.issuer
    TELECOM_ASSISTANT_ISSUER_KEYS    = var.assistant.issuer_keys
    TELECOM_ASSISTANT_PEOPLE         = var.assistant.people == null ? "" : "${local.people_folder}/people.yaml"
  } : name => value if value != "" }
  images = {
    churn     = "${module.artifact_registry.urls["telecom-${var.env}"]}/churn@${var.digests.churn}"
    assistant = "${module.artifact_registry.urls["telecom-${var.env}"]}/assistant@${var.digests.assistant}"
  }
}

# The project and who may do what: docs/infra/roles.md

module "project" {
  source = "../../modules/project"

  project_id    = var.project_id
  env           = var.env
  more_services = var.assistant.iap_audience == "" ? [] : ["iap.googleapis.com"]
  kms_key       = var.kms_key
  # Budgets write e-mails and nothing else.
  budget = merge(var.budget, {
    notification_channels = { for key, channel in module.monitoring.channels : key => channel if var.channels[key].type == "email" }
  })
}

module "iam" {
  source = "../../modules/iam"

  project_id = module.project.project_id
  env        = var.env
  github     = var.github
  # An export is for the person alone and lies nowhere in the cloud: officers write it where they sit, as this account.
  account_iam = { privacy = { "roles/iam.serviceAccountTokenCreator" = var.privacy_officers } }
}

module "networking" {
  source = "../../modules/networking"

  project_id      = module.project.project_id
  region          = var.region
  name            = "telecom-${var.env}"
  labels          = local.labels
  subnet_cidr     = var.network.subnet_cidr
  internet_egress = var.network.internet_egress
}

module "secrets" {
  source = "../../modules/secrets"

  project_id          = module.project.project_id
  labels              = local.labels
  deletion_protection = var.deletion_protection
  locations           = [for key in module.project.kms_key[*] : var.region]
  kms_keys            = { for key in module.project.kms_key[*] : var.region => key }
  secrets = {
    for name, secret in var.secrets : name => {
      description = secret.description
      iam         = { "roles/secretmanager.secretAccessor" = { for reader in secret.readers : reader => module.iam.members[reader] } }
    }
  }
}

# Data

module "gcs" {
  source = "../../modules/gcs"

  project_id = module.project.project_id
  env        = var.env
  location   = var.region
  prefix     = "${var.project_id}-${var.env}"
  labels     = local.labels
  kms_key    = module.project.kms_key
  buckets = {
    for layer, bucket in var.buckets : layer => merge(bucket, {
      force_destroy = var.force_destroy
      iam           = { for role, accounts in bucket.access : role => { for account in accounts : account => module.iam.members[account] } }
    })
  }
}

module "bigquery" {
  source = "../../modules/bigquery"

  project_id          = module.project.project_id
  region              = var.region
  env                 = var.env
  labels              = local.labels
  policy_tags         = module.data_catalog.policy_tags
  kms_key_name        = module.project.kms_key
  deletion_protection = var.deletion_protection
  force_destroy       = var.force_destroy
  datasets = {
    telecom_bronze = { iam = {
      "roles/bigquery.dataEditor" = { mlops = module.iam.members.mlops, privacy = module.iam.members.privacy }
      "roles/bigquery.dataViewer" = { llmops = module.iam.members.llmops }
    } }
    telecom_silver = { iam = {
      "roles/bigquery.dataEditor" = { mlops = module.iam.members.mlops, privacy = module.iam.members.privacy }
    } }
    telecom_gold = { iam = {
      "roles/bigquery.dataEditor" = { mlops = module.iam.members.mlops, privacy = module.iam.members.privacy }
      "roles/bigquery.dataViewer" = { llmops = module.iam.members.llmops, cicd = module.iam.members.cicd, serving = module.iam.members.serving }
    } }
    telecom_monitoring = { iam = {
      "roles/bigquery.dataEditor" = { mlops = module.iam.members.mlops, cicd = module.iam.members.cicd, privacy = module.iam.members.privacy }
    } }
    telecom_staging = { table_expiration_hours = 72, iam = {
      "roles/bigquery.dataEditor" = { mlops = module.iam.members.mlops, cicd = module.iam.members.cicd, privacy = module.iam.members.privacy }
    } }
    telecom_analytics = { iam = {
      "roles/bigquery.dataViewer" = var.analysts
    } }
  }
  # The assistant adds rows to the first four, and writes no others; who draws conversations reads the last four.
  tables = {
    "telecom_gold.retention_actions" = { iam = {
      "roles/bigquery.dataEditor" = { llmops = module.iam.members.llmops }
    } }
    "telecom_monitoring.assistant_audit" = { iam = {
      "roles/bigquery.dataEditor" = { llmops = module.iam.members.llmops }
      "roles/bigquery.dataViewer" = { review = module.iam.members.review }
    } }
    "telecom_monitoring.llm_feedback" = { iam = {
      "roles/bigquery.dataEditor" = { llmops = module.iam.members.llmops }
      "roles/bigquery.dataViewer" = { review = module.iam.members.review }
    } }
    "telecom_monitoring.llm_usage" = { iam = {
      "roles/bigquery.dataEditor" = { llmops = module.iam.members.llmops }
      "roles/bigquery.dataViewer" = { review = module.iam.members.review }
    } }
    "telecom_bronze.crm_customers" = { iam = {
      "roles/bigquery.dataViewer" = { review = module.iam.members.review }
    } }
  }
}

module "data_catalog" {
  source = "../../modules/data_catalog"

  project_id     = module.project.project_id
  project_number = module.project.number
  region         = var.region
  env            = var.env
  labels         = local.labels
  table_ids      = module.bigquery.table_ids
  iam = { "roles/datacatalog.categoryFineGrainedReader" = {
    mlops      = module.iam.members.mlops
    llmops     = module.iam.members.llmops
    cicd       = module.iam.members.cicd
    serving    = module.iam.members.serving
    review     = module.iam.members.review
    privacy    = module.iam.members.privacy
    aiplatform = module.project.service_agents.aiplatform
    dataplex   = module.project.service_agents.dataplex
  } }
  masking_iam = { "roles/bigquerydatapolicy.maskedReader" = var.analysts }
}

module "dataplex" {
  source = "../../modules/dataplex"

  project_id = module.project.project_id
  region     = var.region
  env        = var.env
  labels     = local.labels
  table_ids  = module.bigquery.table_ids
  quality    = var.quality
  zones = {
    raw = {
      type     = "RAW"
      buckets  = { bronze = { name = module.gcs.names["bronze"], formats = ["csv"] } }
      datasets = { bronze = module.bigquery.datasets["telecom_bronze"] }
    }
    curated = {
      type     = "CURATED"
      datasets = { silver = module.bigquery.datasets["telecom_silver"], gold = module.bigquery.datasets["telecom_gold"] }
    }
    analytics = {
      type     = "CURATED"
      datasets = { analytics = module.bigquery.datasets["telecom_analytics"], monitoring = module.bigquery.datasets["telecom_monitoring"] }
    }
  }
}

module "firestore" {
  source = "../../modules/firestore"

  project_id          = module.project.project_id
  region              = var.region
  env                 = var.env
  kms_key_name        = module.project.kms_key
  deletion_protection = var.deletion_protection
}

# Models and search

module "vertex_ai" {
  source = "../../modules/vertex_ai"

  project_id    = module.project.project_id
  region        = var.region
  env           = var.env
  labels        = local.labels
  table_ids     = module.bigquery.table_ids
  endpoint      = var.endpoint
  online_store  = var.online_store
  armor         = var.armor
  kms_key_name  = module.project.kms_key
  force_destroy = var.force_destroy
}

module "discovery_engine" {
  source = "../../modules/discovery_engine"

  project_id = module.project.project_id
  env        = var.env
  engine     = { enterprise = var.search.enterprise }
}

# What runs

module "artifact_registry" {
  source = "../../modules/artifact_registry"

  project_id = module.project.project_id
  env        = var.env
  region     = var.region
  labels     = local.labels
  kms_key    = module.project.kms_key
  repositories = {
    "telecom-${var.env}" = {
      description = "Images of the churn plane and of the assistant."
      iam = {
        "roles/artifactregistry.reader" = { mlops = module.iam.members.mlops }
        "roles/artifactregistry.writer" = { cicd = module.iam.members.cicd }
      }
    }
  }
}

module "cloud_run" {
  source = "../../modules/cloud_run"

  project_id          = module.project.project_id
  project_number      = module.project.number
  env                 = var.env
  region              = var.region
  labels              = local.labels
  deletion_protection = var.deletion_protection
  vpc                 = module.networking.cloud_run
  services = {
    "telecom-churn-${var.env}" = merge(var.services["churn"], {
      description     = "Churn risk over HTTP."
      image           = local.images.churn
      service_account = module.iam.emails.serving
      kms_key         = module.project.kms_key
      vpc_egress      = "ALL_TRAFFIC"
      self_url_in     = "TELECOM_AUDIENCE"
      # It starts before there is a model, and says 503 until one is champion: this apply makes what trains the first.
      startup_probe = { path = "/healthz" }
      env = merge(local.platform, {
        TELECOM_ONLINE_STORE    = module.vertex_ai.online_store
        TELECOM_SERVING_VERSION = var.model_version
        TELECOM_SERVING_CALLERS = "${module.iam.emails.llmops},${module.iam.emails.cicd}"
      })
      iam = { "roles/run.invoker" = {
        llmops     = module.iam.members.llmops
        cicd       = module.iam.members.cicd
        monitoring = module.project.service_agents.monitoring_notification
      } }
    })

    "telecom-assistant-${var.env}" = merge(var.services["assistant"], {
      description     = "The assistant: chat, actions, answers that cite."
      image           = local.images.assistant
      service_account = module.iam.emails.llmops
      kms_key         = module.project.kms_key
      vpc_egress      = "ALL_TRAFFIC"
      self_url_in     = "TELECOM_AUDIENCE"
      env             = merge(local.platform, local.assistant)
      secrets         = { for key in var.assistant.key[*] : "TELECOM_LLM_API_KEY" => { secret = module.secrets.names[key] } }
      secret_files    = { for people in var.assistant.people[*] : local.people_folder => { secret = module.secrets.names[people], file = "people.yaml" } }
      iam = { "roles/run.invoker" = merge(
        {
          cicd       = module.iam.members.cicd
          monitoring = module.project.service_agents.monitoring_notification
        },
        var.assistant.iap_audience == "" ? {} : { iap = module.project.service_agents.iap },
        var.assistant.callers,
      ) }
    })

    "telecom-dispatcher-${var.env}" = merge(var.services["dispatcher"], {
      description     = "Starts pipelines on messages."
      image           = local.images.churn
      service_account = module.iam.emails.mlops
      kms_key         = module.project.kms_key
      vpc_egress      = "ALL_TRAFFIC"
      self_url_in     = "TELECOM_AUDIENCE"
      args            = ["telecom", "serve", "dispatcher", "--host", "0.0.0.0"]
      env = merge(local.platform, {
        TELECOM_IMAGE              = local.images.churn
        TELECOM_SERVICE_ACCOUNT    = module.iam.emails.mlops
        TELECOM_ENDPOINT           = module.vertex_ai.endpoint
        TELECOM_ONLINE_STORE       = module.vertex_ai.online_store
        TELECOM_DISPATCHER_PUSHERS = module.iam.emails.scheduler
      })
      iam = { "roles/run.invoker" = { scheduler = module.iam.members.scheduler } }
    })
  }
  jobs = {
    "telecom-evaluation-${var.env}" = {
      image           = local.images.churn
      service_account = module.iam.emails.mlops
      args            = ["telecom", "release", "evaluate"]
      memory          = "2Gi"
      vpc_egress      = "ALL_TRAFFIC"
      kms_key         = module.project.kms_key
      env             = local.platform
      iam             = { "roles/run.invoker" = { scheduler = module.iam.members.scheduler } }
    }
    # A release asks revisions that only this network reaches, hence from here and not from the build.
    "telecom-release-${var.env}" = {
      image           = local.images.churn
      service_account = module.iam.emails.cicd
      args            = ["telecom", "release", "status"]
      retries         = 0
      timeout_seconds = 14400
      vpc_egress      = "ALL_TRAFFIC"
      kms_key         = module.project.kms_key
      env             = local.platform
    }
    # Questions and answers of telecom_gold.knowledge_faq become part of the knowledge.
    "telecom-faq-${var.env}" = {
      image           = local.images.assistant
      service_account = module.iam.emails.cicd
      args            = ["telecom", "rag", "sync"]
      timeout_seconds = 10800
      vpc_egress      = "ALL_TRAFFIC"
      kms_key         = module.project.kms_key
      env             = local.platform
      iam             = { "roles/run.invoker" = { scheduler = module.iam.members.scheduler } }
    }
    # Sessions live for a day: what is not gathered while they do, nobody can review.
    "telecom-review-${var.env}" = {
      image           = local.images.assistant
      service_account = module.iam.emails.review
      args            = ["telecom", "review", "sample"]
      memory          = "1Gi"
      vpc_egress      = "ALL_TRAFFIC"
      kms_key         = module.project.kms_key
      env             = local.platform
      iam             = { "roles/run.invoker" = { scheduler = module.iam.members.scheduler } }
    }
    # By hand, with arguments of one's own (docs/llmops/privacy.md); without any it looks for nobody and changes nothing.
    "telecom-privacy-${var.env}" = {
      image           = local.images.churn
      service_account = module.iam.emails.privacy
      args            = ["telecom", "privacy", "erase", "--customer", "nobody", "--dry-run"]
      retries         = 0
      timeout_seconds = 14400
      cpu             = "2"
      memory          = "4Gi"
      vpc_egress      = "ALL_TRAFFIC"
      kms_key         = module.project.kms_key
      env             = merge(local.platform, { TELECOM_ONLINE_STORE = module.vertex_ai.online_store })
      iam             = { for role in ["roles/run.jobsExecutorWithOverrides", "roles/run.viewer"] : role => var.privacy_officers }
    }
  }
}

module "scheduler_pubsub" {
  source = "../../modules/scheduler_pubsub"

  project_id           = module.project.project_id
  region               = var.region
  labels               = local.labels
  kms_key              = module.project.kms_key
  pubsub_service_agent = module.project.service_agents.pubsub
  topics = {
    "telecom-orders-${var.env}" = {
      push = {
        endpoint        = "${module.cloud_run.urls["telecom-dispatcher-${var.env}"]}/events"
        audience        = module.cloud_run.urls["telecom-dispatcher-${var.env}"]
        service_account = module.iam.emails.scheduler
      }
    }
  }
  jobs = {
    for name, order in var.schedules : "telecom-${name}-${var.env}" => merge(order, { topic = "telecom-orders-${var.env}" })
  }
  # These start jobs of Cloud Run, which is a call of Google's own API.
  http_jobs = {
    for name, start in var.job_schedules : "telecom-${name}-${var.env}" => merge(start, {
      uri             = "https://run.googleapis.com/v2/projects/${var.project_id}/locations/${var.region}/jobs/${module.cloud_run.jobs["telecom-${name}-${var.env}"].name}:run"
      oauth           = true
      service_account = module.iam.emails.scheduler
    })
  }
}

module "monitoring" {
  source = "../../modules/monitoring"

  project_id      = module.project.project_id
  env             = var.env
  labels          = local.labels
  channels        = var.channels
  channel_secrets = var.channel_secrets
  thresholds      = var.thresholds
  measured        = var.measured
  repository      = try(var.github.repository, null)
  uptime_checks   = { for name in var.uptime : name => { host = trimprefix(module.cloud_run.urls["telecom-${name}-${var.env}"], "https://") } }
  batch_paused    = alltrue([for order in var.schedules : order.paused if order.pipeline == "churn-scoring"])
  dispatch = {
    subscriptions             = values(module.scheduler_pubsub.subscriptions)
    dead_letter_subscriptions = values(module.scheduler_pubsub.dead_letter_subscriptions)
  }
}

# What infra/gcloud/bootstrap.sh made before the first apply is taken over, once.

import {
  for_each = var.bootstrapped ? toset(["cicd"]) : toset([])
  to       = module.iam.google_service_account.account[each.key]
  id       = "projects/${var.project_id}/serviceAccounts/telecom-${each.key}-${var.env}@${var.project_id}.iam.gserviceaccount.com"
}

import {
  for_each = var.bootstrapped ? toset(["github"]) : toset([])
  to       = module.iam.google_iam_workload_identity_pool.github[each.key]
  id       = "projects/${var.project_id}/locations/global/workloadIdentityPools/${each.key}"
}

import {
  for_each = var.bootstrapped ? toset(["github"]) : toset([])
  to       = module.iam.google_iam_workload_identity_pool_provider.github[each.key]
  id       = "projects/${var.project_id}/locations/global/workloadIdentityPools/github/providers/${each.key}"
}

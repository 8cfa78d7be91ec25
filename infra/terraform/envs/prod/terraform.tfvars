# prod: nothing that holds data can be destroyed, nobody waits for a start, somebody hears of every alert.

project_id = "example-telecom-2002"
env        = "prod"
region     = "us-central1"

# A key of one's own: projects/…/locations/us-central1/keyRings/…/cryptoKeys/…; Google's accounts are let to use it.
kms_key = null

deletion_protection = true
force_destroy       = false

github = {
  repository    = "telecom-ml-llmops/telecom-ml-llmops"
  owner_id      = "1000001"
  repository_id = "2000001"
  environments  = ["prod"]
  tags          = "v"
}

budget = {
  billing_account = "000000-000000-000000"
  amount          = 5000
}

network = {
  subnet_cidr = "10.20.0.0/24"
}

# What code and jobs put into silver and gold are tables (BigQuery). Their buckets are for files of the layer, such as
# an export; only who erases people has access until somebody is named here.
#
# No retention: where people may be named it would keep them from being erased (LGPD, art. 18), and models and docs have
# files that a release replaces. Versions and soft deletion bring back what was lost by mistake. Where people may be
# named that is 7 days, as long as BigQuery's time travel: an erasure is over after them. Models name nobody; what was
# deleted there is kept for an audit, 90 days.
buckets = {
  bronze = {
    access           = { "roles/storage.objectUser" = ["mlops", "privacy"] }
    soft_delete_days = 7
    lifecycle        = { colder = { action = "SetStorageClass", storage_class = "NEARLINE", age_days = 90 } }
  }
  silver = {
    access           = { "roles/storage.objectUser" = ["privacy"] }
    soft_delete_days = 7
    lifecycle        = { colder = { action = "SetStorageClass", storage_class = "NEARLINE", age_days = 90 } }
  }
  gold = {
    access           = { "roles/storage.objectUser" = ["privacy"] }
    soft_delete_days = 7
    lifecycle        = { colder = { action = "SetStorageClass", storage_class = "NEARLINE", age_days = 90 } }
  }
  docs = {
    access           = { "roles/storage.objectUser" = ["cicd"], "roles/storage.objectViewer" = ["llmops", "privacy"] }
    soft_delete_days = 30
  }
  models = {
    access           = { "roles/storage.objectUser" = ["mlops", "cicd", "privacy"], "roles/storage.objectViewer" = ["serving"] }
    soft_delete_days = 90
  }
  pipelines = {
    access           = { "roles/storage.objectUser" = ["mlops", "cicd", "privacy"], "roles/storage.legacyBucketReader" = ["mlops", "cicd"] }
    soft_delete_days = 7
    lifecycle        = { expire = { action = "Delete", age_days = 90 } }
  }
}

secrets = {
  assistant-model-key = {
    description = "Key of an OpenAI-compatible model; only where the assistant asks one."
    readers     = ["llmops"]
  }
  assistant-people = {
    description = "YAML: which e-mail address is which agent of the assistant, with which scopes."
    readers     = ["llmops"]
  }
}

digests = {
  churn     = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
  assistant = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
}

services = {
  churn      = { min_instances = 1, max_instances = 10, cpu = "2", memory = "2Gi", cpu_always = true, prometheus = {} }
  assistant  = { min_instances = 2, max_instances = 20, cpu = "2", memory = "2Gi", cpu_always = true, prometheus = {}, ingress = "INTERNAL_LOAD_BALANCER" }
  dispatcher = { min_instances = 0, max_instances = 3, memory = "2Gi", cpu_always = true, prometheus = {} }
}

schedules = {
  scoring = {
    description = "Scores the newest snapshot, every day."
    pipeline    = "churn-scoring"
    schedule    = "0 6 * * *"
  }
  retraining = {
    description = "Trains again where drift, age or performance ask for it, every Monday."
    pipeline    = "churn-retraining"
    schedule    = "0 4 * * 1"
  }
}

job_schedules = {
  evaluation = {
    description = "Looks at what the churn service answered the day before."
    schedule    = "30 8 * * *"
  }
  faq = {
    description = "Takes the questions and answers of the table into the knowledge."
    schedule    = "30 5 * * *"
  }
  # A session lives for 24 hours, and a week ends on Sunday at midnight UTC, ten minutes after the second run.
  review = {
    description = "Gathers the day's conversations, and draws those that people are to review."
    schedule    = "50 8,20 * * *"
  }
}

# A group of yours; or iap_audience, with Identity-Aware Proxy before the service.
assistant = {
  callers    = { agents = "group:telecom-agents@example.com" }
  people     = "assistant-people"
  day_usd    = 160
  day_tokens = 60000000
}

endpoint = {
  number = "100"
}

quality = {
  schedule = "TZ=America/Sao_Paulo 0 7 * * *"
  emails   = ["telecom-data@example.com"]
}

channels = {
  oncall = { type = "email", address = "telecom-oncall@example.com", severities = ["CRITICAL", "ERROR"] }
  team   = { type = "email", address = "telecom-team@example.com" }
}

thresholds = {
  assistant_daily_usd = 120
}

# ["assistant"] once it has answered its first request (docs/infra/README.md, step 7).
measured = []

uptime = ["assistant", "churn"]

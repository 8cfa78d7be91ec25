# dev: small, cheap, torn down at will. Names and numbers of a real project take the place of these.

project_id = "example-telecom-1001"
env        = "dev"
region     = "us-central1"

deletion_protection = false
force_destroy       = true

github = {
  repository    = "telecom-ml-llmops/telecom-ml-llmops"
  owner_id      = "1000001"
  repository_id = "2000001"
}

budget = {
  billing_account = "000000-000000-000000"
  amount          = 150
}

network = {
  subnet_cidr = "10.10.0.0/24"
}

# What code and jobs put into silver and gold are tables (BigQuery). Their buckets are for files of the layer, such as
# an export; only who erases people has access until somebody is named here.
buckets = {
  bronze = {
    access    = { "roles/storage.objectUser" = ["mlops", "privacy"] }
    lifecycle = { expire = { action = "Delete", age_days = 90 } }
  }
  silver = {
    access    = { "roles/storage.objectUser" = ["privacy"] }
    lifecycle = { expire = { action = "Delete", age_days = 90 } }
  }
  gold = {
    access    = { "roles/storage.objectUser" = ["privacy"] }
    lifecycle = { expire = { action = "Delete", age_days = 90 } }
  }
  docs = {
    access = { "roles/storage.objectUser" = ["cicd"], "roles/storage.objectViewer" = ["llmops", "privacy"] }
  }
  models = {
    access = { "roles/storage.objectUser" = ["mlops", "cicd", "privacy"], "roles/storage.objectViewer" = ["serving"] }
  }
  pipelines = {
    access     = { "roles/storage.objectUser" = ["mlops", "cicd", "privacy"], "roles/storage.legacyBucketReader" = ["mlops", "cicd"] }
    versioning = false
    lifecycle  = { expire = { action = "Delete", age_days = 30 } }
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
  churn      = { min_instances = 0, max_instances = 2 }
  assistant  = { min_instances = 0, max_instances = 2 }
  dispatcher = { min_instances = 0, max_instances = 1, memory = "2Gi" }
}

schedules = {
  scoring = {
    description = "Scores the newest snapshot, every Monday."
    pipeline    = "churn-scoring"
    schedule    = "0 6 * * 1"
    paused      = true
  }
  retraining = {
    description = "Trains again where drift, age or performance ask for it, every Monday."
    pipeline    = "churn-retraining"
    schedule    = "0 4 * * 1"
    paused      = true
  }
}

job_schedules = {
  evaluation = {
    description = "Looks at what the churn service answered the day before."
    schedule    = "30 8 * * *"
    paused      = true
  }
  faq = {
    description = "Takes the questions and answers of the table into the knowledge."
    schedule    = "30 5 * * *"
    paused      = true
  }
  # A session lives for 24 hours, and a week ends on Sunday at midnight UTC, ten minutes after the second run.
  review = {
    description = "Gathers the day's conversations, and draws those that people are to review."
    schedule    = "50 8,20 * * *"
    paused      = true
  }
}

assistant = {
  callers = { agents = "group:telecom-agents@example.com" }
  people  = "assistant-people"
  day_usd = 10
}

search = {
  enterprise = false
}

channels = {
  team = { type = "email", address = "telecom-dev@example.com" }
}

thresholds = {
  batch_late_hours    = 192
  assistant_daily_usd = 5
  churn_error_share   = 0.05
}

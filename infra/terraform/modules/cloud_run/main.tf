locals {
  ingress = {
    ALL                    = "INGRESS_TRAFFIC_ALL"
    INTERNAL_LOAD_BALANCER = "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
    INTERNAL_ONLY          = "INGRESS_TRAFFIC_INTERNAL_ONLY"
  }

  urls = { for name in keys(var.services) : name => "https://${name}-${var.project_number}.${var.region}.run.app" if var.project_number != null }
  env = {
    for name, service in var.services : name => merge(
      service.env,
      service.self_url_in == null ? {} : { (service.self_url_in) = lookup(local.urls, name, "") },
    )
  }

  # The Prometheus sidecar is a sidecar like others, with a file of its own if it is told what to scrape.
  sidecars = {
    for name, service in var.services : name => merge(
      { for sidecar, it in service.sidecars : sidecar => merge(it, { files = {} }) },
      service.prometheus == null ? {} : {
        prometheus = {
          image  = service.prometheus.image
          args   = null
          env    = {}
          cpu    = "1"
          memory = "512Mi"
          files  = service.prometheus.config_secret == null ? {} : { rungmp = "/etc/rungmp" }
        }
      },
    )
  }
  files = {
    for name, service in var.services : name => merge(
      {
        for path, file in service.secret_files :
        "file-${substr(sha256(path), 0, 8)}" => { path = path, secret = file.secret, version = file.version, file = file.file }
      },
      try(service.prometheus.config_secret, null) == null ? {} : {
        rungmp = { path = null, secret = service.prometheus.config_secret, version = service.prometheus.version, file = "config.yaml" }
      },
    )
  }

  service_iam = merge(flatten([
    for name, service in var.services : [
      for role, members in service.iam : {
        for key, member in members : "${name}/${role}/${key}" => { service = name, role = role, member = member }
      }
    ]
  ])...)
  job_iam = merge(flatten([
    for name, job in var.jobs : [
      for role, members in job.iam : {
        for key, member in members : "${name}/${role}/${key}" => { job = name, role = role, member = member }
      }
    ]
  ])...)
}

resource "google_cloud_run_v2_service" "service" {
  for_each = var.services

  project             = var.project_id
  location            = var.region
  name                = each.key
  description         = each.value.description
  ingress             = local.ingress[each.value.ingress]
  custom_audiences    = each.value.audiences
  deletion_protection = var.deletion_protection
  labels              = merge(var.labels, each.value.labels)

  template {
    service_account                  = each.value.service_account
    timeout                          = "${each.value.timeout_seconds}s"
    max_instance_request_concurrency = each.value.concurrency
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"
    encryption_key                   = each.value.kms_key
    labels                           = merge(var.labels, each.value.labels)

    scaling {
      min_instance_count = each.value.min_instances
      max_instance_count = each.value.max_instances
    }

    dynamic "vpc_access" {
      for_each = each.value.vpc_egress == null ? {} : { direct = each.value.vpc_egress }

      content {
        egress = vpc_access.value

        network_interfaces {
          network    = var.vpc.network
          subnetwork = var.vpc.subnetwork
          tags       = var.vpc.tags
        }
      }
    }

    containers {
      name    = "app"
      image   = each.value.image
      command = each.value.command
      args    = each.value.args

      ports {
        container_port = each.value.port
      }

      resources {
        limits            = { cpu = each.value.cpu, memory = each.value.memory }
        cpu_idle          = !each.value.cpu_always
        startup_cpu_boost = true
      }

      dynamic "env" {
        for_each = local.env[each.key]

        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = each.value.secrets

        content {
          name = env.key

          value_source {
            secret_key_ref {
              secret  = env.value.secret
              version = env.value.version
            }
          }
        }
      }

      dynamic "volume_mounts" {
        for_each = { for name, file in local.files[each.key] : name => file.path if file.path != null }

        content {
          name       = volume_mounts.key
          mount_path = volume_mounts.value
        }
      }

      startup_probe {
        period_seconds    = each.value.startup_probe.period_seconds
        timeout_seconds   = min(each.value.startup_probe.period_seconds, 5)
        failure_threshold = each.value.startup_probe.failures

        http_get {
          path = each.value.startup_probe.path
          port = each.value.port
        }
      }

      liveness_probe {
        period_seconds    = each.value.liveness_probe.period_seconds
        timeout_seconds   = min(each.value.liveness_probe.period_seconds, 5)
        failure_threshold = each.value.liveness_probe.failures

        http_get {
          path = each.value.liveness_probe.path
          port = each.value.port
        }
      }
    }

    # They start once the application answers, and hear of its end first.
    dynamic "containers" {
      for_each = local.sidecars[each.key]

      content {
        name       = containers.key
        image      = containers.value.image
        args       = containers.value.args
        depends_on = ["app"]

        resources {
          limits   = { cpu = containers.value.cpu, memory = containers.value.memory }
          cpu_idle = !each.value.cpu_always
        }

        dynamic "env" {
          for_each = containers.value.env

          content {
            name  = env.key
            value = env.value
          }
        }

        dynamic "volume_mounts" {
          for_each = containers.value.files

          content {
            name       = volume_mounts.key
            mount_path = volume_mounts.value
          }
        }
      }
    }

    dynamic "volumes" {
      for_each = local.files[each.key]

      content {
        name = volumes.key

        secret {
          secret       = volumes.value.secret
          default_mode = 292 # 0444: the image runs as nobody

          items {
            version = volumes.value.version
            path    = volumes.value.file
          }
        }
      }
    }
  }

  traffic {
    type    = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
    percent = 100
    tag     = each.value.tag
  }

  # After the first apply these two are the release tools': which image runs (gcloud run deploy in CI) and which revision
  # gets how many requests (telecom release). A plan must neither undo a release nor end a canary. What else is set here
  # stays Terraform's: a change of it makes a new revision. Until the first release the newest revision gets all
  # requests; from then on a new one gets none before a release gives it some.
  lifecycle {
    ignore_changes = [
      client,
      client_version,
      template[0].containers[0].image,
      template[0].revision,
      traffic,
    ]
  }
}

resource "google_cloud_run_v2_job" "job" {
  for_each = var.jobs

  project             = var.project_id
  location            = var.region
  name                = each.key
  deletion_protection = var.deletion_protection
  labels              = merge(var.labels, each.value.labels)

  template {
    task_count  = each.value.tasks
    parallelism = each.value.parallelism
    labels      = merge(var.labels, each.value.labels)

    template {
      service_account       = each.value.service_account
      timeout               = "${each.value.timeout_seconds}s"
      max_retries           = each.value.retries
      execution_environment = "EXECUTION_ENVIRONMENT_GEN2"
      encryption_key        = each.value.kms_key

      dynamic "vpc_access" {
        for_each = each.value.vpc_egress == null ? {} : { direct = each.value.vpc_egress }

        content {
          egress = vpc_access.value

          network_interfaces {
            network    = var.vpc.network
            subnetwork = var.vpc.subnetwork
            tags       = var.vpc.tags
          }
        }
      }

      containers {
        name    = "app"
        image   = each.value.image
        command = each.value.command
        args    = each.value.args

        resources {
          limits = { cpu = each.value.cpu, memory = each.value.memory }
        }

        dynamic "env" {
          for_each = each.value.env

          content {
            name  = env.key
            value = env.value
          }
        }

        dynamic "env" {
          for_each = each.value.secrets

          content {
            name = env.key

            value_source {
              secret_key_ref {
                secret  = env.value.secret
                version = env.value.version
              }
            }
          }
        }
      }
    }
  }

  # The image is CI's after the first apply, as for services.
  lifecycle {
    ignore_changes = [
      client,
      client_version,
      template[0].template[0].containers[0].image,
    ]
  }
}

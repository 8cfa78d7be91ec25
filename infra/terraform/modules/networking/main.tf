locals {
  tag = "${var.name}-run"

  # private.googleapis.com: Google's APIs, container images and Cloud Run behind four addresses that lie on no public
  # route. Its domains are those of the zones.
  google_apis      = "199.36.153.8/30"
  google_addresses = [for number in range(4) : cidrhost(local.google_apis, number)]
  zones = {
    apis   = "googleapis.com."
    images = "pkg.dev."
    keys   = "gstatic.com." # of Identity-Aware Proxy, by which its assertions are checked
    run    = "run.app."
  }

  rules = merge(
    {
      deny-ingress = {
        description = "Nothing gets in from anywhere."
        direction   = "INGRESS"
        priority    = 65534
        allow       = false
        ranges      = ["0.0.0.0/0"]
      }
      deny-egress = {
        description = "Nothing gets out but what another rule lets out."
        direction   = "EGRESS"
        priority    = 65534
        allow       = false
        ranges      = ["0.0.0.0/0"]
      }
      allow-google = {
        description = "Google's APIs."
        direction   = "EGRESS"
        priority    = 1000
        allow       = true
        ranges      = [local.google_apis]
      }
    },
    var.internet_egress ? {
      allow-internet = {
        description = "HTTPS to the Internet."
        direction   = "EGRESS"
        priority    = 1100
        allow       = true
        ranges      = ["0.0.0.0/0"]
      }
    } : {},
  )
  internet = var.internet_egress ? { internet = var.name } : {}
}

resource "google_compute_network" "network" {
  project                         = var.project_id
  name                            = var.name
  description                     = "Direct egress of Cloud Run."
  auto_create_subnetworks         = false
  delete_default_routes_on_create = true
  routing_mode                    = "REGIONAL"
}

resource "google_compute_subnetwork" "subnet" {
  project                  = var.project_id
  region                   = var.region
  name                     = var.name
  network                  = google_compute_network.network.id
  ip_cidr_range            = var.subnet_cidr
  private_ip_google_access = true

  log_config {
    aggregation_interval = var.flow_logs.interval
    flow_sampling        = var.flow_logs.sampling
    metadata             = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_route" "google_apis" {
  project          = var.project_id
  name             = "${var.name}-google-apis"
  description      = "The only way out, to Google's APIs; it does not leave Google's network."
  network          = google_compute_network.network.id
  dest_range       = local.google_apis
  next_hop_gateway = "default-internet-gateway"
  priority         = 1000
}

resource "google_compute_route" "internet" {
  for_each = local.internet

  project          = var.project_id
  name             = "${each.value}-internet"
  description      = "To the Internet, through Cloud NAT."
  network          = google_compute_network.network.id
  dest_range       = "0.0.0.0/0"
  next_hop_gateway = "default-internet-gateway"
  priority         = 1100
}

resource "google_compute_firewall" "rule" {
  for_each = local.rules

  project            = var.project_id
  name               = "${var.name}-${each.key}"
  description        = each.value.description
  network            = google_compute_network.network.id
  direction          = each.value.direction
  priority           = each.value.priority
  source_ranges      = each.value.direction == "INGRESS" ? each.value.ranges : null
  destination_ranges = each.value.direction == "EGRESS" ? each.value.ranges : null
  target_tags        = each.value.allow ? [local.tag] : null

  dynamic "allow" {
    for_each = each.value.allow ? { https = "443" } : {}

    content {
      protocol = "tcp"
      ports    = [allow.value]
    }
  }

  dynamic "deny" {
    for_each = each.value.allow ? {} : { everything = "all" }

    content {
      protocol = deny.value
    }
  }

  dynamic "log_config" {
    for_each = each.value.allow ? {} : { denied = "INCLUDE_ALL_METADATA" }

    content {
      metadata = log_config.value
    }
  }
}

resource "google_dns_managed_zone" "google" {
  for_each = local.zones

  project     = var.project_id
  name        = "${var.name}-google-${each.key}"
  description = "${each.value} at private.googleapis.com"
  dns_name    = each.value
  visibility  = "private"
  labels      = var.labels

  private_visibility_config {
    networks {
      network_url = google_compute_network.network.id
    }
  }
}

resource "google_dns_record_set" "address" {
  for_each = local.zones

  project      = var.project_id
  managed_zone = google_dns_managed_zone.google[each.key].name
  name         = each.key == "apis" ? "private.${each.value}" : each.value
  type         = "A"
  ttl          = 300
  rrdatas      = local.google_addresses
}

resource "google_dns_record_set" "names" {
  for_each = local.zones

  project      = var.project_id
  managed_zone = google_dns_managed_zone.google[each.key].name
  name         = "*.${each.value}"
  type         = "CNAME"
  ttl          = 300
  rrdatas      = [google_dns_record_set.address[each.key].name]
}

resource "google_compute_router" "router" {
  for_each = local.internet

  project = var.project_id
  region  = var.region
  name    = each.value
  network = google_compute_network.network.id
}

resource "google_compute_router_nat" "nat" {
  for_each = local.internet

  project                            = var.project_id
  region                             = var.region
  name                               = each.value
  router                             = google_compute_router.router[each.key].name
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"

  subnetwork {
    name                    = google_compute_subnetwork.subnet.id
    source_ip_ranges_to_nat = ["ALL_IP_RANGES"]
  }

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}

variables {
  project_id = "acme-telecom"
  region     = "us-central1"
  name       = "telecom-dev"
}

run "closed_by_default" {
  command = plan

  assert {
    condition     = google_compute_network.network.auto_create_subnetworks == false && google_compute_network.network.delete_default_routes_on_create == true
    error_message = "No subnets of Google's choice, no default route."
  }
  assert {
    condition     = google_compute_subnetwork.subnet.private_ip_google_access == true && one(google_compute_subnetwork.subnet.log_config).flow_sampling == 0.5
    error_message = "The subnet has private Google access and flow logs."
  }
  assert {
    condition     = toset(keys(google_compute_firewall.rule)) == toset(["allow-google", "deny-egress", "deny-ingress"])
    error_message = "Three rules: nothing in, nothing out, Google's APIs out."
  }
  assert {
    condition     = alltrue([for rule in google_compute_firewall.rule : rule.direction == "EGRESS" || length(rule.allow) == 0])
    error_message = "No rule lets anything in."
  }
  assert {
    condition     = alltrue([for key in ["deny-ingress", "deny-egress"] : one(google_compute_firewall.rule[key].deny).protocol == "all" && google_compute_firewall.rule[key].priority == 65534 && length(google_compute_firewall.rule[key].log_config) == 1])
    error_message = "What is refused is logged, and refused last."
  }
  assert {
    condition     = google_compute_firewall.rule["allow-google"].destination_ranges == toset(["199.36.153.8/30"]) && one(google_compute_firewall.rule["allow-google"].allow).ports == tolist(["443"])
    error_message = "Out to private.googleapis.com, port 443, and nowhere else."
  }
  assert {
    condition     = google_compute_route.google_apis.dest_range == "199.36.153.8/30" && length(google_compute_route.internet) == 0 && length(google_compute_router_nat.nat) == 0
    error_message = "There is no way to the Internet."
  }
  assert {
    condition     = google_dns_record_set.address["apis"].name == "private.googleapis.com." && toset(google_dns_record_set.address["run"].rrdatas) == toset(["199.36.153.8", "199.36.153.9", "199.36.153.10", "199.36.153.11"]) && google_dns_record_set.names["images"].name == "*.pkg.dev."
    error_message = "Google's names lead to the private addresses."
  }
  assert {
    condition     = alltrue([for zone in google_dns_managed_zone.google : zone.visibility == "private"])
    error_message = "The zones are private."
  }
}

run "internet_when_asked_for" {
  command = apply

  variables {
    internet_egress = true
  }

  assert {
    condition     = google_compute_route.internet["internet"].dest_range == "0.0.0.0/0" && one(google_compute_firewall.rule["allow-internet"].allow).ports == tolist(["443"])
    error_message = "The Internet is reached over port 443."
  }
  assert {
    condition     = one(google_compute_router_nat.nat["internet"].subnetwork).name == google_compute_subnetwork.subnet.id && one(google_compute_router_nat.nat["internet"].log_config).enable
    error_message = "Through NAT of this subnet, with logs."
  }
  assert {
    condition     = output.cloud_run.network == google_compute_network.network.id && output.cloud_run.subnetwork == google_compute_subnetwork.subnet.id && output.cloud_run.tags == ["telecom-dev-run"]
    error_message = "The output is what cloud_run takes as vpc; the tag is that of the rules."
  }
}

run "refuses_a_range_that_is_too_small" {
  command = plan

  variables {
    subnet_cidr = "10.0.0.0/28"
  }

  expect_failures = [var.subnet_cidr]
}

run "refuses_names_regions_and_logs_that_cannot_be" {
  command = plan

  variables {
    name        = "Telecom"
    region      = "us"
    subnet_cidr = "8.8.8.0/24"
    flow_logs   = { sampling = 2, interval = "often" }
  }

  expect_failures = [var.name, var.region, var.subnet_cidr, var.flow_logs]
}

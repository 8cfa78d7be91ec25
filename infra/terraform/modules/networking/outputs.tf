output "network" {
  description = "Id of the network."
  value       = google_compute_network.network.id
}

output "subnetwork" {
  description = "Id of the subnet."
  value       = google_compute_subnetwork.subnet.id
}

output "cloud_run" {
  description = "What the variable vpc of the module cloud_run takes, once routes, names and firewall stand."
  value = {
    network    = google_compute_network.network.id
    subnetwork = google_compute_subnetwork.subnet.id
    tags       = [local.tag]
  }
  depends_on = [
    google_compute_firewall.rule,
    google_compute_route.google_apis,
    google_compute_route.internet,
    google_compute_router_nat.nat,
    google_dns_record_set.address,
    google_dns_record_set.names,
  ]
}

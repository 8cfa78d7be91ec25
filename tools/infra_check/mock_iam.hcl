
# The module's test asks for these by name; a mock cannot put a name together.
override_resource {
  target = google_service_account.account["cicd"]
  values = {
    email  = "telecom-cicd-dev@acme-telecom.iam.gserviceaccount.com"
    member = "serviceAccount:telecom-cicd-dev@acme-telecom.iam.gserviceaccount.com"
    name   = "projects/acme-telecom/serviceAccounts/telecom-cicd-dev@acme-telecom.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_project_iam_custom_role.role["model_caller"]
  values = {
    id = "projects/acme-telecom/roles/telecom_model_caller_dev"
  }
}

override_resource {
  target = google_iam_workload_identity_pool.github["github"]
  values = {
    name = "projects/123456789012/locations/global/workloadIdentityPools/github"
  }
}

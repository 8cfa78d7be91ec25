terraform {
  required_version = ">= 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.45.0, < 9.0.0"
    }
  }
}

provider "google" {
  project               = var.project_id
  region                = var.region
  billing_project       = var.project_id
  user_project_override = true

  # Modules label what they make; this is for what they leave out.
  default_labels = { app = "telecom-ml-llmops", env = var.env }
}

"""The project's own policies over Terraform plans, for what checkov does not look at."""

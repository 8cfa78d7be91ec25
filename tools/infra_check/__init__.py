"""Proves the Terraform estate as far as that is possible without a cloud account: see docs/infra/README.md."""

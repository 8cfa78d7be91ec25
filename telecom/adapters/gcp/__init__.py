"""Adapters on Google Cloud, under the same file names as those in `telecom.adapters.local`."""

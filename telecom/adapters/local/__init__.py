"""Adapters on one machine: the default product, not a mock."""

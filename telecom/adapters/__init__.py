"""The backends. Reached only through `telecom.bootstrap`."""

"""Runs checkov, offline and in an environment of its own, over modules, environments and plans."""

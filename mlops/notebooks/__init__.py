"""Notebooks over the churn jobs, and what all of them open with."""

"""HTTP services of the churn plane."""

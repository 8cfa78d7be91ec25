"""Jobs of the churn plane, one file each; see docs/architecture for the order in which data passes them."""

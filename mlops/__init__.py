"""The churn plane: from CSV to a scored table."""

"""What the assistant can look up: typed functions over the bound customer's data. They change nothing."""

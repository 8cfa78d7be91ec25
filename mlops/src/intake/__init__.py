"""Taking in a customer CSV, step by step: bytes, header, records, rules, verdict, staging."""

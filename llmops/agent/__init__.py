"""The assistant: one turn of a conversation, its guardrails, and the service around it."""

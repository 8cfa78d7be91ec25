"""Answers without a paid model: understands intents, calls the same tools in the same loop, fills templates."""

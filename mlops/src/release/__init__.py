"""Releases of an online service: judged step by step, remembered, and taken back."""

"""Checks the images without Docker: see docs/adr/0007-one-image.md."""

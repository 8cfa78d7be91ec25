"""Texts that models are given and the responder fills: Markdown with front matter. `agent.prompt_library` reads."""

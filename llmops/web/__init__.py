"""The pages: static files that `llmops.agent.web_files` serves."""

"""The knowledge base's PDF and DOCX files, rendered from Markdown: `python -m tools.knowledge_base`."""

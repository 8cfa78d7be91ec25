"""The page at `/`, until the web pages are there."""

PAGE = """<!doctype html>
<html lang="pt-BR">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Assistente</title>
<h1>Assistente</h1>
<p>O serviço está no ar. As rotas estão em <a href="/openapi.json">/openapi.json</a>.</p>
</html>
"""

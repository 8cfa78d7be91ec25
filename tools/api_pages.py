"""The pages of docs/api, from the services' OpenAPI documents."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tools.markdown import cell, code, page, table

Document = Mapping[str, Any]


def api_pages(documents: Mapping[str, Document], routes: Mapping[str, str]) -> Mapping[str, str]:
    """File name below docs/api → text, of services by name; `routes` says where each is described in words."""
    rows = []
    written: dict[str, str] = {}
    for name, document in documents.items():
        written[f"{name}.md"] = service_page(name, document)
        written[f"{name}.openapi.json"] = json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        title = document["info"]["title"]
        rows.append((f"[{title}]({name}.md)", f"[{name}.openapi.json]({name}.openapi.json)", routes[name]))
    head = ["Written from the documents that describe the services; clients can be generated from the JSON.", ""]
    lines = [*head, *table(("service", "OpenAPI 3.1", "in words"), rows), ""]
    words = "The dispatcher has two routes, for Pub/Sub: [its answers](../mlops/dispatcher.md#answers)."
    return {"README.md": page("HTTP", "the services' OpenAPI documents", [*lines, words]), **written}


def service_page(name: str, document: Document) -> str:
    """One service: its routes, then its types."""
    lines = [f"The document itself: [{name}.openapi.json]({name}.openapi.json).", ""]
    lines += table(("route", "does"), _index(document))
    common = _common(document)
    for path, method, route in _routes(document):
        lines += ["", f"## {method} {path}", "", f"{route['summary'].rstrip('.')}.", *_route(route, common)]
    lines += ["", "## Refusals", "", "Of every route that takes a token.", "", *_answers(common)]
    lines += ["", "## Types"]
    for kind, schema in sorted(document.get("components", {}).get("schemas", {}).items()):
        lines += ["", f"### {kind}", "", *_type(schema)]
    return page(document["info"]["title"], "its OpenAPI document", lines)


def _routes(document: Document) -> Iterator[tuple[str, str, Document]]:
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            yield path, method.upper(), route


def _index(document: Document) -> list[tuple[str, str]]:
    return [(code(f"{method} {path}"), cell(route["summary"])) for path, method, route in _routes(document)]


def _common(document: Document) -> Document:
    """The answers that all routes with a token have alike."""
    told = [route["responses"] for _, _, route in _routes(document) if route.get("security")]
    return {status: answer for status, answer in told[0].items() if all(r.get(status) == answer for r in told)}


def _route(route: Document, common: Document) -> Iterator[str]:
    token = "a bearer token; refuses as [all do](#refusals)" if route.get("security") else "no token"
    yield from ("", f"Takes {token}.")
    if told := route.get("parameters"):
        rows = [
            (code(p["name"]), p["in"], "yes" if p.get("required") else "no", kind_of(p["schema"]), _words(p["schema"]))
            for p in told
        ]
        yield from ("", *table(("parameter", "in", "required", "type", "meaning"), rows))
    if body := route.get("requestBody"):
        needed = "" if body.get("required") else " (may be left out)"
        yield from ("", f"Body{needed}: {_content(body['content'])}.")
    yield from ("", *_answers({s: answer for s, answer in route["responses"].items() if common.get(s) != answer}))


def _answers(answers: Document) -> Iterator[str]:
    rows = [
        (status, _content(answer.get("content", {})), cell(answer["description"]))
        for status, answer in sorted(answers.items())
    ]
    return table(("status", "body", "when"), rows)


def _content(content: Document) -> str:
    told = [f"`{kind}` {kind_of(each.get('schema', {}))}".strip() for kind, each in content.items()]
    return "; ".join(told) or "–"


def _type(schema: Document) -> Iterator[str]:
    if description := schema.get("description"):
        yield from (" ".join(description.split()), "")
    if "properties" not in schema:
        yield f"{kind_of(schema)}."
        return
    needed = set(schema.get("required", ()))
    rows = [
        (code(name), kind_of(told), "yes" if name in needed else "no", _words(told))
        for name, told in schema["properties"].items()
    ]
    yield from table(("field", "type", "required", "meaning"), rows)


def kind_of(schema: Document) -> str:
    """A schema in a few words, within a table."""
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(kind_of(each) for each in choices))
    if "const" in schema:
        return code(json.dumps(schema["const"]))
    if values := schema.get("enum"):
        return " or ".join(code(json.dumps(value, ensure_ascii=False)) for value in values)
    match schema.get("type"):
        case "array":
            return f"list of {kind_of(schema.get('items', {}))}"
        case "object" if isinstance(schema.get("additionalProperties"), Mapping):
            return f"map to {kind_of(schema['additionalProperties'])}"
        case str() as kind:
            return kind
        case kinds if isinstance(kinds, Sequence):
            return " or ".join(kinds)
        case _:
            return "anything"


_BOUNDS = {"minimum": "at least", "maximum": "at most", "minLength": "from", "maxLength": "up to", "maxItems": "up to"}
_UNITS = {"minLength": " characters", "maxLength": " characters", "maxItems": " items"}


def _words(schema: Document) -> str:
    told = [cell(schema["description"]).rstrip(".")] if schema.get("description") else []
    told += [f"{words} {schema[key]:,.9g}{_UNITS.get(key, '')}" for key, words in _BOUNDS.items() if key in schema]
    if pattern := schema.get("pattern"):
        told.append(code(pattern))
    if schema.get("default") is not None:
        told.append(f"default {code(json.dumps(schema['default'], ensure_ascii=False))}")
    return "; ".join(told)

"""A Vega-Lite specification becomes an SVG that lives inside the page: no ids that clash, titles on hover."""

import json
import re
from itertools import count
from typing import Any
from xml.etree import ElementTree as ET

import vl_convert
from markupsafe import Markup

VEGA_LITE = "6.4"
LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")
CLIP = re.compile(r"url\(['\"]?#([^)'\"]+)['\"]?\)")
DROPPED = ("class", "pointer-events", "role", "aria-label", "aria-hidden", "aria-roledescription", "version")
ROUNDED = ("d", "transform", "x", "y", "x1", "x2", "y1", "y2", "width", "height")

Spec = dict[str, Any]


def draw(spec: Spec, name: str, alternative: str) -> Markup:
    """Renders a specification.

    Colours may be CSS variables: the drawing follows the page's theme. A mark's `description` becomes its hover
    title; `alternative` is the text for those who do not see the chart. `name` must be unique on the page.

    Returns:
        An `<svg role="img">` without a size of its own; it takes the width of its box.
    """
    text = vl_convert.vegalite_to_svg(json.dumps(spec, allow_nan=False), vl_version=VEGA_LITE, allowed_base_urls=[])
    root = ET.fromstring(text)  # noqa: S314 - written by vl_convert a line ago
    _own_ids(root, name)
    for element in list(root.iter()):
        _settle(element)
    for attribute in ("width", "height"):
        root.attrib.pop(attribute, None)
    root.set("role", "img")
    root.set("aria-label", alternative)
    # ElementTree has escaped text and attributes; the names come from Vega.
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704


def _own_ids(root: ET.Element, name: str) -> None:
    # Vega numbers its clips per process: left alone, two drawings share ids and the bytes differ run by run.
    numbers = count(1)
    ids = {e.attrib["id"]: f"{name}-{next(numbers)}" for e in root.iter() if "id" in e.attrib}
    for element in root.iter():
        if "id" in element.attrib:
            element.set("id", ids[element.attrib["id"]])
        if clip := CLIP.fullmatch(element.get("clip-path", "")):
            element.set("clip-path", f"url(#{ids[clip[1]]})")


def _settle(element: ET.Element) -> None:
    element.tag = element.tag.rpartition("}")[2]
    mark = element.get("role") == "graphics-symbol" and element.get("aria-roledescription") != "axis"
    title = element.get("aria-label") if mark else None
    for attribute in DROPPED:
        element.attrib.pop(attribute, None)
    for attribute in ROUNDED:
        if attribute in element.attrib:
            element.set(attribute, LONG_NUMBER.sub(_two_decimals, element.attrib[attribute]))
    if title:
        ET.SubElement(element, "title").text = title


def _two_decimals(number: re.Match[str]) -> str:
    return f"{round(float(number[0]), 2) + 0.0:g}"

"""Reading the pictures that the tests made."""

from __future__ import annotations

from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"


def svg_tree(text: str) -> ElementTree.Element:
    """A picture's root element."""
    return ElementTree.fromstring(text)  # noqa: S314, the text is our own

"""Elements of SVG and HTML: built as trees, so that text is always escaped."""

from __future__ import annotations

from xml.etree import ElementTree

from inverse_tracr.report.text import clean

Element = ElementTree.Element
SVG = "http://www.w3.org/2000/svg"


def add(parent: Element, tag: str, text: str = "", /, **attributes: object) -> Element:
    """Append an element; `class_` writes `class`, `data_line` writes `data-line`; None leaves one out."""
    child = element(tag, text, **attributes)
    parent.append(child)
    return child


def element(tag: str, text: str = "", /, **attributes: object) -> Element:
    """An element as `add` appends it, without a parent."""
    made = Element(tag)
    for name, value in attributes.items():
        if value is not None:
            made.set(name.rstrip("_").replace("_", "-"), _written(value))
    if text:
        made.text = clean(text)
    return made


def html_text(tree: Element) -> str:
    """An element as HTML."""
    return ElementTree.tostring(tree, encoding="unicode", method="html")


def svg_file(tree: Element, style: str) -> str:
    """A picture as a file of its own, with its style inside."""
    tree.set("xmlns", SVG)
    tree.insert(0, element("style", style))
    ElementTree.indent(tree)
    for text in tree.iter("text"):
        _unindent(text)
    return ElementTree.tostring(tree, encoding="unicode", short_empty_elements=True) + "\n"


def _unindent(text: Element) -> None:
    """Take the line breaks between its parts out of a text: they would be drawn as spaces."""
    if len(text):
        text.text = (text.text or "").strip() or None
        for part in text:
            part.tail = None


def _written(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return clean(str(value))

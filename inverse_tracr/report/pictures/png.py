"""SVG to PNG, by the library resvg (extra `pictures`)."""

from __future__ import annotations

SCALE = 2.0


def to_png(svg: str, *, scale: float = SCALE) -> bytes:
    """An SVG file as a PNG of `scale` pixels a unit, on white.

    Raises ModuleNotFoundError where the extra is not installed.
    """
    import resvg_py

    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=scale, background="#ffffff"))

"""Colours that can be read: contrast as WCAG 2 defines it."""

from __future__ import annotations

import re

Channels = tuple[float, ...]

TEXT_AT_LEAST = 4.5
"""Contrast of text that is not large, level AA."""


def text_on(background: str) -> str:
    """Black or white, whichever stands out more; colours are #rrggbb."""
    return max(("#ffffff", "#000000"), key=lambda colour: contrast(colour, background))


def readable(colour: str, background: str) -> str:
    """The colour, or the nearest to it on the way to black or white that text may have there."""
    end = _channels(text_on(background))
    start = _channels(colour)
    for step in range(21):
        mixed = tuple(a + (b - a) * step / 20 for a, b in zip(start, end, strict=True))
        if contrast(_hex(mixed), background) >= TEXT_AT_LEAST:
            return _hex(mixed)
    return _hex(end)


def contrast(one: str, other: str) -> float:
    """1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in _channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(colour: str) -> Channels:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        raise ValueError(f"{colour!r} is no colour: #rrggbb is one")
    return tuple(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))


def _hex(channels: Channels) -> str:
    return "#" + "".join(f"{round(value * 255):02x}" for value in channels)

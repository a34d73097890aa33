"""The small signs of BPMN as paths: no font draws all of them, and paper must not depend on which fonts there are."""

from typing import Final

# Each path lies within -8..8 around its middle. FILLED ones are painted, the others are strokes.
PATHS: Final = {
    "user": "M-3 -3a3 3 0 1 0 6 0a3 3 0 1 0 -6 0M-6 7v-2a4.5 4.5 0 0 1 4.5 -4.5h3a4.5 4.5 0 0 1 4.5 4.5v2z",
    "gear": "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0M-1.5 0a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0 -3 0"
    "M0 -4v-3M0 4v3M-4 0h-3M4 0h3M-2.8 -2.8l-2.1 -2.1M2.8 2.8l2.1 2.1M2.8 -2.8l2.1 -2.1M-2.8 2.8l-2.1 2.1",
    "table": "M-7 -6h14v12h-14zM-7 -2h14M-7 2h14M-3 -2v8",
    "lines": "M-6 -5h12M-6 0h12M-6 5h12",
    "envelope": "M-7 -5h14v10h-14zM-7 -5l7 6l7 -6",
    "cross": "M-5 -5l10 10M5 -5l-10 10",
    "plus": "M-6.5 0h13M0 -6.5v13",
    "ring": "M-6 0a6 6 0 1 0 12 0a6 6 0 1 0 -12 0",
    "rings": "M-7 0a7 7 0 1 0 14 0a7 7 0 1 0 -14 0M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0",
    "star": "M-6.5 0h13M0 -6.5v13M-4.6 -4.6l9.2 9.2M4.6 -4.6l-9.2 9.2",
    "clock": "M-7 0a7 7 0 1 0 14 0a7 7 0 1 0 -14 0M0 -4.5v4.5l3.2 2",
    "bolt": "M-6 6l3.5 -10l4 6.5l4.5 -8.5l-3.5 11l-4 -6.5z",
    "arrow-up": "M0 -7l5 13l-5 -5l-5 5z",
    "triangle": "M0 -6.5l6.5 11h-13z",
    "dot": "M-6.5 0a6.5 6.5 0 1 0 13 0a6.5 6.5 0 1 0 -13 0",
    "sheet": "M-5 -6.5h10v13h-10zM-3 -3.5h6M-3 0h6M-3 3.5h6",
    "arrow": "M-7 -2.5h7v-3l7 5.5l-7 5.5v-3h-7z",
    "back": "M0 -5v10l-7 -5zM7 -5v10l-7 -5z",
    "boxed-plus": "M-6 -6h12v12h-12zM-3.5 0h7M0 -3.5v7",
    "bars": "M-4 -5v10M0 -5v10M4 -5v10",
    "unknown": "M-6 -6h12v12h-12z",
}
FILLED: Final = frozenset({"dot"})


def symbol(name: str, x: float, y: float, scale: float, ink: str) -> str:
    """The sign with its middle at (x, y). `scale` 1 makes it 16 units wide; it is not read out."""
    paint = f'fill="{ink}" stroke="none"' if name in FILLED else f'fill="none" stroke="{ink}"'
    return (
        f'<path d="{PATHS.get(name, PATHS["unknown"])}" transform="translate({x:.1f} {y:.1f}) scale({scale:g})" '
        f'{paint} stroke-width="{1.2 / scale:.2f}" aria-hidden="true"/>'
    )

"""A diagram as a picture made on the server: for paper, and for whoever has no JavaScript."""

from forms.drawing.svg import draw

__all__ = ["draw"]

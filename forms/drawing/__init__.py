"""A diagram as a picture made on the server: for paper, and for whoever has no JavaScript."""

from forms.drawing.plates import PAPERS, Plate, paper_for, plates
from forms.drawing.svg import draw, extent

__all__ = ["PAPERS", "Plate", "draw", "extent", "paper_for", "plates"]

"""The process folders as a drawing: what calls, starts or uses what, in layers from above down, as boxes and lines.

Lines that would cross a layer get a place in it like a box, so none runs through one. It only places: the
template draws, and the table below the drawing says the same in words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from engine.queries.usages import OF_CAMPAIGN, Dependency

CALLS: Final = "calls"
STARTS: Final = "starts"
USES: Final = "uses"
HOWS: Final = (CALLS, STARTS, USES)
BOX_WIDTH: Final = 136
BOX_HEIGHT: Final = 50
GAP: Final = 18  # between neighbours of a layer
LANE: Final = 10  # the width that a line takes up in a layer
LAYER: Final = 122  # from one layer to the next
MARGIN: Final = 16
SWEEPS: Final = 8
TABLES: Final = "ladders"  # the folder of the tables that campaigns choose


@dataclass(frozen=True)
class Box:
    key: str
    x: int
    y: int


@dataclass(frozen=True)
class Line:
    """`path` is an SVG path from the folder that needs to the one that is needed."""

    source: str
    target: str
    how: str
    path: str


@dataclass(frozen=True)
class Map:
    """Boxes from above down and from left to right."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    box_width: int = BOX_WIDTH
    box_height: int = BOX_HEIGHT


@dataclass(frozen=True)
class _Edge:
    """`is_turned`: it goes upwards in the drawing, since it would close a circle."""

    source: str
    target: str
    how: str
    is_turned: bool = False

    @property
    def upper(self) -> str:
        return self.target if self.is_turned else self.source

    @property
    def lower(self) -> str:
        return self.source if self.is_turned else self.target


def map_of(folders: Sequence[Dependency], homes: Mapping[str, str]) -> Map:
    """`homes`: by table or letter the folder that holds it. Folders without any line stand in the last row."""
    keys = [folder.key for folder in folders]
    edges = _without_circles(keys, [edge for folder in folders for edge in _edges(folder, homes, frozenset(keys))])
    layer_of = _layers(keys, edges)
    chains = [_chain(number, edge, layer_of) for number, edge in enumerate(edges)]
    layers: list[list[str]] = [[] for _ in range(max(layer_of.values(), default=-1) + 1)]
    for key, layer in layer_of.items():
        layers[layer].append(key)
    for chain in chains:
        for place, name in enumerate(chain[1:-1], layer_of[chain[0]] + 1):
            layers[place].append(name)
    _uncross(layers, chains)
    lone = [key for key in keys if key not in layer_of]
    middles = _middles([*layers, lone] if lone else layers, chains)
    rows = {**layer_of, **dict.fromkeys(lone, len(layers))}
    left = min((middles[key] - _width(key) / 2 for key in middles), default=0)
    middles = {key: middle - left + MARGIN for key, middle in middles.items()}
    boxes = tuple(
        Box(key, round(middles[key] - BOX_WIDTH / 2), MARGIN + rows[key] * LAYER)
        for key in sorted(rows, key=lambda key: (rows[key], middles[key]))
    )
    return Map(
        width=round(max((middles[key] + _width(key) / 2 for key in middles), default=0)) + MARGIN,
        height=2 * MARGIN + max(rows.values(), default=0) * LAYER + BOX_HEIGHT,
        boxes=boxes,
        lines=tuple(_lines(edges, chains, layer_of, middles)),
    )


# -- what is joined ----------------------------------------------------------------------------------------------------
def _edges(folder: Dependency, homes: Mapping[str, str], known: frozenset[str]) -> Iterable[_Edge]:
    """Each pair once, by the closest tie: who calls another need not be told to use it too."""
    tables = (TABLES if name.startswith(OF_CAMPAIGN) else homes.get(name, "") for name in folder.decisions)
    needed = {
        CALLS: folder.calls,
        STARTS: folder.starts,
        USES: (*tables, *(homes.get(name, "") for name in folder.letters)),
    }
    told: set[str] = {folder.key}
    for how in HOWS:
        for key in dict.fromkeys(needed[how]):
            if key in known and key not in told:
                told.add(key)
                yield _Edge(folder.key, key, how)


def _without_circles(keys: Sequence[str], edges: Sequence[_Edge]) -> list[_Edge]:
    """Walked from those that nobody needs; an edge back to where the walk came from is turned round."""
    after: dict[str, list[_Edge]] = {key: [] for key in keys}
    for edge in edges:
        after[edge.source].append(edge)
    needed = {edge.target for edge in edges}
    done: set[str] = set()
    turned: set[_Edge] = set()
    for start in sorted(keys, key=lambda key: key in needed):
        walk = [(start, iter(after[start]))] if start not in done else []
        while walk:
            key, rest = walk[-1]
            done.add(key)
            onward = next(rest, None)
            if onward is None:
                walk.pop()
            elif any(onward.target == upon for upon, _ in walk):
                turned.add(onward)
            elif onward.target not in done:
                walk.append((onward.target, iter(after[onward.target])))
    return [_Edge(edge.source, edge.target, edge.how, edge in turned) for edge in edges]


def _layers(keys: Sequence[str], edges: Sequence[_Edge]) -> dict[str, int]:
    """By folder with a line: below all that need it; right above what it needs where nobody needs it."""
    joined = {key for edge in edges for key in (edge.source, edge.target)}
    found = dict.fromkeys((key for key in keys if key in joined), 0)
    for _ in found:
        for edge in edges:
            found[edge.lower] = max(found[edge.lower], found[edge.upper] + 1)
    for key in found:
        if all(edge.lower != key for edge in edges):
            found[key] = min(found[edge.lower] for edge in edges if edge.upper == key) - 1
    return found


def _chain(number: int, edge: _Edge, layer_of: Mapping[str, int]) -> list[str]:
    """From the upper box to the lower one, with a lane in each layer between."""
    between = range(layer_of[edge.upper] + 1, layer_of[edge.lower])
    return [edge.upper, *(f"|{number}|{layer}" for layer in between), edge.lower]


def _is_lane(name: str) -> bool:
    return name.startswith("|")


def _width(name: str) -> int:
    return LANE if _is_lane(name) else BOX_WIDTH


# -- where it stands ---------------------------------------------------------------------------------------------------
def _neighbours(chains: Sequence[Sequence[str]]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """(above, below)"""
    above: dict[str, list[str]] = {}
    below: dict[str, list[str]] = {}
    for chain in chains:
        for upper, lower in pairwise(chain):
            above.setdefault(lower, []).append(upper)
            below.setdefault(upper, []).append(lower)
    return above, below


def _uncross(layers: list[list[str]], chains: Sequence[Sequence[str]]) -> None:
    """Each layer in the order of the mean of its neighbours, downwards and upwards in turn."""
    above, below = _neighbours(chains)
    for sweep in range(SWEEPS):
        beside = above if sweep % 2 == 0 else below
        places = {name: place for layer in layers for place, name in enumerate(layer)}
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wanted = {name: _mean([places[each] for each in beside.get(name, [])], places[name]) for name in layer}
            layer.sort(key=lambda name: (wanted[name], places[name]))
            places |= {name: place for place, name in enumerate(layer)}


def _middles(layers: Sequence[Sequence[str]], chains: Sequence[Sequence[str]]) -> dict[str, float]:
    """As near to its neighbours as the others of its layer allow."""
    above, below = _neighbours(chains)
    middles: dict[str, float] = {}
    for layer in layers:
        whole = sum(_width(name) + GAP for name in layer) - GAP
        x = -whole / 2
        for name in layer:
            middles[name] = x + _width(name) / 2
            x += _width(name) + GAP
    for sweep in range(SWEEPS):
        beside = below if sweep % 2 == 0 else above
        for layer in reversed(layers) if sweep % 2 == 0 else layers:
            wanted = [_mean([middles[each] for each in beside.get(name, [])], middles[name]) for name in layer]
            middles |= dict(zip(layer, _apart(layer, wanted), strict=True))
    return middles


def _apart(layer: Sequence[str], wanted: Sequence[float]) -> list[float]:
    """In their order, none nearer than it may be: the mean of pushing to the right and pushing to the left."""
    right, left = list(wanted), list(wanted)
    for place in range(1, len(layer)):
        right[place] = max(right[place], right[place - 1] + _distance(layer[place - 1], layer[place]))
    for place in range(len(layer) - 2, -1, -1):
        left[place] = min(left[place], left[place + 1] - _distance(layer[place], layer[place + 1]))
    return [(one + other) / 2 for one, other in zip(right, left, strict=True)]


def _distance(one: str, other: str) -> float:
    return (_width(one) + _width(other)) / 2 + GAP


def _mean(found: Sequence[float], otherwise: float) -> float:
    return sum(found) / len(found) if found else otherwise


# -- lines -------------------------------------------------------------------------------------------------------------
def _lines(
    edges: Sequence[_Edge], chains: Sequence[Sequence[str]], layer_of: Mapping[str, int], middles: Mapping[str, float]
) -> Iterable[Line]:
    leaving = _ports([chain[0] for chain in chains], [middles[chain[1]] for chain in chains], middles)
    coming = _ports([chain[-1] for chain in chains], [middles[chain[-2]] for chain in chains], middles)
    for number, (edge, chain) in enumerate(zip(edges, chains, strict=True)):
        y = MARGIN + layer_of[chain[0]] * LAYER + BOX_HEIGHT
        points = [(leaving[number], float(y))]
        for name in chain[1:-1]:
            points += [(middles[name], y + LAYER - BOX_HEIGHT), (middles[name], y + LAYER)]
            y += LAYER
        points.append((coming[number], float(y + LAYER - BOX_HEIGHT)))
        yield Line(edge.source, edge.target, edge.how, _path(points[::-1] if edge.is_turned else points))


def _ports(boxes: Sequence[str], towards: Sequence[float], middles: Mapping[str, float]) -> list[float]:
    """Where each line meets its box: side by side, in the order of where they come from."""
    found = [0.0] * len(boxes)
    for box in dict.fromkeys(boxes):
        numbers = sorted((number for number, each in enumerate(boxes) if each == box), key=lambda each: towards[each])
        step = BOX_WIDTH / (len(numbers) + 1)
        for place, number in enumerate(numbers, 1):
            found[number] = middles[box] - BOX_WIDTH / 2 + step * place
    return found


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Curves that leave and arrive upright; straight through a layer."""
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (from_x, from_y), (x, y) in pairwise(points):
        if from_x == x:
            path += f" V{y:.1f}"
        else:
            half = (from_y + y) / 2
            path += f" C{from_x:.1f} {half:.1f} {x:.1f} {half:.1f} {x:.1f} {y:.1f}"
    return path

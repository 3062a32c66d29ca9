"""Pictures as inline SVG: figures in, markup out. Colours and type sizes are classes, so that style.css decides them.

Every picture has a title for those who can't see it; the figures themselves stand in a table beside it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cybersieve.markup import Html, el, join

Figures = dict[str, Any]
FLOW_WIDTH, FLOW_HEIGHT, FLOW_GAP = 420, 300, 30  # of the flow picture, and between its boxes


@dataclass(frozen=True)
class Frame:
    """A plot's area in SVG units, and the range of its axes."""

    x: tuple[float, float]
    y: tuple[float, float]
    left: float = 46
    top: float = 10
    width: float = 238
    height: float = 180

    def at(self, x: float, y: float) -> tuple[float, float]:
        (x0, x1), (y0, y1) = self.x, self.y
        return (round(self.left + (x - x0) / (x1 - x0) * self.width, 2),
                round(self.top + (y1 - y) / (y1 - y0) * self.height, 2))

    def axes(self, x_name: str, y_name: str, y_steps: int = 4, y_percent: bool = True) -> Html:
        """Grid lines with their values, and the names of both axes."""
        right, bottom = self.left + self.width, self.top + self.height
        parts = []
        for i in range(5):
            x = self.x[0] + (self.x[1] - self.x[0]) * i / 4
            px, _ = self.at(x, self.y[0])
            parts += [el("line", x1=px, x2=px, y1=self.top, y2=bottom, class_="grid"),
                      label(f"{x:.0%}", px, bottom + 13, "middle")]
        for i in range(y_steps + 1):
            y = self.y[0] + (self.y[1] - self.y[0]) * i / y_steps
            _, py = self.at(self.x[0], y)
            parts += [el("line", x1=self.left, x2=right, y1=py, y2=py, class_="grid"),
                      label(f"{y:.0%}" if y_percent else f"{abs(y):,.0f}", self.left - 4, py + 3.5, "end")]
        middle = self.top + self.height / 2
        return join([*parts, label(x_name, self.left + self.width / 2, bottom + 28, "middle"),
                     el("text", y_name, x=10, y=middle, text_anchor="middle", class_="axis",
                        transform=f"rotate(-90 10 {middle:g})")])


def svg(title: str, *parts: object, width: float = 300, height: float = 225, class_: str = "chart") -> Html:
    return el("svg", el("title", title), *parts, viewBox=f"0 0 {width:g} {height:g}", role="img", class_=class_)


def label(text: str, x: float, y: float, anchor: str = "start", class_: str = "axis") -> Html:
    return el("text", text, x=f"{x:g}", y=f"{y:g}", text_anchor=anchor, class_=class_)


def polyline(points: Iterable[tuple[float, float]], class_: str) -> Html:
    return el("polyline", points=" ".join(f"{x:g},{y:g}" for x, y in points), class_=class_)


def precision_recall(curve: Sequence[Figures]) -> Html:
    """The curve of all cuts through the probability, and the run's own point on or beside it."""
    known = [point for point in curve if point["kind"] == "curve"]
    least = min(point["precision"] for point in curve)
    tenths = max(1, 10 - int(least * 10))  # the axis starts at a tenth, and shows each of them
    frame = Frame((0, 1), (1 - tenths / 10, 1))
    parts = [frame.axes("recall", "precision", tenths if tenths > 1 else 5),
             polyline([frame.at(point["recall"], point["precision"]) for point in known], "curve")]
    for point in curve:
        if point["kind"] == "run":
            x, y = frame.at(point["recall"], point["precision"])
            parts += [el("circle", cx=x, cy=y, r=5, class_="point"), label("this run", x - 9, y + 16, "end", "name")]
    return svg("Precision against recall at every cut, and the point at which this run decided", *parts)


def reliability(points: Sequence[Figures]) -> Html:
    """Share of positives against the mean probability of each bin; on the diagonal the probabilities are honest."""
    frame, most = Frame((0, 1), (0, 1)), max(point["n"] for point in points)
    dots = [el("circle", cx=x, cy=y, r=round(2.5 + 3.5 * (point["n"] / most) ** 0.5, 2), class_="point")
            for point in points for x, y in [frame.at(point["said"], point["true"])]]
    return svg("Share of security text against the probability that was said; the diagonal is perfect calibration",
               frame.axes("probability said", "share that was security"),
               polyline([frame.at(0, 0), frame.at(1, 1)], "diagonal"), *dots)


def histogram(bins: Sequence[Figures], width: float, limits: Sequence[float | None]) -> Html:
    """Labelled records by confidence: security text upwards, the rest downwards, thresholds as lines."""
    most = max(part["records"] for part in bins)
    frame = Frame((0, 1), (-most, most))
    bars = []
    for part in bins:
        up = part["label"] == "yes"
        x0, top = frame.at(part["confidence"], part["records"] if up else 0)
        x1, bottom = frame.at(part["confidence"] + width, 0 if up else -part["records"])
        bars.append(el("rect", x=x0, y=top, width=round(x1 - x0 - 1, 2), height=round(bottom - top, 2),
                       class_="kept" if up else "rejected"))
    lines = [polyline([frame.at(limit, -most), frame.at(limit, most)], "limit")
             for limit in limits if limit is not None]
    return svg("Labelled records by the rules' confidence: security text upwards, other text downwards",
               frame.axes("confidence of the rules", "records", y_percent=False), *bars, *lines)


@dataclass
class Node:
    """A box of the flow picture. Ribbons leave and enter it from top to bottom."""

    name: str
    records: int
    kind: str
    x: float
    y: float = 0
    height: float = 0
    left: float = 0  # how far down ribbons have left
    entered: float = 0


def flow(deciders: dict[tuple[str, str], int]) -> Html:
    """Where the records went: all of them on the left, who decided in the middle, the outcome on the right."""
    n = deciders.get
    asked = sum(count for (by, _), count in deciders.items() if by == "llm")
    middle = [keep, asks, lost, drop, twins, unused] = [
        Node("rules keep", n(("rule", "kept"), 0), "kept", 150), Node("LLM is asked", asked, "asked", 150),
        Node("files left out", n(("parse", "failed"), 0), "failed", 150),
        Node("rules reject", n(("rule", "rejected"), 0), "rejected", 150),
        Node("duplicates", n(("dedup", "rejected"), 0), "aside", 150),
        Node("withdrawn or empty", n(("parse", "rejected"), 0), "aside", 150)]
    ends = [kept, failed, rejected, aside] = [
        Node("kept", keep.records + n(("llm", "kept"), 0), "kept", FLOW_WIDTH - 8),
        Node("failed", n(("llm", "failed"), 0) + lost.records, "failed", FLOW_WIDTH - 8),
        Node("rejected", drop.records + n(("llm", "rejected"), 0), "rejected", FLOW_WIDTH - 8),
        Node("set aside", twins.records + unused.records, "aside", FLOW_WIDTH - 8)]
    start = Node("records", sum(deciders.values()), "all", 0)
    scale = (FLOW_HEIGHT - FLOW_GAP * (5 + bool(lost.records))) / max(start.records, 1)
    for column in ([start], middle, ends):
        _place([node for node in column if node.records], scale)
    links = [(start, node, node.records) for node in middle] + [
        (keep, kept, keep.records), (asks, kept, n(("llm", "kept"), 0)), (asks, failed, n(("llm", "failed"), 0)),
        (lost, failed, lost.records), (asks, rejected, n(("llm", "rejected"), 0)), (drop, rejected, drop.records),
        (twins, aside, twins.records), (unused, aside, unused.records)]
    nodes = [node for node in [start, *middle, *ends] if node.records]
    return svg("Where the records went; the table below holds the same figures",
               *(_ribbon(a, b, count * scale) for a, b, count in links if count),
               *(el("rect", x=node.x, y=round(node.y, 2), width=8, height=round(max(node.height, 1.5), 2),
                    class_=node.kind) for node in nodes),
               *(_named(node) for node in nodes), width=FLOW_WIDTH, height=FLOW_HEIGHT, class_="flow")


def _place(column: list[Node], scale: float) -> None:
    """Heights in proportion, the column spread evenly from top to bottom."""
    free = FLOW_HEIGHT - sum(node.records for node in column) * scale - FLOW_GAP
    y = FLOW_GAP / 2 if len(column) > 1 else (free + FLOW_GAP) / 2
    for node in column:
        node.y, node.height = y, node.records * scale
        y += node.height + free / max(len(column) - 1, 1)


def _ribbon(a: Node, b: Node, thickness: float) -> Html:
    """A band from the lower free edge of `a` to that of `b`, in the colour of where it goes."""
    x0, x1 = a.x + 8, b.x
    y0, y1 = a.y + a.left, b.y + b.entered
    a.left, b.entered = a.left + thickness, b.entered + thickness
    bend = (x0 + x1) / 2
    shape = (f"M{x0:g} {y0:.2f}C{bend:g} {y0:.2f} {bend:g} {y1:.2f} {x1:g} {y1:.2f}V{y1 + thickness:.2f}"
             f"C{bend:g} {y1 + thickness:.2f} {bend:g} {y0 + thickness:.2f} {x0:g} {y0 + thickness:.2f}Z")
    return el("path", d=shape, class_=f"ribbon {b.kind}")


def _named(node: Node) -> Html:
    anchor, x = ("end", node.x - 6) if node.x > FLOW_WIDTH / 2 else ("start", node.x + 14)
    y = node.y + node.height / 2
    return join([label(node.name, x, y - 2, anchor, "name"), label(f"{node.records:,}", x, y + 11, anchor, "figure")])

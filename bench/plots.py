"""The pictures of docs/benchmarks.md: figures in, an SVG file's text out, readable on light and on dark pages."""

from collections.abc import Sequence

from bench.common import Figures
from cybersieve import charts
from cybersieve.markup import Html, el

STYLE = """text{font:11px system-ui,sans-serif;fill:#777}.grid{stroke:#8884;stroke-width:1}.name{font-weight:600}
polyline{fill:none;stroke-width:2}.c0{stroke:#0a7d5a}.c1{stroke:#3b6fd4}.c2{stroke:#a457c9}.c3{stroke:#d08a1c}
.c4{stroke:#c4483f}rect.c0{fill:#0a7d5a;stroke:none}rect.c1{fill:#3b6fd4;stroke:none}
@media (prefers-color-scheme:dark){text{fill:#aaa}}"""


def standalone(picture: Html) -> str:
    """A chart of this project as a file of its own."""
    start, rest = str(picture).split(">", 1)
    return f'{start} xmlns="http://www.w3.org/2000/svg">{el("style", Html(STYLE))}{rest}\n'


def lines(title: str, series: dict[str, Sequence[tuple[float, float]]], frame: charts.Frame, x: str, y: str) -> str:
    """Each series as a line, its name in the legend on the right."""
    parts: list[Html] = [frame.axes(x, y)]
    for number, (name, points) in enumerate(series.items()):
        across = [frame.at(*point) for point in points if frame.x[0] <= point[0] <= frame.x[1]]
        top = frame.top + 14 * number + 8
        left = frame.left + frame.width + 12
        parts += [charts.polyline(across, f"c{number}"), charts.polyline([(left, top), (left + 16, top)], f"c{number}"),
                  charts.label(name, left + 22, top + 4)]
    return standalone(charts.svg(title, *parts, width=440, height=225))


def bars(title: str, rows: Sequence[tuple[str, float, str]], colours: int = 1, width: float = 440) -> str:
    """Horizontal bars: name, length, and what is written at its end; colours take turns."""
    most = max(value for _, value, _ in rows)
    parts = []
    for number, (name, value, said) in enumerate(rows):
        y = 8 + 24 * number
        length = round(max(1, value / most * (width - 270)), 1)
        parts += [charts.label(name, 112, y + 13, "end"),
                  el("rect", x=118, y=y, width=length, height=17, class_=f"c{number % colours}"),
                  charts.label(said, 124 + length, y + 13)]
    return standalone(charts.svg(title, *parts, width=width, height=16 + 24 * len(rows)))


def verifier(found: Figures) -> str:
    rows = sorted(found["ways"].items(), key=lambda row: row[1]["records_per_second"])
    return bars("Questions a second, by the way they are asked", [
        (name, row["records_per_second"], f"{row['records_per_second']:.2f} a second") for name, row in rows])


def growth(found: Figures) -> str:
    rows = [row for point in found["sizes"] for row in (
        (f"{point['records']:,}", point["cpu_seconds"] / point["records"],
         f"{1000 * point['cpu_seconds'] / point['records']:.2f} CPU s per 1,000"),)]
    memory = [(f"{point['records']:,}", point["peak_memory_mb"], f"{point['peak_memory_mb']:,.0f} MB")
              for point in found["sizes"]]
    top = max(value for _, value, _ in rows)
    most = max(value for _, value, _ in memory)
    both = [pair for row, other in zip(rows, memory, strict=True)
            for pair in ((row[0], row[1] / top, row[2]), ("", other[1] / most, other[2]))]
    return bars("Processor time for 1,000 records and peak memory, by the number of records", both, 2)


def cascade(found: Figures) -> str:
    series = {name: [(point["target"], point["calls_saved"]) for point in figures["points"]]
              for name, figures in found["ours"].items()}
    series |= {name: [(float(target), value) for target, value in values.items()]
               for name, values in found["published"].items()}
    return lines("Share of LLM calls saved against the guaranteed target", series,
                 charts.Frame((0.75, 0.95), (0, 1)), "guaranteed target", "calls saved")

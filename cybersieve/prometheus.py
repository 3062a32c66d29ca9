"""The server's figures in Prometheus' text format (version 0.0.4): counted in memory, written on request."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Requests:
    """Requests by path and status, and how long they took."""

    def __init__(self) -> None:
        self.open = 0
        self.counts: Counter[tuple[str, int]] = Counter()
        self.buckets: Counter[tuple[str, float]] = Counter()  # cumulative, as Prometheus wants them
        self.seconds = defaultdict[str, float](float)

    def add(self, path: str, status: int, seconds: float) -> None:
        self.counts[path, status] += 1
        self.seconds[path] += seconds
        for edge in (*SECONDS, float("inf")):
            self.buckets[path, edge] += seconds <= edge

    def lines(self) -> Iterable[str]:
        yield from _family("cybersieve_requests_total", "counter", "Requests answered.", {
            _labels(path=path, status=status): count for (path, status), count in sorted(self.counts.items())})
        yield from ("# HELP cybersieve_request_seconds Time from a request's first byte to its answer's last.",
                    "# TYPE cybersieve_request_seconds histogram")
        for path in sorted(self.seconds):
            for edge in (*SECONDS, float("inf")):
                labels = _labels(path=path, le="+Inf" if edge == float("inf") else f"{edge:g}")
                yield f"cybersieve_request_seconds_bucket{labels} {self.buckets[path, edge]}"
            yield f"cybersieve_request_seconds_sum{_labels(path=path)} {self.seconds[path]:.6f}"
            yield f"cybersieve_request_seconds_count{_labels(path=path)} {self.buckets[path, float('inf')]}"
        yield from gauge("cybersieve_requests_open", "Requests being answered.", self.open)


def gauge(name: str, about: str, value: float) -> Iterable[str]:
    return _family(name, "gauge", about, {"": value})


def counter(name: str, about: str, value: float) -> Iterable[str]:
    return _family(name, "counter", about, {"": value})


def _family(name: str, kind: str, about: str, samples: Mapping[str, float]) -> Iterable[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples.items():
        yield f"{name}{labels} {value:d}" if isinstance(value, int) else f"{name}{labels} {value:.6f}"


def _labels(**labels: object) -> str:
    """Values are ours (known paths, numbers), never a client's: nothing to escape."""
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"

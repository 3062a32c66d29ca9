"""Stage outputs written by hand: a few records with scores and verdicts, for tests of what reads them."""

from pathlib import Path

from cybersieve import records
from cybersieve.records import Record, Row


def write(folder: Path, rows: list[Row], source: str = "a/b.json") -> None:
    """parsed/, scored/ and verdicts/ from rows with id, verdict, by and, where they matter, the other columns."""
    name = f"{source}.parquet"
    full = [{"title": "T", "text": "x", "rules": [], "score": None, "confidence": None, "reason": "because",
             "p_yes": None, "margin": None, "source": source} | row for row in rows]
    parsed = [Record(row["id"], source, str(i), row["title"], row["text"], row.get("meta", {})).row()
              for i, row in enumerate(full)]
    records.write(folder / "parsed" / name, parsed, records.PARSED)
    records.write(folder / "scored" / name, full, records.SCORED)
    records.write(folder / "verdicts" / name, full, records.VERDICTS)

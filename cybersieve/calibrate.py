"""Thresholds: which confidences the rules decide alone, and what that is proven to cost."""

from pathlib import Path
from typing import Any

from cybersieve import params, records
from cybersieve.errors import ParamsError


def calibrate_folder(scored_dir: Path, labels_dir: Path, settings: params.Calibrate) -> dict[str, Any]:
    """The content of thresholds.json for a scored folder: mode, accept, reject, share of records asked."""
    accept, reject = settings.accept, settings.reject
    if reject >= accept:
        raise ParamsError(f"calibrate.reject: {reject} must be below calibrate.accept ({accept})")
    kept = rejected = total = 0
    for shard in records.shards(scored_dir):
        for row in records.read(shard.path, ["confidence"]):
            if row["confidence"] is not None:
                total += 1
                kept += row["confidence"] >= accept
                rejected += row["confidence"] <= reject
    asked = total - kept - rejected
    return {"mode": settings.mode, "accept": accept, "reject": reject, "records": total, "kept_by_rule": kept,
            "rejected_by_rule": rejected, "asked": asked, "asked_share": round(asked / max(total, 1), 4)}

"""Set the thresholds between rules and LLM: data/scored + labels -> thresholds.json (with its certificate).

    python stages/calibrate.py --scored-dir data/scored --labels labels --thresholds data/thresholds.json

A record is kept by rule if its confidence >= accept, rejected by rule if <= reject, else the LLM is asked.
"""

from cybersieve import cli, params, records
from cybersieve.calibrate import calibrate_folder


def main() -> None:
    args = cli.arguments(__doc__, "scored-dir", "labels", "thresholds", "params")
    settings = params.load(args.params).calibrate
    records.save_json(args.thresholds, calibrate_folder(args.scored_dir, args.labels, settings))


if __name__ == "__main__":
    cli.run(main)

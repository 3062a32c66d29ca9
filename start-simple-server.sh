#!/usr/bin/env bash
# The verifier over HTTP on this machine: ./start-simple-server.sh --model smollm2-135m-instruct [--port 8080] [--help]
# Wants `make env` and `.venv/bin/pip install -r requirements_server.txt` once; PYTHON=… takes another Python.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
python="${PYTHON:-$here/.venv/bin/python}"
command -v "$python" >/dev/null || python=python3
exec "$python" -m cybersieve.server "$@"

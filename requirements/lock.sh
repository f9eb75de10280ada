#!/usr/bin/env bash
# Write the lock files anew: versions and hashes, no addresses. Needs uv (`.venv-uv/bin/uv` after `make setup`).
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-.venv-uv/bin/uv}
compile() { "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header "$@"; }
# Every extra but `litert-export`, whose converter would hold everybody's torch back.
compile --extra train --extra cloud --extra sheets --extra app --extra openvino --extra litert --extra mlflow \
  --extra ray --extra postgres \
  --group dev pyproject.toml -o requirements/all.txt
compile pyproject.toml -c requirements/all.txt -o requirements/base.txt
# What the Docker images install: to serve, to do everything, and to build the wheel of rushes itself.
compile --extra app pyproject.toml -c requirements/all.txt -o requirements/serve.txt
compile --extra app --extra train --extra cloud --extra sheets --extra postgres pyproject.toml -c requirements/all.txt \
  -o requirements/full.txt
# A node of a cluster: what does the work, and Ray.
compile --extra train --extra cloud --extra ray --extra postgres pyproject.toml -c requirements/all.txt \
  -o requirements/node.txt
compile requirements/wheel.in -c requirements/all.txt -o requirements/wheel.txt
compile requirements/uv.in -o requirements/uv.txt
# What benchmarks run beside rushes, in an environment of its own: its OpenCV wheel and ours cannot share one.
compile requirements/peers.in -o requirements/peers.txt
# What converts to LiteRT, in an environment of its own.
compile --extra train --extra litert --extra litert-export pyproject.toml requirements/litert.in \
  -o requirements/litert.txt

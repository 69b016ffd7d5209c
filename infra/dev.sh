#!/usr/bin/env bash
# Starts the whole product on this machine and, the first time, tells it a life in the background.
# Ends with the cloud; Ctrl-C stops both. Data stays under .local/ until it is removed.
set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p .local
ready=.local/ready.json
rm -f "$ready"

target/debug/local up --template template.yaml --data .local --bin target/debug --port "${PORT:-8080}" --ready-file "$ready" &
cloud=$!
# shellcheck disable=SC2064
trap "kill $cloud 2>/dev/null || true; wait $cloud 2>/dev/null || true" EXIT

until [ -s "$ready" ]; do
  kill -0 "$cloud" 2>/dev/null || { wait "$cloud"; exit $?; }
  sleep 0.05
done

# Makes the demo tenant once, through the functions, and prints the three keys each time.
target/debug/tributary demo --ready-file "$ready" &
wait "$cloud"

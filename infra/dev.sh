#!/usr/bin/env bash
# Starts the whole product on this machine, prints who may call it, and the first time tells it half a year of
# history in the background. Ends with the cloud; Ctrl-C stops both. Data stays under .local/ until it is removed.
set -euo pipefail
cd "$(dirname "$0")/.."

data=${DATA:-.local}
port=${PORT:-8080}
ready=$data/ready.json
mkdir -p "$data"
starting=$data/ready.$$

target/debug/local up --template template.yaml --data "$data" --bin target/debug --port "$port" --ready-file "$starting" &
cloud=$!
demo=
# shellcheck disable=SC2064
trap "kill $cloud \$demo 2>/dev/null || true; wait $cloud 2>/dev/null || true" EXIT

until [ -s "$starting" ]; do
  kill -0 "$cloud" 2>/dev/null || { wait "$cloud"; exit $?; }
  sleep 0.05
done
# Only now: a start that fails leaves the notes of the cloud that runs.
mv "$starting" "$ready"

# The keys are printed each time, the history is told once; a telling that was broken off goes on.
target/debug/tributary demo --ready-file "$ready" &
demo=$!

wait "$cloud"

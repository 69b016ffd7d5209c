#!/usr/bin/env bash
# Every operation of docs/openapi.json under schemathesis: all checks, all phases, on a small cloud of its own with the
# demo tenant, whose limits are raised. Prints what was run, and fails on a failure. PHASES= fewer phases, EXAMPLES= more
# requests of each operation (20), OUT= where its page goes.
# Usage: run.sh PYTHON_FOLDER
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=$1
export PYTHONDONTWRITEBYTECODE=1
data=$(mktemp -d)
out=${OUT:-target/api}
mkdir -p "$out"

exec {hold}> >(target/debug/local up --data "$data" --port 0 --ready-file "$data/ready.json" --until-stdin-closes >"$out/cloud.log" 2>&1)
trap 'exec {hold}>&-; sleep 1; rm -rf "$data"' EXIT
until [ -s "$data/ready.json" ]; do sleep 0.1; done
target/debug/tributary demo --ready-file "$data/ready.json" >"$out/demo.log"
# shellcheck disable=SC1091
source "$data/env"
"$tools/bin/python" tests/api/keys.py "$data/callers.json"
"$tools/bin/python" tests/api/prepare.py "$URL" "$data/callers.json" "$data/openapi.json"

status=0
API_KEYS=$data/callers.json SCHEMATHESIS_HOOKS=tests/api/hooks.py "$tools/bin/schemathesis" \
  --config-file tests/api/schemathesis.toml run "$data/openapi.json" \
  --url "$URL" --phases "${PHASES:-examples,coverage,fuzzing,stateful}" --checks all --continue-on-failure \
  --max-examples "${EXAMPLES:-20}" --request-timeout 60 --seed "${SEED:-1}" \
  --report ndjson --report-ndjson-path "$out/api.ndjson" >"$out/api.log" 2>&1 || status=$?
"$tools/bin/python" tests/api/summary.py docs/openapi.json "$out/api.ndjson" "$out/api.log"
exit "$status"

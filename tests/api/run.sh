#!/usr/bin/env bash
# Every operation of docs/openapi.json under schemathesis: all checks, all phases, on a small cloud of its own with the
# demo tenant, whose limits are raised. Prints what was run; fails on a failure, on an operation that was not run, where
# fewer than nine of ten operations have been seen to succeed, and where a request that succeeds could not be made.
# EXAMPLES= requests of each operation while fuzzing, and stories told (5), PHASES= fewer phases, SEED= another run (1),
# WORKERS= requests at once (1: with more its interpreter has failed now and then), ONLY= the operations of one path,
# OUT= where its pages go (target/api).
# Usage: run.sh PYTHON_FOLDER
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=$1
export PYTHONDONTWRITEBYTECODE=1
"$tools/bin/python" tests/api/limits_test.py
data=$(mktemp -d)
out=${OUT:-target/api}
mkdir -p "$out"

exec {hold}> >(target/debug/local up --data "$data" --port 0 --ready-file "$data/ready.json" --until-stdin-closes >"$out/cloud.log" 2>&1)
cloud=$!
trap 'exec {hold}>&-; wait "$cloud" 2>/dev/null || true; rm -rf "$data"' EXIT
until [ -s "$data/ready.json" ]; do
  kill -0 "$cloud" 2>/dev/null || { cat "$out/cloud.log"; exit 1; }
  sleep 0.1
done
echo "telling the demo, and making one of everything ($out/demo.log)"
target/debug/tributary demo --ready-file "$data/ready.json" >"$out/demo.log" 2>&1 || { tail -20 "$out/demo.log"; exit 1; }
# shellcheck disable=SC1091
source "$data/env"
"$tools/bin/python" tests/api/keys.py "$data/callers.json"
status=0
"$tools/bin/python" tests/api/prepare.py "$URL" "$data/callers.json" "$data/openapi.json" || status=$?
# What could not be made fails the run in the end; without a document there is nothing to run.
[ -s "$data/openapi.json" ] || exit "$status"

API_KEYS=$data/callers.json SCHEMATHESIS_HOOKS=tests/api/hooks.py "$tools/bin/schemathesis" \
  --config-file tests/api/schemathesis.toml run "$data/openapi.json" \
  --url "$URL" --phases "${PHASES:-examples,coverage,fuzzing,stateful}" --checks all --continue-on-failure \
  ${ONLY:+--include-path "$ONLY"} --max-examples "${EXAMPLES:-5}" --workers "${WORKERS:-1}" --request-timeout 60 --seed "${SEED:-1}" \
  --report ndjson --report-ndjson-path "$out/api.ndjson" >"$out/api.log" 2>&1 || status=$?
"$tools/bin/python" tests/api/summary.py docs/openapi.json "$out/api.ndjson" || status=1
exit "$status"

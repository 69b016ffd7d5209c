#!/usr/bin/env bash
# Starts the whole product on this machine, and prints who may call it.
# Ends with the cloud; Ctrl-C stops it. Data stays under .local/ until it is removed.
set -euo pipefail
cd "$(dirname "$0")/.."

data=${DATA:-.local}
port=${PORT:-8080}
ready=$data/ready.json
keys=$data/keys
mkdir -p "$data"
rm -f "$ready"

target/debug/local up --template template.yaml --data "$data" --bin target/debug --port "$port" --ready-file "$ready" &
cloud=$!
# shellcheck disable=SC2064
trap "kill $cloud 2>/dev/null || true; wait $cloud 2>/dev/null || true" EXIT

until [ -s "$ready" ]; do
  kill -0 "$cloud" 2>/dev/null || { wait "$cloud"; exit $?; }
  sleep 0.05
done

# Keys are kept as hashes, so the text of these is kept here: they open nothing but this machine's data.
if [ ! -s "$keys" ]; then
  for role in admin finance_manager; do
    printf '%-16s %s\n' "$role" \
      "$(DATA=$data infra/local-env.sh target/debug/tributary key create --role "$role" --name "make dev")"
  done >"$keys.new"
  mv "$keys.new" "$keys"
fi
echo "keys:"
sed 's/^/  /' "$keys"

wait "$cloud"

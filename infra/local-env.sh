#!/usr/bin/env bash
# Runs a command with the addresses and names of the cloud that `make dev` started.
# Usage: local-env.sh COMMAND…
set -euo pipefail
ready=${DATA:-$(dirname "$0")/../.local}/ready.json
if [ ! -s "$ready" ]; then
  echo "nothing runs here: start it with make dev" >&2
  exit 1
fi
# The file is one flat JSON object of strings under "env": capital names are the variables.
while IFS='=' read -r name value; do
  export "$name=$value"
done < <(grep -oE '"[A-Z][A-Z0-9_]*": ?"[^"]*"' "$ready" | sed -E 's/^"([A-Z0-9_]+)": ?"(.*)"$/\1=\2/')
exec "$@"

#!/usr/bin/env bash
# Other people's readers and a check of our own, which shares nothing with the code, read our bank files; Stripe's own
# packages drive our stand-in for Stripe, and our client drives somebody else's.
# Usage: peers.sh FOLDER (where `make peers` has installed the packages) [FILES [SEED]]
set -euo pipefail
cd "$(dirname "$0")/.."
peers=$1
files=$(mktemp -d)
said=$(mktemp)
other=
# The stand-in ends with the pipe that feeds it.
exec {hold}> >(target/debug/local-stripe --port 0 --until-stdin-closes >"$said")
# shellcheck disable=SC2064
trap "exec {hold}>&-; [ -z \"\$other\" ] || kill \$other 2>/dev/null || true; rm -rf $said $files" EXIT
target/debug/nacha "$files" "${2:-1000}" "${3:-1}"
python3 tests/peers/nacha_check.py "$files"
"$peers/python/bin/python" tests/peers/read_ach.py "$files"
node "$peers/read_ach.mjs" "$files"

until [ -s "$said" ]; do sleep 0.05; done
url=$(head -1 "$said")

"$peers/python/bin/python" tests/peers/stand_in.py "$url"
node "$peers/stand_in.mjs" "$url"

port=$("$peers/python/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$peers/python/bin/localstripe" --port "$port" >/dev/null 2>&1 &
other=$!
for _ in $(seq 200); do
  if curl --silent --output /dev/null --user sk_test_12345: "http://127.0.0.1:$port/v1/events"; then break; fi
  sleep 0.05
done
target/debug/client "http://127.0.0.1:$port"

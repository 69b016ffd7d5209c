#!/usr/bin/env bash
# What the peers of the click need: npm's and PyPI's packages under target/tools/click-peers, PostgreSQL from Debian.
set -euo pipefail
cd "$(dirname "$0")/../../.."
tools=target/tools/click-peers
mkdir -p "$tools"

if ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -q >/dev/null
  "${as_root[@]}" apt-get install -qy --no-install-recommends postgresql >/dev/null
fi
if [ ! -x "$tools/python/bin/python" ] || [ tests/bench/click/requirements.txt -nt "$tools/python/.installed" ]; then
  python3 -m venv "$tools/python"
  "$tools/python/bin/pip" install --quiet --disable-pip-version-check -r tests/bench/click/requirements.txt
  touch "$tools/python/.installed"
fi
if [ tests/bench/click/package.json -nt "$tools/.installed" ]; then
  cp tests/bench/click/package.json "$tools/"
  npm install --prefix "$tools" --silent --no-audit --no-fund
  touch "$tools/.installed"
fi
# Node looks for packages beside a file.
cp tests/bench/click/*.mjs "$tools/"

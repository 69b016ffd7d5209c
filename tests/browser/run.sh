#!/usr/bin/env bash
# The snippet in a real headless Chromium. Installs it (a package of Debian) where it is missing. Usage: run.sh, after
# `make build`; BIN= where the binaries are (target/debug).
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v chromium-headless-shell >/dev/null; then
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -q >/dev/null
  "${as_root[@]}" apt-get install -qy --no-install-recommends chromium-headless-shell >/dev/null
fi

exec node --test --test-reporter=spec tests/browser/snippet.test.mjs

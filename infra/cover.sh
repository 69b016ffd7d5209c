#!/usr/bin/env bash
# Runs every test with coverage and holds the figures to their floors (infra/coverage.py).
# cargo-llvm-cov needs llvm-cov and llvm-profdata of rustc's own LLVM major version: from LLVM_COV and
# LLVM_PROFDATA, from the toolchain, or from Debian's llvm package, which is installed when this is root.
set -euo pipefail
cd "$(dirname "$0")/.."

major=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')

find_tools() {
  local folder
  for folder in "$(rustc --print target-libdir)/../bin" "/usr/lib/llvm-$major/bin"; do
    if [ -x "$folder/llvm-cov" ] && [ -x "$folder/llvm-profdata" ]; then
      export LLVM_COV=$folder/llvm-cov LLVM_PROFDATA=$folder/llvm-profdata
      return 0
    fi
  done
  return 1
}

if [ -z "${LLVM_COV-}" ] || [ -z "${LLVM_PROFDATA-}" ]; then
  if ! find_tools && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    apt-get update -q && apt-get install -qy --no-install-recommends "llvm-$major" || true
  fi
  if ! find_tools; then
    echo "coverage needs llvm-cov and llvm-profdata $major: install llvm-$major (Debian) or the toolchain's llvm-tools, or set LLVM_COV and LLVM_PROFDATA" >&2
    exit 1
  fi
fi

llvm_cov=$PWD/target/tools/bin/cargo-llvm-cov
# A folder of its own: instrumented code is other code.
export CARGO_TARGET_DIR=$PWD/target/coverage CARGO_INCREMENTAL=0
shell=$("$llvm_cov" llvm-cov show-env --sh)
eval "$shell"
"$llvm_cov" llvm-cov clean --workspace
cargo build --workspace --locked
tests=0
cargo test --workspace --locked --no-fail-fast || tests=$?
# The small cloud starts functions with an environment of their own, so they leave profiles where they run.
find . -name 'default_*.profraw' -not -path './target/*' -delete
"$llvm_cov" llvm-cov report --json --summary-only --output-path target/coverage/coverage.json
python3 infra/coverage.py target/coverage/coverage.json
exit "$tests"

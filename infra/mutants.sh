#!/usr/bin/env bash
# Changes the money code in one place at a time and asks whether a test notices. cargo-mutants lists the changes;
# tests/mutants compiles them all at once, each behind a switch, and runs for each the tests that come by it: minutes, not
# hours. What cannot be behind a switch it compiles one by one. The summary is by module; what no test notices is argued in
# docs/mutants.md, or it fails.
# Usage: mutants.sh [MODULE…]   modules of shared/domain; all of the money when none is named. JOBS= at once (1)
set -euo pipefail
cd "$(dirname "$0")/.."

modules=("$@")
if [ ${#modules[@]} -eq 0 ]; then
  modules=(currency money rate allocate commission rule assess attribution sale retarget line entry slot ledger postings
    payout paid fx balance aging adjustment recognition recompute month tier explain fraud)
fi
files=()
for module in "${modules[@]}"; do
  files+=(--file "shared/domain/src/$module.rs" --file "shared/domain/src/$module/**/*.rs")
done
out=$PWD/target/mutants
mkdir -p "$out"
target/tools/bin/cargo-mutants mutants --package domain --exclude '**/tests.rs' --exclude '**/tests/**' \
  --exclude '**/planted.rs' --exclude-re 'impl (fmt::|std::fmt::)?Debug' --colors never "${files[@]}" \
  --list --json >"$out/list.json"
cargo build --locked --quiet -p mutants
target/debug/mutants "$out/list.json" "$out"
python3 infra/mutants.py docs/mutants.md "$out/outcomes.json"

#!/usr/bin/env bash
# Changes the money code in one place at a time and asks whether a test notices. cargo-mutants lists the changes;
# tests/mutants compiles them all at once, each behind a switch, and runs for each the tests that come by it: minutes, not
# hours. What cannot be behind a switch, cargo-mutants tries by itself. The summary is by module; what no test notices is
# argued in docs/mutants.md, or it fails.
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
mkdir -p "$out/apart"
mutants() {
  target/tools/bin/cargo-mutants mutants --package domain --exclude '**/tests.rs' --exclude '**/tests/**' \
    --exclude '**/planted.rs' --exclude-re 'impl (fmt::|std::fmt::)?Debug' --colors never "${files[@]}" "$@"
}
mutants --list --json >"$out/list.json"
cargo build --locked --quiet -p mutants
target/debug/mutants "$out/list.json" "$out"
outcomes=("$out/outcomes.json")
if [ -s "$out/apart.txt" ]; then
  # By their whole names. Nobody debugs a change, and without debug information it is linked in half the time.
  export CARGO_PROFILE_DEV_DEBUG=0
  chosen=() files=()
  # Their files alone: cargo-mutants leaves no field out by its name, and what was tried already is counted once.
  while read -r name; do
    files+=(--file "${name%%:*}")
    chosen+=(--re "^$(sed 's/[][().*+?^${}|\\]/\\&/g' <<<"$name")\$")
  done <"$out/apart.txt"
  # Exit codes 2 and 3 mean that some were missed or ran too long: the summary decides.
  status=0
  mutants --test-package domain --jobs 1 --output "$out/apart" --no-shuffle --minimum-test-timeout 60 "${chosen[@]}" ||
    status=$?
  if [ "$status" -ne 0 ] && [ "$status" -ne 2 ] && [ "$status" -ne 3 ]; then
    exit "$status"
  fi
  outcomes+=("$out/apart/mutants.out/outcomes.json")
fi
python3 infra/mutants.py docs/mutants.md "${outcomes[@]}"

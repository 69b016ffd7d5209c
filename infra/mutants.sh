#!/usr/bin/env bash
# Changes the money code in one place at a time and asks whether a test notices (cargo-mutants). Hours, not minutes:
# the summary says how many, by module. What no test notices is argued in docs/mutants.md, or it fails.
# Usage: mutants.sh [MODULE…]   modules of shared/domain; all of the money when none is named
set -euo pipefail
cd "$(dirname "$0")/.."

modules=("$@")
if [ ${#modules[@]} -eq 0 ]; then
  modules=(money rate allocate commission rule assess attribution sale retarget line entry slot ledger postings payout
    paid fx balance aging adjustment recognition recompute month tier)
fi
files=()
for module in "${modules[@]}"; do
  files+=(--file "shared/domain/src/$module.rs" --file "shared/domain/src/$module/**/*.rs")
done
out=target/mutants
mkdir -p "$out"
# Nobody debugs a mutant, and without debug information it is linked in half the time.
export CARGO_PROFILE_DEV_DEBUG=0
# The whole of domain's tests for each: they take seconds, building takes most of the time. Exit codes 2 and 3 mean
# that some were missed or ran too long: the summary decides.
status=0
target/tools/bin/cargo-mutants mutants --package domain --test-package domain --jobs "${JOBS:-1}" \
  --output "$out" --no-shuffle --colors never --exclude '**/tests.rs' --exclude '**/tests/**' --exclude '**/planted.rs' \
  --exclude-re 'impl (fmt::|std::fmt::)?Debug' --minimum-test-timeout 60 "${files[@]}" || status=$?
if [ "$status" -ne 0 ] && [ "$status" -ne 2 ] && [ "$status" -ne 3 ]; then
  exit "$status"
fi
python3 infra/mutants.py "$out/mutants.out/outcomes.json" docs/mutants.md

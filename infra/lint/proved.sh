#!/usr/bin/env bash
# Proves that the lint bites: each file in broken/ says which tool catches it, and with which words.
# The sound template must pass them all, so that a fault is caught for what it is.
set -uo pipefail
cd "$(dirname "$0")/../.."

failed=0
if ! said=$(infra/lint/template.sh infra/lint/broken/sound.yaml); then
  echo "  sound.yaml should be clean:" && echo "$said"
  failed=1
fi
for template in infra/lint/broken/*.yaml; do
  while IFS= read -r line; do
    tool=${line%%: *}
    words=${line#*: }
    if said=$(infra/lint/template.sh "$template" "$tool"); then
      echo "  $template: $tool found nothing" && failed=1
    elif ! grep -qF -- "$words" <<<"$said"; then
      echo "  $template: $tool does not say \"$words\", but:" && echo "$said" && failed=1
    else
      echo "  $(basename "$template"): caught by $tool"
    fi
  done < <(sed -n 's/^# caught by //p' "$template")
done

# The bans of clippy.toml, as the domain has them, and the format: on a file that is in no crate.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
banned=infra/lint/broken/banned.rs
said=$(CLIPPY_CONF_DIR=shared/domain clippy-driver --edition 2024 --crate-type lib --emit metadata \
  --out-dir "$scratch" "$banned" 2>&1)
while IFS= read -r words; do
  if grep -qF -- "$words" <<<"$said"; then
    echo "  $(basename "$banned"): caught by clippy: $words"
  else
    echo "  $banned: clippy does not say \"$words\"" && failed=1
  fi
done < <(sed -n 's/.*caught by clippy: //p' "$banned")
if rustfmt --check --quiet "$banned" >/dev/null 2>&1; then
  echo "  $banned: rustfmt found nothing" && failed=1
else
  echo "  $(basename "$banned"): caught by rustfmt"
fi
exit "$failed"

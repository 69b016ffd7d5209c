#!/usr/bin/env bash
# Checks one template with every tool that sees something the others do not. Stops at none: says all.
# Usage: template.sh TEMPLATE [TOOL…]   tools: cfn-lint sam sam-lint translated house schedules
# Needs target/tools/python and target/debug/local (`make lint` makes both).
set -uo pipefail
cd "$(dirname "$0")/../.."

template=$1
shift
tools=${*:-cfn-lint sam sam-lint translated house schedules}
python=target/tools/python/bin
export AWS_DEFAULT_REGION=us-east-1 SAM_CLI_TELEMETRY=0
translated=$(mktemp --suffix .json)
trap 'rm -f "$translated"' EXIT

translate() { "$python/python" infra/lint/translate.py "$template" >"$translated"; }

check() {
  case $1 in
    cfn-lint) "$python/cfn-lint" --regions us-east-1 -- "$template" ;;
    sam) "$python/sam" validate --template "$template" ;;
    sam-lint) "$python/sam" validate --lint --template "$template" ;;
    translated) translate && "$python/cfn-lint" --regions us-east-1 -- "$translated" ;;
    house) translate && "$python/python" infra/lint/house.py "$translated" ;;
    schedules) target/debug/local check-template "$template" ;;
    *) echo "unknown tool: $1" && false ;;
  esac
}

failed=0
for tool in $tools; do
  if said=$(check "$tool" 2>&1); then
    echo "  $tool: clean"
  else
    failed=1
    echo "  $tool: $template is not clean"
    # shellcheck disable=SC2001
    sed 's/^/    /' <<<"$said"
  fi
done
exit "$failed"

#!/usr/bin/env bash
# Asks what only the owner knows, then deploys what `make package` built. Answers may come from the
# environment instead: MAIL_FROM, DOMAIN_NAME, FIRST_ADMIN_EMAIL; STAGE and STACK choose another copy, and
# PARAMETERS="Name=value …" sets others of the template's. Any argument goes to `sam deploy`.
set -euo pipefail
cd "$(dirname "$0")/.."

stage=${STAGE:-prod}
stack=${STACK:-tributary}

ask() { # variable, question, required
  local answer=${!1-}
  if [ -z "${!1+set}" ]; then
    read -rp "$2: " answer
  fi
  if [ -z "$answer" ] && [ "$3" = required ]; then
    echo "$1 is needed" >&2
    exit 1
  fi
  printf -v "$1" '%s' "$answer"
}

ask MAIL_FROM "Mail is sent from (an address that SES has verified)" required
ask DOMAIN_NAME "Domain of links and API (empty for API Gateway's own address)" optional
ask FIRST_ADMIN_EMAIL "E-mail of the first admin (empty for none)" optional

# An empty answer is left out: sam takes no empty override. A new stack then has the template's default, which is empty;
# a stack that exists keeps what it had, as with every parameter that is not given.
overrides=("Stage=$stage" "Architecture=${ARCHITECTURE:-arm64}" "MailFrom=$MAIL_FROM")
[ -z "$DOMAIN_NAME" ] || overrides+=("DomainName=$DOMAIN_NAME")
[ -z "$FIRST_ADMIN_EMAIL" ] || overrides+=("FirstAdminEmail=$FIRST_ADMIN_EMAIL")
read -ra others <<<"${PARAMETERS-}"
overrides+=("${others[@]}")

SAM_CLI_TELEMETRY=0 target/tools/python/bin/sam deploy \
  --stack-name "$stack" \
  --tags "product=tributary stage=$stage" \
  --parameter-overrides "${overrides[@]}" \
  "$@"

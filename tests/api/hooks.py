"""Who calls, and who signs. API_KEYS names the file of keys by role, and of keys of single operations.

A call is made by the first of an operation's `x-roles` that has a key. Webhooks of payment providers are signed as these
sign them, and codes of an authenticator are those of now: no schema can.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
import uuid

import schemathesis

sys.path.insert(0, os.path.dirname(__file__))

from limits import keep_raised  # noqa: E402
from things import code  # noqa: E402

FILE = json.load(open(os.environ["API_KEYS"], encoding="utf-8"))
KEYS, ENDPOINTS, CODES = FILE["keys"], FILE["endpoints"], FILE["codes"]


def key_of(operation):
    roles = operation.definition.raw.get("x-roles", [])
    role = next((role for role in roles if role in KEYS), "admin")
    return KEYS.get(operation.label) or KEYS[role]


@schemathesis.auth(cache_by_key=lambda case, context: key_of(case.operation))
class Bearer:
    def get(self, case, context):
        return key_of(case.operation)

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


def digest(secret, signed):
    return hmac.new(secret, signed, hashlib.sha256)


def signed(case, body):
    """The headers by which a provider proves itself."""
    named = case.path.removeprefix("/v1/webhooks/").split("/")[0]
    now = str(int(time.time()))
    if named == "stripe":
        secret = ENDPOINTS["stripe" if "{" in case.path else "own"]["secret"].encode()
        return {"Stripe-Signature": f"t={now},v1={digest(secret, now.encode() + b'.' + body).hexdigest()}"}
    if named == "lemon-squeezy":
        # The header repeats what is signed, where it is sent.
        again = {"X-Event-Name": case.body["meta"]["event_name"]} if "X-Event-Name" in (case.headers or {}) else {}
        return {"X-Signature": digest(ENDPOINTS["lemon-squeezy"]["secret"].encode(), body).hexdigest(), **again}
    name, secret = uuid.uuid4().hex, base64.b64decode(ENDPOINTS["standard"]["secret"].removeprefix("whsec_"))
    signature = digest(secret, b".".join([name.encode(), now.encode(), body])).digest()
    return {
        "webhook-id": name, "webhook-timestamp": now, "webhook-signature": "v1," + base64.b64encode(signature).decode(),
    }


def misplaced(case):
    """The parameters into which a story put an id of another kind.

    Which answer's id belongs where schemathesis guesses by names, and looks at no schema then: a recompute's own id came to
    be asked for as its `partner_id`. The request is sent without what its schema would forbid.
    """
    for parameter in case.operation.definition.raw.get("parameters", []):
        known = [one for one in parameter.get("schema", {}).get("enum", []) if isinstance(one, str) and "_" in one]
        value = (case.query or {}).get(parameter["name"])
        if known and isinstance(value, str) and value.split("_")[0] not in {one.split("_")[0] for one in known}:
            yield parameter["name"]


@schemathesis.hook
def before_call(context, case, kwargs):
    # Of every request, also of one that is to be refused for something else: a part of it may be a good limit.
    keep_raised(case.operation.label, case.body)
    if not (case.meta and case.meta.generation.mode.is_positive):
        return
    if case.meta.phase.name.value == "stateful":
        for name in list(misplaced(case)):
            del case.query[name]
    # Each call is a request of its own: under a generated key that was used before it would be the earlier one again.
    if case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = uuid.uuid4().hex
    # What an authenticator shows is good for half a minute.
    secret = CODES.get(case.operation.label)
    if secret and isinstance(case.body, dict):
        case.body = {"code": code(secret)}
    if case.path.startswith("/v1/webhooks/") and case.method == "POST" and isinstance(case.body, dict):
        if "deliveries" not in case.path:
            # What is signed is what is sent, byte for byte.
            body = json.dumps(case.body).encode()
            kwargs["data"] = body
            case.headers = {**(case.headers or {}), "Content-Type": "application/json", **signed(case, body)}

"""Who calls: the first of an operation's `x-roles` that has a key. API_KEYS names the file of keys by role."""

import json
import os
import re
import uuid

import schemathesis

KEYS = json.load(open(os.environ["API_KEYS"], encoding="utf-8"))


def role_of(operation):
    roles = operation.definition.raw.get("x-roles", [])
    return next((role for role in roles if role in KEYS), "admin")


@schemathesis.auth(cache_by_key=lambda case, context: role_of(case.operation))
class Bearer:
    def get(self, case, context):
        return KEYS[role_of(case.operation)]

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


def fitted(body):
    """How many places an amount has, its currency says, and no schema: whole amounts are of every currency."""
    if isinstance(body, dict):
        return {name: fitted(value) for name, value in body.items()}
    if isinstance(body, list):
        return [fitted(value) for value in body]
    if isinstance(body, str) and re.fullmatch(r"-?[0-9]{1,15}\.[0-9]{1,3}", body) and not body.startswith(("0.", "1.")):
        return body.split(".")[0]
    return body


@schemathesis.hook
def before_call(context, case, kwargs):
    if not (case.meta and case.meta.generation.mode.is_positive):
        return
    # Each call is a request of its own: under a generated key that was used before it would be the earlier one again.
    if case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = uuid.uuid4().hex
    if isinstance(case.body, (dict, list)):
        case.body = fitted(case.body)

"""Who calls: the first of an operation's `x-roles` that has a key. API_KEYS names the file of keys by role."""

import json
import os
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


@schemathesis.hook
def before_call(context, case, kwargs):
    # Each call is a request of its own: under a generated key that was used before it would be the earlier one again.
    if case.headers and "Idempotency-Key" in case.headers and case.meta and case.meta.generation.mode.is_positive:
        case.headers["Idempotency-Key"] = uuid.uuid4().hex

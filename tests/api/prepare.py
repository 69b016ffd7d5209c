"""Makes the document that is tested from the one that is served.

Who may call an operation is asked of its `x-roles`; which ids and cursors exist is asked of the lists of the running API,
so that what should be found is found; and each operation is given one request that succeeds (`things.py`, `earlier.py`).
Nothing is left out: the operations are those of the served document, one for one. Fails, with its document written, where
something could not be made: the operations that needed it would be seen to be refused, and that is no failure of theirs.

Usage: prepare.py URL KEYS.json OUT.json
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request

from earlier import Earlier
from things import Things

URL, KEYS, OUT = sys.argv[1:4]
callers = json.load(open(KEYS, encoding="utf-8"))
keys = callers["keys"]
# How many ids of each kind are tried.
IDS_MAX = 5


def get(path, role="admin"):
    request = urllib.request.Request(URL + path, headers={"Authorization": "Bearer " + keys[role]})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except (urllib.error.HTTPError, json.JSONDecodeError):
        return {}


def ids_of(path):
    """The ids, or codes, that a list answers."""
    rows = get(path).get("data") or []
    found = [row.get("id") or row.get("unique_code") or row.get("code") for row in rows if isinstance(row, dict)]
    return [one for one in found if isinstance(one, str)][:IDS_MAX]


def collection_of(path, name):
    """`/v1/partners/{id}/approve` → `/v1/partners`."""
    return path.split("/{" + name + "}")[0]


# Where the list of a thing is elsewhere, or asks for more.
ELSEWHERE = {
    "/v1/partners/revenue/commissions": "/v1/revenue/commissions?limit=5",
    "/v1/partners/revenue/payouts": "/v1/revenue/payouts?limit=5",
    "/v1/revenue/conversions": None,
}

# Where fields that name a thing find it, by their name.
NAMED = {
    "partner_id": "/v1/partners",
    "referrer_id": "/v1/partners",
    "program_id": "/v1/programs",
    "member_id": "/v1/members",
    "user_id": "/v1/users",
    "plan_id": "/v1/revenue/plans",
    "payout_id": "/v1/revenue/payouts",
    "payout_ids": "/v1/revenue/payouts",
}
# The same where it is only of one schema.
NAMED_IN = {
    ("NewSubscriptionBody", "customer_id"): "/v1/revenue/customers",
    ("CalculateBody", "customer_id"): "/v1/revenue/customers",
    ("NewMemberBody", "subscription_id"): "/v1/revenue/subscriptions",
    ("MemberPatch", "subscription_id"): "/v1/revenue/subscriptions",
    ("ReactivateBody", "subscription_id"): "/v1/revenue/subscriptions",
}

known = {}
# One request that succeeds, by operation.
recipes = {}


def listed(path):
    if path not in known:
        known[path] = ids_of(path)
    return known[path]


def cursors_of(path):
    """The beginning of a list, and where its second page begins."""
    apart = "&" if "?" in path else "?"
    found = [get(f"{path}{apart}limit=1").get("next_cursor")]
    return [urllib.parse.unquote(one) for one in found if isinstance(one, str)]


def is_null_too(schema):
    return isinstance(schema.get("type"), list) and "null" in schema["type"]


def narrow(schema, values):
    if schema.get("type") == "array":
        schema["items"] = {"type": "string", "enum": values}
        return
    for word in ("pattern", "minLength", "maxLength", "format"):
        schema.pop(word, None)
    schema["enum"] = values + ([None] if is_null_too(schema) else [])


def named_in(part, prefix):
    """The ids of a kind that a request names."""
    if isinstance(part, dict):
        part = list(part.values())
    if isinstance(part, list):
        return [found for one in part for found in named_in(one, prefix)]
    return [part] if isinstance(part, str) and part.startswith(prefix) else []


def narrow_named(of, name, schema):
    values = None
    path = NAMED_IN.get((of, name)) or NAMED.get(name)
    if path:
        values = listed(path)
        made = named_in([recipe["body"] for recipe in recipes.values()], values[0][:4]) if values else []
        values = list(dict.fromkeys(values + made))
    if values:
        narrow(schema, values)


def narrow_path(path, parameter):
    collection = collection_of(path, parameter["name"])
    if "{" in collection or ELSEWHERE.get(collection, "") is None:
        return
    ids = listed(ELSEWHERE.get(collection, collection))
    if ids:
        parameter["schema"] = {"type": "string", "enum": ids}


def told(operation, recipe):
    """What is sent first of all: a request that succeeds."""
    for parameter in operation.get("parameters", []) or []:
        given = recipe["path" if parameter["in"] == "path" else parameter["in"]].get(parameter["name"])
        parameter.pop("examples", None)
        parameter["schema"].pop("example", None)
        parameter["schema"].pop("examples", None)
        if given is None:
            parameter.pop("example", None)
            continue
        parameter["example"] = given
        if parameter["in"] == "path":
            parameter["schema"] = {"type": "string", "enum": [given]}
    known = {parameter["name"] for parameter in operation.get("parameters", []) or []}
    for name, value in recipe["header"].items():
        if name not in known:
            header = {"in": "header", "name": name, "schema": {"type": "string"}, "example": value}
            operation.setdefault("parameters", []).append(header)
    if recipe["body"] is not None:
        content = operation["requestBody"]["content"]["application/json"]
        content.pop("examples", None)
        content["example"] = recipe["body"]


def sent(part, schemas, found):
    """The names of the schemas that a body leads to."""
    if isinstance(part, dict):
        name = str(part.get("$ref", "")).rsplit("/", 1)[-1]
        if name in schemas and name not in found:
            found.add(name)
            sent(schemas[name], schemas, found)
        for value in part.values():
            sent(value, schemas, found)
    elif isinstance(part, list):
        for value in part:
            sent(value, schemas, found)
    return found


def main():
    document = get("/v1/openapi.json")
    things = Things(URL, callers)
    things.look()
    # A run of payouts takes up whatever can be paid: it comes before there is something of which that is not wanted.
    Earlier(things).make()
    things.make()
    recipes.update(things.recipes)
    schemas = document["components"]["schemas"]
    bodies = set()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            sent(operation.get("requestBody"), schemas, bodies)
            for parameter in operation.get("parameters", []) or []:
                name = parameter["name"]
                if parameter["in"] == "path":
                    narrow_path(path, parameter)
                elif name == "cursor" and "{" not in path:
                    narrow(parameter["schema"], [""] + cursors_of(path))
                elif name == "cursor":
                    narrow(parameter["schema"], [""])
                elif parameter["in"] == "query":
                    narrow_named(path, name, parameter["schema"])
    for name in bodies:
        for field, schema in schemas[name].get("properties", {}).items():
            narrow_named(name, field, schema)
    for operation, recipe in recipes.items():
        method, path = operation.split(" ")
        told(document["paths"][path][method.lower()], recipe)
    json.dump(callers, open(KEYS, "w", encoding="utf-8"))
    json.dump(document, open(OUT, "w", encoding="utf-8"))
    operations = sum(len(item) for item in document["paths"].values())
    for why in things.missing:
        print(f"not made: {why}")
    print(f"{len(things.recipes)} requests that succeed;")
    print(f"{operations} operations; ids of {sum(1 for ids in known.values() if ids)} of {len(known)} lists")
    sys.exit(int(bool(things.missing)))


main()

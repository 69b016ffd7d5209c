"""Makes the document that is tested from the one that is served.

Who may call an operation is asked of its `x-roles`; which ids exist is asked of the lists of the running API, so that
what should be found is found. Nothing is left out: the operations are those of the served document, one for one.

Usage: prepare.py URL KEYS.json OUT.json
"""

import json
import sys
import urllib.error
import urllib.request

URL, KEYS, OUT = sys.argv[1:4]
keys = json.load(open(KEYS, encoding="utf-8"))
# How many ids of each kind are tried.
IDS_MAX = 5


def get(path, role="admin"):
    request = urllib.request.Request(URL + path, headers={"Authorization": "Bearer " + keys[role]})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError:
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


def main():
    document = get("/v1/openapi.json") or json.load(open("docs/openapi.json", encoding="utf-8"))
    known = {}
    for path, item in document["paths"].items():
        for operation in item.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] != "path":
                    continue
                collection = collection_of(path, parameter["name"])
                if "{" in collection or ELSEWHERE.get(collection, "") is None:
                    continue
                if collection not in known:
                    known[collection] = ids_of(ELSEWHERE.get(collection, collection))
                if known[collection]:
                    parameter["schema"] = {"type": "string", "enum": known[collection]}
    json.dump(document, open(OUT, "w", encoding="utf-8"))
    operations = sum(len(item) for item in document["paths"].values())
    print(f"{operations} operations; ids of {sum(1 for ids in known.values() if ids)} of {len(known)} lists")


main()

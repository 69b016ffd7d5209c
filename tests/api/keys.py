"""Makes a key of each role on the cloud whose environment this runs in, after the tenant's limits were raised.

Usage: keys.py OUT.json   (ADMIN_KEY, FINANCE_KEY, PARTNER_KEY, PROGRAM_ID and URL in the environment)
"""

import base64
import json
import os
import re
import subprocess
import sys
import time
import urllib.request

URL = os.environ["URL"]


def key(role, *subject):
    made = subprocess.run(
        ["target/debug/tributary", "key", "create", "--role", role, "--name", f"api-test {role}", *subject],
        capture_output=True, text=True, check=True,
    )
    return made.stdout.strip().splitlines()[-1]


def endpoint(provider):
    """A door of a payment provider, and the secret that it signs with."""
    secret = os.urandom(16).hex() if provider == "lemon-squeezy" else "whsec_" + base64.b64encode(os.urandom(32)).decode()
    made = subprocess.run(
        ["target/debug/tributary", "endpoint", "create", "--provider", provider, "--name", "api-test", "--secret-file", "-"],
        capture_output=True, text=True, check=True, input=secret,
    )
    path = re.search(r"/v1/webhooks/[A-Za-z0-9_/-]+", made.stdout).group(0)
    return {"id": path.rsplit("/", 1)[-1], "secret": secret}


def raise_limits():
    names = ("user_per_15_minutes", "admin_per_15_minutes", "service_per_minute", "approvals_per_minute")
    request = urllib.request.Request(
        URL + "/v1/settings", method="PATCH",
        data=json.dumps({"rate_limits": {name: 1_000_000 for name in names}}).encode(),
        headers={"Authorization": "Bearer " + os.environ["ADMIN_KEY"], "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        answer.read()
    # Each process remembers the limits for a minute.
    time.sleep(61)


raise_limits()
keys = {
    "admin": os.environ["ADMIN_KEY"],
    "finance_manager": os.environ["FINANCE_KEY"],
    "partner": os.environ["PARTNER_KEY"],
    "service": key("service"),
    "operator": key("operator"),
    # A second person: nobody approves what they asked for.
    "second": key("admin"),
    "publishable": key("publishable", "--subject", os.environ["PROGRAM_ID"]),
}
endpoints = {provider: endpoint(provider) for provider in ("stripe", "lemon-squeezy", "standard")}
# Without an id it is the deployment's own door.
endpoints["own"] = {"secret": os.environ["STRIPE_WEBHOOK_SECRET"]}
with open(sys.argv[1], "w", encoding="utf-8") as out:
    json.dump({"keys": keys, "endpoints": endpoints}, out)

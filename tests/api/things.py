"""Makes what the demo tenant lacks, so that every operation has something to succeed with: one request each, that is sent
first of all. An operation that uses something up has a thing of its own.

What is made is made through the API, as a client would. What cannot be made here is printed, its operation is tried with
what its schema allows, and the run fails.
"""

import base64
import datetime
import hashlib
import hmac
import json
import re
import struct
import time
import urllib.error
import urllib.request
import uuid

W9 = {
    "form": "w9", "classification": "individual", "first_name": "Ada", "last_name": "Miller", "tin_kind": "ssn",
    "tin": "400-11-1222", "signed_on": "2026-08-31", "certified": True,
    "address": {"line1": "1 Main St", "city": "New York", "region": "NY", "postal_code": "10001", "country": "US"},
}
ACH = {
    "rail": "ach", "holder": "Ada Lovelace", "holder_kind": "personal", "routing_number": "021000021",
    "account_number": "000123456789", "account_kind": "checking",
}
REASON = {"reason": "agreed with the partner"}


def code(secret):
    """What an authenticator shows now (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


class Refused(Exception):
    pass


class Api:
    """The running API, as one of those who hold a key."""

    def __init__(self, url, keys):
        self.url, self.keys = url, keys

    def call(self, method, path, body=None, who="admin", more=None):
        headers = {"Idempotency-Key": uuid.uuid4().hex, **(more or {})}
        if who:
            headers["Authorization"] = "Bearer " + self.keys[who]
        data = None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        request = urllib.request.Request(self.url + path, method=method, data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as refusal:
            raise Refused(f"{method} {path}: {refusal.code} {refusal.read().decode()[:300]}") from None
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text

    def get(self, path, who="admin"):
        return self.call("GET", path, None, who)

    def post(self, path, body=None, who="admin", more=None):
        return self.call("POST", path, body, who, more)

    def all(self, path):
        return self.get(path)["data"]


class Things:
    """Recipes by operation: `path`, `query`, `header` and `body` of a request that succeeds."""

    def __init__(self, url, callers):
        self.keys, self.endpoints = callers["keys"], callers["endpoints"]
        self.codes = callers.setdefault("codes", {})
        self.api = Api(url, self.keys)
        self.recipes, self.missing = {}, []
        self.count = 0

    def recipe(self, operation, path=None, body=None, query=None, headers=None):
        self.recipes[operation] = {"path": path or {}, "body": body, "query": query or {}, "header": headers or {}}

    def tried(self, making):
        """Goes on behind what cannot be made, so that all of it is told at once; the run fails for it in the end."""
        try:
            making()
        # What an earlier making was to leave behind is an attribute that is not there.
        except (Refused, KeyError, IndexError, TypeError, StopIteration, AttributeError) as why:
            self.missing.append(f"{making.__name__}: {why!r}")

    def fresh(self, word):
        self.count += 1
        return f"{word}{self.count}-{uuid.uuid4().hex[:6]}"

    # -- what is there -------------------------------------------------------------------------------------------------

    def look(self):
        api = self.api
        self.program = next(one for one in api.all("/v1/programs?limit=50") if one["name"] == "Friends of the Studio")["id"]
        self.known_links = api.all("/v1/revenue/affiliates?limit=50")
        self.commissions = [one for one in api.all("/v1/revenue/commissions?limit=200") if one["status"] == "pending"]
        self.payouts = api.all("/v1/revenue/payouts?limit=200")
        self.partner = self.keys_partner()

    def keys_partner(self):
        """Whose key the partner's is."""
        return next(one for one in self.api.all("/v1/users?limit=50") if one["role"] == "partner")["partner_id"]

    def payout(self, *states):
        """A payout in one of these states, never the same twice."""
        found = next(one for one in self.payouts if one["state"] in states)
        self.payouts.remove(found)
        return found

    def commission(self):
        return self.commissions.pop()

    def new_partner(self):
        body = {"name": "Ada Lovelace", "email": f"{self.fresh('ada')}@example.com", "program_id": self.program}
        return self.api.post("/v1/partners", body)["id"]

    # -- partners ------------------------------------------------------------------------------------------------------

    def partners(self):
        suspended, leaving, enrolled, staffed, paid = (self.new_partner() for _ in range(5))
        self.recipe("POST /v1/partners/{id}/suspend", {"id": enrolled}, REASON)
        self.api.post(f"/v1/partners/{suspended}/suspend", REASON)
        self.recipe("POST /v1/partners/{id}/reinstate", {"id": suspended})
        self.recipe("DELETE /v1/partners/{id}", {"id": leaving})
        path = {"id": staffed, "program_id": self.program}
        self.recipe("PATCH /v1/partners/{id}/enrolments/{program_id}", path, {"tier": "tier2"})
        body = {"name": "Winter", "currency": "USD", "time_zone": "UTC", "rule": {"kind": "percentage", "rate": "0.3"}}
        other = self.api.post("/v1/programs", body)["id"]
        self.recipe("POST /v1/partners/{id}/enrolments", {"id": staffed}, {"program_id": other})
        self.recipe("DELETE /v1/groups/{id}", {"id": self.api.post("/v1/groups", {"name": self.fresh("gold")})["id"]})
        user = self.api.post(f"/v1/partners/{staffed}/users", {"email": f"{self.fresh('grace')}@example.com"})
        self.recipe("DELETE /v1/partners/{id}/users/{user_id}", {"id": staffed, "user_id": user["id"]})
        self.recipe("PUT /v1/partners/{id}/payout-method", {"id": paid}, {"methods": [{"currency": "USD", "details": ACH}]})
        self.recipe("PUT /v1/partners/{id}/tax-form", {"id": paid}, W9)
        self.recipe("PATCH /v1/partners/{id}", {"id": paid}, {"name": "Ada King"})
        self.recipe("POST /v1/privacy/{subject}/export", {"subject": paid})
        self.recipe("POST /v1/privacy/{subject}/do-not-sell", {"subject": paid})
        leaver = self.new_partner()
        self.api.post(f"/v1/partners/{leaver}/suspend", REASON)
        self.recipe("POST /v1/privacy/{subject}/erase", {"subject": leaver})

    def tax_forms(self):
        other = self.new_partner()
        self.api.call("PUT", f"/v1/partners/{other}/tax-form", W9)
        self.recipe("POST /v1/partners/{id}/tax-form/withdraw", {"id": other}, REASON)
        # No number of an employer begins so: a person must look.
        doubtful = {**W9, "tin_kind": "ein", "tin": "07-1234567"}
        other = self.new_partner()
        self.api.call("PUT", f"/v1/partners/{other}/tax-form", doubtful)
        self.recipe("POST /v1/partners/{id}/tax-form/accept", {"id": other})

    def applications(self):
        made = []
        for _ in range(3):
            body = {"name": "Grace Hopper", "email": f"{self.fresh('grace')}@example.com"}
            self.api.post(f"/v1/programs/{self.program}/applications", body, who=None)
        made = [one["id"] for one in self.api.all(f"/v1/programs/{self.program}/applications?limit=50")]
        path = {"id": self.program, "application_id": made[0]}
        self.recipe("GET /v1/programs/{id}/applications/{application_id}", path)
        self.recipe("POST /v1/partners/{id}/approve", {"id": made[1]}, {"tier": "tier1"})
        self.recipe("POST /v1/partners/{id}/decline", {"id": made[2]}, REASON)

    def claims(self):
        made = []
        for _ in range(3):
            body = {
                "partner_id": self.partner, "program_id": self.program, "customer_email": f"{self.fresh('casey')}@example.com",
                "evidence": "She wrote to me on 3 May and asked which plan to take.",
            }
            made.append(self.api.post("/v1/claims", body)["id"])
        self.recipe("POST /v1/claims", {}, {**body, "customer_email": f"{self.fresh('casey')}@example.com"})
        self.recipe("GET /v1/claims/{id}", {"id": made[0]})
        accepted = {"reason": "the mail says so", "customer_id": f"stripe:cus_{uuid.uuid4().hex[:8]}"}
        self.recipe("POST /v1/claims/{id}/accept", {"id": made[1]}, accepted)
        self.recipe("POST /v1/claims/{id}/decline", {"id": made[2]}, REASON)

    def links(self):
        def made():
            body = {"partner_id": self.partner, "program_id": self.program, "destination": "https://studio.example/pricing"}
            return self.api.post("/v1/revenue/affiliates", body)["unique_code"]

        self.recipe("GET /v1/revenue/affiliates/{code}", {"code": made()})
        self.recipe("GET /v1/revenue/affiliates/{code}/qr", {"code": made()})
        self.recipe("PATCH /v1/revenue/affiliates/{code}", {"code": made()}, {"label": "spring"})
        self.recipe("DELETE /v1/revenue/affiliates/{code}", {"code": made()})
        code = made()
        self.recipe("POST /v1/clicks", body={}, query={"via": code}, headers={"Origin": "https://studio.example"})
        body = {"partner_id": self.partner, "program_id": self.program, "destination": "https://studio.example/pricing"}
        self.recipe("POST /v1/revenue/affiliates", body=body)

    def coupons(self):
        def made():
            return {"code": self.fresh("ADA").upper(), "partner_id": self.partner, "program_id": self.program}

        self.recipe("POST /v1/coupons", body=made())
        body = made()
        self.api.post("/v1/coupons", body)
        self.recipe("DELETE /v1/coupons/{code}", {"code": body["code"]})
        # Where nothing is left to be done at Stripe, it is answered as it is. Stripe's codes have letters and digits only.
        body = {**made(), "code": uuid.uuid4().hex[:12].upper(), "at_stripe": {"rate": "0.1", "duration": "once"}}
        self.api.post("/v1/coupons", body)
        self.recipe("POST /v1/coupons/{code}/retry", {"code": body["code"]})

    def programs(self):
        rule = {"kind": "percentage", "rate": "0.3"}
        body = {"name": "Spring", "currency": "USD", "time_zone": "Europe/Berlin", "rule": rule}
        self.recipe("POST /v1/programs", body=body)
        self.recipe("DELETE /v1/programs/{id}", {"id": self.api.post("/v1/programs", body)["id"]})
        change = {"rule": rule, "from": "2026-10-01T00:00:00Z", "to": "2026-10-08T00:00:00Z", "reason": "a rate was wrong"}
        made = [self.api.post("/v1/programs", {**body, "name": self.fresh("Summer")})["id"] for _ in range(3)]
        for id in made:
            self.api.post(f"/v1/programs/{id}/recompute", change, "second")
        found = [(id, self.api.all(f"/v1/programs/{id}/recompute")[0]["id"]) for id in made]
        for (id, recompute), operation in zip(found, ("approve", "reject", "differences")):
            path = {"id": id, "recompute_id": recompute}
            seal = self.ready(f"/v1/programs/{id}/recompute/{recompute}")["seal"] if operation == "approve" else None
            method = "GET" if operation == "differences" else "POST"
            body = {"seal": seal} if seal else None
            self.recipe(f"{method} /v1/programs/{{id}}/recompute/{{recompute_id}}/{operation}", path, body)
        self.recipe("GET /v1/programs/{id}/recompute/{recompute_id}", path)
        self.recipe("POST /v1/programs/{id}/recompute", {"id": made[2]}, change)

    def ready(self, path):
        """What is counted in the background, once it is."""
        for _ in range(60):
            found = self.api.get(path)
            if found.get("seal") or found.get("state") in ("ready", "filed"):
                return found
            time.sleep(0.5)
        return found

    # -- money ---------------------------------------------------------------------------------------------------------

    def adjustments(self):
        def made(path, body):
            return self.api.post(path, body, "finance_manager")

        correction = {"partner_id": self.partner, "amount": "900.00", "currency": "USD", "reason": "agreed with the partner"}
        seen = [made("/v1/revenue/adjustments", correction) for _ in range(2)]
        self.both("/v1/revenue/adjustments", seen)
        self.recipe("GET /v1/revenue/adjustments/{id}", {"id": seen[0]["id"]})
        self.recipe("POST /v1/revenue/adjustments", body={**correction, "amount": "5.00"})

    def both(self, collection, seen):
        """One to be approved, one to be rejected."""
        approved, rejected = seen
        self.recipe(f"POST {collection}/{{id}}/approve", {"id": approved["id"]}, {"seal": approved["seal"]})
        self.recipe(f"POST {collection}/{{id}}/reject", {"id": rejected["id"]}, REASON)

    def write_offs(self):
        owing = []
        for _ in range(3):
            partner = self.new_partner()
            debt = {"partner_id": partner, "amount": "-40.00", "currency": "USD", "reason": "agreed with the partner"}
            self.api.post("/v1/revenue/adjustments", debt)
            owing.append({"partner_id": partner, "currency": "USD", "reason": "nothing more comes"})
        seen = [self.api.post("/v1/revenue/write-offs", body, "finance_manager") for body in owing[:2]]
        self.both("/v1/revenue/write-offs", seen)
        self.recipe("GET /v1/revenue/write-offs/{id}", {"id": seen[0]["id"]})
        self.recipe("POST /v1/revenue/write-offs", body=owing[2])

    def exchanges(self):
        rate = {"from_currency": "USD", "to_currency": "EUR", "rate": "0.9", "source": "ECB", "at": "2026-09-01T00:00:00Z"}
        self.api.post("/v1/revenue/fx-rates", rate)
        partner = self.new_partner()
        money = {"partner_id": partner, "amount": "90.00", "currency": "USD", "reason": "agreed with the partner"}
        for _ in range(4):
            self.api.post("/v1/revenue/adjustments", money)
        body = {"partner_id": partner, "amount": "10.00", "currency": "USD", "into_currency": "EUR", "reason": "by mail"}
        seen = [self.api.post("/v1/revenue/fx-conversions", body, "finance_manager") for _ in range(2)]
        self.both("/v1/revenue/fx-conversions", seen)
        self.recipe("GET /v1/revenue/fx-conversions/{id}", {"id": seen[0]["id"]})
        self.recipe("POST /v1/revenue/fx-conversions", body=body)

    def lines(self):
        held = self.commission()
        self.api.post(f"/v1/revenue/commissions/{held['id']}/hold", REASON)
        self.recipe("POST /v1/revenue/commissions/{id}/release", {"id": held["id"]}, REASON)
        self.recipe("POST /v1/revenue/commissions/{id}/hold", {"id": self.commission()["id"]}, REASON)
        self.recipe("POST /v1/revenue/commissions/{id}/reject", {"id": self.commission()["id"]}, REASON)
        sale = self.commission()
        self.recipe("GET /v1/revenue/conversions/{id}/decision", {"id": sale["conversion_id"]})
        taker = next(
            one["partner_id"] for one in self.known_links
            if one["program_id"] == sale["program_id"] and one["partner_id"] != sale["partner_id"]
        )
        body = {"partner_id": taker, "program_id": sale["program_id"], "reason": "the link was theirs"}
        self.recipe("POST /v1/revenue/conversions/{id}/reattribute", {"id": sale["conversion_id"]}, body)

    def asked_for(self, *, approved=False):
        """A payout of a partner of its own, asked for; approved where it is said."""
        partner = self.new_partner()
        body = {"partner_id": partner, "amount": "90.00", "currency": "USD", "reason": "agreed with the partner"}
        self.api.post("/v1/revenue/adjustments", body)
        wish = {"partner_id": partner, "currency": "USD"}
        payout = self.api.post("/v1/revenue/payouts/request", wish, "finance_manager")
        if approved:
            self.api.call("PUT", f"/v1/revenue/payouts/{payout['id']}/approve", {"seal": payout["seal"]}, "second")
        return payout

    def desk(self):
        root = "/v1/revenue/payouts/{id}"
        waiting = self.asked_for()
        self.recipe(f"PUT {root}/approve", {"id": waiting["id"]}, {"seal": waiting["seal"]})
        self.recipe(f"PUT {root}/reject", {"id": self.asked_for()["id"]}, REASON)
        self.recipe(f"POST {root}/cancel", {"id": self.asked_for()["id"]}, REASON)
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        sent = {"sent_at": now, "payment_reference": self.fresh("BANK-")}
        self.recipe(f"POST {root}/mark-sent", {"id": self.asked_for(approved=True)["id"]}, sent)
        arrived = {"completed_at": now, "payment_reference": self.fresh("BANK-")}
        self.recipe(f"POST {root}/confirm", {"id": self.payout("submitted")["id"]}, arrived)
        self.recipe(f"POST {root}/fail", {"id": self.payout("submitted")["id"]}, {"failure_reason": "the account is closed"})
        self.recipe(f"GET {root}/receipt", {"id": self.payout("paid")["id"]})
        partner = self.new_partner()
        body = {"partner_id": partner, "amount": "90.00", "currency": "USD", "reason": "agreed with the partner"}
        self.api.post("/v1/revenue/adjustments", body)
        self.recipe("POST /v1/revenue/payouts/request", body={"partner_id": partner, "currency": "USD"})

    def counted(self, year, operation):
        """A count of a tax year: with very many payees it takes several requests."""
        for _ in range(30):
            found = self.api.post(f"/v1/reports/tax-forms/{year}/{operation}", None, "finance_manager")["count"]
            if found["state"] != "counting":
                return found
        raise Refused(f"{operation} of {year}: {found}")

    def taxes(self):
        root, year = "/v1/reports/tax-forms/{year}", {"year": "2026"}
        self.counted(2026, "generate")
        for operation in ("", "/rows"):
            self.recipe(f"GET {root}{operation}", year)
        self.recipe(f"POST {root}/generate", year)

        def deposit():
            return {"year": 2026, "amount": "24.00", "deposited_on": "2026-09-01", "reference": self.fresh("EFT ")}

        root = "/v1/revenue/tax/remittances"
        approved, rejected, booked = (self.api.post(root, deposit(), "finance_manager")["id"] for _ in range(3))
        self.recipe(f"POST {root}", body=deposit())
        self.recipe(f"POST {root}/{{id}}/approve", {"id": approved})
        self.recipe(f"POST {root}/{{id}}/reject", {"id": rejected}, REASON)
        self.api.post(f"{root}/{booked}/approve", None, "second")
        self.recipe(f"POST {root}/{{id}}/take-back", {"id": booked}, REASON)

    # -- people --------------------------------------------------------------------------------------------------------

    def members(self):
        body = {"name": "Emmy Noether", "email": f"{self.fresh('emmy')}@example.com"}
        member = self.api.post("/v1/members", body)["id"]
        root = "/v1/members/{id}"
        self.recipe(f"GET {root}", {"id": member})
        self.recipe(f"PATCH {root}", {"id": member}, {"name": "Emmy"})
        self.recipe(f"PUT {root}/kyc", {"id": member}, {"status": "verified"})
        self.recipe(f"POST {root}/bank-info", {"id": member}, {"methods": [{"currency": "USD", "details": ACH}]})
        self.recipe(f"POST {root}/tax-info", {"id": member}, W9)
        self.recipe("POST /v1/members", body={**body, "email": f"{self.fresh('emmy')}@example.com"})

    def users(self):
        body = {"email": f"{self.fresh('otto')}@example.com", "role": "support"}
        user = self.api.post("/v1/users", body)["id"]
        self.recipe("GET /v1/users/{id}", {"id": user})
        self.recipe("PATCH /v1/users/{id}", {"id": user}, {"name": "Otto"})
        self.recipe("POST /v1/users", body={**body, "email": f"{self.fresh('otto')}@example.com"})
        key = {"name": "our server", "kind": "service", "scopes": ["leads:read"]}
        self.recipe("POST /v1/api-keys", body=key)
        self.recipe("DELETE /v1/api-keys/{id}", {"id": self.api.post("/v1/api-keys", key)["id"]})

    def signed_in(self):
        """A session for each operation that takes one, by the links in the mail."""
        for operation in (
            "GET /v1/auth/session", "PUT /v1/auth/session", "DELETE /v1/auth/session", "POST /v1/auth/totp",
        ):
            self.keys[operation] = self.session()[0]
        user = self.session()[1]
        session = self.api.all(f"/v1/auth/sessions?user_id={user}")[0]["id"]
        self.recipe("DELETE /v1/auth/sessions/{id}", {"id": session}, query={"user_id": user})
        self.recipe("POST /v1/auth/session", body={"token": self.link()[0], "transport": "bearer"})
        self.recipe("GET /v1/auth/magic-link", query={"token": self.link()[0]})
        self.recipe("POST /v1/auth/magic-link", body={"email": "ada@studio.example"})

    def second_factors(self):
        """Authenticators: one to be confirmed, one that is, one to be taken away by its owner, and one by an admin."""
        for operation in ("POST /v1/auth/totp/confirm", "POST /v1/auth/totp/verify", "DELETE /v1/auth/totp"):
            self.keys[operation], user = self.session()
            self.codes[operation] = self.api.call("POST", "/v1/auth/totp", None, operation)["secret"]
            if not operation.endswith("confirm"):
                self.api.post("/v1/auth/totp/confirm", {"code": code(self.codes[operation])}, operation)
        self.keys["taken"], user = self.session()
        secret = self.api.call("POST", "/v1/auth/totp", None, "taken")["secret"]
        self.api.post("/v1/auth/totp/confirm", {"code": code(secret)}, "taken")
        self.recipe("DELETE /v1/users/{id}/totp", {"id": user})

    def link(self):
        email = f"{self.fresh('sofia')}@example.com"
        user = self.api.post("/v1/users", {"email": email, "role": "support"})["id"]
        for _ in range(60):
            for mail in self.api.get("/local/mail.json")["mail"]:
                if email in json.dumps(mail.get("to", "")):
                    found = re.search(r"magic-link\?token=([A-Za-z0-9_-]+)", mail.get("text") or mail["html"])
                    if found:
                        return found.group(1), user
            time.sleep(0.5)
        raise Refused(f"no mail to {email}")

    def session(self):
        token, user = self.link()
        answer = self.api.post("/v1/auth/session", {"token": token, "transport": "bearer"}, who=None)
        return answer["session_token"], user

    def leads(self):
        def body():
            return {
                "email": f"{self.fresh('lea')}@example.com", "source": "pricing-page", "program_id": self.program,
                "consent": {"given": True, "source": "pricing form, terms of 2026-09"},
            }

        made = [self.api.post("/v1/revenue/leads", body(), "service")["lead_id"] for _ in range(3)]
        self.recipe("POST /v1/revenue/leads", body=body())
        for operation, lead in zip(("GET {}", "DELETE {}", "POST {}/convert"), made):
            self.recipe(operation.format("/v1/revenue/leads/{id}"), {"id": lead})

    def billing(self):
        plan = {"name": "Studio", "currency": "USD", "tiers": [{"name": "pro", "amount": "49.00", "interval": "month"}]}
        plan = self.api.post("/v1/revenue/plans", plan)
        body = {"email": f"{self.fresh('casey')}@example.com", "payment_method": "pm_card_visa"}
        customer = self.api.post("/v1/revenue/customers", body)["id"]
        root = "/v1/revenue/customers/{id}"
        self.recipe("POST /v1/revenue/customers", body={"email": f"{self.fresh('casey')}@example.com"})
        self.recipe(f"GET {root}", {"id": customer})
        self.recipe(f"PATCH {root}", {"id": customer}, {"name": "Casey"})
        self.recipe(f"PUT {root}/payment-method", {"id": customer}, {"payment_method": "pm_card_visa"})
        wish = {"customer_id": customer, "plan_id": plan["id"]}
        made = [self.api.post("/v1/revenue/subscriptions", wish)["id"] for _ in range(2)]
        self.recipe("POST /v1/revenue/subscriptions", body=wish)
        self.recipe("GET /v1/revenue/subscriptions/{id}", {"id": made[0]})
        self.recipe("PATCH /v1/revenue/subscriptions/{id}", {"id": made[0]}, {"quantity": 2})
        self.recipe("POST /v1/revenue/subscriptions/{id}/cancel", {"id": made[1]}, {"at_period_end": False})

    def wishes(self):
        """Bodies whose fields go together as no example of a field says."""
        self.recipe("POST /v1/achievements", body={
            "program_id": self.program, "name": self.fresh("First ten "), "metric": "sales", "threshold": "10", "bonus": "100",
        })
        self.recipe("POST /v1/programs/{id}/rules", {"id": self.program}, {"kind": "percentage", "rate": "0.3"})
        self.recipe("POST /v1/revenue/tax/calculate", body={"amount": "100.00", "currency": "EUR", "country": "DE"})
        self.recipe("GET /v1/partners/dashboard", query={"partner_id": self.partner})
        self.recipe("GET /v1/partners/revenue/commissions", query={"partner_id": self.partner})
        self.recipe("GET /v1/revenue/commissions", query={"limit": 5})
        self.recipe("POST /v1/revenue/verify", query={"journal_days": 2})

    def webhooks(self):
        event = {"id": f"evt_{uuid.uuid4().hex[:8]}", "object": "event", "type": "ping", "created": int(time.time()), "data": {"object": {}}}
        self.recipe("POST /v1/webhooks/stripe", body=event)
        named = {"endpoint_id": self.endpoints["stripe"]["id"]}
        self.recipe("POST /v1/webhooks/stripe/{endpoint_id}", named, {**event, "id": event["id"] + "b"})
        named = {"endpoint_id": self.endpoints["lemon-squeezy"]["id"]}
        order = {"meta": {"event_name": "ping"}, "data": {"type": "orders", "id": "1", "attributes": {}}}
        self.recipe("POST /v1/webhooks/lemon-squeezy/{endpoint_id}", named, order)
        named = {"endpoint_id": self.endpoints["standard"]["id"]}
        self.recipe("POST /v1/webhooks/{endpoint_id}", named, {"type": "ping", "data": {}})

    def pages(self):
        page = self.api.get("/docs", who=None)
        name = re.search(r"(?:src|href)=\"\.?/?(?:docs/)?([A-Za-z0-9_.-]+\.(?:css|js))\"", page).group(1)
        self.recipe("GET /docs/{file}", {"file": name})

    def make(self):
        for making in (
            self.partners, self.tax_forms, self.applications, self.claims, self.links, self.coupons, self.programs,
            self.adjustments, self.write_offs, self.exchanges, self.lines, self.desk, self.taxes, self.members,
            self.users, self.signed_in, self.second_factors, self.leads, self.billing, self.webhooks, self.wishes,
            self.pages,
        ):
            self.tried(making)

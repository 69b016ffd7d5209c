"""What must have been there for a while before an operation can succeed: money leaves by no method that is younger than
72 hours, what a NACHA file carried is confirmed days behind it, a membership ends months after its award was paid, and a tax
year is filed once it is over.

The small cloud's clock is set back for it, and forward again: nothing of it stands in the future when the run begins.
"""

import datetime
import json
import os
import time
import urllib.parse
import urllib.request

from things import ACH, REASON, Refused, W9

BANK = {"ach": {
    "destination_routing_number": "121042882", "destination_name": "Test ODFI Bank", "origin": "121042882",
    "origin_name": "Acme Affiliates Inc", "company_name": "Acme Affiliates", "company_id": "1234567890",
    "originating_routing_number": "121042882",
}}
# Where the small cloud's Stripe is.
STRIPE = os.environ.get("STRIPE_API_URL", "")
# The last year whose template for the tax office ships.
YEAR = 2025
# Two months: an award that was paid then ends a membership of one month by now.
AGO = "1488h"


def ahead(text):
    return text.removeprefix("-") if text.startswith("-") else "-" + text


class Cloud:
    """The small cloud's own doors: its clock, its schedules, and its Stripe."""

    def __init__(self, api):
        self.api = api

    def clock(self):
        return self.api.call("GET", "/local/clock", who=None)

    def now(self):
        return self.clock()["now"][:19] + "Z"

    def at(self, advance, making):
        """What is made while the clock is elsewhere; it comes back whatever happens."""
        self.api.call("POST", "/local/clock", {"advance": advance}, who=None)
        try:
            return making()
        finally:
            self.api.call("POST", "/local/clock", {"advance": ahead(advance)}, who=None)

    def until(self, instant):
        """How far it is to an instant, as the clock is told."""
        now = datetime.datetime.fromisoformat(self.clock()["now"].replace("Z", "+00:00"))
        return f"{int((datetime.datetime.fromisoformat(instant) - now).total_seconds() // 3600)}h"

    def stripe(self, path, fields):
        """A call of its Stripe: a form, or JSON at its own doors."""
        is_own = path.startswith("/_stand_in/")
        data = json.dumps(fields).encode() if is_own else urllib.parse.urlencode(fields).encode()
        headers = {"Authorization": "Bearer sk_test_flows"}
        headers["Content-Type"] = "application/json" if is_own else "application/x-www-form-urlencoded"
        request = urllib.request.Request(STRIPE + path, method="POST", data=data, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None


class Earlier:
    """Adds to the recipes of `Things` those that take time."""

    def __init__(self, things):
        self.things, self.api = things, things.api
        self.cloud = Cloud(things.api)
        self.account = 123456780

    def make(self):
        things = self.things
        for making in (self.payees, self.files, self.returns, self.releases, self.by_hand, self.by_stripe, self.runs,
                       self.awards, self.years):
            things.tried(making)

    # -- who is paid, and by what ----------------------------------------------------------------------------------------

    def payee(self, details):
        partner = self.things.new_partner()
        self.api.call("PUT", f"/v1/partners/{partner}/payout-method", {"methods": [{"details": details}]})
        return partner

    def by_ach(self):
        self.account += 1
        return self.payee({**ACH, "account_number": str(self.account)})

    def connected(self):
        account = self.cloud.stripe("/v1/accounts", {"capabilities[transfers][requested]": "true"})
        return self.payee({"rail": "stripe_connect", "account_id": account["id"]})

    def payees(self):
        """All at once, long enough ago that their methods have cooled off."""
        def making():
            self.api.call("PUT", "/v1/revenue/payouts/rails", BANK, more={"If-Match": '"0"'})
            self.banked = [self.by_ach() for _ in range(9)]
            self.twins = [self.payee({"rail": "paypal", "email": "both@example.com"}) for _ in range(2)]
            self.handed = self.payee({"rail": "manual", "holder": "Ada Lovelace", "instructions": "by cheque, in person"})
            self.connections = [self.connected() for _ in range(3)]
            self.members()

        self.cloud.at("-" + AGO, making)
        self.things.recipe("PUT /v1/revenue/payouts/rails", body=BANK, headers={"If-Match": '"1"'})

    def earns(self, partner, amount, currency="USD"):
        body = {"partner_id": partner, "amount": amount, "currency": currency, "reason": "agreed with the partner"}
        made = self.api.post("/v1/revenue/adjustments", body, "finance_manager")
        if made["state"] == "pending":
            self.api.post(f"/v1/revenue/adjustments/{made['id']}/approve", {"seal": made["seal"]}, "second")

    def approved(self, partner, amount="90.00"):
        """A payout of the partner that two people agree on."""
        self.earns(partner, amount)
        wish = {"partner_id": partner, "currency": "USD"}
        payout = self.api.post("/v1/revenue/payouts/request", wish, "finance_manager")
        self.api.call("PUT", f"/v1/revenue/payouts/{payout['id']}/approve", {"seal": payout["seal"]}, "second")
        return payout["id"]

    def arrived(self, payout):
        body = {"completed_at": self.cloud.now(), "payment_reference": self.things.fresh("BANK-")}
        return self.api.post(f"/v1/revenue/payouts/{payout}/confirm", body, "finance_manager")

    # -- files for banks, and what comes back -----------------------------------------------------------------------------

    def export(self):
        return self.api.post("/v1/revenue/payouts/export", {"currency": "USD", "rail": "ach"}, "finance_manager")["id"]

    def files(self):
        root, banked = "/v1/revenue/payouts/files/{id}", self.banked
        # What a file carried is confirmed once its bank cannot send it back any more: some banking days behind it.
        file = self.cloud.at("-240h", self.first_file)
        self.things.recipe(f"GET {root}", {"id": file})
        self.things.recipe(f"GET {root}/content", {"id": file})
        self.second = self.approved(banked[4])
        later = self.api.get(f"/v1/revenue/payouts/files/{self.export()}/content", "finance_manager")
        self.traces_later = self.read(later)
        self.approved(banked[5])
        self.things.recipe(f"POST {root}/void", {"id": self.export()}, REASON)
        self.approved(banked[6])
        self.things.recipe("POST /v1/revenue/payouts/export", body={"currency": "USD", "rail": "ach"})

    def first_file(self):
        self.first = [self.approved(one, "150.00") for one in self.banked[:3]] + [self.approved(self.banked[3])]
        file = self.export()
        self.traces = self.read(self.api.get(f"/v1/revenue/payouts/files/{file}/content", "finance_manager"))
        return file

    @staticmethod
    def read(content):
        """The credits of a bank's file: trace number, bank and cents."""
        lines = [line for line in content.splitlines() if line.startswith("6") and line[1:3] in ("22", "32")]
        return [(line[79:94], line[3:11], int(line[29:39])) for line in lines]

    @staticmethod
    def came_back(entries):
        """What the bank sends back of them: no such account, as NACHA lays it out."""
        total, count = sum(cents for _, _, cents in entries), 2 * len(entries)
        check = 12_104_288 * len(entries)
        lines = [
            "101 121042882 23138010426112704151094101TEST ODFI BANK         TEST RECEIVING BANK            ",
            f"5220{'ACME AFFILIATES':<36}1234567890PPDCOMMISSIONNOV 26261125   1121042880000001",
        ]
        for n, (trace, bank, cents) in enumerate(entries, 1):
            own = f"{bank}{n:07}"
            lines.append(f"621121042882{'123456781':<17}{cents:010}{'P':<15}{'PARTNER':<22}  1{own}")
            lines.append(f"799R03{trace}      {bank}{'NO SUCH ACCOUNT':<44}{own}")
        lines.append(f"8220{count:06}{check:010}{0:012}{total:012}1234567890{'':25}121042880000001")
        blocks = -(-(len(lines) + 1) // 10)
        lines.append(f"9{1:06}{blocks:06}{count:08}{check:010}{0:012}{total:012}{'':39}")
        lines += ["9" * 94] * (blocks * 10 - len(lines))
        return "".join(line + "\n" for line in lines)

    def returns(self):
        for payout in self.first:
            self.arrived(payout)
        body = {"content": self.came_back(self.traces)}
        self.api.post("/v1/revenue/payouts/returns", body, "finance_manager")
        self.things.recipe("POST /v1/revenue/payouts/returns", body={"content": self.came_back(self.traces_later)})

    def releases(self):
        asked = [{"payout_id": payout, **REASON} for payout in self.first]
        seen = [self.api.post("/v1/revenue/releases", body, "finance_manager") for body in asked[:2]]
        self.things.both("/v1/revenue/releases", seen)
        self.things.recipe("GET /v1/revenue/releases/{id}", {"id": seen[0]["id"]})
        self.things.recipe("POST /v1/revenue/releases", body=asked[3])

    # -- by hand, and by itself --------------------------------------------------------------------------------------------

    def by_hand(self):
        payout, root = self.approved(self.handed), "/v1/revenue/payouts/{id}"
        self.things.recipe(f"POST {root}/generate-instructions", {"id": payout})
        path = root.format(id=payout) + "/generate-instructions"
        # Asked for until the page is there: it is made by and by.
        for _ in range(60):
            if self.api.post(path, None, "finance_manager")["document_state"] == "made":
                break
            time.sleep(0.5)
        self.things.recipe(f"GET {root}/instructions", {"id": payout})

    def by_stripe(self):
        root = "/v1/revenue/payouts/{id}"
        submitted, looked_at, settled = [self.approved(one) for one in self.connections]
        self.things.recipe(f"POST {root}/submit", {"id": submitted})
        # The executor looks again by itself: as long as Stripe does not list, it learns nothing.
        self.cloud.stripe("/_stand_in/faults", {"method": "GET", "path": "/v1/transfers*", "status": 500, "times": 1000000})
        for payout in (looked_at, settled):
            self.cloud.stripe("/_stand_in/faults", {"method": "POST", "path": "/v1/transfers", "status": None})
            self.api.post(f"/v1/revenue/payouts/{payout}/submit", None, "finance_manager")
            self.waits_in(f"/v1/revenue/payouts/{payout}", "outcome_unknown")
        self.things.recipe(f"POST {root}/retry", {"id": looked_at})
        word = {"outcome": "not_paid", "reason": "Stripe knows no transfer of it"}
        self.things.recipe(f"POST {root}/resolve", {"id": settled}, word)

    def waits_in(self, path, state, word="state"):
        for _ in range(60):
            try:
                found = self.api.get(path)[word]
            except Refused as why:
                found = str(why)
            if found == state:
                return
            time.sleep(0.5)
        raise Refused(f"{path} is {found}, not {state}")

    def runs(self):
        """A run that pays one account twice: it says no. In a currency of its own, for it takes up whatever can be paid."""
        for partner in self.twins:
            self.earns(partner, "90.00", "GBP")
        self.beyond_doubt(self.twins)
        run = self.api.post("/v1/revenue/payout-runs", {"currency": "GBP"}, "second")
        path = {"id": run["id"]}
        self.things.recipe("GET /v1/revenue/payout-runs/{id}/go-no-go", path)
        self.things.recipe("POST /v1/revenue/payout-runs/{id}/override", path, REASON)

    def beyond_doubt(self, partners):
        """One account at two partners is looked at by a person first."""
        for _ in range(60):
            reviews = [one for one in self.api.all("/v1/risk?limit=100") if set(one["partner_ids"]) & set(partners)]
            if reviews:
                break
            time.sleep(0.5)
        for review in reviews:
            self.api.post(f"/v1/risk/{review['id']}/decide", {"decision": "release", **REASON})

    # -- awards ------------------------------------------------------------------------------------------------------------

    def member(self, plan):
        fresh, api = self.things.fresh, self.api
        customer = {"email": f"{fresh('emmy')}@example.com", "payment_method": "pm_card_visa"}
        customer = api.post("/v1/revenue/customers", customer)["id"]
        wish = {"customer_id": customer, "plan_id": plan["id"]}
        subscription = api.post("/v1/revenue/subscriptions", wish)["id"]
        # Stripe tells of it in a moment.
        self.waits_in(f"/v1/revenue/subscriptions/{subscription}", "active", "status")
        body = {"name": "Emmy Noether", "email": f"{fresh('emmy')}@example.com", "subscription_id": subscription}
        member = api.post("/v1/members", body)["id"]
        api.call("PUT", f"/v1/members/{member}/kyc", {"status": "verified"})
        manual = {"rail": "manual", "holder": "Emmy Noether", "instructions": fresh("by cheque, account ")}
        # Whoever says where the money goes does not approve it.
        api.post(f"/v1/members/{member}/bank-info", {"methods": [{"details": manual}]}, "finance_manager")
        api.post(f"/v1/members/{member}/tax-info", W9)
        return member

    def members(self):
        """Three who wait: one is given an award then, one will be now, and one is left for the run."""
        policy = {
            "launched_on": "2024-01-01", "months_min": 1, "revenue_per_award": 100, "gross": 500, "retention": 1,
            "membership_months": 1,
        }
        self.api.call("PUT", "/v1/revenue/payouts/award-policy", policy)
        tiers = [{"name": "pro", "amount": "49.00", "interval": "month"}]
        plan = self.api.post("/v1/revenue/plans", {"name": "Studio", "currency": "USD", "tiers": tiers})
        self.waiting = [self.member(plan) for _ in range(3)]

    def give(self):
        """The daily round looks at the revenue; then there is an award to give."""
        self.api.call("POST", "/local/tick/membership-keeper/eligibility", who=None)
        return self.api.post("/v1/revenue/payouts/initiate", {}, "finance_manager")

    def awards(self):
        def paid():
            payout = self.give()["payout"]
            path = f"/v1/revenue/payouts/{payout['id']}"
            for who in ("admin", "second"):
                self.api.call("PUT", f"{path}/approve", {"seal": payout["seal"]}, who)
            sent = {"sent_at": self.cloud.now(), "payment_reference": self.things.fresh("BANK-")}
            self.api.post(f"{path}/mark-sent", sent, "finance_manager")
            self.arrived(payout["id"])

        # By then the members' methods have cooled off; by now a month has passed since.
        self.cloud.at("-1368h", paid)
        self.give()
        self.things.recipe("GET /v1/members/{id}/payout", {"id": self.waiting[1]})
        self.things.recipe("POST /v1/revenue/payouts/initiate", body={})
        # One round sees that the award was paid, the next that the membership is over.
        gone = f"/v1/members/{self.waiting[0]}"
        for _ in range(2):
            self.api.call("POST", "/local/tick/membership-keeper/memberships", who=None)
            time.sleep(1)
        self.waits_in(gone, "removed")
        self.things.recipe("POST /v1/members/{id}/reactivate", {"id": self.waiting[0]}, {})

    # -- tax years ---------------------------------------------------------------------------------------------------------

    def paid_in(self, year):
        """A partner who was paid more than a form is needed for, in a year that is over."""
        def paying():
            partner = self.things.new_partner()
            self.api.call("PUT", f"/v1/partners/{partner}/tax-form", {**W9, "signed_on": f"{year}-01-02"})
            payout = self.approved(partner, "2700.00")
            sent = {"sent_at": self.cloud.now(), "payment_reference": self.things.fresh("BANK-")}
            self.api.post(f"/v1/revenue/payouts/{payout}/mark-sent", sent, "finance_manager")
            self.arrived(payout)

        self.cloud.at(self.cloud.until(f"{year}-12-28T12:00:00+00:00"), paying)

    def years(self):
        """A year that was filed and then counted once more: that count is still to be filed."""
        self.paid_in(YEAR)
        payer = {
            "business_name": "Acme Inc", "tin_kind": "ein", "tin": "45-1234567", "address": W9["address"],
            "phone": "212-555-0100", "email": "tax@acme.example",
        }
        self.api.call("PUT", "/v1/revenue/tax/settings", {"payer": payer, "rails": {}, "templates": {}})
        root, year = "/v1/reports/tax-forms/{year}", str(YEAR)
        first = self.things.counted(YEAR, "generate")
        path = {"year": year, "name": first["files"][0]["name"]}
        self.things.recipe(f"GET {root}/files/{{name}}", path)
        said = {"count": first["no"], "receipt": "IRIS 2704"}
        self.api.post(f"/v1/reports/tax-forms/{year}/filed", said, "finance_manager")
        anew = self.things.counted(YEAR, "correct")
        self.things.recipe(f"GET {root}/corrections", {"year": year})
        self.things.recipe(f"POST {root}/correct", {"year": year})
        self.things.recipe(f"POST {root}/filed", {"year": year}, {"count": anew["no"], "receipt": "IRIS 2705"})

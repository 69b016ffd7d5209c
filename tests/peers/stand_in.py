"""Stripe's own Python package drives the stand-in: what it sends is understood, what is answered it reads.

Usage: stand_in.py URL
"""

import sys

import stripe

START = 1769853600
DAY = 86400
checks = 0


def same(found, expected, what):
    global checks
    checks += 1
    if found != expected:
        sys.exit(f"{what}: {found!r}, not {expected!r}")


def refused(kind, call, what):
    """The error of a call that must fail."""
    try:
        call()
    except kind as error:
        return error
    sys.exit(f"{what}: it was not refused")


def main():
    client = stripe.StripeClient(
        "sk_test_peer", base_addresses={"api": sys.argv[1]}, max_network_retries=2
    )
    v1 = client.v1
    clock = v1.test_helpers.test_clocks.create({"frozen_time": START})
    customer = v1.customers.create(
        {"email": "casey@customer.example", "test_clock": clock.id, "metadata": {"ours": "1"}, "address": {"country": "DE"}}
    )
    same(v1.customers.retrieve(customer.id).metadata["ours"], "1", "metadata")
    card = v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    same(card.card.last4, "4242", "a test card")
    v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": card.id}, "metadata": {"ours": ""}})
    same("ours" in v1.customers.retrieve(customer.id).metadata, False, "metadata that is unset")
    product = v1.products.create({"name": "Studio"})
    prices = [
        v1.prices.create(
            {"product": product.id, "currency": "usd", "unit_amount": amount, "recurring": {"interval": "month"}}
        )
        for amount in (9900, 19900)
    ]
    made = v1.subscriptions.create(
        {
            "customer": customer.id,
            "items": [{"price": prices[0].id, "quantity": 2}],
            "expand": ["latest_invoice.customer"],
            "automatic_tax": {"enabled": True},
        }
    )
    same((made.status, made.latest_invoice.customer.email), ("active", "casey@customer.example"), "a subscription")
    same(made.latest_invoice.total, 23562, "19800 and 19 % of it")
    item = made["items"].data[0].id
    changed = v1.subscriptions.update(
        made.id, {"items": [{"id": item, "price": prices[1].id}], "proration_behavior": "none"}
    )
    same(changed["items"].data[0].price.unit_amount, 19900, "another price")
    paused = v1.subscriptions.update(made.id, {"pause_collection": {"behavior": "void"}})
    same(paused.pause_collection.behavior, "void", "paused")
    same(v1.subscriptions.update(made.id, {"pause_collection": ""}).pause_collection, None, "resumed")
    v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": START + 30 * DAY})
    invoices = list(v1.invoices.list({"subscription": made.id, "limit": 1}).auto_paging_iter())
    same([one.billing_reason for one in invoices], ["subscription_cycle", "subscription_create"], "pages of invoices")
    same(v1.subscriptions.cancel(made.id).status, "canceled", "an end")
    kinds = {event.type for event in v1.events.list({"limit": 20}).auto_paging_iter()}
    for kind in ("customer.created", "invoice.paid", "invoice_payment.paid", "customer.subscription.deleted"):
        same(kind in kinds, True, kind)
    tax = v1.tax.calculations.create(
        {
            "currency": "eur",
            "line_items": [{"amount": 10000, "reference": "a"}],
            "customer_details": {"address": {"country": "DE"}, "address_source": "billing"},
        }
    )
    same(tax.tax_amount_exclusive, 1900, "a calculation of tax")
    session = v1.checkout.sessions.create(
        {"mode": "subscription", "line_items": [{"price": prices[0].id, "quantity": 1}], "success_url": "https://shop.example"}
    )
    same(v1.checkout.sessions.retrieve(session.id).status, "open", "a check-out")

    error = refused(stripe.InvalidRequestError, lambda: v1.customers.create({"colour": "red"}), "a stranger")
    same((error.code, error.param), ("parameter_unknown", "colour"), "a stranger among the parameters")
    error = refused(stripe.InvalidRequestError, lambda: v1.subscriptions.create({"customer": customer.id}), "no items")
    same((error.code, error.param), ("parameter_missing", "items"), "a parameter that is missing")
    error = refused(stripe.InvalidRequestError, lambda: v1.customers.retrieve("cus_none"), "nobody")
    same((error.code, error.http_status), ("resource_missing", 404), "nobody")
    error = refused(
        stripe.CardError,
        lambda: v1.payment_methods.attach("pm_card_visa_chargeDeclined", {"customer": customer.id}),
        "a declined card",
    )
    same((error.code, error.error.decline_code), ("card_declined", "generic_decline"), "a declined card")
    stranger = stripe.StripeClient("nonsense", base_addresses={"api": sys.argv[1]})
    refused(stripe.AuthenticationError, lambda: stranger.v1.customers.list(), "a key that is none")
    once = {"idempotency_key": "one"}
    first = v1.customers.create({"email": "a@b.example"}, once)
    same(v1.customers.create({"email": "a@b.example"}, once).id, first.id, "one key")
    refused(stripe.IdempotencyError, lambda: v1.customers.create({"email": "c@b.example"}, once), "another request")
    print(f"stripe for Python {stripe.VERSION}: {checks} checks hold")


main()

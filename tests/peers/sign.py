"""Random messages signed by the official Python packages, and as many that somebody has changed; a line of JSON each.

Usage: sign.py COUNT [SEED]
"""

import base64
import datetime
import json
import random
import re
import sys

import standardwebhooks
import stripe


def body(dice):
    """Anything that Stripe or anybody could send: JSON with texts of every kind."""
    text = "".join(chr(dice.choice([dice.randrange(32, 127), dice.randrange(0xA0, 0x2FFF), 0x1F600])) for _ in range(dice.randrange(0, 300)))
    return json.dumps(
        {"id": f"evt_{dice.randrange(10**12)}", "n": dice.randrange(-(10**15), 10**15), "text": text, "list": [None, True, []]},
        ensure_ascii=dice.random() < 0.5,
        indent=dice.choice([None, 1, 2]),
    ).encode()


def changed(dice, message):
    """One thing of a message is not as it was signed."""
    message = json.loads(json.dumps(message))
    raw = bytearray(base64.b64decode(message["body"]))
    what = dice.choice(["body", "longer", "shorter", "secret", "late", "early", "header"])
    if what == "body":
        raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
    elif what == "longer":
        raw += b" "
    elif what == "shorter":
        del raw[-1]
    elif what == "secret":
        message["secret"] = "whsec_" + base64.b64encode(dice.randbytes(32)).decode()
    elif what == "late":
        message["now"] += dice.randrange(601, 10**6)
    elif what == "early":
        message["now"] -= dice.randrange(601, 10**6)
    else:
        name = "stripe-signature" if message["scheme"] == "stripe" else "webhook-signature"
        header = message["headers"][name]
        # In the genuine signature: what stands beside it is no proof either way.
        begin = re.search(r"v1[=,](?!0{64})", header).end()
        at = dice.randrange(begin, begin + 40)
        message["headers"][name] = header[:at] + ("0" if header[at] != "0" else "1") + header[at + 1 :]
    message["body"] = base64.b64encode(bytes(raw)).decode()
    message["expect"] = "refuse"
    return message


def by_stripe(dice, raw):
    secret = "whsec_" + base64.urlsafe_b64encode(dice.randbytes(24)).decode()
    now = dice.randrange(10**9, 2 * 10**9)
    at = now + dice.randrange(-300, 301)
    signature = stripe.WebhookSignature._compute_signature(f"{at}.{raw.decode()}", secret)
    header = dice.choice([f"t={at},v1={signature}", f"t={at},v1={'0' * 64},v1={signature},v0={signature}"])
    # The package itself takes it; it checks the age against the clock, so without a tolerance.
    assert stripe.WebhookSignature.verify_header(raw.decode(), header, secret, None)
    return {"scheme": "stripe", "secret": secret, "headers": {"stripe-signature": header}, "now": now}


def by_standard(dice, raw):
    secret = "whsec_" + base64.b64encode(dice.randbytes(dice.randrange(24, 65))).decode()
    now = dice.randrange(10**9, 2 * 10**9)
    at = now + dice.randrange(-300, 301)
    message_id = "msg_" + "".join(dice.choice("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") for _ in range(27))
    instant = datetime.datetime.fromtimestamp(at, tz=datetime.timezone.utc)
    signature = standardwebhooks.Webhook(secret).sign(msg_id=message_id, timestamp=instant, data=raw.decode())
    headers = {"webhook-id": message_id, "webhook-timestamp": str(at), "webhook-signature": signature}
    return {"scheme": "standard", "secret": secret, "headers": headers, "now": now}


def main():
    count, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    dice = random.Random(seed)
    for peer, sign in [("stripe (Python)", by_stripe), ("standardwebhooks (Python)", by_standard)]:
        for _ in range(count):
            raw = body(dice)
            message = {"peer": peer, "expect": "accept", "body": base64.b64encode(raw).decode(), **sign(dice, raw)}
            print(json.dumps(message))
            print(json.dumps(changed(dice, message)))


main()

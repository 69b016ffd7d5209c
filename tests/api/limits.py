"""The limits of the tenant that a run calls stay raised: what would lower them is sent with the highest limit in its place.

In the request, and not in the tested document: a document that allows less than the door takes is a false failure. What no
limit is (nothing, a text, what is out of bounds) stays as it is, so that it is refused, or taken, as it would be.
"""

# As the document has it (`RateLimitsBody`).
LIMIT_MIN, LIMIT_MAX = 1, 1_000_000
OPERATION = "PATCH /v1/settings"


def is_limit(value):
    """A whole number within bounds. In JSON 5.0 is one, and `true` is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return LIMIT_MIN <= value <= LIMIT_MAX and value == int(value)


def keep_raised(label, body):
    """Puts the highest limit in place of each that a body would set."""
    limits = body.get("rate_limits") if label == OPERATION and isinstance(body, dict) else None
    if isinstance(limits, dict):
        for name, value in limits.items():
            if is_limit(value):
                limits[name] = LIMIT_MAX

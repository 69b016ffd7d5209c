"""Usage: limits_test.py. What is sent of a limit, and that the tested document is not narrowed for it."""

import os
import unittest

from limits import LIMIT_MAX, OPERATION, keep_raised

HERE = os.path.dirname(os.path.abspath(__file__))


def sent(body, label=OPERATION):
    keep_raised(label, body)
    return body


class Limits(unittest.TestCase):
    def test_no_request_lowers_a_limit_of_the_run(self):
        for low in (1, 2, 29_286, 999_999, 1.0, 5.0, LIMIT_MAX):
            body = sent({"rate_limits": {"admin_per_15_minutes": low, "else": low}, "name": "A"})
            self.assertEqual(body, {"rate_limits": {"admin_per_15_minutes": LIMIT_MAX, "else": LIMIT_MAX}, "name": "A"})

    def test_what_is_no_limit_is_sent_as_it_is(self):
        for value in (None, 0, -1, LIMIT_MAX + 1, 1.5, "1", True, [1], {"a": 1}, float("nan"), float("inf")):
            body = {"rate_limits": {"admin_per_15_minutes": value}}
            self.assertIs(sent(body)["rate_limits"]["admin_per_15_minutes"], value)
        for body in ({}, {"rate_limits": None}, {"rate_limits": [1, 1, 1, 1]}, [1], "x", None, 1):
            self.assertEqual(sent(body), body)

    def test_another_operation_is_let_be(self):
        self.assertEqual(sent({"rate_limits": {"a": 1}}, "POST /v1/plans"), {"rate_limits": {"a": 1}})

    def test_the_tested_document_allows_every_limit_that_the_served_one_does(self):
        # An enumeration put there makes a fault of what the door rightly takes.
        with open(os.path.join(HERE, "prepare.py"), encoding="utf-8") as file:
            prepare = file.read()
        for name in ("user_per_15_minutes", "admin_per_15_minutes", "service_per_minute", "approvals_per_minute"):
            self.assertNotIn(name, prepare)


if __name__ == "__main__":
    unittest.main()

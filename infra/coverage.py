"""Holds line coverage to its floors: 80 % of the workspace, 95 % of what computes or keeps money.

Usage: coverage.py COVERAGE.json  (from `cargo llvm-cov report --json --summary-only`)
"""

import json
import os
import re
import sys

WORKSPACE_FLOOR = 80.0
MONEY_FLOOR = 95.0
# The files that a wrong amount could come from.
MONEY = re.compile(
    r"^(shared/(domain/src/(currency|money|rate|allocate|commission|rule|assess|attribution|sale|retarget|line|entry"
    r"|slot|ledger|postings|payout|paid|fx|balance|aging|adjustment|recognition|recompute|month|tier)"
    r"|store/src/(accounts|payouts|sales|refunds|disputes|entries|adjustments|counts|periods|recomputes|runs|fx|terms|walks)"
    r"|cases/src/)"
    r"|functions/(revenue-recorder/src/(booking|canonical|decide|dispute|earnings|meeting|nothing|parking|refund)"
    r"|commission-batch/src/|watchman/src/))"
)
TESTS = re.compile(r"(^|/)tests?(/|\.rs$)|_tests?\.rs$")


def percent(files):
    count = sum(lines["count"] for _, lines in files)
    covered = sum(lines["covered"] for _, lines in files)
    return 100.0 * covered / count if count else 100.0


def main(path):
    with open(path, encoding="utf-8") as file:
        measured = json.load(file)["data"][0]["files"]
    root = os.getcwd() + "/"
    files = [
        (name, entry["summary"]["lines"])
        for entry in measured
        for name in [entry["filename"].removeprefix(root)]
        if not TESTS.search(name)
    ]
    money = [entry for entry in files if MONEY.search(entry[0])]
    for name, lines in sorted(files, key=lambda entry: percent([entry])):
        mark = "money" if MONEY.search(name) else ""
        print(f"{percent([(name, lines)]):6.1f} %  {lines['covered']:5}/{lines['count']:<5} {mark:5} {name}")
    failed = False
    for what, of, floor in (("workspace", files, WORKSPACE_FLOOR), ("money", money, MONEY_FLOOR)):
        reached = percent(of)
        failed |= reached < floor or not of
        print(f"{what}: {reached:.1f} % of lines, floor {floor:.0f} %{' BELOW' if reached < floor else ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

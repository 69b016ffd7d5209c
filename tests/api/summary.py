"""What a run of schemathesis has shown, in the figures that count.

Fails where a goal is missed: every operation is run, nine of ten of them are seen to succeed, and no check fails. Fails, too,
where the report is not whole: figures of a part of a run are told as such, and none of a report with a hole in it.

Usage: summary.py OPENAPI.json REPORT.ndjson
"""

import json
import sys
from collections import Counter

# Of a hundred operations so many are seen to succeed.
GOOD_MIN = 90

document = json.load(open(sys.argv[1], encoding="utf-8"))
declared = {
    f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item
}
ran, good, failures = set(), set(), Counter()
calls = 0
torn = None
for number, line in enumerate(open(sys.argv[2], encoding="utf-8", errors="replace"), 1):
    if torn:
        sys.exit(f"line {torn} of {sys.argv[2]} cannot be read, and lines follow it: no figure is told")
    try:
        finished = json.loads(line).get("ScenarioFinished")
    except json.JSONDecodeError:
        # A run that is ended leaves its last line half written.
        torn = number
        continue
    if not finished:
        continue
    recorder = finished["recorder"]
    for case_id, interaction in recorder.get("interactions", {}).items():
        case = recorder["cases"][case_id]["value"]
        label = f"{case['method']} {case['path']}"
        calls += 1
        if label in declared:
            ran.add(label)
            response = interaction.get("response") or {}
            if 200 <= response.get("status_code", 0) < 300:
                good.add(label)
        for check in recorder.get("checks", {}).get(case_id, []):
            if check["status"] == "failure":
                failures[(check["name"], label)] += 1

kinds = Counter(name for name, _ in failures)
if torn:
    print("the report ends within a line: the run was ended, and its figures are of a part")
excluded = f"without {', '.join(sorted(declared - ran))}" if ran != declared else "none excluded"
print(f"operations run {len(ran)} of {len(declared)}, {excluded}; {calls} calls")
print(f"operations with a 2xx seen {len(good)} ({100 * len(good) // max(len(declared), 1)} %)")
print(f"failures {len(failures)} (a check that failed at an operation counts once)")
for name, count in kinds.most_common():
    where = sorted(label for check, label in failures if check == name)
    print(f"  {name}: {count}: {', '.join(where)}")
missing = sorted(declared - good)
print(f"no 2xx at: {', '.join(missing)}")
sys.exit(int(bool(torn) or ran != declared or 100 * len(good) < GOOD_MIN * len(declared) or bool(failures)))

"""What a run of schemathesis has shown, in the figures that count.

Usage: summary.py OPENAPI.json REPORT.ndjson LOG
"""

import json
import sys
from collections import Counter

document = json.load(open(sys.argv[1], encoding="utf-8"))
declared = {
    f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item
}
ran, good, failures = set(), set(), Counter()
calls = 0
for line in open(sys.argv[2], encoding="utf-8"):
    finished = json.loads(line).get("ScenarioFinished")
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
print(f"operations run {len(ran)} of {len(declared)}, none excluded; {calls} calls")
print(f"operations with a 2xx seen {len(good)} ({100 * len(good) // max(len(declared), 1)} %)")
print(f"failures {len(failures)} (a check that failed at an operation counts once)")
for name, count in kinds.most_common():
    where = sorted(label for check, label in failures if check == name)
    print(f"  {name}: {count}: {', '.join(where)}")
missing = sorted(declared - good)
print(f"no 2xx at: {', '.join(missing)}")

"""Summarises a run of cargo-mutants by module, with its hours, and holds it to its floor: no change is missed, save
those that docs/mutants.md argues.

Usage: mutants.py ARGUED.md OUTCOMES.json…
"""

import json
import re
import sys
from collections import defaultdict


def module_of(path):
    return re.sub(r"^shared/domain/src/([a-z_]+).*$", r"\1", path)


def argued(path):
    """Between backticks in the table: what cargo-mutants calls the change, without its line and column."""
    with open(path, encoding="utf-8") as file:
        names = re.findall(r"^\| `([^`]+)` \|", file.read(), re.MULTILINE)
    # A bar within a table is written with a stroke before it.
    return {name.replace("\\|", "|") for name in names}


def name_of(mutant):
    """As cargo-mutants says it, without line and column, which move with every edit."""
    return re.sub(r":\d+:\d+: ", ": ", mutant["name"])


def main(argued_path, *outcomes_paths):
    outcomes = []
    for path in outcomes_paths:
        with open(path, encoding="utf-8") as file:
            outcomes += json.load(file)["outcomes"]
    known = argued(argued_path)
    modules = defaultdict(lambda: defaultdict(int))
    seconds = defaultdict(float)
    missed = []
    for outcome in outcomes:
        scenario = outcome["scenario"]
        if scenario == "Baseline":
            continue
        mutant = scenario["Mutant"]
        module = module_of(mutant["file"])
        seconds[module] += sum(phase["duration"] for phase in outcome["phase_results"])
        summary = outcome["summary"]
        if summary == "MissedMutant":
            name = name_of(mutant)
            if name in known:
                summary = "Argued"
            else:
                missed.append(mutant["name"])
        modules[module][summary] += 1
    print(f"{'module':14} {'caught':>7} {'timeout':>8} {'unviable':>9} {'argued':>7} {'missed':>7} {'hours':>6}")
    for module in sorted(modules):
        of = modules[module]
        figures = [of["CaughtMutant"], of["Timeout"], of["Unviable"], of["Argued"], of["MissedMutant"]]
        print("{:14} {:7} {:8} {:9} {:7} {:7}".format(module, *figures), f"{seconds[module] / 3600:6.2f}")
    print(f"{sum(seconds.values()) / 3600:.2f} hours in all, {len(missed)} missed")
    for name in missed:
        print(f"missed: {name}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *sys.argv[2:]))

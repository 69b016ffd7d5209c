"""Checks the walls between the rooms: who may use whom, and what shipped code may not carry.

docs/ARCHITECTURE.md draws the arrows; deny.toml holds the walls around single packages. What
cargo-deny cannot say is here: the arrows between our own rooms, the purity of the domain, and what
one function carries when it is built alone, as `make deploy` builds it (the small cloud's packages
share the lock file and would be counted with it), that no float is written, and that the copies of
clippy.toml keep up with it.

Usage: walls.py  (at the root of the workspace)
"""

import json
import re
import subprocess
import sys
from pathlib import Path

SHARED = {
    "cases": {"domain", "store", "queues"},
    "domain": set(),
    # Keys of callers and idempotency are looked up at the border.
    "edge": {"domain", "store"},
    "queues": {"domain"},
    # Files for banks: pure, as the domain is.
    "rails": {"domain"},
    "store": {"domain"},
    # A provider's HTTP API: its refusals are told as problems, its randomness is the border's.
    "stripe": {"domain", "edge"},
}
# What the simulator is held against must not be the product's own work: it may use no room at all, not even in tests.
INDEPENDENT = {"model"}
FUNCTIONS_MAY_USE = {"cases", "domain", "store", "queues", "edge", "rails", "stripe"}

# What a function may not carry: other TLS stacks (megabytes, and 20 ms at the first random number),
# the loader of settings that edge::aws replaces, and anything that only the small cloud needs.
NEVER_SHIPPED = re.compile(
    r"^(aws-lc-rs|aws-lc-sys|aws-config|openssl-sys|native-tls|dynoxide-rs|rusqlite|s3s(-fs)?"
    r"|winterbaume-.*|local(-stripe)?|testkit) |^(hyper v0\.|rustls v0\.2[0-2]\.)"
)
# The rules and the files for banks are pure: no SDK, no async, no network, no tracing.
PURE = ["domain", "rails"]
NEVER_IN_PURE = re.compile(r"^(aws-|lambda_|tokio|tracing|hyper|reqwest|axum|futures|rusqlite)")

FLOAT = re.compile(r"\b(f32|f64)\b")

CLIPPY = {
    "shared/domain/clippy.toml": lambda rule: False,
    "infra/clippy.toml": lambda rule: "edge::C" in rule or "edge::c" in rule or "the clock or is random" in rule,
    "tests/clippy.toml": lambda rule: "edge::C" in rule or "edge::c" in rule or "the clock or is random" in rule,
}


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def workspace():
    """Every package of the workspace: its folder, and the workspace packages it ships with."""
    metadata = json.loads(run("cargo", "metadata", "--no-deps", "--format-version", "1", "--locked"))
    root = Path(metadata["workspace_root"])
    names = {package["name"] for package in metadata["packages"]}
    return {
        package["name"]: (
            Path(package["manifest_path"]).parent.relative_to(root).as_posix(),
            {
                d["name"]
                for d in package["dependencies"]
                if d["kind"] is None or package["name"] in INDEPENDENT
            }
            & names,
        )
        for package in metadata["packages"]
    }


def arrow_faults(packages):
    for name, (folder, uses) in sorted(packages.items()):
        kind = folder.split("/")[0]
        if kind == "shared":
            allowed = SHARED.get(name, set())
        elif kind == "functions":
            allowed = FUNCTIONS_MAY_USE
        elif name in INDEPENDENT:
            allowed = set()
        else:
            continue
        for used in sorted(uses - allowed):
            yield f"{folder} uses {used}: it may use {', '.join(sorted(allowed)) or 'no other room'}"
        if folder.split("/")[-1] != name:
            yield f"{folder} holds the package {name}: folder and package have one name"


def tree(package):
    lines = run("cargo", "tree", "--locked", "-p", package, "-e", "normal", "--prefix", "none")
    return sorted({line.removesuffix(" (*)") for line in lines.splitlines() if line})


def carried_faults(packages):
    for name, (folder, _) in sorted(packages.items()):
        if folder.startswith("functions/"):
            for line in tree(name):
                if NEVER_SHIPPED.match(line):
                    yield f"{folder} carries {line.split(' (')[0]}: no function ships it"
    for name in PURE:
        for line in tree(name):
            if NEVER_IN_PURE.match(line):
                yield f"shared/{name} carries {line.split(' (')[0]}: it is pure"


def rules(path):
    return {line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines() if "path =" in line}


def clippy_faults():
    whole = rules("clippy.toml")
    for path, is_exempt in CLIPPY.items():
        for rule in sorted(whole - rules(path)):
            if not is_exempt(rule):
                yield f"{path} lacks a rule of clippy.toml: {rule}"


def float_faults(roots=("shared", "functions")):
    """Clippy's ban has to be lifted where serde derives a flattened field; here nothing lifts it."""
    for root in roots:
        for path in sorted(Path(root).rglob("*.rs")):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if FLOAT.search(line.split("//")[0]):
                    yield f"{path}:{number}: a float: money and rates are exact"


def main():
    packages = workspace()
    faults = [
        *arrow_faults(packages),
        *carried_faults(packages),
        *clippy_faults(),
        *float_faults(),
    ]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

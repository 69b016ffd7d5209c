"""Measures each release binary as Lambda would start it: bytes, time from exec to its first poll, memory.

A Runtime API that only answers the first poll with silence, and a Secrets Manager that knows one
secret, stand in for AWS on loopback: these are figures of the binaries on this machine, not of AWS.
Writes docs/BENCHMARKS.md.

Usage: bench.py FUNCTION…  (after `make release`)
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

RUNS = 40
MEGA = 1_000_000
FLOORS = {"size_bytes": 9 * MEGA, "first_poll_ms": 10.0, "rss_mb": 12.0}
SIZE_FLOORS = {"click-tracker": 7 * MEGA, "report-generator": None}
SECRET = json.dumps(
    {
        "click_token_key": "k" * 64,
        "click_token_key_previous": "",
        "stripe_webhook_secret": "whsec_bench",
        "stripe_webhook_secret_previous": "",
    }
)


class Cloud(BaseHTTPRequestHandler):
    """Answers what a function asks before its first poll, and holds that poll open."""

    protocol_version = "HTTP/1.1"
    # Head and body leave apart: with Nagle's algorithm the second waits 40 ms for the first to be acknowledged.
    disable_nagle_algorithm = True
    polled = threading.Event()
    polled_at = 0.0
    released = threading.Event()

    def do_GET(self):
        if self.path.endswith("/runtime/invocation/next"):
            Cloud.polled_at = time.monotonic()
            Cloud.polled.set()
            Cloud.released.wait(10)
        self.close_connection = True

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        body = json.dumps({"ARN": "arn:bench", "Name": "bench", "SecretString": SECRET}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/x-amz-json-1.1")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def environment(name, port):
    queue = "https://sqs.us-east-1.amazonaws.com/123456789012/"
    return {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
        "AWS_LAMBDA_LOG_GROUP_NAME": "bench",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "STAGE": "dev",
        "LOG_LEVEL": "error",
        "CORE_TABLE": "core",
        "CLICKS_TABLE": "clicks",
        "OPS_TABLE": "ops",
        "FACTS_QUEUE_URL": queue + "facts",
        "VISITS_QUEUE_URL": queue + "visits",
        "NOTICES_QUEUE_URL": queue + "notices",
        "REPORTS_QUEUE_URL": queue + "reports",
        "FILES_BUCKET": "files",
        "STAGE_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:bench",
        "SEALING_KEY_ARN": "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000",
        "MAIL_FROM": "no-reply@example.com",
        "PUBLIC_URL": "http://localhost:8080",
        "FALLBACK_URL": "",
        "COOKIE_DOMAIN": "",
    }


def rss_mb(pid):
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / MEGA
    return 0.0


def start_once(binary, name, port):
    Cloud.polled.clear()
    Cloud.released.clear()
    began = time.monotonic()
    process = subprocess.Popen(
        [binary], env=environment(name, port), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        if not Cloud.polled.wait(10):
            process.kill()
            said = process.communicate()[0].decode(errors="replace")
            sys.exit(f"{name} did not poll within 10 s: {said[:500]}")
        time.sleep(0.005)
        return (Cloud.polled_at - began) * 1000, rss_mb(process.pid)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        Cloud.released.set()


def measure(name, port):
    binary = Path("target/release") / name
    starts = [start_once(binary, name, port) for _ in range(RUNS)]
    return {
        "name": name,
        "size_bytes": binary.stat().st_size,
        "table_bytes": table_bytes() if name == "click-tracker" else 0,
        "first_poll_ms": statistics.median(ms for ms, _ in starts),
        "first_poll_min_ms": min(ms for ms, _ in starts),
        "rss_mb": statistics.median(mb for _, mb in starts),
    }


def table_bytes():
    """The table of countries that click-tracker carries: it is data, and does not count for its size."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (found,) = (package for package in json.loads(told)["packages"] if package["name"] == "iptocc")
    tables = list((Path(found["manifest_path"]).parent / "src" / "data").glob("*.bin"))
    if not tables:
        sys.exit("iptocc keeps its tables elsewhere by now")
    return sum(table.stat().st_size for table in tables)


def misses(row):
    size = SIZE_FLOORS.get(row["name"], FLOORS["size_bytes"])
    if size is not None and row["size_bytes"] - row["table_bytes"] > size:
        yield "size"
    if size is not None and row["first_poll_ms"] > FLOORS["first_poll_ms"]:
        yield "start"
    if size is not None and row["rss_mb"] > FLOORS["rss_mb"]:
        yield "memory"


def processor():
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(": ", 1)[1]
    return platform.machine()


def report(rows):
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True)
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`; repeat with the same command. Local, loopback, no TLS: figures of the",
        "binaries on this machine, not latencies of AWS. Nothing here is asserted by a test.",
        "",
        f"Machine: {processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}; {rustc.stdout.strip()}.",
        "",
        "## Release binaries",
        "",
        f"Exec to first poll and resident memory at that moment: median of {RUNS} starts (least in brackets).",
        "Floors: 9 MB (click-tracker 7 MB without its table of countries, report-generator apart), 10 ms, 12 MB. Built",
        "together, each carries what any of them asks of a shared package; built alone, as `make deploy` does, it is a",
        "little smaller.",
        "",
        "| Function | Bytes | Exec to first poll | Memory | Misses |",
        "|---|---:|---:|---:|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row['name']} | {size_of(row)} | {row['first_poll_ms']:.1f} ms ({row['first_poll_min_ms']:.1f})"
            f" | {row['rss_mb']:.1f} MB | {', '.join(misses(row)) or '-'} |"
        )
    lines += ["", "Not measured here: arm64, and anything on AWS itself.", ""]
    return "\n".join(lines)


def size_of(row):
    beside = f" (with {row['table_bytes']:,} of countries)" if row["table_bytes"] else ""
    return f"{row['size_bytes']:,}{beside}"


def others(page):
    """The sections that other programs wrote (tests/bench/src/page.rs): they stay as they are."""
    sections = page.split("\n## ")[1:]
    kept = [section.rstrip() for section in sections if not section.startswith("Release binaries")]
    return "".join(f"\n## {section}\n" for section in kept)


def main(functions):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Cloud)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    rows = [measure(name, server.server_port) for name in functions]
    text = report(rows)
    page = Path("docs/BENCHMARKS.md")
    page.write_text(text + others(page.read_text(encoding="utf-8")), encoding="utf-8")
    print(text)
    missed = [f"{row['name']}: {', '.join(misses(row))}" for row in rows if list(misses(row))]
    if missed:
        print("missed: " + "; ".join(missed), file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

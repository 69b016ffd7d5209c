"""What one warm click costs in processor time, beside peers that do the same write in the same run.

Ours, a Python Lambda and a Node Lambda are fed by one Runtime API on loopback and write to the embedded database of one
small cloud; Express answers HTTP and writes to PostgreSQL. Each runs alone, one event after the other. Counted is the
processor time of the process (user and system, from /proc), not the wall clock: of a Lambda the database is AWS's, of
PostgreSQL it is one's own, so that is shown both ways. Writes a section of docs/BENCHMARKS.md.

Usage: bench.py  (after `make release` and the tools of `make bench-click`)
"""

import contextlib
import glob
import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

HERE = Path(__file__).parent
TOOLS = Path("target/tools")
WARM, EVENTS, ROUNDS = 100, 1000, 3
TICK_US = 1_000_000 / os.sysconf("SC_CLK_TCK")
TITLE = "Warm clicks beside peers"


def event(number):
    """Each event is another visitor's, so each is an insert."""
    event = json.loads(Path("events/click-tracker/click.json").read_text(encoding="utf-8"))
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    event["requestContext"]["http"]["sourceIp"] = event["headers"]["x-forwarded-for"] = address
    return event


class Feed(BaseHTTPRequestHandler):
    """A Runtime API that hands out one event after the other and keeps the answers' status."""

    protocol_version = "HTTP/1.1"
    # Head and body leave apart: with Nagle's algorithm the second waits 40 ms for the first to be acknowledged, and what
    # is measured then is a process that has gone cold.
    disable_nagle_algorithm = True
    events, answers, process = iter(()), [], 0

    def do_GET(self):
        mine = Feed.process
        body = next(Feed.events, None)
        while body is None:
            time.sleep(0.002)
            if Feed.process != mine:
                # Whoever waits here has ended.
                self.close_connection = True
                return
            body = next(Feed.events, None)
        self.send_response(200)
        for name, value in {
            "lambda-runtime-aws-request-id": f"{len(Feed.answers):032x}",
            "lambda-runtime-deadline-ms": str(int(time.time() * 1000) + 60_000),
            "lambda-runtime-invoked-function-arn": "arn:aws:lambda:us-east-1:123456789012:function:bench",
            "content-type": "application/json",
            "content-length": str(len(body)),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        Feed.answers.append(json.loads(body).get("statusCode") if self.path.endswith("/response") else body[:200])
        self.send_response(202)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def cpu_us(pids):
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(") ", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks * TICK_US


def rss_mb(pid):
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) * 1024 / 1_000_000


def feed(count, base):
    """Hands out some events and waits for their answers."""
    Feed.answers.clear()
    bodies = [json.dumps(event(base + number)).encode() for number in range(count)]
    Feed.events = iter(bodies)
    until = time.monotonic() + 120
    while len(Feed.answers) < count:
        if time.monotonic() > until:
            sys.exit(f"only {len(Feed.answers)} of {count} events were answered")
        time.sleep(0.002)
    wrong = [answer for answer in Feed.answers if answer != 302]
    if wrong:
        sys.exit(f"{len(wrong)} of {count} events were not redirected: {wrong[0]}")


def measured(pids, own, work):
    """Processor time an event in µs, median of rounds: of the process alone, and with what it needs beside it."""
    work(WARM)
    alone, all_of_it = [], []
    for _ in range(ROUNDS):
        before = cpu_us([own]), cpu_us(pids())
        work(EVENTS)
        alone.append((cpu_us([own]) - before[0]) / EVENTS)
        all_of_it.append((cpu_us(pids()) - before[1]) / EVENTS)
    return {"alone": statistics.median(alone), "all": statistics.median(all_of_it), "rss_mb": rss_mb(own)}


class Numbers:
    """No visitor comes twice in the whole run."""

    def __init__(self):
        self.next = 1

    def take(self, count):
        self.next += count
        return self.next - count


def bench_lambda(command, environment, numbers, port):
    process = subprocess.Popen(command, env={**environment, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}"})
    try:
        return measured(lambda: [process.pid], process.pid, lambda count: feed(count, numbers.take(count)))
    finally:
        process.kill()
        process.wait()
        Feed.process += 1
        # Who waits for the process that ended looks once more, and goes.
        time.sleep(0.05)


@contextlib.contextmanager
def cloud():
    """A small cloud with a link."""
    folder = Path(tempfile.mkdtemp(prefix="tributary-bench-"))
    ready = folder / "ready.json"
    command = ["target/debug/local", "up", "--data", folder, "--port", "0", "--ready-file", ready, "--until-stdin-closes"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 90
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > until:
                sys.exit("the small cloud does not start")
            time.sleep(0.05)
        told = ["target/debug/tributary", "demo", "--keys-only", "--ready-file", ready, "--env-file", folder / "env"]
        subprocess.run(told, check=True, stdout=subprocess.DEVNULL)
        exports = (folder / "env").read_text(encoding="utf-8")
        key = exports.split("ADMIN_KEY=")[1].split()[0].strip("'\"")
        answer = json.loads(ready.read_text(encoding="utf-8"))
        furnish(answer["http"], key)
        yield answer
    finally:
        process.stdin.close()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def furnish(url, key):
    def post(path, body):
        connection = http.client.HTTPConnection(url.removeprefix("http://"))
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            sys.exit(f"{path}: {answer.status} {text.decode()}")
        return json.loads(text)

    rule = {"kind": "percentage", "rate": "0.3"}
    program = post("/v1/programs", {"name": "Bench", "currency": "USD", "time_zone": "UTC", "rule": rule})
    person = {"name": "Casey", "email": "casey@partners.example", "program_id": program["id"]}
    partner = post("/v1/partners", person)
    link = {"unique_code": "casey", "destination": "https://shop.example/welcome?plan=pro"}
    post("/v1/revenue/affiliates", {**link, "partner_id": partner["id"], "program_id": program["id"]})


def pgdata_command(*arguments):
    """PostgreSQL refuses to run as root."""
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    return [*as_user, *map(str, arguments)]


@contextlib.contextmanager
def postgres():
    """A cluster of its own, with PostgreSQL's own settings."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    if not found:
        sys.exit("no PostgreSQL under /usr/lib/postgresql")
    folder = Path(tempfile.mkdtemp(prefix="tributary-pg-"))
    folder.chmod(0o777)
    data = folder / "data"
    made = pgdata_command(f"{found[-1]}/initdb", "-D", data, "-A", "trust", "-U", "postgres")
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL, cwd="/tmp")
    command = pgdata_command(f"{found[-1]}/postgres", "-D", data, "-k", folder, "-c", "listen_addresses=")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/tmp")
    try:
        until = time.monotonic() + 30
        while not list(folder.glob(".s.PGSQL.*")):
            if process.poll() is not None or time.monotonic() > until:
                sys.exit("PostgreSQL does not start")
            time.sleep(0.05)
        time.sleep(0.5)
        yield folder, data
    finally:
        postmaster = int((data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        os.kill(postmaster, 2)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def children(pid):
    found = []
    for stat in glob.glob("/proc/[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            fields = Path(stat).read_text(encoding="utf-8").rsplit(") ", 1)[1].split()
            if int(fields[1]) == pid:
                found.append(int(stat.split("/")[2]))
    return found


def bench_express(numbers):
    with postgres() as (socket, data):
        environment = {**os.environ, "PGHOST": str(socket), "NODE_ENV": "production"}
        command = ["node", str(TOOLS / "click-peers" / "peer_express.mjs")]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            connection = http.client.HTTPConnection("127.0.0.1", int(process.stdout.readline()))

            def work(count):
                base = numbers.take(count)
                for number in range(base, base + count):
                    told = event(number)
                    connection.request("GET", f"{told['rawPath']}?{told['rawQueryString']}", headers=told["headers"])
                    answer = connection.getresponse()
                    answer.read()
                    if answer.status != 302:
                        sys.exit(f"Express answered {answer.status}")

            postmaster = int((data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
            return measured(lambda: [process.pid, postmaster, *children(postmaster)], process.pid, work)
        finally:
            process.kill()
            process.wait()


def versions():
    run = lambda *command: subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    packages = TOOLS / "click-peers" / "node_modules"
    package = lambda name: json.loads((packages / name / "package.json").read_text(encoding="utf-8"))["version"]
    python = TOOLS / "click-peers" / "python" / "bin" / "python"
    boto3 = run(str(python), "-c", "import boto3; print(boto3.__version__)")
    psql = run(sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))[-1], "--version").split(" (")[0]
    return (
        f"{run(str(python), '--version')} with boto3 {boto3}; Node {run('node', '--version')} with @aws-sdk/client-dynamodb "
        f"{package('@aws-sdk/client-dynamodb')}, Express {package('express')}, pg {package('pg')}; {psql}"
    )


def missed(rows):
    """The goals that were not reached, in words. Ratios alone: microseconds are the machine's."""
    ours = rows[0][1]["alone"]
    return [
        f"{name}: {row['alone'] / ours:.1f} times instead of {goal}"
        for name, row, goal in rows
        if goal is not None and row["alone"] / ours < goal
    ]


def refuse(goals):
    """A bench that misses a goal fails, behind its page."""
    if goals:
        sys.exit("missed: " + "; ".join(goals))


def report(rows):
    ours = rows[0][1]["alone"]
    lines = [
        f"`make bench-click`: processor time of one warm click that is an insert, median of {ROUNDS} rounds of {EVENTS:,}, after",
        f"{WARM} to warm up, one at a time. Local, loopback, no TLS to the database, on a machine that may be busy: of the",
        "microseconds only the ratios count. Lambdas are fed by one Runtime API and write to one embedded DynamoDB; the peers'",
        "own runtimes are bare loops, lighter than AWS's. Where the peer needs a database server of one's own, its processor",
        f"time is beside it. {versions()}.",
        "",
        "| | µs a click | with its database | ours is less by | goal | memory |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, row, goal in rows:
        beside = f"{row['all']:.0f}" if row["all"] > row["alone"] * 1.01 else "-"
        ratio = "" if goal is None else f"{row['alone'] / ours:.1f} ×"
        if goal is not None and beside != "-":
            ratio += f" ({row['all'] / ours:.1f} ×)"
        wanted = "≤ 350 µs" if goal is None else f"≥ {goal} ×"
        lines.append(f"| {name} | {row['alone']:.0f} | {beside} | {ratio} | {wanted} | {row['rss_mb']:.0f} MB |")
    return "\n".join(lines)


def write_section(text):
    page = Path("docs/BENCHMARKS.md")
    before, _, rest = page.read_text(encoding="utf-8").partition(f"## {TITLE}\n")
    _, cut, after = rest.partition("\n## ")
    section = f"## {TITLE}\n\n{text}\n"
    page.write_text(before.rstrip() + "\n\n" + section + (f"{cut}{after}" if cut else ""), encoding="utf-8")


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Feed)
    Thread(target=server.serve_forever, daemon=True).start()
    numbers, port = Numbers(), server.server_port
    peers = TOOLS / "click-peers"
    with cloud() as told:
        lambda_variables = {
            "AWS_LAMBDA_FUNCTION_NAME": "click-tracker",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
            "AWS_LAMBDA_LOG_GROUP_NAME": "bench",
            "LOG_LEVEL": "error",
            "AWS_DEFAULT_REGION": told["env"]["AWS_REGION"],
            "PATH": os.environ["PATH"],
        }
        environment = {**told["env"], **lambda_variables}
        python = str((peers / "python" / "bin" / "python").absolute())
        rows = [
            ("click-tracker", ["target/release/click-tracker"], None),
            ("Python Lambda, boto3", [python, str(HERE / "peer_lambda.py")], 7),
            ("Node Lambda, AWS SDK 3", ["node", str(peers / "peer_lambda.mjs")], 15),
        ]
        measured_rows = []
        for name, command, goal in rows:
            measured_rows.append((name, bench_lambda(command, environment, numbers, port), goal))
            print(f"{name}: {measured_rows[-1][1]['alone']:.0f} µs", flush=True)
    measured_rows.append(("Express and PostgreSQL", bench_express(numbers), 3))
    rows = measured_rows
    text = report(rows)
    write_section(text)
    print(text)
    refuse(missed(rows))


if __name__ == "__main__":
    main()

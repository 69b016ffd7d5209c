"""What one warm webhook costs in processor time, beside Express and PostgreSQL doing the same in the same run.

Ours is fed by a Runtime API on loopback and writes to the embedded database and queue of one small cloud; Express answers HTTP
and writes to PostgreSQL. Counted is the processor time of the process, as in the click's bench, whose parts this uses. Writes a
section of docs/BENCHMARKS.md.

Usage: bench.py  (after `make release` and the tools of `make bench-webhook`)
"""

import hashlib
import hmac
import http.client
import importlib.util
import json
import os
import subprocess
import sys
import time
from http.server import HTTPServer
from pathlib import Path
from threading import Thread

HERE = Path(__file__).parent
SPEC = importlib.util.spec_from_file_location("click", HERE.parent / "click" / "bench.py")
click = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(click)
click.TITLE = "Warm webhooks beside Express"
GOAL = 8


def signed(number, secret):
    """Each event has an id of its own, so each is an insert."""
    body = json.loads(Path("events/webhook-ingest/stripe/invoice.paid.basil.json").read_text(encoding="utf-8"))
    body["id"], body["created"] = f"evt_bench{number}", int(time.time())
    text = json.dumps(body)
    at = int(time.time())
    mac = hmac.new(secret.encode(), f"{at}.{text}".encode(), hashlib.sha256).hexdigest()
    return text, f"t={at},v1={mac}"


def event(number, secret):
    """As the HTTP API hands it to the function."""
    text, header = signed(number, secret)
    path = Path("events/webhook-ingest/signed.json")
    event = json.loads(path.read_text(encoding="utf-8"))
    event["body"], event["isBase64Encoded"] = text, False
    event["headers"]["stripe-signature"] = header
    return event


def stage_secret(environment):
    """What the small cloud has made up as Stripe's secret."""
    url = environment["AWS_ENDPOINT_URL"].removeprefix("http://")
    connection = http.client.HTTPConnection(url)
    scope = "Credential=local/20260101/us-east-1/secretsmanager/aws4_request"
    headers = {
        "x-amz-target": "secretsmanager.GetSecretValue",
        "content-type": "application/x-amz-json-1.1",
        "x-amz-date": "20260101T000000Z",
        "authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none",
    }
    connection.request("POST", "/", json.dumps({"SecretId": environment["STAGE_SECRET_ARN"]}), headers)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        sys.exit(f"the stage's secret: {answer.status} {text.decode()}")
    return json.loads(json.loads(text)["SecretString"])["stripe_webhook_secret"]


def feed(secret):
    def work(count, base):
        click.Feed.answers.clear()
        click.Feed.events = iter([json.dumps(event(base + number, secret)).encode() for number in range(count)])
        until = time.monotonic() + 120
        while len(click.Feed.answers) < count:
            if time.monotonic() > until:
                sys.exit(f"only {len(click.Feed.answers)} of {count} events were answered")
            time.sleep(0.002)
        wrong = [answer for answer in click.Feed.answers if answer != 200]
        if wrong:
            sys.exit(f"{len(wrong)} of {count} webhooks were not taken in: {wrong[0]}")

    return work


def bench_express(numbers, secret):
    with click.postgres() as (socket, data):
        environment = {**os.environ, "PGHOST": str(socket), "NODE_ENV": "production", "WEBHOOK_SECRET": secret}
        command = ["node", str(click.TOOLS / "click-peers" / "peer_webhook.mjs")]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            connection = http.client.HTTPConnection("127.0.0.1", int(process.stdout.readline()))

            def work(count):
                base = numbers.take(count)
                for number in range(base, base + count):
                    text, header = signed(number, secret)
                    headers = {"stripe-signature": header, "content-type": "application/json"}
                    connection.request("POST", "/v1/webhooks/stripe", text, headers)
                    answer = connection.getresponse()
                    answer.read()
                    if answer.status != 200:
                        sys.exit(f"Express answered {answer.status}")

            postmaster = int((data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
            return click.measured(lambda: [process.pid, postmaster, *click.children(postmaster)], process.pid, work)
        finally:
            process.kill()
            process.wait()


def report(ours, express):
    alone, whole = express["alone"] / ours["alone"], express["all"] / ours["alone"]
    reached = "reached" if alone >= GOAL else "not reached"
    return "\n".join(
        [
            f"`make bench-webhook`: processor time of one warm webhook of 4 KB (verified, packed, sealed, stored, handed on), median",
            f"of {click.ROUNDS} rounds of {click.EVENTS:,}, after {click.WARM} to warm up, one at a time. Local, loopback, no TLS, on a machine that",
            "may be busy: only the ratios count. Ours talks to the database and the queue as it does to AWS's, two signed HTTP",
            f"requests; Express sends two prepared statements over a socket. {click.versions()}.",
            "",
            "| | µs a webhook | with its database | ours is less by | goal | memory |",
            "|---|---:|---:|---:|---:|---:|",
            f"| webhook-ingest | {ours['alone']:.0f} | - | | | {ours['rss_mb']:.0f} MB |",
            f"| Express and PostgreSQL | {express['alone']:.0f} | {express['all']:.0f} | {alone:.1f} × ({whole:.1f} ×) | ≥ {GOAL} ×, {reached} | {express['rss_mb']:.0f} MB |",
        ]
    )


def main():
    server = HTTPServer(("127.0.0.1", 0), click.Feed)
    Thread(target=server.serve_forever, daemon=True).start()
    numbers, port = click.Numbers(), server.server_port
    with click.cloud() as told:
        secret = stage_secret(told["env"])
        environment = {
            **told["env"],
            "AWS_LAMBDA_FUNCTION_NAME": "webhook-ingest",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
            "AWS_LAMBDA_LOG_GROUP_NAME": "bench",
            "LOG_LEVEL": "error",
            "PATH": os.environ["PATH"],
        }
        click.feed = feed(secret)
        ours = click.bench_lambda(["target/release/webhook-ingest"], environment, numbers, port)
    express = bench_express(numbers, secret)
    text = report(ours, express)
    click.write_section(text)
    print(text)
    click.refuse(click.missed([("webhook-ingest", ours, None), ("Express and PostgreSQL", express, GOAL)]))


main()

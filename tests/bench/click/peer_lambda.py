"""The click as a Lambda in Python with boto3: the same write, the same redirect, the same signed cookie.

Its runtime is a bare loop over the Runtime API, lighter than the one that AWS ships.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import time
import urllib.parse

import boto3
from botocore.config import Config

TABLE = os.environ["CLICKS_TABLE"]
SECRET = b"k" * 64
SALT = b"s" * 32
BOTS = re.compile(r"bot|crawl|spider|headless|preview|curl/|python-", re.IGNORECASE)
CARRIED = ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "sub1", "sub2", "sub3", "sub4", "sub5"]
LINK = {
    "tenant": "ten_00000000000000000000000000",
    "link": "lnk_01K4JZ8QW0ABCDEFGHJKMNPQRS",
    "partner": "par_01K4JZ8QW0ABCDEFGHJKMNPQRS",
    "program": "prg_01K4JZ8QW0ABCDEFGHJKMNPQRS",
    "destination": "https://shop.example/welcome?plan=pro",
}
dynamodb = boto3.client("dynamodb", config=Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=1))


def handler(event):
    headers, now = event["headers"], time.time()
    agent, address = headers.get("user-agent", ""), event["requestContext"]["http"]["sourceIp"]
    visitor = hmac.new(SALT, f"{address}\n{agent}\n".encode(), hashlib.sha256).hexdigest()[:16]
    query = dict(urllib.parse.parse_qsl(event.get("rawQueryString", "")))
    carried = {name: query[name] for name in CARRIED if name in query}
    counter = "bots" if not agent or BOTS.search(agent) else "hits"
    day, hour = time.strftime("%Y%m%d", time.gmtime(now)), time.strftime("%H", time.gmtime(now))
    firsts = {
        "entity": {"S": "click"},
        "v": {"N": "1"},
        "partner": {"S": LINK["partner"]},
        "program": {"S": LINK["program"]},
        "first_ms": {"N": str(int(now * 1000))},
        "expires_at": {"N": str(int(now) + 120 * 86400)},
        "agent": {"S": agent[:256]},
        "lang": {"S": headers.get("accept-language", "-")[:64]},
        "referrer": {"S": urllib.parse.urlsplit(headers.get("referer", "")).hostname or "-"},
        "carried": {"M": {name: {"S": value} for name, value in carried.items()}},
    }
    names, values, sets = {"#hits": counter}, {":one": {"N": "1"}, ":last": firsts["first_ms"]}, ["last_ms = :last"]
    for index, (name, value) in enumerate(firsts.items()):
        names[f"#f{index}"], values[f":f{index}"] = name, value
        sets.append(f"#f{index} = if_not_exists(#f{index}, :f{index})")
    dynamodb.update_item(
        TableName=TABLE,
        Key={"pk": {"S": f"{LINK['tenant']}#{LINK['link']}#{day}"}, "sk": {"S": f"{hour}#{visitor}"}},
        UpdateExpression=f"SET {', '.join(sets)} ADD #hits :one",
        ConditionExpression="attribute_not_exists(pk) OR #f0 = :f0",
        ExpressionAttributeNames=names,
        ExpressionAttributeValues=values,
        ReturnValues="UPDATED_NEW",
    )
    signed = int(now * 1000).to_bytes(6, "big") + LINK["link"].encode() + bytes.fromhex(visitor)
    mac = hmac.new(SECRET, signed, hashlib.sha256).digest()[:16]
    token = base64.urlsafe_b64encode(signed + mac).decode().rstrip("=")
    cookie = f"{token}; Max-Age=2592000; Path=/; SameSite=Lax; Secure"
    location = LINK["destination"] + "&" + urllib.parse.urlencode({**carried, "trb": token})
    return {
        "statusCode": 302,
        "headers": {"location": location, "cache-control": "no-store"},
        "cookies": [f"trb_touches={cookie}; HttpOnly", f"trb_id={cookie}"],
    }


def main():
    runtime = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        runtime.request("GET", "/2018-06-01/runtime/invocation/next")
        answer = runtime.getresponse()
        event = json.loads(answer.read())
        path = f"/2018-06-01/runtime/invocation/{answer.headers['lambda-runtime-aws-request-id']}/response"
        runtime.request("POST", path, json.dumps(handler(event)))
        runtime.getresponse().read()


main()

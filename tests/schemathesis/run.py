#!/usr/bin/env python3
"""Asks a running season by generated requests, as three roles, and counts answers that are a fault of the server (G14).

Usage: run.py LUQU CASES        LUQU is the binary, CASES how many requests at least (default 10000).
Needs `schemathesis` on the path. Starts a server of its own over a made season, lives the season to its first
publication, and stops it. Ends with 1 if any answer was 5xx or took another form than the description says.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROLES = ["clerk", "regulator", "admin"]
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance"
PORT = 18620
BASE = f"http://127.0.0.1:{PORT}"


def call(method, path, body=None, token=None, headers=None):
    """The status, the headers and the JSON of an answer."""
    request = urllib.request.Request(BASE + path, method=method)
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, data) as answer:
            text = answer.read()
            return answer.status, answer.headers, json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def must(status, got):
    if got[0] != status:
        sys.exit(f"expected {status}, got {got[0]}: {got[2]}")
    return got[2]


def decide(thing, path, body, token):
    """Looks at a thing, then posts on what was seen."""
    _, headers, _ = call("GET", thing, token=token)
    return call("POST", path, body, token, {"If-Match": headers["ETag"]})


def live(season, clerk, reviewer):
    """The season as far as its first publication; the values that stand for the variables of paths."""
    base = f"/v1/seasons/{season}"
    for kind in ["freeze_plan", "quota"]:
        made = call("POST", f"{base}/decisions", {"kind": kind}, clerk)
        if made[0] == 409:
            continue
        made = must(201, made)
        thing = f"{base}/decisions/{made['id']}"
        must(204, decide(thing, f"{thing}/approve", {"digest": made["digest"]}, reviewer))
    batch = must(200, call("GET", f"{base}/batches", token=clerk))[0]["id"]
    must(204, call("POST", f"{base}/batches/{batch}/wishes/open", {}, clerk))
    thing = f"{base}/batches/{batch}"
    must(200, decide(thing, f"{thing}/wishes/close", {}, clerk))
    job = must(202, call("POST", f"{base}/batches/{batch}/runs", {}, clerk))["id"]
    while True:
        state = must(200, call("GET", f"{base}/jobs/{job}", token=clerk))
        if state["status"] not in ("queued", "running"):
            break
        time.sleep(0.3)
    round_ = state["round"]
    thing = f"{base}/rounds/{round_}"
    digest = {"digest": must(200, call("GET", thing, token=clerk))["answer_digest"]}
    must(204, decide(thing, f"{thing}/sign", digest, clerk))
    must(200, decide(thing, f"{thing}/publish", digest, reviewer))
    applicants = must(200, call("GET", f"{base}/applicants?admitted=true&limit=3", token=clerk))
    return {
        "season": [season, "nobody"],
        "batch": [batch, "x"],
        "round": [round_, 99],
        "job": [job, 99],
        "decision": [1, 99],
        "import": [1, 99],
        "applicant": [applicants[0]["applicant_id"], "0"],
        "school": [applicants[0]["school_id"], "x"],
    }


def attack(role, token, values, each, folder):
    """Requests as one role; how many there were, and whether any answer was wrong."""
    config = os.path.join(folder, "schemathesis.toml")
    with open(config, "w", encoding="utf-8") as out:
        out.write("[parameters]\n")
        for name, pair in values.items():
            out.write(f'"path.{name}" = {json.dumps(pair)}\n')
    done = subprocess.run(
        ["schemathesis", "--config-file", config, "run", f"{BASE}/openapi.json",
         "--header", f"Authorization: Bearer {token}", "--max-examples", str(each),
         "--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--workers", "1",
         "--continue-on-failure", "--request-timeout", "60", "--no-color", "--warnings", "off",
         "--seed", "7", "--suppress-health-check", "all",
         "--exclude-path", "/v1/me/password", "--exclude-path", "/v1/session"],
        capture_output=True, text=True, cwd=folder, check=False)
    count = re.search(r"Test cases:\s+([\d,]+) generated", done.stdout)
    count = int(count.group(1).replace(",", "")) if count else 0
    if done.returncode != 0:
        print(done.stdout[-int(os.environ.get("SHOW", "6000")):], done.stderr[-2000:])
    print(f"{role}: {count} requests, exit {done.returncode}", flush=True)
    return count, done.returncode != 0


def main():
    luqu = os.path.abspath(sys.argv[1])
    wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log")
        with open(log, "w", encoding="utf-8") as out:
            server = subprocess.Popen(
                [luqu, "serve", "--demo", "--applicants", "200", "--data", f"{folder}/data",
                 "--listen", f"127.0.0.1:{PORT}"], stdout=out, stderr=out)
        try:
            for _ in range(600):
                text = open(log, encoding="utf-8").read()
                if "/docs" in text and "已启动" in text or server.poll() is not None:
                    break
                time.sleep(0.2)
            passwords = dict(re.findall(r"(\w+)\s+密码 (\S+)", text))
            season = re.search(r"招生季 (\S+?)（", text).group(1)
            tokens = {}
            for name, password in passwords.items():
                made = call("POST", "/v1/session", {"name": name, "password": password})
                tokens[name] = must(200, made)["token"]
            values = live(season, tokens["clerk"], tokens["reviewer"])
            each, total, wrong = max(5, wanted // (len(ROLES) * 80)), 0, False
            for role in ROLES:
                count, bad = attack(role, tokens[role], values, each, folder)
                total, wrong = total + count, wrong or bad
            wrong = wrong or server.poll() is not None
        finally:
            server.terminate()
            server.wait()
            text = open(log, encoding="utf-8").read()
    faults = text.count("request failed")
    print(f"G14: {total} requests as {len(ROLES)} roles, {faults} faults of the server logged")
    if wrong or faults or total < wanted:
        print("\n".join(l for l in text.splitlines() if "request failed" in l)[-4000:])
        sys.exit(1)


main()

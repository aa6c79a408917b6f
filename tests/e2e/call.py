#!/usr/bin/env python3
"""One call of passportd's API: call.py URL CA TOKEN_FILE METHOD PATH [JSON]

A TOKEN_FILE of the name "-" is none. Prints the status, then the body.
Fails when the answer, or what it was given for, is not as service/openapi.json (or PASSPORT_OPENAPI) describes it.
Which operations succeeded is added to PASSPORT_CALLS, if that names a file.
"""
import functools
import json
import os
import re
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path

import jsonschema


def find_operation(openapi, method, path):
    for template, item in openapi["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) and method.lower() in item:
            return item[method.lower()]
    sys.exit(f"call.py: {method} {path} is not described")


def resolve(openapi, node):
    if "$ref" not in node:
        return node
    _, *steps = node["$ref"].split("/")
    return functools.reduce(lambda inner, step: inner[step], steps, openapi)


def check(openapi, content, text):
    """`content`: of a body or an answer."""
    kind, media = next(iter(content.items()))
    if kind != "application/json":
        return
    schema = dict(media["schema"], components=openapi["components"])  # where its references lead
    jsonschema.Draft202012Validator(schema).validate(json.loads(text))


def main():
    url, ca, token_file, method, path, *body = sys.argv[1:]
    request = urllib.request.Request(url + path, method=method)
    if not token_file.endswith("/-"):
        with open(token_file, encoding="ascii") as token:
            request.add_header("Authorization", "Bearer " + token.read().strip())
    data = None
    if method == "POST":
        data = (body[0] if body else "{}").encode()
        request.add_header("Content-Type", "application/json")
    context = ssl.create_default_context(cafile=ca)
    try:
        with urllib.request.urlopen(request, data, timeout=60, context=context) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        status, text = refused.code, refused.read()
    description = os.environ.get("PASSPORT_OPENAPI", Path(__file__).resolve().parents[2] / "service/openapi.json")
    openapi = json.loads(Path(description).read_text("utf-8"))
    operation = find_operation(openapi, method, path.partition("?")[0])
    answers = operation["responses"]
    check(openapi, resolve(openapi, answers.get(str(status)) or answers["default"])["content"], text)
    if status < 300:
        if data and "requestBody" in operation:
            check(openapi, operation["requestBody"]["content"], data)
        if "PASSPORT_CALLS" in os.environ:
            with open(os.environ["PASSPORT_CALLS"], "a", encoding="ascii") as calls:
                calls.write(operation["operationId"] + "\n")
    print(status)
    sys.stdout.write(text.decode("utf-8", "backslashreplace"))


main()

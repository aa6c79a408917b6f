#!/usr/bin/env python3
"""One call of passportd's API: call.py URL CA TOKEN_FILE METHOD PATH [JSON]. Prints the status, then the body."""
import json
import ssl
import sys
import urllib.error
import urllib.request

url, ca, token_file, method, path, *body = sys.argv[1:]
request = urllib.request.Request(url + path, method=method)
if token_file != "-":
    request.add_header("Authorization", "Bearer " + open(token_file).read().strip())
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
print(status)
sys.stdout.write(text.decode("utf-8", "backslashreplace"))

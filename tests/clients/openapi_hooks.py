"""Values that no generator can guess, given to some of schemathesis's requests, so that answers of success are held
against the document too. What is known of the running program is in the file that TESTS_OPENAPI names."""

import json
import os
from pathlib import Path

import schemathesis

known = json.loads(Path(os.environ["TESTS_OPENAPI"]).read_text())
calls = {"made": 0}


def sometimes():
    calls["made"] += 1
    return calls["made"] % 3 == 0


@schemathesis.hook
def before_call(context, case, **_):
    body = case.body
    if not isinstance(body, dict) or not sometimes():
        return
    if case.path == "/introspect" and "token" in body:
        body["token"] = known["token"]
    elif case.path == "/par" and "redirect_uri" in body:
        body.clear()
        body.update(known["request"])
    elif case.path == "/access/v1/evaluation" and isinstance(body.get("subject"), dict):
        body.clear()
        body.update(known["question"])

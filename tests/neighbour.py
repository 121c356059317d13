"""The app's neighbour in the cluster: a server of a language model's, and a collector of OpenTelemetry's spans.

It runs in a pod on the backend's own image, with the scripted model of the backend's tests beside it.
"""

import base64
import json
import os
import threading

import model_server
from google.protobuf.json_format import MessageToDict
from model_server import Say, Script
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from serving import serving
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

MODEL_PORT, COLLECTOR_PORT = 8080, 4318
ENOUGH = 1000

spans = []
script = Script()


def say(messages):
    """Add a task with what was asked; asked for patience, hesitate for longer than a heartbeat takes; or go slowly.

    Slowly is for 48 s, or until it is told to go on.
    """
    if messages[-1]["role"] == "tool":
        return Say("It is on your list.")
    asked = messages[-1]["content"]
    if asked == "patience":
        return Say("first second third", hesitates=18)
    if asked == "slowly":
        script.go_on.clear()
        return Say("first second third fourth", hesitates=12)
    return Say("One moment.", (("add_task", {"title": asked}),))


async def keep(request):
    """Keep the spans of a batch: the backend sends it as protobuf, the frontend as JSON, where ids are hexadecimal."""
    body = await request.body()
    is_json = request.headers["content-type"].startswith("application/json")
    given = json.loads(body) if is_json else MessageToDict(ExportTraceServiceRequest.FromString(body))
    for resource in given["resourceSpans"]:
        service = texts(resource["resource"])["service.name"]
        for span in (one for scope in resource["scopeSpans"] for one in scope["spans"]):
            trace = span["traceId"] if is_json else base64.b64decode(span["traceId"]).hex()
            spans.append({"service": service, "trace": trace, "attributes": texts(span)})
    return Response()


def texts(one):
    return {given["key"]: given["value"].get("stringValue", "") for given in one.get("attributes", [])}


async def tell(request):
    return JSONResponse(spans)


async def go_on(request):
    script.go_on.set()
    return Response()


if __name__ == "__main__":
    model_server.KEY = os.environ["KEY"]
    script.turns = [say] * ENOUGH
    model = Starlette(routes=[Route("/v1/chat/completions", script.answer, methods=["POST"])])
    collector = Starlette(
        routes=[Route("/v1/traces", keep, methods=["POST"]), Route("/spans", tell), Route("/go-on", go_on)]
    )
    with serving(model, "0.0.0.0", MODEL_PORT), serving(collector, "0.0.0.0", COLLECTOR_PORT):  # noqa: S104 - a pod
        threading.Event().wait()

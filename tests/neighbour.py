"""The app's neighbour in the cluster: a server of a language model's, and a collector of OpenTelemetry's spans.

It runs in a pod on the backend's own image, with the scripted model of the backend's tests beside it.
"""

import os
import threading

import model_server
from model_server import Say, Script
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from serving import serving
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

MODEL_PORT, COLLECTOR_PORT = 8080, 4318
ENOUGH = 1000

spans = []


def say(messages):
    """Add a task with what was asked; asked for patience, hesitate for longer than a heartbeat takes."""
    if messages[-1]["role"] == "tool":
        return Say("It is on your list.")
    asked = messages[-1]["content"]
    if asked == "patience":
        return Say("first second third", hesitates=18)
    return Say("One moment.", (("add_task", {"title": asked}),))


async def keep(request):
    given = ExportTraceServiceRequest.FromString(await request.body())
    for resource in given.resource_spans:
        named = {one.key: one.value.string_value for one in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                attributes = {one.key: one.value.string_value for one in span.attributes}
                trace = span.trace_id.hex()
                spans.append({"service": named["service.name"], "trace": trace, "attributes": attributes})
    return Response()


async def tell(request):
    return JSONResponse(spans)


if __name__ == "__main__":
    model_server.KEY = os.environ["KEY"]
    script = Script([say] * ENOUGH)
    model = Starlette(routes=[Route("/v1/chat/completions", script.answer, methods=["POST"])])
    collector = Starlette(routes=[Route("/v1/traces", keep, methods=["POST"]), Route("/spans", tell)])
    with serving(model, "0.0.0.0", MODEL_PORT), serving(collector, "0.0.0.0", COLLECTOR_PORT):  # noqa: S104 - a pod
        threading.Event().wait()

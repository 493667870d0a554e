"""The answer of a function URL that streams: status and headers of the prelude, if there is one, then the pieces as they come."""

from __future__ import annotations

from fogbank.core.http import Response
from fogbank.gateway.prelude import CONTENT_TYPE, Pieces
from fogbank.services.lambda_.function_url_payloads import BadAnswer, stated, streamed_response_of
from fogbank.services.lambda_.streaming import Events, StreamedRun

OCTETS = "application/octet-stream"


async def response_of_run(run: StreamedRun) -> Response:
    """What the client gets. Raises BadAnswer, BadPrelude, CutShort, or AwsError when it could not be run."""
    kind = run.stream.content_type
    if kind is None:
        result = run.result
        assert result is not None
        if run.failed:
            raise BadAnswer("the function failed")
        return streamed_response_of(result.payload)
    pieces = Pieces(Events(run, tail=False))
    try:
        if kind != CONTENT_TYPE:
            return Response(200, [("Content-Type", kind)], pieces)
        response = stated({"statusCode": 200} | await pieces.prelude(), b"", OCTETS)
    except BaseException:
        await pieces.aclose()
        raise
    response.body = pieces
    return response

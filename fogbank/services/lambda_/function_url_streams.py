"""The answer of a function URL that streams: status and headers of the prelude, if there is one, then the pieces as they come."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fogbank.core.errors import AwsError
from fogbank.core.http import CutShort, Response
from fogbank.gateway.prelude import CONTENT_TYPE, read_prelude
from fogbank.services.lambda_.function_url_payloads import BadAnswer, stated, streamed_response_of
from fogbank.services.lambda_.streaming import StreamedRun

OCTETS = "application/octet-stream"


async def response_of_run(run: StreamedRun) -> Response:
    """What the client gets. Raises BadAnswer, BadPrelude, or AwsError when it could not be run."""
    kind = run.stream.content_type
    if kind is None:
        result = run.result
        assert result is not None
        if run.failed:
            raise BadAnswer("the function failed")
        return streamed_response_of(result.payload)
    try:
        if kind != CONTENT_TYPE:
            return Response(200, [("Content-Type", kind)], Body(run, b""))
        prelude, first = await read_prelude(run.stream)
        response = stated({"statusCode": 200} | prelude, b"", OCTETS)
    except BaseException:
        await run.stream.aclose()
        raise
    response.body = Body(run, first)
    return response


class Body:
    """The pieces; a function that fails in the middle cuts the connection."""

    __slots__ = ("_first", "_run")

    def __init__(self, run: StreamedRun, first: bytes) -> None:
        self._run = run
        self._first = first

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        async for piece in self._run.stream:
            return piece
        try:
            failed = self._run.failed
        except AwsError as error:
            raise CutShort(error.message) from None
        if failed:
            raise CutShort("the function failed")
        raise StopAsyncIteration

    async def aclose(self) -> None:
        await self._run.stream.aclose()

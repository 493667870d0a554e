"""AWS's wire protocols: a request to its operation and params, an output or an error to a response.

    routed = router.route(request)             never raises
    params = routed.parse(request)             raises AwsError
    response = routed.serialize(output, request_id)
    response = routed.fail(error, request_id)

What an operation does is services'; who may call it is auth's; bytes and sockets are edge's.
"""

from fogbank.protocol.route import Router
from fogbank.protocol.routed import Routed

__all__ = ["Routed", "Router"]

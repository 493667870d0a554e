"""A function that does nothing, to run the runtime with before a real one comes: see `runtime.rehearse`."""


def handler(event, context):
    return {"event": event, "id": context.aws_request_id}

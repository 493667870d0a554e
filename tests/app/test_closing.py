"""How a fogbank ends while clients wait."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from fogbank.core.config import Settings
from fogbank.testing import Fogbank
from tests.support.waiting import until_blocking


def waiting(server: Fogbank) -> bool:
    """Both polls have come to where they wait."""
    services = server.app.house.calls.services
    channels = services["sqs"].state.channels._channels.values()
    desks = services["stepfunctions"].state.activities._desks.values()
    return any(channel.is_waited_for for channel in channels) and any(desk.waiting for desk in desks)


def test_long_polls_end_empty_handed_when_the_server_ends() -> None:
    with ThreadPoolExecutor() as threads:
        with Fogbank(Settings(port=0)) as server:
            sqs, states = server.client("sqs"), server.client("stepfunctions")
            queue = sqs.create_queue(QueueName="q")["QueueUrl"]
            activity = states.create_activity(name="a")["activityArn"]
            polls = [
                threads.submit(sqs.receive_message, QueueUrl=queue, WaitTimeSeconds=20),
                threads.submit(states.get_activity_task, activityArn=activity),
            ]
            until_blocking(lambda: waiting(server))
        messages, task = (poll.result() for poll in polls)  # cut off, they would raise
    assert "Messages" not in messages
    assert not task.get("taskToken")

"""What was acknowledged is there after a restart; connections are not."""

from __future__ import annotations

from pathlib import Path

from fogbank.core.config import Settings
from fogbank.store.api import Transaction
from fogbank.testing.server import Fogbank
from tests.services.apigatewayv2.conftest import HttpApis
from tests.services.apigatewayv2.test_websockets import SocketApi


def test_apis_survive_and_records_of_connections_do_not(tmp_path: Path) -> None:
    with Fogbank(Settings(data_dir=tmp_path)) as server:
        apis = HttpApis(server)
        api = apis.api()
        api.route("GET /a", api.function("def handler(event, context):\n    return 'still here'\n"))
        api.stage("dev")
        sockets = SocketApi(apis)
        mock = sockets.integration(
            IntegrationType="MOCK", RequestTemplates={"$default": '{"statusCode": 200}'}
        )
        sockets.route("$default", mock)
        sockets.deploy()
        store = server.app.house.store
        with sockets.connect():
            assert server.run(store.count(("apigatewayv2", "connections"), limit=9)) == 1
            [connection] = server.run(store.scan(("apigatewayv2", "connections"), limit=9))
        # As after a crash: the record of a connection that nobody closed.
        server.run(store.commit(Transaction().put(connection.key, connection.value)))
    with Fogbank(Settings(data_dir=tmp_path)) as server:
        again = HttpApis(server)
        path = f"/_aws/execute-api/{api.id}/dev/a"
        assert again.gateways.call(path).text == "still here"
        store = server.app.house.store
        assert server.run(store.count(("apigatewayv2", "connections"), limit=9)) == 0

import faulthandler
from tests.edge.test_tls import *
from tests.edge.test_tls import connect
async def test_fail(tmp_path):
    faulthandler.dump_traceback_later(6, exit=True, file=open("/tmp/fh.txt","w"))
    lanes = Lanes()
    tls = LocalTls(tmp_path, "127.0.0.1", RealClock())
    server = Server(echo, lanes, RealClock(), HttpSettings(connections_max=2, linger_s=0.05, sweep_s=0.02), tls)
    wire = Wire(server, await server.start("127.0.0.1", 0))
    safe, plain = await connect(wire, tmp_path), await wire.connect()
    assert (await safe.ask(get())).status == 200
    assert False

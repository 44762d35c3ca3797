"""`noren serve NAME`: one part in a process of its own."""

import os
import signal
import socket
import threading
from importlib import import_module

from starlette.applications import Starlette

from gateway.app import http_gateway
from gateway.settings import GatewaySettings
from kit.collector import calm_collector
from noren.queries import READY_QUERIES
from noren.system import GATEWAY, subgraph_urls
from noren.up import base_url, console, run, serve

STDIN = 0


def serve_part(
    name: str, bound: socket.socket, mongodb_url: str, settings: GatewaySettings, *, announced: bool = True
) -> None:
    """Serve one service, or the gateway over services that have processes of their own, until a signal."""
    os.environ["NOREN_MONGODB_URL"] = mongodb_url
    if name == GATEWAY:
        urls = settings.subgraph_urls
        if "NOREN_SUBGRAPH_URLS" not in os.environ:
            urls = subgraph_urls(settings.port)
        app = http_gateway(lambda: settings.model_copy(update={"subgraph_urls": urls}), READY_QUERIES)
    else:
        app = _service_app(name)
    base = base_url(*bound.getsockname()[:2])

    def announce() -> None:
        if announced:
            console.print(f"{name} answers on {base}/graphql, Ctrl-C stops it", soft_wrap=True)

    with calm_collector():
        run(serve(app, bound, announce))


def end_with_parent() -> None:
    """End this process when its standard input closes: the one who started it is gone."""

    def watch() -> None:
        while os.read(STDIN, 1024):  # not sys.stdin: a thread that waits in it holds a lock Python's end needs
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _service_app(name: str) -> Starlette:
    app = import_module(f"services.{name}.app").app
    assert isinstance(app, Starlette)
    return app

"""`noren serve NAME`: one part in a process of its own."""

import os
import socket
import sys
import threading
from importlib import import_module

import uvloop
from starlette.applications import Starlette

from gateway.app import http_gateway
from gateway.settings import GatewaySettings
from noren.queries import READY_QUERIES
from noren.system import GATEWAY, subgraph_urls
from noren.up import serve


def serve_part(name: str, bound: socket.socket, mongodb_url: str, settings: GatewaySettings) -> None:
    """Serve one service, or the gateway over services that have processes of their own, until a signal."""
    os.environ["NOREN_MONGODB_URL"] = mongodb_url
    if name == GATEWAY:
        urls = settings.subgraph_urls
        if "NOREN_SUBGRAPH_URLS" not in os.environ:
            urls = subgraph_urls(settings.port)
        app = http_gateway(lambda: settings.model_copy(update={"subgraph_urls": urls}), READY_QUERIES)
    else:
        app = _service_app(name)
    uvloop.run(serve(app, bound))


def end_with_parent() -> None:
    """End this process when its standard input closes: the one who started it is gone."""

    def watch() -> None:
        while sys.stdin.buffer.read(1024):
            pass
        os.kill(os.getpid(), 15)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _service_app(name: str) -> Starlette:
    app = import_module(f"services.{name}.app").app
    assert isinstance(app, Starlette)
    return app

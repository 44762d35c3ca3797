"""`noren up`: everything started, in one process or one a service, and stopped together."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import uvicorn
import uvloop
from rich.console import Console
from starlette.applications import Starlette

from gateway.settings import GatewaySettings
from kit.collector import calm_collector
from kit.settings import context_secret
from noren.patience import PatientHttp
from noren.system import GATEWAY, SERVICES, open_system, port_of

KEEP_ALIVE_S = 75
"""Longer than any client of ours keeps an idle connection, so that the client is the one who closes."""
STOP_S = 10
"""How long requests under way may take when everything stops."""
READY_S = 60
"""How long a process may take until it answers."""
RESTARTS = 5
"""A part that dies this often within `RESTART_WINDOW_S` is not going to live."""
RESTART_WINDOW_S = 60.0
POLL_S = 0.2
SWITCH_S = 0.001
"""How long a thread that plans or compresses may keep the loop waiting for its turn; Python's own 5 ms add up."""
MAX_MESSAGE_BYTES = 1024 * 1024
"""Of a WebSocket message to an app that says nothing of its own."""

LOOPBACK = "127.0.0.1"

console = Console(stderr=True)


class PortTaken(Exception):
    """Somebody else listens where we would."""


class PartDied(Exception):
    """A process of ours kept dying or did not come up."""


def bind(settings: GatewaySettings, *, processes: bool) -> list[socket.socket]:
    """Every address we will listen on, the gateway's first, or PortTaken before anything else is started."""
    bound = [listen(settings.host, settings.port)]
    if processes:
        if not settings.port:
            raise PortTaken("NOREN_PORT is 0, any free port; with --processes set it to the first of six free ones")
        bound += [listen(LOOPBACK, port_of(name, settings.port)) for name in SERVICES]
    return bound


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, or PortTaken with the way out. Who connects before we serve waits until we do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen()  # two sockets may be bound to one port as long as neither listens
    except (OSError, OverflowError) as error:
        bound.close()
        reason = error.strerror if isinstance(error, OSError) else error
        raise PortTaken(f"{host}:{port} cannot be used ({reason}); set NOREN_PORT to another port") from error
    return bound


async def serve(app: Starlette, bound: socket.socket, on_started: Callable[[], None] = lambda: None) -> None:
    """Serve `app` on a bound socket until a signal asks to stop. What its lifespan raises is raised here."""
    async with app.router.lifespan_context(app):
        config = uvicorn.Config(
            app,
            loop="uvloop",
            http=PatientHttp,
            ws="websockets-sansio",
            ws_max_size=getattr(app.state, "socket_message_bytes", MAX_MESSAGE_BYTES),
            lifespan="off",  # uvicorn would log the stack trace of a start that fails, and raise nothing
            log_config=None,
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=STOP_S,
            server_header=False,
        )
        await _Server(config, on_started, getattr(app.state, "begin_stop", _nothing)).serve(sockets=[bound])


async def _nothing() -> None:
    """What an app ends that has nothing that goes on."""


class _Server(uvicorn.Server):
    """Uvicorn's server that says when it listens, and for which a stop that was asked for is a success."""

    def __init__(
        self, config: uvicorn.Config, on_started: Callable[[], None], begin_stop: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__(config)
        self._on_started = on_started
        self._begin_stop = begin_stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then tell."""
        await super().startup(sockets)
        if self.started:
            self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what would go on for ever, in its own words; then as uvicorn does."""
        await self._begin_stop()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on Ctrl-C and SIGTERM; unlike uvicorn's own, do not raise them again when everything is closed."""
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)  # `run` put it there; from here on it is ours
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def run(serving: Coroutine[Any, Any, None]) -> None:
    """Run to the end. A SIGTERM before the server listens ends it where it waits, and what is open is closed."""

    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None, "a running coroutine has a task"
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        await serving

    sys.setswitchinterval(SWITCH_S)
    try:
        uvloop.run(main())
    except asyncio.CancelledError:
        raise _Terminated(128 + signal.SIGTERM) from None


def up_in_process(mongodb_url: str, settings: GatewaySettings, bound: socket.socket) -> None:
    """Gateway and services in this process, until a signal."""
    port = bound.getsockname()[1]

    async def main() -> None:
        async with open_system(mongodb_url, settings) as app:
            with calm_collector():
                await serve(app, bound, lambda: announce(settings.host, port, "all services in this process"))

    run(main())


def up_processes(mongodb_url: str, settings: GatewaySettings) -> None:
    """One process a service and one for the gateway; one that dies is started again, all stop together."""
    shared = {name: value for name, value in os.environ.items() if name != "NOREN_SUBGRAPH_URLS"} | {
        "NOREN_MONGODB_URL": mongodb_url,
        "NOREN_CONTEXT_SECRET": context_secret(settings).decode(),
        "NOREN_PORT": str(settings.port),
    }
    with _children() as children, suppress(KeyboardInterrupt, _Terminated):
        for name in (*SERVICES, GATEWAY):
            children[name] = _Child(name, shared)
        for name in children:
            _await_ready(children[name], settings)
        where = f"services on ports {settings.port + 1} to {settings.port + len(SERVICES)}"
        announce(settings.host, settings.port, where)
        while True:
            time.sleep(POLL_S)
            for child in children.values():
                child.revive()


def announce(host: str, port: int, where: str) -> None:
    """Print the addresses."""
    base = base_url(host, port)
    for line in (
        f"[bold]Noren is up[/bold] ({where})",
        f"  GraphiQL  {base}/          open it in a browser: ready queries are in its tabs",
        f"  GraphQL   {base}/graphql   POST {{query, variables, operationName}}",
        f"  health    {base}/health/ready",
        "  Ctrl-C stops everything.",
    ):
        console.print(line, soft_wrap=True)


def base_url(host: str, port: int) -> str:
    """How this machine reaches what listens on `host`."""
    reached = {"0.0.0.0": LOOPBACK, "::": "::1"}.get(host, host)
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def terminate_on_sigterm() -> None:
    """Let SIGTERM unwind like Ctrl-C, so that what was opened is closed."""

    def stop(signum: int, frame: FrameType | None) -> None:
        raise _Terminated(128 + signum)

    signal.signal(signal.SIGTERM, stop)


class _Terminated(SystemExit):
    """SIGTERM came."""


class _Child:
    """A process of `noren serve NAME`."""

    def __init__(self, name: str, environment: Mapping[str, str]) -> None:
        self.name = name
        self._environment = environment
        self._deaths: list[float] = []
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        # The child watches its standard input: when we are gone, however that came, it ends too.
        command = [sys.executable, "-m", "noren", "serve", self.name, "--with-parent"]
        return subprocess.Popen(command, env=self._environment, stdin=subprocess.PIPE, start_new_session=True)

    def alive(self) -> bool:
        return self._process.poll() is None

    def revive(self) -> None:
        """Start it again if it died; PartDied if it keeps dying."""
        if self.alive():
            return
        now = time.monotonic()
        self._deaths = [*(death for death in self._deaths if now - death < RESTART_WINDOW_S), now]
        if len(self._deaths) >= RESTARTS:
            raise PartDied(f"{self.name} ended {RESTARTS} times within {RESTART_WINDOW_S:.0f} s; its log says why")
        console.print(f"{self.name} ended with code {self._process.returncode}: starting it again")
        self._process = self._start()

    def stop(self) -> None:
        if self.alive():
            self._process.terminate()

    def wait(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def _children() -> Iterator[dict[str, _Child]]:
    children: dict[str, _Child] = {}
    try:
        yield children
    finally:
        for child in reversed(list(children.values())):
            child.stop()
        for child in children.values():
            child.wait()


def _await_ready(child: _Child, settings: GatewaySettings) -> None:
    host = settings.host if child.name == GATEWAY else LOOPBACK
    url = f"{base_url(host, port_of(child.name, settings.port))}/health/ready"
    deadline = time.monotonic() + READY_S
    with console.status(f"waiting for {child.name} on {url}"):
        while time.monotonic() < deadline:
            if not child.alive():
                raise PartDied(f"{child.name} ended while it started; its log above says why")
            try:
                with urlopen(url, timeout=2):
                    return
            except (URLError, OSError):
                time.sleep(POLL_S)
    raise PartDied(f"{child.name} did not get ready within {READY_S} s")

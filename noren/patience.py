"""Uvicorn's HTTP protocol with an end to its patience: a request's head must come in time, too.

The body is the app's own business. Uvicorn itself waits for ever for a head that has begun, or never begins.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_S = 10.0
"""From a connection, or the first byte of a further request on it, to the end of the head."""


class PatientHttp(HttpToolsProtocol):
    """One connection."""

    _until: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._done()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Wait for the end of this head."""
        super().on_message_begin()
        if self._until is None:
            self._wait()

    def on_headers_complete(self) -> None:
        """The head is here."""
        self._done()
        super().on_headers_complete()

    def _wait(self) -> None:
        self._until = self.loop.call_later(HEAD_S, self._give_up)

    def _done(self) -> None:
        if self._until is not None:
            self._until.cancel()
            self._until = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()

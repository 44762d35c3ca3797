"""Passwords as argon2id (RFC 9106), hashed beside the event loop and never too many at once."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.issuer.model import MAX_PASSWORD, normal_password
from kit.errors import Unavailable

AT_ONCE = 2
"""Each takes 64 MiB and four lanes for some 50 ms: two at a time leave room for requests."""
MAX_WAITING = 50
"""Behind them; whoever comes later is told to come again rather than kept for seconds."""
DUMMY = PasswordHasher().hash("nobody's password")
"""What is verified where there is no account, so that both take as long."""

T = TypeVar("T")


@dataclass(slots=True)
class Passwords:
    """One a process."""

    hasher: PasswordHasher = field(default_factory=PasswordHasher)
    """RFC 9106's second recommendation: t=3, 64 MiB, 4 lanes."""
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _waiting: int = 0

    async def hash(self, password: str) -> str:
        """The hash to keep, with its salt and parameters."""
        return await self._beside(lambda: self.hasher.hash(normal_password(password)))

    async def verify(self, kept: str | None, password: str) -> bool:
        """Whether this is the password; without a hash it is not, after as long a time."""
        if len(password) > MAX_PASSWORD:
            return False
        return await self._beside(lambda: self._matches(kept or DUMMY, password)) and kept is not None

    def _matches(self, kept: str, password: str) -> bool:
        try:
            return self.hasher.verify(kept, normal_password(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _beside(self, work: Callable[[], T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise Unavailable("too many sign in at this moment; try again")
        self._waiting += 1
        try:
            async with self._places:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1

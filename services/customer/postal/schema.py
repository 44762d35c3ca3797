"""The query of postal codes."""

import asyncio
from typing import Annotated

import strawberry

from kit.errors import BadUserInput, Refused
from services.customer.context import Info
from services.customer.postal.directory import directory
from services.customer.postal.model import read_code
from services.customer.postal.types import PostalPlace


@strawberry.type
class PostalQuery:
    """What an address is completed by."""

    @strawberry.field(description="What a Japanese postal code stands for, to complete an address; nobody's: empty.")
    async def postal_places(
        self,
        info: Info,
        code: Annotated[str, strawberry.argument(description="1000001, 100-0001 or 〒１００－０００１.")],
    ) -> list[PostalPlace]:
        """Japan Post's; see `directory`."""
        try:
            digits = read_code(code, ("code",))
        except Refused as refused:
            raise BadUserInput(str(refused)) from refused
        there = await asyncio.to_thread(directory, info.context.postal_file)
        return [PostalPlace.of(one) for one in there.find(digits)]

"""The base of what rooms add to `Customer`: they know its id and nothing else of it."""

from typing import Any

import strawberry


@strawberry.type
class Profile:
    """A profile by its row."""

    row: strawberry.Private[Any]

    @property
    def profile_id(self) -> str:
        """Its id."""
        return str(self.row.id)

"""Every query of what is let go of erased customers; decides nothing.

Texts that were published stay, without their author: neither customer nor nickname. Votes and purchases stay counted.
"""

from collections.abc import Sequence

from kit.mongo import Database

NOBODY = "cus_erased"
"""Whose a question is whose customer was erased."""


class ErasureStore:
    """What names a customer, over the rooms of catalog."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def let_go(self, customers: Sequence[str]) -> None:
        """Everything that names these customers; again changes nothing."""
        ids = {"$in": list(customers)}
        await self._db["shoppers"].delete_many({"_id": ids})
        await self._db["shopper_orders"].delete_many({"customer": ids})
        await self._db["purchases"].update_many({"customer_id": ids}, {"$unset": {"customer_id": ""}})
        reviews = self._db["reviews"]
        await reviews.update_many({"customer_id": ids}, {"$unset": {"customer_id": ""}, "$set": {"nickname": None}})
        await reviews.update_many({"voters": ids}, {"$pull": {"voters": ids}})
        questions = self._db["questions"]
        await questions.update_many({"customer_id": ids}, {"$set": {"customer_id": NOBODY, "nickname": None}})
        theirs = {"answers.$[theirs].customer_id": NOBODY, "answers.$[theirs].nickname": None}
        await questions.update_many(
            {"answers.customer_id": ids}, {"$set": theirs}, array_filters=[{"theirs.customer_id": ids}]
        )

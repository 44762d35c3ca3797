"""Every MongoDB query and index of reviews; decides nothing. Shard key: `product_id`.

A write that may change a product's stars marks the review `uncounted` in the same update; the mark goes when the
product has been recounted at this version of the review, so that a crash anywhere leaves a mark, never a wrong sum.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne
from pymongo.errors import DuplicateKeyError

from kit.events.log import insert_new
from kit.events.outbox import OUTBOX_INDEX, outbox_entry
from kit.mongo import Database, Document
from kit.pages import Page, PageArgs, Sort, find_page
from services.catalog.model import ExternalRef
from services.catalog.moderation.model import Answer, Moderation, Reason, Verdict
from services.catalog.review.model import MAX_VOTERS, Author, Review, ReviewDraft, ReviewSort, Standing

COLLECTION = "reviews"
REVIEW_PUBLISHED = "noren.catalog.review_published.v1"
UNCOUNTED: Document = {"uncounted": True}

SORTS: Mapping[ReviewSort, Sort] = {
    ReviewSort.HELPFUL: (("helpful", DESCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)),
    ReviewSort.NEWEST: (("created_at", DESCENDING), ("_id", DESCENDING)),
    ReviewSort.BEST: (("rating", DESCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)),
    ReviewSort.WORST: (("rating", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)),
}
OLDEST_FIRST: Sort = (("updated_at", ASCENDING), ("_id", ASCENDING))


def _listed(sort: ReviewSort) -> IndexModel:
    return IndexModel([("product_id", ASCENDING), ("state", ASCENDING), *SORTS[sort]], name=f"by_{sort.value}")


INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        *(_listed(sort) for sort in ReviewSort),
        IndexModel(
            [("product_id", ASCENDING), ("customer_id", ASCENDING)],
            name="one_a_customer",
            unique=True,
            partialFilterExpression={"customer_id": {"$type": "string"}},
        ),
        IndexModel([("customer_id", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)], name="customer"),
        IndexModel(
            [("external.source", ASCENDING), ("external.value", ASCENDING)],
            name="external",
            unique=True,
            partialFilterExpression={"external.source": {"$type": "string"}},
        ),
        IndexModel([("state", ASCENDING), *OLDEST_FIRST], name="queue"),
        IndexModel([("product_id", ASCENDING)], name="uncounted_by_product", partialFilterExpression=UNCOUNTED),
        OUTBOX_INDEX,
    ],
}
_HIDDEN = {"outbox": 0, "voters": 0, "uncounted": 0}


class ReviewStore:
    """Reviews; `on_change` is called after every write that may have left an event, `on_mark` that may have a mark."""

    def __init__(self, db: Database, on_change: Callable[[], None]) -> None:
        self.reviews = db[COLLECTION]
        self._on_change = on_change
        self.on_mark: Callable[[], None] = lambda: None

    async def insert(self, review: Review) -> str | None:
        """Keep a new review; the id of the one its customer has written of this product, if there is one."""
        try:
            await self.reviews.insert_one(_document(review))
        except DuplicateKeyError:
            where = {"product_id": review.product_id, "customer_id": review.author.customer_id}
            row = await self.reviews.find_one(where, {"_id": 1})
            return None if row is None else str(row["_id"])
        self._written()
        return None

    async def insert_many(self, reviews: Sequence[Review]) -> int:
        """Keep those that are new, and say how many were."""
        added = await insert_new(self.reviews, [_document(review) for review in reviews])
        self._written()
        return added

    async def edit(self, id: str, version: int, draft: ReviewDraft, now: datetime) -> Review | None:
        """Another text and rating, to be read by staff anew; None if the version is gone."""
        values = {**_written(draft), **_judged(Verdict(Moderation.PENDING)), "updated_at": now}
        return await self._change(id, version, {**values, **UNCOUNTED})

    async def judge(self, id: str, version: int, verdict: Verdict, now: datetime) -> Review | None:
        """Publish or reject; None if the version is gone."""
        whose = await self.reviews.find_one({"_id": id}, {"customer_id": 1, "product_id": 1}) or {}  # neither changes
        data = {"reviewId": id, "version": version + 1}
        data |= {"customerId": whose.get("customer_id"), "productId": whose.get("product_id")}
        told = outbox_entry(f"{id}:v{version + 1}", REVIEW_PUBLISHED, id, now, data)
        entries = [told] if verdict.state is Moderation.PUBLISHED else []
        return await self._change(id, version, {**_judged(verdict), "updated_at": now, **UNCOUNTED}, entries)

    async def answer(self, id: str, version: int, answer: Answer | None) -> Review | None:
        """Set or take back the merchant's answer; None if the version is gone."""
        return await self._change(id, version, {"answer": None if answer is None else asdict(answer)})

    async def vote(self, id: str, customer_id: str) -> bool:
        """Count a customer who finds it helpful, once; whether it is so now, which is not where too many do."""
        full = f"voters.{MAX_VOTERS - 1}"
        await self.reviews.update_one(
            {"_id": id, "state": Moderation.PUBLISHED.value, "voters": {"$ne": customer_id}, full: {"$exists": False}},
            {"$push": {"voters": customer_id}, "$inc": {"helpful": 1}},
        )
        return await self.reviews.count_documents({"_id": id, "voters": customer_id}) == 1

    async def unvote(self, id: str, customer_id: str) -> None:
        """Take a vote back."""
        where = {"_id": id, "voters": customer_id}
        await self.reviews.update_one(where, {"$pull": {"voters": customer_id}, "$inc": {"helpful": -1}})

    async def verify(self, product_id: str, customer_ids: Sequence[str]) -> None:
        """These customers bought the product: say so of their reviews."""
        where = {"product_id": product_id, "customer_id": {"$in": list(customer_ids)}, "verified": False}
        await self.reviews.update_many(where, {"$set": {"verified": True}})

    async def by_id(self, ids: Sequence[str]) -> dict[str, Review]:
        """The reviews there are, by id."""
        found = await self.reviews.find({"_id": {"$in": list(ids)}}, _HIDDEN).to_list()
        return {row["_id"]: _review(row) for row in found}

    async def page(self, product_id: str, sort: ReviewSort, rating: int | None, args: PageArgs) -> Page[Review]:
        """A product's published reviews."""
        where: Document = {"product_id": product_id, "state": Moderation.PUBLISHED.value}
        if rating is not None:
            where["rating"] = rating
        return await find_page(self.reviews, where, SORTS[sort], args, _review, projection=_HIDDEN)

    async def queue(self, state: Moderation, args: PageArgs) -> Page[Review]:
        """What staff have to read, the longest waiting first."""
        return await find_page(self.reviews, {"state": state.value}, OLDEST_FIRST, args, _review, projection=_HIDDEN)

    async def of_customer(self, customer_id: str, args: PageArgs) -> Page[Review]:
        """All a customer wrote, newest first, whatever its state."""
        where, sort = {"customer_id": customer_id}, SORTS[ReviewSort.NEWEST]
        return await find_page(self.reviews, where, sort, args, _review, projection=_HIDDEN)

    async def uncounted(self, limit: int) -> list[tuple[str, int, str]]:
        """Id, version and product of reviews whose product is to be recounted; those of a product together, so that
        after many new ones it is counted once and not once a batch."""
        found = self.reviews.find(UNCOUNTED, {"version": 1, "product_id": 1}).sort("product_id", ASCENDING).limit(limit)
        return [(row["_id"], row["version"], row["product_id"]) for row in await found.to_list()]

    async def counted(self, reviews: Sequence[tuple[str, int]]) -> None:
        """Take the mark off reviews that still have the version that was counted."""
        requests = [UpdateOne({"_id": id, "version": v}, {"$unset": {"uncounted": ""}}) for id, v in reviews]
        await self.reviews.bulk_write(requests, ordered=False)

    async def stars(self, product_id: str) -> Standing:
        """The published reviews of a product, counted."""
        counts = [row async for row in await self.reviews.aggregate(_counting({"product_id": product_id}))]
        return _standing(counts)

    async def every_stars(self) -> AsyncIterator[tuple[str, Standing]]:
        """Of every product with published reviews, for an audit."""
        grouped: dict[str, list[Document]] = {}
        async for row in await self.reviews.aggregate(_counting({})):
            grouped.setdefault(row["_id"]["product"], []).append(row)
        for product_id, counts in grouped.items():
            yield product_id, _standing(counts)

    def _written(self) -> None:
        self._on_change()
        self.on_mark()

    async def _change(
        self, id: str, version: int, values: Mapping[str, Any], entries: Sequence[Document] = ()
    ) -> Review | None:
        update: Document = {"$set": dict(values), "$inc": {"version": 1}}
        if entries:
            update["$push"] = {"outbox": {"$each": list(entries)}}
        row = await self.reviews.find_one_and_update(
            {"_id": id, "version": version}, update, projection=_HIDDEN, return_document=True
        )
        self._written()
        return None if row is None else _review(row)


def _counting(where: Document) -> list[Document]:
    return [
        {"$match": {**where, "state": Moderation.PUBLISHED.value}},
        {"$group": {"_id": {"product": "$product_id", "rating": "$rating"}, "count": {"$sum": 1}}},
    ]


def _standing(counts: Sequence[Document]) -> Standing:
    by_rating = {row["_id"]["rating"]: row["count"] for row in counts}
    return Standing(tuple(by_rating.get(star, 0) for star in range(1, 6)))


def _written(draft: ReviewDraft) -> Document:
    return {**asdict(draft), "media": list(draft.media)}


def _judged(verdict: Verdict) -> Document:
    reason = None if verdict.reason is None else verdict.reason.value
    return {"state": verdict.state.value, "reason": reason, "note": verdict.note}


def _document(review: Review) -> Document:
    document: Document = {
        "_id": review.id,
        "product_id": review.product_id,
        "channel": review.author.channel,
        "location_id": review.author.location_id,
        **_written(review.draft),
        **_judged(review.verdict),
        "verified": review.verified,
        "helpful": review.helpful,
        "voters": [],
        "created_at": review.created_at,
        "updated_at": review.updated_at,
        "version": review.version,
        **(UNCOUNTED if review.is_published else {}),
    }
    if review.author.customer_id is not None:
        document["customer_id"] = review.author.customer_id
    if review.external is not None:
        document["external"] = asdict(review.external)
    return document


def _review(row: Document) -> Review:
    return Review(
        id=row["_id"],
        product_id=row["product_id"],
        author=Author(row.get("customer_id"), row["channel"], row["location_id"]),
        draft=ReviewDraft(row["rating"], row["title"], row["body"], row["nickname"], tuple(row["media"])),
        verdict=Verdict(Moderation(row["state"]), Reason(row["reason"]) if row["reason"] else None, row["note"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        version=row["version"],
        verified=row["verified"],
        helpful=row["helpful"],
        answer=Answer(**row["answer"]) if row.get("answer") else None,
        external=ExternalRef(**row["external"]) if row.get("external") else None,
    )

"""One function a mutation: check by the model, write by the store, refuse with the facts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kit.errors import Forbidden, InvalidInput, NotFound, Refusal, Refused, VersionConflict
from kit.ids import new_id
from services.catalog.moderation.model import AlreadyWritten, Answer, Moderation, Verdict, check_body, check_verdict
from services.catalog.product.model import Product
from services.catalog.review.model import Author, Imported, ImportedReview, Review, ReviewDraft, check_review
from services.catalog.store import CatalogStore

IMPORT_BATCH = 500
PARTS = frozenset({"variants.sku"})


@dataclass(frozen=True, slots=True)
class Seen:
    """Which review is meant, and which version of it was read."""

    id: str
    version: int


async def submit_review(
    store: CatalogStore, product: Product | None, author: Author, draft: ReviewDraft, *, now: datetime
) -> Review:
    """A customer's review of a product, to be read by staff; one a customer and product."""
    problems = check_review(draft)
    if product is None:
        problems.append(NotFound(path=("input", "productId"), kind="Product", id=""))
    if problems or product is None:
        raise Refused(*problems)
    pending = Verdict(Moderation.PENDING)
    review = Review(new_id("rev", at=now), product.id, author, draft, pending, created_at=now, updated_at=now)
    taken = await store.review.insert(review)
    if taken is not None:
        raise Refused(AlreadyWritten(path=("input", "productId"), review_id=taken))
    # After the insert, so that either this sees the purchase or the event that tells of it sees the review.
    skus = [variant.sku for variant in product.draft.variants]
    if author.customer_id is None or not await store.purchase.has_bought(author.customer_id, skus):
        return review
    await store.review.verify(product.id, [author.customer_id])
    return replace(review, verified=True)


async def edit_review(
    store: CatalogStore, seen: Seen, customer_id: str, draft: ReviewDraft, *, now: datetime
) -> Review:
    """The author writes it anew; staff reads it again before others see it."""
    problems = check_review(draft)
    if problems:
        raise Refused(*problems)
    there = await _get(store, seen.id)
    if there.author.customer_id != customer_id:
        raise Forbidden("this review is somebody else's")
    return await store.review.edit(seen.id, seen.version, draft, now) or await _refuse(store, seen)


async def moderate_review(store: CatalogStore, seen: Seen, verdict: Verdict, *, now: datetime) -> Review:
    """Publish or reject what staff has read: this version, and no other."""
    problems = check_verdict(verdict)
    if problems:
        raise Refused(*problems)
    return await store.review.judge(seen.id, seen.version, verdict, now) or await _refuse(store, seen)


async def answer_review(store: CatalogStore, seen: Seen, body: str, staff: str | None, *, now: datetime) -> Review:
    """The merchant's answer, in place of an earlier one; an empty one takes it back."""
    problems = check_body(body, ("input", "body"), least=0)
    if problems:
        raise Refused(*problems)
    answer = Answer(body, staff, now) if body.strip() else None
    return await store.review.answer(seen.id, seen.version, answer) or await _refuse(store, seen)


async def vote_review(store: CatalogStore, id: str, customer_id: str, *, helpful: bool) -> Review:
    """Say that a published review helped, or no longer; the same again changes nothing."""
    there = await _get(store, id)
    if not there.is_published:
        raise Refused(NotFound(path=("input", "id"), kind="Review", id=id))
    if there.author.customer_id == customer_id:
        raise Refused(InvalidInput(path=("input", "id"), expected="somebody else's review", got=id))
    if not helpful:
        await store.review.unvote(id, customer_id)
    elif not await store.review.vote(id, customer_id):
        raise Refused(InvalidInput(path=("input", "id"), expected="a review with fewer votes", got=str(there.helpful)))
    return await _get(store, id)


async def import_reviews(store: CatalogStore, rows: Sequence[ImportedReview], *, now: datetime) -> Imported:
    """Keep reviews from elsewhere, published; the same rows again add nothing. Rows that cannot be kept are told."""
    added, refused = 0, dict[int, list[Refusal]]()
    for start in range(0, len(rows), IMPORT_BATCH):
        batch = rows[start : start + IMPORT_BATCH]
        products = await store.product.by_slug(sorted({row.slug for row in batch}), frozenset())
        kept: list[Review] = []
        for number, row in enumerate(batch, start):
            problems = check_review(row.draft)
            product = products.get(row.slug)
            if product is None:
                problems.append(NotFound(path=("product",), kind="Product", id=row.slug))
            if problems or product is None:
                refused[number] = problems
            else:
                kept.append(_imported(row, product.id, now))
        added += await store.review.insert_many(kept)
    return Imported(added, refused)


def _imported(row: ImportedReview, product_id: str, now: datetime) -> Review:
    return Review(
        id=new_id("rev", at=row.created_at),
        product_id=product_id,
        author=Author(row.customer_id),
        draft=row.draft,
        verdict=Verdict(Moderation.PUBLISHED),
        created_at=row.created_at,
        updated_at=now,
        helpful=row.helpful,
        external=row.external,
    )


async def _get(store: CatalogStore, id: str) -> Review:
    there = (await store.review.by_id([id])).get(id)
    if there is None:
        raise Refused(NotFound(path=("input", "id"), kind="Review", id=id))
    return there


async def _refuse(store: CatalogStore, seen: Seen) -> Review:
    there = await _get(store, seen.id)
    raise Refused(VersionConflict(expected_version=seen.version, actual_version=there.version))

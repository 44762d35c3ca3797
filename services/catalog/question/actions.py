"""One function a mutation: check by the model, write by the store, refuse with the facts."""

from dataclasses import dataclass
from datetime import datetime

from kit.errors import InvalidInput, NotFound, Refused, VersionConflict
from kit.ids import new_id
from services.catalog.moderation.model import Moderation, Verdict, check_verdict
from services.catalog.product.model import Product
from services.catalog.question.model import MAX_ANSWERS, Question, QuestionAnswer, Words, check_words
from services.catalog.store import CatalogStore

PENDING, PUBLISHED = Verdict(Moderation.PENDING), Verdict(Moderation.PUBLISHED)


@dataclass(frozen=True, slots=True)
class SeenQuestion:
    """Which question, or which of its answers, is meant, and which version of the question was read."""

    id: str
    version: int
    answer_id: str | None = None


async def ask_question(
    store: CatalogStore, product: Product | None, customer_id: str, words: Words, *, now: datetime
) -> Question:
    """A customer's question of a product, shown when staff has read it."""
    problems = check_words(words)
    if product is None:
        problems.append(NotFound(path=("input", "productId"), kind="Product", id=""))
    if problems or product is None:
        raise Refused(*problems)
    question = Question(new_id("qst", at=now), product.id, customer_id, words, PENDING, created_at=now, updated_at=now)
    await store.question.insert(question)
    return question


async def answer_question(
    store: CatalogStore, id: str, customer_id: str | None, words: Words, *, now: datetime
) -> Question:
    """An answer to a published question: the merchant's (no customer) is shown at once, a customer's is read first."""
    problems = check_words(words)
    if problems:
        raise Refused(*problems)
    verdict = PUBLISHED if customer_id is None else PENDING
    kept = await store.question.add_answer(id, QuestionAnswer(new_id("ans", at=now), words, customer_id, verdict, now))
    if kept is not None:
        return kept
    there = (await store.question.by_id([id])).get(id)
    if there is None or not there.is_published:
        raise Refused(NotFound(path=("input", "id"), kind="Question", id=id))
    expected = f"a question with fewer than {MAX_ANSWERS} answers"
    raise Refused(InvalidInput(path=("input", "id"), expected=expected, got=str(len(there.answers))))


async def moderate_question(store: CatalogStore, seen: SeenQuestion, verdict: Verdict, *, now: datetime) -> Question:
    """Publish or reject a question or one of its answers, as staff has read it."""
    problems = check_verdict(verdict)
    if problems:
        raise Refused(*problems)
    if seen.answer_id is None:
        kept = await store.question.judge(seen.id, seen.version, verdict, now)
    else:
        kept = await store.question.judge_answer(seen.id, seen.answer_id, seen.version, verdict, now)
    if kept is not None:
        return kept
    there = (await store.question.by_id([seen.id])).get(seen.id)
    if there is None:
        raise Refused(NotFound(path=("input", "id"), kind="Question", id=seen.id))
    if seen.answer_id is not None and seen.answer_id not in {answer.id for answer in there.answers}:
        raise Refused(NotFound(path=("input", "answerId"), kind="Answer", id=seen.answer_id))
    raise Refused(VersionConflict(expected_version=seen.version, actual_version=there.version))

"""Every MongoDB query and index of questions; decides nothing. Shard key: `product_id`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from kit.events.outbox import OUTBOX_INDEX, outbox_entry
from kit.mongo import Database, Document
from kit.pages import Page, PageArgs, Sort, find_page
from services.catalog.moderation.model import Moderation, Reason, Verdict
from services.catalog.question.model import MAX_ANSWERS, Question, QuestionAnswer, Words

COLLECTION = "questions"
QUESTION_ANSWERED = "noren.catalog.question_answered.v1"
NEWEST: Sort = (("created_at", DESCENDING), ("_id", DESCENDING))
OLDEST_FIRST: Sort = (("updated_at", ASCENDING), ("_id", ASCENDING))

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("product_id", ASCENDING), ("state", ASCENDING), *NEWEST], name="by_product"),
        IndexModel([("state", ASCENDING), *OLDEST_FIRST], name="queue"),
        IndexModel([("answers.state", ASCENDING), *OLDEST_FIRST], name="answer_queue"),
        OUTBOX_INDEX,
    ],
}
_HIDDEN = {"outbox": 0}


class QuestionStore:
    """Questions; `on_change` is called after every write that may have left an event."""

    def __init__(self, db: Database, on_change: Callable[[], None]) -> None:
        self.questions = db[COLLECTION]
        self._on_change = on_change

    async def insert(self, question: Question) -> None:
        """Keep a new question."""
        await self.questions.insert_one(_document(question))

    async def add_answer(self, id: str, answer: QuestionAnswer) -> Question | None:
        """Add an answer to a published question that has fewer than `MAX_ANSWERS`; None if it is no such question."""
        open_question = {
            "_id": id,
            "state": Moderation.PUBLISHED.value,
            f"answers.{MAX_ANSWERS - 1}": {"$exists": False},
        }
        update: Document = {"$push": {"answers": _answer_document(answer)}, "$inc": {"version": 1}}
        update["$set"] = {"updated_at": answer.at}
        if answer.is_published:
            update["$push"]["outbox"] = _answered(id, answer.id, answer.at)
        return await self._change(open_question, update)

    async def judge(self, id: str, version: int, verdict: Verdict, now: datetime) -> Question | None:
        """Publish or reject the question; None if the version is gone."""
        update = {"$set": {**_judged(verdict), "updated_at": now}, "$inc": {"version": 1}}
        return await self._change({"_id": id, "version": version}, update)

    async def judge_answer(
        self, id: str, answer_id: str, version: int, verdict: Verdict, now: datetime
    ) -> Question | None:
        """Publish or reject one answer; None if the version is gone or it is no answer of this question."""
        values = {f"answers.$.{name}": value for name, value in _judged(verdict).items()}
        update: Document = {"$set": {**values, "updated_at": now}, "$inc": {"version": 1}}
        if verdict.state is Moderation.PUBLISHED:
            update["$push"] = {"outbox": _answered(id, answer_id, now)}
        return await self._change({"_id": id, "version": version, "answers.id": answer_id}, update)

    async def by_id(self, ids: Sequence[str]) -> dict[str, Question]:
        """The questions there are, by id."""
        found = await self.questions.find({"_id": {"$in": list(ids)}}, _HIDDEN).to_list()
        return {row["_id"]: _question(row) for row in found}

    async def page(self, product_id: str, args: PageArgs) -> Page[Question]:
        """A product's published questions, newest first."""
        where = {"product_id": product_id, "state": Moderation.PUBLISHED.value}
        return await find_page(self.questions, where, NEWEST, args, _question, projection=_HIDDEN)

    async def queue(self, state: Moderation, args: PageArgs, *, of_answers: bool) -> Page[Question]:
        """Questions of a state, or with an answer of it, the longest waiting first."""
        where = {"answers.state" if of_answers else "state": state.value}
        return await find_page(self.questions, where, OLDEST_FIRST, args, _question, projection=_HIDDEN)

    async def _change(self, where: Mapping[str, Any], update: Document) -> Question | None:
        row = await self.questions.find_one_and_update(where, update, projection=_HIDDEN, return_document=True)
        self._on_change()
        return None if row is None else _question(row)


def _answered(id: str, answer_id: str, at: datetime) -> Document:
    data = {"questionId": id, "answerId": answer_id}
    return outbox_entry(f"{answer_id}:{at.timestamp():.3f}", QUESTION_ANSWERED, id, at, data)


def _judged(verdict: Verdict) -> Document:
    reason = None if verdict.reason is None else verdict.reason.value
    return {"state": verdict.state.value, "reason": reason, "note": verdict.note}


def _verdict(row: Document) -> Verdict:
    return Verdict(Moderation(row["state"]), Reason(row["reason"]) if row["reason"] else None, row["note"])


def _answer_document(answer: QuestionAnswer) -> Document:
    written = {"id": answer.id, "customer_id": answer.customer_id, "at": answer.at}
    return {**written, **asdict(answer.words), **_judged(answer.verdict)}


def _document(question: Question) -> Document:
    return {
        "_id": question.id,
        "product_id": question.product_id,
        "customer_id": question.customer_id,
        **asdict(question.words),
        **_judged(question.verdict),
        "created_at": question.created_at,
        "updated_at": question.updated_at,
        "version": question.version,
        "answers": [_answer_document(answer) for answer in question.answers],
    }


def _question(row: Document) -> Question:
    return Question(
        id=row["_id"],
        product_id=row["product_id"],
        customer_id=row["customer_id"],
        words=Words(row["body"], row["nickname"]),
        verdict=_verdict(row),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        version=row["version"],
        answers=tuple(
            QuestionAnswer(one["id"], Words(one["body"], one["nickname"]), one["customer_id"], _verdict(one), one["at"])
            for one in row["answers"]
        ),
    )

"""Aggregation expressions over a profile's traits. Known to stores only."""

from collections.abc import Sequence

from kit.mongo import Document


def observing(new: Sequence[Document]) -> Document:
    """`traits` with these among them: of a field, source and `e` the latest stays, or of one time the greater digest.

    So the traits depend on what was observed only, not on the order in which it arrived. Edits take their order from
    the version they were made of: each replaces the one before.
    """
    told = {"$literal": list(new)}
    same = {"$and": [{"$eq": [f"$$new.{part}", f"$$old.{part}"]} for part in ("f", "s", "e")]}
    newer = {"$or": ["$$new.e", {"$gt": [_age("new"), _age("old")]}]}
    replaced = _any("new", told, {"$and": [same, newer]})
    stale = _any("old", "$traits", {"$and": [same, {"$not": newer}]})
    return {
        "$concatArrays": [
            {"$filter": {"input": "$traits", "as": "old", "cond": {"$not": replaced}}},
            {"$filter": {"input": told, "as": "new", "cond": {"$not": stale}}},
        ]
    }


def _any(name: str, over: object, true: Document) -> Document:
    return {"$anyElementTrue": [{"$map": {"input": over, "as": name, "in": true}}]}


def _age(trait: str) -> Document:
    return {"at": f"$${trait}.at", "d": f"$${trait}.d"}

"""Where accounts, sessions and attempts lie; decides nothing. Shard key: `_id` of each collection."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from gateway.issuer.model import ATTEMPT_WINDOW, MAX_ATTEMPTS, SESSION_TTL, Account, Session
from kit.mongo import Database, Document, ensure_indexes

ACCOUNTS, SESSIONS, ATTEMPTS = "accounts", "sessions", "sign_in_attempts"
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    ACCOUNTS: [IndexModel("staff", name="staff", unique=True)],
    SESSIONS: [
        IndexModel("account", name="account"),
        IndexModel("expires_at", name="over", expireAfterSeconds=0),
    ],
    ATTEMPTS: [IndexModel("since", name="forgotten", expireAfterSeconds=int(ATTEMPT_WINDOW.total_seconds()))],
}


class IssuerStore:
    """Accounts by login, sessions by id, attempts by what was tried."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._accounts, self._sessions, self._attempts = db[ACCOUNTS], db[SESSIONS], db[ATTEMPTS]

    async def prepare(self) -> None:
        """Make the indexes."""
        await ensure_indexes(self._db, INDEXES)

    async def add(self, account: Account) -> bool:
        """A new account; False if its login is taken."""
        try:
            await self._accounts.insert_one(_document(account))
        except DuplicateKeyError:
            return False
        return True

    async def by_login(self, login: str) -> Account | None:
        """One account by its normal login."""
        document = await self._accounts.find_one({"_id": login})
        return None if document is None else _account(document)

    async def by_id(self, id: str) -> Account | None:
        """One account by its staff member."""
        document = await self._accounts.find_one({"staff": id})
        return None if document is None else _account(document)

    async def all(self) -> list[Account]:
        """Every account, by login."""
        return [_account(document) async for document in self._accounts.find().sort("_id", 1)]

    async def change(self, login: str, changes: Document) -> bool:
        """Set these of an account's fields; False if there is no such account."""
        return bool((await self._accounts.update_one({"_id": login}, {"$set": changes})).matched_count)

    async def attempt(self, login: str, now: datetime) -> datetime | None:
        """Count an attempt before it is made; None, or since when there were too many.

        One update decides, so that any number at once are counted one by one. Logins nobody has are counted alike.
        """
        key = _attempts_of(login)
        fresh = {"$lt": ["$since", now - ATTEMPT_WINDOW]}
        counted = {
            "failures": {"$cond": [fresh, 1, {"$add": [{"$ifNull": ["$failures", 0]}, 1]}]},
            "since": {"$cond": [fresh, now, {"$ifNull": ["$since", now]}]},
        }
        open_ = [{"since": {"$lt": now - ATTEMPT_WINDOW}}, {"failures": {"$lt": MAX_ATTEMPTS}}]
        while True:
            try:
                await self._attempts.update_one({"_id": key, "$or": open_}, [{"$set": counted}], upsert=True)
            except DuplicateKeyError:  # there is one already, and it does not match: too many, or just made by another
                found = await self._attempts.find_one({"_id": key})
                if found is None or found["failures"] < MAX_ATTEMPTS:
                    continue
                since: datetime = found["since"]
                return since
            return None

    async def forgive(self, login: str) -> None:
        """Forget the attempts of whoever has signed in."""
        await self._attempts.delete_one({"_id": _attempts_of(login)})

    async def open_session(self, session: Session) -> None:
        """A new session."""
        await self._sessions.insert_one(
            {
                "_id": session.id,
                "account": session.account,
                "number": session.number,
                "expires_at": session.expires_at,
                "revoked_at": None,
            }
        )

    async def advance(self, id: str, number: int, now: datetime) -> Session | None:
        """The session with its next number, if this was its last and it has not ended."""
        where = {"_id": id, "number": number, "revoked_at": None, "expires_at": {"$gt": now}}
        change = {"$inc": {"number": 1}, "$set": {"expires_at": now + SESSION_TTL}}
        document = await self._sessions.find_one_and_update(where, change, return_document=True)
        return None if document is None else _session(document)

    async def end_session(self, id: str, now: datetime) -> bool:
        """End one; False if it had ended before."""
        where = {"_id": id, "revoked_at": None}
        return bool((await self._sessions.update_one(where, {"$set": {"revoked_at": now}})).modified_count)

    async def end_sessions_of(self, account: str, now: datetime) -> int:
        """End all of one account; how many had not."""
        where = {"account": account, "revoked_at": None}
        return (await self._sessions.update_many(where, {"$set": {"revoked_at": now}})).modified_count


def _attempts_of(login: str) -> str:
    """Not the login itself: people type passwords there."""
    return sha256(f"attempt:{login}".encode()).hexdigest()


def _document(account: Account) -> Document:
    return {
        "_id": account.login,
        "staff": account.id,
        "roles": list(account.roles),
        "locations": list(account.locations),
        "password_hash": account.password_hash,
        "created_at": account.created_at,
        "disabled_at": account.disabled_at,
    }


def _account(document: Document) -> Account:
    return Account(
        document["staff"],
        document["_id"],
        tuple(document["roles"]),
        tuple(document["locations"]),
        document["password_hash"],
        document["created_at"],
        document["disabled_at"],
    )


def _session(document: Document) -> Session:
    return Session(
        document["_id"], document["account"], document["number"], document["expires_at"], document["revoked_at"]
    )

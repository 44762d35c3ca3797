"""Setting a programme: a new version, once."""

from dataclasses import replace
from datetime import datetime

from kit.errors import IdempotencyKeyReused, Refused, VersionConflict
from kit.idempotency import check_key, fingerprint
from services.loyalty.earning.model import EarnRule, Programme, check_programme
from services.loyalty.earning.store import ProgrammeStore


async def set_programme(
    store: ProgrammeStore, wanted: Programme, key: str, *, expected_version: int, actor: str, now: datetime
) -> Programme:
    """Put a programme in force, from `valid_from` or from now on; it becomes the version after the newest.

    `wanted`'s own version is not looked at. The same key and input again returns the programme it made.
    """
    check_key(key)
    content = fingerprint(expected_version, replace(wanted, base=EarnRule(0, dict(wanted.base.minor_units_per_point))))
    made = await store.by_key(key)
    if made is not None:
        return _same(key, made, content)
    problems = check_programme(wanted, now)
    if problems:
        raise Refused(*problems)
    newest = (await store.all()).newest.version
    if expected_version != newest:
        raise Refused(VersionConflict(expected_version=expected_version, actual_version=newest))
    base = EarnRule(newest + 1, wanted.base.minor_units_per_point)
    programme = replace(wanted, base=base, valid_from=wanted.valid_from or now)
    if await store.add(programme, key, content, actor, now):
        return programme
    made = await store.by_key(key)
    if made is not None:
        return _same(key, made, content)
    raise Refused(VersionConflict(expected_version=expected_version, actual_version=newest + 1))


def _same(key: str, made: tuple[Programme, str], content: str) -> Programme:
    programme, known = made
    if known != content:
        raise Refused(IdempotencyKeyReused(key=key))
    return programme

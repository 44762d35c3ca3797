"""The auditor's part of Query."""

from datetime import datetime

import strawberry

from kit.graphql.demands import needs
from services.inventory.auditor import model
from services.inventory.context import READ, Info

SHOWN = 100
"""Findings shown: the first one is reason enough to act."""


@strawberry.type(description="A contradiction between stock, journal and reservations.")
class AuditFinding:
    """See `auditor.model.Finding`."""

    id: strawberry.ID = strawberry.field(description="aud_…")
    problem: str = strawberry.field(description="What contradicts what.")
    found_at: datetime = strawberry.field(description="When it was found first.")
    seen_at: datetime = strawberry.field(description="When it was seen last.")

    @classmethod
    def of(cls, row: model.Finding) -> "AuditFinding":
        """From the model."""
        return cls(id=strawberry.ID(row.id), problem=row.problem, found_at=row.found_at, seen_at=row.seen_at)


@strawberry.type(description="How far the auditor is, and what it has found. It runs all the time.")
class StockAudit:
    """See `auditor.model.AuditState`."""

    passes: int = strawberry.field(description="How often it has been through everything.")
    stocks: int = strawberry.field(description="Stocks in its last whole pass.")
    finished_at: datetime | None = strawberry.field(description="When that was finished; null before the first.")
    is_clean: bool = strawberry.field(description="Whether nothing is open.")
    findings: list[AuditFinding] = strawberry.field(description=f"What is open, at most {SHOWN}, last seen first.")


@strawberry.type
class AuditorQuery:
    """What may be read."""

    @strawberry.field(
        description="Whether the books agree, as the auditor saw them last. Scope stock:read.", directives=[needs(READ)]
    )
    async def stock_audit(self, info: Info) -> StockAudit:
        """See `auditor.actions`."""
        info.context.caller.require(READ)
        auditor = info.context.store.auditor
        state = await auditor.state()
        return StockAudit(
            passes=state.passes,
            stocks=state.stocks,
            finished_at=state.finished_at,
            is_clean=state.open_findings == 0,
            findings=[AuditFinding.of(row) for row in await auditor.newest_findings(SHOWN)],
        )

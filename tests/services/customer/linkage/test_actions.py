"""Linkage of kept profiles: candidates with evidence, told again without doubling, and decisions kept."""

from datetime import UTC, datetime

from benchmarks.identity.people import Known, generate
from kit.pages import PageArgs
from services.customer.identify.bulk import identify_all
from services.customer.identify.model import Observation
from services.customer.identity import IdentityType
from services.customer.linkage.actions import suggest_links
from services.customer.merge.actions import reject
from services.customer.merge.model import CandidateState, EvidenceKind
from services.customer.merge.store import MergeStore
from services.customer.model import CustomerDraft, IdentityDraft, PersonName, PostalAddress
from services.customer.store import CustomerStore

NOW = datetime(2026, 11, 25, tzinfo=UTC)
RECORDS = 250
ALL = PageArgs(first=100)


def observation(one: Known) -> Observation:
    """A record under an id of its own, and nothing proven beside: only linkage can find who it is."""
    address = PostalAddress("JP", one.postal, line1=one.address) if one.postal else None
    draft = CustomerDraft(
        source=one.source,
        name=PersonName(one.given, one.family, given_kana=one.given_kana, family_kana=one.family_kana),
        birthday=one.birthday,
        addresses=() if address is None else (address,),
        phones=() if one.phone is None else (one.phone,),
        identities=(IdentityDraft(IdentityType.EXTERNAL, f"file:{one.id}", verified=True),),
    )
    return Observation(draft, NOW)


async def test_pairs_become_candidates_with_evidence_and_what_was_decided_stays(store: CustomerStore) -> None:
    known = generate(RECORDS, seed=5)
    await identify_all(store, [observation(one) for one in known], region="JP", now=NOW)
    truth = {one.id: one.person for one in known}

    first = await suggest_links(store, region="JP", now=NOW)
    found = (await MergeStore(store).candidates(CandidateState.OPEN, ALL)).nodes
    await reject(store, found[0].id, actor="staff:1", now=NOW)
    await suggest_links(store, region="JP", now=NOW)
    again = (await MergeStore(store).candidates(CandidateState.OPEN, ALL)).nodes

    assert (first.customers, first.pairs) == (RECORDS, await MergeStore(store).count(CandidateState.OPEN) + 1)
    assert len(found) > 40
    shown = await store.customers_by_id([id for one in found for id in one.pair])
    people = {
        id: truth[identity.value.removeprefix("file:")]
        for id, customer in shown.items()
        for identity in customer.identities
    }
    right = [people[one.pair[0]] == people[one.pair[1]] for one in found]
    assert sum(right) / len(right) > 0.95
    for one in found:
        [fact] = one.evidence
        assert fact.kind is EvidenceKind.LINKAGE
        assert "birthday: " in fact.reference or "contact: " in fact.reference
        assert one.score == fact.weight
    assert again[: len(found) - 1] == found[1:], "told again, nothing doubles, and the rejected pair stays rejected"

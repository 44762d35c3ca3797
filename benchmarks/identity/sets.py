"""The truth sets as the linkage takes them: who they are, and who is whom."""

from datetime import datetime
from typing import Final

import polars as pl

from benchmarks.identity.people import DATA, Known, generate
from services.customer.folding import fold, fold_kana
from services.customer.linkage.model import Person, fold_address

FEBRL: Final = ("febrl2", "febrl3")


def febrl(name: str) -> tuple[list[Person], dict[str, str]]:
    """The people of a Febrl set, and the true entity of each id. No social security number: no shop has one."""
    table = pl.read_csv(DATA / f"{name}.csv.zst", infer_schema=False)
    table = table.rename({column: column.strip() for column in table.columns})
    people: list[Person] = []
    truth: dict[str, str] = {}
    for row in table.iter_rows(named=True):
        cell = {key: value.strip() or None if value else None for key, value in row.items()}
        id = str(cell["rec_id"])
        truth[id] = id.split("-")[1]
        street = " ".join(filter(None, (cell["suburb"], cell["address_1"], cell["street_number"])))
        people.append(
            Person(
                id=id,
                family=cell["surname"],
                given=cell["given_name"],
                birthday=_day(cell["date_of_birth"]),
                postal=cell["postcode"],
                street=street or None,
            )
        )
    return people, truth


def japanese(records: int, seed: int = 1) -> tuple[list[Person], dict[str, str]]:
    """Generated records of five sources, folded as profiles are."""
    known = generate(records, seed)
    return [person_of(one) for one in known], {one.id: str(one.person) for one in known}


def person_of(one: Known) -> Person:
    """A source's record as it is compared."""
    return Person(
        id=one.id,
        family=one.family and fold(one.family),
        given=one.given and fold(one.given),
        family_kana=one.family_kana and fold_kana(one.family_kana),
        given_kana=one.given_kana and fold_kana(one.given_kana),
        birthday=one.birthday,
        postal=one.postal,
        street=one.address and fold_address(one.address),
        phones=(one.phone,) if one.phone else (),
        emails=(one.email,) if one.email else (),
    )


def _day(text: str | None) -> object:
    try:
        return None if text is None else datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007
    except ValueError:
        return None

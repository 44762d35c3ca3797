"""Postal codes in the graph."""

import strawberry

from services.customer.postal import model


@strawberry.type(description="A town, or an office with a code of its own, that a Japanese postal code stands for.")
class PostalPlace:
    """See `model.PostalPlace`."""

    code: str = strawberry.field(description="Seven digits.")
    prefecture: str = strawberry.field(description="都道府県.")
    city: str = strawberry.field(description="市区町村.")
    town: str = strawberry.field(description="町域; empty where the code is the rest of the city's.")
    prefecture_kana: str = strawberry.field(description="The prefecture's reading, in full-width katakana.")
    city_kana: str = strawberry.field(description="The city's reading.")
    town_kana: str = strawberry.field(description="The town's reading; empty for an office.")
    street: str = strawberry.field(description="Block and building of an office; else empty.")
    office: str = strawberry.field(description="The office's name; else empty.")

    @classmethod
    def of(cls, row: model.PostalPlace) -> "PostalPlace":
        """For the graph."""
        return cls(
            code=row.code,
            prefecture=row.prefecture,
            city=row.city,
            town=row.town,
            prefecture_kana=row.prefecture_kana,
            city_kana=row.city_kana,
            town_kana=row.town_kana,
            street=row.street,
            office=row.office,
        )

"""What docs/execution.md shows is what catalog's operations become."""

from pathlib import Path

from kit.graphql.execution import explain_compiled
from services.catalog.schema import schema

PAGE = Path(__file__).parents[3] / "docs" / "execution.md"


def test_the_page_shows_the_functions_of_its_example_as_they_are() -> None:
    page = PAGE.read_text(encoding="utf-8")
    query = page.split("```graphql\n")[1].split("```")[0]
    shown = page.split("```text\n")[1].split("```")[0].strip().split("\n\n")

    written = explain_compiled(schema, query)

    assert len(shown) > 3
    assert [function for function in shown if function not in written] == []

"""A line as it lies in a document of MongoDB."""

from kit.mongo import Document
from services.order.line.model import Line, LineKind

KINDS = {kind.value: kind for kind in LineKind}


def line_document(line: Line) -> Document:
    """The subdocument of a line; the caller adds what its document keeps beside it."""
    return {
        "sku": line.sku,
        "description": line.description,
        "kind": line.kind.value,
        "quantity": line.quantity,
        "unit_price": line.unit_price_minor,
        "discount": line.discount_minor,
        "gross": line.gross_minor,
        "net": line.net_minor,
        "tax": line.tax_minor,
        "tax_rate_bp": line.tax_rate_bp,
    }


def parse_line(document: Document) -> Line:
    """A line from its subdocument."""
    return Line(
        document["sku"],
        document["description"],
        KINDS[document["kind"]],
        document["quantity"],
        document["unit_price"],
        document["discount"],
        document["gross"],
        document["net"],
        document["tax"],
        document["tax_rate_bp"],
    )

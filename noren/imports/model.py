"""What can become of a row. Every row of a file ends in exactly one outcome, and the report counts them all."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """Where a row ended. The order here is the order of the report."""

    ORDER_GOODS = "ORDER_GOODS"
    ORDER_NON_GOODS = "ORDER_NON_GOODS"
    RETURN_GOODS = "RETURN_GOODS"
    RETURN_NON_GOODS = "RETURN_NON_GOODS"
    DUPLICATE = "DUPLICATE"
    ROW_EMPTY = "ROW_EMPTY"
    CELLS_UNEVEN = "CELLS_UNEVEN"
    INVOICE_MISSING = "INVOICE_MISSING"
    INVOICE_UNUSABLE = "INVOICE_UNUSABLE"
    SKU_MISSING = "SKU_MISSING"
    SKU_UNUSABLE = "SKU_UNUSABLE"
    CUSTOMER_UNUSABLE = "CUSTOMER_UNUSABLE"
    DATE_UNREADABLE = "DATE_UNREADABLE"
    DATE_OUT_OF_RANGE = "DATE_OUT_OF_RANGE"
    QUANTITY_UNREADABLE = "QUANTITY_UNREADABLE"
    PRICE_UNREADABLE = "PRICE_UNREADABLE"
    PRICE_NEGATIVE = "PRICE_NEGATIVE"
    QUANTITY_ZERO = "QUANTITY_ZERO"
    QUANTITY_NEGATIVE = "QUANTITY_NEGATIVE"
    CANCELLATION_POSITIVE = "CANCELLATION_POSITIVE"
    QUANTITY_TOO_LARGE = "QUANTITY_TOO_LARGE"
    AMOUNT_TOO_LARGE = "AMOUNT_TOO_LARGE"
    PRICE_ZERO = "PRICE_ZERO"
    NOTHING_SOLD = "NOTHING_SOLD"
    SEVERAL_CUSTOMERS = "SEVERAL_CUSTOMERS"
    SEVERAL_DAYS = "SEVERAL_DAYS"
    TOO_MANY_LINES = "TOO_MANY_LINES"
    SUM_TOO_LARGE = "SUM_TOO_LARGE"
    CUSTOMER_REFUSED = "CUSTOMER_REFUSED"
    RECORDED_DIFFERENTLY = "RECORDED_DIFFERENTLY"
    SALE_REFUSED = "SALE_REFUSED"


TAKEN = (Outcome.ORDER_GOODS, Outcome.ORDER_NON_GOODS, Outcome.RETURN_GOODS, Outcome.RETURN_NON_GOODS)
"""The outcomes of rows that are recorded."""

MEANING: Mapping[Outcome, str] = {
    Outcome.ORDER_GOODS: "line of an order",
    Outcome.ORDER_NON_GOODS: "line of an order that is no goods: postage, fees, vouchers; earns no points",
    Outcome.RETURN_GOODS: "line of a return (cancellation); takes points back",
    Outcome.RETURN_NON_GOODS: "line of a return that is no goods; takes no points back",
    Outcome.DUPLICATE: "equal to an earlier row in every cell",
    Outcome.ROW_EMPTY: "no cell holds anything",
    Outcome.CELLS_UNEVEN: "more or fewer cells than the header has",
    Outcome.INVOICE_MISSING: "no invoice number",
    Outcome.INVOICE_UNUSABLE: "invoice number too long or not printable",
    Outcome.SKU_MISSING: "no SKU",
    Outcome.SKU_UNUSABLE: "SKU too long or not printable",
    Outcome.CUSTOMER_UNUSABLE: "customer id too long or not printable",
    Outcome.DATE_UNREADABLE: "not a date in the mapping's formats, or an hour the time zone's clocks skipped",
    Outcome.DATE_OUT_OF_RANGE: "before 1970 or in the future",
    Outcome.QUANTITY_UNREADABLE: "quantity is not a whole number",
    Outcome.PRICE_UNREADABLE: "price is not a plain decimal number",
    Outcome.PRICE_NEGATIVE: "price below zero: a booking, not a sale",
    Outcome.QUANTITY_ZERO: "nothing was sold or returned",
    Outcome.QUANTITY_NEGATIVE: "negative without being a cancellation: stock written off, not sold",
    Outcome.CANCELLATION_POSITIVE: "a cancellation whose quantity is above zero",
    Outcome.QUANTITY_TOO_LARGE: "quantity above what one line takes",
    Outcome.AMOUNT_TOO_LARGE: "amount above what one line takes",
    Outcome.PRICE_ZERO: "costs nothing, which the mapping refuses",
    Outcome.NOTHING_SOLD: "an invoice of nobody that charges nothing: stock moved, not sold",
    Outcome.SEVERAL_CUSTOMERS: "the invoice names more than one customer",
    Outcome.SEVERAL_DAYS: "the invoice's dates lie more than a day apart",
    Outcome.TOO_MANY_LINES: "the invoice has more lines than one order takes",
    Outcome.SUM_TOO_LARGE: "the invoice's sum is above what one order takes",
    Outcome.CUSTOMER_REFUSED: "the customer service refused the customer",
    Outcome.RECORDED_DIFFERENTLY: "recorded before with other content, which stays",
    Outcome.SALE_REFUSED: "the order service refused the sale",
}
"""Every outcome in a person's words."""


class Remark(StrEnum):
    """Something about a row that was taken nevertheless, worth knowing."""

    SKU_CASE = "SKU_CASE"
    PRICE_ROUNDED = "PRICE_ROUNDED"
    DATE_ALIGNED = "DATE_ALIGNED"
    CUSTOMER_FILLED = "CUSTOMER_FILLED"
    DESCRIPTION_CUT = "DESCRIPTION_CUT"
    GIFT = "GIFT"


REMARK_MEANING: Mapping[Remark, str] = {
    Remark.SKU_CASE: "SKU written in upper case",
    Remark.PRICE_ROUNDED: "price finer than the currency: the line's amount is rounded, half up",
    Remark.DATE_ALIGNED: "later than its invoice's first row, whose time counts",
    Remark.CUSTOMER_FILLED: "names no customer, but its invoice does",
    Remark.DESCRIPTION_CUT: "description cut to what a line takes",
    Remark.GIFT: "costs nothing, kept",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the services did not take an invoice; its rows end in `outcome`."""

    outcome: Outcome
    detail: str

"""The channels of the sample shop: the only table written by hand, because no source has it."""

import polars as pl

JAPAN_TAX_BP = 1_000  # the standard consumption tax, 10 %
EXPORT_TAX_BP = 800  # what the source charges on every order line, whatever the country: 8 %

_COLUMNS = ("code", "name", "kind", "currency", "tax_rate_bp", "countries")
_CHANNELS = (
    ("web", "Web shop", "web", "JPY", JAPAN_TAX_BP, ["JP"]),
    ("app", "App", "app", "JPY", JAPAN_TAX_BP, ["JP"]),
    ("kiosk", "Shop kiosk", "kiosk", "JPY", JAPAN_TAX_BP, ["JP"]),
    ("pos", "Point of sale", "pos", "JPY", JAPAN_TAX_BP, ["JP"]),
    ("web-us", "Web shop, United States", "web", "USD", EXPORT_TAX_BP, ["US"]),
    ("web-eu", "Web shop, euro area", "web", "EUR", EXPORT_TAX_BP, ["DE", "FR"]),
    ("web-uk", "Web shop, United Kingdom", "web", "GBP", EXPORT_TAX_BP, ["GB"]),
    ("web-au", "Web shop, Australia", "web", "AUD", EXPORT_TAX_BP, ["AU"]),
    ("web-ca", "Web shop, Canada", "web", "CAD", EXPORT_TAX_BP, ["CA"]),
)


def channels() -> pl.DataFrame:
    """One row a channel; tax in basis points."""
    return pl.DataFrame([dict(zip(_COLUMNS, channel, strict=True)) for channel in _CHANNELS])


def channel_of_country() -> dict[str, str]:
    """ISO country code to the channel that sells there."""
    return {country: code for code, _, kind, _, _, countries in _CHANNELS if kind == "web" for country in countries}


def tax_bp_of_currency() -> dict[str, int]:
    """Currency to its channels' tax rate; all channels of a currency share one."""
    return {currency: tax_bp for _, _, _, currency, tax_bp, _ in _CHANNELS}

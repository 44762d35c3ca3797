"""Shops at real positions from the convenience stores of OpenStreetMap (2014), and three warehouses.

Only stores whose name is a known brand and a branch are taken, so that every shop has a name of its own:
those around Tokyo station densely, and one to three of each degree square of the rest of Japan.
"""

import json
import math
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

TIME_ZONE = "Asia/Tokyo"
TOKYO_STATION = (35.681, 139.767)
TOKYO_SHOPS = 24
TOKYO_SPACING_KM = 0.25  # neighbours closer than this would answer every near-me query together
COUNTRY_SPACING_KM = 10.0
# A degree square with at least this many named branches gets its second and third shop.
SECOND_SHOP_AT, THIRD_SHOP_AT = 10, 40
EARTH_DIAMETER_KM = 12_742.0
# Positions chosen by hand in the port districts of three cities; no source has warehouses.
WAREHOUSES = (
    ("warehouse-tokyo", "東京倉庫", 35.5836, 139.7490),
    ("warehouse-osaka", "大阪倉庫", 34.6370, 135.4200),
    ("warehouse-fukuoka", "福岡倉庫", 33.6200, 130.4200),
)
BRANDS = {
    "セブン-イレブン": ("セブンイレブン", "seveneleven", "7eleven", "711"),
    "ファミリーマート": ("ファミリーマート", "ファミリマート", "familymart", "famillymart", "ファミマ"),
    "ローソン": ("ローソン", "lawson", "lowson"),
    "ローソンストア100": ("ローソンストア100", "ローソン100", "lawsonstore100", "lowsonstore100", "lawson100"),
    "ローソンプラス": ("ローソンプラス", "lawsonplus"),
    "ナチュラルローソン": ("ナチュラルローソン", "naturallawson"),
    "サークルK": ("サークルk", "circlek"),
    "サンクス": ("サンクス", "sunkus", "sankus", "thankusu", "sunks"),
    "ミニストップ": ("ミニストップ", "ministop"),
    "デイリーヤマザキ": ("デイリーヤマザキ", "デイリヤマザキ", "dailyyamazaki"),
    "スリーエフ": ("スリーエフ", "threef"),
    "セイコーマート": ("セイコーマート", "seicomart"),
    "ポプラ": ("ポプラ", "poplar"),
}
_BRAND_OF = {alias: brand for brand, aliases in BRANDS.items() for alias in aliases}
_LONGEST_ALIAS = 40  # characters of a name in which a brand can end, blanks and hyphens included


Point = tuple[float, float]
"""Latitude and longitude in degrees."""


class Store(NamedTuple):
    """A named branch of a known brand."""

    at: Point
    name: str
    source_name: str


def locations(source: Path) -> pl.DataFrame:
    """Warehouses, then shops: the Tokyo cluster nearest first, then the country from the south west."""
    stores = sorted(set(_stores(source)))
    tokyo = _cluster(stores)
    rest = _country([store for store in stores if _km(TOKYO_STATION, store.at) > _km(TOKYO_STATION, tokyo[-1].at)])
    rows = [(code, name, "WAREHOUSE", lat, lon, TIME_ZONE, None) for code, name, lat, lon in WAREHOUSES]
    shops = [
        (f"shop-{number:03}", s.name, "SHOP", *s.at, TIME_ZONE, s.source_name)
        for number, s in enumerate(tokyo + rest, start=1)
    ]
    columns = ["code", "name", "kind", "latitude", "longitude", "time_zone", "source_name"]
    return pl.DataFrame(rows + shops, schema=columns, orient="row", infer_schema_length=None)


def branch_name(found: str) -> str | None:
    """`LAWSON 銀座６丁目店 (LAWSON GINZA 6-chome)` becomes `ローソン 銀座６丁目店`; None for anything else."""
    visible = "".join(c for c in found if unicodedata.category(c) != "Cf")
    plain = re.sub(r"[（(][^）)]*[）)]", " ", visible).strip()
    for end in range(min(len(plain), _LONGEST_ALIAS), 0, -1):
        brand = _BRAND_OF.get(_alias(plain[:end]))
        if brand is not None:
            branch = " ".join(plain[end:].split())
            ok = branch.endswith("店") and len(branch) > 1 and "閉店" not in branch
            return unicodedata.normalize("NFC", f"{brand} {branch}") if ok else None
    return None


def _alias(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\s\-‐−・'./]", "", folded)


def _stores(source: Path) -> Iterator[Store]:
    for feature in _features(source / "convenience.geojson.zst"):
        found = feature["properties"].get("name", "")
        name = branch_name(found)
        if name is not None:
            longitude, latitude = feature["geometry"]["coordinates"]
            yield Store((latitude, longitude), name, found)


def _features(path: Path) -> list[dict[str, Any]]:
    """The features of a zstd-compressed GeoJSON file; polars unpacks it, read as lines of one column."""
    lines = pl.read_csv(path, has_header=False, separator="\x01", quote_char=None, infer_schema=False)
    document = json.loads("\n".join(line for line in lines.to_series() if line))
    features: list[dict[str, Any]] = document["features"]
    return features


def _cluster(stores: list[Store]) -> list[Store]:
    """The branches nearest to Tokyo station that keep their distance from each other."""
    chosen: list[Store] = []
    for store in sorted(stores, key=lambda s: (_km(TOKYO_STATION, s.at), s)):
        if len(chosen) < TOKYO_SHOPS and _fits(store, chosen, TOKYO_SPACING_KM):
            chosen.append(store)
    return chosen


def _country(stores: list[Store]) -> list[Store]:
    """Of each degree square the branch nearest to its middle, then the ones farthest from those taken."""
    squares: dict[tuple[int, int], list[Store]] = {}
    for store in stores:
        squares.setdefault((math.floor(store.at[0]), math.floor(store.at[1])), []).append(store)
    chosen: list[Store] = []
    for _, members in sorted(squares.items()):
        for _ in range(1 + (len(members) >= SECOND_SHOP_AT) + (len(members) >= THIRD_SHOP_AT)):
            own = [store for store in chosen if store in members]
            fitting = [store for store in members if _fits(store, chosen, COUNTRY_SPACING_KM)]
            if fitting:
                chosen.append(_farthest(fitting, own) if own else _most_central(fitting))
    return chosen


def _fits(store: Store, chosen: list[Store], spacing_km: float) -> bool:
    """Whether the store has a new name and keeps its distance from all chosen ones."""
    return all(store.name != o.name and _km(store.at, o.at) >= spacing_km for o in chosen)


def _most_central(stores: list[Store]) -> Store:
    count = len(stores)
    middle = (sum(s.at[0] for s in stores) / count, sum(s.at[1] for s in stores) / count)
    return min(stores, key=lambda s: (_km(middle, s.at), s))


def _farthest(stores: list[Store], taken: list[Store]) -> Store:
    return max(stores, key=lambda s: (min(_km(s.at, o.at) for o in taken), s))


def _km(here: Point, there: Point) -> float:
    """Great-circle distance (haversine)."""
    lat1, lat2 = math.radians(here[0]), math.radians(there[0])
    half_lat = (lat2 - lat1) / 2
    half_lon = math.radians(there[1] - here[1]) / 2
    h = math.sin(half_lat) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(half_lon) ** 2
    return EARTH_DIAMETER_KM * math.asin(math.sqrt(h))

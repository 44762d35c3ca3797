"""Ready queries over the sample data: the explorer opens on them, the README shows the first, the benchmark runs it."""

from gateway.graphiql import ReadyQuery

TOKYO_STATION = {"latitude": 35.681236, "longitude": 139.767125}
SAMPLE_MEMBER = "dalton37@adventure-works.com"
SAMPLE_PRODUCT = "mountain-200"

JOURNEY = ReadyQuery(
    """\
# One question of one graph: a product with its price (catalog), its stock in the shops nearest to me (inventory),
# the points it would earn (loyalty), and the member: who (customer), points (loyalty), last purchase (order).
query Journey($product: String!, $near: GeoPointInput!, $member: String!) {
  product(slug: $product) {
    name
    description(locale: "ja")
    variants(first: 1) {
      nodes {
        sku
        options { name value }
        price { gross { amount currency } taxRate }
        availability(near: $near, first: 3) {
          nodes { location { name } distanceKm available }
        }
        pointsEarned
      }
    }
  }
  customerLookup(email: $member) {
    displayName
    wallet { balance }
    orders(first: 1) { nodes { placedAt total { amount currency } } }
  }
}
""",
    {"product": SAMPLE_PRODUCT, "near": TOKYO_STATION, "member": SAMPLE_MEMBER},
)

LISTING = ReadyQuery(
    """\
# A listing of 24 bikes with prices and live stock near Tokyo station.
query Listing($near: GeoPointInput!) {
  products(first: 24, filter: { category: "bikes" }) {
    nodes {
      slug
      name
      variants(first: 1) {
        nodes {
          sku
          price { gross { amount currency } }
          availability(near: $near, first: 1) { nodes { location { name } available } }
        }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
""",
    {"near": TOKYO_STATION},
)

STATEMENT = ReadyQuery(
    """\
# A member at the counter: found by card, with the points statement and what was bought on every channel.
query Counter($card: String!) {
  customerLookup(card: $card) {
    id
    displayName
    wallet {
      balance
      statement(first: 5) { nodes { at points balanceAfter reason } }
    }
    orders(first: 3) {
      nodes {
        number
        channel
        lines { sku quantity variant { name price { gross { amount currency } } } }
      }
    }
  }
}
""",
    {"card": "AW00011091"},
)

NEW_MEMBER = ReadyQuery(
    """\
# A new member at the till. The same idempotencyKey again gives the same member; a card that is taken is refused.
mutation NewMember($input: CustomerCreateInput!) {
  customerCreate(input: $input) {
    customer { id displayName memberSince wallet { balance } }
    userErrors { code message path ... on IdentityTaken { type customerId } }
  }
}
""",
    {
        "input": {
            "idempotencyKey": "explorer-1",
            "name": {"family": "山田", "given": "花子", "familyKana": "ヤマダ", "givenKana": "ハナコ"},
            "identities": [{"type": "CARD", "value": "8800-0001"}, {"type": "EMAIL", "value": "hanako@example.com"}],
        }
    },
)

READY_QUERIES = (JOURNEY, LISTING, STATEMENT, NEW_MEMBER)

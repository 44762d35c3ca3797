"""How many points a caller may spend: one leaky bucket a key and one a customer, shared by every gateway of a system.

`model` the bucket, `store` where its level is shared, `limiter` decides, `bill` is one request's.
"""

from gateway.rate.bill import Bill
from gateway.rate.limiter import Limiter
from gateway.rate.model import Rate, Rates

__all__ = ["Bill", "Limiter", "Rate", "Rates"]

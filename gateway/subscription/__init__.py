"""Subscriptions: one source at one subgraph, each of its events answered by the rest of the plan.

    operation → source (gateway.executor) → event → caller looked at again → enriched by the newest graph → told

Owns how long and how many, what may wait for a reader, and what a running subscription does when the graph changes.
Knows neither HTTP nor WebSocket: `sse` and `websocket` carry what is told here to clients.
"""

from gateway.subscription.running import Told
from gateway.subscription.subscriptions import Asked, SubscriptionCounts, Subscriptions, identity_of

__all__ = ["Asked", "SubscriptionCounts", "Subscriptions", "Told", "identity_of"]

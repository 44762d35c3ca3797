"""The gateway alone: the public gateways benchmark's case, beside gateways on Node, and memory over many operations."""

"""What a field demands of who asks, for its resolver's decorator: the published schema tells it, a gateway enforces it.

The resolver demands it again: a schema directive alone lets everybody pass who reaches the service.
"""

from strawberry.federation.schema_directives import RequiresScopes


def needs(*scopes: str) -> RequiresScopes:
    """`directives=[needs(WRITE)]`: the caller holds all of these scopes, whatever they ask the field for."""
    return RequiresScopes(scopes=[[*scopes]])

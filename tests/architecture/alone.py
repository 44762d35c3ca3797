"""Run one service with kit and nothing else: `python -m tests.architecture.alone catalog` prints what it answers.

Imports of the gateway, of the command and of every other service are refused, as if they were not installed.
"""

import importlib
import json
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

from starlette.testclient import TestClient

from kit.context import CONTEXT_HEADER, ContextSigner, RequestContext
from kit.settings import KitSettings, context_secret
from tests.sealed import Sealed


class Alone:
    """Finds nothing, and refuses what is not the service's own."""

    def __init__(self, service: str) -> None:
        self._own = f"services.{service}"

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Never a module: None for what may be found elsewhere."""
        top = name.split(".")[0]
        foreign = top == "services" and name != "services" and not f"{name}.".startswith(f"{self._own}.")
        if foreign or top in ("gateway", "noren"):
            raise ImportError(f"{self._own} does not stand alone: it imports {name}")
        return None


def main(service: str) -> None:
    """Start the app with its lifespan, ask it, stop it."""
    sys.meta_path.insert(0, Alone(service))  # type: ignore[arg-type]
    app = importlib.import_module(f"services.{service}.app").app
    signer = ContextSigner(context_secret(KitSettings()))
    headers = {CONTEXT_HEADER: signer.sign(RequestContext(channel="web", trace_id="alone"))}
    with TestClient(app) as client:
        client.auth = Sealed(signer.sealer(service))
        answer = client.post("/graphql", json={"query": "{ __typename }"}, headers=headers).json()
        ready = client.get("/health/ready")
    print(json.dumps({"answer": answer, "ready": ready.status_code, "service": ready.json()["service"]}))


if __name__ == "__main__":
    main(sys.argv[1])

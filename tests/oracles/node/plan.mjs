// Reads [{sdl, queries: [text]}] on stdin and writes [[{fetches, depth} | {error}]].
import { readFileSync } from "node:fs";
import { QueryPlanner } from "@graphql-hive/router-query-planner";

const measure = (node) => {
  if (!node) return { fetches: 0, depth: 0 };
  if (node.kind === "Fetch" || node.kind === "BatchFetch") return { fetches: 1, depth: 1 };
  if (node.kind === "Flatten") return measure(node.node);
  if (node.kind === "Condition") {
    const parts = [measure(node.ifClause), measure(node.elseClause)];
    return { fetches: Math.max(...parts.map((p) => p.fetches)), depth: Math.max(...parts.map((p) => p.depth)) };
  }
  const parts = node.nodes.map(measure);
  const fetches = parts.reduce((sum, part) => sum + part.fetches, 0);
  const depths = parts.map((part) => part.depth);
  return { fetches, depth: node.kind === "Parallel" ? Math.max(...depths) : depths.reduce((a, b) => a + b, 0) };
};

const planAll = ({ sdl, queries }) => {
  let planner;
  try {
    planner = new QueryPlanner(sdl);
  } catch (reason) {
    return queries.map(() => ({ error: `supergraph: ${reason}` }));
  }
  return queries.map((query) => {
    try {
      const plan = planner.plan(query, undefined, new Set(), 0);
      return { ...measure(plan.node), plan: process.env.SHOW_PLANS ? plan : undefined };
    } catch (reason) {
      return { error: String(reason) };
    }
  });
};

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(planAll)));

// Yoga and Mercurius on the same schema, data and operations. Arguments: yoga|mercurius, folder, port or "measure".
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { makeExecutableSchema } from "@graphql-tools/schema";
import DataLoader from "dataloader";

const [, , contender, folder, port] = process.argv;
const typeDefs = readFileSync(`${folder}/schema.graphql`, "utf8");
const products = JSON.parse(readFileSync(`${folder}/data.json`, "utf8"));
const operations = JSON.parse(readFileSync(`${folder}/operations.json`, "utf8"));
const byId = new Map(products.map((each) => [each.id, each]));
const stockOf = (variant) => ({ onHand: variant.position * 7, available: variant.position * 5 });
const resolvers = {
  Query: {
    products: async (_, { first }) => products.slice(0, first),
    product: async (_, { id }) => byId.get(id) ?? null,
    _entities: async (_, { representations }) => representations.map(({ id }) => byId.get(id)),
  },
  _Entity: { __resolveType: (entity) => ("sku" in entity ? "Variant" : "Product") },
};

async function yoga() {
  const { createYoga } = await import("graphql-yoga");
  const schema = makeExecutableSchema({
    typeDefs,
    resolvers: { ...resolvers, Variant: { stock: (variant, _, context) => context.stock.load(variant) } },
  });
  const context = () => ({ stock: new DataLoader(async (variants) => variants.map(stockOf), { cache: false }) });
  const app = createYoga({ schema, context, logging: false, graphiql: false, landingPage: false });
  const run = async (body) => {
    const headers = { "content-type": "application/json" };
    return await (await app.fetch("http://localhost/graphql", { method: "POST", headers, body })).text();
  };
  return { run, listen: () => createServer(app).listen(Number(port), "127.0.0.1") };
}

async function mercurius() {
  const { default: fastify } = await import("fastify");
  const { default: plugin } = await import("mercurius");
  const app = fastify();
  const loaders = { Variant: { stock: { loader: async (queries) => queries.map(({ obj }) => stockOf(obj)), opts: { cache: false } } } };
  app.register(plugin, { schema: makeExecutableSchema({ typeDefs, resolvers }), loaders, jit: 1 });
  await app.ready();
  const run = async (body) => {
    const headers = { "content-type": "application/json" }; // loaders only work in a request
    return (await app.inject({ method: "POST", url: "/graphql", headers, payload: body })).payload;
  };
  return { run, listen: () => app.listen({ port: Number(port), host: "127.0.0.1" }) };
}

const { run, listen } = await { yoga, mercurius }[contender]();
if (port === "measure") {
  const found = {};
  for (const [name, [query, variables]] of Object.entries(operations)) {
    const body = JSON.stringify({ query, variables });
    const loop = async (seconds) => {
      const end = performance.now() + seconds * 1e3;
      let count = 0;
      while (performance.now() < end) {
        await run(body);
        count += 1;
      }
      return count;
    };
    await loop(2);
    const answer = JSON.parse(await run(body));
    if (answer.errors) throw new Error(JSON.stringify(answer.errors));
    const before = process.cpuUsage();
    const count = await loop(2);
    const { user, system } = process.cpuUsage(before);
    found[name] = { cpu_us: (user + system) / count, bytes: JSON.stringify(answer.data).length };
  }
  console.log(JSON.stringify(found));
  process.exit(0);
}
await listen();

// Reads [{name: SDL}] on stdin and writes [{sdl} | {errors: [{code, message}]}].
import { readFileSync } from "node:fs";
import { composeServices } from "@theguild/federation-composition";
import { parse } from "graphql";

const composeOne = (subgraphs) => {
  try {
    const services = Object.entries(subgraphs).map(([name, sdl]) => ({ name, typeDefs: parse(sdl), url: "" }));
    const result = composeServices(services);
    if (result.supergraphSdl) return { sdl: result.supergraphSdl };
    return { errors: result.errors.map((e) => ({ code: e.extensions?.code ?? "", message: e.message })) };
  } catch (reason) {
    return { errors: [{ code: reason?.name === "GraphQLError" ? "INVALID_GRAPHQL" : "THROWN", message: String(reason) }] };
  }
};

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(composeOne)));

// Starts GraphiQL with what the page says: where to ask, and which tabs to open with.
"use strict";

const page = JSON.parse(document.getElementById("page").textContent);
const root = document.getElementById("explorer");

// Subscriptions go over server-sent events; GraphiQL's own fetcher knows WebSockets only, by a library of their own.
function fetcherOf(endpoint) {
  const plain = GraphiQL.createFetcher({ url: endpoint });
  return (params, options) =>
    isSubscription(options?.documentAST, params.operationName)
      ? subscribe(endpoint, params, options.headers)
      : plain(params, options);
}

function isSubscription(document, name) {
  const operations = document?.definitions.filter((one) => one.kind === "OperationDefinition") ?? [];
  const chosen = operations.find((one) => !name || one.name?.value === name);
  return chosen?.operation === "subscription";
}

// An async iterator whose `return` ends it at once, also while it waits: a generator's would wait for the next event.
function subscribe(endpoint, params, headers) {
  const leaving = new AbortController();
  const answers = answersOf(endpoint, params, headers, leaving.signal);
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => answers.next(),
    return: async () => {
      leaving.abort();
      return { done: true, value: undefined };
    },
  };
}

async function* answersOf(endpoint, params, headers, signal) {
  try {
    const answer = await fetch(endpoint, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json", accept: "text/event-stream" },
      body: JSON.stringify(params),
      signal,
    });
    if (!answer.headers.get("content-type")?.startsWith("text/event-stream")) {
      yield await answer.json();
      return;
    }
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      const blocks = (rest + piece.value).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const lines = block.split("\n");
        if (lines.includes("event: complete")) return;
        const data = lines.find((line) => line.startsWith("data: "));
        if (data) yield JSON.parse(data.slice("data: ".length));
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

if (typeof GraphiQL === "undefined") {
  root.innerHTML =
    "<p>The explorer's files could not be loaded. Without a network, install them once with " +
    "<code>make run</code> or <code>sh gateway/graphiql_assets.sh</code>, then start the gateway again.</p>";
} else {
  // GraphiQL takes the first tab's query from its tabs, but not its variables; a returning visitor has their own.
  const first = localStorage.getItem("graphiql:tabState") === null ? page.tabs[0] : undefined;
  ReactDOM.createRoot(root).render(
    React.createElement(GraphiQL, {
      fetcher: fetcherOf(page.endpoint),
      defaultTabs: page.tabs,
      variables: first?.variables,
      defaultEditorToolsVisibility: "variables",
    }),
  );
}

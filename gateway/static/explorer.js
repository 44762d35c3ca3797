// Starts GraphiQL with what the page says: where to ask, and which tabs to open with.
"use strict";

const page = JSON.parse(document.getElementById("page").textContent);
const root = document.getElementById("explorer");

if (typeof GraphiQL === "undefined") {
  root.innerHTML =
    "<p>The explorer's files could not be loaded. Without a network, install them once with " +
    "<code>make run</code> or <code>sh gateway/graphiql_assets.sh</code>, then start the gateway again.</p>";
} else {
  // GraphiQL takes the first tab's query from its tabs, but not its variables; a returning visitor has their own.
  const first = localStorage.getItem("graphiql:tabState") === null ? page.tabs[0] : undefined;
  ReactDOM.createRoot(root).render(
    React.createElement(GraphiQL, {
      fetcher: GraphiQL.createFetcher({ url: page.endpoint }),
      defaultTabs: page.tabs,
      variables: first?.variables,
      defaultEditorToolsVisibility: "variables",
    }),
  );
}

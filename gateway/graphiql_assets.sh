#!/bin/sh
# Fetches the explorer's four files into DIR, so that it opens without a network: sh gateway/graphiql_assets.sh [DIR]
# DIR is NOREN_DATA_DIR/graphiql (.noren/graphiql) unless given. Does nothing where they are already, and nothing
# but say so where npm is missing: the explorer then comes from its CDN. The gateway checks the files' digests.
set -eu

dir=${1:-${NOREN_DATA_DIR:-.noren}/graphiql}
graphiql=4.1.2 # the last line with a standalone bundle; 5 needs a bundler or a network
react=18.3.1   # the last line with a standalone bundle

if [ -f "$dir/graphiql.min.js" ] && [ -f "$dir/graphiql.min.css" ] &&
  [ -f "$dir/react.production.min.js" ] && [ -f "$dir/react-dom.production.min.js" ]; then
  exit 0
fi
if ! command -v npm >/dev/null 2>&1; then
  echo "npm is not here: the explorer will come from its CDN" >&2
  exit 0
fi

draft=$(mktemp -d)
trap 'rm -rf "$draft"' EXIT
mkdir -p "$dir"

# take PACKAGE VERSION FILE...
take() {
  archive=$(npm pack --silent --pack-destination "$draft" "$1@$2")
  tar -xzf "$draft/$archive" -C "$draft"
  shift 2
  for file in "$@"; do mv "$draft/package/$file" "$dir/"; done
  rm -rf "$draft/package"
}

take react "$react" umd/react.production.min.js
take react-dom "$react" umd/react-dom.production.min.js
take graphiql "$graphiql" graphiql.min.css graphiql.min.js

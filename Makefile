# Two commands do everything: `make run` and `make test`. Both install what they need into .venv by themselves.
BIN := .venv/bin
# Tests wait more than they compute (locks, leases, processes that start): two workers a core of a small machine.
WORKERS := 4
# The many processes of a system and of its tests compile the code once, whatever the shell says.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test check format lock oracle oracle-execution oracle-gateway faults lives audits clean
.PHONY: bench bench-execution bench-gateway bench-catalog bench-inventory bench-loyalty bench-customer bench-access

run: ## start the embedded MongoDB, every service and the gateway; seed the sample data on the first start
	@scripts/install run
	@sh gateway/graphiql_assets.sh
	@$(BIN)/noren up

test: check ## formatting, lint, types, import rules, then the whole suite on a real MongoDB
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile

check: ## formatting, lint, types, import rules
	@scripts/install dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: ## rewrite the code in the house's format
	@scripts/install dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: ## pin the newest versions the ranges of pyproject.toml allow
	uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-header --no-annotate \
	  --output-file requirements.lock pyproject.toml

oracle-gateway: ## composer and planner against others' (npm), and 10,000 random queries; development only
	@scripts/install dev
	@$(BIN)/python -m tests.oracles --only compose plan answers

oracle: ## every oracle there is, one after another, and a line for each; development only (npm; SEED=n, CASES=n)
	@scripts/install dev
	@$(BIN)/python -m tests.oracles --cases $(or $(CASES),10000) --seed $(or $(SEED),1)

bench: ## the journey query, seed and import rates, memory; see benchmarks/RESULTS.md
	@scripts/install dev
	@$(BIN)/python -m benchmarks.journey

bench-execution: ## compiled operations beside Strawberry, graphql-core, Yoga and Mercurius (npm); see benchmarks/execution
	@scripts/install dev
	@$(BIN)/python -m benchmarks.execution

bench-gateway: ## subscriptions, memory and a soak of ten minutes; beside Node: see benchmarks/gateway/RESULTS.md
	@scripts/install dev
	@$(BIN)/python -m benchmarks.gateway.subscriptions
	@$(BIN)/python -m benchmarks.gateway.memory
	@$(BIN)/python -m benchmarks.gateway.soak --minutes 10

bench-catalog: ## import, quote, coupons, listing and search of 1,000 and 100,000 variants; an hour
	@scripts/install dev
	@$(BIN)/python -m benchmarks.catalog.imports
	@$(BIN)/python -m benchmarks.catalog.quote pure
	@$(BIN)/python -m benchmarks.catalog.quote gateway
	@$(BIN)/python -m benchmarks.catalog.listing

bench-inventory: ## reservations, sync, buyers, live stock, promises, sourcing
	@scripts/install dev
	@$(BIN)/python -m benchmarks.inventory.reservations
	@$(BIN)/python -m benchmarks.inventory.sync
	@$(BIN)/python -m benchmarks.inventory.buyers
	@$(BIN)/python -m benchmarks.inventory.live
	@$(BIN)/python -m benchmarks.inventory.promise
	@$(BIN)/python -m benchmarks.inventory.sourcing

bench-loyalty: ## earning, redeeming, holds, expiry and audit of the points ledger
	@scripts/install dev
	@$(BIN)/python -m benchmarks.loyalty.wallets

bench-customer: ## look-up, identify, import, behaviour events; who is whom
	@scripts/install dev
	@$(BIN)/python -m benchmarks.customer.people
	@$(BIN)/python -m benchmarks.customer.behaviour
	@$(BIN)/python -m benchmarks.identity

bench-access: ## what trust and limits cost, and how long others wait while a client sends bombs
	@scripts/install dev
	@$(BIN)/python -m benchmarks.access.trust
	@$(BIN)/python -m benchmarks.access.limits
	@$(BIN)/python -m benchmarks.access.bombs

faults: ## real processes killed in mid-load over three mongods: stock and points equal their journals; SEED=n
	@scripts/install dev
	@$(BIN)/python -m tests.faults.inventory --rounds 6 --seed $(or $(SEED),1)
	@$(BIN)/python -m tests.faults.loyalty --rounds 6 --seed $(or $(SEED),1)

lives: ## long random lives of stock, papers, points and customers against models; EXAMPLES=n
	@scripts/install dev
	@$(BIN)/python -m tests.services.inventory.test_life --examples $(or $(EXAMPLES),200)
	@$(BIN)/python -m tests.services.inventory.test_yard_life --examples $(or $(EXAMPLES),100)
	@$(BIN)/python -m tests.services.loyalty.test_life --examples $(or $(EXAMPLES),200)
	@NOREN_EXAMPLES=$(or $(EXAMPLES),150) $(BIN)/pytest tests/services/customer/identify/test_orders.py

audits: ## graphql-http's audit (npm) and 10,000 operations by Schemathesis against the running system; SEED=n, CASES=n
	@scripts/install dev
	@$(BIN)/pip install -q -c requirements.lock -e '.[audit]'
	@$(BIN)/python -m tests.audits.http
	@$(BIN)/python -m tests.audits.schema --cases $(or $(CASES),10000) --seed $(or $(SEED),1)

oracle-execution: ## 20,000 random operations over random schemas, compiled and by graphql-core; SEED=n for others
	@scripts/install dev
	@$(BIN)/python -W ignore -m tests.kit.graphql.execution.oracle --cases 20000 --seed $(or $(SEED),1)

clean: ## remove what was installed and built; the data in .noren stays
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

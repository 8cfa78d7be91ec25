# Verbs for people and for CI. Each does its own set-up; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# Tests, services and pipeline steps are hundreds of processes; without kept bytecode each compiles every module anew.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
RUN_READY := $(VENV)/.run-ready
DEV_READY := $(VENV)/.dev-ready
EMULATOR := .venv-bqemulator
EMULATOR_READY := $(EMULATOR)/.ready
SCANNER := .venv-infra
SCANNER_READY := $(SCANNER)/.ready
INSPECTOR := .venv-ci
INSPECTOR_READY := $(INSPECTOR)/.ready
SITE := .venv-docs
SITE_READY := $(SITE)/.ready
CSV ?=
OPTIONS ?=
ENV ?= $(or $(TELECOM_ENV),dev)
SERVICE ?= churn
PIPELINE ?= churn
PORT ?= 8080
WAIT ?=
# One more than there are cores: a test that waits for a page or a process leaves its own to the others.
WORKERS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) + 2 )))
MODEL_VERSION ?=
HOW ?=
# In the order in which they are read; the first fills the home that all of them use.
NOTEBOOKS := $(patsubst %,mlops/notebooks/%.ipynb,eda_churn data_prep_churn train_churn_xgboost drift_monitoring_churn \
	batch_inference_churn)

.PHONY: help demo serve test coverage check lint types tests format bench parity smoke-gcp image-check infra-check infra-scan plan apply destroy \
	image model candidate verify canary recover rollback take status knowledge submit pipelines notebooks eval summary \
	test-stats policies code-scan audit secrets licences sbom dockerfiles workflows lock docs site clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

demo: $(RUN_READY) ## the whole churn loop, then an HTML report; CSV=path for your own Telco file
	@$(BIN)/telecom demo $(if $(CSV),--csv '$(CSV)')

serve: $(RUN_READY) ## the assistant on :8080, with generated customers where there are none yet; PORT=8080
	@tools/serve.sh $(BIN) $(PORT)

test: $(DEV_READY) ## every check and test, as CI runs them
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory -j2 types tests

coverage: $(DEV_READY) ## the tests again, slower, with the branches that they take; at least 85 %
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal --cov --cov-report=term:skip-covered --cov-report=xml:build/coverage.xml \
		--junitxml=build/junit.xml -q

check: lint types ## lint, import rules, types

lint: $(DEV_READY) ## format, style and import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-cache

types: $(DEV_READY) ## mypy, strict
	@$(BIN)/mypy

tests: $(DEV_READY) ## the tests alone
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal -q

format: $(DEV_READY) ## rewrites the code in the house's format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(DEV_READY) ## speed and memory on 1 M generated customers, beside pandas in the same run
	@$(BIN)/python -m benchmarks

smoke-gcp: $(DEV_READY) ## asks a real project what only a real project can tell (TELECOM_PROJECT)
	@$(BIN)/python -m tools.smoke_gcp $(OPTIONS)

parity: $(DEV_READY) $(EMULATOR_READY) ## every SQL statement, here and on a BigQuery emulator that others wrote
	@PARITY=1 $(BIN)/pytest tests/parity -q

image-check: $(DEV_READY) ## the churn image without Docker: its own steps, its size, its command as nobody
	@$(BIN)/python -m tools.image_check $(OPTIONS)

infra-check: $(DEV_READY) ## the Terraform estate without a cloud: plan, apply, destroy, module tests
	@$(BIN)/python -m tools.infra_check $(OPTIONS)

infra-scan: $(DEV_READY) $(SCANNER_READY) ## checkov over infra/terraform, or over plans: OPTIONS="dev.json prod.json"
	@$(BIN)/python -m tools.infra_scan $(OPTIONS)

plan: $(RUN_READY) ## what would change in TELECOM_PROJECT; ENV=dev or prod
	@infra/estate.sh plan $(ENV) $(OPTIONS)

apply: ## applies the plan that `make plan` kept
	@infra/estate.sh apply $(ENV)

image: ## builds, tests, scans and pushes on Cloud Build; SERVICE=churn or assistant, ENV=dev or prod
	@infra/delivery.sh image $(SERVICE) $(ENV)

model: $(DEV_READY) ## which model version a candidate is to serve, as the promotion gate says now
	@infra/delivery.sh model churn $(ENV)

candidate: ## a revision of that image without requests; MODEL_VERSION=number of the model that it serves (churn)
	@infra/delivery.sh candidate $(SERVICE) $(ENV)

verify: ## extreme requests to the candidate, from within its network
	@infra/delivery.sh verify $(SERVICE) $(ENV)

canary: ## leads the candidate to all requests, in prod step by step; HOW=steps or at-once
	@infra/delivery.sh canary $(SERVICE) $(ENV)

recover: ## after a release that broke off: takes back what is under way, finishes what was released
	@infra/delivery.sh recover $(SERVICE) $(ENV)

rollback: ## back to the release before
	@infra/delivery.sh rollback $(SERVICE) $(ENV)

take: ## what Terraform applied to a service gets all requests at once, without a canary
	@infra/delivery.sh take $(SERVICE) $(ENV)

status: ## revisions of a service, their shares, the last releases
	@infra/delivery.sh status $(SERVICE) $(ENV)

knowledge: $(DEV_READY) ## the search's fields, and docs/telecom into the environment's bucket and search
	@infra/delivery.sh knowledge assistant $(ENV)

submit: $(DEV_READY) ## a pipeline on Vertex AI: PIPELINE=churn, CSV=gs://BUCKET/FILE, WAIT=minutes until it must have succeeded
	@TELECOM_BACKEND=gcp TELECOM_ENV=$(ENV) $(BIN)/telecom pipeline submit $(PIPELINE) \
		$(if $(CSV),--csv '$(CSV)') $(if $(WAIT),--wait $(WAIT)) $(OPTIONS)

pipelines: $(DEV_READY) ## compiles every pipeline afresh, and compares it with what is kept
	@mkdir -p build/pipelines
	@for kept in mlops/src/pipelines/compiled/*.yaml; do \
		TELECOM_IMAGE= $(BIN)/telecom pipeline compile "$$(basename "$$kept" .yaml)" --out "build/pipelines/$${kept##*/}"; done
	@diff -ru mlops/src/pipelines/compiled build/pipelines

notebooks: $(DEV_READY) ## runs every notebook on generated customers; pages and the model's cards in build/notebooks
	@rm -rf build/notebooks
	@TELECOM_BACKEND=local TELECOM_HOME='$(CURDIR)/build/notebooks/home' $(BIN)/jupyter nbconvert --execute --to html \
		--HTMLExporter.require_js_url= --HTMLExporter.mathjax_url= --output-dir build/notebooks $(NOTEBOOKS)
	@TELECOM_BACKEND=local TELECOM_HOME='$(CURDIR)/build/notebooks/home' $(BIN)/telecom cards --out build/notebooks/cards

eval: $(DEV_READY) ## the assistant's scenarios against the stored baseline, in build/eval
	@$(BIN)/telecom eval run --out build/eval $(OPTIONS)

summary: $(DEV_READY) ## what tests and evaluation left in build, as Markdown
	@$(BIN)/python -m tools.ci_summary

test-stats: $(DEV_READY) ## figures of the last `make coverage` as a row and as gauges
	@$(BIN)/python -m tools.test_stats

policies: $(DEV_READY) ## our rules for Terraform plans, on the plans that they must refuse
	@$(BIN)/pytest -q tests/infra

code-scan: $(DEV_READY) ## ruff's security rules (S) alone
	@$(BIN)/ruff check --select S --ignore S603,S607,S608 .

destroy: $(DEV_READY) ## asks, destroys, then looks for leftovers
	@infra/estate.sh destroy $(ENV)
	@$(BIN)/python -m tools.infra_leftovers --project "$(TELECOM_PROJECT)" --env $(ENV) --wait 300

audit: $(INSPECTOR_READY) ## known weaknesses of every locked package; unknown is a failure
	@tools/security.sh audit

secrets: $(INSPECTOR_READY) ## nothing that looks like a key, beyond .secrets.baseline
	@tools/security.sh secrets

licences: $(DEV_READY) $(INSPECTOR_READY) ## everything installed may be used as this project uses it
	@tools/security.sh licences

sbom: $(INSPECTOR_READY) ## bills of materials of both images, in build/sbom
	@tools/security.sh sbom

dockerfiles: $(DEV_READY) ## hadolint
	@tools/security.sh dockerfiles

workflows: $(INSPECTOR_READY) ## GitHub's files: zizmor, published schemas
	@tools/security.sh workflows

docs: $(DEV_READY) ## regenerates the pages that come from the code
	@$(BIN)/python -m tools.generate_docs

site: $(SITE_READY) ## docs/ as pages in build/site, with strict links and nothing loaded from elsewhere
	@$(SITE)/bin/python -m tools.site

lock: $(DEV_READY) ## resolves the dependencies afresh into requirements*.lock
	@tools/lock.sh

clean: ## removes the virtual environment and all local state
	rm -rf $(VENV) $(EMULATOR) $(SCANNER) $(INSPECTOR) $(SITE) .telecom reports

$(RUN_READY): requirements.lock pyproject.toml tools/setup.sh
	@tools/setup.sh $(VENV) requirements.lock
	@touch $@

$(DEV_READY): requirements-dev.lock pyproject.toml tools/setup.sh
	@tools/setup.sh $(VENV) requirements-dev.lock
	@touch $@ $(RUN_READY)

$(EMULATOR_READY): requirements-bqemulator.lock tools/setup.sh
	@tools/setup.sh $(EMULATOR) requirements-bqemulator.lock alone
	@touch $@

$(SCANNER_READY): requirements-infra.lock tools/setup.sh
	@tools/setup.sh $(SCANNER) requirements-infra.lock alone
	@touch $@

$(INSPECTOR_READY): requirements-ci.lock tools/setup.sh
	@tools/setup.sh $(INSPECTOR) requirements-ci.lock alone
	@touch $@

$(SITE_READY): requirements-docs.lock tools/setup.sh
	@tools/setup.sh $(SITE) requirements-docs.lock alone
	@touch $@

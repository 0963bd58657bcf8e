# The two commands of a fresh machine. Everything else is in tox.ini; PYTHON=python3.12 picks another Python.

PYTHON ?= python3
export PYTHON

# pyenv hides the Pythons that are not switched on; tox may use all of them.
PYENV_PYTHONS := $(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/3.1[0-3].*/bin/python)

.PHONY: help demo test test-all

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

demo: ## show zcrm at work against a simulated Zoho on this machine
	@echo "zcrm demo: makes a Python environment in .venv (the first time only), starts a simulated Zoho"
	@echo "on this machine, and uses zcrm against it. No Zoho account is needed or touched."
	@sh scripts/environment.sh .venv -e . -e plugins/zcrm_store_file -e plugins/zcrm_simulator -e plugins/zcrm_cli
	@.venv/bin/zcrm demo

test: ## run every check that a change must pass
	@sh scripts/environment.sh .venv-tox tox
	@TOX_DISCOVER="$${TOX_DISCOVER:-$$(echo $(PYENV_PYTHONS) | tr ' ' ':')}" \
		.venv-tox/bin/tox run-parallel --parallel 2 --parallel-no-spinner

test-all: ## the same on every supported Python of this machine
	@sh scripts/environment.sh .venv-tox tox
	@TOX_DISCOVER="$${TOX_DISCOVER:-$$(echo $(PYENV_PYTHONS) | tr ' ' ':')}" \
		.venv-tox/bin/tox run-parallel --parallel 2 --parallel-no-spinner \
		-e lint,types,wheels,demo,examples,lowest,pluggy16,py310,py311,py312,py313

# The course's commands. `make` lists them. For GNU make 3.81 and newer and any POSIX shell.

ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
PY := $(BIN)/python
COMPILE := uv pip compile --quiet --universal --no-annotate --no-emit-index-url \
	--custom-compile-command "make lock"
ENGINE := deployment/engine/requirements

.DEFAULT_GOAL := help
.PHONY: help lab setup doctor reset images up down logs backup restore bundle test test-fast soak lint notebooks lock clean FORCE

help: ## List the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1	\2/p' Makefile | expand -t 16

lab: .venv/.lab ## Set up on first use, then open JupyterLab at lesson 00 (Ctrl-C stops it)
	@$(PY) -m course_helpers.workspace.lab

setup: .venv/.lab ## Only set up: install the packages that a learner needs into .venv
	@echo "Set up. Next: make lab"

doctor: .venv/.lab ## Check this machine; each problem comes with the command that fixes it
	@$(PY) -m course_helpers.doctor

reset: .venv/.lab ## Start a lesson afresh and keep your copy beside it: make reset LESSON=00
	@$(PY) -m course_helpers.workspace.lab reset $(LESSON)

images: .venv/.lab ## Fetch or build the images of the stack; what is up to date is left alone
	@$(PY) -m course_helpers.images.make

up: .venv/.lab ## Start the stack: the agent's server with Postgres and Redis
	@$(PY) -m course_helpers.stack up

down: .venv/.lab ## Stop the stack and keep its data (delete that too: make down VOLUMES=1)
	@$(PY) -m course_helpers.stack down $(if $(filter 1,$(VOLUMES)),volumes)

logs: .venv/.lab ## Follow the stack's logs (Ctrl-C ends that)
	@$(PY) -m course_helpers.stack logs

backup: .venv/.lab ## Save the stack's data into a new file: make backup TO=/media/usb/today.zip
	@$(PY) -m course_helpers.backup save "$(TO)"

restore: .venv/.lab ## Restore it (over other data: OVER=1): make restore FROM=/media/usb/today.zip
	@$(PY) -m course_helpers.backup restore "$(FROM)" $(if $(filter 1,$(OVER)),over)

bundle: .venv/.lab ## Save the whole course for computers without a network: make bundle TO=/media/usb/course
	@$(PY) -m course_helpers.workspace.bundle "$(TO)"

test: .venv/.dev ## Run all tests, headless, and sum up what ran where
	@$(PY) -m tests.run

test-fast: .venv/.dev ## Run only the unit and server tests
	@$(PY) -m tests.run unit server

soak: .venv/.dev ## Prove at length what must not depend on luck: double-texting, crashes under load
	@SOAK=20 $(PY) -m tests.run soak soak-stack replicas crashes

lint: .venv/.dev ## Check style and types
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

notebooks: .venv/.dev ## Execute all notebooks again, or one (LESSON=05), and store what they print
	@COURSE_ENV_FILE=build/tests.env $(PY) -m tests.notebooks.execute $(LESSON)

lock: ## Pin the packages of pyproject.toml (needs uv; delete the files first for newer versions)
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/" >&2; exit 1; }
	@touch requirements.txt && sed '/^-e/d' requirements.txt >requirements.tmp
	@$(COMPILE) --python-version 3.11 pyproject.toml --output-file requirements.tmp
	@$(COMPILE) --python-version 3.11 --group dev --constraint requirements.tmp \
		--output-file requirements-dev.txt
	@$(COMPILE) --python-version 3.13 $(ENGINE).in --constraint requirements.tmp \
		--output-file $(ENGINE).txt
	@echo '-e .  # course_helpers; run pip in the course'"'"'s folder' >>requirements.tmp
	@mv requirements.tmp requirements.txt

clean: ## Remove .venv, build and caches; keep your work and deployment/.env
	@rm -rf .venv build src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@cache="$${XDG_CACHE_HOME:-$$HOME/.cache}/task-maistro-tests"; \
		rm -rf "$$cache" 2>/dev/null || echo "Not yours alone: sudo rm -rf $$cache" >&2

# A venv breaks when its folder moves or its Python is removed: then it is made anew.
ifneq ($(shell test -x $(PY) && cat .venv/.lab 2>/dev/null),$(shell pwd -P))
.venv/.lab: FORCE
endif

.venv/.lab: requirements.txt pyproject.toml
	@sh .ci/venv.sh requirements.txt && pwd -P >$@

.venv/.dev: .venv/.lab requirements-dev.txt
	@sh .ci/venv.sh requirements-dev.txt && pwd -P >$@

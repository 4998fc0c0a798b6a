# make run    everything on a fresh machine: environment, dependencies, house cookbook, server with the page
# make test   everything on a fresh machine: environment, dependencies, all tests
# make check  what a contributor runs before each commit: ruff, mypy, pytest

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Test processes at once; a file of tests stays in one.
JOBS ?= 2
TESTS := $(BIN)/pytest -n $(JOBS) --dist loadfile
HOST ?= 127.0.0.1
PORT ?= 8000

.PHONY: run test check lint format clean browser
.DEFAULT_GOAL := run

run: $(VENV)/.installed
	@echo "==> 食神启动：在浏览器打开 http://$(HOST):$(PORT)/ （Ctrl+C 结束）"
	@$(BIN)/shishen serve --host $(HOST) --port $(PORT)

test: $(VENV)/.installed-dev browser
	@echo "==> 运行全部测试"
	$(TESTS)

check: lint
	$(TESTS) -q

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache dist build

$(VENV)/bin/pip:
	@./scripts/make-venv "$(PYTHON)" $(VENV)

$(VENV)/.installed: $(VENV)/bin/pip pyproject.toml constraints.txt
	@echo "==> 安装食神和它的依赖（约半分钟）"
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/bin/pip pyproject.toml constraints.txt
	@echo "==> 安装食神、依赖和开发工具（约两分钟）"
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@ $(VENV)/.installed

# The page is tested in a real browser; Debian's, as nothing may be downloaded from elsewhere.
browser:
	@./scripts/find-browser

# Duban: every target sets up what it needs. 每个目标都会先准备好自己所需的环境。
# `make` alone lists the targets.

VENV    := .venv
BIN     := $(VENV)/bin
LOCK    := requirements.lock
STAMP   := $(VENV)/.installed
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup run test test-long e2e golden shots check bench lock clean

help:  ## list the targets 列出全部目标
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-10s %s\n' "$$name" "$$text"; done

setup: $(STAMP)  ## create .venv with locked, hash-checked dependencies 建立环境
	@echo "Ready. 环境就绪：$(BIN)/duban"

# pip prints what it does only when it fails: a quiet set-up is one that can be read.
$(STAMP): $(LOCK) pyproject.toml | $(BIN)/pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# pip, because it is what `venv` lays down last: a half-made environment is made again.
$(BIN)/pip:
	@python=; \
	for candidate in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python="$$candidate"; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "Duban needs Python 3.11 or newer, and none was found. Install one, or name it: make setup PYTHON=/path/to/python3" >&2; \
	  echo "需要 Python 3.11 或更高版本，本机没有找到。请先安装，或指明位置：make setup PYTHON=/path/to/python3" >&2; \
	  exit 2; \
	fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "$$python cannot create virtual environments: its venv or ensurepip module is missing." >&2; \
	  echo "On Debian or Ubuntu: apt-get install python3-venv (or python3.11-venv, to match the version). Then run make again." >&2; \
	  echo "$$python 缺少 venv 或 ensurepip 模块，无法建立虚拟环境。" >&2; \
	  echo "在 Debian、Ubuntu 上请执行：apt-get install python3-venv（或与版本相符的 python3.11-venv），然后重新运行 make。" >&2; \
	  exit 2; \
	fi; \
	echo "Creating $(VENV) with $$("$$python" --version). 正在建立虚拟环境……"; \
	"$$python" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

run: $(STAMP)  ## 120 days of the campaign, then the console on 127.0.0.1:8080 until Ctrl-C 演示并打开网页
	$(BIN)/python main.py demo

test: check  ## everything that is checked in minutes 检查与测试
	$(BIN)/python -m pytest -n $(WORKERS) -m "not long"

test-long: $(STAMP)  ## what takes longer: kills, storms, more examples 长时测试
	HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest -m long || { code=$$?; [ $$code -eq 5 ] && echo "No test is marked long yet. 暂无长时测试。" || exit $$code; }

golden: $(STAMP)  ## renew tests/golden after a change that is meant 更新通知样张
	GOLDEN=new $(BIN)/python -m pytest -q -k sqlite tests/stories/test_notices.py

shots: $(STAMP)  ## take the pictures of docs/console.md anew 更新网页截图
	$(BIN)/python -m tests.shots docs/pictures

# Root, Debian: Postfix and Dovecot change users. WRITE=1 keeps the result in docs/e2e.md.
e2e: $(STAMP)  ## against Postfix, Dovecot, Kannel and an SMPP centre, which it installs 与真实对端联调
	$(BIN)/python -m tests.e2e.install
	DUBAN_E2E_WRITE=$(WRITE) $(BIN)/python -m pytest tests/e2e -m e2e

check: $(STAMP)  ## style, types, layers, dependencies 静态检查
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

bench: $(STAMP)  ## measure against a floor; writes bench/results.md 性能测量
	$(BIN)/python -m bench

# Pins stay as they are unless a range in pyproject.toml forces a change; `make lock UPGRADE=1` renews all.
# Neither the index nor local wheels are written down: the lock must fit every machine.
lock: $(STAMP)  ## write requirements.lock anew from pyproject.toml 重写依赖锁定文件
	env -u UV_FIND_LINKS $(BIN)/uv pip compile pyproject.toml --group dev --no-config --quiet \
	  --universal --python-version 3.11 --generate-hashes $(if $(UPGRADE),--upgrade) \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --output-file $(LOCK)

clean:  ## remove caches and build products; .venv and data (var/) stay 清理缓存与构建产物
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -path ./$(VENV) -prune -o -type d -name __pycache__ -exec rm -rf {} +

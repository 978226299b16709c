# chos-runtime: `make try` to see it work, `make test` for everything that must hold, `make help` for the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

PREFIX ?= /usr/local
DESTDIR ?=
BIN := node_modules/.bin
NODE ?= $(shell command -v node)
# The young generation holds one whole compilation, so that none is interrupted by its collection. V8's code cache is bound to these flags.
NODE_FLAGS ?= --min-semi-space-size=16
# How the tools of the build themselves are run: bundled by esbuild, then by Node.
run-tool = @mkdir -p build/tools; $(BIN)/esbuild $(1) --bundle --platform=node --format=esm --packages=external --log-level=warning --outfile=build/tools/$(notdir $(basename $(1))).mjs && node build/tools/$(notdir $(basename $(1))).mjs

.PHONY: all
all: build/chos-runtime build/chos-runtime.cjs  ## build the runtime into build/, from where it runs in place

node_modules/.package-lock.json: package.json package-lock.json
	# Not `npm ci`: it insists on lock entries for optional packages of other platforms, which not every registry carries.
	npm install --no-audit --no-fund --loglevel=error
	@touch $@

GENERATED := spec/generated/validators.js
$(GENERATED): $(wildcard spec/oci/*.json spec/*.schema.json spec/generate/types.ts spec/generate/validators.ts) node_modules/.package-lock.json
	$(call run-tool,spec/generate/types.ts)
	$(call run-tool,spec/generate/validators.ts)
	@touch $@

include runtime/cli/build.mk
include runtime/engine/build.mk
include conformance/bench/build.mk
build/chos-runtime.cjs: $(GENERATED) node_modules/.package-lock.json
$(ENGINE_TABLES): node_modules/.package-lock.json

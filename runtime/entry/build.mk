# The TypeScript half, included by the top Makefile: build/chos-runtime.cjs loads build/chos-runtime-code.cjs with build/chos-runtime-code.cache, and
# that loads build/chos-runtime-more.cjs, or, to serve, build/chos-runtime-serve.cjs (runtime/entry/pack.ts). The five files are installed together.
RUNTIME_SOURCES := $(shell find spec runtime -name '*.ts' ! -name '*.test.ts' ! -path 'spec/generated/*') $(wildcard spec/recipes/*.json)
RUNTIME_GENERATED ?= spec/generated/validators.js
RUNTIME_FILES := build/chos-runtime.cjs build/chos-runtime-code.cjs build/chos-runtime-code.cache build/chos-runtime-more.cjs \
	build/chos-runtime-serve.cjs
CHOS_VERSION := $(shell sed -n 's/^ *"version": "\(.*\)",/\1/p' package.json | head -1)
CHOS_PACKED := chos-runtime-$(CHOS_VERSION).tgz
CHOS_COMMIT := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
RUNTIME_ESBUILD := node_modules/.bin/esbuild --bundle --platform=node --target=node18 --format=cjs --log-level=warning \
  --minify-syntax --minify-whitespace --legal-comments=none

# Written anew only when Node or its flags are others: what is bound to them is then made again.
.PHONY: always
build/gen/node: always
	@mkdir -p $(@D)
	@command='$(NODE) $(NODE_FLAGS)' version=$$($(NODE) --version || true); \
	printf '%s\n' "$$command" "$$version" '$(SERVICE_FLAGS)' | cmp -s - $@ || printf '%s\n' "$$command" "$$version" '$(SERVICE_FLAGS)' >$@

# What --version tells.
build/gen/commit: always
	@mkdir -p $(@D)
	@echo '$(CHOS_VERSION) $(CHOS_COMMIT)' | cmp -s - $@ || echo '$(CHOS_VERSION) $(CHOS_COMMIT)' >$@

build/tools/pack.mjs: $(RUNTIME_SOURCES) $(RUNTIME_GENERATED)
	@mkdir -p $(@D)
	$(BUNDLE) runtime/entry/pack.ts --outfile=$@

# The cache is made of the code by the same command, so that the two always belong together.
build/chos-runtime.cjs build/chos-runtime-code.cache build/chos-runtime-code.cjs build/chos-runtime-more.cjs build/chos-runtime-serve.cjs &: $(RUNTIME_SOURCES) $(RUNTIME_GENERATED) package.json build/gen/node build/gen/commit build/tools/pack.mjs
	node build/tools/pack.mjs $(CHOS_VERSION) $(CHOS_COMMIT)
	$(RUNTIME_ESBUILD) runtime/entry/warm-up.ts --outfile=build/warm-up.cjs
	$(NODE) $(NODE_FLAGS) build/warm-up.cjs build/chos-runtime-code.cjs build/chos-runtime-code.cache

# The compiler as one executable by Bun, beside what needs Node: it starts in two thirds of the time, and on a host without Node. Nothing that lies where its caller is
# is read. Code is translated a hundred times later than by default: a compilation is over before that pays.
BUN ?= $(firstword $(wildcard node_modules/@oven/bun-linux-$(if $(filter aarch64,$(shell uname -m)),aarch64,x64)/bin/bun) node_modules/bun/bin/bun.exe)
BUN_FLAGS := --compile --bytecode --compile-jit-policy=100 --no-compile-autoload-dotenv --no-compile-autoload-bunfig --no-compile-autoload-tsconfig \
	--no-compile-autoload-package-json

.PHONY: bun
bun: build/bun/chos-runtime build/bun/chos-compiler  ## build the runtime into build/bun with Bun in the place of Node
	ln -sfn ../chos ../chos-login ../hooks build/bun

build/bun/chos-compiler: $(RUNTIME_SOURCES) $(RUNTIME_GENERATED) package.json runtime/entry/build.mk build/gen/commit build/tools/pack.mjs
	@mkdir -p $(@D)
	node build/tools/pack.mjs $(CHOS_VERSION) $(CHOS_COMMIT) bun
	$(BUN) build $(BUN_FLAGS) build/bun/compiler.cjs --outfile=$@ >build/bun/log || { cat build/bun/log; false; }

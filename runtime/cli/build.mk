# The runtime's TypeScript half: one CommonJS file (Node starts it faster than modules), included by the top Makefile.
# RUNTIME_GENERATED: what spec/generate writes and the runtime imports; set by the top Makefile's rules.
RUNTIME_SOURCES := $(shell find spec runtime hooks -name '*.ts' ! -name '*.test.ts' ! -path 'spec/generated/*')
RUNTIME_GENERATED ?= spec/generated/validators.js
CHOS_VERSION := $(shell sed -n 's/^ *"version": "\(.*\)",/\1/p' package.json | head -1)
CHOS_COMMIT := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)

# koffi is loaded by path at run time, only by commands that are not on the way of create, run and exec.
build/chos-runtime.cjs: $(RUNTIME_SOURCES) $(RUNTIME_GENERATED) package.json
	@mkdir -p $(@D)
	node_modules/.bin/esbuild runtime/cli/main.ts --bundle --platform=node --target=node20 --format=cjs \
	  --minify-syntax --minify-whitespace --legal-comments=none --external:koffi --log-level=warning \
	  --define:CHOS_VERSION='"$(CHOS_VERSION)"' --define:CHOS_COMMIT='"$(CHOS_COMMIT)"' --outfile=$@.new
	mv $@.new $@

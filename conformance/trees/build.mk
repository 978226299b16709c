# Tests of trees and environments: included by the top Makefile. `node build/conformance/trees.mjs` runs them (root).
build/conformance/trees.mjs: $(wildcard conformance/trees/*.ts) node_modules/.package-lock.json
	@mkdir -p $(@D)
	node_modules/.bin/esbuild conformance/trees/main.ts --bundle --platform=node --format=esm --packages=external --log-level=warning --outfile=$@

.PHONY: test-trees
test-trees: all build/conformance/trees.mjs
	node build/conformance/trees.mjs

# The command lines of README and docs: included by the top Makefile. `node build/conformance/pages.mjs` runs them (root).
build/conformance/pages.mjs: $(filter-out %.test.ts,$(wildcard conformance/pages/*.ts)) node_modules/.package-lock.json
	@mkdir -p $(@D)
	node_modules/.bin/esbuild conformance/pages/main.ts --bundle --platform=node --format=esm --packages=external --log-level=warning --outfile=$@

.PHONY: test-pages
test-pages: all build/conformance/pages.mjs  ## run the command lines of README.md and docs, in the order in which they stand there (root)
	node build/conformance/pages.mjs

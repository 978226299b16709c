# The command lines of README and docs: included by the top Makefile. `node build/conformance/pages.mjs` runs them (root).
.PHONY: test-pages
test-pages: all build/conformance/pages.mjs  ## run the command lines of README.md and docs, in the order in which they stand there (root)
	node build/conformance/pages.mjs

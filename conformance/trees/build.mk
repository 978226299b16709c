# Tests of trees and environments: included by the top Makefile. `node build/conformance/trees.mjs` runs them (root).
.PHONY: test-trees
test-trees: all build/conformance/trees.mjs
	node build/conformance/trees.mjs

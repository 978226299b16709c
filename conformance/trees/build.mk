# Tests of trees and environments: included by the top Makefile. `node build/conformance/trees.mjs` runs them (root).
.PHONY: test-trees
test-trees: all build/conformance/trees.mjs
	node build/conformance/trees.mjs

# The digest of a tree is compared with that of the hook.
build/conformance/trees.mjs: build/hooks/tree-digest

# What a login is put into a tree by.
build/conformance/trees.mjs: $(PAM_MODULE)

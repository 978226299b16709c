# The jobs of docs/ci.md in three trees, with the real Podman: `make test-ci` or `node build/conformance/ci.mjs` (ONLY=PATTERN).
.PHONY: test-ci
test-ci: packages all hooks build/conformance/ci.mjs  ## run the CI jobs of docs/ci.md as the runners of GitLab and GitHub do (root)
	node build/conformance/ci.mjs

build/conformance/ci.mjs: $(HOOKS)

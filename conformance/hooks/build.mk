# The ready-made hooks under three runtimes, by config.json and by Podman: `make test-hooks` or `node build/conformance/hooks.mjs` (ONLY=PATTERN).
.PHONY: test-hooks
test-hooks: all hooks build/conformance/hooks.mjs  ## run each ready-made hook under three runtimes and Podman (root)
	node build/conformance/hooks.mjs

build/conformance/hooks.mjs: $(HOOKS) $(HOOK_DEFINITIONS)

# The real Podman on top of a runtime: `make podman` or `node build/conformance/podman.mjs --runtime PATH`.
PODMAN_ESBUILD ?= node_modules/.bin/esbuild
PODMAN_TARGETS = build/conformance/podman.mjs

build/conformance/podman.mjs: $(filter-out %.test.ts,$(wildcard conformance/podman/*.ts conformance/podman/cases/*.ts conformance/suite/*.ts))
	@mkdir -p $(@D)
	$(PODMAN_ESBUILD) conformance/podman/main.ts --bundle --platform=node --format=esm --packages=external --log-level=warning --outfile=$@

.PHONY: podman
podman: all build/conformance/podman.mjs  ## drive build/chos-runtime with the real Podman, beside crun (root)
	node build/conformance/podman.mjs

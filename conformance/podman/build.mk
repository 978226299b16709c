# The real Podman on top of a runtime: `make podman` or `node build/conformance/podman.mjs --runtime PATH`.
.PHONY: podman
podman: all build/conformance/podman.mjs  ## drive build/chos-runtime with the real Podman, beside crun (root)
	node build/conformance/podman.mjs

# The real containerd on top of a runtime: `make containerd` or `node build/conformance/containerd.mjs --runtime PATH`.
.PHONY: containerd
containerd: all build/conformance/containerd.mjs  ## drive build/chos-runtime with the real containerd (root)
	node build/conformance/containerd.mjs

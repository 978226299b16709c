# The real containerd on top of a runtime: `make containerd` or `node build/conformance/containerd.mjs --runtime PATH`.
build/conformance/containerd.mjs: $(wildcard conformance/containerd/*.ts conformance/suite/*.ts)
	@mkdir -p $(@D)
	node_modules/.bin/esbuild conformance/containerd/main.ts --bundle --platform=node --format=esm --packages=external --log-level=warning --outfile=$@

.PHONY: containerd
containerd: all build/conformance/containerd.mjs  ## drive build/chos-runtime with the real containerd (root)
	node build/conformance/containerd.mjs

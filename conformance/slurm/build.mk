# The real Slurm on top of a runtime: `make slurm` or `node build/conformance/slurm.mjs --runtime PATH`.
build/conformance/slurm.mjs: $(wildcard conformance/slurm/*.ts conformance/suite/*.ts)
	@mkdir -p $(@D)
	node_modules/.bin/esbuild conformance/slurm/main.ts --bundle --platform=node --format=esm --packages=external --log-level=warning --outfile=$@

.PHONY: slurm
slurm: all build/conformance/slurm.mjs  ## drive build/chos-runtime with the real Slurm (root)
	node build/conformance/slurm.mjs

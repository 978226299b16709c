# The real Slurm on top of a runtime: `make slurm` or `node build/conformance/slurm.mjs --runtime PATH`.
.PHONY: slurm
slurm: all build/conformance/slurm.mjs  ## drive build/chos-runtime with the real Slurm (root)
	node build/conformance/slurm.mjs

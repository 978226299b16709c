# Each system call denied, one at a time: `make seccomp-table` or `node build/conformance/seccomp-table.mjs [--runtime PATH] [--only PATTERN]`.
build/conformance/seccomp-table.mjs: $(wildcard conformance/seccomp-table/*.ts conformance/suite/*.ts) spec/syscall-numbers/x86-64.ts
	@mkdir -p $(@D)
	node_modules/.bin/esbuild conformance/seccomp-table/main.ts --bundle --platform=node --format=esm --packages=external --log-level=warning --outfile=$@

.PHONY: seccomp-table
seccomp-table: all build/conformance/seccomp-table.mjs  ## deny each system call in turn, start all the same (root, about a minute)
	node build/conformance/seccomp-table.mjs

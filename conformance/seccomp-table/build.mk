# Each system call denied, one at a time: `make seccomp-table` or `node build/conformance/seccomp-table.mjs [--runtime PATH] [--only PATTERN]`.
.PHONY: seccomp-table
seccomp-table: all build/conformance/seccomp-table.mjs  ## deny each system call in turn, start all the same (root, about a minute)
	node build/conformance/seccomp-table.mjs

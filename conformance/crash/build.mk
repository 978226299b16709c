# Crash safety and injected faults. Included by the top Makefile; runs from the top directory. Needs root; nothing is left on the host.
.PHONY: crash
crash: build/conformance/crash.mjs build/chos-runtime build/chos-runtime-debug build/chos-runtime.cjs ## kill every command at every step
	node $<

# `make test` has sixty and a hundred of them.
ALIVE ?= 500
RUNS ?= 10000
.PHONY: leaks
leaks: build/conformance/crash.mjs build/chos-runtime build/chos-runtime-debug build/chos-runtime.cjs ## ALIVE containers at once, RUNS one after the other, as root and as a user: what is left, and the last start beside the first
	LEAKS_ALIVE=$(ALIVE) LEAKS_RUNS=$(RUNS) node $< --leaks

# Crash safety and injected faults. Included by the top Makefile; runs from the top directory. Needs root; nothing is left on the host.
.PHONY: crash
crash: build/conformance/crash.mjs build/chos-runtime build/chos-runtime-debug build/chos-runtime.cjs ## kill every command at every step
	node $<

# Crash safety and injected faults. Included by the top Makefile; runs from the top directory. Needs root; nothing is left on the host.
CRASH_SOURCES = $(wildcard conformance/crash/*.ts conformance/fuzz/random.ts conformance/suite/*.ts) $(RUNTIME_SOURCES)

build/conformance/crash.mjs: $(CRASH_SOURCES) $(RUNTIME_GENERATED)
	@mkdir -p $(@D)
	node_modules/.bin/esbuild conformance/crash/main.ts --bundle --platform=node --format=esm --packages=external --log-level=warning --outfile=$@

.PHONY: crash
crash: build/conformance/crash.mjs build/chos-runtime build/chos-runtime-debug build/chos-runtime.cjs ## kill every command at every step
	node $<

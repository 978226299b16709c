# Fuzzing of config.json and of launch programs. Included by the top Makefile; runs from the top directory. Needs root.
FUZZ_SOURCES = $(wildcard conformance/fuzz/*.ts conformance/crash/*.ts conformance/suite/*.ts) $(RUNTIME_SOURCES)

build/conformance/fuzz.mjs: $(FUZZ_SOURCES) $(RUNTIME_GENERATED)
	@mkdir -p $(@D)
	node_modules/.bin/esbuild conformance/fuzz/main.ts --bundle --platform=node --format=esm --packages=external --log-level=warning --outfile=$@

.PHONY: fuzz
fuzz: build/conformance/fuzz.mjs build/chos-runtime build/chos-runtime-debug build/chos-runtime.cjs ## random config.json and broken programs, FUZZ_SECONDS (50), FUZZ_SEED
	node $<

# Fuzzing of config.json and of launch programs. Included by the top Makefile; runs from the top directory. Needs root.
.PHONY: fuzz
fuzz: build/conformance/fuzz.mjs build/chos-runtime build/chos-runtime-debug build/chos-runtime.cjs ## random config.json and broken programs, FUZZ_SECONDS (50), FUZZ_SEED
	node $<

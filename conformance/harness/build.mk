# The program of a part, in one file. What else it needs when it runs stands in the build.mk of the part. Included by the top Makefile.
CONFORMANCE_SOURCES := $(shell find conformance -name '*.ts' -not -name '*.test.ts')

build/conformance/%.mjs: conformance/%/main.ts $(CONFORMANCE_SOURCES) $(RUNTIME_SOURCES) $(GENERATED) node_modules/.package-lock.json
	@mkdir -p $(@D)
	$(BUNDLE) $< --outfile=$@

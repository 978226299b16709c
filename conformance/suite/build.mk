# The page is made of the table of requirements and of what was recorded: `make conformance-record` needs root, and the newest releases of the peers by path.
.PHONY: docs/conformance.md
docs/conformance.md: node_modules/.package-lock.json  ## write the table of conformance anew
	$(call run-tool,conformance/suite/write-conformance-page.ts)

NEWEST ?=
RECORDED = build/chos-runtime /usr/bin/crun /usr/sbin/runc $(NEWEST)
.PHONY: conformance-record
conformance-record: all build/conformance/suite.mjs  ## run what the table of conformance names as every caller (NEWEST="PATH/crun-new PATH/runc-new"), and write it anew
	for caller in root user userns; do \
		node build/conformance/suite.mjs --required --as $$caller --record conformance/suite/record.json $(foreach r,$(RECORDED),--runtime $(r)) || true; \
	done
	$(MAKE) --no-print-directory docs/conformance.md

# Not part of `make test`: a build for each defence takes minutes. That the edits still find their places is a unit test.
.PHONY: flaws
flaws: all build/conformance/suite.mjs build/conformance/flaws.mjs  ## take out each defence against a known flaw in turn, and see its case fail (root, some minutes; FLAWS=PATTERN)
	node build/conformance/flaws.mjs $(FLAWS)

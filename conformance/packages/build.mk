# The Debian packages in bare Debian 12 and 13: `make test-packages` or `node build/conformance/packages.mjs` (ONLY=PATTERN).
.PHONY: test-packages
test-packages: packages all hooks build/man/.made build/conformance/packages.mjs  ## build the Debian packages, install, upgrade and purge them in bare Debian 12 and 13 (root)
	node build/conformance/packages.mjs

# The virtual machine lab (docs/vm.md). Included by the top Makefile.
KERNEL ?= 6.12
RUN ?=

# The cases run the build that is in build/vm, and the modules of the kernel link.
build/conformance/vm.mjs: build/vm/.made build/kernel-link/6.1/.made build/kernel-link/6.12/.made
build/conformance/vm-run.mjs: $(CONFORMANCE_SOURCES) node_modules/.package-lock.json
	$(BUNDLE) conformance/vm/run.ts --outfile=$@

# The working tree's build as it is installed, for the Node of the lab's machines.
build/vm/.made: build/chos-runtime build/chos-runtime.cjs build/man/.made conformance/vm/build.mk
	rm -rf build/vm/tree
	$(MAKE) --no-print-directory install DESTDIR=$(CURDIR)/build/vm/tree PREFIX=/usr/local NODE=/usr/bin/node >/dev/null
	@touch $@

.PHONY: vm vm-shell
vm: build/vm/.made build/conformance/vm-run.mjs  ## run RUN=script in a virtual machine with KERNEL=6.1 or 6.12 (docs/vm.md)
	$(if $(RUN),,$(error RUN=path/to/script is missing; an interactive shell: make vm-shell))
	@node build/conformance/vm-run.mjs $(KERNEL) $(RUN)

vm-shell: build/vm/.made build/conformance/vm-run.mjs  ## a shell in a virtual machine with KERNEL=6.1 or 6.12; `exit` ends it
	@node build/conformance/vm-run.mjs $(KERNEL)

.PHONY: test-vm
test-vm: build/conformance/vm.mjs
	node build/conformance/vm.mjs

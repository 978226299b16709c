# The virtual machine lab (docs/vm.md). Included by the top Makefile.
KERNEL ?= 6.12
RUN ?=

# The cases run the build that is in build/vm, and the modules of the kernel link.
build/conformance/vm.mjs: build/vm/.made build/conformance/hooks.mjs build/vm/chos-runtime-debug build/vm/chos-runtime-patient build/vm/outside build/kernel-link/cases $(LAB_KERNELS:%=build/kernel-link/%/.made)
build/conformance/vm-run.mjs: $(CONFORMANCE_SOURCES) node_modules/.package-lock.json
	$(BUNDLE) conformance/vm/run.ts --outfile=$@

# The working tree's build as it is installed, for the Node of the lab's machines.
build/vm/.made: build/chos-runtime build/chos-runtime.cjs build/chos build/chos-login $(PAM_MODULE) $(HOOKS) $(HOOK_DEFINITIONS) build/man/.made build/vm/spank_chos.so conformance/vm/build.mk
	rm -rf build/vm/tree
	$(MAKE) --no-print-directory install DESTDIR=$(CURDIR)/build/vm/tree PREFIX=/usr/local NODE=/usr/bin/node >/dev/null
	install -s -m 644 build/vm/spank_chos.so build/vm/tree/usr/local/lib/chos-runtime/
	@touch $@

# The plugin for the machine's Slurm, which is of another release than that of this host, if it has one; anew with a new root.
build/vm/spank_chos.so: private SPANK_CFLAGS += -isystem "$$(conformance/vm/root)/include"
build/vm/spank_chos.so: $(SPANK_SOURCES) $(wildcard $(SLURM)/*.h $(PAM)/*.h $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/chos-runtime/vm/root-*/include) conformance/vm/root
	@mkdir -p $(@D)
	$(call link-spank,/usr/local/lib/chos-runtime/chos-login)

# The engine that can be stopped at a step, for the place where the machine has the build.
build/vm/chos-runtime-debug: private NODE = /usr/bin/node
build/vm/chos-runtime-debug: private COMPILER = /usr/local/lib/chos-runtime/chos-runtime.cjs
build/vm/chos-runtime-debug: $(ENGINE_SOURCES) $(ENGINE_DEBUG) $(ENGINE_HEADERS) $(ENGINE_TABLES) build/vm/.made
	$(call link-engine,$(CC),-DENGINE_DEBUG,$(ENGINE_DEBUG))

# The engine that waits for a service until it answers: an emulated machine is slower than any of its deadlines.
build/vm/chos-runtime-patient: private NODE = /usr/bin/node
build/vm/chos-runtime-patient: private COMPILER = /usr/local/lib/chos-runtime/chos-runtime.cjs
build/vm/chos-runtime-patient: $(ENGINE_SOURCES) $(ENGINE_HEADERS) $(ENGINE_TABLES) build/vm/.made
	$(call link-engine,$(CC),$(PATIENT),)

# The program of the suite that does what callers do, for a machine without its C library.
build/vm/outside: conformance/reporter/outside.c
	@mkdir -p $(@D)
	gcc -static -std=c11 -D_GNU_SOURCE -O1 -o $@ $<

.PHONY: vm vm-shell
vm: build/vm/.made build/conformance/vm-run.mjs  ## run RUN=script in a virtual machine with KERNEL=6.1, 6.12 or sid (docs/vm.md)
	$(if $(RUN),,$(error RUN=path/to/script is missing; an interactive shell: make vm-shell))
	@node build/conformance/vm-run.mjs $(KERNEL) $(RUN)

vm-shell: build/vm/.made build/conformance/vm-run.mjs  ## a shell in a virtual machine with KERNEL=6.1, 6.12 or sid; `exit` ends it
	@node build/conformance/vm-run.mjs $(KERNEL)

.PHONY: test-newest-kernel
test-newest-kernel: build/conformance/vm.mjs build/kernel-link/sid/.made  ## the cases that depend on the kernel most, and the module's, with the newest kernel of Debian's sid
	node build/conformance/vm.mjs --kernel sid

.PHONY: test-vm
test-vm: build/conformance/vm.mjs
	node build/conformance/vm.mjs

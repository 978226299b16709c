# Tests of the kernel module: included by the top Makefile. `node build/conformance/kernel-link.mjs` runs them, in virtual machines.
KERNEL_LINK := conformance/kernel-link
KERNEL_LINK_FLAGS := -std=gnu11 -D_GNU_SOURCE -O2 -static -pthread -Wall -Wextra -Werror

build/kernel-link/cases: $(wildcard $(KERNEL_LINK)/*.[ch]) kmod/uapi/linux/chos.h
	@mkdir -p $(@D)
	$(CC) $(KERNEL_LINK_FLAGS) -o $@ $(wildcard $(KERNEL_LINK)/*.c)

build/kernel-link/bench: $(KERNEL_LINK)/bench/bench.c kmod/uapi/linux/chos.h
	@mkdir -p $(@D)
	$(CC) $(KERNEL_LINK_FLAGS) -o $@ $<

# For each kernel of the lab: the modules as they are installed, with their self tests, and the one to measure against.
build/kernel-link/%/.made: $(KMOD_SOURCES) $(wildcard $(KERNEL_LINK)/plain-link/*) conformance/vm/headers
	$(call build-kmod,"$$(conformance/vm/headers $*)",$(@D)/product,)
	$(call build-kmod,"$$(conformance/vm/headers $*)",$(@D)/self-test,CHOS_SELF_TEST=y >/dev/null)
	rm -rf $(@D)/plain-link && cp -r $(KERNEL_LINK)/plain-link $(@D)/
	$(MAKE) --no-print-directory -C "$$(conformance/vm/headers $*)" M=$(abspath $(@D)/plain-link) modules >/dev/null
	mv $(@D)/plain-link/plain_link.ko $(@D)/product/
	strip --strip-debug $(@D)/*/*.ko
	@touch $@

build/conformance/kernel-link.mjs: $(wildcard $(KERNEL_LINK)/*.sh) build/kernel-link/cases build/kernel-link/bench $(LAB_KERNELS:%=build/kernel-link/%/.made)

.PHONY: test-kernel-link bench-kernel-link
test-kernel-link: build/conformance/kernel-link.mjs
	node build/conformance/kernel-link.mjs
bench-kernel-link: build/conformance/kernel-link.mjs
	node build/conformance/kernel-link.mjs --bench

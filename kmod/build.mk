# The kernel module (docs/kernel-link.md). Included by the top Makefile.
KERNEL_DIR ?= /lib/modules/$(shell uname -r)/build
# Those of the virtual machine lab (docs/vm.md).
LAB_KERNELS := 6.1 6.12
KMOD_SOURCES := $(shell find kmod -name '*.[ch]' -not -name '*.mod.c') kmod/Kbuild
DKMS_DIR := $(DESTDIR)/usr/src/chos-$(CHOS_VERSION)

# Kbuild writes beside the sources, so each kernel gets a copy of them. $(1): kernel directory, $(2): where, $(3): more arguments.
define build-kmod
rm -rf $(2)
mkdir -p $(2)
cp -r kmod/. $(2)
$(MAKE) --no-print-directory -C $(1) M=$(abspath $(2)) $(3) modules
endef

.PHONY: kmod kmod-install kmod-uninstall kmod-check
kmod:  ## build the kernel modules for KERNEL_DIR (default: the running kernel's headers) into build/kmod
	$(call build-kmod,$(KERNEL_DIR),build/kmod,)

kmod-install:  ## install the modules' sources for DKMS, the boot files and the header below $(DESTDIR)
	install -d $(DKMS_DIR) $(DESTDIR)/etc/modprobe.d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(PREFIX)/include/linux
	cp -r kmod/Kbuild kmod/version.h kmod/link kmod/chos kmod/compat kmod/uapi $(DKMS_DIR)
	sed 's/@VERSION@/$(CHOS_VERSION)/' kmod/dkms.conf >$(DKMS_DIR)/dkms.conf
	sed 's|@BIN@|$(PREFIX)/bin|' kmod/boot/chos-trees.service >$(DESTDIR)$(UNITDIR)/chos-trees.service
	test -e $(DESTDIR)/etc/modprobe.d/chos.conf || install -m 644 kmod/boot/modprobe.conf $(DESTDIR)/etc/modprobe.d/chos.conf
	install -m 644 kmod/uapi/linux/chos.h $(DESTDIR)$(PREFIX)/include/linux/chos.h
	$(if $(DESTDIR),,command -v dkms >/dev/null || { echo 'kmod-install: dkms is not installed: apt-get install dkms' >&2; exit 1; })
	$(if $(DESTDIR),,dkms install --force chos/$(CHOS_VERSION))

# The settings in modprobe.d are the administrator's by now and stay.
kmod-uninstall:  ## remove what `make kmod-install` has installed; a loaded module stays until rmmod
	$(if $(DESTDIR),,! command -v dkms >/dev/null || dkms remove chos/$(CHOS_VERSION) --all || true)
	$(if $(DESTDIR),,! systemctl -q is-enabled chos-trees.service 2>/dev/null || systemctl disable chos-trees.service)
	rm -rf $(DKMS_DIR)
	rm -f $(DESTDIR)$(UNITDIR)/chos-trees.service $(DESTDIR)$(PREFIX)/include/linux/chos.h

# Every kernel and both architectures, warnings and sparse; the module's version is the package's.
kmod-check:  ## build the kernel modules for the lab's kernels with all warnings and sparse (NEWEST_KERNEL=sid: for that, too)
	grep -q '"$(CHOS_VERSION)"' kmod/version.h
	for kernel in $(LAB_KERNELS) $(NEWEST_KERNEL); do for architecture in amd64 arm64; do \
		$(MAKE) --no-print-directory kmod-check-one KERNEL_DIR="$$(conformance/vm/headers $$kernel $$architecture)" \
			INTO=build/kmod-check/$$kernel-$$architecture; done; done

.PHONY: kmod-check-one
kmod-check-one:
	@rm -rf $(INTO) && mkdir -p $(INTO) && cp -r kmod/. $(INTO)
	@$(MAKE) --no-print-directory -C $(KERNEL_DIR) M=$(abspath $(INTO)) W=1 C=2 modules >$(INTO)/log 2>&1 || { cat $(INTO)/log; exit 1; }
	@! grep -E 'warning: |error: ' $(INTO)/log | grep -vE 'the compiler differs|pahole version'
	@! command -v sparse >/dev/null || grep -q CHECK $(INTO)/log
	@echo "kmod: $(INTO): no warnings"

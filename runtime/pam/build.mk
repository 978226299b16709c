# The PAM module, and the program that it asks. Included by the top Makefile; runs from the top directory.
#   PAM_LOGIN  the absolute path of that program, compiled into the module; that of `make install` differs

PAM := runtime/pam
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
# Where Debian's libpam looks, whatever the prefix is; what is installed for a try stays below its prefix.
PAMDIR ?= $(if $(filter /usr /usr/local,$(PREFIX)),/usr,$(PREFIX))/lib/$(MULTIARCH)/security
PAM_LOGIN ?= $(CURDIR)/build/chos-login
# Without libpam's headers (libpam0g-dev) there is no module.
PAM_MODULE := $(if $(wildcard /usr/include/security/pam_modules.h),build/pam_chos.so)
PAM_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O2 -fPIC -fvisibility=hidden -fstack-protector-strong -D_FORTIFY_SOURCE=2 $(ENGINE_WARNINGS)
PAM_LOGIN_SOURCES := $(ENGINE)/start.S $(ENGINE_BASE) $(addprefix $(ENGINE)/chos/,memory.c public.c nearest.c pattern.c account.c trees.c choice.c environment.c entries.c generations.c) \
	$(HOOK_FRAME) hooks/chos-environment/generation.c $(wildcard $(PAM)/login/*.c)
PAM_LOGIN_CFLAGS = $(HOOK_CFLAGS) -I$(ENGINE)/chos -Ihooks/chos-environment

all: $(PAM_MODULE)

define link-pam
	$(CC) $(PAM_CFLAGS) -DLOGIN_PATH='"$(1)"' -shared -Wl,-z,relro,-z,now,-z,noexecstack,-z,defs -o $@ $(wildcard $(PAM)/*.c) -lpam
endef

build/chos-login: $(PAM_LOGIN_SOURCES) $(HOOK_HEADERS) $(ENGINE_HEADERS) $(wildcard hooks/chos-environment/*.h) $(ENGINE_TABLES) $(PAM)/build.mk
	$(CC) $(PAM_LOGIN_CFLAGS) $(ENGINE_LDFLAGS) -Wl,--gc-sections $(PAM_LOGIN_SOURCES) $(ENGINE_TABLES) -o $@
	@! readelf --relocs --wide $@ | grep -q R_ || { echo '$@ needs relocations'; rm -f $@; false; }

build/pam_chos.so: $(wildcard $(PAM)/*.c $(PAM)/*.h) $(PAM)/build.mk build/chos-login
	$(call link-pam,$(PAM_LOGIN))

.PHONY: build/install/pam_chos.so
build/install/pam_chos.so:
	@mkdir -p $(@D)
	$(call link-pam,$(PAM_LOGIN))

.PHONY: lint-pam
lint-pam: $(PAM_MODULE)
	mkdir -p build/lint-pam
	for file in $(wildcard $(PAM)/login/*.c); do $(CC) $(PAM_LOGIN_CFLAGS) -fanalyzer -c $$file -o build/lint-pam/$$(basename $$file).o || exit 1; done
	$(if $(PAM_MODULE),for file in $(wildcard $(PAM)/*.c); do $(CC) $(PAM_CFLAGS) -DLOGIN_PATH='"x"' -fanalyzer -c $$file -o build/lint-pam/$$(basename $$file).o || exit 1; done)

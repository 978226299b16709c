# The plugin for Slurm. Included by the top Makefile; runs from the top directory. Without Slurm's header (libslurm-dev) there is none; it belongs to the release of Slurm that
# the header is of.
SLURM := runtime/slurm
SPANK_PLUGIN := $(if $(wildcard /usr/include/slurm/spank.h),build/spank_chos.so)
SPANK_SOURCES := $(wildcard $(SLURM)/*.c) $(PAM)/ask.c $(PAM)/enter.c
SPANK_CFLAGS := $(filter-out -fvisibility=hidden -Wmissing-prototypes,$(PAM_CFLAGS))

all: $(SPANK_PLUGIN)

# Slurm has what is not defined.
define link-spank
	$(CC) $(SPANK_CFLAGS) -DLOGIN_PATH='"$(1)"' -shared -Wl,-z,relro,-z,now,-z,noexecstack,-Bsymbolic -o $@ $(SPANK_SOURCES)
endef

build/spank_chos.so: $(SPANK_SOURCES) $(wildcard $(SLURM)/*.h $(PAM)/*.h) $(SLURM)/build.mk build/chos-login
	$(call link-spank,$(PAM_LOGIN))

.PHONY: build/install/spank_chos.so
build/install/spank_chos.so:
	@mkdir -p $(@D)
	$(call link-spank,$(PAM_LOGIN))

.PHONY: lint-slurm
lint-slurm: $(SPANK_PLUGIN)
	mkdir -p build/lint-slurm
	$(if $(SPANK_PLUGIN),for file in $(wildcard $(SLURM)/*.c); do $(CC) $(SPANK_CFLAGS) -DLOGIN_PATH='"x"' -fanalyzer -c $$file -o build/lint-slurm/$$(basename $$file).o || exit 1; done)

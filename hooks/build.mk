# The hooks. Included by the top Makefile; runs from the top directory.

HOOK_NAMES := $(filter-out frame,$(notdir $(patsubst %/,%,$(wildcard hooks/*/))))
HOOK_FRAME := $(wildcard hooks/frame/*.c)
HOOK_HEADERS := $(wildcard hooks/frame/*.h) $(wildcard $(ENGINE)/base/*.h) build/gen/engine-tables.h
HOOK_CFLAGS = $(ENGINE_CFLAGS) -ffunction-sections -fdata-sections -Ihooks/frame
HOOKS := $(addprefix build/hooks/,$(HOOK_NAMES))
# For hooks.d; a hook may have several, NAME.json and NAME-STAGE.json.
HOOK_DEFINITIONS := $(addprefix build/hooks/,$(notdir $(filter-out %/settings.schema.json,$(wildcard hooks/*/*.json))))

.PHONY: hooks
hooks: $(HOOKS) $(HOOK_DEFINITIONS)  ## build the ready-made OCI hooks into build/hooks

.SECONDEXPANSION:
$(HOOKS): build/hooks/%: $$(wildcard hooks/%/*.c) $(ENGINE)/start.S $(ENGINE_BASE) $(HOOK_FRAME) $(HOOK_HEADERS) $(ENGINE_TABLES) hooks/build.mk
	@mkdir -p $(@D)
	$(CC) $(HOOK_CFLAGS) $(ENGINE_LDFLAGS) -Wl,--gc-sections $(ENGINE)/start.S $(ENGINE_BASE) $(HOOK_FRAME) $(wildcard hooks/$*/*.c) $(ENGINE_TABLES) -o $@
	@! readelf --relocs --wide $@ | grep -q R_ || { echo '$@ needs relocations'; rm -f $@; false; }

# Beside the programs, from where `chos-runtime hooks install` takes them.
$(HOOK_DEFINITIONS): build/hooks/%.json: $$(wildcard hooks/*/$$*.json)
	@mkdir -p $(@D)
	cp $< $@

# A piece of `make lint`: the static analyser.
.PHONY: lint-hooks
lint-hooks: $(HOOKS)
	mkdir -p build/lint-hooks
	for file in $(HOOK_FRAME) $(foreach name,$(HOOK_NAMES),$(wildcard hooks/$(name)/*.c)); do \
		$(CC) $(HOOK_CFLAGS) -fanalyzer -c $$file -o build/lint-hooks/$$(echo $$file | tr / -).o || exit 1; done

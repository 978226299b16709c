# chos-runtime: `make try` shows it at work, `make test` tests everything, `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

PREFIX ?= /usr/local
DESTDIR ?=
NODE ?= $(shell command -v node)
# The one that the installed runtime starts.
TARGET_NODE ?= $(NODE)
# What the installed compiler runs on: node, or bun, which makes one executable of it that needs no Node (make bun).
JAVASCRIPT ?= node
# The young generation holds one whole compilation (5 MB of records and steps), so that none is interrupted by its collection; baseline code costs more than it gives to
# what runs once; strings keep the hashes of Node's snapshot (except for large input, see runtime/host/foreseeable-hashes.ts). V8's code cache is
# bound to these flags. Code is optimized fifteen times later than by default: a compilation is over before that pays.
NODE_FLAGS ?= --min-semi-space-size=8 --no-sparkplug --no-rehash-snapshot --interrupt-budget=1000000
# Those of the service, which goes on: hashes of strings are seeded, code is optimized as usual. The young generation holds one compilation, and is cleared between two; where it was once collected in the middle of one, V8 would make all such objects old from the start, and collect those. What else is garbage is freed when nobody asks.
SERVICE_FLAGS ?= --min-semi-space-size=4 --max-semi-space-size=4 --v8-pool-size=1 --expose-gc --compact-on-every-full-gc --no-allocation-site-pretenuring
# V8's options come and go with its versions, and Node ends at one that it does not know.
accepted = $(shell known=$$($(NODE) --v8-options 2>/dev/null; $(NODE) --help 2>/dev/null); for flag in $(1); do \
	name=$$(echo "$$flag" | sed 's/=.*//; s/^--no-/--/'); case "$$known" in (*" $$name "* | *" $$name="*) echo "$$flag";; esac; done)
NODE_FLAGS := $(call accepted,$(NODE_FLAGS))
SERVICE_FLAGS := $(call accepted,$(SERVICE_FLAGS))
BIN := node_modules/.bin
BUNDLE := $(BIN)/esbuild --bundle --platform=node --format=esm --packages=external --log-level=warning
# Runs a tool of the build that is written in TypeScript.
run-tool = mkdir -p build/tools && $(BUNDLE) $(1) --outfile=build/tools/$(notdir $(basename $(1))).mjs && node build/tools/$(notdir $(basename $(1))).mjs

.PHONY: all
all: build/chos-runtime build/chos-runtime.cjs build/chos build/chos-login  ## build the runtime into build/, from where it runs in place

node_modules/.package-lock.json: package.json $(wildcard package-lock.json)
	# Not `npm ci`: it insists on lock entries for optional packages of other platforms, which not every registry carries.
	npm install --no-audit --no-fund --loglevel=error
	@touch $@

GENERATED := spec/generated/validators.js
# The schema of explain's JSON is written itself, from a table, and checks nothing.
$(GENERATED): $(filter-out spec/explain.schema.json,$(wildcard spec/oci/*.json spec/*.schema.json)) $(wildcard spec/generate/*.ts) node_modules/.package-lock.json
	$(call run-tool,spec/generate/types.ts)
	$(call run-tool,spec/generate/validators.ts)
	@touch $@

include runtime/entry/build.mk
include runtime/engine/build.mk
include hooks/build.mk
include runtime/pam/build.mk
include runtime/slurm/build.mk
include kmod/build.mk
include conformance/harness/build.mk $(filter-out conformance/harness/%,$(wildcard conformance/*/build.mk))
build/chos-runtime.cjs: $(GENERATED) node_modules/.package-lock.json
build/chos-runtime-code.cache build/chos-runtime-code.cjs: $(GENERATED)
$(ENGINE_TABLES): node_modules/.package-lock.json

# ---- Tests ----

UNIT_TESTS := $(shell find spec runtime hooks conformance -name '*.test.ts' -not -path '*/generated/*')
build/unit/.made: $(UNIT_TESTS) $(RUNTIME_SOURCES) $(shell find conformance -name '*.ts') $(GENERATED)
	rm -rf build/unit
	$(BUNDLE) $(UNIT_TESTS) --outdir=build/unit --outbase=. --out-extension:.js=.mjs
	@touch $@

TEST_PROGRAMS := build/unit/.made build/conformance/suite.mjs build/conformance/all.mjs \
	$(foreach part,seccomp-table trees pages hooks ci podman containerd slurm packages crash fuzz vm,$(if $(wildcard conformance/$(part)/main.ts),build/conformance/$(part).mjs))

.PHONY: test
test: packages all engine-for-tests lint $(TEST_PROGRAMS)  ## test everything (root); the last line counts; build/junit.xml
	node build/conformance/all.mjs $(PARTS)

.PHONY: packages
packages: node_modules/.package-lock.json  ## install the Debian packages that the tests call as real programs (root)
	@.ci/packages

.PHONY: unit
unit: all engine-for-tests build/unit/.made  ## unit tests only
	$(BIN)/uvu build/unit '\.test\.mjs$$'

.PHONY: golden
golden: all build/unit/.made  ## write the golden programs anew, for the eyes of `git diff`
	GOLDEN=write node build/unit/runtime/compile/golden/golden.test.mjs

# Always: what it is made of is spread over the tables, and writing it takes no time.
.PHONY: docs/options.md
docs/options.md: node_modules/.package-lock.json  ## write the page of options, properties and keys anew
	$(call run-tool,spec/generate/write-options-page.ts)

.PHONY: limits
limits: node_modules/.package-lock.json  ## write the lists of what this version refuses anew, in README.md and docs/compatibility.md
	$(call run-tool,spec/generate/write-limits.ts)

.PHONY: spec/explain.schema.json
spec/explain.schema.json: node_modules/.package-lock.json  ## write the schema of explain's JSON anew
	$(call run-tool,spec/generate/write-explain-schema.ts)

RUNTIME ?= build/chos-runtime
.PHONY: conformance
conformance: all build/conformance/suite.mjs  ## run the conformance suite on RUNTIME=/usr/sbin/runc (default: ours)
	node build/conformance/suite.mjs $(foreach r,$(RUNTIME),--runtime $(r))

.PHONY: bench
bench: all $(BENCH_TARGETS)  ## measure against crun, runc and the floor; writes build/bench/
	node build/conformance/bench.mjs $(BENCH_FLAGS)

.PHONY: lint
lint: $(GENERATED) lint-engine lint-hooks lint-pam lint-slurm  ## formatting, types, import directions, the C analyser
	$(BIN)/biome check --error-on-warnings
	$(BIN)/tsc -p .
	$(if $(wildcard .dependency-cruiser.cjs),$(BIN)/depcruise --config .dependency-cruiser.cjs spec runtime)

# ---- Installing ----

LIBEXEC := $(PREFIX)/lib/chos-runtime
MANDIR ?= $(PREFIX)/share/man
UNITDIR ?= $(PREFIX)/lib/systemd/system
USERUNITDIR ?= $(PREFIX)/lib/systemd/user
# Of what an administrator enables; chos-files.service is started by its path.
UNITS := chos-prepare.service chos-dashboard.service chos-files.path chos-files.service chos-runtime.socket chos-runtime.service
USER_UNITS := chos-runtime.socket chos-runtime.service
# Debian's zsh looks into another directory for packages.
ZSHDIR ?= $(PREFIX)/share/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
# What of koffi is read when it is used: not its sources.
KOFFI_FILES = koffi/package.json koffi/LICENSE.txt koffi/index.cjs $$(grep -L '^\#!' $$(find koffi/src -name '*.cjs')) \
	$$(find @koromix/* -name package.json -o -name index.js -o -name koffi.node)

# What is started meanwhile finds the file of before or the new one, never a part: $(call place,OPTIONS,FILES,DIRECTORY).
place = for file in $(2); do install $(1) $$file $(3)/.new && mv -f $(3)/.new $(3)/$${file\#\#*/} || exit 1; done

build/man/.made: $(wildcard spec/recipes/*.json spec/*.schema.json) spec/commands.ts spec/chos-command.ts spec/pam-chos.ts $(wildcard spec/commands/*.ts) $(wildcard spec/generate/*.ts) package.json node_modules/.package-lock.json
	@mkdir -p build/tools
	$(BUNDLE) spec/generate/write-pages.ts --outfile=build/tools/write-pages.mjs
	node build/tools/write-pages.mjs build/man $(CHOS_VERSION)
	@touch $@

.PHONY: install
install: all hooks build/man/.made  ## install below $(DESTDIR)$(PREFIX)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(LIBEXEC) $(DESTDIR)$(MANDIR)/man8 $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man1 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/chos-runtime
	install -m 644 spec/explain.schema.json spec/doctor.schema.json spec/who.schema.json spec/tree-list.schema.json $(DESTDIR)$(PREFIX)/share/chos-runtime
	install -m 644 build/man/*.8 $(DESTDIR)$(MANDIR)/man8
	install -m 644 build/man/*.5 $(DESTDIR)$(MANDIR)/man5
	install -m 644 build/man/chos.1 build/man/chos-job-starter.1 $(DESTDIR)$(MANDIR)/man1
	install -m 644 build/man/chos-runtime.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/chos-runtime
	install -m 644 build/man/chos.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/chos
	install -d $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR)
	install -m 644 build/man/_chos build/man/_chos-runtime $(DESTDIR)$(ZSHDIR)
	install -m 644 build/man/chos.fish build/man/chos-runtime.fish $(DESTDIR)$(FISHDIR)
ifeq ($(JAVASCRIPT),bun)
	$(MAKE) --no-print-directory bun
	$(call place,-m 755,build/bun/chos-compiler,$(DESTDIR)$(LIBEXEC))
else
	$(call place,-m 644,$(RUNTIME_FILES) build/warm-up.cjs,$(DESTDIR)$(LIBEXEC))
endif
	install -d $(DESTDIR)$(LIBEXEC)/hooks
	$(call place,-m 755,$(HOOKS),$(DESTDIR)$(LIBEXEC)/hooks)
	$(call place,-m 644,$(HOOK_DEFINITIONS),$(DESTDIR)$(LIBEXEC)/hooks)
	$(MAKE) --no-print-directory build/install/chos-runtime $(if $(filter bun,$(JAVASCRIPT)),COMPILER=$(LIBEXEC)/chos-compiler NODE=$(LIBEXEC)/chos-compiler NODE_FLAGS= SERVICE_FLAGS=, \
		COMPILER=$(LIBEXEC)/chos-runtime.cjs NODE=$(TARGET_NODE))
	$(call place,-m 755,build/install/chos-runtime build/chos,$(DESTDIR)$(PREFIX)/bin)
	ln -sf chos $(DESTDIR)$(PREFIX)/bin/chos-job-starter
	$(call place,-m 755,build/chos-login,$(DESTDIR)$(LIBEXEC))
ifneq ($(PAM_MODULE),)
	$(MAKE) --no-print-directory build/install/pam_chos.so PAM_LOGIN=$(LIBEXEC)/chos-login
	install -d $(DESTDIR)$(PAMDIR)
	$(call place,-s -m 644,build/install/pam_chos.so,$(DESTDIR)$(PAMDIR))
endif
ifneq ($(SPANK_PLUGIN),)
	$(MAKE) --no-print-directory build/install/spank_chos.so PAM_LOGIN=$(LIBEXEC)/chos-login
	$(call place,-s -m 644,build/install/spank_chos.so,$(DESTDIR)$(LIBEXEC))
endif
	cd node_modules && for file in $(KOFFI_FILES); do to=$(DESTDIR)$(LIBEXEC)/node_modules/$$file; install -D -m 644 $$file $$to.new && mv -f $$to.new $$to || exit 1; done
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(USERUNITDIR)
	for unit in $(UNITS); do sed 's|@BIN@|$(PREFIX)/bin|' runtime/boot/$$unit >$(DESTDIR)$(UNITDIR)/$$unit || exit 1; done
	for unit in $(USER_UNITS); do sed 's|@BIN@|$(PREFIX)/bin|' runtime/boot/user/$$unit >$(DESTDIR)$(USERUNITDIR)/$$unit || exit 1; done

# What runs goes on: the engine is in memory, and stored programs need nothing but an engine to run them. The compiler's service would be asked for files that are gone.
.PHONY: uninstall
uninstall:  ## remove what `make install` has installed below $(DESTDIR)$(PREFIX); the module: make kmod-uninstall
	$(if $(DESTDIR),,for unit in $(UNITS); do ! systemctl -q is-enabled $$unit 2>/dev/null || systemctl disable $$unit; done; systemctl stop chos-runtime.socket chos-runtime.service 2>/dev/null || :)
	rm -f $(DESTDIR)$(PREFIX)/bin/chos-runtime $(DESTDIR)$(PREFIX)/bin/chos $(DESTDIR)$(PREFIX)/bin/chos-job-starter $(DESTDIR)$(MANDIR)/man1/chos.1 $(DESTDIR)$(MANDIR)/man1/chos-job-starter.1 $(DESTDIR)$(PAMDIR)/pam_chos.so $(DESTDIR)$(MANDIR)/man8/pam_chos.8 $(addprefix $(DESTDIR)$(UNITDIR)/,$(UNITS)) $(addprefix $(DESTDIR)$(USERUNITDIR)/,$(USER_UNITS)) \
		$(DESTDIR)$(MANDIR)/man5/chos.d.5 $(DESTDIR)$(MANDIR)/man5/chos-recipes.d.5 $(DESTDIR)$(MANDIR)/man8/chos-runtime.8 $(DESTDIR)$(MANDIR)/man8/chos-runtime-*.8 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/chos-runtime $(DESTDIR)$(PREFIX)/share/bash-completion/completions/chos \
		$(DESTDIR)$(ZSHDIR)/_chos $(DESTDIR)$(ZSHDIR)/_chos-runtime $(DESTDIR)$(FISHDIR)/chos.fish $(DESTDIR)$(FISHDIR)/chos-runtime.fish
	rm -rf $(DESTDIR)$(LIBEXEC) $(DESTDIR)$(PREFIX)/share/chos-runtime

# ---- Packages ----

build/deb/$(CHOS_PACKED): always
	@mkdir -p $(@D)
	npm pack --silent --ignore-scripts --pack-destination $(@D) >/dev/null

# Built in what `npm pack` packs, with the tools of this folder; what is installed there is what the packages hold. The date of a version is that of its last commit.
.PHONY: deb
deb: node_modules/.package-lock.json build/deb/$(CHOS_PACKED)  ## build the Debian packages into build/deb (packages debhelper, dh-dkms, libpam0g-dev)
	rm -rf build/deb/package build/deb/*.deb build/deb/*.buildinfo build/deb/*.changes
	tar -C build/deb -xf build/deb/$(CHOS_PACKED)
	cp -r .debian build/deb/package/debian
	cp -al node_modules build/deb/package
	printf 'chos-runtime (%s) unstable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- %s  %s\n' '$(CHOS_VERSION)' \
		"$$(sed -n 's/^Maintainer: //p' .debian/control)" "$$(git log -1 --format=%cD 2>/dev/null || date -R)" >build/deb/package/debian/changelog
	cd build/deb/package && env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS dpkg-buildpackage --build=binary --no-sign -d --no-check-builddeps >../log 2>&1 || { tail -40 ../log; false; }
	@ls build/deb/*.deb

.PHONY: print-node-flags
print-node-flags:
	@echo '$(NODE_FLAGS)'

# The same engine with the installed paths in it.
.PHONY: build/install/chos-runtime
build/install/chos-runtime: $(ENGINE_SOURCES) $(ENGINE_HEADERS) $(ENGINE_TABLES)
	@mkdir -p $(@D)
	$(call link-engine,$(CC),,)

.PHONY: try
try: packages all  ## build, make a Debian 13 tree, start a command in it, tell what it took
	@.ci/try

.PHONY: clean
clean:  ## remove what was built
	rm -rf build spec/generated

.PHONY: help
help:  ## this list
	@grep -hE '^[a-z][a-z-]*:.*  ## ' $(MAKEFILE_LIST) | sed -E 's/:.*  ## /\t/' | sort | column -t -s "$$(printf '\t')"

# The engine. Included by the top Makefile; runs from the top directory.
#   NODE, COMPILER  absolute paths compiled into the command; those of `make install` differ

COMPILER ?= $(CURDIR)/build/chos-runtime.cjs
PREFIX ?= /usr/local
CC ?= cc
CROSS_CC ?= aarch64-linux-gnu-gcc

ENGINE := runtime/engine
# Three storeys: each uses those before it, and no two files use each other (lint-engine).
ENGINE_BASE := $(addprefix $(ENGINE)/base/,process.c memory.c text.c report.c)
ENGINE_VM := $(addprefix $(ENGINE)/vm/,bounds.c image.c format.c validate.c operands.c warnings.c failure.c scan.c trim.c message.c wait.c \
	supervise.c resolve.c directory.c copy-tree.c remove-tree.c groups.c walk.c run.c)
ENGINE_DOOR := $(addprefix $(ENGINE)/door/,log.c input.c sealed.c trust.c state-root.c usual.c frontdoor.c attached.c stored.c signals.c patience.c ask.c answer.c warm.c asker.c nameless.c reuse.c names.c question.c looks.c again.c compiler.c main.c)
ENGINE_SOURCES := $(ENGINE)/start.S $(ENGINE_BASE) $(ENGINE_VM) $(ENGINE_DOOR)
# The command of users: the machine with a front door of its own.
CHOS_DOOR := $(addprefix $(ENGINE)/chos/,memory.c public.c nearest.c pattern.c path.c account.c entries.c generations.c trees.c choice.c session.c environment.c conf.c start.c enter.c job.c main.c)
CHOS_SOURCES := $(ENGINE)/start.S $(ENGINE_BASE) $(ENGINE_VM) $(CHOS_DOOR)
ENGINE_DEBUG := $(ENGINE)/vm/trace.c $(ENGINE)/door/debug.c
ENGINE_TABLES := build/gen/engine-tables.c
ENGINE_HEADERS := $(wildcard $(ENGINE)/*/*.h) build/gen/engine-tables.h
ENGINE_WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion -Werror
# Position independent, but without relocations of its own (checked below): it starts at its first instruction.
ENGINE_CFLAGS := -std=c11 -Os -ffreestanding -fpie -fno-stack-protector -fno-asynchronous-unwind-tables \
	-fno-unwind-tables -fno-tree-loop-distribute-patterns -fno-ident -Ibuild/gen -I$(ENGINE)/base -I$(ENGINE)/vm $(ENGINE_WARNINGS)
ENGINE_LDFLAGS := -nostdlib -nostartfiles -static-pie -Wl,-z,norelro,-z,separate-code,-z,noexecstack,--build-id=none,-s
ENGINE_PATHS = -DNODE_PATH='"$(NODE)"' -DCOMPILER_PATH='"$(COMPILER)"' \
	$(if $(NODE_FLAGS),-DNODE_FLAGS='$(foreach flag,$(NODE_FLAGS),"$(flag)\0")') \
	$(if $(SERVICE_FLAGS),-DSERVICE_FLAGS='$(foreach flag,$(SERVICE_FLAGS),"$(flag)\0")')

define link-engine
	$(1) $(ENGINE_CFLAGS) $(2) $(ENGINE_PATHS) $(ENGINE_LDFLAGS) $(ENGINE_SOURCES) $(3) $(ENGINE_TABLES) -o $@
	@! readelf --relocs --wide $@ | grep -q R_ || { echo '$@ needs relocations'; rm -f $@; false; }
endef

define link-chos
	$(1) $(ENGINE_CFLAGS) $(2) -DCHOS_VERSION='"$(CHOS_VERSION)"' $(ENGINE_LDFLAGS) $(CHOS_SOURCES) $(3) $(ENGINE_TABLES) -o $@
	@! readelf --relocs --wide $@ | grep -q R_ || { echo '$@ needs relocations'; rm -f $@; false; }
endef

$(ENGINE_TABLES) build/gen/engine-tables.h &: spec/generate/c-header.ts $(wildcard spec/generate/c-*.ts spec/*.ts spec/commands/*.ts)
	node_modules/.bin/esbuild $< --bundle --platform=node --format=esm --packages=external --log-level=warning --outfile=build/tools/c-header.mjs
	node build/tools/c-header.mjs

build/chos-runtime: $(ENGINE_SOURCES) $(ENGINE_HEADERS) $(ENGINE_TABLES) $(ENGINE)/build.mk build/gen/node
	$(call link-engine,$(CC),,)

build/bun/chos-runtime: private NODE = $(CURDIR)/build/bun/chos-compiler
build/bun/chos-runtime: private COMPILER = $(CURDIR)/build/bun/chos-compiler
build/bun/chos-runtime: private NODE_FLAGS =
build/bun/chos-runtime: private SERVICE_FLAGS =
build/bun/chos-runtime: $(ENGINE_SOURCES) $(ENGINE_HEADERS) $(ENGINE_TABLES) $(ENGINE)/build.mk
	@mkdir -p $(@D)
	$(call link-engine,$(CC),,)

build/chos-runtime-debug: $(ENGINE_SOURCES) $(ENGINE_DEBUG) $(ENGINE_HEADERS) $(ENGINE_TABLES) $(ENGINE)/build.mk build/gen/node
	$(call link-engine,$(CC),-DENGINE_DEBUG,$(ENGINE_DEBUG))

build/chos: $(CHOS_SOURCES) $(ENGINE_HEADERS) $(ENGINE_TABLES) $(ENGINE)/build.mk package.json
	$(call link-chos,$(CC),,)

# CHOS_PUBLIC names another place than /run/chos.
build/chos-debug: $(CHOS_SOURCES) $(ENGINE)/vm/trace.c $(ENGINE_HEADERS) $(ENGINE_TABLES) $(ENGINE)/build.mk package.json
	$(call link-chos,$(CC),-DENGINE_DEBUG,$(ENGINE)/vm/trace.c)

build/chos-aarch64: $(CHOS_SOURCES) $(ENGINE_HEADERS) $(ENGINE_TABLES) $(ENGINE)/build.mk package.json
	$(call link-chos,$(CROSS_CC),,)

build/chos-engine-aarch64: $(ENGINE_SOURCES) $(ENGINE_HEADERS) $(ENGINE_TABLES) $(ENGINE)/build.mk build/gen/node
	$(call link-engine,$(CROSS_CC),,)

build/chos-engine-aarch64-debug: $(ENGINE_SOURCES) $(ENGINE_DEBUG) $(ENGINE_HEADERS) $(ENGINE_TABLES) $(ENGINE)/build.mk build/gen/node
	$(call link-engine,$(CROSS_CC),-DENGINE_DEBUG,$(ENGINE_DEBUG))

# For the tests: the product's front door, but with a compiler that answers as it is told to.
build/engine-test/compiler.cjs: $(ENGINE)/test/fake-compiler.ts $(ENGINE)/wire.ts $(wildcard spec/*.ts spec/commands/*.ts)
	node_modules/.bin/esbuild $< --bundle --platform=node --format=cjs --log-level=warning --outfile=$@

build/engine-test/chos-runtime: COMPILER = $(CURDIR)/build/engine-test/compiler.cjs
build/engine-test/chos-runtime: $(ENGINE_SOURCES) $(ENGINE_HEADERS) $(ENGINE_TABLES) $(ENGINE)/build.mk build/gen/node build/engine-test/compiler.cjs
	$(call link-engine,$(CC),,)

build/engine-test/without-node: private NODE = /nonexistent/node
build/engine-test/without-node: $(ENGINE_SOURCES) $(ENGINE_HEADERS) $(ENGINE_TABLES) $(ENGINE)/build.mk build/gen/node build/engine-test/compiler.cjs
	$(call link-engine,$(CC),,)

# Built for a Node with another flag than the one that is there.
build/engine-test/of-another-node: private NODE_FLAGS = --no-sparkplug --no-such-flag=1
build/engine-test/of-another-node: COMPILER = $(CURDIR)/build/engine-test/compiler.cjs
build/engine-test/of-another-node: $(ENGINE_SOURCES) $(ENGINE_HEADERS) $(ENGINE_TABLES) $(ENGINE)/build.mk build/gen/node build/engine-test/compiler.cjs
	$(call link-engine,$(CC),,)

# Each is short of one thing alone: on a slow machine it would else be another one that ends first.
SHORT := build/engine-test/impatient build/engine-test/short-of-work build/engine-test/short-of-memory
build/engine-test/impatient: LIMITS = -DCOMPILER_IDLE_SECONDS=2 -DCOMPILER_SECONDS=5
build/engine-test/short-of-work: LIMITS = -DCOMPILER_WORK_SECONDS=1
build/engine-test/short-of-memory: LIMITS = -DCOMPILER_MEMORY_MIB=256
$(SHORT): COMPILER = $(CURDIR)/build/engine-test/compiler.cjs
$(SHORT): $(ENGINE_SOURCES) $(ENGINE_HEADERS) $(ENGINE_TABLES) $(ENGINE)/build.mk build/gen/node build/engine-test/compiler.cjs
	$(call link-engine,$(CC),$(LIMITS),)

# Those that wait for a service until it answers, however busy the machine is: with the compiler of the tests, and with the real one.
PATIENT := -DSERVICE_FIRST_MS=60000 -DSERVICE_NEXT_MS=60000 -DSERVICE_MOST_MS=60000
build/engine-test/patient: COMPILER = $(CURDIR)/build/engine-test/compiler.cjs
build/engine-test/patient build/engine-test/patient-real: $(ENGINE_SOURCES) $(ENGINE_HEADERS) $(ENGINE_TABLES) $(ENGINE)/build.mk build/gen/node build/engine-test/compiler.cjs
	$(call link-engine,$(CC),$(PATIENT),)

# One executable in the place of Node and the compiler (`make bun`), which the tests put there, and damage.
build/engine-test/one-executable: private NODE = $(CURDIR)/build/engine-test/one-compiler
build/engine-test/one-executable: private COMPILER = $(CURDIR)/build/engine-test/one-compiler
build/engine-test/one-executable: private NODE_FLAGS =
build/engine-test/one-executable: private SERVICE_FLAGS =
build/engine-test/one-executable: $(ENGINE_SOURCES) $(ENGINE_HEADERS) $(ENGINE_TABLES) $(ENGINE)/build.mk build/engine-test/compiler.cjs
	$(call link-engine,$(CC),,)

# What the tests in runtime/engine/test run.
.PHONY: engine-for-tests test-engine
engine-for-tests: build/chos-runtime-debug build/chos-debug build/chos-aarch64 build/chos-engine-aarch64-debug build/engine-test/chos-runtime build/engine-test/without-node build/engine-test/of-another-node \
	$(SHORT) build/engine-test/patient build/engine-test/patient-real \
	build/engine-test/one-executable build/bun/chos-runtime build/bun/chos-compiler

# The instructions once more on the other architecture, as far as qemu-user goes.
test-engine: engine-for-tests
	for file in $(wildcard $(ENGINE)/*.test.ts $(ENGINE)/test/*.test.ts); do name=build/unit/engine-$$(basename $$file .ts).mjs; \
		node_modules/.bin/esbuild $$file --bundle --platform=node --format=esm --packages=external --log-level=warning --outfile=$$name \
		&& node $$name || exit 1; done
	for name in basics text processes validate validate-tables; do ENGINE_ARCH=aarch64 node build/unit/engine-$$name.test.mjs || exit 1; done

# A piece of `make lint`: the static analyser; no file uses one of a storey above its own, nor two files each other, and of each door one file alone, which
# reads no arguments, runs programs; and the size that we promise.
.PHONY: lint-engine
lint-engine: build/chos-runtime build/chos
	rm -rf build/lint-engine && mkdir -p $(addprefix build/lint-engine/,base vm door chos)
	for file in $(filter %.c,$(ENGINE_SOURCES)) $(CHOS_DOOR) $(ENGINE_DEBUG); do name=$${file#$(ENGINE)/}; \
		$(CC) $(ENGINE_CFLAGS) -DENGINE_DEBUG $(ENGINE_PATHS) -fanalyzer -c $$file -o build/lint-engine/$${name%.c}.o || exit 1; done
	cd build/lint-engine && nm -A -P */*.o | awk '{ sub(":", "", $$1) } $$3 == "U" { uses[$$1 " " $$2] } $$3 ~ /[TDBR]/ { from[$$2] = $$1 } \
		END { for (use in uses) { split(use, u); if (u[2] in from) print u[1], from[u[2]] } }' >uses && tsort uses >/dev/null \
		&& ! grep -E '^(base/[^ ]* (vm|door|chos)|vm/[^ ]* (door|chos)|door/[^ ]* chos|chos/[^ ]* door)/' uses \
		&& ! { grep ' vm/run.o$$' uses | grep -Ev '^(door/stored|chos/enter).o '; }
	size $^ | awk 'NR >= 2 && $$1 + $$2 > 77824 { print "text + data exceed 76 KiB"; exit 1 } { print }'

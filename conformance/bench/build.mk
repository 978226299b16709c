# Benchmarks: included by the top Makefile. `node build/conformance/bench.mjs` runs them.
BENCH_CC ?= gcc
BENCH_CFLAGS = -std=c11 -O2 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror
BENCH_FREESTANDING = -ffreestanding -fno-builtin -fno-stack-protector -fno-asynchronous-unwind-tables -nostdlib -static \
	-no-pie -Wl,--build-id=none -s
BENCH_TARGETS = build/conformance/bench.mjs build/conformance/floor build/conformance/timer \
	build/conformance/processes build/conformance/empty-bun build/bun/chos-runtime build/bun/chos-compiler
# For the machines: the product as it is installed there, and the module.
BENCH_TARGETS += build/vm/.made build/kernel-link/bench build/kernel-link/6.12/.made

build/conformance/floor: conformance/bench/floor.c conformance/bench/freestanding.h
	@mkdir -p $(@D)
	$(BENCH_CC) $(BENCH_CFLAGS) $(BENCH_FREESTANDING) -o $@ $<

build/conformance/processes: conformance/bench/processes.c conformance/bench/freestanding.h
	@mkdir -p $(@D)
	$(BENCH_CC) $(BENCH_CFLAGS) $(BENCH_FREESTANDING) -o $@ $<

build/conformance/timer: conformance/bench/timer.c conformance/bench/freestanding.h
	@mkdir -p $(@D)
	$(BENCH_CC) $(BENCH_CFLAGS) $(BENCH_FREESTANDING) -o $@ $<

# What a program of Bun costs before its first line.
build/conformance/empty-bun: conformance/bench/build.mk runtime/entry/build.mk
	@mkdir -p build/bench
	echo 0 >build/bench/empty.cjs
	$(BUN) build $(BUN_FLAGS) build/bench/empty.cjs --outfile=$@ >build/bench/empty.log || { cat build/bench/empty.log; false; }

# Cost with and without the library. `make bench`; some rows only: `make bench ROWS='dup|git'`; more pairs: PAIRS=25;
# without the slow peers: ALONE=1.
# No timed test is part of `make check`; bench-smoke only sees to it that all of this runs.

BENCH_FLAGS := $(filter-out -MMD -MP,$(COMMON)) -Wno-missing-field-initializers -D_GNU_SOURCE
BENCH_PARTS := $(addprefix $(B)/bench/,bench work work-fp work-c++ work.py work.js whole ender programs.sh empty.so)

# Every call a frame of its own, whatever CFLAGS say.
WORK_FLAGS := -O2 -fno-optimize-sibling-calls

$(B)/bench/bench: private BENCH_LIBS := -ljansson
$(B)/bench/bench: tests/bench/bench.c tests/bench/worker.c tests/bench/rows.c
$(B)/bench/whole: tests/bench/whole.c tests/bench/rows.c
$(B)/bench/ender: tests/bench/ender.c
$(B)/bench/bench $(B)/bench/whole $(B)/bench/ender: $(wildcard tests/bench/*.h) tests/bench/bench.mk
	$(call say,BENCH,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(BENCH_FLAGS) -o $@ $(filter %.c,$^) $(BENCH_LIBS)

# The same work three ways: stacks with and without frame pointers, and of C++.
WORK_PARTS := tests/bench/work.c tests/bench/descend.c tests/bench/descend.h tests/bench/answer.h tests/bench/bench.mk
$(B)/bench/work: private WORK_FLAGS += -fomit-frame-pointer
$(B)/bench/work-fp: private WORK_FLAGS += -fno-omit-frame-pointer
$(B)/bench/work $(B)/bench/work-fp: $(WORK_PARTS)
	$(call say,BENCH,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(BENCH_FLAGS) $(WORK_FLAGS) -o $@ $(filter %.c,$^) -lpthread
$(B)/bench/work-c++: tests/bench/descend.cpp $(WORK_PARTS)
	$(call say,BENCH,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(BENCH_FLAGS) $(WORK_FLAGS) -c -o $@.work.o tests/bench/work.c
	$(Q)$(CXX) -O2 -g -I. -Wall -Wextra -D_GNU_SOURCE $(WORK_FLAGS) -o $@ $< $@.work.o -lpthread
$(B)/bench/%: tests/bench/% tests/bench/bench.mk
	$(call say,BENCH,$@)
	@mkdir -p $(@D)
	$(Q)install -m 755 $< $@
$(B)/bench/empty.so: tests/bench/bench.mk
	$(call say,BENCH,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -shared -nostdlib -o $@ -x c /dev/null

# How fast a report finds its names, beside other symbolisers. FILE=... SITES=... measures another program.
$(B)/bench/names: tests/bench/names.c tests/bench/bench.mk
	$(call say,BENCH,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(BENCH_FLAGS) -o $@ $< -ldw -lelf
.PHONY: bench-names
bench-names: $(B)/leftopen $(B)/bench/names
	@BUILD=$(B) tests/bench/names.sh

# What the rows of whole programs and of the peers need. Not part of what `make deps` installs: Debian's packages of
# servers start them.
BENCH_PACKAGES := nginx wrk redis-server redis-tools sqlite3 git tar nodejs valgrind strace ltrace heaptrack llvm-14 binutils
.PHONY: bench-deps
bench-deps:
	@$(MAKE) --no-print-directory deps MORE_PACKAGES="$(BENCH_PACKAGES)"

.PHONY: bench bench-smoke
bench: all $(BENCH_PARTS)
	@$(B)/bench/bench $(if $(ALONE),-a) $(if $(PAIRS),-p $(PAIRS)) $(if $(ROWS),-r '$(ROWS)') $(B)
	@$(if $(ROWS),,BUILD=$(B) tests/bench/resident.sh)
	@$(if $(ROWS),,$(MAKE) --no-print-directory bench-names)
bench-smoke: all $(BENCH_PARTS)
	@$(B)/bench/bench -s $(B) >$(B)/bench-smoke.txt
	@python3 -c 'import json, sys; rows = json.load(open(sys.argv[1]))["rows"]; \
		assert len(rows) > 20 and all(s["ns"]["median"] > 0 for r in rows if r["program"] == "work" for s in r["sides"].values())' \
		$(B)/bench-smoke.json

# Instructions added to each kind of work, against those that are kept; bench-keep keeps what is counted now.
.PHONY: bench-check bench-keep
bench-check bench-keep: $(B)/libleftopen.so $(BENCH_PARTS)
	@BUILD=$(B) CC=$(CC) tests/bench/check.sh $(filter keep,$(patsubst bench-%,%,$@))

# The plot in doc/, of the last whole `make bench`.
.PHONY: bench-plot
bench-plot:
	@tests/bench/plot.py $(B)/bench.json doc/cost.svg

# Cost with and without the library. `make bench`; some rows only: `make bench ROWS=dup`; more pairs: PAIRS=25.
# No timed test is part of `make check`; bench-smoke only sees to it that all of this runs.

BENCH_FLAGS := $(COMMON) -D_GNU_SOURCE
BENCH_PARTS := $(B)/bench/bench $(B)/bench/work $(B)/bench/work-fp $(B)/bench/empty.so

# Every call a frame of its own, whatever CFLAGS say.
WORK_FLAGS := -O2 -fno-optimize-sibling-calls

$(B)/bench/bench: tests/bench/bench.c tests/bench/worker.c tests/bench/worker.h tests/bench/bench.mk
	$(call say,BENCH,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(filter-out -MMD -MP,$(BENCH_FLAGS)) -o $@ $(filter %.c,$^) -ljansson
$(B)/bench/work: tests/bench/work.c tests/bench/bench.mk
	$(call say,BENCH,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(BENCH_FLAGS) $(WORK_FLAGS) -fomit-frame-pointer -o $@ $< -lpthread
$(B)/bench/work-fp: tests/bench/work.c tests/bench/bench.mk
	$(call say,BENCH,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(BENCH_FLAGS) $(WORK_FLAGS) -fno-omit-frame-pointer -o $@ $< -lpthread
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

.PHONY: bench bench-smoke
bench: $(B)/libleftopen.so $(BENCH_PARTS)
	@$(B)/bench/bench $(if $(PAIRS),-p $(PAIRS)) $(if $(ROWS),-r '$(ROWS)') $(B)
	@$(if $(ROWS),,BUILD=$(B) tests/bench/resident.sh)
	@$(if $(ROWS),,$(MAKE) --no-print-directory bench-names)
bench-smoke: $(B)/libleftopen.so $(BENCH_PARTS)
	@$(B)/bench/bench -s $(B) >$(B)/bench-smoke.txt
	@python3 -c 'import json, sys; rows = json.load(open(sys.argv[1]))["rows"]; \
		assert len(rows) > 20 and all(s["ns"]["median"] > 0 for r in rows for s in r["sides"].values())' \
		$(B)/bench-smoke.json

# Instructions added to each kind of work, against those that are kept; bench-keep keeps what is counted now.
.PHONY: bench-check bench-keep
bench-check bench-keep: $(B)/libleftopen.so $(BENCH_PARTS)
	@BUILD=$(B) CC=$(CC) tests/bench/check.sh $(filter keep,$(patsubst bench-%,%,$@))

# The plot in doc/, of the last whole `make bench`.
.PHONY: bench-plot
bench-plot:
	@tests/bench/plot.py $(B)/bench.json doc/cost.svg

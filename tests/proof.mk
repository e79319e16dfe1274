# Is the record true? Short forms in `make check`; `make proof-long` takes minutes: 2,000 instants at which a busy
# program is stopped, half a minute of readings, 10,000 records, 2,000 processes.

PROOFS := $(addprefix $(B)/proof/,stops reads found)
$(B)/proof/%: tests/%.c tests/run.c tests/run.h tests/watch.c tests/watch.h tests/suite.h $(B)/libtool.a
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(filter-out -MMD -MP,$(COMMON)) -D_GNU_SOURCE -o $@ $< tests/run.c tests/watch.c $(B)/libtool.a $(CHECK_LIBS) $(TOOL_LIBS)
.PHONY: check-proof proof-long
check-proof: $(PROOFS) $(TARGETS) $(B)/libleftopen.so $(B)/leftopen
	@failed=0; for t in $(PROOFS); do $$t || failed=1; done; exit $$failed
proof-long:
	@STOPS=2000 READ_SECONDS=30 MANY=2000 $(MAKE) --no-print-directory check-proof

# Interleaved runs, not a test: PAIRS=25 for more of them.
$(B)/proof/reading: tests/bench/reading.c
	$(call say,BENCH,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(filter-out -MMD -MP,$(COMMON)) -D_GNU_SOURCE -o $@ $< tests/run.c tests/watch.c $(B)/libtool.a $(CHECK_LIBS) $(TOOL_LIBS)
$(B)/proof/reading: tests/run.c tests/watch.c tests/watch.h $(B)/libtool.a
.PHONY: bench-reading
bench-reading: $(B)/proof/reading $(B)/targets/spin $(B)/libleftopen.so
	@$< $(or $(PAIRS),11)

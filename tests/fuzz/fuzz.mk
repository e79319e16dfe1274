# Fuzzing what reads other people's bytes, built with sanitizers. `make fuzz SECONDS=600 [FUZZ=record]`: new inputs
# go to build/fuzz/found, those that kill to build/fuzz. `make check-fuzz`: every input that is kept, then a few
# seconds. Where clang has no libFuzzer, tests/fuzz/driver.c takes its place.

FUZZ_TARGETS := record suppressions options library_options
FUZZ_FOLDER  := $(B)/fuzz
FUZZ_CC      := $(shell echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' | \
	clang -fsanitize=fuzzer -x c - -o /dev/null 2>/dev/null && echo clang || echo $(CC))
ifeq ($(FUZZ_CC),clang)
FUZZ_FLAGS := -fsanitize=fuzzer-no-link,address,undefined
FUZZ_LINK  := -fsanitize=fuzzer
else
FUZZ_FLAGS := -fsanitize=address,undefined
FUZZ_LINK  := tests/fuzz/driver.c
endif
FUZZ_FLAGS += -O1 -g -fno-sanitize-recover=undefined -fno-omit-frame-pointer

FUZZ_MAKE = $(MAKE) --no-print-directory B=$(FUZZ_FOLDER) CC=$(FUZZ_CC) CFLAGS="$(FUZZ_FLAGS)"

$(B)/fuzz-targets/%: tests/fuzz/%.c tests/fuzz/fuzz.h tests/fuzz/packed.h tests/fuzz/driver.c $(B)/libtool.a
	$(call say,FUZZ,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(filter-out -MMD -MP,$(COMMON)) -D_GNU_SOURCE -o $@ $< $(FUZZ_LINK) $(B)/libtool.a $(TOOL_LIBS)
# The library's parser and the tool's have names in common.
LIBRARY_PARSER := tracker/settings.c tracker/text.c
$(B)/fuzz-targets/library_options: tests/fuzz/library_options.c tests/fuzz/fuzz.h tests/fuzz/driver.c $(LIBRARY_PARSER) \
		$(wildcard tracker/*.h) tracker/settings.def
	$(call say,FUZZ,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(filter-out -MMD -MP,$(COMMON)) -D_GNU_SOURCE -o $@ $< $(FUZZ_LINK) $(LIBRARY_PARSER)
$(B)/pack: tests/fuzz/pack.c tests/fuzz/packed.h tests/unit/record_builder.h tracker/record_format.h
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(filter-out -MMD -MP,$(COMMON)) -D_GNU_SOURCE -o $@ $<

.PHONY: fuzz check-fuzz fuzz-targets
fuzz-targets: $(addprefix $(B)/fuzz-targets/,$(FUZZ_TARGETS))

# What one input may cost; leaks are found by the process's end.
FUZZ_LIMITS := -timeout=20 -rss_limit_mb=2048 -max_len=65536 -close_fd_mask=2
fuzz:
	@$(FUZZ_MAKE) fuzz-targets
	@for target in $(or $(FUZZ),$(FUZZ_TARGETS)); do \
		mkdir -p $(FUZZ_FOLDER)/found/$$target; \
		$(FUZZ_FOLDER)/fuzz-targets/$$target $(FUZZ_LIMITS) -max_total_time=$(or $(SECONDS),60) \
			-artifact_prefix=$(FUZZ_FOLDER)/$$target- -print_final_stats=1 \
			$(FUZZ_FOLDER)/found/$$target tests/fuzz/corpus/$$target || exit 1; \
	done
check-fuzz:
	@$(FUZZ_MAKE) fuzz-targets
	@failed=0; passed=0; mkdir -p $(FUZZ_FOLDER)/check; \
	for target in $(FUZZ_TARGETS); do \
		rm -rf $(FUZZ_FOLDER)/check/$$target; mkdir -p $(FUZZ_FOLDER)/check/$$target; \
		if $(FUZZ_FOLDER)/fuzz-targets/$$target $(FUZZ_LIMITS) -max_total_time=$(or $(SECONDS),5) \
			-artifact_prefix=$(FUZZ_FOLDER)/$$target- \
			$(FUZZ_FOLDER)/check/$$target tests/fuzz/corpus/$$target >$(FUZZ_FOLDER)/$$target.log 2>&1; then \
			passed=$$((passed + 1)); tail -n 1 $(FUZZ_FOLDER)/$$target.log; \
		else failed=$$((failed + 1)); tail -n 60 $(FUZZ_FOLDER)/$$target.log; fi; \
	done; echo "$$passed passed, $$failed failed"; [ $$failed = 0 ]

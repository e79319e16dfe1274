# Fuzzing what reads other people's bytes, built with sanitizers. Inputs are kept in tests/fuzz/corpus: NAME/ holds
# what was written by hand and what once made the target fail, NAME.tar.xz what covers most of the code.
#
#     make check-fuzz                           all that are kept, then a few seconds of new ones
#     make fuzz [SECONDS=60] [FUZZ=record]      new ones; those that kill are put into build/fuzz/NAME-…
#     make fuzz-keep                            packs the best of what `make fuzz` has found into the repository
#
# Where clang has no libFuzzer, tests/fuzz/driver.c takes its place.

FUZZ_TARGETS := record suppressions baseline options library_options
FUZZ_FOLDER  := $(B)/fuzz
FUZZ_CORPUS  := tests/fuzz/corpus
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
FUZZ_MAKE   = $(MAKE) --no-print-directory B=$(FUZZ_FOLDER) CC=$(FUZZ_CC) CFLAGS="$(FUZZ_FLAGS)" fuzz-targets
# What one input may cost.
FUZZ_LIMITS := -timeout=20 -rss_limit_mb=2048 -max_len=65536 -close_fd_mask=2

FUZZ_COMPILE = $(CC) $(CFLAGS) $(filter-out -MMD -MP,$(COMMON)) -D_GNU_SOURCE -o $@ $< $(FUZZ_LINK)
$(B)/fuzz-targets/%: tests/fuzz/%.c tests/fuzz/fuzz.h tests/fuzz/packed.h tests/fuzz/driver.c $(B)/libtool.a
	$(call say,FUZZ,$@)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_COMPILE) $(B)/libtool.a $(TOOL_LIBS)
# The library's parser and the tool's have names in common.
LIBRARY_PARSER := tracker/settings.c tracker/text.c
$(B)/fuzz-targets/library_options: tests/fuzz/library_options.c tests/fuzz/fuzz.h tests/fuzz/driver.c $(LIBRARY_PARSER) \
		$(wildcard tracker/*.h) tracker/settings.def
	$(call say,FUZZ,$@)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_COMPILE) $(LIBRARY_PARSER)
# Makes inputs of records.
$(B)/pack: tests/fuzz/pack.c tests/fuzz/packed.h tests/unit/record_builder.h tracker/record_format.h
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(filter-out -MMD -MP,$(COMMON)) -D_GNU_SOURCE -o $@ $<

$(FUZZ_FOLDER)/corpus/%: $(FUZZ_CORPUS)/%.tar.xz
	@rm -rf $@ && mkdir -p $@ && tar -C $@ -xJf $<

.PHONY: fuzz fuzz-keep check-fuzz fuzz-targets
fuzz-targets: $(addprefix $(B)/fuzz-targets/,$(FUZZ_TARGETS))
fuzz: $(addprefix $(FUZZ_FOLDER)/corpus/,$(FUZZ_TARGETS))
	@$(FUZZ_MAKE)
	@for target in $(or $(FUZZ),$(FUZZ_TARGETS)); do \
		mkdir -p $(FUZZ_FOLDER)/found/$$target; \
		$(FUZZ_FOLDER)/fuzz-targets/$$target $(FUZZ_LIMITS) -max_total_time=$(or $(SECONDS),60) \
			-artifact_prefix=$(FUZZ_FOLDER)/$$target- -print_final_stats=1 \
			$(FUZZ_FOLDER)/found/$$target $(FUZZ_FOLDER)/corpus/$$target $(FUZZ_CORPUS)/$$target || exit 1; \
	done
fuzz-keep: $(addprefix $(FUZZ_FOLDER)/corpus/,$(FUZZ_TARGETS))
	@for target in $(or $(FUZZ),$(FUZZ_TARGETS)); do \
		rm -rf $(FUZZ_FOLDER)/best; mkdir -p $(FUZZ_FOLDER)/best $(FUZZ_FOLDER)/found/$$target; \
		$(FUZZ_FOLDER)/fuzz-targets/$$target $(FUZZ_LIMITS) -merge=1 $(FUZZ_FOLDER)/best \
			$(FUZZ_FOLDER)/corpus/$$target $(FUZZ_FOLDER)/found/$$target || exit 1; \
		tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C $(FUZZ_FOLDER)/best \
			-cJf $(FUZZ_CORPUS)/$$target.tar.xz .; \
	done
check-fuzz: $(addprefix $(FUZZ_FOLDER)/corpus/,$(FUZZ_TARGETS))
	@$(FUZZ_MAKE)
	@failed=0; passed=0; \
	for target in $(FUZZ_TARGETS); do \
		rm -rf $(FUZZ_FOLDER)/new; mkdir -p $(FUZZ_FOLDER)/new; \
		if $(FUZZ_FOLDER)/fuzz-targets/$$target $(FUZZ_LIMITS) -max_total_time=$(or $(SECONDS),3) \
			-artifact_prefix=$(FUZZ_FOLDER)/$$target- $(FUZZ_FOLDER)/new $(FUZZ_FOLDER)/corpus/$$target \
			$(FUZZ_CORPUS)/$$target >$(FUZZ_FOLDER)/$$target.log 2>&1; then \
			passed=$$((passed + 1)); echo "$$target: $$(tail -n 1 $(FUZZ_FOLDER)/$$target.log)"; \
		else failed=$$((failed + 1)); tail -n 60 $(FUZZ_FOLDER)/$$target.log; fi; \
	done; echo "$$passed passed, $$failed failed"; [ $$failed = 0 ]

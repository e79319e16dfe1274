# Unit tests: tests/unit/tracker_*.c against the tracker as a static library, tests/unit/tool_*.c against the tool's
# parts, tests/unit/shim_*.c against that part of the shim. Each is a Check program of its own.

UNIT_TRACKER := $(patsubst tests/unit/%.c,$(B)/unit/%,$(sort $(wildcard tests/unit/tracker_*.c)))
UNIT_TOOL    := $(patsubst tests/unit/%.c,$(B)/unit/%,$(sort $(wildcard tests/unit/tool_*.c)))
UNIT_SHIM    := $(patsubst tests/unit/%.c,$(B)/unit/%,$(sort $(wildcard tests/unit/shim_*.c)))
CHECK_LIBS   := $(shell pkg-config --libs check 2>/dev/null) -lpthread

$(B)/unit/tracker_%: tests/unit/tracker_%.c $(B)/libtracker.a
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(COMMON) -D_GNU_SOURCE -o $@ $< $(B)/libtracker.a $(CHECK_LIBS) -ldl
$(B)/unit/tool_%: tests/unit/tool_%.c $(B)/libtool.a
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(COMMON) -D_GNU_SOURCE -o $@ $< $(B)/libtool.a $(CHECK_LIBS) $(TOOL_LIBS)
$(B)/unit/shim_%: tests/unit/shim_%.c shim/%.c shim/%.h shim/calls.def $(B)/generated/known_libc.h
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(COMMON) -I$(B)/generated -D_GNU_SOURCE -o $@ $< shim/$*.c $(CHECK_LIBS) -lm -ldl

.PHONY: check-unit
check-unit: $(UNIT_SHIM) $(UNIT_TRACKER) $(UNIT_TOOL) | all
	@failed=0; for t in $^; do $$t || failed=1; done; exit $$failed

# Programs that the tests watch from outside: tests/targets/NAME.c, built without fortification, which renames calls,
# and without large-file macros.
TARGETS := $(patsubst tests/targets/%,$(B)/targets/%,$(basename $(filter-out tests/targets/lib%,\
	$(wildcard tests/targets/*.c tests/targets/*.cpp)))) $(B)/targets/libplugin.so $(B)/targets/libfirst.so \
	$(B)/targets/libwiring.so
TARGET_FLAGS := -g -O1 -std=gnu17 -I. $(WARN) -MMD -MP -D_GNU_SOURCE -U_FORTIFY_SOURCE -fno-builtin
$(B)/targets/%: tests/targets/%.c
	$(call say,TARGET,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TARGET_FLAGS) -o $@ $< $(TARGET_LINK) -lpthread -ldl

# Programs that watch them.
$(B)/outside/%: tests/%.c tests/run.c tests/run.h tests/suite.h
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(COMMON) -Wno-missing-field-initializers -D_GNU_SOURCE -MF $@.d -o $@ $< tests/run.c $(CHECK_LIBS) -ljansson

# Compiled with run.c in one command, whose list of headers is the last file's only.
$(B)/outside/cases: tests/cases.def shim/calls.def shim/syscalls.def

.PHONY: check-cases
check-cases: $(B)/outside/cases $(B)/targets/one_call $(B)/libleftopen.so $(B)/leftopen
	@$(B)/outside/cases

.PHONY: check-boundaries
check-boundaries: $(B)/libleftopen.so
	@BUILD=$(B) CC=$(CC) tests/boundaries.sh

$(B)/targets/lib%.so: tests/targets/lib%.c
	$(call say,TARGET,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TARGET_FLAGS) $(TARGET_LINK) -fPIC -shared -o $@ $<
$(B)/targets/misuses: private TARGET_LINK := -rdynamic -L$(B)/targets -Wl,-rpath,'$$ORIGIN' -lmisuses
$(B)/targets/misuses: $(B)/targets/libmisuses.so
$(B)/targets/misuses: private TARGET_FLAGS += -Wno-mismatched-dealloc
$(B)/targets/libfirst.so: TARGET_LINK := -Wl,-z,initfirst
$(B)/targets/libwiring.so: TARGET_LINK := -Wl,-z,relro,-z,now
$(B)/targets/wiring: TARGET_LINK := -fno-pie -no-pie -rdynamic
$(B)/targets/%: tests/targets/%.cpp
	$(call say,TARGET,$@)
	@mkdir -p $(@D)
	$(Q)$(CXX) -g -O1 -I. -Wall -Wextra -MMD -MP -D_GNU_SOURCE -U_FORTIFY_SOURCE -o $@ $< -lpthread

BLACK_BOX := $(addprefix $(B)/outside/,behaviours black_box growth states views)
.PHONY: check-black-box
check-black-box: $(BLACK_BOX) $(TARGETS) $(B)/libleftopen.so $(B)/leftopen
	@failed=0; for t in $(BLACK_BOX); do $$t || failed=1; done; exit $$failed

# Every way a process ends, every shape of process, what is early or odd, and what was attacked once.
LIVES := $(addprefix $(B)/outside/,ends live_views meanwhile misuses reuse processes odd adversary)
.PHONY: check-lives
check-lives: $(LIVES) $(TARGETS) $(B)/libleftopen.so $(B)/leftopen
	@failed=0; for t in $(LIVES); do $$t || failed=1; done; exit $$failed

# Names of programs that are built in every way.
.PHONY: check-names
check-names: $(B)/outside/names $(B)/libleftopen.so $(B)/leftopen
	@$(B)/outside/names

# Threads that give each other the numbers of what they close: 1,000 double closes among them, and ten minutes (or
# T seconds) without one, of which nothing may be said.
.PHONY: torture-misuse
torture-misuse: $(B)/outside/reuse $(B)/targets/reuse $(B)/libleftopen.so $(B)/leftopen
	@REUSE_RUNS=50 $(B)/outside/reuse >$(B)/reuse.txt; failed=$$?; cat $(B)/reuse.txt; exit $$failed
	@awk '/: told are/ { told += $$4 + $$12; all += $$6 + $$14 } \
		END { print told " of " all " double closes are told"; exit all < 1000 || told < 0.998 * all }' $(B)/reuse.txt
	@$(B)/leftopen --verbosity=1 $(B)/targets/reuse right $(or $(T),600) && echo '1 passed, 0 failed'

# The live view: its lines, and its screen in tmux.
.PHONY: check-top
check-top: $(B)/targets/on_command $(B)/libleftopen.so $(B)/leftopen
	@BUILD=$(B) tests/top.sh

.PHONY: check-transparency
check-transparency: $(B)/libleftopen.so $(B)/leftopen
	@BUILD=$(B) tests/transparency.sh

# The formats by the tools that read them, as far as those are here.
.PHONY: check-formats-long
check-formats-long: all $(B)/examples/failed_requests $(B)/targets/places
	@BUILD=$(B) tests/formats.sh

# Upstream's own test suites, case by case: a minute of python's, or half an hour with all of python's that has to do with
# handles, bash's and perl's. MODULES="python test_os test_ssl" chooses.
SUITE_PACKAGES := libpython3.11-testsuite tmux perl xz-utils
.PHONY: check-suites transparency transparency-run
check-suites: $(B)/libleftopen.so $(B)/leftopen
	@BUILD=$(B) tests/transparency_suites.py short
transparency:
	@$(MAKE) --no-print-directory deps MORE_PACKAGES="$(SUITE_PACKAGES)"
	@$(MAKE) --no-print-directory transparency-run
transparency-run: check-transparency
	@BUILD=$(B) tests/transparency_suites.py long $(MODULES)

# Torture: T seconds, also with sanitizers. The seed is printed; build/torture SECONDS THREADS SEED repeats a run.
$(B)/torture: tests/torture/torture.c $(B)/libtracker.a
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(COMMON) -D_GNU_SOURCE -MF $@.d -o $@ $< $(B)/libtracker.a -lpthread -ldl
.PHONY: torture check-torture
torture: $(B)/torture
	@$(B)/torture $(or $(T),10)
check-torture: $(B)/torture
	@$(B)/torture $(or $(T),2) && echo '1 passed, 0 failed'

# The tracker and its suites once more, built with sanitizers. ThreadSanitizer sees what atomics are for; a report
# fails the program that it comes from. It wants its address space where an old kernel would put it (setarch -R).
# Leaks are not looked for: the tracker does not use malloc, and Check's children end where they stand.
TSAN := halt_on_error=0:report_signal_unsafe=0:die_after_fork=0
TSAN_FLAGS := -O1 -g -fsanitize=thread
ASAN := detect_leaks=0:detect_stack_use_after_return=0:handle_segv=0:allow_user_segv_handler=1:abort_on_error=0
.PHONY: check-sanitized check-tsan check-asan torture-tsan
torture-tsan:
	@TSAN_OPTIONS="$(TSAN)" setarch -R $(MAKE) --no-print-directory B=$(B)/tsan CFLAGS="$(TSAN_FLAGS)" torture
check-sanitized: $(filter-out %/tracker_unwind,$(UNIT_TRACKER)) $(B)/torture
	@echo 'skipped: tracker_unwind: it reads stacks that a sanitizer watches over'; echo '1 skipped'
	@failed=0; for t in $(filter-out %/tracker_unwind,$(UNIT_TRACKER)); do $$t || failed=1; done; \
		$(B)/torture $(or $(T),2) && echo '1 passed, 0 failed' || failed=1; exit $$failed
check-tsan:
	@TSAN_OPTIONS="$(TSAN)" setarch -R \
		$(MAKE) --no-print-directory B=$(B)/tsan CFLAGS="$(TSAN_FLAGS)" check-sanitized
check-asan:
	@ASAN_OPTIONS="$(ASAN)" UBSAN_OPTIONS=print_stacktrace=1 \
		$(MAKE) --no-print-directory B=$(B)/asan CFLAGS="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined" \
		check-sanitized

# Every header of the tracker and the tool is complete by itself.
HEADERS := $(wildcard tracker/*.h tools/*.h tools/*/*.h)
.PHONY: check-headers
check-headers: $(patsubst %,$(B)/headers/%.checked,$(HEADERS))
	@echo 'headers that compile alone:' && echo '$(words $(HEADERS)) passed, 0 failed'
$(B)/headers/%.checked: % Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(TOOL_FLAGS) -Werror -MF $@.d -MT $@ -fsyntax-only -include $< -x c /dev/null
	@touch $@

# What the tests need beside the build: programs to watch, compilers to compare, a few tools.
TEST_PACKAGES := libunwind-dev clang libclang-rt-14-dev xz-utils llvm-14 binutils git perl strace util-linux procps libgcc-12-dev libeatmydata1 dwz lld \
	fakeroot libxml2-utils libjemalloc2 libc6-dev-i386 lib32gcc-12-dev libpython3.11-testsuite

SUITES := check-unit check-boundaries check-cases check-black-box check-lives check-names check-top check-transparency check-suites check-headers \
	check-torture check-asan check-tsan check-proof check-fuzz bench-smoke
.PHONY: check-all
check-all: all $(EXAMPLES)
	@tests/check.sh "$(MAKE)" $(B)/check.log $(SUITES)

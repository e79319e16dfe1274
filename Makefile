# leftopen: build, check, install. `make help` lists the targets; V=1 shows the commands.

CC      ?= gcc
CXX     ?= g++
CFLAGS  ?= -O2 -g
prefix  ?= /usr/local
bindir  ?= $(prefix)/bin
libdir  ?= $(prefix)/lib
ARCH    := $(shell $(CC) -dumpmachine | cut -d- -f1)
B       := build

ifndef V
Q = @
say = @printf '  %-6s %s\n' $(1) $(2)
endif

WARN   := -Wall -Wextra -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wno-unused-parameter
COMMON := -std=gnu17 -I. $(WARN) -MMD -MP
# The library: no fortify or large-file macros (they rename the definitions of the wrappers), no TLS calls, no
# stack protector (wrappers run before TLS is there), unwind tables so that exceptions and cancellation pass.
LIBRARY_FLAGS := $(COMMON) -D_GNU_SOURCE -U_FORTIFY_SOURCE -fPIC -fvisibility=hidden -ftls-model=initial-exec \
	-fexceptions -fasynchronous-unwind-tables -fno-stack-protector -fno-delete-null-pointer-checks \
	-fno-builtin-exit -fno-tree-loop-distribute-patterns -fcf-protection=branch -Wframe-larger-than=2048 -I$(B)/generated
# gcc inlines across the library's files when it is linked: a tenth fewer instructions in the usual call.
LINK_TIME := $(if $(findstring Free Software,$(shell $(CC) --version)),-flto=auto -flto-partition=one -ffat-lto-objects)
TOOL_FLAGS := $(COMMON) -I$(B)/generated -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DPREFIX_LIBDIR='"$(libdir)"'
TOOL_LIBS  := -ldw -lelf -ljansson -lprotobuf-c -lz -lncursesw -ltinfo -l:libiberty.a

TRACKER_SOURCES := $(sort $(wildcard tracker/*.c) $(wildcard tracker/$(ARCH)/*.S))
# One unit: an alias must stand where its function does, and the compiler sees through the small ones.
SHIM_SOURCES    := shim/all.c $(sort $(wildcard shim/$(ARCH)/*.S))
TOOL_SOURCES    := $(sort $(wildcard tools/*.c tools/*/*.c)) tools/formats/html/assets.S
object = $(patsubst %,$(B)/$(2)/%.o,$(1))

TRACKER_OBJECTS := $(call object,$(TRACKER_SOURCES),library)
SHIM_OBJECTS    := $(call object,$(SHIM_SOURCES),library)
TOOL_OBJECTS    := $(call object,$(TOOL_SOURCES),tool) $(B)/generated/profile.pb-c.o

.PHONY: all
all: $(B)/libleftopen.so $(B)/leftopen

$(B)/library/%.o: % Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LIBRARY_FLAGS) $(if $(filter tracker/%.c,$<),$(LINK_TIME)) -c $< -o $@
$(B)/tool/%.o: % Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(TOOL_FLAGS) -c $< -o $@

$(B)/generated/%.pb-c.c $(B)/generated/%.pb-c.h: tools/formats/%.proto
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)protoc-c --proto_path=tools/formats --c_out=$(@D) $<
$(B)/generated/%.o: $(B)/generated/%.c
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS) $(TOOL_FLAGS) -c $< -o $@
$(B)/tool/tools/formats/render_pprof.c.o: $(B)/generated/profile.pb-c.h

# The HTML report: its policy knows style and script by their hashes.
HTML_ASSETS := tools/formats/html/report.css tools/formats/html/report.js
html_hash = sha256-$$(sha256sum <$(1) | cut -c-64 | tr a-f A-F | basenc --base16 -d | base64)
$(B)/generated/html_hashes.h: $(HTML_ASSETS) Makefile
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)printf '#define HTML_STYLE_HASH "%s"\n#define HTML_SCRIPT_HASH "%s"\n' \
		"$(call html_hash,tools/formats/html/report.css)" "$(call html_hash,tools/formats/html/report.js)" >$@
$(B)/tool/tools/formats/render_html.c.o: $(B)/generated/html_hashes.h
$(B)/tool/tools/formats/html/assets.S.o: $(HTML_ASSETS)

$(B)/libtracker.a: $(TRACKER_OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Where libc has the functions that the wrappers stand in front of, for processes that have the libc of this machine. Asked
# each time: a new libc need not be younger than what was made before.
$(B)/known_libc: shim/known_libc.c shim/next.c shim/next.h shim/calls.def Makefile
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -O1 $(filter-out -MMD -MP,$(COMMON)) -D_GNU_SOURCE -o $@ shim/known_libc.c shim/next.c
.PHONY: ask-libc
ask-libc:
$(B)/generated/known_libc.h: $(B)/known_libc ask-libc
	@mkdir -p $(@D)
	$(Q)$(B)/known_libc >$@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(B)/library/shim/all.c.o: $(B)/generated/known_libc.h

$(B)/exports.map: shim/exports.map.in shim/calls.def
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -E -P -x c $< -I. -o $@
# Few pages are touched at a start: tables lie behind all else (tracker/large.h), code and what is read in one segment.
$(B)/libleftopen.so: $(SHIM_OBJECTS) $(TRACKER_OBJECTS) $(B)/exports.map
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LIBRARY_FLAGS) $(LINK_TIME) $(LDFLAGS) -shared -nostartfiles -o $@ $(SHIM_OBJECTS) $(TRACKER_OBJECTS) -Wl,-z,defs,-z,now,-z,relro,-z,nodelete \
		-Wl,-z,initfirst,-z,noexecstack,--build-id,--hash-style=gnu -Wl,--version-script=$(B)/exports.map \
		-Wl,--sort-section=name,-z,noseparate-code

$(B)/libtool.a: $(filter-out %/main.c.o,$(TOOL_OBJECTS))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(B)/leftopen: $(B)/tool/tools/main.c.o $(B)/libtool.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(TOOL_LIBS)

$(B)/examples/%: examples/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -O1 -g -Wall -Wextra -o $@ $<
$(B)/examples/%: examples/%.cpp
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) -O1 -g -Wall -Wextra -o $@ $<
EXAMPLES := $(patsubst examples/%,$(B)/examples/%,$(basename $(wildcard examples/*.c examples/*.cpp)))

# ---- for people -------------------------------------------------------------------------------------------------

# What is missing is installed when we are root; else the line to run is printed, and make stops.
PACKAGES := gcc g++ make pkg-config libc6-dev libunwind8 libdw-dev libdebuginfod-dev libelf-dev libiberty-dev libjansson-dev \
	protobuf-c-compiler libprotobuf-c-dev zlib1g-dev libncurses-dev check python3
.PHONY: deps
deps:
	@missing=$$(for p in $(PACKAGES) $(MORE_PACKAGES); do \
		dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || printf '%s ' $$p; done); \
	[ -n "$$missing" ] || exit 0; \
	if [ "$$(id -u)" = 0 ]; then \
		apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; \
	else \
		echo "Missing packages. Run:  sudo apt-get install $$missing" >&2; exit 1; \
	fi

# make is started anew, so that what was just installed is found by pkg-config and the like.
.PHONY: demo demo-run
demo: deps
	@$(MAKE) --no-print-directory demo-run
demo-run: all $(EXAMPLES)
	@examples/demo.sh $(B)

.PHONY: check
check:
	@$(MAKE) --no-print-directory deps MORE_PACKAGES="$(TEST_PACKAGES)"
	@$(MAKE) --no-print-directory check-all

.PHONY: install uninstall
install: all
	install -d $(DESTDIR)$(bindir) $(DESTDIR)$(libdir)/leftopen $(DESTDIR)$(prefix)/share/leftopen
	install -m 755 $(B)/leftopen $(DESTDIR)$(bindir)/leftopen
	install -m 755 $(B)/libleftopen.so $(DESTDIR)$(libdir)/leftopen/libleftopen.so
	install -m 644 tools/pytest/leftopen_pytest.py $(DESTDIR)$(prefix)/share/leftopen/leftopen_pytest.py
uninstall:
	rm -f $(DESTDIR)$(bindir)/leftopen $(DESTDIR)$(libdir)/leftopen/libleftopen.so
	rm -f $(DESTDIR)$(prefix)/share/leftopen/leftopen_pytest.py
	-rmdir $(DESTDIR)$(libdir)/leftopen $(DESTDIR)$(prefix)/share/leftopen

.PHONY: help
help:
	@echo 'make          build/libleftopen.so and build/leftopen'
	@echo 'make demo     build, then show reports of forgetful programs'
	@echo 'make check    build, then all tests'
	@echo 'make transparency  the tests of python, bash and perl, with and without the library'
	@echo 'make check-html  the HTML report in a browser'
	@echo 'make check-runners  leftopen under CTest, Meson, Automake, pytest and the like'
	@echo 'make bench    cost with and without the library; make bench-deps: what all of its rows need'
	@echo 'make install  prefix=$(prefix) DESTDIR=$(DESTDIR)'
	@echo 'make deps     install what is missing (root), or say what'

-include tests/tests.mk
-include tests/html/html.mk
-include tests/bench/bench.mk
-include tests/fuzz/fuzz.mk
-include tests/proof.mk
-include tests/runners/runners.mk

.PHONY: clean
clean:
	rm -rf $(B)

-include $(shell find $(B) -name '*.d' -type f 2>/dev/null)

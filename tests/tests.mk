# Unit tests: tests/unit/tracker_*.c against the tracker as a static library, tests/unit/tool_*.c against the tool's
# parts. Each is a Check program of its own.

UNIT_TRACKER := $(patsubst tests/unit/%.c,$(B)/unit/%,$(sort $(wildcard tests/unit/tracker_*.c)))
UNIT_TOOL    := $(patsubst tests/unit/%.c,$(B)/unit/%,$(sort $(wildcard tests/unit/tool_*.c)))
CHECK_LIBS   := $(shell pkg-config --libs check 2>/dev/null) -lpthread

$(B)/unit/tracker_%: tests/unit/tracker_%.c $(B)/libtracker.a
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(COMMON) -D_GNU_SOURCE -o $@ $< $(B)/libtracker.a $(CHECK_LIBS) -ldl
$(B)/unit/tool_%: tests/unit/tool_%.c $(B)/libtool.a
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(COMMON) -D_GNU_SOURCE -o $@ $< $(B)/libtool.a $(CHECK_LIBS) $(TOOL_LIBS)

.PHONY: check-unit
check-unit: $(UNIT_TRACKER) $(UNIT_TOOL)
	@for t in $^; do $$t || exit 1; done

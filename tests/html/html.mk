# The HTML report: pages of made-up programs, read by a parser of HTML that is not ours, and used in a browser.

PAGES := $(patsubst %,$(B)/html/%.html,none few hostile many)
$(B)/html/pages: tests/html/pages.c $(B)/libtool.a
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(COMMON) -D_GNU_SOURCE -o $@ $< $(B)/libtool.a $(TOOL_LIBS)
$(B)/html/%.html: $(B)/html/pages
	@$< $* $@
$(B)/html/names: $(B)/html/pages
	@$< names $@

.PHONY: check-html-pages
check-html-pages: $(filter-out %/many.html,$(PAGES)) $(B)/html/names
	@/usr/bin/python3 tests/html/valid.py $(filter %.html,$^)

TEST_PACKAGES += python3-html5lib
SUITES += check-html-pages

# The HTML report: pages of made-up programs and of a real one, read by a parser of HTML that is not ours, and used
# in a browser.

PAGES := $(patsubst %,$(B)/html/%.html,none few hostile many)
$(B)/html/pages: tests/html/pages.c $(B)/libtool.a
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(COMMON) -D_GNU_SOURCE -o $@ $< $(B)/libtool.a $(TOOL_LIBS)
$(PAGES): $(B)/html/%.html: $(B)/html/pages
	@$< $* $@
$(B)/html/names: $(B)/html/pages
	@$< names $@
$(B)/html/failed_requests.html: $(B)/examples/failed_requests $(B)/leftopen $(B)/libleftopen.so
	@mkdir -p $(@D)
	@$(B)/leftopen --exitcode=0 --format=html --report=$(B)/html/%e.html $< >/dev/null

.PHONY: check-html-pages
check-html-pages: $(filter-out %/many.html,$(PAGES)) $(B)/html/failed_requests.html $(B)/html/names
	@/usr/bin/python3 tests/html/valid.py $(filter %.html,$^)

# The browser is heavy: `make check-html` fetches what drives it, `make check` uses it where it is.
CHROMIUM := $(shell command -v chromium)
HTML_MODULES := $(B)/html/node_modules/.package-lock.json
$(HTML_MODULES): tests/html/package.json tests/html/package-lock.json
	@mkdir -p $(B)/html
	@cp $^ $(B)/html
	$(call say,NPM,$(@D))
	$(Q)cd $(B)/html && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: check-html check-html-browser
check-html: check-html-pages
	@command -v chromium node npm >/dev/null || \
		{ echo 'check-html needs chromium, node and npm: apt-get install chromium nodejs npm' >&2; exit 1; }
	@$(MAKE) --no-print-directory $(HTML_MODULES)
	@$(MAKE) --no-print-directory check-html-browser
check-html-browser: $(PAGES)
	@if [ -z "$(CHROMIUM)" ] || ! [ -e $(HTML_MODULES) ]; then \
		echo 'skipped: the HTML report in a browser: make check-html once fetches what drives it'; echo '1 skipped'; \
	else node tests/html/browser.mjs $(B)/html "$(CHROMIUM)"; fi

TEST_PACKAGES += python3-html5lib
SUITES += check-html-pages check-html-browser

# Test runners: in `make check` those that are installed, as far as they are quick; `make check-runners` installs all.

RUNNER_PACKAGES := cmake meson ninja-build automake autoconf perl python3-pytest libgtest-dev golang-go cargo libxml2-utils
.PHONY: check-runners check-runners-short check-runners-long
check-runners-short check-runners-long: check-runners-%: all
	@BUILD=$(B) tests/runners.sh $*
check-runners:
	@$(MAKE) --no-print-directory deps MORE_PACKAGES="$(RUNNER_PACKAGES)"
	@$(MAKE) --no-print-directory check-runners-long

SUITES += check-runners-short

#!/bin/sh
# Runs the given make targets, all of them whatever fails, and ends with one line: N passed, N failed, N skipped.
# Counts what the suites say themselves: Check's summary lines, and lines of the form of our own.
make=$1
log=$2
shift 2
mkdir -p "$(dirname "$log")"
: >"$log"
for target in "$@"; do
    printf '\n=== %s\n' "$target" | tee -a "$log"
    { "$make" --no-print-directory "$target" 2>&1 || echo "=== $target failed"; } | tee -a "$log"
done
awk '
/^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+$/ {
    gsub(",", "")
    bad = $5 + $7
    passed += $3 - bad
    failed += bad
}
/^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$/ { passed += $1; failed += $3; skipped += $5 }
/^[0-9]+ skipped/ { skipped += $1 }
/^=== .* failed$/ { broken = broken " " $2 }
END {
    printf "\n"
    if (broken != "")
        printf "targets that failed:%s\n", broken
    if (broken != "" && !failed)
        failed = 1
    printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit failed || !passed
}' "$log"

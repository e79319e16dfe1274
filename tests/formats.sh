#!/bin/bash
# Reports of a real program in each format, read by the tools that they are for. Slow, and partly from the net:
# `make check-formats-long`. Started from the top folder.
set -u
export LC_ALL=C
leftopen=$PWD/${BUILD:-build}/leftopen
program=${BUILD:-build}/examples/failed_requests # leaves three sockets open
misuser=${BUILD:-build}/targets/places           # with the word twice: a double close, and nothing left open
work=$(mktemp -d /tmp/leftopen-formats-XXXXXX) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

# result DESCRIPTION COMMAND…: the command ends with 0 if all is well; else what it says is shown.
result() {
    local description=$1
    shift
    if "$@" >"$work/said" 2>&1; then
        passed=$((passed + 1))
        printf 'ok: %s\n' "$description"
    else
        failed=$((failed + 1))
        printf 'FAILED: %s\n' "$description"
        sed 's/^/    /' "$work/said"
    fi
}

skip() {
    skipped=$((skipped + 1))
    printf 'skipped: %s: %s\n' "$1" "$2"
}

# report FORMAT FILE PROGRAM…: its report in $work/FILE, with the status that leaks have or not.
report() {
    local format=$1
    FILE=$work/$2
    shift 2
    FILE=$FILE "$leftopen" --format="$format" --report='%q{FILE}' "$@" >"$work/out" 2>&1
}
for format in sarif junit valgrind-xml valgrind-xml-native pprof folded; do
    report "$format" "$format" "$program"
    report "$format" "$format.misuse" "$misuser" twice
done
FORMAT=nothing WORK=$work "$leftopen" --format=sarif --report='%q{WORK}/%q{FORMAT}' true

# ---- SARIF: the validator of its makers, with GitHub's rules. It ends with 0 whatever it finds ----

export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
multitool=
if command -v npm >"$work/said"; then
    (cd "$work" && timeout 300 npm install --no-audit --no-fund --ignore-scripts @microsoft/sarif-multitool) >"$work/npm" 2>&1
    multitool=$(find "$work/node_modules" -name Sarif.Multitool -type f 2>/dev/null | head -1)
    [ -n "$multitool" ] && chmod +x "$multitool"
fi

# validate FILE: names what the validator found.
validate() {
    cp "$1" "$work/in.sarif"
    timeout 120 "$multitool" validate "$work/in.sarif" --rule-kind Ghas --output "$work/found.sarif" --log ForceOverwrite >"$work/log" 2>&1 ||
        { cat "$work/log"; return 1; }
    python3 - "$work/found.sarif" <<'PYTHON'
import json, sys
run = json.load(open(sys.argv[1], encoding="utf-8-sig"))["runs"][0]
found = run.get("results", [])
for result in found:
    print(result["ruleId"], result.get("level", "warning"), result["message"])
sys.exit(bool(found) or not run["invocations"][0]["executionSuccessful"])
PYTHON
}
if [ -n "$multitool" ]; then
    result 'SARIF has what GitHub wants' validate "$work/sarif"
    result 'so has one without results' validate "$work/nothing"
    result 'so has one of a misuse' validate "$work/sarif.misuse"
    result 'which it shows' grep -q '"ruleId":"misuse-double-close"' "$work/sarif.misuse"
    sed 's/"locations":/"elsewhere":/' "$work/sarif" >"$work/bad"
    result 'the validator finds what is missing' eval "! validate '$work/bad'"
else
    skip 'SARIF has what GitHub wants' 'no npm, or the validator cannot be had'
fi

# ---- profiles ----

# top INDEX: the function that pprof puts first, with its sum.
top() { go tool pprof -top -sample_index="$1" "$work/pprof" 2>&1; }
if command -v go >"$work/said"; then
    result 'pprof shows three handles' eval 'top handles | grep -qE "^ +3 +100% +100% +3 +100% +connect_upstream"'
    result 'pprof knows the ages' eval 'top age | grep -q "^Type: age"'
    result 'pprof has the labels' eval 'go tool pprof -tags "$work/pprof" | grep -q "socket"'
    result 'profiles can be merged' eval 'go tool pprof -proto -output="$work/both" "$work/pprof" "$work/pprof" && go tool pprof -top "$work/both" | grep -qE "^ +6 +100%"'
else
    skip 'pprof shows three handles' 'no go'
fi
result 'folded stacks' eval 'grep -qx "failed_requests;main;handle_request;connect_upstream;\[socket\] 3" "$work/folded"'

# ---- XML ----

for format in junit valgrind-xml valgrind-xml-native; do
    result "$format is valid" xmllint --noout --nonet --schema "tests/schemas/${format%%-*}.xsd" "$work/$format"
    result "so it is of a misuse" xmllint --noout --nonet --schema "tests/schemas/${format%%-*}.xsd" "$work/$format.misuse"
done

printf '%d passed, %d failed, %d skipped\n' $passed $failed $skipped
[ $failed = 0 ]

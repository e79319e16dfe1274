#!/bin/bash
# Test runners with leftopen between them and the tests. What is run are the lines of doc/runners.md as they stand there,
# in a copy of a project with a test that leaks, one that does not, one that is skipped and one that ends with a hard error.
#
# runners.sh short|long: long also has those that take their time. A runner that is not installed is a counted skip.
# Started from the top folder.
set -u
export LC_ALL=C.UTF-8 TZ=UTC
top=$PWD
work=$(mktemp -d /tmp/leftopen-runners-XXXXXX) || exit 1
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
passed=0 failed=0 skipped=0

make -s --no-print-directory install B="${BUILD:-build}" prefix="$prefix" >/dev/null || exit 1
unset LEFTOPEN_OPTIONS LSAN_OPTIONS LD_PRELOAD MAKEFLAGS MAKELEVEL MFLAGS PYTHONPATH PYTEST_ADDOPTS DESTDIR
export PATH=$prefix/bin:$PATH CFLAGS='-g -O1' CXXFLAGS='-g -O1' GOCACHE=$work/go GOPROXY=off GOFLAGS=-mod=mod

# ---- checks ----

# result DESCRIPTION: the status of the command before it decides; where it failed, the runner's output is shown.
result() {
    if [ $? = 0 ]; then
        passed=$((passed + 1))
        printf 'ok: %s: %s\n' "$runner" "$1"
    else
        failed=$((failed + 1))
        printf 'FAILED: %s: %s\n' "$runner" "$1"
        sed 's/^/    /' "$work/output" | tail -60
    fi
}

# begin RUNNER PROJECT COMMAND…: an own copy of the project. False, and a skip, if a command is not installed.
begin() {
    runner=$1
    local project=$2 command
    shift 2
    for command in "$@"; do
        if ! command -v "$command" >/dev/null; then
            skipped=$((skipped + 1))
            printf 'skipped: %s: %s is not installed\n' "$runner" "$command"
            return 1
        fi
    done
    rm -rf "$work/here"
    cp -r "$top/tests/runners/$project" "$work/here"
    cd "$work/here" || exit 1
}

# documented [N]: the (first) block of code in the section of that name.
documented() {
    awk -v heading="## $runner" -v wanted="${1:-1}" '
        /^## / { inside = $0 == heading }
        inside && /^```/ { block += 1; next }
        inside && block == 2 * wanted - 1' "$top/doc/runners.md" | sed "s|/usr/local|$prefix|g"
}

# run_documented [N]: leaves its status in $status.
run_documented() {
    documented "${1:-1}" >"$work/lines"
    timeout -k 5 120 bash -e "$work/lines" </dev/null >"$work/output" 2>&1
    status=$?
}

says() { grep -qE -- "$1" "$work/output"; }
says_not() { ! says "$1"; }

# ---- CTest ----

# defects TEST: of the file for CDash, "type number" each
defects() {
    xmllint --xpath "//Test[Name='$1']/Results/Defect" build/Testing/2*/DynamicAnalysis.xml 2>/dev/null |
        sed -E 's|<Defect type="([^"]*)">([0-9]*)</Defect>|\1 \2\n|g'
}

# ended WORD TEST…: so, in what CTest prints of each
ended() {
    local word=$1 test
    shift
    for test; do
        says " $test \\.+[ *]*$word " || return
    done
}

ctest_valgrind() {
    begin CTest project cmake ctest cc xmllint || return
    run_documented
    [ "$status" != 0 ] && [ "$(defects leaks)" = 'Memory Leak 2' ] && ended Failed leaks
    result 'the file for CDash has the defects of the test that leaks'
    [ -z "$(defects tidy)$(defects skips)$(defects hard)" ] && ended Passed tidy
    result 'and none of the others'
    [ "$(defects twice)" = 'FIM 1' ] && ended Failed twice
    result 'a misuse is a defect, too'
    ended Skipped skips && ended Failed hard
    result '77 stays a skip, 99 a failure'
    says_not 'Cannot find memory tester output file'
    result 'each test has a log'
    grep -q '^==[0-9]*==     #0 main .*leaks.c:5' build/Testing/Temporary/MemoryChecker.1.log
    result 'the log has the report'
    echo 'path:/etc/hosts' >rules
    rm -rf build/Testing
    sed -i "s|^cmake -S.*|& -DMEMORYCHECK_SUPPRESSIONS_FILE=$PWD/rules -DMEMORYCHECK_COMMAND_OPTIONS='--exitcode=0'|" "$work/lines"
    timeout -k 5 120 bash "$work/lines" </dev/null >"$work/output" 2>&1
    [ "$(defects leaks)" = 'Memory Leak 1' ] && ended Passed leaks
    result 'options and suppressions of the project hold'
}

ctest_lsan() {
    begin 'CTest as with LeakSanitizer' project cmake ctest cc xmllint || return
    run_documented
    [ "$(defects leaks)" = 'Direct leak 2' ]
    result 'the file for CDash has the defects of the test that leaks'
    [ -z "$(defects tidy)$(defects skips)$(defects hard)" ]
    result 'and none of the others'
    ended Passed leaks tidy && ended Skipped skips && ended Failed hard
    result 'statuses are as without'
}

ctest_launcher() {
    begin 'CTest without a memory check' project cmake ctest cc || return
    run_documented
    [ "$status" != 0 ] && ended Failed leaks && says 'Direct leak of 1 stream'
    result 'the test that leaks fails and tells'
    ended Passed tidy && ended Skipped skips && ended Failed hard
    result 'the others are as without'
}

googletest() {
    begin GoogleTest gtest cmake ctest c++ xmllint || return
    if ! [ -f /usr/include/gtest/gtest.h ]; then
        skipped=$((skipped + 1))
        echo 'skipped: GoogleTest: libgtest-dev is not installed'
        return
    fi
    run_documented
    [ "$(defects Files.Leaks)" = 'Memory Leak 1' ] && ended Failed Files.Leaks
    result 'the test that leaks is named'
    [ -z "$(defects Files.Closes)" ] && ended Passed Files.Closes
    result 'the other one is not'
    cp build/units .
    run_documented 2
    [ "$status $(cat "$work/output")" = '0 Files.Leaks' ] && grep -q 'Files_Leaks_Test::TestBody()' Files.Leaks.txt
    result 'without CMake: the test that leaks is named'
}

# ---- others that run programs ----

meson_wrapper() {
    begin Meson project meson ninja cc || return
    run_documented
    says ' leaks +FAIL .*exit status 23' && grep -q 'main .*leaks.c:5' build/meson-logs/testlog-leftopen.txt
    result 'the test that leaks fails and tells'
    says ' tidy +OK ' && says ' skips +SKIP ' && says ' hard +ERROR '
    result 'the others are as without'
}

automake_compiler() {
    begin Automake project automake autoconf aclocal cc || return
    (aclocal && automake --add-missing --copy && autoconf && ./configure) >"$work/output" 2>&1
    result 'the project can be built'
    run_documented
    [ "$status" != 0 ] && says '^FAIL: leaks$' && grep -q 'main .*leaks.c:5' leaks.log
    result 'the test that leaks fails and tells'
    says '^PASS: tidy$' && says '^SKIP: skips$' && says '^ERROR: hard$'
    result 'the others are as without'
}

prove_exec() {
    begin prove prove prove perl || return
    run_documented
    says '^\./leaks\.t \.+ *$' && says 'Dubious, test returned 23' && says 'Direct leak of 1 file'
    result 'the test that leaks fails and tells'
    says '^\./tidy\.t \.+ ok$' && says '^\./skips\.t \.+ skipped: not here$' && says '^Files=3, Tests=2,'
    result 'the others are as without'
}

go_exec() {
    begin 'go test' go go cc || return
    run_documented
    [ "$status" != 0 ] && says 'Direct leak of 1 stream' && says '^FAIL	runners'
    result 'the test that leaks fails and tells'
    sed -i 's/Open(true)/Open(false)/' runners_test.go
    run_documented
    [ "$status" = 0 ] && says '^ok  	runners'
    result 'without it they pass'
}

cargo_runner() {
    begin cargo cargo cargo || return
    run_documented
    [ "$status" != 0 ] && says 'tests::leaks .*src/lib.rs:7' && says 'thread [0-9]+ "tests::leaks"' && says 'exit status: 23'
    result 'the test that leaks is in the report'
    says_not '^ .*tests::tidy' && says 'test tests::tidy \.\.\. ok'
    result 'the other one is not'
    sed -i 's/std::mem::forget(\(.*\));/\1;/' src/lib.rs
    run_documented
    [ "$status" = 0 ] && says_not 'leftopen:'
    result 'without it they pass'
}

# What Bazel does with --run_under. With a slash it is called, else found by a shell; the test is a path in the runfiles.
under_bazel() {
    env -i PATH="$prefix/bin:/bin:/usr/bin" TEST_TMPDIR="$work/here" TEST_UNDECLARED_OUTPUTS_DIR="$work/here/outputs" \
        timeout -k 5 60 "$@" </dev/null >"$work/output" 2>&1
    status=$?
}

bazel_run_under() {
    begin Bazel project cc || return
    local words with_report
    read -ra words < <(documented | sed -E 's/.*--run_under=([^ ]*) .*/\1/')
    eval "with_report=($(sed -n "s/.*\`--run_under=\('.*'\)\`.*/\1/p" "$top/doc/runners.md" | tr -d "'" | sed "s|/usr/local|$prefix|"))"
    mkdir -p package outputs
    cc -g -o package/leaks leaks.c && cc -g -o package/tidy tidy.c
    under_bazel "${words[@]}" package/leaks
    [ $status = 23 ] && says 'main .*leaks.c:5'
    result 'the test that leaks fails and tells'
    under_bazel sh -c '"$@"' /bin/sh "${words[@]##*/}" package/leaks
    [ $status = 23 ]
    result 'by a name without a slash, too'
    under_bazel "${words[@]}" package/tidy
    [ "$status $(cat "$work/output")" = '0 ' ]
    result 'the other one passes'
    under_bazel "${words[@]}" package/tidy 99
    [ $status = 99 ]
    result 'its status stays its own'
    under_bazel "${with_report[@]}" package/leaks
    [ $status = 23 ] && grep -q 'main .*leaks.c:5' outputs/leftopen.txt
    result 'the report is kept where it is asked for'
}

# ---- pytest ----

# named PATTERN: tests of which a handle left open is told, sorted
named() { grep -oE "$1" "$work/output" | sed 's/.*:://' | sort -u; }
tests_called() { grep -oE "def test_$1\w*" test_handles.py | sed 's/def //' | sort -u; }

# opened_in FUNCTION: whose first line is told of
opened_in() { says "opened at test_handles.py:$(($(sed -n "/def $1(/=" test_handles.py) + 1)) in $1$"; }

pytest_plugin() {
    begin pytest pytest pytest || return
    run_documented
    [ "$status" = 1 ] && [ "$(named '^ERROR test_handles.py::.*test_\w*')" = "$(tests_called leaks)" ]
    result 'each test that leaks is named, and no other'
    says ' 13 passed, 1 skipped, 1 xfailed, 7 errors'
    result 'tests pass as without'
    opened_in test_leaks_file && opened_in test_leaks_socket && opened_in test_leaks_by_pathlib && opened_in forgetful
    result 'with the line that opened what was left'
    says '^stream 0x[0-9a-f]* .*/etc/hosts' && says '    #0 .*libffi'
    result 'or the stack, where native code did'
    sed -i 's/ -p / -k tidy -p /' "$work/lines"
    timeout -k 5 60 bash "$work/lines" </dev/null >"$work/output" 2>&1
    [ $? = 0 ] && says_not 'leftopen:'
    result 'tests that leave nothing open pass, and nothing is said'
    PYTHONPATH=$prefix/share/leftopen timeout -k 5 60 pytest -p leftopen_pytest --leftopen=warn >"$work/output" 2>&1 </dev/null
    [ $? = 0 ] && [ "$(named 'LeftOpenWarning: .* left open by .*')" = "$(tests_called leaks)" ]
    result 'as warnings, and by descriptors alone'
}

# ---- all of them ----

ctest_valgrind
ctest_lsan
ctest_launcher
meson_wrapper
automake_compiler
prove_exec
pytest_plugin
bazel_run_under
if [ "$1" = long ]; then
    googletest
    go_exec
    cargo_runner
fi
printf '%d passed, %d failed, %d skipped\n' $passed $failed $skipped
exit $((failed > 0))

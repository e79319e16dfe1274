#!/bin/sh
# check.sh - instructions that the library adds to each kind of work, counted by callgrind and compared with those
# kept in instructions.txt: a regression is seen on a machine that is too noisy to time anything.
#
#   BUILD=build check.sh           fails where a kind of work has become dearer by more than 3 in a hundred
#   BUILD=build check.sh keep      keeps what is counted now
#
# The counts hold for one compiler and one libc; both stand in the file.
set -u
build=$(realpath "${BUILD:?}")
kept=$(dirname "$0")/instructions.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# kind, frames, descriptors held, options
rows='open 16 0
open 40 0
socket 16 0
dup 16 0
dup 40 0
dup 16 0 misuse=0
dup 16 0 misuse=2
dup-sites 10 0
fopen 16 0
opendir 16 0
close-unknown 16 0
open 16 1000'

operations=500

# Instructions of BURSTS bursts, whatever the start costs: bursts, library or -, kind, frames, held, options
collected() {
    preload=; [ "$2" = - ] || preload=$2
    head -c "$1" /dev/zero | LD_PRELOAD=$preload LEFTOPEN_OPTIONS=${6:-} \
        valgrind --tool=callgrind --callgrind-out-file="$work/out" "$build/bench/work" "$3" "$4" 1 "$5" $operations \
        2>&1 >/dev/null | sed -n 's/.* Collected : //p'
}

# Instructions an operation: the warm-up is in both.
each() {
    few=$(collected 3 "$@") && many=$(collected 7 "$@")
    [ -n "$few" ] && [ -n "$many" ] || { echo "callgrind counted nothing: $*" >&2; exit 1; }
    echo $(((many - few) / (4 * operations)))
}

count_all() {
    echo "# instructions added to an operation; $(${CC:-cc} --version | head -n 1); $(ldd --version | head -n 1)"
    echo "$rows" | while read -r kind frames held options; do
        bare=$(each - "$kind" "$frames" "$held") || exit 1
        with=$(each "$build/libleftopen.so" "$kind" "$frames" "$held" "$options") || exit 1
        echo "$kind frames=$frames held=$held${options:+ $options} $((with - bare))"
    done
}

command -v valgrind >/dev/null || { echo "bench-check needs valgrind: apt-get install valgrind" >&2; exit 1; }
count_all >"$work/now" || exit 1
if [ "${1:-}" = keep ]; then
    cp "$work/now" "$kept"
    cat "$kept"
    exit
fi
[ "$(head -n 1 "$work/now")" = "$(head -n 1 "$kept")" ] ||
    echo "note: counted with another compiler or libc than what is kept: $(head -n 1 "$kept" | cut -c3-)"
awk 'FNR == NR { if ($1 != "#") { n = $NF; $NF = ""; before[$0] = n } next }
    $1 != "#" { n = $NF; $NF = ""
        if (!($0 in before)) { printf "%-36s %6d  not kept yet\n", $0, n; next }
        dearer = n > before[$0] * 1.03; wrong += dearer
        printf "%-36s %6d  kept %6d  %+5.1f %%%s\n", $0, n, before[$0], (n / before[$0] - 1) * 100, dearer ? "  DEARER" : "" }
    END { if (wrong) print wrong " kinds of work have become dearer; make bench-keep keeps these counts"; exit wrong > 0 }' \
    "$kept" "$work/now"

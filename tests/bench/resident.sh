#!/bin/sh
# resident.sh - memory that the library makes resident: of a small process, of each further thread and of each handle. The
# same figures go to BUILD/bench-resident.json.
set -u
build=$(realpath "${BUILD:?}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkfifo "$work/ask" "$work/answer"

# A record has pages that are mapped twice, and are counted once.
# Bytes resident of `work` after a burst: library or empty, kind, threads, handles held
resident() {
    LD_PRELOAD=$1 "$build/bench/work" "$2" 16 "$3" "$4" 200 <"$work/ask" >"$work/answer" &
    exec 3>"$work/ask" 4<"$work/answer"
    printf x >&3
    head -c 8 <&4 >/dev/null
    awk '/^[0-9a-f]+-/ { record = /\.leftopen$/ }
        $1 == (record ? "Pss:" : "Rss:") { sum += $2 } END { print sum * 1024 }' "/proc/$!/smaps"
    exec 3>&- 4<&-
    wait
}

median_of_3() { for _ in 1 2 3; do resident "$@"; done | sort -n | sed -n 2p; }

# One line of the table: name, budget in bytes, kind, then threads and handles held of the large process and, where only
# what is further counts, of the small one, and how many these are.
row() {
    name=$1 budget=$2 kind=$3
    bare=$(median_of_3 '' "$kind" "$4" "$5") with=$(median_of_3 "$build/libleftopen.so" "$kind" "$4" "$5")
    if [ $# -gt 6 ]; then
        bare=$(((bare - $(median_of_3 '' "$kind" "$6" "$7")) / $8))
        with=$(((with - $(median_of_3 "$build/libleftopen.so" "$kind" "$6" "$7")) / $8))
    fi
    over=; [ $((with - bare)) -le "$budget" ] || over='  over'
    printf '%-36s %11s %11s %11s  budget %s%s\n' "$name" "$bare" "$with" $((with - bare)) "$budget" "$over"
    printf '%s{"work":"%s","bare":%s,"with":%s,"added":%s,"budget":%s}' "$comma" "$name" "$bare" "$with" $((with - bare)) \
        "$budget" >>"$work/rows"
    comma=,
}

comma=
printf '%-36s %11s %11s %11s\n' 'resident memory, bytes' bare with added
row 'a small process' 1048576 open 1 0
row 'each further thread' 65536 open 64 0 1 0 63
row 'each of 19,000 descriptors' 64 open 1 19000 1 1000 18000
row 'each of 1,000,000 streams' 64 stream 1 1000000 1 1000 999000
printf '{"schema":"leftopen.bench-resident/1","rows":[%s]}\n' "$(cat "$work/rows")" >"$build/bench-resident.json"

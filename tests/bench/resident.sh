#!/bin/sh
# resident.sh - memory that the library makes resident: of a small process, and of each further thread.
set -u
build=$(realpath "${BUILD:?}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkfifo "$work/ask" "$work/answer"

# KiB resident of `work` after a burst: library or empty, threads
resident() {
    LD_PRELOAD=$1 "$build/bench/work" open 16 "$2" 0 200 <"$work/ask" >"$work/answer" &
    exec 3>"$work/ask" 4<"$work/answer"
    printf x >&3
    head -c 8 <&4 >/dev/null
    awk '$1 == "Rss:" { print $2 }' "/proc/$!/smaps_rollup"
    exec 3>&- 4<&-
    wait
}

median_of_3() { for _ in 1 2 3; do resident "$@"; done | sort -n | sed -n 2p; }

library=$build/libleftopen.so
bare=$(median_of_3 '' 1) with=$(median_of_3 "$library" 1)
bare_many=$(median_of_3 '' 64) with_many=$(median_of_3 "$library" 64)
row='%-36s %11s %11s %11s  budget %s\n'
printf "$row" 'resident memory, KiB' bare with added ''
printf "$row" 'a small process' "$bare" "$with" $((with - bare)) '1024'
printf "$row" 'each further thread' $(((bare_many - bare) / 63)) $(((with_many - with) / 63)) \
    $(((with_many - with - bare_many + bare) / 63)) '64'

#!/bin/sh
# The main job, shown: forgetful programs, their reports, and that tidy ones stay silent. $1: the build folder.
build=$(cd "$1" && pwd) || exit 1
examples=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# Says what is run, runs it, and says how it ended.
show() {
    printf '\n$ %s\n' "$*"
    "$@"
    printf '[status %s]\n' "$?"
}
run() { show "$build/leftopen" "$@"; }

echo '== Programs that forget =='
for program in failed_requests unwritten early_return forgotten_child exception; do
    run "$build/examples/$program"
done

echo
echo '== One that closes what is not its own any more =='
run "$build/examples/stale_close"
run --quarantine=64 --misuse=2 "$build/examples/stale_close"

echo
echo '== One that forgets nothing =='
run "$build/examples/tidy"

echo
echo '== Programs of the system, as they are =='
run /usr/bin/python3 -c 'import os; os.open("/etc/hostname", os.O_RDONLY); print("python is done")'
run bash "$examples/lock.sh"
run -- ls /

echo
echo '== The same without the command: only a variable =='
printf '\n$ LD_PRELOAD=%s/libleftopen.so early_return\n' "$build"
LD_PRELOAD="$build/libleftopen.so" "$build/examples/early_return"
printf '[status %s: the program’s own]\n' "$?"

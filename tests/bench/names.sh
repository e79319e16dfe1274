#!/bin/sh
# How fast a report finds its names, beside llvm-symbolizer and addr2line: 20 sites of sqlite3 (Debian's source, one unit),
# 10,000 sites of a program with more than 100 MB of debug information (made here: 160 units of 400 functions each).
# Needs BUILD. FILE=... measures that file instead, with SITES=... sites.
set -eu
build=$(realpath "$BUILD")
work=$build/bench/names-work
runs=${RUNS:-5}
mkdir -p "$work"

# A unit: functions with types, blocks and inlined calls of their own, as programs have them.
make_unit() {
	awk 'BEGIN {
		print "#include <stdio.h>\n#include <netdb.h>\n#include <pthread.h>\n#include <signal.h>\n#include <sys/stat.h>"
		for (i = 0; i < 400; i++) {
			printf "struct part_%d { int first; struct part_%d *next; char name[%d]; double weight; };\n", i, i, i + 1
			printf "static inline int weigh_%d(struct part_%d *part, int many) {\n", i, i
			printf "    int sum = 0;\n    for (int k = 0; k < many; k++)\n        sum += part->name[k %% %d] * k;\n    return sum;\n}\n", i + 1
			printf "static inline int chain_%d(struct part_%d *part, int many) {\n", i, i
			printf "    int sum = 0;\n    for (struct part_%d *at = part; at; at = at->next) {\n        int here = weigh_%d(at, many);\n        sum += here > %d ? here : at->first;\n    }\n    return sum;\n}\n", i, i, i
			printf "int open_%d(struct part_%d *part, int (*open)(const char *)) {\n", i, i
			printf "    int many = chain_%d(part, %d) + chain_%d(part->next, %d);\n", i, i + 3, i, i + 5
			printf "    if (many < 0)\n        return -1;\n    return open(part->name) + weigh_%d(part, many);\n}\n", i
		}
	}'
}

make_big() {
	[ ! -e "$work/big" ] || return 0
	make_unit >"$work/unit.c"
	(cd "$work" && gcc -g -O2 -c unit.c)
	objects=
	for i in $(seq 160); do
		objcopy --prefix-symbols=u${i}_ "$work/unit.o" "$work/unit$i.o"
		objects="$objects $work/unit$i.o"
	done
	echo 'int main(void) { return 0; }' >"$work/main.c"
	gcc -Wl,--build-id -o "$work/big" "$work/main.c" $objects
	rm -f $objects
}

# Debian's source, from the mirror that its programs come from.
make_sqlite() {
	[ ! -e "$work/sqlite3" ] || return 0
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | head -n 1)
	codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
	lists=$work/lists
	mkdir -p "$lists/partial"
	echo "deb-src $mirror $codename main" >"$work/sources.list"
	options="-o Dir::Etc::SourceList=$work/sources.list -o Dir::Etc::SourceParts=- -o Dir::State::Lists=$lists"
	(cd "$work" && apt-get $options update && apt-get $options source --only-source sqlite3) >"$work/apt.log" 2>&1 || return 1
	(cd "$work"/sqlite3-3*/ && ./configure && make sqlite3.c) >"$work/sqlite.log" 2>&1 || return 1
	gcc -g -O2 -o "$work/sqlite3" "$work"/sqlite3-3*/sqlite3.c "$work"/sqlite3-3*/shell.c -lpthread -ldl -lm
}

debug_megabytes() {
	size -A "$1" | awk '/^\.debug/ { sum += $2 } END { printf "%d\n", sum / 1e6 }'
}

measure() {
	echo "$2 sites of $1: $(debug_megabytes "$1") MB of debug information"
	"$build/bench/names" "$build/leftopen" "$2" "$runs" "$1" "$work"
}

if [ -n "${FILE:-}" ]; then
	measure "$FILE" "${SITES:-10000}"
	exit
fi
if make_sqlite; then
	measure "$work/sqlite3" 20
else
	echo 'skipped: 20 sites of sqlite3: its source cannot be had here, see' "$work"/*.log
fi
make_big
measure "$work/big" 10000

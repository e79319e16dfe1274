# programs.sh - what the whole programs of rows.c work on. Read by `whole` before each run, in the folder that they share,
# with OPERATIONS, FILES and PORT.

# NAME [MAKER]: made by make_NAME, unless it is there.
once() {
    [ -e "$1" ] && return
    rm -rf "$1.new"
    "${2:-make_$1}" "$1.new" && mv "$1.new" "$1"
}

# A hundred files a folder.
make_files() {
    for folder in $(seq $((FILES / 100))); do mkdir -p "$1/$folder"; done
    awk -v files="$FILES" -v where="$1" 'BEGIN {
        for (i = 0; i < files; i++) {
            file = where "/" int(i / 100) + 1 "/" i ".txt"
            for (line = 0; line < 20; line++) print "line", line, "of file", i >file
            close(file)
        }
    }'
}

# As many files, and a hundred commits that change twenty of them each.
make_repository() {
    git init -q "$1" && awk -v files="$FILES" 'function blob(file, text) {
            print "M 100644 inline " int(file / 100) + 1 "/" file ".txt\ndata " length(text) "\n" text
        }
        function commit(number) {
            print "commit refs/heads/main\ncommitter nobody <nobody> " 1700000000 + number " +0000\ndata 6\nchange"
        }
        BEGIN {
            commit(0)
            for (i = 0; i < files; i++) blob(i, "text of file " i)
            for (n = 1; n <= 100; n++) {
                commit(n)
                for (k = 0; k < 20; k++) blob((n * 37 + k * 991) % files, "change " n "\nof " k)
            }
        }' | git -C "$1" fast-import --quiet && git -C "$1" symbolic-ref HEAD refs/heads/main && git -C "$1" reset -q --hard &&
        sleep 1 && git -C "$1" status >/dev/null # which writes the index when no file is as young as it
}

# Runs as many processes as its argument says.
make_script() {
    echo 'i=0; while [ $i -lt $1 ]; do /bin/true; /bin/cat /dev/null; i=$((i+2)); done' >"$1"
}

make_units() {
    mkdir "$1"
    for unit in $(seq 50); do
        awk -v unit="$unit" 'BEGIN {
            print "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>"
            for (i = 0; i < 12; i++)
                printf "int f%d_%d(const char *text, int n) { int sum = %d; for (int i = 0; i < n; i++) sum += text[i] * i; return sum; }\n", unit, i, i
        }' >"$1/$unit.c"
    done
}

# A hundred modules of python's own.
make_imports() {
    python3 - "$1" <<'END'
import importlib, sys

found = []
for name in sorted(sys.stdlib_module_names - {"antigravity", "this", "idlelib", "turtledemo", "turtle", "tkinter"}):
    if name.startswith("_") or len(found) == 100:
        continue
    try:
        importlib.import_module(name)
    except ImportError:
        continue
    found.append(name)
with open(sys.argv[1], "w", encoding="utf-8") as file:
    file.writelines(f"import {name}\n" for name in found)
END
}

# An empty database, and what is to be done to it.
transactions() {
    rm -f data data-journal
    once "transactions.$OPERATIONS" make_transactions
}

make_transactions() {
    {
        echo 'PRAGMA synchronous=OFF; CREATE TABLE entry (number INTEGER, text TEXT);'
        seq -f "INSERT INTO entry VALUES (%.0f, 'text of an entry');" "$OPERATIONS"
    } >"$1"
}

# A page, and a server of it that stays in the foreground.
site() {
    [ -e page ] || awk 'BEGIN { for (i = 0; i < 100; i++) print "<p>line " i " of a page</p>" }' >page
    cat >nginx.conf <<END
daemon off; worker_processes 1; pid nginx.pid; error_log /dev/null; user $(id -un) $(id -gn);
events { worker_connections 256; }
http { access_log off; server { listen 127.0.0.1:$PORT; root $PWD; } }
END
}

requests_of_wrk() {
    wrk -t1 -c16 -d2s "$@" "http://127.0.0.1:$PORT/page" | awk '/requests in/ { print $1 }'
}

#!/bin/bash
# Who may know whom, and what the library shows and asks for: looked at, not promised. Started from the top folder.
set -u
export LC_ALL=C
library=${BUILD:-build}/libleftopen.so
libc=$(ldd "$library" | awk '$1 == "libc.so.6" { print $3 }')
work=$(mktemp -d /tmp/leftopen-boundaries-XXXXXX) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

# result DESCRIPTION FILE: FILE holds what is wrong, nothing if all is well.
result() {
    if [ -s "$2" ]; then
        failed=$((failed + 1))
        printf 'FAILED: %s\n' "$1"
        sed 's/^/    /' "$2"
    else
        passed=$((passed + 1))
        printf 'ok: %s\n' "$1"
    fi
}

skip() {
    skipped=$((skipped + 1))
    printf 'skipped: %s: %s\n' "$1" "$2"
}

# ---- who includes whom: shim -> tracker <- (record format only) tools ----

# may_include FOLDER PATTERN: every "…" include of the folder's files matches.
may_include() {
    local folder=$1 pattern=$2
    find "$folder/" -name '*.[chS]' -o -name '*.def' -o -name '*.in' | sort |
        xargs awk -F'"' -v pattern="^($pattern)$" '
            /^#[ \t]*include[ \t]*"/ && $2 !~ pattern { print FILENAME ": " $2 }' >"$work/wrong"
    find "$folder/" -name '*.c' | grep -q . || echo "no sources found" >>"$work/wrong"
    result "$folder includes $pattern" "$work/wrong"
}
tests_only='tests/.*|(tracker|shim|tools)/([a-z]+/)?[a-z_0-9]+[.](h|def)'
may_include shim 'shim/[a-z_]+[.](h|c|def)|tracker/(tracker|sys|large)[.]h'
may_include tracker '(tracker/)?([a-z0-9_]+/)?[a-z_]+[.](h|def)'
may_include tools 'tools/([a-z]+/)?[a-z_0-9]+[.](h|def)|tracker/(record_format[.]h|(kinds|misuses|settings|shells)[.]def)'
may_include tests "$tests_only|[a-z_]+[.]h"

grep -rn '#include "\(shim\|tools\|tests\)/' tracker >"$work/wrong"
result 'tracker knows neither shim nor tools nor tests' "$work/wrong"
grep -rn '#include "\(shim\|tracker\|tools\)/' tests/targets >"$work/wrong"
result 'programs that are watched know no header of ours' "$work/wrong"
grep -rnE '#include <(stdio|stdlib|string|malloc|pthread)[.]h>' tracker --include='*.[ch]' >"$work/wrong"
result 'tracker includes no stdio, stdlib, string, malloc, pthread' "$work/wrong"

# Each header alone: what it needs, it includes.
: >"$work/wrong"
for header in tracker/*.h shim/*.h tools/*.h tools/*/*.h; do
    ${CC:-gcc} -std=gnu17 -D_GNU_SOURCE -I. -fsyntax-only -x c "$header" >"$work/messages" 2>&1 ||
        sed "s|^|$header: |; 2,\$d" "$work/messages" >>"$work/wrong"
done
result 'every header can be included alone' "$work/wrong"

# ---- what the library asks for ----

nm -D --undefined-only "$library" | awk '{ sub(/@.*/, "", $NF); print $NF }' | sort -u >"$work/undefined"
grep -v '^#' tests/allowed_undefined.txt | awk 'NF { print $1 }' | sort >"$work/allowed"
comm -23 "$work/undefined" "$work/allowed" >"$work/wrong"
result 'undefined symbols are those of tests/allowed_undefined.txt' "$work/wrong"
comm -13 "$work/undefined" "$work/allowed" >"$work/wrong"
result 'tests/allowed_undefined.txt allows nothing that is not needed' "$work/wrong"
readelf -dW "$library" | awk '/NEEDED/ && !/\[libc[.]so[.]6\]/' >"$work/wrong"
result 'needs libc and nothing else' "$work/wrong"
readelf -dW "$library" | grep -E 'TEXTREL|RPATH|RUNPATH' >"$work/wrong"
result 'no text relocations, no search path' "$work/wrong"
for flag in NOW NODELETE INITFIRST; do
    readelf -dW "$library" | grep -q "FLAGS_1.*$flag" || echo "$flag is missing"
done >"$work/wrong"
result 'linked now, nodelete, initfirst' "$work/wrong"
readelf -lW "$library" | awk '$1 == "GNU_STACK" && $7 ~ /E/' >"$work/wrong"
readelf -lW "$library" | grep -q GNU_STACK || echo 'no GNU_STACK' >>"$work/wrong"
result 'the stack is not executable' "$work/wrong"

# section NAME: its size in bytes, 0 if there is none.
section() {
    local size
    size=$(readelf -SW "$library" | sed 's/^ *\[ *[0-9]*\] *//' | awk -v name="$1" '$1 == name { print $5 }')
    echo $((16#${size:-0}))
}
{
    [ "$(section .init_array)" = 8 ] || echo ".init_array has $(section .init_array) bytes, not 8"
    for name in .fini_array .preinit_array .ctors .dtors; do
        [ "$(section $name)" = 0 ] || echo "$name is there"
    done
    readelf -dW "$library" | grep -E '\((INIT|FINI)\)'
} >"$work/wrong"
result 'one constructor, no destructor' "$work/wrong"
{
    tls=$(readelf -lW "$library" | awk '$1 == "TLS" { print $6 }')
    [ $((tls)) -le 320 ] || echo "the TLS segment has $((tls)) bytes"
    nm "$library" | grep -w '__tls_get_addr'
} >"$work/wrong"
result 'the TLS segment is small, and reached without a call' "$work/wrong"

# ---- what it shows ----

printf '%s\n' '#define CALL(returns, name, ...) name' '#define ALIAS(other, name) other' '#include "shim/calls.def"' |
    ${CC:-gcc} -E -P -x c -I. - | awk 'NF { print $1 }' | sort >"$work/table"
nm -D --defined-only "$library" | awk '{ print $3 }' | sort >"$work/exports"
diff "$work/table" "$work/exports" >"$work/wrong"
[ "$(wc -l <"$work/table")" -ge 90 ] || echo 'the table was not read' >>"$work/wrong"
result 'exports are the lines of calls.def' "$work/wrong"
nm -D --defined-only "$library" | grep '@' >"$work/wrong"
result 'exports have no version' "$work/wrong"
nm -D --defined-only "$library" | awk '$2 !~ /^T$/' >"$work/wrong"
result 'exports are functions' "$work/wrong"

# ---- against libc ----

# address name, for all that a program can link to (not GLIBC_PRIVATE)
nm -D --defined-only "$libc" | grep -v GLIBC_PRIVATE |
    awk '$2 ~ /[TWi]/ { sub(/@.*/, "", $3); print $1, $3 }' | sort -u >"$work/libc"
awk '{ print $2 }' "$work/libc" | sort -u >"$work/libc_names"

printf '%s\n' '#define ALIAS(other, name) other name' '#include "shim/calls.def"' |
    ${CC:-gcc} -E -P -x c -I. - | awk 'NF' >"$work/aliases"
awk 'NR == FNR { address[$2] = address[$2] " " $1; next }
     { equal = 0; n = split(address[$1], a); for (i = 1; i <= n; i++) if (index(address[$2], a[i])) equal = 1 }
     !equal { print $1, "is not", $2 }' "$work/libc" "$work/aliases" >"$work/wrong"
[ "$(wc -l <"$work/aliases")" -ge 20 ] || echo 'the table was not read' >>"$work/wrong"
result 'aliases have equal addresses in libc' "$work/wrong"

# The other way round: whatever libc has at the address of a wrapped call is wrapped too.
awk 'NR == FNR { table[$1] = 1; next } { names[$1] = names[$1] " " $2 }
     END { for (at in names) { n = split(names[at], name); any = 0
               for (i = 1; i <= n; i++) any += name[i] in table
               for (i = 1; any && i <= n; i++) if (!(name[i] in table)) print name[i], "is another name of a wrapped call" } }' \
    "$work/table" "$work/libc" | sort >"$work/wrong"
result 'no second name of a wrapped call is left out' "$work/wrong"
comm -23 "$work/table" "$work/libc_names" | grep -v '^__libc_start_main$' >"$work/wrong"
result 'every wrapped call is one of libc' "$work/wrong"

# Whatever looks like a call that handles handles is wrapped, or skipped with a reason: each a line of calls.def.
looks_like_handles='open|close|dup[0-9]?$|pipe|socket|accept|fork|clone|exec|spawn[p]?$|epoll_create|eventfd$'
looks_like_handles+='|(inotify|fanotify)_init|signalfd|timerfd_create|memfd|creat(64)?$|mk.?stemp|tmpfile|pidfd_|recvm'
looks_like_handles+='|m(un|re)?map(64)?$|shm(at|dt|_)|timer_(create|delete)|sem_(open|close)|mq_(open|close)|fs(mount|pick)'
looks_like_handles+='|_tree|scandir|ftw|mntent|getpt$|pty|login_tty|ioctl|fcntl|unshare|setns|daemon|exit$|_Exit|abort$'
looks_like_handles+='|^system|syscall$|dlm?open|iconv_|thrd_create|pthread_create|join|detach$|rcmd|rresvport|setre?s?uid|seteuid|chroot'
looks_like_handles+='|(shm|sem|msg)(get|ctl)$|move_mount|^(flock|lockf(64)?)$|^glob(64)?$|getaddrinfo_a|syslog|^(set|get|end)[a-z]*ent$|usershell'
looks_like_handles+='|ckpwdf|pututline|res_n?init$|^(clnt|svc)[a-z]*_create$'
printf '%s\n' '#define SKIP(name, reason) name reason' '#include "shim/calls.def"' |
    ${CC:-gcc} -E -P -x c -I. - | awk 'NF' >"$work/skips"
awk '{ print $1 }' "$work/skips" | sort >"$work/skipped"
grep -E "$looks_like_handles" "$work/libc_names" | sort >"$work/candidates"
sort -u "$work/table" "$work/skipped" | comm -13 - "$work/candidates" >"$work/wrong"
[ "$(wc -l <"$work/candidates")" -ge 150 ] || echo 'libc was not read' >>"$work/wrong"
result "every call of libc that looks like handles is in calls.def ($(wc -l <"$work/candidates") of them)" "$work/wrong"
awk '$0 !~ /^[a-zA-Z0-9_]+ "[^"]+"$/ { print $1 ": no reason" }' "$work/skips" >"$work/wrong"
uniq -d "$work/skipped" | sed 's/$/: skipped twice/' >>"$work/wrong"
comm -12 "$work/table" "$work/skipped" | sed 's/$/: wrapped and skipped/' >>"$work/wrong"
result "what is skipped is so once, with a reason ($(wc -l <"$work/skips") of them)" "$work/wrong"
if ldd --version | grep -q 'GLIBC 2.36'; then
    comm -23 "$work/skipped" "$work/libc_names" >"$work/wrong"
    result 'what is skipped is there' "$work/wrong"
else
    skip 'what is skipped is there' 'the lines are of glibc 2.36'
fi

printf '%d passed, %d failed, %d skipped\n' $passed $failed $skipped
[ $failed = 0 ]

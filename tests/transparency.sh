#!/bin/bash
# Programs of the system give the same output, status and files with the library as without. The report goes to a file.
#
# Each case is a script, run by bash in an empty folder of the same name three times: twice bare (what differs then is the
# program's own affair, and the case is skipped), once with the library. Started from the top folder.
set -u
export LC_ALL=C TZ=UTC
library=$(realpath "${BUILD:-build}/libleftopen.so")
work=$(mktemp -d /tmp/leftopen-transparency-XXXXXX) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0
unset LEFTOPEN_OPTIONS LD_PRELOAD GIT_DIR GIT_WORK_TREE MAKEFLAGS MAKELEVEL MFLAGS
export HOME=$work/home GIT_CONFIG_NOSYSTEM=1 PYTHONDONTWRITEBYTECODE=1
mkdir "$HOME"
source_folder=$work/source # the same input for all
mkdir -p "$source_folder/sub/deep"
for i in 1 2 3 4 5 6 7 8 9; do
    printf 'line %d\n%s\n' "$((i * 7 % 10))" "$i$i$i" >"$source_folder/file$i.txt"
    cp "$source_folder/file$i.txt" "$source_folder/sub/deep/copy$i"
done
find "$source_folder" -exec touch -h -d '2020-01-01T00:00:00Z' {} +
export source_folder

# run_in OUTCOME SCRIPT [NAME=VALUE…]: leaves stdout, stderr, status and the list of files in folder OUTCOME.
run_in() {
    local outcome=$work/$1 script=$2
    shift 2
    rm -rf "$work/here" "$outcome"
    mkdir "$work/here" "$outcome"
    (cd "$work/here" && exec env "$@" timeout -k 5 300 bash -c "$script") \
        </dev/null >"$outcome/stdout" 2>"$outcome/stderr"
    echo $? >"$outcome/status"
    (cd "$work/here" && find . -printf '%p %y %m %s\n' | sort) >"$outcome/files"
}

# check PROGRAM NAME SCRIPT [killed]
# killed: processes of the script die by a signal; their records stay, to tell what they held.
check() {
    local program=$1 name="$1: $2" script=$3 killed=${4-}
    if ! command -v "$program" >/dev/null; then
        skipped=$((skipped + 1))
        echo "skipped: $name: $program is not installed"
        return
    fi
    run_in bare "$script"
    run_in again "$script"
    if ! diff -r "$work/bare" "$work/again" >/dev/null; then
        skipped=$((skipped + 1))
        echo "skipped: $name: differs from run to run without the library"
        return
    fi
    rm -rf "$work/records" "$work/reports"
    mkdir -m 700 "$work/records" "$work/reports"
    run_in watched "$script" LD_PRELOAD="$library" \
        LEFTOPEN_OPTIONS="record=$work/records:report=$work/reports/report.%p:$options"
    {
        diff -r "$work/bare" "$work/watched"
        # processes that end a moment after the one that was waited for
        for _ in $(seq 300); do
            [ -z "$(ls -A "$work/records")" ] || [ "$killed" ] && break
            sleep 0.1
        done
        [ "$killed" ] || ls -A "$work/records" | sed 's/^/record left behind: /'
        grep -L -e 'SUMMARY: leftopen: ' -e '"schema":"leftopen.report/1"' "$work"/reports/* 2>/dev/null | sed 's/^/not a report: /'
    } >"$work/wrong"
    if [ -s "$work/wrong" ]; then
        failed=$((failed + 1))
        echo "FAILED: $name ($options)"
        sed 's/^/    /' "$work/wrong" | head -40
    else
        passed=$((passed + 1))
        echo "ok: $name"
    fi
}

all_cases() {
    check bash 'pipes, substitutions, redirections, jobs' '
        exec 3<"$source_folder/file1.txt" 4>&1; read -r x <&3; echo "$x" >&4
        echo "$(echo a | tr a b)" <(echo) | grep -c dev; diff <(sort <&3) <(echo other)
        f() { local y=$(cat); echo "$y"; }; f <<<"here"; (exit 3); echo $?
        sleep 0.01 & wait $!; echo $?; coproc cat; exec 5<&${COPROC[0]}; echo text >&${COPROC[1]}; exec {COPROC[1]}>&-; cat <&5
        cat /nonexistent; mapfile -t lines <"$source_folder/file2.txt"; echo "${lines[@]}"; exit 6'
    check bash 'a death by signal' 'bash -c "exec 3</dev/null; kill -TERM \$\$"; echo $?' killed
    check bash 'its own descriptors' 'ls /proc/self/fd; for f in /proc/$$/fd/*; do echo "${f##*/}"; done; ulimit -n 7; ls /proc/self/fd'
    check bash 'an error in the script' 'set -eu; echo one; echo "$nothing"; echo two'
    check dash 'pipes, here documents, traps, jobs' "dash -c '
        exec 3<\"\$source_folder/file1.txt\"; read -r x <&3; echo \"\$x\"; trap \"echo bye\" EXIT
        cat <<E
\$(echo a | tr a b)
E
        (exit 4); echo \$?; sleep 0.01 & wait; cat /nonexistent; exit 5'"
    check /usr/bin/python3 'subprocess' "/usr/bin/python3 -c '
import subprocess, sys
r = subprocess.run([\"sort\", \"-r\"], input=b\"a\nb\n\", capture_output=True); print(r)
print(subprocess.run(\"exit 3\", shell=True).returncode)
p = subprocess.Popen([\"cat\"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
print(p.communicate(b\"x\" * 200000)[0].count(b\"x\"))
print(subprocess.run([\"ls\", \"/proc/self/fd\"], capture_output=True, pass_fds=(1,)).stdout)
try: subprocess.run([\"/nonexistent\"])
except OSError as e: print(e)
sys.exit(9)'"
    check /usr/bin/python3 'threads, files, sockets' "/usr/bin/python3 -c '
import os, socket, tempfile, threading, select, mmap
def work(n):
    for _ in range(50):
        with tempfile.TemporaryFile() as f: f.write(b\"x\" * n); f.flush(); os.dup2(f.fileno(), 50 + n)
        os.close(50 + n)
t = [threading.Thread(target=work, args=(n,)) for n in range(8)]
[x.start() for x in t]; [x.join() for x in t]
a, b = socket.socketpair(); a.sendall(b\"hello\"); print(b.recv(5)); e = select.epoll(); e.register(b, 1)
s = socket.create_server((\"127.0.0.1\", 0)); c = socket.create_connection(s.getsockname()); d, _ = s.accept(); print(d.fileno())
print(sorted(os.listdir(\"/proc/self/fd\")), os.open(\"/dev/null\", 0))'"
    check /usr/bin/python3 'multiprocessing, asyncio' "/usr/bin/python3 -c '
import asyncio, multiprocessing as m
async def main():
    p = await asyncio.create_subprocess_exec(\"echo\", \"hi\", stdout=asyncio.subprocess.PIPE); print(await p.communicate())
asyncio.run(main())
for how in \"fork\", \"spawn\", \"forkserver\":
    with m.get_context(how).Pool(2) as pool: print(pool.map(abs, [-1, -2, -3]))'" killed # the workers, by their pool
    check /usr/bin/python3 'an exception, and a death' "/usr/bin/python3 -c 'open(\"/nonexistent\")'; (/usr/bin/python3 -c 'import os; os.open(\"/\", 0); os.kill(os.getpid(), 15)'; echo \$?; /usr/bin/python3 -c 'import os; os.open(\"/\", 0); os.abort()'; echo \$?) 2>/dev/null" killed
    check perl 'files, forks, pipes' "perl -e '
        open my \$f, \"<\", \"\$ENV{source_folder}/file1.txt\" or die; print <\$f>; print \`echo child\`; open my \$p, \"-|\", \"cat /nonexistent\"; print <\$p>; close \$p; print \$?, \"\n\";
        if (my \$c = fork) { waitpid \$c, 0; print \$? >> 8, \"\n\" } else { exit 6 }
        system \"exit 7\"; print \$? >> 8, \"\n\"; opendir my \$d, \$ENV{source_folder}; print scalar(readdir \$d) ? \"yes\n\" : \"no\n\"; print fileno(\$d // \$f) // \"none\", \"\n\"; print STDERR \"warned\n\"; exit 8; '"
    check git 'a repository' '
        export GIT_AUTHOR_DATE="2020-01-01T00:00:00Z" GIT_COMMITTER_DATE="2020-01-01T00:00:00Z"
        export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
        git init -q -b main . && cp -r "$source_folder/." . && git add . && git commit -qm one && git rev-parse HEAD
        echo more >>file1.txt; git diff; git stash -q; git log --stat --oneline | cat; git checkout -q -b other; git mv file2.txt x
        git commit -qm two; git merge -q main; git gc -q; git fsck; git show nonexistent; git clone -q . clone; git -C clone log --oneline
        git archive HEAD | tar t; git grep -n line | sed -n 1,5p; rm -rf .git clone'
    check make 'parallel jobs' '
        printf "all: a b c\n\tcat a b c\n%%:\n\t@echo making \$@; sleep 0.01; echo \$@ >\$@\n" >Makefile
        make -s -j1; rm a b c; make -j3 -s --output-sync 2>&1 | sort; make -s; make nonexistent/file; false || make -f /nonexistent'
    check gcc 'compile, link, run, fail' '
        printf "#include <stdio.h>\nint main(void) { puts(\"built\"); return 4; }\n" >a.c
        gcc -Wall -O2 -pipe a.c -o a && ./a; echo $?; gcc -c a.c -o a.o && ar rcs liba.a a.o && nm a.o; echo "int main(" | gcc -x c - ; echo $?; rm -f a'
    check tar 'pack and unpack' '
        tar -C "$source_folder" --sort=name --mtime=@0 -cf a.tar . && tar tvf a.tar && mkdir out && tar -C out -xf a.tar && diff -r out "$source_folder" && tar -czf b.tar.gz -C out . && tar tzf b.tar.gz | sort; tar xf /nonexistent; echo $?'
    check sort 'sort, in files and in memory' '
        sort "$source_folder"/*.txt; seq 20000 | shuf --random-source=/dev/zero | sort -n -S 64k --parallel=2 -T . | sed -n "$p"; sort /nonexistent; sort -m <(seq 3) <(seq 3); echo $?'
    check ls 'ls' 'ls -lR --time-style=+%s "$source_folder"; ls /nonexistent; echo $?; ls /proc/self/fd; ls --color=always -d /'
    check find 'find' 'find "$source_folder" | sort; find "$source_folder" -name "*1*" -exec cat {} \;; find "$source_folder" -type f -print0 | sort -z | xargs -0 -n 5 wc -l; find /nonexistent; echo $?'
    check ps 'ps' 'ps -o comm= -p $$; ps --nonexistent >/dev/null; echo $?'
    check sed 'sed, awk, grep, cut' 'sed -i.old s/line/word/ <(echo) 2>/dev/null; cp "$source_folder/file1.txt" f; sed -i s/line/word/ f; cat f; awk "{ print | \"cat\" }" f; awk "BEGIN { while ((\"echo x\" | getline l) > 0) print l; system(\"exit 3\") }"; grep -r word .; grep x /nonexistent; cut -c1-3 f'
    check xargs 'env, nohup, timeout, nice, tee' 'seq 5 | xargs -P2 -n1 echo | sort; env -i /bin/echo bare; timeout 1 true; nice true; echo t | tee a b; cat a b; nohup echo n 2>/dev/null; timeout 0.05 sleep 5; echo $?'
    check gzip 'gzip, xz' 'cp "$source_folder/file1.txt" f; gzip -n f && gzip -dc f.gz; gzip -d f.gz; xz -k f && xz -dc f.xz; gzip -d /nonexistent; echo $?'
    check diff 'diff, cmp, patch, comm' 'diff -ru "$source_folder/sub" "$source_folder"; cmp "$source_folder"/file[12].txt; comm <(seq 3) <(seq 2 4)'
    check openssl 'openssl' 'echo x | openssl dgst -sha256; openssl enc -d -aes-128-cbc -in /nonexistent -k x 2>/dev/null; echo $?'
    check sqlite3 'sqlite3' 'sqlite3 a.db "create table t(x); insert into t values(1),(2); select sum(x) from t; .exit 5"; echo $?; sqlite3 /nonexistent/a.db .tables'
}

echo '-- with all that it does by itself'
options=release=all:format=text
all_cases
echo '-- told to do less'
options=release=none:format=json:unwind=caller:depth=1
all_cases
printf '%d passed, %d failed, %d skipped\n' $passed $failed $skipped
[ $failed = 0 ]

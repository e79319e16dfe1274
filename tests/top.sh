#!/bin/bash
# leftopen top: lines of the batch mode against /proc, and the screen in tmux: keys, sizes, ways to end. Started from
# the top folder. Nothing here waits for a time to pass, only for what must come, and for that not longer than $patience seconds.
set -u
export LC_ALL=C.UTF-8 TZ=UTC
unset LEFTOPEN_OPTIONS LD_PRELOAD TMUX NO_COLOR FORCE_COLOR
build=$(realpath "${BUILD:-build}")
leftopen=$build/leftopen
patience=60
work=$(mktemp -d /tmp/leftopen-top-XXXXXX) || exit 1
records=$work/records
mkdir -m 700 "$records"
passed=0 failed=0 skipped=0
targets=()

finish() {
    tmux_ kill-server 2>/dev/null
    for target in "${targets[@]}"; do
        kill "$target" 2>/dev/null
    done
    rm -rf "$work"
}
trap finish EXIT

# ---- checks ----

# result DESCRIPTION: the status of the command before it decides; what is in $work/wrong is shown where it failed.
result() {
    local status=$?
    if [ $status = 0 ]; then
        passed=$((passed + 1))
        printf 'ok: %s\n' "$1"
    else
        failed=$((failed + 1))
        printf 'FAILED: %s\n' "$1"
        sed 's/^/    /' "$work/wrong"
    fi
    : >"$work/wrong"
}

# same WANTED GOT
same() {
    [ "$1" = "$2" ] && return
    printf 'wanted: %s\ngot:    %s\n' "$1" "$2" >"$work/wrong"
    false
}

# until_true COMMAND…: as often as it takes.
until_true() {
    local i
    for ((i = 0; i < 10 * patience; i++)); do
        "$@" && return
        sleep 0.1
    done
    false
}

# ---- programs that are watched ----

# start NAME [LIMIT]: a program that does what tell says. Its PID is in $pid.
start() {
    mkfifo "$work/$1.in" "$work/$1.out"
    (
        [ $# -lt 2 ] || ulimit -n "$2"
        export LD_PRELOAD=$build/libleftopen.so LEFTOPEN_OPTIONS=record=$records:report=none
        exec -a "$1" "$build/targets/on_command"
    ) <"$work/$1.in" >"$work/$1.out" 2>/dev/null &
    pid=$!
    targets+=("$pid")
    exec {input}>"$work/$1.in" {output}<"$work/$1.out"
}

# tell LINE: to the program that was started last; returns when it has done it.
tell() {
    local answer
    echo "$1" >&"$input"
    read -r -t $patience answer <&"$output" && [ "$answer" = done ]
}

descriptors() { ls "/proc/$1/fd" | wc -l; }

# field WORD NUMBER FILE: of the newest such line
field() { awk -v word="$1" -v number="$2" '$1 == word { value = $number } END { print value }' "$3"; }

# ---- lines ----

start leaky 500
tell 'file 30' && tell 'pair 5' && tell 'close 4'
result 'the program opens and closes'

timeout $((2 * patience)) "$leftopen" top -b -n 1 "$pid" >"$work/lines" 2>"$work/wrong"
result 'one sample ends by itself'
same "$(descriptors "$pid") 500" "$(field process 3 "$work/lines") $(field process 4 "$work/lines")"
result 'descriptors and limit are those of /proc'
same '36 2' "$(field process 5 "$work/lines") $(field process 6 "$work/lines")"
result 'handles and sites'
same '26 30 4 30 file|10 10 0 10 socket' "$(awk '$1 == "site" { printf "%s%s %s %s %s %s", separator, $4, $5, $6, $7, $11; separator = "|" }' "$work/lines")"
result 'sites: open, opened, closed, peak, kind'
grep -q '^site .* open < open_file on_command.c:[0-9]* < main on_command.c:[0-9]*$' "$work/lines"
result 'sites say where'

timeout $((2 * patience)) "$leftopen" top -b --samples=3 -d 0.1 --record="$records" >"$work/lines" 2>"$work/wrong"
same '3 3 3' "$(grep -c ^sample "$work/lines") $(grep -c '^process ' "$work/lines") $(grep -c '^$' "$work/lines")"
result 'without a PID: who has a record and lives; three blocks'

# A reader that follows: what the program does between two samples is in the next one.
mkfifo "$work/lines.fifo"
timeout $((2 * patience)) "$leftopen" top -b -d 0.1 "$pid" >"$work/lines.fifo" 2>"$work/ended" &
batch=$!
exec {lines}<"$work/lines.fifo"
read -r -t $patience -u "$lines" _ && tell 'file 5'
while read -r -t $patience -u "$lines" line && [[ $line != "process $pid "*" +5 "* ]]; do :; done
same "process $pid $(descriptors "$pid") 500 41 2" "$(cut -d' ' -f1-6 <<<"$line")"
result 'growth since the first sample'
[[ $(cut -d' ' -f7 <<<"$line") == +* && $(cut -d' ' -f9 <<<"$line") -gt 0 ]]
result 'a rate, and when the limit will be met'
timeout $((2 * patience)) "$leftopen" top -b -n 2 -d 0.1 --fail "$pid" >"$work/quiet" 2>"$work/wrong"
same 0 $?
result 'without growth --fail changes nothing'
mkfifo "$work/growth.fifo"
for _ in {1..20}; do # until the program grows between the two samples
    timeout $((2 * patience)) "$leftopen" top -b -n 2 -d 0.5 --fail "$pid" >"$work/growth.fifo" 2>"$work/wrong" &
    grows=$!
    { read -r _ && tell 'file 1' && cat >"$work/grown"; } <"$work/growth.fifo"
    wait "$grows"
    status=$?
    [ $status = 23 ] && break
done
same 23 $status
result 'growth gives 23 with --fail'
echo 'end 0' >&"$input"
while read -r -t $patience -u "$lines" line; do :; done
wait "$batch"
same "0 leftopen: what was to be watched has ended" "$? $(cat "$work/ended")"
result 'it ends with the process that it watches'
exec {lines}<&- {input}>&- {output}<&-

# A process that executes another program has another record, and no record before its first acquire.
mkfifo "$work/other.in" "$work/other.out" "$work/go"
(
    export LD_PRELOAD=$build/libleftopen.so LEFTOPEN_OPTIONS=record=$records:report=none
    exec bash --norc -c "exec 7</dev/null; echo done; read -r _ <$work/go; exec -a other $build/targets/on_command"
) <"$work/other.in" >"$work/other.out" 2>/dev/null &
pid=$!
targets+=("$pid")
exec {input}>"$work/other.in" {output}<"$work/other.out"
read -r -t $patience _ <&"$output"
timeout $((2 * patience)) "$leftopen" top -b -d 0.1 "$pid" >"$work/lines.fifo" 2>"$work/wrong" &
batch=$!
exec {lines}<"$work/lines.fifo"
while read -r -t $patience -u "$lines" line && [[ $line != "process $pid "*" bash" ]]; do :; done
echo >"$work/go"
while read -r -t $patience -u "$lines" line && [[ $line == ?* ]]; do :; done
tell 'file 3'
while read -r -t $patience -u "$lines" line && [[ $line != "process $pid "*" 3 1 "*" other" ]]; do :; done
same "process $pid $(descriptors "$pid")" "$(cut -d' ' -f1-3 <<<"$line")"
result 'a process that executes another program is followed'
echo 'end 0' >&"$input"
while read -r -t $patience -u "$lines" line; do :; done
wait "$batch"
exec {lines}<&- {input}>&- {output}<&-

# refused TEXT COMMAND…: wrong usage, and the message has the text.
refused() {
    local text=$1
    shift
    timeout $((2 * patience)) "$@" </dev/null >"$work/out" 2>"$work/wrong"
    [ $? = 64 ] && grep -qF -- "$text" "$work/wrong"
}
refused 'leftopen top -b' "$leftopen" top
result 'without a terminal it names -b'
refused 'from 0.1' "$leftopen" top -b -d 0
result 'a delay of nothing is refused'
refused 'a number' "$leftopen" top -b -n none
result 'a number that is none is refused'
refused 'limit' "$leftopen" top -b -s colour
result 'an order that is none is refused, and the orders named'
refused '--bathc' "$leftopen" top --bathc
result 'an unknown option is named'
timeout $((2 * patience)) "$leftopen" top -b "$pid" >"$work/out" 2>"$work/wrong"
same 66 $?
result 'a process that is gone is no process'

# ---- screen ----

tmux_() { tmux -L "leftopen-top-$$" -f /dev/null "$@"; }
screen() { tmux_ capture-pane -p -t top; }
shows() { screen | grep -qE -- "$1"; }
hides() { ! shows "$1"; }
keys() { tmux_ send-keys -t top "$@"; }

# sees PATTERN / sees_not PATTERN: sooner or later
sees() { until_true shows "$1" || ! screen >"$work/wrong"; }
sees_not() { until_true hides "$1" || ! screen >"$work/wrong"; }

# terminal: modes; alternate screen; cursor
terminal() { tmux_ display-message -p -t top '#{alternate_on} #{cursor_flag}'; }

# open COMMAND: in a terminal of its own, by a shell that leaves modes alone. $status and the modes
# before and after go to files.
open() {
    rm -f "$work/before" "$work/after" "$work/status"
    cat >"$work/script" <<END
trap : INT QUIT
stty -g >$work/before
$1
echo \$? >$work/status
stty -g >$work/after.new && mv $work/after.new $work/after
echo the shell goes on
read wait
END
    tmux_ new-session -d -s top -x 120 -y 30 "sh $work/script"
}

closed() { tmux_ kill-session -t top; }

# restored STATUS: top has ended so, and the terminal is as before.
restored() {
    until_true test -e "$work/after" && sees '^the shell goes on$' &&
        same "$1 $(cat "$work/before") 0 1" "$(cat "$work/status") $(cat "$work/after") $(terminal)"
}

if ! command -v tmux >/dev/null; then
    skipped=$((skipped + 1))
    echo 'skipped: the screen: tmux is not installed'
    printf '%d passed, %d failed, %d skipped\n' $passed $failed $skipped
    exit $((failed > 0))
fi

tmux_ new-session -d -s keeper 'read wait' # a server that lives until the end
start grower 1000
tell 'file 20' && tell 'pair 3'
grower=$pid
grower_open=$(descriptors "$pid")
# the name of this one would clear the screen and set the title of the window
start $'e\e[2J\e]0;taken\axe\xff' 200
evil=$pid
tell 'file 7'
evil_open=$(descriptors "$pid")
top="$leftopen top -d 0.1 --record=$records"
open "$top"

sees '^ +PID +OPEN +LIMIT +USED +/MIN +LIMIT IN +GROWN' && sees "^ *$grower +$grower_open +1000 +[23]% .* grower$"
result 'processes, descriptors against the limit'
sees "^ *$evil +$evil_open +200 +[0-9]+% " && sees 'e\\x1b\[2J\\x1b\]0;taken\\x07xe\\xff$'
result 'control characters in a name are shown, not obeyed'
[ "$(tmux_ display-message -p -t top '#{pane_title}')" != taken ]
result 'the title of the window is what it was'
sees "^Sites of $grower grower: 2, by open; grown since" && sees '^ +20 .* file +open < open_file on_command.c'
result 'sites of the fullest process'
same 1 "$(terminal | cut -d' ' -f1)"
result 'it has a screen of its own'

tell 'file 40'
sees "^$evil .*limit in [0-9.smhd]+ at this rate" && sees "^ *$evil +$((evil_open + 40)) +200 .* \+40 "
result 'growth and a forecast'

keys s
sees 'by rate; grown'
result 's: the next order'
keys S
sees 'by open; grown' && keys r && sees 'by open reversed; grown' && keys r && sees 'by open; grown'
result 'S and r: the order before, turned round'

keys g
sees 'only what grew' && sees_not "^ *$grower " && sees "^ *$evil "
result 'g: only what grew'
keys m
sees '^marked' && keys j && sees_not "^ *$evil .* \+40"
result 'm: a mark; nothing has grown since'
tell 'pair 1'
sees "^ *$evil +$((evil_open + 42)) .* \+2 " && sees '^ +2 .* \+2 .*socket +socketpair < make_pair' && sees_not 'open < open_file'
result 'what has grown since the mark'
keys g
sees "^ *$grower +$grower_open "
result 'g again: everything'

keys / s o c k e t
sees '^filter: socket' && keys Enter && sees 'filter "socket"' && sees_not 'open < open_file' && sees 'make_pair'
result '/: a filter'
keys Escape
sees 'open < open_file' && sees_not 'filter "'
result 'Escape: no filter'

# The first row stays selected, whichever it is, until a key selects another one.
keys Tab
tell 'pair 40' && sees '^ +82 .* make_pair' && keys Enter && sees '#0 make_pair' && keys Escape
result 'the first row is the selected one'
keys j
keys s
sees 'by rate' && keys S && keys Enter
sees '#0 open_file .*tests/targets/on_command.c' && sees '#1 main' && sees 'fd [0-9]+ +/dev/null +open'
result 'Enter: the stack of a site, and its handles'
keys Escape
sees '^ +PID +OPEN'
result 'Escape: back'
keys '?'
sees '^GROWN +since the mark' && sees '^q quit  Esc back'
result '?: help'
keys Escape
sees '^ +PID +OPEN'
result 'back from the help'

tmux_ resize-window -t top -x 60 -y 12
sees '^ +PID +OPEN +LIMIT +USED +/MIN +LIMIT IN +GROWN PROGRAM$' && same 12 "$(screen | wc -l)"
result 'a smaller window'
screen | tail -n 1 | grep -q '^q quit'
result 'the line of keys is the last one'
tmux_ resize-window -t top -x 10 -y 2
sees '^leftopen t' || ! screen >"$work/wrong"
tmux_ resize-window -t top -x 140 -y 40
sees 'HANDLES SITES PROGRAM$' && sees ' OPENED +CLOSED +PEAK '
result 'a tiny one, then a large one: more columns'

keys Space
sees 'held still' && tell 'file 1' && keys Space && sees "^ *$evil +$((evil_open + 123)) "
result 'Space: held still, and on'

keys q
restored 0
result 'q: the terminal is as before'
closed

# Killed while it draws.
for signal in TERM HUP INT QUIT; do
    open "sh -c 'echo \$\$ >$work/pid; exec $top'"
    sees "^Sites of"
    kill -s $signal "$(cat "$work/pid")"
    restored $((128 + $(kill -l $signal)))
    result "SIG$signal: the terminal is as before"
    closed
done
open "$top"
sees '^Sites of' && keys C-c && restored 130
result 'Ctrl-C: the terminal is as before'
closed

# Stopped and continued, by a shell with job control.
tmux_ new-session -d -s top -x 120 -y 30 "PS1='ready ' bash --norc --noprofile -i"
sees '^ready'
keys "$top" Enter
sees '^Sites of' && keys C-z
sees 'Stopped' && same '0 1' "$(terminal)"
result 'Ctrl-Z: stopped, and the terminal is the shell'"'"'s'
keys fg Enter
sees '^Sites of' && same 1 "$(terminal | cut -d' ' -f1)" && keys q && sees '^ready *$'
result 'fg: it goes on, and leaves as before'
closed

open "TERM=of-a-kind-unknown $top"
restored 64 && sees 'TERM=of-a-kind-unknown.*' && sees 'top -b'
result 'an unknown terminal is named, and -b too'
closed
open "TERM=dumb $top"
restored 64 && sees 'cannot be drawn on'
result 'a terminal that cannot be drawn on is named'
closed
open "$top -n 2"
restored 0
result '-n 2: it ends by itself'
closed
open "LC_ALL=C $top"
sees '^Sites of' && keys q && restored 0
result 'a locale without UTF-8'
closed

open "$top $evil"
sees "^Sites of $evil" && echo 'end 0' >&"$input"
sees "^process $evil .* has ended" && sees '^no watched process to show' && keys q && restored 0
result 'the process that it watches ends: it says so and stays'
closed

printf '%d passed, %d failed, %d skipped\n' $passed $failed $skipped
[ $failed = 0 ]

# Description: a script that uses descriptors as scripts do and closes what it opened; ends with status 3.
exec 3<"$0"
read -r first <&3
exec 3<&-
echo one
echo two | cat
(echo three >&1)
word=$(echo four; exec 4>/dev/null; echo more >&4; exec 4>&-)
echo "$word"
while read -r line; do
    echo "$line"
done <<END
five
END
sleep 0 &
wait
exec 5>&1
exec 5>&-
trap 'exit 3' EXIT

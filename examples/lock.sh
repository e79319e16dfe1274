#!/bin/bash
# Takes a lock as shell scripts do, by a descriptor of its own, and never lets go of it.
lock=$(mktemp)
exec {descriptor}>"$lock"
flock "$descriptor"
echo "locked by descriptor $descriptor"
rm "$lock"

#!/usr/bin/perl
use POSIX ();
print "1..1\n";
print POSIX::open("/etc/hosts") > 2 ? "ok 1\n" : "not ok 1\n";

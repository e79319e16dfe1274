#!/usr/bin/env node
// work.js - as work.c, from JavaScript: FRAMES calls deep, in code that node compiles while it runs. Its threads' processor
// time is told together. THREADS is 1 and OPEN 0.
"use strict";
const fs = require("fs");

const kinds = {
    open: () => fs.closeSync(fs.openSync("/etc/passwd", "r")),
    opendir: () => fs.opendirSync("/").closeSync(),
};

function descend(frames, bottom) {
    return frames ? descend(frames - 1, bottom) + 1 : bottom();
}

const once = kinds[process.argv[2]];
const frames = Number(process.argv[3]);
const operations = Number(process.argv[6]);

function burst() {
    const clock = process.hrtime.bigint();
    const processor = process.cpuUsage();
    for (let i = 0; i < operations; i++) once();
    const spent = process.cpuUsage(processor);
    const answer = [(spent.user + spent.system) * 1000, Number(process.hrtime.bigint() - clock)];
    fs.writeSync(1, new Float64Array(answer.map((nanoseconds) => nanoseconds / operations)));
    return 0;
}

const turn = Buffer.alloc(1);
while (fs.readSync(0, turn, 0, 1, null)) descend(frames, burst);

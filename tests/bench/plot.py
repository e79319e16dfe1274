#!/usr/bin/env python3
"""plot.py BENCH.JSON COST.SVG - what open + close costs beyond bare, against depth of stack, threads and open handles.

One panel for each; a point is the median of the pairs, its bar from the lowest to the highest."""
import json
import sys

PANELS = [  # title, the field that varies, what must hold of the others
    ("frames on the stack", "frames", {"threads": 1, "open": 0}),
    ("threads, two processors", "threads", {"frames": 16, "open": 0}),
    ("descriptors held open", "open", {"frames": 16, "threads": 1}),
]
MEASURED = {"kind": "open", "program": "work", "against": "bare"}
WIDTH, HEIGHT, LEFT, TOP, PLOT, GAP = 900, 300, 60, 50, 230, 45


def points(rows, field, others):
    """(x, lowest, median, highest) of what is added, in nanoseconds."""
    found = {}
    for row in rows:
        if all(row[key] == value for key, value in {**MEASURED, **others}.items()):
            added = row["sides"]["leftopen"]["added_ns"]
            found[row[field]] = (row[field], added["min"], added["median"], added["max"])
    return [found[x] for x in sorted(found)]


def panel(number, title, data, top_value):
    left, height = LEFT + number * (PLOT + GAP), HEIGHT - TOP - 60
    base = TOP + height

    def y(value):
        return base - max(0, min(value, top_value)) / top_value * height

    def x(place):  # evenly: the values differ by orders of magnitude
        return left + (place + 0.5) * PLOT / len(data)

    lines = [f'<text x="{left + PLOT / 2}" y="{HEIGHT - 12}" text-anchor="middle">{title}</text>']
    for value in range(0, top_value + 1, top_value // 5):
        lines.append(f'<path d="M{left} {y(value):.1f}h{PLOT}" stroke="#ddd"/>')
        if number == 0:
            lines.append(f'<text x="{left - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value}</text>')
    path = " ".join(f"{x(i):.1f},{y(median):.1f}" for i, (_, _, median, _) in enumerate(data))
    lines.append(f'<polyline points="{path}" fill="none" stroke="#1f6feb" stroke-width="2"/>')
    for i, (value, lowest, median, highest) in enumerate(data):
        lines.append(f'<path d="M{x(i):.1f} {y(lowest):.1f}V{y(highest):.1f}" stroke="#1f6feb"/>')
        lines.append(f'<circle cx="{x(i):.1f}" cy="{y(median):.1f}" r="3.5" fill="#1f6feb"/>')
        lines.append(f'<text x="{x(i):.1f}" y="{base + 16}" text-anchor="middle">{value:,}</text>')
    return lines


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        bench = json.load(file)
    data = [(title, points(bench["rows"], field, others)) for title, field, others in PANELS]
    if not all(found for _, found in data):
        sys.exit(f"{sys.argv[1]}: not all rows of open+close are there; run make bench without ROWS")
    highest = max(point[2] for _, found in data for point in found)
    top_value = (int(highest * 1.3) // 50 + 1) * 50
    about = f'open + close of a file: nanoseconds that leftopen adds (median and spread of {bench["pairs"]} pairs)'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="24" font-size="15">{about}</text>',
    ]
    for number, (title, found) in enumerate(data):
        lines += panel(number, title, found, top_value)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write("\n".join(lines + ["</svg>", ""]))


main()

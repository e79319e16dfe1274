"""Reads HTML reports with html5lib, a parser of HTML that is not ours: valid.py PAGE...

A page is valid, is known to its own policy, has no script but ours, asks for nothing, and hostile names (those of
`pages names`) are text and nothing else. Ends with "N passed, N failed"."""
import base64
import hashlib
import re
import sys

import html5lib

NAMESPACES = ("{http://www.w3.org/1999/xhtml}", "{http://www.w3.org/2000/svg}")
passed = failed = 0


def check(page, what, wrong):
    """`wrong` is what contradicts, nothing if all is well."""
    global passed, failed
    if wrong:
        failed += 1
        print(f"FAILED: {page}: {what}: {str(wrong)[:500]}")
    else:
        passed += 1


def tag(element):
    name = element.tag if isinstance(element.tag, str) else "!--"
    for namespace in NAMESPACES:
        name = name.removeprefix(namespace)
    return name


def text(element):
    return "".join(element.itertext())


def shown(name):
    """What a reader should see of these bytes."""
    result = ""
    for character in name.decode("utf-8", "surrogateescape"):
        code = ord(character)
        if 0xDC80 <= code <= 0xDCFF:
            result += f"\\x{code - 0xDC00:02x}"
        elif character in "\n\t\r":
            result += {"\n": "\\n", "\t": "\\t", "\r": "\\r"}[character]
        elif code < 0x20 or 0x7F <= code < 0xA0 or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069:
            result += "".join(f"\\x{byte:02x}" for byte in character.encode())
        elif code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
            result += "\ufffd"
        else:
            result += character
    return result


def digest(element):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text(element).encode()).digest()).decode() + "'"


def check_policy(page, elements):
    metas = [one.get("content") for one in elements if one.get("http-equiv") == "Content-Security-Policy"]
    policy = dict(part.strip().split(" ", 1) for part in metas[0].split(";")) if len(metas) == 1 else {}
    scripts = [one for one in elements if tag(one) == "script" and one.get("type") != "text/plain"]
    styles = [one for one in elements if tag(one) == "style"]
    check(page, "one policy", len(metas) != 1 and metas)
    check(page, "nothing is allowed by default", policy.get("default-src") != "'none'" and policy)
    check(page, "only the script", [digest(one) for one in scripts] != [policy.get("script-src")] and policy)
    check(page, "only the style", [digest(one) for one in styles] != [policy.get("style-src")] and policy)


def check_elements(page, elements):
    tags = set(map(tag, elements))
    known = set("""a b body button caption code dd details div dl dt footer form h1 h2 h3 head header html i input label
        li link main meta noscript ol option p path pre script section select small span strong style summary svg table
        tbody td th thead title tr ul""".split())
    attributes = {(tag(one), name) for one in elements for name in one.keys()}
    addresses = [one.get(name) for one in elements for name in ("src", "href", "action", "data") if one.get(name)]
    ids = [one.get("id") for one in elements if one.get("id")]
    named = {name for one in elements for name in (one.get("for"), one.get("aria-labelledby")) if name}
    check(page, "only elements of ours", tags - known)
    check(page, "no handlers in attributes", [pair for pair in attributes if pair[1].startswith("on")])
    check(page, "no addresses", [address for address in addresses if address != "data:,"])
    check(page, "ids are unique", sorted({one for one in ids if ids.count(one) > 1}))
    check(page, "what is named exists", named - set(ids))


def check_hostile(page, elements, names):
    places = {
        "places of sites": [text(one) for one in elements if tag(one) == "summary"],
        "frames": [text(one) for one in elements if tag(one) == "ol"],
        "cells": [text(one) for one in elements if tag(one) == "td"],
        "the flame graph": [text(one) for one in elements if tag(one) == "span"],
        "paragraphs": [text(one) for one in elements if tag(one) == "p"],
        "misuses": [text(one) for one in elements if tag(one) == "pre"],
        "notes": [text(one) for one in elements if tag(one) == "li"],
    }
    for place, texts in places.items():
        check(page, f"every name is among the {place}",
              [name for name in names if not any(shown(name) in one for one in texts)])
    heading = [text(one) for one in elements if tag(one) == "h1"]
    check(page, "one heading", len(heading) != 1 and heading)
    title = [text(one) for one in elements if tag(one) == "title"]
    check(page, "heading and title tell the same", title != ["leftopen: " + heading[0]] and title)


def main(pages):
    for page in pages:
        with open(page, "rb") as file:
            raw = file.read()
        parser = html5lib.HTMLParser(namespaceHTMLElements=True)
        document = parser.parse(raw)
        elements = list(document.iter())
        check(page, "it parses without an error", parser.errors)
        check_policy(page, elements)
        check_elements(page, elements)
        check(page, "the script cannot end early", re.search(rb"</script", raw[raw.rindex(b"<script>"):-30]))
        if page.endswith("hostile.html"):
            with open(page.replace("hostile.html", "names"), "rb") as file:
                check_hostile(page, elements, file.read().split(b"\0")[:-1])
    print(f"{passed} passed, {failed} failed")
    return failed > 0 or not passed


sys.exit(main(sys.argv[1:]))

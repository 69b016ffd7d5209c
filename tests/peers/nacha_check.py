"""Checks NACHA files from their bytes alone: columns, order, counts, entry hash, totals, trace numbers, blocking.

It shares nothing with the code that makes the files, and needs nothing but Python. To prove that it bites, it damages
the first file in several ways and refuses each.

Usage: nacha_check.py FOLDER  (every .ach in it)
       nacha_check.py FILE...
"""

import sys
from pathlib import Path


class Damaged(Exception):
    """A file that is not whole: the line, and what is wrong there."""


def need(holds, line, what):
    if not holds:
        raise Damaged(f"line {line}: {what}")


def number(text, line, what):
    need(text.isdigit() and text.isascii(), line, f"{what} is not a number: {text!r}")
    return int(text)


def routing_fits(digits):
    return sum(int(digit) * weight for digit, weight in zip(digits, [3, 7, 1] * 3)) % 10 == 0


def control(text, line, columns, sums, what):
    """Counts, hash, debits and credits, where a control record has them."""
    for (name, begin, end), found in zip(columns, sums):
        said = number(text[begin:end], line, name)
        need(said == found, line, f"{name} of the {what}: {said} said, {found} found")


def check(data):
    """Raises Damaged, or returns how many entries and what they give."""
    need(data.isascii(), 0, "a byte that is not ASCII")
    need(data.endswith(b"\n"), 0, "the last line has no end")
    lines = data.decode("ascii").split("\n")[:-1]
    for at, text in enumerate(lines, 1):
        need(len(text) == 94, at, f"{len(text)} columns")
        need(text.isprintable(), at, "a sign that is not printable")
    need(len(lines) % 10 == 0, len(lines), "not a whole block")
    need(lines[0][:3] == "101" and lines[0][34:40] == "094101", 1, "not a file's header")

    at, batches, whole, last_trace, entries = 1, 0, [0, 0, 0, 0], 0, 0
    while lines[at][0] == "5":
        header, batches, sums = lines[at], batches + 1, [0, 0, 0, 0]
        need(number(header[87:94], at + 1, "the batch number") == batches, at + 1, "batches do not count on")
        at += 1
        while lines[at][0] == "6":
            text = lines[at]
            need(routing_fits(text[3:12]), at + 1, "the check digit does not fit")
            cents = number(text[29:39], at + 1, "the amount")
            trace = number(text[79:94], at + 1, "the trace number")
            need(text[79:87] == header[79:87], at + 1, "the trace number is another bank's")
            need(trace > last_trace, at + 1, "trace numbers do not rise")
            kind = text[1:3]
            need(kind in ("22", "23", "27", "32", "33", "37"), at + 1, f"transaction code {kind}")
            need((kind[1] == "3") == (cents == 0), at + 1, "a prenote with money, or a payment without")
            last_trace = trace
            sums[0] += 1
            sums[1] += int(text[3:11])
            sums[2 if kind[1] == "7" else 3] += cents
            entries += 1
            at += 1
            follows = 0
            while lines[at][0] == "7":
                follows += 1
                need(lines[at][1:3] == "05", at + 1, "another kind of addenda")
                need(number(lines[at][83:87], at + 1, "the addenda's number") == follows, at + 1, "addenda do not count on")
                need(lines[at][87:94] == text[87:94], at + 1, "the addenda are another entry's")
                at += 1
            need(text[78] == ("1" if follows else "0"), at + 1, "the mark for addenda is wrong")
            sums[0] += follows
        end = lines[at]
        need(end[0] == "8", at + 1, "a batch without a control record")
        need(end[1:4] == header[1:4] and end[44:54] == header[40:50] and end[79:94] == header[79:94], at + 1, "not the header's batch")
        kept = [sums[0], sums[1] % 10**10, sums[2], sums[3]]
        control(end, at + 1, [("entries", 4, 10), ("entry hash", 10, 20), ("debits", 20, 32), ("credits", 32, 44)], kept, "batch")
        balanced = {"200": sums[2] == sums[3], "220": sums[2] == 0, "225": sums[3] == 0}
        need(balanced.get(header[1:4], False), at + 1, "debits and credits do not fit the service class")
        whole = [a + b for a, b in zip(whole, sums)]
        at += 1
    end = lines[at]
    need(end[0] == "9" and end != "9" * 94, at + 1, "no control record of the file")
    kept = [batches, len(lines) // 10, whole[0], whole[1] % 10**10, whole[2], whole[3]]
    columns = [("batches", 1, 7), ("blocks", 7, 13), ("entries", 13, 21), ("entry hash", 21, 31), ("debits", 31, 43), ("credits", 43, 55)]
    control(end, at + 1, columns, kept, "file")
    need(batches > 0, at + 1, "no batch")
    for filler in range(at + 1, len(lines)):
        need(lines[filler] == "9" * 94, filler + 1, "not a line of nines")
    need(len(lines) - at - 1 < 10, len(lines), "more filler than a block needs")
    return entries, whole[3]


def damages(data):
    """The file in several ways that are not whole."""
    lines = data.decode("ascii").split("\n")[:-1]
    entry = next(at for at, text in enumerate(lines) if text[0] == "6" and text[2] == "2")
    batch = next(at for at, text in enumerate(lines) if text[0] == "8")
    last = next(at for at, text in enumerate(lines) if text[0] == "9")

    def changed(at, column):
        digit = str((int(lines[at][column]) + 1) % 10)
        return lines[:at] + [lines[at][:column] + digit + lines[at][column + 1 :]] + lines[at + 1 :]

    yield "an amount", changed(entry, 38)
    yield "the entry hash of the file", changed(last, 30)
    yield "the count of a batch", changed(batch, 9)
    yield "a line that is too short", lines[:entry] + [lines[entry][:-1]] + lines[entry + 1 :]
    yield "a block that is not whole", lines + ["9" * 94]
    yield "the credits of a batch", changed(batch, 43)
    yield "an entry that is gone", lines[:entry] + lines[entry + 1 :] + ["9" * 94]


def main():
    given = [Path(word) for word in sys.argv[1:]]
    files = sorted(given[0].glob("*.ach")) if len(given) == 1 and given[0].is_dir() else given
    if not files:
        sys.exit(__doc__)
    entries, cents = 0, 0
    for path in files:
        try:
            found = check(path.read_bytes())
        except (Damaged, IndexError) as damaged:
            sys.exit(f"{path}: {damaged}")
        entries, cents = entries + found[0], cents + found[1]
    refused = 0
    for what, lines in damages(files[0].read_bytes()):
        try:
            check(("\n".join(lines) + "\n").encode())
        except (Damaged, IndexError):
            refused += 1
        else:
            sys.exit(f"{what} was changed and not noticed")
    print(f"nacha_check: {len(files)} files with {entries} entries are whole, {cents} cents; {refused} damaged ones refused")


if __name__ == "__main__":
    main()

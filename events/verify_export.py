"""Verifies what `initdb journal export` wrote: python3 verify_export.py EXPORT [CHECKPOINT ...]."""
# CHECKPOINT is a line of `initdb journal checkpoint`, or a file of them. Signatures are not checked here.

import hashlib
import json
import sys

COLUMNS = ("seq", "run", "at", "type", "source", "dest", "event", "prev_hash", "hash")


def faults(line, row, event, seq, last):
    """Say what is wrong with a line that should be entry `seq`, after the entry with the hash `last`."""
    json.dumps(event, ensure_ascii=False, allow_nan=False).encode()  # it fails if this is not strict JSON
    text = "initdb-event-v1" + row["prev_hash"] + row["event"]
    if line.rstrip("\n") != json.dumps({name: row[name] for name in COLUMNS}):
        yield "is not written as an export writes it"
    if (row["seq"], row["prev_hash"]) != (seq, last):
        yield "does not follow the entry before it"
    if hashlib.sha256(text.encode("ascii")).hexdigest() != row["hash"]:
        yield "has been edited: its text does not give its hash"
    for name in COLUMNS[:6]:
        if json.dumps(row[name]) != json.dumps(event[name]) or not str(row[name]).isascii():
            yield f"has a column {name} that does not agree with its event"


def verify(lines, kept):
    """Say what is wrong with the lines, and which of the kept checkpoints are not of this journal."""
    journal, seq, last, compared = "-", 0, "0" * 64, len(kept)
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            event = json.loads(row["event"])
            yield from (f"line {number} {fault}" for fault in faults(line, row, event, seq + 1, last))
            journal = event["data"].get("journal") or "-" if number == 1 else journal
            seq, last = row["seq"], row["hash"]
        except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
            yield f"line {number} is no entry of a journal"
        kept.discard(f"{journal} {seq} {last}")
    yield from (f"the entry of the checkpoint {one} is missing, or is another one" for one in sorted(kept))
    yield from [] if seq else ["there is no entry"]
    print(f"{seq} entries, {compared} checkpoints, the last hash {last}")


if __name__ == "__main__":
    export, *given = sys.argv[1:] or sys.exit(__doc__)
    texts = [[one] if one.startswith("initdb-checkpoint-v1 ") else open(one) for one in given]
    points = {" ".join(line.split()[1:4]) for text in texts for line in text}
    found = list(verify(open(export, encoding="ascii", errors="surrogateescape"), points - {""}))
    print(*found, f"{len(found)} findings" if found else "intact", sep="\n")
    sys.exit(bool(found))

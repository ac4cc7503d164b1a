"""Verifies what `initdb journal export` wrote: python3 verify_export.py EXPORT [CHECKPOINT ...]."""
# CHECKPOINT is a line of `initdb journal checkpoint`, or a file of them. Signatures are not checked here.

import hashlib
import json
import sys

COLUMNS = ("seq", "run", "at", "type", "source", "dest", "event", "prev_hash", "hash")


def verify(lines, kept):
    """Say what is wrong with the lines, and which of the kept checkpoints are not of this journal."""
    journal, seq, last, compared, gap = "-", 0, "0" * 64, len(kept), None
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            event = json.loads(row["event"])
            json.dumps(event, ensure_ascii=False, allow_nan=False).encode()  # fails if not strict JSON
            text = "initdb-event-v1" + row["prev_hash"] + row["event"]
            if number == 2 and row["seq"] > 2:
                gap, seq, last = (last, row["seq"] - 1, row["prev_hash"]), row["seq"] - 1, row["prev_hash"]
            if line.rstrip("\n") != json.dumps({name: row[name] for name in COLUMNS}):
                yield f"line {number} is not written as an export writes it"
            if (row["seq"], row["prev_hash"]) != (seq + 1, last):
                yield f"line {number} does not follow the entry before it"
            if hashlib.sha256(text.encode("ascii")).hexdigest() != row["hash"]:
                yield f"line {number} has been edited: its text does not give its hash"
            for name in COLUMNS[:6]:
                if json.dumps(row[name]) != json.dumps(event[name]) or not str(row[name]).isascii():
                    yield f"line {number} has a column {name} that does not agree with its event"
            seq, last, said = row["seq"], row["hash"], event["data"]
            journal = said.get("journal") or "-" if number == 1 else journal
            if event["type"] == "entries_archived" and (said["first"], said["upto"], said["hash"]) == gap:
                gap = print("entries 2 to {1} are archived, and end with the hash {2}".format(*gap))
        except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
            yield f"line {number} is no entry of a journal"
        kept.discard(f"{journal} {seq} {last}")
    yield from [f"entries 2 to {gap[1]} are missing"] if gap else [] if seq else ["there is no entry"]
    yield from (f"the entry of the checkpoint {one} is missing, or is another one" for one in sorted(kept))
    print(f"{seq} entries, {compared} checkpoints, the last hash {last}")


if __name__ == "__main__":
    export, *given = sys.argv[1:] or sys.exit(__doc__)
    texts = [[one] if one.startswith("initdb-checkpoint-v1 ") else open(one) for one in given]
    points = {" ".join(line.split()[1:4]) for text in texts for line in text}
    found = list(verify(open(export, encoding="ascii", errors="surrogateescape"), points - {""}))
    print(*found, f"{len(found)} findings" if found else "intact", sep="\n")
    sys.exit(bool(found))

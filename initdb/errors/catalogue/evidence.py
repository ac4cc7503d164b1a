"""Catalogue: checkpoints of the journal, and the keys that sign them."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_AS_IT_WAS = "The journal is as it was."

EVIDENCE: tuple[ErrorRow, ...] = (
    ErrorRow(
        "checkpoint-key-unusable",
        "The key that signs checkpoints cannot be used.",
        f"No checkpoint was written. {_AS_IT_WAS}",
        "Make a key: initdb journal checkpoint --new-key checkpoint.pem; then name its file in the setting "
        "checkpoint_key",
        causes=(
            "checkpoint_key names a file that is not there, or that this user may not read.",
            "Other users may read the file, or it belongs to one of them. Then its signatures prove nothing.",
            "The file has a public key, a key of another kind than Ed25519, or one with a passphrase.",
            "--new-key names a file that exists already.",
            "The package cryptography is not installed: it is in the extra signing.",
        ),
        advice=(
            Advice(
                "alternative-configuration",
                "Without checkpoint_key checkpoints are written unsigned. They prove as much as the place in "
                "which they are kept.",
            ),
        ),
    ),
    ErrorRow(
        "checkpoint-not-written",
        "The checkpoint did not come to every place that it is meant for.",
        f"The lines say which places lack it; the others have it. {_AS_IT_WAS}",
        "Correct what the lines say, then: initdb journal checkpoint",
        causes=(
            "checkpoint_file is a link or a folder, its folder is missing, or this user may not write there.",
            "The disk of checkpoint_file is full.",
            "The program of checkpoint_command is not installed here, failed, or took too long.",
        ),
        advice=(
            Advice(
                "consistency",
                "After a run this is only a warning: the database is ready in any case.",
            ),
        ),
    ),
)

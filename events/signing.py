"""Signs checkpoints by Ed25519 (RFC 8032), with keys in PEM files that openssl reads too."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import re
import shlex
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from initdb.errors import InitError
from initdb.events.checkpoint import UNSIGNED, Checkpoint

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LARGEST = 65_536
"""Bytes. A file of keys is smaller."""

_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----")

Seal = Literal["good", "wrong", "unsigned", "of another key"]
"""What the seal of a checkpoint is worth."""


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """The keys whose signatures are accepted: id → key."""

    keys: dict[str, Ed25519PublicKey]

    def judge(self, point: Checkpoint) -> Seal:
        """Whether the checkpoint is signed, and with one of the keys.

        Args:
            point: The checkpoint.
        """
        if point.seal == UNSIGNED:
            return "unsigned"
        return self.judge_seal(point.seal, point.body.encode("ascii"))

    def judge_seal(self, seal: str, body: bytes) -> Seal:
        """Whether a seal is a signature of some bytes, with one of the keys.

        Args:
            seal: As `seal_of` returned it.
            body: The bytes.

        Raises:
            ValueError: It has not the form of a seal.
        """
        from cryptography.exceptions import InvalidSignature

        _, name, signature = seal.split(":")
        key = self.keys.get(name)
        if key is None:
            return "of another key"
        try:
            key.verify(base64.b64decode(signature, validate=True), body)
        except (InvalidSignature, binascii.Error):
            return "wrong"
        return "good"


def signed(point: Checkpoint, file: Path) -> Checkpoint:
    """The checkpoint with a signature.

    Args:
        point: The checkpoint.
        file: The file of the private key.

    Raises:
        InitError: `checkpoint-key-unusable`.
    """
    return replace(point, seal=seal_of(point.body.encode("ascii"), file))


def seal_of(body: bytes, file: Path) -> str:
    """The signature of some bytes, with the id of its key. What the bytes are must be said in them.

    Args:
        body: The bytes.
        file: The file of the private key.

    Raises:
        InitError: `checkpoint-key-unusable`.
    """
    key = _private_key(file)
    signature = base64.b64encode(key.sign(body)).decode("ascii")
    return f"ed25519:{_id_of(key.public_key())}:{signature}"


def make_key(file: Path) -> str:
    """Make a key pair. The private key is written to a new file, which only its owner can read.

    Args:
        file: The file, which must not exist.

    Returns:
        The public key, as PEM.

    Raises:
        InitError: `checkpoint-key-unusable`: the file exists, or cannot be written.
    """
    with _with_library():
        from cryptography.hazmat.primitives import serialization as forms
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption())
    try:
        _write_new(file, secret)
    except OSError as error:
        other = f"initdb journal checkpoint --new-key {shlex.quote(str(_free(file)))}"
        fix = f"Name a file that does not exist yet, where this process may write: {other}"
        raise _unusable(f"{file}: {error.strerror}", fix) from error
    return _pem_of(key.public_key())


def public_key_of(file: Path) -> str:
    """The public key that belongs to a private key, as PEM.

    Args:
        file: The file of the private key.

    Raises:
        InitError: `checkpoint-key-unusable`.
    """
    return _pem_of(_private_key(file).public_key())


def public_keys(texts: Iterable[str]) -> PublicKeys:
    """The public keys in some texts.

    Args:
        texts: Each with at least one key as PEM.

    Raises:
        InitError: `checkpoint-key-unusable`: the library is not installed.
        ValueError: A text has no Ed25519 key.
    """
    with _with_library():
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

    keys = {}
    for text in texts:
        blocks = _PEM.findall(text)
        if not blocks:
            raise ValueError("it has no public key: that is a block BEGIN PUBLIC KEY")
        for block in blocks:
            try:
                key = load_pem_public_key(block.encode("utf-8"))
            except UnsupportedAlgorithm as error:
                raise ValueError("it has a key that is not of Ed25519") from error
            if not isinstance(key, Ed25519PublicKey):
                raise ValueError("it has a key that is not of Ed25519")
            keys[_id_of(key)] = key
    return PublicKeys(keys)


def _private_key(file: Path) -> Ed25519PrivateKey:
    with _with_library():
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

    content = _secret(file)
    try:
        key = load_pem_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unusable(f"{file}: it has no private key as PEM, or one with a passphrase") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _unusable(f"{file}: it has a key that is not of Ed25519")
    return key


def _secret(file: Path) -> bytes:
    """The content of a file that only its owner may read, who is this user or root."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as opened:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise _unusable(f"{file}: it is no regular file")
            if found.st_uid not in (os.geteuid(), 0):
                raise _unusable(f"{file}: it belongs to another user, who can change it")
            if found.st_mode & 0o077:
                mode = f"{found.st_mode & 0o777:04o}"
                said = f"{file}: its mode is {mode}, so others may read the key and sign with it"
                raise _unusable(said, f"chmod 600 {shlex.quote(str(file))}")
            return opened.read(LARGEST)
    except OSError as error:
        raise _unusable(f"{file}: {error.strerror}") from error


def _write_new(file: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(file, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(descriptor)
    except OSError:
        with contextlib.suppress(OSError):
            file.unlink()
        raise


def _free(file: Path) -> Path:
    number = 2
    while (found := file.with_name(f"{file.stem}-{number}{file.suffix}")).exists():
        number += 1
    return found


def _pem_of(key: Ed25519PublicKey) -> str:
    from cryptography.hazmat.primitives import serialization as forms

    return key.public_bytes(forms.Encoding.PEM, forms.PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def _id_of(key: Ed25519PublicKey) -> str:
    """16 hexadecimal digits that tell keys apart."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


@contextlib.contextmanager
def _with_library() -> Iterator[None]:
    """Name the package in the error if the block cannot import it."""
    try:
        yield
    except ImportError as error:
        fix = "pip install 'initdb-journal[signing]', then: initdb journal checkpoint"
        raise _unusable("The package cryptography is not installed.", fix) from error


def _unusable(said: str, fix: str | None = None) -> InitError:
    return InitError("checkpoint-key-unusable", said, fix=fix)

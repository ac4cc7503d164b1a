"""A checkpoint is one line that is found again in any text, and whose signature covers all of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import assume, example, given
from hypothesis import strategies as st

from initdb.errors import InitError
from initdb.events import signing
from initdb.events.checkpoint import MARK, Checkpoint, checkpoint_of, checkpoints_in
from initdb.events.signing import make_key, public_key_of, public_keys, signed
from tests.support.examples import many

AT = "2026-11-23T08:06:41.218903Z"
POINT = checkpoint_of("01a20771-6268-7abc-8def-0123456789ab", 12, "ab" * 32, AT)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a private key."""
    file = tmp_path_factory.mktemp("keys") / "checkpoint.pem"
    make_key(file)
    return file


@many
@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=200),
    st.integers(0, 10**18 - 1),
    st.integers(0, 2**256 - 1),
)
def test_a_line_is_read_as_it_was_written(journal: str, seq: int, number: int) -> None:
    """In a file of its own, and in a log between other lines."""
    assume(MARK not in journal)
    point = checkpoint_of(journal, seq, f"{number:064x}", AT)
    for text in (point.line, f"{point.line}\n", f"Nov 28 host app[7]: {point.line} \nother\n"):
        assert list(checkpoints_in(text)) == [point]


def test_a_torn_line_hides_no_other() -> None:
    """As a full disk or a kill leaves it; each damaged one is named by its line."""
    text = f"{POINT.line}\n{POINT.line[:40]}{POINT.line}\nnothing\n{MARK}\n"
    assert list(checkpoints_in(text)) == [POINT, 2, POINT, 4]


@pytest.mark.parametrize("journal", ["", "two words", "new\nline", "é", "x" * 201])
def test_an_id_that_no_line_can_hold(journal: str) -> None:
    """It would be another line for whoever reads it."""
    with pytest.raises(ValueError, match="no word"):
        checkpoint_of(journal, 1, "ab" * 32, AT)
    assert checkpoint_of(None, 1, "ab" * 32, AT).journal == "-"


def test_a_signature_is_good_with_its_key_only(key: Path, tmp_path: Path) -> None:
    """Another key, and none, are told apart."""
    point = signed(POINT, key)
    ours, other = public_keys([public_key_of(key)]), public_keys([make_key(tmp_path / "other.pem")])
    assert list(checkpoints_in(point.line)) == [point]
    assert (ours.judge(point), other.judge(point), ours.judge(POINT)) == (
        "good",
        "of another key",
        "unsigned",
    )
    both = public_keys([public_key_of(key) + public_key_of(tmp_path / "other.pem")])
    assert both.judge(point) == both.judge(signed(POINT, tmp_path / "other.pem")) == "good"


@many
@given(st.data())
@example(None)
def test_a_change_of_any_character_is_seen(key: Path, data: st.DataObject | None) -> None:
    """What is read then is no checkpoint, or has no good signature."""
    line, keys = signed(POINT, key).line, public_keys([public_key_of(key)])
    at = 0 if data is None else data.draw(st.integers(0, len(line) - 1))
    character = "x" if data is None else data.draw(st.characters(min_codepoint=32, max_codepoint=126))
    assume(line[at] != character)
    found = list(checkpoints_in(line[:at] + character + line[at + 1 :]))
    # The last digit of base64 has bits that nobody reads.
    assert not [one for one in found if isinstance(one, Checkpoint) and keys.judge(one) == "good"] or (
        at == len(line) - 3 and isinstance(found[0], Checkpoint) and found[0].body == POINT.body
    )


def test_a_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    """It is a new file of mode 0600; one that is there is never written to."""
    file = tmp_path / "key.pem"
    public = make_key(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert public.startswith("-----BEGIN PUBLIC KEY-----")
    assert "PRIVATE" not in public
    before = file.read_bytes()
    (tmp_path / "link.pem").symlink_to(tmp_path / "nowhere")
    for name, other in (("key.pem", "key-2.pem"), ("link.pem", "link-2.pem")):
        with pytest.raises(InitError) as raised:
            make_key(tmp_path / name)
        assert raised.value.reference == "checkpoint-key-unusable"
        assert str(tmp_path / other) in raised.value.rendered().fix
    assert file.read_bytes() == before
    assert not (tmp_path / "nowhere").exists()


def test_a_key_that_could_not_be_written_whole_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk, for example."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(signing.os, "fsync", full)
    with pytest.raises(InitError, match="No space left"):
        make_key(tmp_path / "key.pem")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o622])
def test_a_key_that_others_can_use(key: Path, tmp_path: Path, mode: int) -> None:
    """It is refused, and the fix makes it usable."""
    copy = tmp_path / "key.pem"
    copy.write_bytes(key.read_bytes())
    copy.chmod(mode)
    with pytest.raises(InitError, match=f"its mode is {mode:04o}") as raised:
        signed(POINT, copy)
    assert raised.value.rendered().fix == f"chmod 600 {copy}"


def test_files_that_are_no_key(key: Path, tmp_path: Path) -> None:
    """Each is named with what is wrong."""
    files = {
        "missing": None,
        "folder": None,
        "empty": b"",
        "public": public_key_of(key).encode(),
        "curve": _pem(generate_private_key(SECP256R1())),
        "locked": _pem(Ed25519PrivateKey.generate(), forms.BestAvailableEncryption(b"x")),
    }
    said = {"missing": "No such file", "folder": "Is a directory", "curve": "not of Ed25519"}
    (tmp_path / "folder").mkdir()
    for name, content in files.items():
        file = tmp_path / name
        if content is not None:
            file.write_bytes(content)
            file.chmod(0o600)
        with pytest.raises(InitError, match=said.get(name, "no private key as PEM")) as raised:
            signed(POINT, file)
        assert raised.value.reference == "checkpoint-key-unusable", name


def _pem(key: Ed25519PrivateKey, lock: forms.KeySerializationEncryption = forms.NoEncryption()) -> bytes:  # noqa: B008
    return key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, lock)


def test_without_the_package(key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install is said, wherever a key is needed; no file is left."""
    for name in [one for one in sys.modules if one.split(".")[0] == "cryptography"]:
        monkeypatch.setitem(sys.modules, name, None)
    public = "-----BEGIN PUBLIC KEY-----"
    for needs in (
        lambda: signed(POINT, key),
        lambda: make_key(tmp_path / "new.pem"),
        lambda: public_keys([public]),
    ):
        with pytest.raises(InitError, match="cryptography is not installed") as raised:
            needs()
        assert "pip install 'initdb-journal[signing]'" in raised.value.rendered().fix
    assert not (tmp_path / "new.pem").exists()


def test_texts_without_a_public_key(key: Path) -> None:
    """A private one is none."""
    curve = generate_private_key(SECP256R1()).public_key()
    pem = curve.public_bytes(forms.Encoding.PEM, forms.PublicFormat.SubjectPublicKeyInfo).decode()
    for text in ("", "x", key.read_text(), pem, "-----BEGIN PUBLIC KEY-----\nMA==\n-----END PUBLIC KEY-----"):
        with pytest.raises(ValueError, match=r"\w"):
            public_keys([public_key_of(key), text])

from __future__ import annotations

import copy
import json
import pickle
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_center.kernel.vault import INDEX_BYTES, Sealed, Vault, VaultError, parse_key, parse_keys

OLD, NEW, INDEX = b"o" * 32, b"n" * 32, b"i" * 32
ROW = "applications_customer.id_number:0198c0de"
SECRET = "11010519491231002X"


@pytest.fixture
def vault() -> Vault:
    return Vault({"2026": NEW, "2025": OLD}, "2026", INDEX)


@given(text=st.text(st.characters(exclude_categories=["Cs"])), aad=st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_opens_in_its_own_place(text: str, aad: str) -> None:
    vault = Vault({"2026": NEW}, "2026", INDEX)
    assert vault.open(vault.seal(text, aad), aad) == text
    assert vault.open(memoryview(vault.seal(text, aad)), aad) == text


def test_equal_values_look_different_sealed(vault: Vault) -> None:
    assert vault.seal(SECRET, ROW) != vault.seal(SECRET, ROW)
    assert SECRET.encode() not in vault.seal(SECRET, ROW)


def test_a_value_moved_to_another_row_does_not_open(vault: Vault) -> None:
    blob = vault.seal(SECRET, ROW)
    with pytest.raises(VaultError):
        vault.open(blob, ROW[:-1] + "f")


def test_a_value_changed_in_any_byte_does_not_open(vault: Vault) -> None:
    blob = vault.seal(SECRET, ROW)
    for place in range(len(blob)):
        changed = blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :]
        with pytest.raises(VaultError) as refusal:
            vault.open(changed, ROW)
        assert SECRET not in str(refusal.value)


@pytest.mark.parametrize(
    "blob", [b"", b"\x01", b"\x01\x01\x04", b"plain text that nobody sealed at all", b"\x01\x01\xff"]
)
def test_what_was_never_sealed_does_not_open(vault: Vault, blob: bytes) -> None:
    with pytest.raises(VaultError):
        vault.open(blob, ROW)


def test_a_new_key_seals_and_the_old_one_still_opens(vault: Vault) -> None:
    before = Vault({"2025": OLD}, "2025", INDEX)
    blob = before.seal(SECRET, ROW)
    assert vault.open(blob, ROW) == SECRET
    assert vault.needs_rotation(blob)
    rotated = vault.seal(vault.open(blob, ROW), ROW)
    assert not vault.needs_rotation(rotated)
    assert Vault({"2026": NEW}, "2026", INDEX).open(rotated, ROW) == SECRET
    with pytest.raises(VaultError):
        before.open(rotated, ROW)


def test_the_right_key_id_with_the_wrong_key_does_not_open(vault: Vault) -> None:
    with pytest.raises(VaultError):
        Vault({"2026": OLD}, "2026", INDEX).open(vault.seal(SECRET, ROW), ROW)


def test_equal_values_of_one_kind_are_found_by_their_index(vault: Vault) -> None:
    index = vault.index("id_number", SECRET)
    assert len(index) == INDEX_BYTES
    assert index == Vault({"2025": OLD}, "2025", INDEX).index("id_number", SECRET)  # survives the rotation of keys
    assert index != vault.index("mobile", SECRET)
    assert index != vault.index("id_number", SECRET[:-1])
    assert index != Vault({"2026": NEW}, "2026", b"j" * 32).index("id_number", SECRET)
    assert vault.index("ab", "c") != vault.index("a", "bc")


def test_a_vault_shows_no_key(vault: Vault) -> None:
    assert repr(vault) == "<Vault: current key 2026 of 2>"


@pytest.mark.parametrize(
    ("keys", "current", "index_key"),
    [
        ({}, "2026", INDEX),
        ({"2026": NEW}, "2027", INDEX),
        ({"2026": b"short"}, "2026", INDEX),
        ({"2026": NEW}, "2026", b"short"),
        ({"": NEW}, "", INDEX),
        ({"k" * 256: NEW}, "k" * 256, INDEX),
    ],
)
def test_a_vault_with_unusable_keys_does_not_exist(keys: dict[str, bytes], current: str, index_key: bytes) -> None:
    with pytest.raises(VaultError):
        Vault(keys, current, index_key)


def test_keys_are_read_in_their_order_and_the_first_seals() -> None:
    setting = f"2026:{b64encode(NEW).decode()}, 2025:{b64encode(OLD).decode()}"
    assert parse_keys(setting) == ({"2026": NEW, "2025": OLD}, "2026")
    assert parse_key(b64encode(INDEX).decode()) == INDEX


@pytest.mark.parametrize(
    "setting",
    [
        "",
        " , ",
        "2026",
        "2026:",
        "2026:!!!",
        f":{b64encode(NEW).decode()}",
        f"a:{b64encode(b'short').decode()}",
        f"a:{b64encode(NEW).decode()},a:{b64encode(OLD).decode()}",
    ],
)
def test_a_wrong_setting_is_refused_without_showing_it(setting: str) -> None:
    with pytest.raises(VaultError) as refusal:
        parse_keys(setting)
    assert refusal.value.__cause__ is None
    assert b64encode(NEW).decode() not in str(refusal.value)


def test_a_sealed_value_is_its_mask_wherever_it_is_written() -> None:
    sealed = Sealed("110*************2X", lambda: SECRET)
    for written in (
        str(sealed),
        f"{sealed}",
        f"{sealed:>20}",
        "%s" % sealed,  # noqa: UP031
        repr(sealed),
        ascii(sealed),
        json.dumps({"id": sealed}),
        "".join(sealed),
        sealed.mask,
    ):
        assert "110*************2X" in written
        assert SECRET not in written
    assert type(sealed.mask) is str
    assert sealed.reveal() == SECRET


def test_a_sealed_value_does_not_leave_the_process() -> None:
    sealed = Sealed("110*************2X", lambda: SECRET)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(sealed, protocol)
    assert copy.copy(sealed) is sealed
    assert copy.deepcopy({"id": sealed})["id"] is sealed


def test_a_sealed_value_is_not_opened_before_somebody_looks() -> None:
    opened = []
    sealed = Sealed("陈**", lambda: opened.append("looked") or "陈小明")
    assert not opened
    assert sealed.reveal() == "陈小明"
    assert opened == ["looked"]

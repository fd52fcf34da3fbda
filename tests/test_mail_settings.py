"""What may be set for mail, secrets by name, and addresses as they are shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from notifier.masking import masked
from notifier.secrets import secret
from tests.mailing import settings
from workflow.errors import UsageError


def test_secrets_are_looked_up_where_they_are_said_to_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUBAN_TEST_SECRET", "of the environment")
    (tmp_path / "secret").write_text("of a file\n")
    assert secret("env:DUBAN_TEST_SECRET") == "of the environment"
    assert secret(f"file:{tmp_path}/secret") == "of a file"


@pytest.mark.parametrize("literal", ["hunter2", "hunter2:x", "env:", "", "ENV:hunter2"])
def test_a_literal_secret_is_refused_and_not_repeated(literal: str) -> None:
    for look_up in (secret, lambda one: settings(user="duban", password=one)):
        with pytest.raises(UsageError) as refused:
            look_up(literal)
        assert "hunter2" not in refused.value.text.zh + refused.value.text.en


@pytest.mark.parametrize("nowhere", ["env:DUBAN_TEST_MISSING", "file:/nowhere/at/all", "file:/dev/null"])
def test_a_secret_that_is_not_there(nowhere: str) -> None:
    with pytest.raises(UsageError, match=nowhere):
        secret(nowhere)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("wang.wu@example.org", "w***@example.org"),
        ("13800005678", "138****5678"),
        ("+86 138-0000-5678", "+86138****5678"),
        ("12345", "***45"),
        ("7", "**"),
        ("https://hooks.example.org/KEY", "https://***"),
        ("a\r\nb", "a***"),
        ("", "***"),
    ],
)
def test_addresses_are_shown_masked(address: str, shown: str) -> None:
    assert masked(address) == shown


@pytest.mark.parametrize(
    "wrong",
    [
        {"sender": "nobody"},
        {"sender": "a@example.org\r\nBcc: b@example.org"},
        {"list_id": "no domain"},
        {"hello": "a b"},
        {"user": "duban"},
        {"password": "env:PATH"},
        {"host": "mail.example.org", "tls": "none"},
        {"imap": {"host": "mail.example.org", "tls": "none", "user": "a", "password": "env:PATH"}},
    ],
)
def test_wrong_settings_say_what_to_do(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as refused:
        settings(**wrong)
    assert refused.value.text.zh != refused.value.text.en


@pytest.mark.parametrize("wrong", [{"unheard_of": 1}, {"port": 0}, {"timeout": 0}, {"tls": "maybe"}])
def test_what_is_unknown_or_out_of_range_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)

"""The box into which returned mail falls, read by IMAP. What is stored is marked; the rest comes again."""

from __future__ import annotations

import imaplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from workflow.errors import DubanError, StoreError

from ..channel import Receipt
from ..secrets import secret
from .settings import IMAP_PORTS, ImapSettings
from .smtp import trusting

_MOST = 200  # messages in one go
_BYTES = 262_144  # of each


class BoxClosed(DubanError):
    """The box can't be read: nobody answers, or it refuses the login or the folder."""


def collect(
    settings: ImapSettings,
    receipts: Callable[[bytes], tuple[Receipt, ...]],
    keep: Callable[[Receipt], None],
) -> int:
    """Read what has not been seen; how many receipts were kept.

    A message is marked, and moved where the settings say so, only after all that it tells was kept.

    Raises:
        BoxClosed: see there; what was kept until then is marked.
        DubanError: as `keep` did at the first receipt that it could not keep; that one comes again, and the
            others are read all the same.
    """
    count, failed = 0, None
    with _opened(settings) as box:
        for number in _unseen(box):
            found = receipts(_raw(box, number))
            try:
                for one in found:
                    keep(one)
            except StoreError:
                raise
            except DubanError as error:
                failed = failed or error
                continue
            _mark(box, number, settings.done if found else None)
            count += len(found)
    if failed is not None:
        raise failed
    return count


@contextmanager
def _opened(settings: ImapSettings) -> Iterator[imaplib.IMAP4]:
    password = secret(settings.password)
    try:
        box = _connected(settings)
    except (OSError, imaplib.IMAP4.error, ValueError) as error:
        raise _closed(settings, error) from error
    try:
        box.login(settings.user, password)
        _done(box.select(_folder(settings.folder)))
        yield box
    except (OSError, imaplib.IMAP4.error) as error:
        raise _closed(settings, error) from error
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            box.logout()


def _connected(settings: ImapSettings) -> imaplib.IMAP4:
    port = settings.port or IMAP_PORTS[settings.tls]
    if settings.tls == "tls":
        context = trusting(settings.ca_file)
        return imaplib.IMAP4_SSL(settings.host, port, ssl_context=context, timeout=settings.timeout)
    box = imaplib.IMAP4(settings.host, port, timeout=settings.timeout)
    if settings.tls == "starttls":
        box.starttls(trusting(settings.ca_file))
    return box


def _folder(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _closed(settings: ImapSettings, error: Exception) -> BoxClosed:
    how = type(error).__name__
    return BoxClosed(
        f"无法读取退信邮箱 {settings.host}/{settings.folder}（{how}）：请检查地址、账号、文件夹与证书。",
        f"The box of returned mail at {settings.host}/{settings.folder} can't be read ({how}):"
        " check address, account, folder and certificate.",
    )


def _done(answer: tuple[str, list[bytes | None]]) -> list[bytes | None]:
    if answer[0] != "OK":
        raise imaplib.IMAP4.error(answer[0])
    return answer[1]


def _unseen(box: imaplib.IMAP4) -> list[str]:
    found = _done(box.uid("SEARCH", "UNSEEN"))
    return (found[0] or b"").decode("ascii", "replace").split()[:_MOST]


def _raw(box: imaplib.IMAP4, number: str) -> bytes:
    """The head of a message, without marking it."""
    status, found = box.uid("FETCH", number, f"(BODY.PEEK[]<0.{_BYTES}>)")
    if status != "OK":
        raise imaplib.IMAP4.error(status)
    return next((one[1] for one in found if isinstance(one, tuple)), b"")


def _mark(box: imaplib.IMAP4, number: str, folder: str | None) -> None:
    _done(box.uid("STORE", number, "+FLAGS.SILENT", "(\\Seen)"))
    if folder is None:
        return
    if "MOVE" in box.capabilities:
        _done(box.uid("MOVE", number, _folder(folder)))
    else:  # a copy that stays in sight, rather than a message that is nowhere
        _done(box.uid("COPY", number, _folder(folder)))
        _done(box.uid("STORE", number, "+FLAGS.SILENT", "(\\Deleted)"))

"""From the settings to an office at work: channels, site, links, and what is rung.

Everything that needs chance, a clock or a secret comes in here, once; the rooms take what they are given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from pydantic import BaseModel

from workflow.clock import Clock
from workflow.engine import Library
from workflow.errors import DubanError
from workflow.store import Port
from workflow.text import Text

from .addresses import quiet_of
from .channel import Channel
from .channels import room
from .content import Site
from .links import HOUR_MS, Links, Revoking, Unsubscribing
from .office import Office
from .office.desk import Desk, Failures, no_failures
from .office.receiving import Callbacks
from .office_settings import Budget, OfficeSettings, Pace, Retries
from .retention import Forgetting
from .secrets import secret
from .settings import PaceTable, Settings, SettingsError, secrets_in

# What a peer ships with, and what people type first: whoever knows the product knows these.
_DEFAULTS: Final = {
    *("admin", "changeit", "changeme", "default", "duban", "example", "guest", "letmein", "passwd"),
    *("password", "root", "secret", "test", "123456", "12345678"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What a process gives: the database, chance, the clock, a name among others."""

    port: Port
    library: Library
    random: Callable[[], bytes]  # 16 bytes that nobody can guess
    clock: Clock
    node: str = "office"
    failures: Failures = no_failures  # of what works beside the notifier


def channels_of(settings: Settings) -> dict[str, Channel]:
    """The channels, in the order of the file.

    Raises:
        SettingsError: a secret that is not where the settings say, or one that everybody knows.
    """
    problems = [*_bad_secrets(settings)]
    if problems:
        raise SettingsError(settings.file, tuple(problems))
    return {name: _built(name, own, settings) for name, own in settings.channels.items()}


def _built(name: str, own: BaseModel, settings: Settings) -> Channel:
    kind = str(own.kind)  # type: ignore[attr-defined]
    more = {"domain": settings.domain} if kind == "mail" else {}  # returned mail names Message-IDs of ours
    return room(kind).build(name, _signed(own, settings), **more)


def _signed(own: BaseModel, settings: Settings) -> BaseModel:
    """With the site's signature, where a channel of text messages has none of its own."""
    if "signature" in type(own).model_fields and getattr(own, "signature", None) is None:
        return own.model_copy(update={"signature": settings.site.signature})
    return own


def _bad_secrets(settings: Settings) -> Iterator[Text]:
    for name, own in settings.channels.items():
        for key, reference in secrets_in(own.model_dump(mode="json")):
            place = f"[channels.{name}] {key}"
            if not reference:
                continue
            try:
                found = secret(reference)
            except DubanError as error:
                yield Text(f"{place}：{error.text.zh.rstrip('。')}", f"{place}: {error.text.en.rstrip('.')}")
                continue
            if found.lower() in _DEFAULTS:
                yield Text(
                    f"{place}：这是人人知道的默认密钥，请更换",
                    f"{place}: this is a secret that everybody knows; change it",
                )


def office_settings_of(settings: Settings) -> OfficeSettings:
    """What the office needs to know, in its own units."""
    own = settings.office
    begin, end = quiet_of(settings.manners.quiet)
    return OfficeSettings(
        quiet_from=begin,
        quiet_to=end,
        workdays_only=settings.manners.workdays_only,
        window=own.gather_minutes * 60_000,
        paces={name: _pace(one) for name, one in own.paces.items()},
        budgets={name: Budget(**one.model_dump()) for name, one in settings.budgets.items()},
        retries=Retries(
            first=own.retry_seconds * 1_000,
            longest=own.longest_retry_minutes * 60_000,
            tries=own.tries,
            life=own.life_hours * HOUR_MS,
        ),
        operators=tuple(settings.operators.people),
        report_every=own.report_minutes * 60_000,
    )


def _pace(own: PaceTable) -> Pace:
    return Pace(
        rate=own.rate,
        burst=own.burst,
        concurrency=own.concurrency,
        receipts_every=own.receipts_seconds * 1_000,
    )


def site_of(settings: Settings, machine: Machine) -> Site:
    """What messages need of the installation; without a url they carry no links."""
    url = settings.site.url
    plain = Site(
        base_url=url, domain=settings.domain, signature=settings.site.signature, words=settings.words
    )
    if url is None:
        return plain
    links = Links(url, machine.random, life=settings.site.link_hours * HOUR_MS)
    unsubscribing = Unsubscribing.over(machine.port, machine.random, url)
    return replace(
        plain,
        mint=links.mint,
        keep=links.keep,
        unsubscribe=unsubscribing.address,
        switch_off=unsubscribing.by_mail,
    )


def callbacks_over(settings: Settings, machine: Machine) -> Callbacks:
    """The peers of the settings that call us.

    Raises:
        SettingsError, UsageError: a secret that can't be used.
    """
    from .notices import write_notices
    from .notices.classes import class_of
    from .sms.callbacks import callbacks_of

    desk = Desk(
        port=machine.port,
        library=machine.library,
        channels=channels_of(settings),
        settings=office_settings_of(settings),
        site=site_of(settings, machine),
        salts=machine.random,
        writer=write_notices,
        class_of=class_of,
        node=machine.node,
    )
    return Callbacks(desk, callbacks_of(settings.channels))


class Notifier:
    """Everything that works beside the engine, over one database."""

    def __init__(self, settings: Settings, machine: Machine) -> None:
        """Raises SettingsError for a secret that can't be used."""
        from .digests import Digests
        from .documents import Documents
        from .notices import write_notices
        from .notices.classes import class_of

        channels = channels_of(settings)
        port, library, own = machine.port, machine.library, office_settings_of(settings)
        self._documents = Documents(port, library)
        site = replace(site_of(settings, machine), attachments=self._documents.attachments)
        self.digests = Digests(port, library, channels, own, site, machine.random)
        self.office = Office(
            port,
            library,
            channels,
            own,
            site,
            machine.clock,
            machine.random,
            writer=write_notices,
            class_of=class_of,
            node=machine.node,
            failures=machine.failures,
        )
        self._revoking = Revoking(port)
        self._forgetting = Forgetting(port, kept_days=settings.office.kept_days)

    @property
    def work(self) -> Mapping[str, Callable[[int], object]]:
        """What is rung, by a name for the log."""
        return {
            "office": self.office.run_once,
            "digests": self.digests.run_once,
            "documents": self._documents.run_once,
            "links": self._revoking.run_once,
            "retention": self._forgetting.run_once,
        }

    def close(self) -> None:
        """Let the channels' threads end."""
        self.office.close()

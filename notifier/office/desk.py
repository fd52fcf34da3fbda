"""What every part of the office has at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from workflow.calendar import USUAL_ZONE
from workflow.definition.model import Campaign
from workflow.engine import Frame, Library
from workflow.errors import DubanError, StoreError
from workflow.store import Port, Transaction
from workflow.text import Text

from ..channel import Channel
from ..content import Class, Content, Gathered, Site, Unwritable
from ..office_settings import OfficeSettings
from ..store.deliveries import Salts

Writer = Callable[[Frame, Sequence[Gathered], Site], Mapping[int, Content | Unwritable]]
"""Writes the letters of a batch: by delivery, what it says or why it can't be said."""


Failures = Callable[[Transaction, int], Sequence[Text]]
"""What failed since an instant (ms) beside the notifier, in words for operators."""


def no_failures(_tx: Transaction, _since: int) -> Sequence[Text]:
    """Nothing works beside it."""
    return ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """The database, the channels, and how the installation wants it done."""

    port: Port
    library: Library
    channels: Mapping[str, Channel]  # by name, in the order in which they are preferred
    settings: OfficeSettings
    site: Site
    salts: Salts
    writer: Writer
    class_of: Callable[[str], Class]
    node: str  # who claims messages
    failures: Failures = no_failures

    def thread(self, task_id: int, campaign: str) -> str:
        """The Message-ID under which every mail of a task stands; no mail has it itself."""
        return f"<t{task_id}.{campaign}@{self.site.domain}>"


@dataclass(kw_only=True, slots=True)
class OfficeRan:
    """What a round did."""

    taken: int = 0  # outgoing rows that are told to somebody
    nobody: int = 0  # outgoing rows that reach nobody
    off: int = 0  # information that its reader switched off
    written: int = 0  # messages whose bytes were fixed
    sent: int = 0  # messages that a peer accepted
    failed: int = 0  # tries that ended otherwise
    given_up: int = 0  # messages that are not tried again
    left_behind: int = 0  # messages that a dead process was sending
    receipts: int = 0
    held: bool = False  # nothing is sent until a person releases the outbox


def campaign_of(frame: Frame, version_id: int | None) -> Campaign | None:
    """The campaign of a pack version; None where it can't be read: the message goes out all the same."""
    if version_id is None:
        return None
    try:
        return frame.campaign(version_id)
    except StoreError:
        raise
    except DubanError:
        return None


def home_zone(frame: Frame) -> str:
    """The zone of the oldest campaign, for what belongs to no task."""
    for one in frame.campaigns.values():
        campaign = campaign_of(frame, one.version_id)
        if campaign is not None:
            return campaign.zone
    return USUAL_ZONE

"""What every request meets first: whether anything may be done now, and which campaign is meant."""

from __future__ import annotations

from ..errors import NotNow, Unknown
from ..store.organisation import CampaignInForce
from .surroundings import Frame


def refuse_if_held(frame: Frame) -> None:
    """Nothing is done while the clock is in doubt: nobody knows what has passed.

    Raises:
        NotNow: a hold stands.
    """
    if frame.stamp.held:
        raise NotNow(
            "时钟存疑，一切办理暂停，待人工确认。请运行 duban doctor 查看原因，再运行 duban release。",
            "The clock is in doubt and everything waits for a person. See why with duban doctor, then run "
            "duban release.",
        )


def campaign_named(frame: Frame, name: str) -> CampaignInForce:
    """A campaign by its name.

    Raises:
        Unknown: there is none.
    """
    found = next((one for one in frame.campaigns.values() if one.name == name), None)
    if found is None:
        listed = sorted(one.name for one in frame.campaigns.values())
        raise Unknown(
            f"没有专项行动“{name}”。现有：{'、'.join(listed) or '无'}。",
            f"There is no campaign {name!r}. There are: {', '.join(listed) or 'none'}.",
        )
    return found

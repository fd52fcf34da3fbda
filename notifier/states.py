"""The states of a delivery, each with its written meaning, and who may move it on.

gathering ──► waiting ──► sending ──► accepted ──► delivered
    │           ▲  ▲         │            └──────► bounced
    ▼           │  │         ├──► waiting      the peer asked to try later, or was not reached
   held ────────┘  └─────────┼──── unknown     nobody knows whether the peer has it: sent again
                             └──► given_up
any that is not ended ──► dropped
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from workflow.text import Text


class State(StrEnum):
    """Where a delivery stands."""

    GATHERING = "gathering"
    HELD = "held"
    WAITING = "waiting"
    SENDING = "sending"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    GIVEN_UP = "given_up"
    DROPPED = "dropped"


LABELS: Final = {
    State.GATHERING: Text("汇集中", "gathering"),
    State.HELD: Text("已扣留", "held"),
    State.WAITING: Text("待发送", "waiting"),
    State.SENDING: Text("发送中", "sending"),
    State.UNKNOWN: Text("结果不明", "outcome unknown"),
    State.ACCEPTED: Text("对方已接收", "accepted"),
    State.DELIVERED: Text("已送达", "delivered"),
    State.BOUNCED: Text("被退回", "bounced"),
    State.GIVEN_UP: Text("已放弃", "given up"),
    State.DROPPED: Text("已取消", "dropped"),
}

MEANINGS: Final = {
    State.GATHERING: Text(
        "还可并入同一人的其他通知；到时成文发送。",
        "Further notices to the same person may still join it; written and sent when it is due.",
    ),
    State.HELD: Text(
        "在有人放行之前不发送：从备份恢复之后，或有人扣留。",
        "Not sent until a person releases it: after a restore, or because somebody held it.",
    ),
    State.WAITING: Text("内容已定，到时发送。", "Its bytes are fixed; it is sent when it is due."),
    State.SENDING: Text(
        "已交给通道，尚无答复；进程若此时中断，即为结果不明。",
        "Handed to the channel, no answer yet. If the process dies now, its outcome is unknown.",
    ),
    State.UNKNOWN: Text(
        "对方可能已收到；将以同一 Message-ID 重发，并计为可能重复。",
        "The peer may have it. Sent again with the same Message-ID, counted as a possible duplicate.",
    ),
    State.ACCEPTED: Text(
        "对方服务器或网关已接收，由其负责投递。", "The peer's server or gateway has taken responsibility."
    ),
    State.DELIVERED: Text("回执确认已送达。", "A receipt says that it arrived."),
    State.BOUNCED: Text(
        "回执说明无法送达；已改用其他地址或通道，没有则报告。",
        "A receipt says that it can't arrive; another address or channel is used, or it is reported.",
    ),
    State.GIVEN_UP: Text(
        "被永久拒绝或多次未成；已改用其他地址或通道，没有则报告。",
        "Refused for good, or tried too often; another address or channel is used, or it is reported.",
    ),
    State.DROPPED: Text("有人取消了它，记有理由。", "A person took it back, with a reason."),
}

ENDED: Final = frozenset({State.DELIVERED, State.BOUNCED, State.GIVEN_UP, State.DROPPED})
"""Nothing further happens to these. An accepted one may still get its receipt."""

SENDABLE: Final = frozenset({State.WAITING, State.UNKNOWN})
"""What the channels' queue holds: its bytes are fixed."""

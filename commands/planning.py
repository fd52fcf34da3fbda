"""Working off the plans of an older calendar or campaign, as the daemon would."""

from __future__ import annotations

from .desk import Desk


def plan_again(desk: Desk, epoch: int) -> int:
    """Plan every open task anew, batch by batch; how many."""
    from workflow.reading.planning import pending_plans

    with desk.port.read() as tx:
        total = left = pending_plans(tx, epoch)
    with desk.progress("重排", "Planning") as progress:
        while left and desk.engine.wake(desk.now):  # plans go before everything else that is due
            with desk.port.read() as tx:
                left = pending_plans(tx, epoch)
            progress(total - left, total)
    return total - left

"""WeCom's statistics about members of staff. Each night reads the last three days, because they change late."""

from __future__ import annotations

from random import Random
from typing import Any

from siyu.simulate.delivery import Delivery
from siyu.simulate.world import World

RE_READ = 3
EMPTY_DAY = 11  # every this many days, the statistics are all zero at first and correct the night after


def write_behavior(world: World, out: Delivery) -> None:
    """Write one file per night. The first load has the file of its last evening and one every EMPTY_DAY days."""
    first = world.days - world.nights
    for day in range(world.days):
        if day < first and day % EMPTY_DAY and day != first - 1:
            continue
        since = max(day - RE_READ + 1, 0) if day >= first else max(day - EMPTY_DAY, 0)
        file = f"{out.night(day)}wecom/behavior_{world.day_name(day)}.jsonl"
        for asked in range(since, day + 1):
            for number in range(world.sales):
                out.write(file, _answer(world, out, world.salesman(number), asked, is_early=asked == day))


def _answer(world: World, out: Delivery, staff_id: str, day: int, *, is_early: bool) -> dict[str, Any]:
    """Return one day of a member of staff. On some evenings the statistics are not available yet."""
    counts = out.staff_days.of(staff_id, day)
    if is_early and day % EMPTY_DAY == 0:
        counts = dict.fromkeys(counts, 0)
    answer: dict[str, Any] = {
        "userid": staff_id, "stat_time": world.epoch + day * 86400, "chat_cnt": counts["chats"],
        "message_cnt": counts["messages"], "negative_feedback_cnt": counts["deletions"],
        "new_apply_cnt": counts["adds"], "new_contact_cnt": counts["adds"],
    }  # fmt: skip
    if counts["chats"]:
        chance = Random(f"{world.seed} reply {staff_id} {day}")
        answer["reply_percentage"] = round(100 * counts["replied"] / counts["chats"], 2)
        answer["avg_reply_time"] = chance.randint(1, 90)
    return answer

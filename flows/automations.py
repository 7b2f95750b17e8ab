"""Prefect automations for runs that cannot speak for themselves: crashed, dead, never begun, late, missed.

`python flows/automations.py` creates or updates them on the server of PREFECT_API_URL. The messages go to the addresses
of the setting `notify`. A run that fails sends its own message; these are for runs whose process is gone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from siyu.errors import ConfigError, SiyuError, exit_code
from siyu.report.markup import Terminal
from siyu.report.notify import addressees
from siyu.settings import Settings, load_settings

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.events.schemas.automations import AutomationCore

DEAD_RUNS = Path(__file__).resolve().parents[1] / "deploy" / "dead-runs.yaml"
BLOCK = "siyu-notify"
LATE, MISSED = timedelta(minutes=30), timedelta(hours=26)
CRASHED, IS_LATE, IS_MISSED = "siyu crashed run", "siyu late run", "siyu missed night"
NIGHTLY, OF_SIYU = "siyu-nightly", "siyu-*"  # names of flows
ENDS = {"prefect.flow-run.Completed", "prefect.flow-run.Failed", "prefect.flow-run.Crashed"}
# automation -> subject and text of its message
WORDS = {
    "zh": {
        CRASHED: (
            "siyu 运行中断", "{{ flow_run.name }}：{{ flow_run.state.message }}\n"
            "BI 仍读取上次发布。查看 siyu status，然后重新运行。\n"
            "手册: {docs}docs/on-call.md#the-run-ended-without-a-message",
        ),
        IS_LATE: (
            "siyu 运行延迟", "到点的运行 30 分钟仍未开始：没有 worker，或上一次运行还没有结束。\n"
            "手册: {docs}docs/on-call.md#a-night-did-not-start",
        ),
        IS_MISSED: (
            "siyu 没有运行", "26 小时内没有任何夜间运行结束。\n手册: {docs}docs/on-call.md#a-night-did-not-start",
        ),
    },
    "en": {
        CRASHED: (
            "siyu run crashed", "{{ flow_run.name }}: {{ flow_run.state.message }}\nBI reads the last release. "
            "See siyu status, then run again.\nrunbook: {docs}docs/on-call.md#the-run-ended-without-a-message",
        ),
        IS_LATE: (
            "siyu run is late", "A run was due 30 minutes ago and has not begun: no worker is up, or another run goes "
            "on.\nrunbook: {docs}docs/on-call.md#a-night-did-not-start",
        ),
        IS_MISSED: (
            "siyu did not run", "No night has ended in 26 hours.\n"
            "runbook: {docs}docs/on-call.md#a-night-did-not-start",
        ),
    },
}  # fmt: skip


def marks() -> list[AutomationCore]:
    """Return the automations that mark dead runs as Crashed. They send nothing."""
    from prefect.events.schemas.automations import AutomationCore

    listed = yaml.safe_load(DEAD_RUNS.read_text(encoding="utf-8"))["automations"]
    return [AutomationCore.model_validate(one) for one in listed]


def messages(block: Any, language: str, docs: str) -> list[AutomationCore]:
    """Return the automations that send a message through a notification block. `docs` is the setting notify_docs."""
    from prefect.events.actions import SendNotification
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

    def flow(name: str) -> Any:
        return {"prefect.resource.role": "flow", "prefect.resource.name": name}

    runs: Any = {"prefect.resource.id": "prefect.flow-run.*"}
    each: Any = {"prefect.resource.id"}
    triggers = {
        CRASHED: EventTrigger(
            posture=Posture.Reactive, match=runs, match_related=flow(OF_SIYU), for_each=each,
            expect={"prefect.flow-run.Crashed"}, threshold=1,
        ),
        IS_LATE: EventTrigger(
            posture=Posture.Proactive, match=runs, match_related=flow(NIGHTLY), for_each=each,
            after={"prefect.flow-run.Late"},
            expect={"prefect.flow-run.Pending", "prefect.flow-run.Running", "prefect.flow-run.Cancelled", *ENDS},
            threshold=1, within=LATE,
        ),
        IS_MISSED: EventTrigger(
            posture=Posture.Proactive, match=runs, match_related=flow(NIGHTLY), expect=ENDS, threshold=1, within=MISSED,
        ),
    }  # fmt: skip
    docs = f"{docs.rstrip('/')}/" if docs else ""
    words = WORDS[language]
    return [
        AutomationCore(
            name=name, description=words[name][0], trigger=trigger,
            actions=[SendNotification(block_document_id=block, subject=words[name][0],
                                      body=words[name][1].replace("{docs}", docs))],
        )
        for name, trigger in triggers.items()
    ]  # fmt: skip


def put(client: SyncPrefectClient, wanted: Sequence[AutomationCore]) -> list[str]:
    """Create or update automations by name. Delete doubles, and messages that are no longer wanted. Return what was
    done, a line each."""
    done = []
    for automation in wanted:
        found = client.read_automations_by_name(automation.name)
        if found:
            client.update_automation(found[0].id, automation)
        else:
            client.create_automation(automation)
        done.append(f"{'updated' if found else 'created'} {automation.name}")
        for double in found[1:]:
            client.delete_automation(double.id)
    for name in {CRASHED, IS_LATE, IS_MISSED} - {automation.name for automation in wanted}:
        for found_one in client.read_automations_by_name(name):
            client.delete_automation(found_one.id)
            done.append(f"deleted {name}: the setting notify is empty")
    return done


def _block(settings: Settings) -> Any:
    """Store the addresses in Prefect, encrypted, and return the id of the block.

    Prefect's block for Slack passes what it is given to Apprise, which knows the addresses of all services.
    """
    from prefect.blocks.notifications import SlackWebhook
    from pydantic import SecretStr

    urls = " ".join(one.url for one in addressees(settings))
    return SlackWebhook(url=SecretStr(urls)).save(BLOCK, overwrite=True)


def main() -> int:
    """Create or update the automations, print what was done, and return the exit code."""
    console, errors = Terminal(), Terminal(stderr=True)
    try:
        settings = load_settings()
        if not os.environ.get("PREFECT_API_URL"):
            raise ConfigError("no Prefect server is named", "PREFECT_API_URL", "set it to the server of the worker.")
        from prefect.client.orchestration import get_client

        wanted = marks()
        if settings.notify:
            wanted += messages(_block(settings), settings.notify_language, settings.notify_docs)
        else:
            console.print("the setting notify is empty: dead runs are marked, but nobody gets a message")
        with get_client(sync_client=True) as client:
            for line in put(client, wanted):
                console.print(line)
    except SiyuError as error:
        errors.print(str(error), style="red", soft_wrap=True)
        return exit_code(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())

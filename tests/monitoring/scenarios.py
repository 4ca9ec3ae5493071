"""What can go wrong in the simulated worlds, what mends it, and which alerts have to arrive.

`must` arrive, and are resolved once the world is mended. `may` arrive too: what the same fault shows a little later, or
only where the machine is slow. Any other alert is a fault of the rules.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from stack import get, post

A = "OktaServiceNow"
FAILING_PUSHES = {"ProvisioningFailing", "ProvisioningDegraded"}
# Failed pushes leave failed tasks open in Okta until somebody retries them.
AFTER_FAILED_PUSHES = {"OpenFailedTasksRising"}


class World:
    """A simulator and the secrets of the exporter's integration on it."""

    def __init__(self, name: str, addresses: dict, folder: Path) -> None:
        self.name = name
        self.okta, self.servicenow, self.control = addresses["okta"], addresses["servicenow"], addresses["control"]
        self.folder = folder

    def do(self, *commands: dict) -> None:
        post(f"{self.control}/world", list(commands))

    def users(self, state: str) -> list[str]:
        """The Okta ids of those whose link is in that state."""
        truth = json.loads(get(f"{self.control}/truth?users=1&grace_seconds=0"))
        return [user["okta_user_id"] for user in truth["users"] if user["state"] == state]

    def secret(self, name: str, text: str) -> None:
        path = self.folder / f"{self.name}-{name}"
        fresh = path.with_suffix(".new")
        fresh.write_text(text + "\n")
        fresh.replace(path)


def fail_pushes(world: World, **push) -> None:
    world.do({"do": "push", "count": 2, "operation": "update", **push})


@dataclass
class Scenario:
    name: str
    start: list[str] = field(default_factory=list)  # arguments of the simulator
    tier: str = "production"
    severity: dict[str, str] = field(default_factory=dict)  # what the alert's severity has to be
    must: set[str] = field(default_factory=set)
    may: set[str] = field(default_factory=set)
    spoil: Callable[[World], None] = lambda world: None
    goes_on: Callable[[World], None] = lambda world: None  # each second until it is mended
    goes_on_after: float = 0  # seconds
    mend: Callable[[World], None] = lambda world: None


def lock_out(world: World) -> None:
    world.do({"do": "deny_table", "account": "provisioner", "table": "sys_user"})


def refused(world: World) -> None:
    fail_pushes(world, reason="acl_denied")
    world.do({"do": "rest_call", "table": "sys_user", "method": "PATCH", "count": 2, "age_seconds": 0})


def clone_with_passwords(world: World) -> None:
    world.do({"do": "clone", "changed": 0.9, "missing": 0, "wrong": 0})


def reassign_all(world: World) -> None:
    world.do({"do": "reassign", "all": True, "kind": "sys_id_changed"})


def new_accounts(world: World) -> None:
    world.do({"do": "clone_accounts"})


def mend_accounts(world: World) -> None:
    for account in ("reader", "provisioner"):
        world.do({"do": "set_password", "account": account, "password": f"mended-{account}"})
        world.secret(account, f"mended-{account}")


def spoil_token(world: World) -> None:
    world.do({"do": "set_okta_token", "token": "another-token"})


def mend_token(world: World) -> None:
    world.do({"do": "set_okta_token", "token": "mended-token"})
    world.secret("token", "mended-token")


def drift(world: World) -> None:
    world.do({"do": "delete_row", "count": 2}, {"do": "recreate_row", "count": 3}, {"do": "duplicate_row", "count": 1},
             {"do": "unlink", "count": 2}, {"do": "set_active", "count": 2, "active": False}, {"do": "swap_rows"})


def unassign_drifted(world: World) -> None:
    """Their rows are switched off first, else they would be leavers with access. A row may be another user's too: again."""
    while users := world.users("drifted"):
        world.do({"do": "set_active", "users": users, "active": False}, {"do": "unassign", "users": users})


def unlock_all(world: World) -> None:
    world.do({"do": "set_locked_out", "users": world.users("linked"), "locked_out": False})


def ambiguous(world: World) -> None:
    fail_pushes(world, reason="record_not_found_or_hidden")
    world.do({"do": "put_row", "table": "sys_properties", "row": {"name": "glide.buildtag.last", "value": "another"}})


def odds(world: World) -> None:
    world.do({"do": "set_locked_out", "count": 8, "locked_out": True},
             {"do": "set_feature", "feature": "PUSH_NEW_USERS", "on": False},
             {"do": "group_push_mapping", "id": "gPmSIM1",
              "error_summary": "Forbidden. Errors reported by remote server: ACL Exception Insert Failed"},
             {"do": "fault", "api": "okta", "endpoint": "logs", "kind": "status", "status": 429, "count": -1})


def spend_quota(world: World) -> None:
    """After a 429 the System Log waits for two seconds, which are ten minutes here: others meet the limit too."""
    world.do({"do": "fault", "api": "okta", "endpoint": "app_users", "kind": "status", "status": 429, "count": 1})


def mend_odds(world: World) -> None:
    unlock_all(world)
    world.do({"do": "set_feature", "feature": "PUSH_NEW_USERS", "on": True}, {"do": "clear_faults"},
             {"do": "group_push_mapping", "id": "gPmSIM1", "status": "ACTIVE"})


SCENARIOS = [
    Scenario("healthy"),
    Scenario("acl-lockout", must={"AclLockout"},
             may=FAILING_PUSHES | AFTER_FAILED_PUSHES | {"PermissionLost", "AclDenialsRising", "DriftPresent", "DriftGrowing"},
             severity={"AclLockout": "critical"}, spoil=lock_out, goes_on=refused,
             mend=lambda world: world.do({"do": "deny_table", "account": "provisioner", "table": "sys_user", "on": False})),
    Scenario("clone-production", must={"MassDrift"}, severity={"MassDrift": "critical"}, spoil=clone_with_passwords,
             mend=reassign_all),
    Scenario("clone-other", tier="other", must={"MassDrift"}, severity={"MassDrift": "warning"}, spoil=clone_with_passwords,
             mend=reassign_all),
    # The pushes fail once the exporter knows why: then their alerts are held back.
    Scenario("bad-credentials", must={"ReaderCredentialsInvalid", "ProvisionerCredentialsInvalid"},
             severity={"ProvisionerCredentialsInvalid": "critical", "ReaderCredentialsInvalid": "warning"},
             spoil=new_accounts, goes_on=lambda world: fail_pushes(world, reason="authentication"), goes_on_after=15,
             may=AFTER_FAILED_PUSHES, mend=mend_accounts),
    Scenario("bad-token", must={"OktaCredentialsInvalid"}, severity={"OktaCredentialsInvalid": "critical"},
             spoil=spoil_token, mend=mend_token),
    Scenario("servicenow-down", must={"ServiceNowDown"}, severity={"ServiceNowDown": "critical"},
             spoil=lambda world: world.do({"do": "hibernate", "on": True}),
             goes_on=lambda world: fail_pushes(world, reason="remote_error"), goes_on_after=15, may=AFTER_FAILED_PUSHES,
             mend=lambda world: world.do({"do": "hibernate", "on": False})),
    Scenario("okta-down", must={"OktaDown"}, spoil=lambda world: world.do({"do": "unavailable", "api": "okta", "on": True}),
             mend=lambda world: world.do({"do": "unavailable", "api": "okta", "on": False})),
    Scenario("failing-pushes", must={"ProvisioningFailing", "CreateFailing"}, may={"ProvisioningDegraded"} | AFTER_FAILED_PUSHES,
             severity={"ProvisioningFailing": "critical"},
             goes_on=lambda world: world.do({"do": "push", "count": 3, "operation": "create", "reason": "duplicate"})),
    Scenario("acl-denials", must={"AclDenialsRising"}, may=FAILING_PUSHES | AFTER_FAILED_PUSHES, goes_on=refused),
    Scenario("drift", must={"DriftPresent", "WrongUserLinked"}, may={"DriftGrowing", "DriftOld", "LeaversWithAccess"},
             severity={"WrongUserLinked": "critical", "DriftPresent": "warning"}, spoil=drift, mend=unassign_drifted),
    # Windows that are as short as the rest: after a 429 the exporter waits for the next one. Where that takes longer than
    # what lies between two samples, it waits most of the time.
    Scenario("odds", start=["--rate-window=1"], must={"UsersLockedOut", "FeatureSwitchedOff", "QuotaSpent", "GroupPushFailing"},
             may={"SampleStale", "SystemLogBehind", "ThrottledTooLong", "ComparisonIncomplete"}, spoil=odds,
             goes_on=spend_quota, goes_on_after=60, mend=mend_odds),
    # Some of every kind of drift and of every text, for the panels.
    Scenario("mixed", start=["--scenario", "mixed"], tier="other", must={"DriftPresent", "WrongUserLinked"},
             may=FAILING_PUSHES | AFTER_FAILED_PUSHES | {
                 "DriftOld", "DriftGrowing", "LeaversWithAccess", "LinksUnverified", "UsersLockedOut", "MassDrift", "HiddenRecords", "AclLockout"},
             severity={"WrongUserLinked": "warning"}, goes_on=ambiguous, mend=unassign_drifted),
]

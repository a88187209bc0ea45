"""People and machines that log in: ssh sessions with their sudo commands, from "Accepted" to "Removed session"."""

from __future__ import annotations

from dataclasses import dataclass

from export.simulate.host import USER_IDS
from export.simulate.stage import Stage
from export.simulate.table import steps

_WRONG_PASSWORD = steps(r"""
sshd+ | pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={source}  user={user}
sshd+ 2.0 | Failed password for {user} from {source} port {port} ssh2
""")
_ABANDONED = steps("sshd+ 3.0 | Connection closed by authenticating user {user} {source} port {port} [preauth]")

_BY_KEY = steps("sshd+ | Accepted publickey for {user} from {source} port {port} ssh2: ED25519 SHA256:{fingerprint}")
_BY_PASSWORD = steps("sshd+ 3.0 | Accepted password for {user} from {source} port {port} ssh2")
_OPENED = steps(r"""
sshd+ | pam_unix(sshd:session): session opened for user {user}(uid={uid}) by (uid=0)
systemd-logind | New session {session} of user {user}.
""")
_USER_MANAGER = steps(r"""
systemd | Created slice user-{uid}.slice - User Slice of UID {uid}.
systemd | Starting user-runtime-dir@{uid}.service - User Runtime Directory /run/user/{uid}...
systemd | Finished user-runtime-dir@{uid}.service - User Runtime Directory /run/user/{uid}.
systemd | Starting user@{uid}.service - User Manager for UID {uid}...
systemd+ | pam_unix(systemd-user:session): session opened for user {user}(uid={uid}) by (uid=0)
systemd 0.3 | Started user@{uid}.service - User Manager for UID {uid}.
""")
_SCOPE = steps("systemd | Started session-{session}.scope - Session {session} of User {user}.")

_SUDO = steps(r"""
sudo- | {sudo_user} : TTY=pts/{tty} ; PWD={home} ; USER=root ; COMMAND={command}
sudo- 0.02 | pam_unix(sudo:session): session opened for user root(uid=0) by {user}(uid={uid})
sudo- 1.5 | pam_unix(sudo:session): session closed for user root
""")
_SUDO_TYPO = steps(r"""
sudo- | pam_unix(sudo:auth): authentication failure; logname={user} uid={uid} euid=0 tty=/dev/pts/{tty} \
    ruser={user} rhost=  user={user}
""")

_DISCONNECTED = steps(r"""
sshd+ | Received disconnect from {source} port {port}:11: disconnected by user
sshd+ 0.02 | Disconnected from user {user} {source} port {port}
""")
_CLOSED = steps(r"""
sshd+ 0.02 | pam_unix(sshd:session): session closed for user {user}
systemd | session-{session}.scope: Deactivated successfully.
systemd-logind | Session {session} logged out. Waiting for processes to exit.
systemd-logind | Removed session {session}.
""")
_MANAGER_STOPPED = steps(r"""
systemd 10 | Stopping user@{uid}.service - User Manager for UID {uid}...
systemd | user@{uid}.service: Deactivated successfully.
systemd | Stopped user@{uid}.service - User Manager for UID {uid}.
systemd | Removed slice user-{uid}.slice - User Slice of UID {uid}.
""")
_CLOSING_TIME = 2.0  # seconds kept free before a halt, so that every session closes


@dataclass(frozen=True)
class _Habit:
    """How one user works: rhythm, mean length in seconds, mean number of sudo commands, and the log-in's traits."""

    user: str
    weight: float
    rhythm: str
    seconds: float
    commands: float
    password: bool
    source: str
    vocabulary: str = "sudo_commands"


_HABITS = (
    _Habit("admin", 4.0, "office", 1500.0, 3.0, False, "{lan}"),
    _Habit("operator", 3.0, "office", 2400.0, 1.0, True, "{lan}"),
    _Habit("deploy", 2.0, "office", 90.0, 1.5, False, "{vpn}", "deploy_commands"),
    _Habit("svc-backup", 1.5, "flat", 40.0, 0.0, False, "{monitor}"),
)


class Sessions:
    """Plays sessions and numbers them in the order in which they begin, anew after each boot."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._numbers = {0: stage.rng.randint(40, 400)}  # per boot, the last session's

    def play_all(self, lines: int) -> None:
        """About as many lines of sessions as asked."""
        stage = self._stage
        begun = len(stage.entries)
        per_session = 17
        moments = []
        for _ in range(max(1, lines // per_session)):
            habit = stage.rng.choices(_HABITS, weights=[habit.weight for habit in _HABITS])[0]
            moments.append((stage.period.sample(stage.rng, habit.rhythm), habit))
        for when, habit in sorted(moments, key=lambda moment: moment[0]):
            if len(stage.entries) - begun > lines * 1.2:
                continue
            if stage.period.limit(when) - when > 30.0:
                self._play(habit, when)

    def _play(self, habit: _Habit, when: float) -> None:
        stage, rng = self._stage, self._stage.rng
        user, uid = habit.user, str(USER_IDS[habit.user])
        boot = stage.period.boot_index(when)
        number = self._numbers.get(boot, 0) + 1
        self._numbers[boot] = number
        bound = stage.filler.bind({"source": habit.source, "port": "{port}", "tty": "{int:0:3}"}, when, {})
        bound |= {"user": user, "uid": uid, "session": str(number), "fingerprint": stage.host.keys[user]}
        bound |= {"sudo_user": f"{user:>8}", "home": f"/home/{user}", "pid sshd": str(stage.host.fresh_pid(when))}
        if habit.password and rng.random() < 0.15:
            when = stage.play_steps(_WRONG_PASSWORD, when, bound)
            if rng.random() < 0.2:
                stage.play_steps(_ABANDONED, when + 1.0, bound)
                return
        when = stage.play_steps(_BY_PASSWORD if habit.password else _BY_KEY, when, bound)
        manager = habit.seconds > 1000.0 and rng.random() < 0.35
        opening = (*_OPENED, *_USER_MANAGER, *_SCOPE) if manager else (*_OPENED, *_SCOPE)
        when = stage.play_steps(opening, when + 0.02, bound)
        end = min(when + 2.0 + rng.expovariate(1.0 / habit.seconds), stage.period.limit(when) - _CLOSING_TIME)
        self._work(habit, when, end, bound)
        when = stage.play_steps(_DISCONNECTED, max(when, end), bound)
        stage.play_steps((*_CLOSED, *_MANAGER_STOPPED) if manager else _CLOSED, when + 0.01, bound)

    def _work(self, habit: _Habit, begin: float, end: float, bound: dict[str, str]) -> None:
        stage, rng = self._stage, self._stage.rng
        moments = sorted(
            rng.uniform(begin, end) for _ in range(round(rng.expovariate(1.0 / max(habit.commands, 0.01))))
        )
        for when in moments:
            if rng.random() < 0.04:
                stage.play_steps(_SUDO_TYPO, when, bound, limit=end)
            chosen = stage.filler.fill(f"{{of:{habit.vocabulary}}}", when, {})
            stage.play_steps(_SUDO, when, {**bound, "command": chosen}, limit=end)

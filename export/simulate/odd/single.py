"""Odd lines that come alone: a foreign program, a foreign host's message, a known program saying what it never says."""

from __future__ import annotations

from export.simulate.model import Incident, Script
from export.simulate.table import steps

_TABLE = r"""
sudo- |    admin : TTY=pts/0 ; PWD=/home/admin ; USER=root ; COMMAND=/usr/sbin/adduser {of:new_users}
sudo- | operator : TTY=pts/1 ; PWD=/tmp ; USER=root ; COMMAND=/usr/bin/nc -lvnp 4444 -e /bin/sh
sudo- |   deploy : TTY=pts/2 ; PWD=/tmp ; USER=root ; COMMAND=/usr/bin/python3 -c import pty;pty.spawn("/bin/bash")
groupadd+ | new group: name={of:new_users}, GID={int:1003:1019}
passwd+ | pam_unix(passwd:chauthtok): password changed for {any:root|admin|operator}
su+ | (to root) operator on pts/{int:0:3}
login+ | ROOT LOGIN ON tty{int:1:3}
sshd+ | Accepted password for {any:deploy|svc-metrics|svc-backup} from {foreign6} port {port} ssh2
sshd+ | error: Could not load host key: /etc/ssh/ssh_host_ed25519_key
sshd+ | Authentication refused: bad ownership or modes for directory /home/{any:admin|deploy}/.ssh
kernel | {any:telemetry-api|nginx|smartd}[{int:2000:60000}]: segfault at {hex:2} ip 00007f{hex:10} sp 00007ffc{hex:8} \
    error 4 in \
    libcrypto.so.3[7f{hex:10}+278000]
kernel | rcu: INFO: rcu_preempt self-detected stall on CPU { {int:0:3}-....: ({int:5250:90000} ticks this GP) }
kernel | traps: historian[{int:2000:60000}] trap invalid opcode ip:{hex:12} sp:7ffc{hex:8} error:0
kernel | EDAC MC0: 1 UE memory read error on CPU_SrcID#0_MC#0_Chan#0_DIMM#0 (channel:0 slot:0 page:0x{hex:6} offset:0x0)
kernel | watchdog: BUG: soft lockup - CPU#{int:0:3} stuck for {int:22:47}s! [kworker/{int:0:3}:1:{int:100:9000}]
kernel | module verification failed: signature and/or required key missing - tainting kernel
kernel | rootkit_helper: loading out-of-tree module taints kernel.
kernel | ACPI Error: No handler or method for GPE 6F, disabling event (20220331/evgpe-839)
kernel | sd 0:0:0:0: [sda] Unaligned partial completion (resid={int:100:4000}, sector_sz=512)
systemd | systemd-journald.service: Watchdog timeout (limit 3min)!
systemd | Caught <SEGV>, dumped core as pid {int:2000:60000}.
systemd | auditd.service: Main process exited, code=killed, status=11/SEGV
smartd | Device: /dev/sda [SAT], Temperature {int:79:95} Celsius reached critical limit of 70 Celsius (Min/Max 31/95)
chronyd | Could not step system clock
NetworkManager | <error> [{epoch}] platform-linux: do-add-ip-address: failure 17 (File exists - duplicate address \
    detected on eth0)
ModemManager | <error> [modem0] SIM is PUK locked after {int:3:10} wrong PIN attempts
mosquitto | {epoch_s}: Client unknown-{hex:6} disconnected, not authorised.
sensor-collector | ERROR sensors.toml: checksum mismatch, expected {hex:16} found {hex:16}
sensor-collector | CRITICAL {of:sensors}: emergency stop received from unit {int:1:31}
telemetry-api | level=error msg="token signature invalid" user=admin' OR '1'='1 remote={foreign}
historian | FATAL corrupted block at offset {int:1000000:99999999}: checksum {hex:8} != {hex:8}
dockerd | time="{iso}" level=error msg="Error setting up exec command in container historian: operation not permitted"
xinetd+ | START: telnet pid={int:2000:60000} from={foreign}
tftpd+ | tftpd: trying to get file: ../../../../etc/passwd
perl+ | reverse shell connected to {foreign}:{int:1024:9999}
mysqld+ | [ERROR] InnoDB: Database page corruption on disk or a failed file read of page [page id: space={int:1:90}]
"""

INCIDENTS = tuple(Incident("odd-line", (Script((step,)),)) for step in steps(_TABLE))

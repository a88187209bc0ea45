"""Incidents of the services: crash loops, certificates, full disks, containers that should not be there."""

from __future__ import annotations

from export.simulate.model import Incident, Script
from export.simulate.table import steps

_CRASH = Script(
    steps(r"""
sensor-collector+ | CRITICAL unhandled exception, leaving
sensor-collector+ 0.01 | Traceback (most recent call last):
sensor-collector+ 0.01 |   File "/usr/lib/sensor-collector/main.py", line {int:80:260}, in run
sensor-collector+ 0.01 |     self.bus.poll(unit, timeout=self.config.timeout)
sensor-collector+ 0.01 |   File "/usr/lib/sensor-collector/modbus.py", line {int:20:190}, in poll
sensor-collector+ 0.01 |     return struct.unpack(">HH", frame[3:7])
sensor-collector+ 0.01 | struct.error: unpack requires a buffer of 4 bytes
systemd 0.1 | sensor-collector.service: Main process exited, code=exited, status=1/FAILURE
systemd 0.01 | sensor-collector.service: Failed with result 'exit-code'.
systemd 2 | sensor-collector.service: Scheduled restart job, restart counter is at {n}.
systemd 0.05 ordinary | Started sensor-collector.service - Field sensor collector.
"""),
    times=(2, 3),
)
_GIVEN_UP = Script(
    steps(r"""
systemd | sensor-collector.service: Start request repeated too quickly.
systemd 0.01 | sensor-collector.service: Failed with result 'start-limit-hit'.
systemd 0.01 | Failed to start sensor-collector.service - Field sensor collector.
""")
)
_PANIC = Script(
    steps(r"""
telemetry-api+ | panic: runtime error: invalid memory address or nil pointer dereference
telemetry-api+ 0.01 | [signal SIGSEGV: segmentation violation code=0x1 addr=0x{hex:2} pc=0x{hex:6}]
telemetry-api+ 0.01 | goroutine {int:20:9000} [running]:
telemetry-api+ 0.01 | main.(*Server).handleExport(0xc000{hex:6}, 0xc000{hex:6})
telemetry-api+ 0.01 | 	/srv/build/server/export.go:{int:40:300} +0x{hex:3}
systemd 0.1 | telemetry-api.service: Main process exited, code=exited, status=2/INVALIDARGUMENT
systemd 0.01 | telemetry-api.service: Failed with result 'exit-code'.
"""),
    times=(1, 2),
    pause=6.0,
)
_CERTIFICATE = Script(
    steps(r"""
openvpn | VERIFY ERROR: depth=0, error=certificate has expired: CN=site-hub, serial={int:100000:999999}
openvpn 0.02 | OpenSSL: error:0A000086:SSL routines::certificate verify failed
openvpn 0.02 | TLS_ERROR: BIO read tls_read_plaintext error
openvpn 0.02 | TLS Error: TLS handshake failed
telemetry-api 9 ?0.7 | level=error msg="upload failed" err="x509: certificate signed by unknown authority" \
    host=hub.example.net
mosquitto 5 ?0.7 | {epoch_s}: OpenSSL Error[0]: error:0A000418:SSL routines::tlsv1 alert unknown ca
nginx 5 ?0.7 | {stamp} [crit] 31#31: *{int:100:90000} SSL_do_handshake() failed (SSL: error:0A00006C:SSL \
    routines::bad key \
    share) while SSL handshaking, client: {foreign}, server: gateway-7
"""),
    times=(1, 2),
    pause=60.0,
)
_DISK_FULL = Script(
    steps(r"""
historian | ERROR cannot append to wal: No space left on device (os error 28)
rsyslogd- 0.5 | action 'action-1-builtin:omfile' (module 'builtin:omfile') message lost, could not be processed: \
    No space left on device [v8.2302.0]
rsyslogd- 0.1 | file '/var/log/syslog'[{int:6:14}] write error - see https://www.example.net/e/2027: No space left on \
    device
systemd-journald 0.5 | Failed to open runtime journal: No space left on device
sensor-collector 1 | ERROR buffer: write /var/lib/sensor-collector/spool/{int:1000:9999}.seg: No space left on device
postfix/qmgr 3 ?0.6 | fatal: write queue file: No space left on device
dockerd 3 ?0.6 | time="{iso}" level=error msg="Error writing log message" driver=json-file \
    error="write /var/lib/docker/containers/{container}.log: no space left on device"
""")
)
_MINER = Script(
    steps(r"""
dockerd | time="{iso}" level=warning msg="Requested image pull from unknown registry \
    registry.{any:cdn|pkg}.example.com/{hex:6}/alpine-init"
dockerd 6 | time="{iso}" level=error msg="Handler for POST /v1.43/containers/create returned error: privileged mode is \
    incompatible with user namespaces"
kernel 3 | docker0: port 9(veth{hex:7}) entered blocking state
systemd 0.3 | Started docker-{hex:64}.scope - /tmp/.cache/xmr --donate-level 1 -o {foreign}:3333.
kernel 5 | audit: type=1400 audit({epoch}:{int:900:999}): apparmor="DENIED" operation="mount" profile="docker-default" \
    name="/host/" pid={int:2000:60000} comm="xmr" srcname="/dev/sda2" flags="rw, bind"
kernel 20 | xmr[{int:2000:60000}]: segfault at {hex:8} ip 00007f{hex:10} sp 00007f{hex:10} error 4 in \
    libc.so.6[7f{hex:10}+155000]
""")
)
_ROGUE_NETWORK = Script(
    steps(r"""
dnsmasq-dhcp | not using configured address {field} because it is leased to 00:00:5e:00:53:{hex:2}
kernel 3 | IPv4: martian source {lan_router} from {foreign}, on dev eth1
kernel 0.1 | eth1: received packet with own address as source address (addr:00:00:5e:00:53:{hex:2}, vlan:0)
kernel 4 | device eth1 entered promiscuous mode
kernel 6 | nf_conntrack: nf_conntrack: table full, dropping packet
systemd-resolved 9 | DNSSEC validation failed for question hub.example.net IN A: signature-expired
""")
)

INCIDENTS = (
    Incident("crash-loop", (_CRASH, _GIVEN_UP)),
    Incident("service-panic", (_PANIC,)),
    Incident("certificate-error", (_CERTIFICATE,)),
    Incident("disk-full", (_DISK_FULL,)),
    Incident("foreign-container", (_MINER,)),
    Incident("rogue-network", (_ROGUE_NETWORK,)),
)

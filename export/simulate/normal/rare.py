"""Lines that are seldom and nevertheless normal: each comes a few times in a period, at any time of it."""

from __future__ import annotations

from export.simulate.model import Script
from export.simulate.table import steps

_TABLE = r"""
chronyd | Can't synchronise: no selectable sources
chronyd | Detected falseticker {ntp} (ntp{int:1:4}.example.net)
chronyd | Source {ntp} offline
kernel | perf: interrupt took too long ({int:2501:4900} > {int:2500:4890}), lowering \
    kernel.perf_event_max_sample_rate to {int:40:79}750
kernel | TCP: request_sock_TCP: Possible SYN flooding on port 443. Sending cookies.  Check SNMP counters.
kernel | EXT4-fs (sda1): mounted filesystem with ordered data mode. Quota mode: none.
kernel | hrtimer: interrupt took {int:20000:90000} ns
kernel | net_ratelimit: {int:2:60} callbacks suppressed
kernel | workqueue: blk_mq_run_work_fn hogged CPU for >10000us {any:4|8|16} times, consider switching to WQ_UNBOUND
kernel | qmi_wwan 1-3:1.8 wwan0: NETDEV WATCHDOG: transmit queue {int:0:1} restarted
systemd | Reloading.
systemd | Reloading nginx.service - A high performance web server and a reverse proxy server...
systemd | systemd-journald.service: Sent signal SIGUSR2 to main process {int:200:400} (systemd-journal) on client \
    request.
systemd | Started dbus.service - D-Bus System Message Bus.
systemd-journald | Suppressed {int:12:900} messages from sensor-collector.service
systemd-logind | Watching system buttons on /dev/input/event{int:1:5} (Video Bus)
NetworkManager | <info>  [{epoch}] manager: NetworkManager state is now CONNECTED_SITE
NetworkManager | <info>  [{epoch}] manager: NetworkManager state is now CONNECTED_GLOBAL
NetworkManager | <warn>  [{epoch}] dhcp4 (wwan0): request timed out
ModemManager | <warn>  [modem0] couldn't refresh signal quality: 'Timeout was reached'
ModemManager | <info>  [modem0] access technology changed (lte -> umts)
dnsmasq | reading /etc/resolv.conf
dnsmasq | Maximum number of concurrent DNS queries reached (max: 150)
dnsmasq-dhcp | DHCPRELEASE(eth1) {field} {mac}
mosquitto | {epoch_s}: Socket error on client {of:clients}, disconnecting.
mosquitto | {epoch_s}: Client {of:clients} already connected, closing old connection.
smartd | Device: /dev/sda [SAT], SMART Usage Attribute: 9 Power_On_Hours changed from {int:60:62} to {int:60:62}
smartd | Device: /dev/sda [SAT], previous self-test completed without error
snmpd | Received SNMP packet(s) from UDP: [{monitor}]:{port}->[{lan_router}]:161
openvpn | AEAD Decrypt error: bad packet ID (may be a replay): [ #{int:1000:99999} ]
sensor-collector | WARNING clock of unit {int:1:31} is {int:3:30} s behind, corrected
sensor-collector | INFO configuration reread, {int:1:3} sensors changed
sensor-collector | WARNING mqtt: broker slow, queue {int:1024:3000}/4096
telemetry-api | level=warn msg="client closed connection" path=/api/v1/export bytes={int:1000:900000}
telemetry-api | level=info msg="cache warmed" entries={int:800:1900} took_ms={int:200:900}
historian | WARNING write stalled for {float:1.0:6.0:1}s, level 0 has {int:8:14} segments
nginx | {stamp} [error] 31#31: *{int:100:90000} upstream timed out (110: Connection timed out) while reading \
    response header from upstream, client: {lan}, server: gateway-7, request: "GET /api/v1/readings/export HTTP/1.1"
sshd+ | Connection closed by {lan} port {port} [preauth]
sshd+ | Connection reset by {monitor} port {port} [preauth]
sshd+ | error: kex_exchange_identification: Connection closed by remote host
dockerd | time="{iso}" level=info msg="Container failed to exit within 10s of signal 15 - using the force" \
    container={container}
dbus-daemon | [system] Successfully activated service 'org.freedesktop.hostname1'
dbus-daemon | [system] Activating via systemd: service name='org.freedesktop.hostname1' \
    unit='dbus-org.freedesktop.hostname1.service' \
    requested by ':1.{int:20:400}' (uid=0 pid={int:800:9000} comm="hostnamectl")
rsyslogd- | [origin software="rsyslogd" swVersion="8.2302.0" x-pid="{int:380:900}"] rsyslogd was HUPed
cron | (*system*sysstat) RELOAD (/etc/cron.d/sysstat)
polkitd | Registered Authentication Agent for unix-process:{int:2000:60000}:{int:100000:9000000} (system bus name \
    :1.{int:20:400})
"""

SCRIPTS = tuple(
    Script((step,), weight=1.0 / rank, rhythm="office" if rank % 3 == 0 else "flat")
    for rank, step in enumerate(steps(_TABLE), start=3)
)

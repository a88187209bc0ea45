"""Everyday lines of the services: sensor collector, web server and its application, containers, disk monitor, mail."""

from __future__ import annotations

from export.simulate.model import Script
from export.simulate.table import steps

SCRIPTS = (
    Script(
        steps(r"""
sensor-collector | INFO poll cycle complete: {pick:24|23|22} sensors, {pick:0|1|2} failed, {grow:380:430} ms
"""),
        weight=16.0,
        upgraded=steps(
            "sensor-collector | INFO poll done sensors={pick:24|23|22} failed={pick:0|1|2} elapsed_ms={grow:290:340}"
        ),
    ),
    Script(
        steps(
            "sensor-collector | INFO mqtt: published {int:12:96} readings to {of:topics} "
            "({float:1.5:22.0:1} kB) in {int:9:140} ms"
        ),
        weight=9.0,
    ),
    Script(
        steps(r"""
sensor-collector | WARNING modbus: {sensor}: no answer from unit {unit} within 500 ms, retry 1 of 3
sensor-collector 0.6 ?0.3 | WARNING modbus: {sensor}: no answer from unit {unit} within 500 ms, retry 2 of 3
sensor-collector 0.6 ?0.9 | INFO modbus: {sensor}: unit {unit} answers again after {float:0.5:2.0:1} s
"""),
        weight=2.5,
        bind={"sensor": "{of:sensors}", "unit": "{int:1:31}"},
    ),
    Script(
        steps(r"""
sensor-collector | INFO buffer: flushed {int:200:9000} readings to \
    /var/lib/sensor-collector/spool/{int:1000:9999}.seg
"""),
        weight=2.0,
    ),
    Script(
        steps(
            "sensor-collector | WARNING {of:sensors}: value {float:61:88:1} °C above soft limit {any:60|65|70}.0 °C "
            "for {int:30:600} s"
        ),
        weight=1.2,
        rhythm="office",
    ),
    Script(
        steps("sensor-collector | DEBUG watchdog: heartbeat {hex:4}, queue {int:0:60}/4096"),
        weight=0.8,
        upgraded=steps("sensor-collector | INFO watchdog: heartbeat ok, queue {int:0:60}/4096, rss {grow:81:96} MB"),
    ),
    Script(
        steps(
            'nginx- | {client} - {pick:-|admin|operator} [{clf}] "{of:requests} HTTP/{pick:1.1|2.0}" '
            '{pick:200|200|304|201|204|404} {int:80:48000} "-" "{of:agents}"'
        ),
        weight=14.0,
        rhythm="office",
        bind={"client": "{lan}"},
    ),
    Script(
        steps('nginx- | {monitor} - - [{clf}] "GET /healthz HTTP/1.1" 200 {pick:2|15} "-" "health-probe/1.4"'),
        weight=6.0,
    ),
    Script(
        steps(
            "nginx | {stamp} [warn] 31#31: *{int:100:90000} an upstream response is buffered to a temporary "
            "file /var/cache/nginx/proxy_temp/{int:1:9}/{int:10:99}/{int:1000000:9999999} while reading upstream, "
            "client: {lan}"
        ),
        weight=0.6,
        rhythm="office",
    ),
    Script(
        steps(
            'telemetry-api | level=info msg="request served" method={pick:GET|POST|PUT} path=/api/v1/{pick:readings|'
            "sensors|alarms|export} status={pick:200|201|404|304} duration_ms={int:2:180} request_id={hex:16}"
        ),
        weight=10.0,
        rhythm="office",
        upgraded=steps(
            'telemetry-api | level=info msg="request served" method={pick:GET|POST|PUT} route=/api/v1/{pick:readings|'
            "sensors|alarms|export} status={pick:200|201|404|304} took={float:1:180:1}ms trace={hex:32}"
        ),
    ),
    Script(
        steps(r"""
telemetry-api | level=warn msg="slow query" table={pick:readings|alarms|sensors} duration_ms={int:500:4200}
"""),
        weight=1.2,
        rhythm="office",
    ),
    Script(
        steps('telemetry-api | level=info msg="session expired" user={pick:operator|admin} idle_s={int:1800:2100}'),
        weight=0.9,
        rhythm="office",
    ),
    Script(
        steps(
            'telemetry-api | level=info msg="retention: removed old rows" rows={int:1000:90000} took_ms={int:90:2600}'
        ),
        weight=0.7,
    ),
    Script(
        steps(r"""
smartd | Device: /dev/sda [SAT], SMART Usage Attribute: 194 Temperature_Celsius changed from {int:60:68} to {int:60:68}
"""),
        weight=1.6,
    ),
    Script(
        steps(r"""
dockerd 0.1 | time="{iso}" level=info msg="ignoring event" container={id} module=libcontainerd namespace=moby \
    topic=/tasks/delete type="*events.TaskDelete"
containerd 0.02 | time="{iso}" level=info msg="shim disconnected" id={id} namespace=moby
containerd 0.02 | time="{iso}" level=warning msg="cleaning up after shim disconnected" id={id} namespace=moby
containerd 0.01 | time="{iso}" level=info msg="cleaning up dead shim" namespace=moby
kernel 0.1 | docker0: port {n}({veth}) entered disabled state
kernel 0.01 | device {veth} left promiscuous mode
systemd 0.1 | var-lib-docker-overlay2-{hex:64}-merged.mount: Deactivated successfully.
"""),
        weight=0.8,
        bind={"id": "{hex:64}", "veth": "veth{hex:7}", "n": "{int:2:6}"},
    ),
    Script(
        steps(r"""
kernel | docker0: port {n}({veth}) entered blocking state
kernel 0.01 | docker0: port {n}({veth}) entered disabled state
kernel 0.01 | device {veth} entered promiscuous mode
containerd 0.2 | time="{iso}" level=info msg="loading plugin \"io.containerd.event.v1.publisher\"..." \
    runtime=io.containerd.runc.v2 type=io.containerd.event.v1
systemd 0.1 | Started docker-{hex:64}.scope - libcontainer container {hex:64}.
kernel 0.1 | eth0: renamed from veth{hex:7}
kernel 0.01 | docker0: port {n}({veth}) entered forwarding state
"""),
        weight=0.8,
        bind={"veth": "veth{hex:7}", "n": "{int:2:6}"},
    ),
    Script(
        steps(
            'dockerd | time="{iso}" level=warning msg="Health check for container {container} error: context deadline '
            'exceeded: timed out starting health check"'
        ),
        weight=0.4,
    ),
    Script(
        steps(
            "historian | compaction level={int:0:3} segments={int:2:9} in={int:20:400}MB out={int:10:300}MB "
            "elapsed={float:0.4:19:2}s"
        ),
        weight=2.5,
    ),
    Script(steps("historian | checkpoint {int:10000:99999} written, wal={grow:12:80}MB"), weight=3.0),
    Script(
        steps(r"""
postfix/pickup 0.1 | {id}: uid={pick:0|997} from=<{pick:root|svc-metrics}>
postfix/cleanup+ 0.05 | {id}: message-id=<{hex:14}.{id}@gateway-7.example.net>
postfix/qmgr 0.05 | {id}: from=<root@gateway-7.example.net>, size={int:400:3900}, nrcpt=1 (queue active)
postfix/local+ 0.1 | {id}: to=<admin@gateway-7.example.net>, orig_to=<root>, relay=local, \
    delay={float:0.02:0.4:2}, delays=0.0{int:1:9}/0.01/0/0.0{int:1:9}, dsn=2.0.0, status=sent (delivered to mailbox)
postfix/qmgr 0.02 | {id}: removed
"""),
        weight=0.7,
        bind={"id": "{hex:10}"},
    ),
    Script(
        steps(r"""
systemd | Starting site-backup.service - Copy of the day's readings to the plant server...
rsync+ 20 | sent {int:200000:90000000} bytes  received {int:900:90000} bytes  {float:20000:900000:2} bytes/sec
systemd 0.2 | site-backup.service: Deactivated successfully.
systemd 0.02 | Finished site-backup.service - Copy of the day's readings to the plant server.
"""),
        weight=0.5,
    ),
)

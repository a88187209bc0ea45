"""Shutdown and start of the host: the burst of lines around a restart."""

from __future__ import annotations

from export.simulate.model import Script
from export.simulate.rhythm import Halt
from export.simulate.stage import Stage
from export.simulate.table import steps

_SHUTDOWN = Script(
    steps(r"""
systemd-logind | The system will reboot now!
systemd-logind | System is rebooting.
systemd | Stopped target graphical.target - Graphical Interface.
systemd | Stopped target multi-user.target - Multi-User System.
systemd | Stopped target timers.target - Timer Units.
systemd | Stopping cron.service - Regular background program processing daemon...
systemd | Stopping nginx.service - A high performance web server and a reverse proxy server...
systemd | Stopping sensor-collector.service - Field sensor collector...
sensor-collector | INFO signal 15 received, draining {int:3:60} queued readings
sensor-collector | INFO sensor-collector {version} stopped
dockerd | time="{iso}" level=info msg="Processing signal 'terminated'"
dockerd 0.4 | time="{iso}" level=info msg="Daemon shutdown complete"
chronyd | chronyd exiting
systemd | chrony.service: Deactivated successfully.
systemd | Stopped chrony.service - chrony, an NTP client/server.
ModemManager | <info>  caught signal, shutting down...
NetworkManager | <info>  [{epoch}] caught SIGTERM, shutting down normally.
NetworkManager | <info>  [{epoch}] exiting (success)
mosquitto | {epoch_s}: mosquitto version 2.0.11 terminating
smartd | smartd received signal 15: Terminated
smartd | smartd is exiting (exit status 0)
sshd | Received signal 15; terminating.
systemd | Stopping rsyslog.service - System Logging Service...
rsyslogd- | [origin software="rsyslogd" swVersion="8.2302.0" x-pid="{int:380:900}"] exiting on signal 15.
""")
)

_KERNEL = steps(r"""
kernel 0.02 | Linux version {kernel} (builder@build.example.net) (gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld 2.40) #1 SMP
kernel 0.02 | Command line: BOOT_IMAGE=/boot/vmlinuz-{kernel} root=UUID={disk_uuid} ro quiet
kernel 0.02 | BIOS-provided physical RAM map:
kernel 0.02 | BIOS-e820: [mem 0x0000000000000000-0x000000000009ffff] usable
kernel 0.02 | BIOS-e820: [mem 0x0000000000100000-0x00000000bffdffff] usable
kernel 0.02 | tsc: Detected {float:1991.9:1992.1:3} MHz processor
kernel 0.02 | Memory: {int:3930000:3960000}K/4185720K available (14342K kernel code, 2344K rwdata, 9056K rodata)
kernel 0.02 | smpboot: CPU0: Intel(R) Celeron(R) J6412 @ 2.00GHz (family: 0x6, model: 0x96, stepping: 0x1)
kernel 0.02 | smp: Brought up 1 node, 4 CPUs
kernel 0.02 | PCI: Using configuration type 1 for base access
kernel 0.02 | ACPI: Core revision 20220331
kernel 0.02 | clocksource: Switched to clocksource tsc-early
kernel 0.02 | TCP: Hash tables configured (established 32768 bind 32768)
kernel 0.02 | Freeing unused kernel image (initmem) memory: 2796K
kernel 0.02 | igb 0000:01:00.0: added PHC on eth0
kernel 0.02 | igb 0000:01:00.0 eth0: igb: Intel(R) Gigabit Ethernet Network Connection
kernel 0.02 | igb 0000:02:00.0 eth1: igb: Intel(R) Gigabit Ethernet Network Connection
kernel 0.02 | ahci 0000:00:17.0: AHCI 0001.0301 32 slots 2 ports 6 Gbps 0x3 impl SATA mode
kernel 0.02 | ata1: SATA link up 6.0 Gbps (SStatus 133 SControl 300)
kernel 0.02 | scsi 0:0:0:0: Direct-Access     ATA      INDUSTRIAL SSD    1A02 PQ: 0 ANSI: 5
kernel 0.02 | sd 0:0:0:0: [sda] 250069680 512-byte logical blocks: (128 GB/119 GiB)
kernel 0.02 | sd 0:0:0:0: [sda] Write cache: enabled, read cache: enabled, doesn't support DPO or FUA
kernel 0.02 | sd 0:0:0:0: [sda] Attached SCSI disk
kernel 0.02 | usb 1-3: new high-speed USB device number {int:2:4} using xhci_hcd
kernel 0.02 | usb 1-3: New USB device found, idVendor=1199, idProduct=9091, bcdDevice= 0.06
kernel 0.02 | usb 1-3: Product: LTE Modem
kernel 0.02 | qmi_wwan 1-3:1.8: cdc-wdm0: USB WDM device
kernel 0.02 | qmi_wwan 1-3:1.8 wwan0: register 'qmi_wwan' at usb-0000:00:14.0-3, WWAN/QMI device, 00:00:5e:00:53:fe
kernel 0.02 | EXT4-fs (sda2): mounted filesystem with ordered data mode. Quota mode: none.
kernel 0.02 | systemd[1]: Inserted module 'autofs4'
kernel 0.02 | EXT4-fs (sda2): re-mounted. Quota mode: none.
kernel 0.02 | Adding 999420k swap on /dev/sda3.  Priority:-2 extents:1 across:999420k SSFS
kernel 0.02 | audit: type=1400 audit({epoch}:{int:2:11}): apparmor="STATUS" operation="profile_load" \
    profile="unconfined" name="/usr/sbin/chronyd" pid={int:350:600} comm="apparmor_parser"
kernel 0.02 | audit: type=1400 audit({epoch}:{int:2:11}): apparmor="STATUS" operation="profile_load" \
    profile="unconfined" name="docker-default" pid={int:350:600} comm="apparmor_parser"
kernel 0.02 | IPv6: ADDRCONF(NETDEV_CHANGE): eth0: link becomes ready
kernel 0.02 | igb 0000:01:00.0 eth0: igb: eth0 NIC Link is Up 1000 Mbps Full Duplex, Flow Control: RX/TX
kernel 0.02 | igb 0000:02:00.0 eth1: igb: eth1 NIC Link is Up 100 Mbps Full Duplex, Flow Control: RX/TX
""")

_RECOVERY = steps(r"""
kernel 0.02 | EXT4-fs (sda2): recovery complete
kernel 0.02 | EXT4-fs (sda2): orphan cleanup on readonly fs
systemd-fsck+ | /dev/sda1: Dirty bit is set. Fs was not properly unmounted and some data may be corrupt.
systemd-journald+ | File /var/log/journal/{hex:32}/system.journal corrupted or uncleanly shut down, \
    renaming and replacing.
""")

_USERLAND = steps(r"""
systemd | Reached target local-fs.target - Local File Systems.
systemd | Reached target network-pre.target - Preparation for Network.
systemd | Starting systemd-journal-flush.service - Flush Journal to Persistent Storage...
systemd | Starting apparmor.service - Load AppArmor profiles...
systemd | Finished apparmor.service - Load AppArmor profiles.
systemd | Finished systemd-sysctl.service - Apply Kernel Variables.
systemd | Listening on dbus.socket - D-Bus System Message Bus Socket.
systemd | Listening on docker.socket - Docker Socket for the API.
systemd | Started cron.service - Regular background program processing daemon.
cron | (CRON) INFO (pidfile fd = 3)
cron | (CRON) INFO (Running @reboot jobs)
rsyslogd- | [origin software="rsyslogd" swVersion="8.2302.0" x-pid="{int:380:900}"] start
systemd-logind | New seat seat0.
systemd-logind | Watching system buttons on /dev/input/event0 (Power Button)
NetworkManager | <info>  [{epoch}] NetworkManager (version 1.42.4) is starting... (for the first time)
NetworkManager | <info>  [{epoch}] manager: rfkill: Wi-Fi enabled by radio killswitch; enabled by state file
NetworkManager | <info>  [{epoch}] device (eth0): state change: unavailable -> disconnected \
    (reason 'carrier-changed', sys-iface-state: 'managed')
NetworkManager | <info>  [{epoch}] device (eth0): Activation: successful, device activated.
ModemManager | <info>  ModemManager (version 1.20.4) starting in system bus...
ModemManager 1.0 | <info>  [modem0] state changed (disabled -> enabling)
ModemManager 1.5 | <info>  [modem0] state changed (registered -> connecting)
ModemManager 1.0 | <info>  [modem0] state changed (connecting -> connected)
dhclient 0.5 | DHCPDISCOVER on wwan0 to {wan_router} port 67 interval {int:3:8}
dhclient 0.3 | DHCPOFFER of {wan} from {wan_router}
dhclient | DHCPREQUEST for {wan} on wwan0 to {wan_router} port 67
dhclient | DHCPACK of {wan} from {wan_router}
dhclient | bound to {wan} -- renewal in {int:1400:1790} seconds.
chronyd | chronyd version 4.3 starting (+CMDMON +NTP +REFCLOCK +RTC +PRIVDROP +SCFILTER +SIGND +ASYNCDNS +NTS \
    +SECHASH +IPV6 -DEBUG)
chronyd | Frequency {float:-12.5:-11.5:3} +/- {float:0.01:0.2:3} ppm read from /var/lib/chrony/chrony.drift
chronyd | Using right/UTC timezone to obtain leap second data
sshd | Server listening on {lan_router} port 22.
mosquitto | {epoch_s}: mosquitto version 2.0.11 starting
mosquitto | {epoch_s}: Opening ipv4 listen socket on port 8883.
smartd | smartd 7.3 2022-02-28 r5338 [x86_64-linux-{kernel}] (local build)
smartd | Device: /dev/sda [SAT], INDUSTRIAL SSD, S/N:{serial}, FW:1A02, 128 GB
smartd | Device: /dev/sda [SAT], is SMART capable. Adding to "monitor" list.
systemd | Started nginx.service - A high performance web server and a reverse proxy server.
systemd | Started sensor-collector.service - Field sensor collector.
sensor-collector 0.5 | INFO sensor-collector {version} starting, 24 sensors in /etc/sensor-collector/sensors.toml
containerd 0.5 | time="{iso}" level=info msg="containerd successfully booted in {float:0.05:0.2:6}s"
dockerd 0.4 | time="{iso}" level=info msg="Loading containers: start."
kernel | docker0: port 1(veth{hex:7}) entered blocking state
kernel | docker0: port 1(veth{hex:7}) entered forwarding state
dockerd 0.9 | time="{iso}" level=info msg="Loading containers: done."
dockerd | time="{iso}" level=info msg="API listen on /run/docker.sock"
systemd | Reached target multi-user.target - Multi-User System.
openvpn 2.0 | Initialization Sequence Completed
systemd | Startup finished in {float:2:4:3}s (kernel) + {float:8:16:3}s (userspace) = {float:12:20:3}s.
chronyd 6.0 | Selected source {ntp} (ntp{int:1:4}.example.net)
""")

_START = Script((*_KERNEL, *_USERLAND))
_START_AFTER_POWER_LOSS = Script((*_KERNEL, *_RECOVERY, *_USERLAND))


def play_restart(stage: Stage, halt: Halt) -> None:
    """The lines of going down (none when the power was lost) and of coming up again."""
    if not halt.power_loss:
        stage.play(_SHUTDOWN, halt.down - 4.0)
    stage.play(_START_AFTER_POWER_LOSS if halt.power_loss else _START, halt.up + 0.4)

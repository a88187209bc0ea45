"""Incidents of the machine: disk, file system, memory, kernel, heat, foreign USB devices, clock."""

from __future__ import annotations

from export.simulate.model import Incident, Script
from export.simulate.table import steps

_DISK_ERROR = Script(
    steps(r"""
kernel | ata1.00: exception Emask 0x0 SAct 0x{hex:4} SErr 0x0 action 0x0
kernel 0.01 | ata1.00: irq_stat 0x40000008
kernel 0.01 | ata1.00: failed command: READ FPDMA QUEUED
kernel 0.01 | ata1.00: cmd 60/08:{hex:2}:{hex:2}:{hex:2}:{hex:2}/00:00:0a:00:00/40 tag {int:0:31} ncq dma 4096 in
kernel 0.01 | ata1.00: status: { DRDY ERR }
kernel 0.01 | ata1.00: error: { UNC }
kernel 0.2 | sd 0:0:0:0: [sda] tag#{int:0:31} FAILED Result: hostbyte=DID_OK driverbyte=DRIVER_OK cmd_age={int:1:9}s
kernel 0.01 | sd 0:0:0:0: [sda] tag#{int:0:31} Sense Key : Medium Error [current]
kernel 0.01 | sd 0:0:0:0: [sda] tag#{int:0:31} Add. Sense: Unrecovered read error - auto reallocate failed
kernel 0.01 | I/O error, dev sda, sector {sector} op 0x0:(READ) flags 0x80700 phys_seg 1 prio class 2
kernel 0.05 ?0.6 | Buffer I/O error on dev sda2, logical block {int:1000000:9999999}, async page read
"""),
    bind={"sector": "{int:10000000:240000000}"},
    times=(1, 2),
    pause=8.0,
)
_SMART = Script(
    steps(r"""
smartd | Device: /dev/sda [SAT], {pending} Currently unreadable (pending) sectors
smartd 0.02 | Device: /dev/sda [SAT], {pending} Offline uncorrectable sectors
smartd 0.02 | Device: /dev/sda [SAT], SMART Prefailure Attribute: 5 Reallocated_Sector_Ct changed from 100 to \
    {int:40:97}
smartd 0.5 | Device: /dev/sda [SAT], FAILED SMART self-check. BACK UP DATA NOW!
"""),
    bind={"pending": "{any:8|16|24}"},
    pause=200.0,
)
_READ_ONLY = Script(
    steps(r"""
kernel | EXT4-fs error (device sda2): ext4_find_entry:1{int:450:690}: inode #{int:100000:999999}: comm \
    {any:historian|nginx|\
    rsyslogd}: reading directory lblock 0
kernel 0.05 | Aborting journal on device sda2-8.
kernel 0.05 | EXT4-fs error (device sda2): ext4_journal_check_start:83: comm {any:historian|dockerd}: Detected \
    aborted journal
kernel 0.01 | EXT4-fs (sda2): Remounting filesystem read-only
historian 0.8 | ERROR cannot append to wal: Read-only file system (os error 30)
sensor-collector 0.5 | ERROR buffer: open /var/lib/sensor-collector/spool/{int:1000:9999}.seg: Read-only file system
systemd-journald 0.5 | Failed to write entry ({int:18:26} items, {int:400:900} bytes), ignoring: Read-only file system
""")
)
_OUT_OF_MEMORY = Script(
    steps(r"""
kernel | {comm} invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=0
kernel 0.01 | CPU: {int:0:3} PID: {victim} Comm: {comm} Not tainted {kernel} #1  Debian
kernel 0.01 | Mem-Info:
kernel 0.01 | active_anon:{int:100:900} inactive_anon:{int:800000:930000} isolated_anon:0
kernel 0.01 | Free swap  = 0kB
kernel 0.01 | oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=\
    /system.slice/{comm}.service,task={comm},pid={victim},uid=997
kernel 0.01 | Out of memory: Killed process {victim} ({comm}) total-vm:{int:4000000:9000000}kB, \
    anon-rss:{int:2500000:3500000}kB, file-rss:0kB, shmem-rss:0kB, UID:997 pgtables:{int:6000:9000}kB oom_score_adj:0
systemd 0.2 | {comm}.service: A process of this unit has been killed by the OOM killer.
systemd 0.02 | {comm}.service: Main process exited, code=killed, status=9/KILL
systemd 0.02 | {comm}.service: Failed with result 'oom-kill'.
kernel 0.3 | oom_reaper: reaped process {victim} ({comm}), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB
"""),
    bind={"comm": "{any:historian|telemetry-api}", "victim": "{int:2000:60000}"},
)
_OOPS = Script(
    steps(r"""
kernel | BUG: unable to handle page fault for address: ffff{hex:12}
kernel 0.01 | #PF: supervisor {any:read|write} access in kernel mode
kernel 0.01 | Oops: 000{any:0|2} [#1] PREEMPT SMP NOPTI
kernel 0.01 | CPU: {int:0:3} PID: {int:200:60000} Comm: {any:kworker/1:2|swapper/0|ModemManager} Tainted: G           \
    O       {kernel}
kernel 0.01 | RIP: 0010:{any:qmi_wwan_rx_fixup|igb_clean_rx_irq|skb_release_data}+0x{hex:2}/0x{hex:3} \
    [{any:qmi_wwan|igb|kernel}]
kernel 0.01 | RSP: 0018:ffff{hex:12} EFLAGS: 00010{hex:3}
kernel 0.01 | Call Trace:
kernel 0.01 |  <IRQ>
kernel 0.01 |  ? __die_body.cold+0x1a/0x1f
kernel 0.01 |  ? page_fault_oops+0xd2/0x2b0
kernel 0.01 |  usbnet_bh+0x{hex:2}/0x{hex:3} [usbnet]
kernel 0.01 |  tasklet_action_common.isra.0+0x{hex:2}/0x{hex:3}
kernel 0.01 | ---[ end trace {hex:16} ]---
""")
)
_HUNG = Script(
    steps(r"""
kernel | INFO: task jbd2/sda2-8:{int:180:320} blocked for more than {any:120|241|362} seconds.
kernel 0.01 |       Not tainted {kernel} #1
kernel 0.01 | "echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.
kernel 0.01 | task:jbd2/sda2-8     state:D stack:    0 pid:  {int:180:320} ppid:     2 flags:0x00004000
""")
)
_HEAT = Script(
    steps(r"""
kernel | mce: CPU{int:0:3}: Core temperature above threshold, cpu clock throttled (total events = {int:1:400})
kernel 0.01 | mce: CPU{int:0:3}: Package temperature above threshold, cpu clock throttled (total events = {int:1:400})
kernel 0.5 | mce: [Hardware Error]: Machine check events logged
kernel 0.01 | mce: [Hardware Error]: CPU {int:0:3}: Machine Check: 0 Bank {int:4:9}: {hex:16}
kernel 2 | thermal thermal_zone0: critical temperature reached ({int:101:108} C), throttling
""")
)
_USB_STICK = Script(
    steps(r"""
kernel | usb 1-4: new high-speed USB device number {int:11:40} using xhci_hcd
kernel 0.2 | usb 1-4: New USB device found, idVendor=0951, idProduct=1666, bcdDevice= 1.10
kernel 0.01 | usb 1-4: New USB device strings: Mfr=1, Product=2, SerialNumber=3
kernel 0.01 | usb 1-4: Product: {any:Flash Disk|USB DISK 3.0|Mass Storage}
kernel 0.01 | usb-storage 1-4:1.0: USB Mass Storage device detected
kernel 0.02 | scsi host2: usb-storage 1-4:1.0
kernel 1 | scsi 2:0:0:0: Direct-Access     Generic  Flash Disk       1100 PQ: 0 ANSI: 6
kernel 0.2 | sd 2:0:0:0: [sdb] {int:15000000:125000000} 512-byte logical blocks
kernel 0.1 | sd 2:0:0:0: [sdb] Attached SCSI removable disk
kernel 9 ?0.5 | FAT-fs (sdb1): Volume was not properly unmounted. Some data may be corrupt. Please run fsck.
""")
)
_USB_KEYBOARD = Script(
    steps(r"""
kernel | usb 1-4: new full-speed USB device number {int:11:40} using xhci_hcd
kernel 0.2 | usb 1-4: New USB device found, idVendor=2341, idProduct=8036, bcdDevice= 1.00
kernel 0.05 | input: HID Keyboard as \
    /devices/pci0000:00/0000:00:14.0/usb1/1-4/1-4:1.2/0003:2341:8036.000{int:1:9}/input/input{int:9:30}
kernel 0.01 | hid-generic 0003:2341:8036.000{int:1:9}: input,hidraw0: USB HID v1.01 Keyboard [HID Keyboard] on \
    usb-0000:00:14.0-4/input2
systemd-logind 0.1 | Watching system buttons on /dev/input/event9 (HID Keyboard)
""")
)
_TIME_JUMP = Script(
    steps(r"""
chronyd | System clock wrong by {offset} seconds
chronyd 0.5 | System clock was stepped by {offset} seconds
systemd 0.05 | Time has been changed
systemd-resolved 0.02 | Clock change detected. Flushing caches.
chronyd 4 | Forward time jump detected!
sensor-collector 2 | ERROR clock went {any:forward|backward} by {offset} s, {int:40:900} readings have doubtful time \
    stamps
"""),
    bind={"offset": "{any:-|}{float:41:7300:6}"},
)

INCIDENTS = (
    Incident("disk-failing", (_DISK_ERROR, _SMART)),
    Incident("read-only-remount", (_READ_ONLY,)),
    Incident("out-of-memory", (_OUT_OF_MEMORY,)),
    Incident("kernel-oops", (_OOPS,)),
    Incident("hung-task", (_HUNG,)),
    Incident("overheating", (_HEAT,)),
    Incident("usb-at-night", (_USB_STICK,), rhythm="night"),
    Incident("usb-keyboard-at-night", (_USB_KEYBOARD,), rhythm="night"),
    Incident("time-jump", (_TIME_JUMP,)),
)

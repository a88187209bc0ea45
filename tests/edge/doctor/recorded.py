"""What real machines have in these files."""

from __future__ import annotations

from typing import Dict, Optional

# Jetson AGX Xavier Industrial, JetPack 5.1.2
XAVIER_RELEASE = (
    "# R35 (release), REVISION: 4.1, GCID: 33958178, BOARD: t186ref, EABI: aarch64, "
    "DATE: Tue Aug  1 19:57:35 UTC 2023\n"
)
# Jetson Orin Nano, JetPack 6.2
ORIN_RELEASE = """\
# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64, DATE: Wed Jan  8 01:49:37 UTC 2025
# KERNEL_VARIANT: oot
TARGET_USERSPACE_LIB_DIR=nvidia
TARGET_USERSPACE_LIB_DIR_PATH=usr/lib/aarch64-linux-gnu/nvidia
"""
# Jetson TX2, JetPack 4.5.1
TX2_RELEASE = (
    "# R32 (release), REVISION: 5.1, GCID: 26202423, BOARD: t186ref, EABI: aarch64, "
    "DATE: Fri Feb 19 16:50:29 UTC 2021\n"
)
# Jetson AGX Xavier: one core of eight
XAVIER_CPU = """\
processor       : 0
model name      : ARMv8 Processor rev 0 (v8l)
BogoMIPS        : 62.50
Features        : fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm dcpop
CPU implementer : 0x4e
CPU architecture: 8
CPU variant     : 0x0
CPU part        : 0x004
CPU revision    : 0
MTS version     : 55637613

"""
# A server of A64FX cores: an Arm part without a name here, and no model name
A64FX_CPU = """\
processor       : 0
BogoMIPS        : 200.00
CPU implementer : 0x46
CPU architecture: 8
CPU variant     : 0x1
CPU part        : 0x001
"""
X86_CPU = """\
processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 25
model\t\t: 17
model name\t: AMD EPYC
stepping\t: 1
"""
MEMINFO = """\
MemTotal:       24684084 kB
MemFree:        21208548 kB
MemAvailable:   23125064 kB
Buffers:          193096 kB
"""
STATUS = "Name:\tpython\nVmPeak:\t  200000 kB\nVmRSS:\t   54321 kB\nThreads:\t3\n"
OS_RELEASE = 'NAME="Ubuntu"\nVERSION="20.04.6 LTS (Focal Fossa)"\nID=ubuntu\nPRETTY_NAME="Ubuntu 20.04.6 LTS"\n'

XAVIER: Dict[str, str] = {
    "/etc/nv_tegra_release": XAVIER_RELEASE,
    "/etc/os-release": OS_RELEASE,
    "/proc/cpuinfo": XAVIER_CPU * 8,
    "/proc/device-tree/model": "Jetson-AGX\0",
    "/proc/meminfo": MEMINFO,
    "/proc/self/status": STATUS,
}


def xavier(path: str) -> Optional[str]:
    return XAVIER.get(path)


def nothing(path: str) -> Optional[str]:
    return None

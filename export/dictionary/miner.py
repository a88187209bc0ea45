"""Mining: from distinct masked texts to templates whose ids stay.

drain3 finds the templates. Source: He, Zhu, Zheng, Lyu: "Drain: An Online Log Parsing Approach with Fixed Depth Tree",
ICWS 2017. Its algorithm is used alone, without its files, masks and settings: the ids are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from edge.dictionary.matcher import Matcher
from edge.dictionary.spec import (
    LONGEST_WORD,
    MAX_DICTIONARY_BYTES,
    MOST_TEMPLATES,
    MOST_WORDS,
    SCHEMA_VERSION,
    WILDCARD,
    Dictionary,
    Template,
)

SIMILARITY = 0.4
"""Share of its words that a text must have in common with a template to make that more general: drain3's own."""
_DEPTH = 4
_CHILDREN = 100
# So that the file stays below its limit even if JSON has to escape every character.
_MOST_CHARACTERS = MAX_DICTIONARY_BYTES // 8
EMPTY = Dictionary(schema_version=SCHEMA_VERSION, templates=[])


def mine(
    counts: Mapping[str, int],
    *,
    start: Dictionary = EMPTY,
    similarity: float = SIMILARITY,
    say: Callable[[str], None] = lambda _: None,
) -> Dictionary:
    """The dictionary of masked texts, which are learnt in their order; `counts` is how often each stands in the log.

    It begins with `start`. What fits a template of it teaches nothing. Templates that the user gave (`known`) stay as
    they are; a mined one may become more general, and then keeps its id. Equal texts in equal order give equal
    dictionaries.
    """
    growing = _Growing(start, similarity)
    fits = Matcher(start.templates, memo=0).match(list(counts))
    for text, number in zip(counts, fits, strict=True):
        if number is None:
            if growing.full:
                say("the log dictionary is full: records that are unlike those before are not in it")
                break
            growing.learn(text)
    return _counted([growing.templates[number] for number in sorted(growing.templates)], counts)


class _Growing:
    """Templates by their ids, and drain3's tree of those that may become more general."""

    def __init__(self, start: Dictionary, similarity: float) -> None:
        from drain3.drain import Drain, LogCluster

        self.templates = {template.id: template for template in start.templates}
        self._forms = {template.text for template in start.templates}
        self._characters = sum(len(form) for one in start.templates for form in (one.text, *one.history))
        self._drain: Any = Drain(depth=_DEPTH, sim_th=similarity, max_children=_CHILDREN, param_str=WILDCARD)
        self._drain.clusters_counter = max(self.templates, default=0)
        for template in start.templates:
            if not template.known:
                cluster = LogCluster(template.text.split(), template.id)
                self._drain.id_to_cluster[template.id] = cluster
                self._drain.add_seq_to_prefix_tree(self._drain.root_node, cluster)

    @property
    def full(self) -> bool:
        """Whether there is no room for another template."""
        return len(self.templates) >= MOST_TEMPLATES or self._characters >= _MOST_CHARACTERS

    def learn(self, text: str) -> None:
        """Find a template for the text, or make one."""
        text = _within_limits(text)
        if text in self._forms:
            # drain3 would not see it: to a template that is mostly wildcards, nothing is similar.
            return
        cluster, _ = self._drain.add_log_message(text)
        number, form = cluster.cluster_id, cluster.get_template()
        before = self.templates.get(number)
        if before is None:
            self.templates[number] = Template(id=number, text=form, count=0, history=[], known=False)
        elif before.text != form:
            self._forms.remove(before.text)
            self.templates[number] = replace(before, text=form, history=[*before.history, before.text])
        else:
            return
        self._forms.add(form)
        self._characters += len(form)


def _within_limits(text: str) -> str:
    """The words of a text that a template may have; one that is too long can only be a wildcard's."""
    words = text.split()[:MOST_WORDS]
    return " ".join(word if len(word) <= LONGEST_WORD else WILDCARD for word in words)


def _counted(templates: list[Template], counts: Mapping[str, int]) -> Dictionary:
    """The dictionary, with how many of these texts each template is found for."""
    found: dict[int | None, int] = {}
    for number, count in zip(Matcher(templates, memo=0).match(list(counts)), counts.values(), strict=True):
        found[number] = found.get(number, 0) + count
    return Dictionary(
        schema_version=SCHEMA_VERSION,
        templates=[replace(template, count=found.get(template.id, 0)) for template in templates],
    )

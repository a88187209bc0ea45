"""The report as one HTML page that needs no network: pictures inline, a few lines of style, no script.

Whatever comes from a log is text: control characters are shown as their escapes, and nothing of it is markup.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape

from edge.errors import escape_control
from export.evaluate import plots, terminal
from export.evaluate.report import Report
from export.evaluate.tradeoff import TradeOff
from export.evaluate.worst import WorstError

# Nothing is loaded from anywhere, whatever a log put into the page.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1c1e21; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
table { border-collapse: collapse; font-size: .88rem; }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid #dfe2e6; vertical-align: top; }
th:first-child, td:first-child { text-align: left; }
td.text { text-align: left; font-family: ui-monospace, monospace; white-space: pre-wrap; word-break: break-all; }
tr.own { background: #eef4ff; font-weight: 600; }
p.conclusion { border-left: 4px solid #3366cc; padding: .3rem .8rem; background: #f4f7fd; }
img { max-width: 100%; } .wide { overflow-x: auto; } .quiet { color: #596066; }
"""
_CAPTIONS = (
    (plots.CONFUSION_NAME, "Confusion matrix, at the detector's own threshold"),
    (plots.PRECISION_RECALL_NAME, "Precision and recall; points are the thresholds in use"),
    (plots.ROC_NAME, "ROC, false-positive rate logarithmic; points are the thresholds in use"),
    (plots.SCORES_NAME, "Scores of normal and anomalous records, and the threshold"),
    (plots.TRAINING_NAME, "Training"),
)


def page(report: Report, drawn: Mapping[str, bytes]) -> str:
    """The HTML; `drawn` are the pictures as PNG files, by their names."""
    parts = [
        f"<h1>Evaluation of {_text(report.rows[0].name)}</h1>",
        f'<p class="quiet">{_text(report.created_by)}</p>',
        *(f'<p class="conclusion">{_text(line)}</p>' for line in report.conclusions),
        "<h2>What was evaluated</h2>",
        f"<p>{_text(terminal.counts(report))}. {_text(_origin(report))}</p>",
        _table(["source", "lines"], [[source.name, f"{source.lines:,}"] for source in report.sources]),
        "<h2>The detector beside trivial baselines</h2>",
        _table(*terminal.figures(report)),
        "<ul>" + "".join(f"<li>{_text(note)}</li>" for note in terminal.notes(report)) + "</ul>",
        f'<p class="quiet">{_text(_intervals(report))}</p>',
        *(_picture(drawn[name], caption) for name, caption in _CAPTIONS[:-1] if name in drawn),
        "<h2>Trade-off</h2>",
        _trade_offs(report),
        "<h2>By kind of anomaly</h2>",
        _table(*terminal.kind_figures(report)),
        "<h2>Worst errors</h2>",
        "<h3>Normal records with the highest scores</h3>",
        _errors(report.worst.false_positives, "No normal record is flagged."),
        "<h3>Anomalous records with the lowest scores that were missed</h3>",
        _errors(report.worst.misses, "No anomalous record is missed."),
    ]
    if plots.TRAINING_NAME in drawn:
        parts += ["<h2>Training</h2>", _picture(drawn[plots.TRAINING_NAME], _CAPTIONS[-1][1])]
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f"<title>{_text(report.rows[0].name)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _origin(report: Report) -> str:
    told = {
        "files": "Normal and anomalous records stand in files of their own.",
        "labelled": "Each record has a label.",
        "held-out": "They are the part of the run's own log that was kept for tests.",
    }
    return told[report.origin]


def _intervals(report: Report) -> str:
    told = (
        f"Intervals are {report.confidence:.0%} percentile intervals of {report.replicates:,} bootstrap replicates "
        "that draw distinct records with all their repetitions: equal records are no new evidence."
    )
    if report.base_rate is None:
        return f"{told} F1 and precision are those of this mixture of records."
    return f"{told} F1 is that of a log in which a share of {report.base_rate:.3g} of the records is anomalous."


def _trade_offs(report: Report) -> str:
    heads = ["threshold", "recall", "false-positive rate", "precision"]
    if report.base_rate is not None:
        heads.append(f"precision at {report.base_rate:.3g}")
    if report.normal_per_day is not None:
        heads.append("false alarms a day")
    rows = [_trade_off(row) for row in report.trade_offs]
    own = [place for place, row in enumerate(report.trade_offs) if row.own]
    return _table(heads, rows, marked=own) + '<p class="quiet">The marked row is the threshold in use.</p>'


def _trade_off(row: TradeOff) -> list[str]:
    cells = [f"{row.threshold:.6g}", f"{row.recall:.2%}", f"{row.fpr:.4%}", f"{row.precision:.4f}"]
    if row.precision_at_base_rate is not None:
        cells.append(f"{row.precision_at_base_rate:.4f}")
    if row.alerts_per_day is not None:
        cells.append(f"{row.alerts_per_day:,.2f}")
    return cells


def _errors(errors: Sequence[WorstError], none: str) -> str:
    if not errors:
        return f"<p>{none}</p>"
    rows = "".join(
        f"<tr><td>{error.score:.4f}</td><td>{error.records:,}</td><td>{_text(error.kind or 'normal')}</td>"
        f'<td class="text">{_text(error.text)}</td><td class="text">{_text(", ".join(error.reasons))}</td>'
        f"<td>{_text(error.place)}</td></tr>\n"
        for error in errors
    )
    heads = "".join(f"<th>{head}</th>" for head in ("score", "records", "kind", "record", "odd parts", "where"))
    return f'<div class="wide"><table><tr>{heads}</tr>\n{rows}</table></div>'


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], marked: Sequence[int] = ()) -> str:
    first = "".join(f"<th>{_text(head)}</th>" for head in heads)
    lines = "".join(
        ('<tr class="own">' if place in marked else "<tr>")
        + "".join(f"<td>{_text(cell)}</td>" for cell in row)
        + "</tr>\n"
        for place, row in enumerate(rows)
    )
    return f'<div class="wide"><table><tr>{first}</tr>\n{lines}</table></div>'


def _picture(data: bytes, caption: str) -> str:
    encoded = base64.b64encode(data).decode("ascii")
    return f'<figure><img alt="{_text(caption)}" src="data:image/png;base64,{encoded}">' + (
        f"<figcaption>{_text(caption)}</figcaption></figure>"
    )


def _text(text: str) -> str:
    r"""Text as HTML; line breaks stay, all other control characters are shown as ``\x1b``."""
    return escape("\n".join(escape_control(line) for line in text.split("\n")), quote=True)

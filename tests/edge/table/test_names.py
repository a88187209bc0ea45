"""Columns by what their names say."""

from __future__ import annotations

import pytest

from edge.table.names import find_columns, meaning

# One feature each, as CIC-IDS2017, CSE-CIC-IDS2018 and the later CICFlowMeter write it.
SPELLINGS = [
    ("Total Length of Fwd Packets", "TotLen Fwd Pkts", "Total Length of Fwd Packet"),
    ("Total Backward Packets", "Tot Bwd Pkts", "Total Bwd packets"),
    ("Init_Win_bytes_forward", "Init Fwd Win Byts", "FWD Init Win Bytes"),
    ("min_seg_size_forward", "Fwd Seg Size Min", "Fwd Seg Size Min"),
    ("act_data_pkt_fwd", "Fwd Act Data Pkts", "Fwd Act Data Pkts"),
    ("Fwd Avg Bytes/Bulk", "Fwd Byts/b Avg", "Fwd Bytes/Bulk Avg"),
    ("Fwd Avg Bulk Rate", "Fwd Blk Rate Avg", "Fwd Bulk Rate Avg"),
    ("CWE Flag Count", "CWE Flag Count", "CWR Flag Count"),
    ("Packet Length Variance", "Pkt Len Var", "Packet Length Variance"),
    ("Avg Fwd Segment Size", "Fwd Seg Size Avg", "Fwd Segment Size Avg"),
    ("Average Packet Size", "Pkt Size Avg", "Average Packet Size"),
    ("Flow Bytes/s", "Flow Byts/s", "Flow Bytes/s"),
]


def test_spellings_of_one_feature_mean_the_same_and_no_two_features_do() -> None:
    for names in SPELLINGS:
        assert len({meaning(name) for name in names}) == 1, names
    assert len({meaning(names[0]) for names in SPELLINGS}) == len(SPELLINGS)


@pytest.mark.parametrize("column", range(3))
def test_a_header_in_any_spelling_and_order_has_the_columns(column: int) -> None:
    header = ["Flow ID", *reversed([names[column] for names in SPELLINGS]), "Label"]
    found = find_columns([names[0] for names in SPELLINGS], header)
    assert found == list(range(len(SPELLINGS), 0, -1))


def test_the_very_name_comes_first() -> None:
    assert find_columns(["Tot Pkts"], ["Total Packets", " tot pkts "]) == [1]
    assert find_columns(["a"], ["A", "a"]) == [0]


def test_what_could_be_two_columns_is_none() -> None:
    assert find_columns(["Packets Total"], ["Total Packets", "Tot Pkts"]) == [None]
    assert find_columns(["Packets Total", "Tot Pkts"], ["Total Packets"]) == [None, None]


def test_names_without_a_word_in_ascii_are_no_synonyms() -> None:
    assert find_columns(["\u6e29\u5ea6", "\u538b\u529b"], ["\u538b\u529b", "\u901f\u5ea6"]) == [None, 0]

"""Public identifiers: what a record goes by, and what is no such thing."""

import pytest

from cybersieve import identifiers


@pytest.mark.parametrize(("id", "meta", "found"), [
    ("CVE-2031-10001", {}, "CVE-2031-10001"),
    ("CVE-2031-10001~1f00ab00", {}, "CVE-2031-10001"),
    ("u1", {"external_id": "T1059.001"}, "T1059.001"),
    ("u1", {"external_id": ["x", "S0002"]}, "S0002"),
    ("GHSA-1a2b-3c4d-5e6f", {}, "GHSA-1a2b-3c4d-5e6f"),
    ("GHSA-1a2b-3c4d-5e6f", {"aliases": ["CVE-2031-10001"]}, "CVE-2031-10001"),
    ("cve-2031-10001", {}, "CVE-2031-10001"), ("u1", {"aliases": ["cve-2031-10001"]}, "CVE-2031-10001"),
    ("RHSA-2031:0001", {}, "RHSA-2031:0001"),
    ("CWE-79", {"external_id": None}, "CWE-79"),
])
def test_public_identifiers(id, meta, found):
    assert identifiers.public(id, meta) == found


@pytest.mark.parametrize("id", ["", "12345", "cc7b8c4e-9be0-47ca-b0bb-83915ec3ee2f", "sha-00ff00ff00ff00ff00ff",
                                "Grey Heron", "1901.00001", "attack-pattern--cc7b8c4e", "iPhone 5"])
def test_other_ids_are_no_public_identifiers(id):
    assert identifiers.public(id, {"external_id": 7, "aliases": []}) is None

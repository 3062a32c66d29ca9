"""Known sources: each recognised from a sample in upstream's shape, each field where it belongs."""

import csv
import io
import json
import re
import time
import unicodedata
from collections import Counter
from dataclasses import replace

import pytest
import yaml

from cybersieve import fields, params, parse_file, recognise, records, sources
from cybersieve.errors import ParamsError
from cybersieve.records import Counts
from tests.conftest import ROOT
from tests.source_samples import SAMPLES

SETTINGS = params.load(ROOT / "params.yaml").parse
U = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample.source}-{sample.file}")
def test_golden(sample, tmp_path):
    path = tmp_path / sample.file
    path.write_text(sample.content, encoding="utf-8")
    found = list(parse_file.trees(path, sample.file, SETTINGS, Counter()))
    assert {source.name for source, _, _ in found} == {sample.source}
    counts = records.Counts()
    rows = list(parse_file.rows(iter(found), sample.file, SETTINGS, counts))
    assert [(r["id"], r["title"], r["text"], r["dropped"]) for r in rows] == [tuple(e[:4]) for e in sample.records]
    for row, expected in zip(rows, sample.records, strict=True):
        meta = json.loads(row["meta"])
        assert {key: meta.get(key) for key in expected.meta} == expected.meta
    assert counts.read == len(rows) and counts.balanced()


ROOTED = {source.name for source in sources.known("json") if source.root}
REPORTS = [sample for sample in SAMPLES if sample.source in ROOTED and sample.content.startswith("{")
           and not sample.file.endswith(".jsonl")]


@pytest.mark.parametrize("wrap", ["[{0}, {0}]", '{{"sbom": {0}}}', '{{"total": 2, "data": [{0}, {0}]}}'])
@pytest.mark.parametrize("sample", REPORTS, ids=lambda sample: f"{sample.source}-{sample.file}")
def test_whole_documents_in_an_array_or_a_wrapper(sample, wrap, tmp_path):
    """Known by what stands at their root, they had lost all their records."""
    check_wrapped(sample, wrap, tmp_path)


@pytest.mark.parametrize("sample", [sample for sample in SAMPLES if sample.content.startswith("{") and (
    sample.source not in ("ossindex", "ecs-vulnerabilities")) and "}\n{" not in sample.content
    and not sample.file.endswith(".yaml")],
                         ids=lambda sample: f"{sample.source}-{sample.file}")
def test_answers_that_say_nothing_but_one_document(sample, tmp_path):
    for wrap in ('{{"status": "success", "code": 200, "errors": [], "data": {0}}}', '{{"response": {{"body": {0}}}}}'):
        check_wrapped(sample, wrap, tmp_path)


def check_wrapped(sample, wrap, tmp_path):
    (tmp_path / "all.json").write_text(wrap.format(sample.content), encoding="utf-8")
    found = parse_file.trees(tmp_path / "all.json", "all.json", SETTINGS, Counter())
    rows = parse_file.rows(found, "all.json", SETTINGS, records.Counts())
    expected = [tuple(e[1:4]) for e in sample.records] * wrap.count("{0}")
    assert [(r["title"], r["text"], r["dropped"]) for r in rows] == expected


@pytest.mark.parametrize("sample", [sample for sample in SAMPLES if sample.content.lstrip().startswith("<")],
                         ids=lambda sample: f"{sample.source}-{sample.file}")
def test_documents_in_a_row_are_known_by_the_first_ones_root(sample, tmp_path):
    """Without declarations they are parts of one, whose name had said nothing."""
    (tmp_path / "all.xml").write_text(f"{sample.content}\n{sample.content}", encoding="utf-8")
    found = list(parse_file.trees(tmp_path / "all.xml", "all.xml", SETTINGS, Counter()))
    assert {source.name for source, _, _ in found} == {sample.source}
    rows = parse_file.rows(iter(found), "all.xml", SETTINGS, records.Counts())
    assert [(r["title"], r["text"], r["dropped"]) for r in rows] == [tuple(e[1:4]) for e in sample.records] * 2


@pytest.mark.parametrize("sample", [sample for sample in SAMPLES if sample.file.endswith((".yml", ".yaml"))
                                    and sample.source != "caldera"],  # many records of others have its fields
                         ids=lambda sample: f"{sample.source}-{sample.file}")
def test_what_is_known_as_yaml_is_known_as_json(sample, tmp_path):
    lines = [json.dumps(tree, default=str) for tree in yaml.safe_load_all(sample.content) if tree is not None]
    (tmp_path / "f.jsonl").write_text("\n".join(lines), encoding="utf-8")
    found = parse_file.trees(tmp_path / "f.jsonl", "f.jsonl", SETTINGS, Counter())
    rows = parse_file.rows(found, "f.jsonl", SETTINGS, records.Counts())
    assert [(r["id"], r["title"], r["text"], r["dropped"]) for r in rows] == [tuple(e[:4]) for e in sample.records]


@pytest.mark.parametrize("sample", [sample for sample in SAMPLES if sample.file.endswith(".csv")],
                         ids=lambda sample: f"{sample.source}-{sample.file}")
def test_tables_as_json(sample, tmp_path):
    head = sample.content.partition("\n")[0]
    table = list(csv.DictReader(io.StringIO(sample.content), delimiter=";" if ";" in head else ","))
    for document in json.dumps(table), "\n".join(map(json.dumps, table)):
        (tmp_path / "table.json").write_text(document, encoding="utf-8")
        found = list(parse_file.trees(tmp_path / "table.json", "table.json", SETTINGS, Counter()))
        assert {source.name for source, _, _ in found} == {sample.source}
        rows = parse_file.rows(iter(found), "table.json", SETTINGS, records.Counts())
        assert [(r["id"], r["title"], r["text"], r["dropped"]) for r in rows] == [tuple(e[:4]) for e in sample.records]


@pytest.mark.parametrize("name", ["misp-event", "misp-galaxy", "nvd-2.0", "cve-5", "csaf", "stix", "ghsa-api"])
def test_what_is_known_as_json_is_known_as_yaml(name, tmp_path):
    """Its parts were records: a MISP event's attributes."""
    sample = next(sample for sample in SAMPLES if sample.source == name and sample.content.startswith(("{", "[")))
    tree = json.loads(sample.content)
    for document in (tree, tree["response"]) if name == "misp-event" else (tree,):
        (tmp_path / "f.yaml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
        found = list(parse_file.trees(tmp_path / "f.yaml", "f.yaml", SETTINGS, Counter()))
        assert {source.name for source, _, _ in found} == {name}
        rows = parse_file.rows(iter(found), "f.yaml", SETTINGS, records.Counts())
        assert [(r["id"], r["title"], r["text"], r["dropped"]) for r in rows] == [tuple(e[:4]) for e in sample.records]


@pytest.mark.parametrize("tree", [
    {"SchemaVersion": 2, "ArtifactName": "ours", "Metadata": {"ImageConfig": {"history": [
        {"created_by": f"/bin/sh -c #(nop) ADD file:{n} in /"} for n in range(3)]}},
     "Results": [{"Target": "ours", "Class": "os-pkgs"}]},
    {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Ours", "rules": []}}, "results": [], "invocations": [
        {"toolExecutionNotifications": [{"message": {"text": "It took a while, and then it ended well."}}]}]}]}],
    ids=["trivy", "sarif"])
def test_a_report_that_found_nothing_has_no_records(tree, tmp_path):
    """What an image was made of, and how the tool fared, were records."""
    (tmp_path / "f.json").write_text(json.dumps(tree))
    assert not list(parse_file.trees(tmp_path / "f.json", "f.json", SETTINGS, Counter()))


def test_every_known_source_has_a_sample():
    assert {source.checked().name for source in sources.known()} == {sample.source for sample in SAMPLES}


@pytest.mark.parametrize("kind", sources.KINDS)
def test_the_entries_read_for_a_kind_are_all_that_there_are(kind):
    assert sources.known(kind) == tuple(source for source in sources.known() if source.kind in ("", kind)) != ()


def osv(number):
    return {"id": f"OURS-2031-{number}", "modified": "2031-01-02T00:00:00Z", "summary": f"Flaw {number}",
            "details": f"Foo {number} leaks `keys`.", "affected": [{"package": {"name": "foo", "ecosystem": "PyPI"}}]}


def bundle(number):
    return {"type": "bundle", "id": f"bundle--{U}", "objects": [
        {"type": "tool", "id": f"tool--{U[:-1]}{number}", "name": f"Flaw {number}",
         "description": f"Foo {number} leaks `keys`."}]}


ELSEWHERE = {
    "an array": [osv(0), osv(1)],
    "wrapped": {"total": 2, "advisories": [osv(0), osv(1)]},
    "beside words": {"description": "All that was found today.", "advisories": [osv(0), osv(1)]},
    "by id": {osv(n)["id"]: osv(n) for n in range(2)},
    "by package": {"foo": [osv(0)], "bar": [osv(1)]},
    "by package, two of three": {"foo": [osv(0)], "bar": [osv(1)], "colours": [{"id": "border", "value": "green"}]},
    "answers": {"results": [{"vulns": [osv(0)]}, {}, {"vulns": [osv(1)]}]},
    "found by Elasticsearch": {"took": 8, "hits": {"total": {"value": 2}, "hits": [
        {"_index": "ours", "_id": f"x{n}", "_score": 1.0, "_source": osv(n)} for n in range(2)]}},
    "its answers on lines": "\n".join(json.dumps({"_index": "ours", "_id": f"x{n}", "_source": osv(n)})
                                      for n in range(2)),
    "among other messages": "".join(json.dumps(tree, indent=1) for tree in (
        {"config": {"name": "a scanner"}}, {"osv": osv(0)}, {"progress": {"message": "Still."}}, {"osv": osv(1)})),
    "bundles": [bundle(0), bundle(1)],
    "bundles in a wrapper": {"total": 2, "data": [bundle(0), bundle(1)]}}


@pytest.mark.parametrize("document", ELSEWHERE.values(), ids=ELSEWHERE)
def test_records_of_a_known_source_are_known_where_they_stand(document, tmp_path):
    (tmp_path / "d.json").write_text(document if isinstance(document, str) else json.dumps(document))
    found = list(parse_file.trees(tmp_path / "d.json", "d.json", SETTINGS, Counter()))
    assert {source.name for source, _, _ in found} <= {"osv", "stix"}
    rows = parse_file.rows(iter(found), "d.json", SETTINGS, records.Counts())
    assert [(row["title"], row["text"]) for row in rows] == [(f"Flaw {n}", f"Foo {n} leaks keys.") for n in range(2)]


def test_records_by_key_of_which_the_beginning_shows_but_one(tmp_path):
    large = {f"k{n}": osv(n) | {"affected": [{"versions": [f"1.{at}" for at in range(9000)]}]} for n in range(3)}
    (tmp_path / "d.json").write_text(json.dumps(large))
    found = list(parse_file.trees(tmp_path / "d.json", "d.json", SETTINGS, Counter()))
    assert [(source.name, tree["summary"]) for source, _, tree in found] == [("osv", f"Flaw {n}") for n in range(3)]


@pytest.mark.parametrize("document", [
    [{"name": f"Finding {n}", "description": f"Seen {n} times in May.", "known": osv(n)} for n in range(2)],
    {"findings": [{"name": f"Finding {n}", "description": f"Seen {n} times.", "as": [osv(n)]} for n in range(2)]},
    [{"name": f"Finding {n}", "as": [osv(n)]} for n in range(2)],
])
def test_a_known_source_inside_of_records_is_a_part_of_them(document, tmp_path):
    (tmp_path / "d.json").write_text(json.dumps(document))
    found = parse_file.trees(tmp_path / "d.json", "d.json", SETTINGS, Counter())
    rows = list(parse_file.rows(found, "d.json", SETTINGS, records.Counts()))
    assert [row["title"] for row in rows] == ["Finding 0", "Finding 1"]


def test_answers_in_an_array_are_pages(tmp_path):
    pages = [{"resultsPerPage": 2, "totalResults": 4, "timestamp": f"2031-01-0{page}T00:00:00.000", "vulnerabilities": [
        {"cve": {"id": f"CVE-2031-{page}{n}", "vulnStatus": "Rejected" if n else "Analyzed", "descriptions": [
            {"lang": "en", "value": f"Foo {page} leaks {n}."}]}} for n in range(2)]} for page in (1, 2)]
    (tmp_path / "d.json").write_text(json.dumps(pages))
    found = list(parse_file.trees(tmp_path / "d.json", "d.json", SETTINGS, Counter()))
    assert {source.name for source, _, _ in found} == {"nvd-2.0"}
    rows = parse_file.rows(iter(found), "d.json", SETTINGS, records.Counts())
    assert [(row["id"], bool(row["dropped"])) for row in rows] == [
        (f"CVE-2031-{page}{n}", bool(n)) for page in (1, 2) for n in range(2)]


PRODUCTS = [{"ProductID": str(n), "Value": f"Foo {n} for bar"} for n in range(4000)]
LATE = {
    "d.json": json.dumps({"DocumentTitle": {"Value": "January"}, "ProductTree": {"FullProductName": PRODUCTS},
                          "Vulnerability": [{"CVE": "CVE-2031-1", "Notes": [{"Value": "It leaks."}]}]}),
    "d.xml": "<cvrfdoc><DocumentNotes><Note>Foo for bar is new</Note></DocumentNotes><ProductTree>" + "".join(
        f"<FullProductName ProductID='{p['ProductID']}'>{p['Value']}</FullProductName>" for p in PRODUCTS) + (
        "</ProductTree><Vulnerability><CVE>CVE-2031-1</CVE><Notes><Note Type='Description'>It leaks.</Note></Notes>"
        "</Vulnerability></cvrfdoc>")}


HOSTS = "".join(f"<host><name>host {n} of theirs</name></host>" for n in range(4000))
LATE |= {
    "n.xml": f"<NexposeReport><nodes>{HOSTS}</nodes><VulnerabilityDefinitions><vulnerability id='CVE-2031-1'>"
             "<description>It leaks.</description></vulnerability></VulnerabilityDefinitions></NexposeReport>",
    "f.fvdl": f"<FVDL>{HOSTS}<Description classID='CVE-2031-1'><Abstract>It leaks.</Abstract></Description></FVDL>",
    "o.xml": f"<report id='r'>{HOSTS}<result id='CVE-2031-1'><nvt oid='1'/><description>It leaks.</description>"
             "</result></report>",
    "dependencies.json": json.dumps({"reportSchema": "1.1", "scanInfo": {"engineVersion": "9"}, "dependencies": [
        *({"fileName": p["Value"]} for p in PRODUCTS),
        {"fileName": "a", "vulnerabilities": [{"source": "NVD", "name": "CVE-2031-1", "description": "It leaks."}]}]}),
    "checkov.json": json.dumps({"check_type": "terraform", "results": {
        "passed_checks": [{"check_id": p["ProductID"], "check_name": p["Value"]} for p in PRODUCTS],
        "failed_checks": [{"check_id": "CVE-2031-1", "check_name": "Leaks", "description": "It leaks."}]}}),
    "trivy.json": json.dumps({"SchemaVersion": 2, "Results": [{
        "Target": "a", "Packages": [{"ID": p["ProductID"], "Name": p["Value"]} for p in PRODUCTS],
        "Vulnerabilities": [{"VulnerabilityID": "CVE-2031-1", "Description": "It leaks."}]}]})}


@pytest.mark.parametrize("name", LATE)
def test_records_after_a_long_list_of_products(name, tmp_path):
    (tmp_path / name).write_text(LATE[name])
    found = parse_file.trees(tmp_path / name, name, SETTINGS, Counter())
    rows = list(parse_file.rows(found, name, SETTINGS, records.Counts()))
    assert [(row["id"], row["text"]) for row in rows] == [("CVE-2031-1", "It leaks.")]


def test_by_their_ids_more_come_than_the_first_look_shows(tmp_path):
    (tmp_path / "d.json").write_text(json.dumps({osv(n)["id"]: osv(n) for n in range(1000)}))
    found = list(parse_file.trees(tmp_path / "d.json", "d.json", SETTINGS, Counter()))
    assert len(found) == 1000 and {source.name for source, _, _ in found} == {"osv"}


MINE = {"name": "mine", "kind": "json", "file": ["tickets/*.json"], "records": ["result.items[]"],
        "id": "no", "title": "subject", "text": ["body", ["answer", "reply"], "Product: {product.name}"],
        "status": ["state", {"deleted": "gone"}],
        "meta": {"url": ["link", "links.url"]}, "licence": "CC0-1.0", "format": "html"}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_users_source_names_a_file_however_its_accents_are_spelt(form):
    """A Mac's Finder spells what is typed into a settings file as one sign as two."""
    (mine,) = sources.users([{"name": "mine", "file": ["st\u00f6rungen/*.json"], "text": ["body"]}])
    assert mine.named(unicodedata.normalize(form, "st\u00f6rungen/caf\u00e9.json"))
    assert not mine.named("storungen/cafe.json")


def test_users_source_comes_first_and_says_where_everything_stands(tmp_path):
    (tmp_path / "tickets").mkdir()
    tree = {"result": {"items": [
        {"no": 7, "subject": "A <i>title</i>", "body": "<p>x</p>", "reply": "y", "product": {"name": "P"}, "gone": True,
         "links": [{"url": "u1"}, {"url": "u2"}]},
        {"no": 8, "body": "z", "state": "Withdrawn", "gone": "false"}]}}
    (tmp_path / "tickets" / "a.json").write_text(json.dumps(tree))
    settings = params.Parse("stop", ["withdrawn", "deleted"], SETTINGS.limits, [MINE])
    found = parse_file.trees(tmp_path / "tickets" / "a.json", "tickets/a.json", settings, Counter())
    rows = list(parse_file.rows(found, "tickets/a.json", settings, records.Counts()))
    assert [(r["id"], r["title"], r["text"], r["dropped"]) for r in rows] == [
        ("7", "A title", "x\ny\nProduct: P", "deleted"), ("8", "", "z", "withdrawn")]
    assert json.loads(rows[0]["meta"]) == {"licence": "CC0-1.0", "status": "deleted", "url": ["u1", "u2"]}
    assert json.loads(rows[1]["meta"])["status"] == "Withdrawn"


@pytest.mark.parametrize(("change", "message"), [
    ({"colour": "red"}, r"parse\.sources\[0\]\.colour: unknown setting"),
    ({"format": "pdf"}, r"parse\.sources\[0\]\.format: one of plain"),
    ({"kind": "toml"}, r"parse\.sources\[0\]\.kind: one of json"),
    ({"id": "a..b"}, r"parse\.sources\[0\]\.id: not a field path: 'a\.\.b'"),
    ({"text": ["a[b"]}, r"parse\.sources\[0\]\.text: not a field path"),
    ({"file": 3}, r"parse\.sources\[0\]\.file: a text or a list of texts is wanted, found 3"),
    ({"id": [["a", None]]}, r"parse\.sources\[0\]\.id: a text or a list of texts is wanted, found None"),
    ({"licence": ["MIT"]}, r"parse\.sources\[0\]\.licence: a text"),
    ({"meta": ["a"]}, r"parse\.sources\[0\]\.meta: a mapping"),
    ({"meta": {"x": "a ~ ("}}, r"parse\.sources\[0\]\.meta\.x: .*not a regular expression"),
    ({"status": [{"gone": "."}]}, r"parse\.sources\[0\]\.status: not a field path"),
])
def test_wrong_description_names_the_key(change, message):
    with pytest.raises(ParamsError, match=message):
        sources.users([{**MINE, **change}])


def patterned(source):
    """Its paths with a pattern."""
    paths = sources._paths({"text": [source.described.get(key, []) for key in sources.COMPILED]})
    return [part for path in paths if " ~ " in path
            for part in (fields._BRACES.findall(path) if "{" in path.split(" ~ ")[0] else [path])]


def reached(where, words):
    """A record with the words where a path looks."""
    for key, name, wanted in reversed(fields.steps(where)):
        words = {key.replace("*", "any"): words | {name: wanted} if name not in ("", fields.BUT) else words}
    return words


@pytest.mark.parametrize("path", sorted({path for source in sources.known() for path in patterned(source)}))
def test_patterns_of_fields_cost_linear_time(path):
    """On what they look for and on what they pass over, a thousand times in a row: quadratic, it would be minutes."""
    where, _, pattern = path.partition(" ~ ")
    find, literals = fields.values(path), re.findall(r"[\w<>/= .-]{3,}", pattern.replace("\\", ""))
    for piece in ["a", " ", "\n", "a ", "v1", *literals]:
        words = piece * (300_000 // len(piece)) + "\nb"
        record = reached(where, words)
        assert fields.values(where)(record) == [words]
        start = time.process_time()
        find(record)
        assert time.process_time() - start < 2, piece


def test_an_inferred_source_that_a_user_copied_reads_what_it_says_and_no_more(tmp_path):
    """Whatever it is called: only what nobody described may be read otherwise further on."""
    posts = [{"id": f"p{n}", "title": f"Post {n} of it", "body": f"Some words of {n}, and more"} for n in range(1000)]
    notes = [{"id": "c", "comment": "A few words of it"}]
    (tmp_path / "a.json").write_text(json.dumps({"posts": posts, "notes": notes}))
    told = next(parse_file.trees(tmp_path / "a.json", "a.json", SETTINGS, Counter()))[0]
    assert told.inferred and told.name == "unknown"
    for name in ("unknown", "mine"):
        own = {"file": ["a.json"], **told.described, "name": name, "text": [["nothing", "none"]]}
        settings = replace(SETTINGS, sources=[own])
        found = parse_file.trees(tmp_path / "a.json", "a.json", settings, Counter())
        rows = list(parse_file.rows(found, "a.json", settings, records.Counts()))
        assert [(row["id"], row["text"]) for row in rows] == [(post["id"], "") for post in posts]


CVE = {"cveMetadata": {"cveId": "CVE-2031-1", "state": "PUBLISHED"},
       "containers": {"cna": {"descriptions": [{"lang": "en", "value": "A flaw of it"}]}}}
OSV = {"id": "GHSA-aaaa-bbbb-cccc", "modified": "2031-01-01T00:00:00Z", "affected": [{"ranges": []}],
       "details": "Another flaw of it"}
POST = {"id": "p1", "title": "A post about it", "body": "It is a flaw, and not a small one"}


@pytest.mark.parametrize("pair", [lambda record: record, lambda record: ["some-id", record]])
@pytest.mark.parametrize("records", [[CVE, OSV], [OSV, CVE], [CVE, POST], [CVE, OSV, POST]])
def test_records_of_several_upstreams_in_one_document(records, pair, tmp_path):
    """As services answer that know several: each array is read as what it holds, pairs of id and record too."""
    document = {"total": 3, "hits": {f"list{n}": [pair(record)] * 2 for n, record in enumerate(records)}}
    (tmp_path / "a.json").write_text(json.dumps(document))
    texts = [text for record in records for text in 2 * [
        "A flaw of it" if record is CVE else "Another flaw of it" if record is OSV else POST["body"]]]
    found = parse_file.trees(tmp_path / "a.json", "a.json", SETTINGS, Counter())
    assert [row["text"] for row in parse_file.rows(found, "a.json", SETTINGS, Counts())] == texts


def test_records_of_several_upstreams_in_one_array(tmp_path):
    """Where one's records usually stand: those of the others had no text."""
    for document in ([CVE, OSV] * 2, {"vulnerabilities": [{"cveID": "CVE-2031-3", "vulnerabilityName": "A flaw",
                                                           "shortDescription": "A flaw of it"}, OSV] * 2}):
        for data in {json.dumps(document), "\n".join(map(json.dumps, document)) if isinstance(document, list) else ""}:
            (tmp_path / "a.json").write_text(data or json.dumps(document))
            found = parse_file.trees(tmp_path / "a.json", "a.json", SETTINGS, Counter())
            assert [row["text"] for row in parse_file.rows(found, "a.json", SETTINGS, Counts())] == [
                "A flaw of it", "Another flaw of it"] * 2


def test_a_record_of_no_upstream_among_those_of_one(tmp_path):
    """It had no text, without a word of it where there were few."""
    notes = Counter()
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, [CVE, POST, CVE])))
    rows = parse_file.rows(parse_file.trees(tmp_path / "a.jsonl", "a.jsonl", SETTINGS, notes), "a.jsonl", SETTINGS,
                      Counts(notes=notes))
    assert [(row["id"], row["title"], row["text"]) for row in rows][1] == (POST["id"], POST["title"], POST["body"])
    assert notes["records of another kind than the first"] == 1


def test_a_feed_with_descriptions(tmp_path):
    entries = "".join(f"<entry><id>E-{n}</id><title>Event {n}</title><description>It leaks, {n}.</description></entry>"
                      for n in range(2))
    (tmp_path / "feed.xml").write_text(f"<feed>{entries}</feed>")
    found = parse_file.trees(tmp_path / "feed.xml", "feed.xml", SETTINGS, Counter())
    rows = list(parse_file.rows(found, "feed.xml", SETTINGS, records.Counts()))
    assert [(row["title"], row["text"]) for row in rows] == [("Event 0", "It leaks, 0."), ("Event 1", "It leaks, 1.")]


def test_advisories_that_say_how_they_are_detected_are_no_sigma_rules(tmp_path):
    """They lost what Sigma does not know, and got its rules' licence."""
    (tmp_path / "a.yaml").write_text("id: A-1\ntitle: Foo runs what it reads\ndescription: Foo runs code.\n"
                                     "mitigation: Do not start foo here.\ndetection:\n  imports: [foo.run]\n")
    found = parse_file.trees(tmp_path / "a.yaml", "a.yaml", SETTINGS, Counter())
    row, = parse_file.rows(found, "a.yaml", SETTINGS, records.Counts())
    assert row["text"] == "Foo runs code.\nDo not start foo here." and "licence" not in json.loads(row["meta"])


@pytest.mark.parametrize(("path", "more", "mine"), [
    ("a/x.json", {}, True), ("b/x.json", {}, False), ("a/x.json", {"match": ["body"]}, True),
    ("b/x.json", {"match": ["body"]}, False), ("a/x.json", {"match": ["other"]}, False),
    ("a/x.json", {"root": ["version"]}, True), ("a/x.json", {"root": ["other"]}, False),
    ("b/x.json", {"root": ["version"]}, False)])
def test_a_source_of_ones_own_is_for_the_files_it_names_that_look_like_it(path, more, mine):
    begin = json.dumps({"version": 1, "all": [{"id": n, "body": f"Flaw {n} of it"} for n in range(3)]}).encode()
    own = sources.users([{"name": "mine", "file": ["a/*.json"], "records": ["all[]"], "text": ["body"]} | more])
    found = recognise.source_of("json", begin, True, path, own)
    assert found is not None and (found.name == "mine") == mine


@pytest.mark.parametrize(("name", "items"), [
    ("f.json", [{"@ID": f"srv{n}", "@Name": f"Host {n}", "Description": f"Host {n} lets others in."} for n in "123"]),
    ("f.json", [{"@ID": str(n), "@Name": f"Way {n}", "Description": {"Summary": f"It lets {n} in."}} for n in "123"]),
    ("f.yaml", [{"rule": f"R{n}", "condition": f"x > {n}", "description": f"R{n} tells of others."} for n in "123"]),
    ("f.json", [{"stix_id": f"identity--{U[:-1]}{n}", "name": f"Sector {n}", "description": f"Who does {n}.",
                 "subsectors": [{"name": f"Part of {n}", "description": f"Who does a part of {n}."}]} for n in "123"]),
    ("f.json", [{"id": n, "template": "door", "title": f"Door {n}", "properties": {"size": n},
                 "description": f"It opens {n}.", "solution": f"Door {n} is shut by hand."} for n in "123"]),
    ("f.json", [{"CWE-ID": n, "Name": f"Door {n}", "Description": f"Door {n} lets others in.",
                 "solution": f"Door {n} is shut by hand, and with a key."} for n in "123"]),
    ("f.json", [{"title": f"Door {n}", "logsource": f"door{n}", "description": f"Door {n} lets others in.",
                 "solution": f"Door {n} is shut by hand, and with a key."} for n in "123"]),
    ("f.json", [{"rule": f"Door {n}", "condition": f"x > {n}", "desc": f"Door {n} lets others in.",
                 "solution": f"Door {n} is shut by hand, and with a key."} for n in "123"])],
    ids=["cwe", "capec-2", "falco", "attack-lookup", "attack-flow", "cwe-csv", "sigma", "falco in JSON"])
def test_others_with_the_same_few_fields_are_not_taken_for_a_known_source(name, items, tmp_path):
    """Hosts had the ids of weaknesses, rules lost their descriptions, and sectors their parts."""
    found = _rows(tmp_path / name, yaml.safe_dump(items) if name.endswith("yaml") else json.dumps(items))
    assert len(found) == 3 and all(row["text"] and not row["id"].startswith(("CWE-", "CAPEC-")) for row in found)
    assert "ATT&CK" not in json.loads(found[0]["meta"]).get("licence", "")
    assert "solution" not in items[0] or all("is shut" in row["text"] for row in found)


@pytest.mark.parametrize("record", [
    '<quiz><question type="multiple"><category>Doors</category><text>Which door {0} opens first?</text>'
    "<explanation>Door {0} is shut by hand.</explanation></question></quiz>",
    '<rules><rule id="D-{0}" level="high"><title>Door {0}</title><description>It tells how {0} opens.</description>'
    "<rationale>Door {0} is shut by hand.</rationale></rule></rules>",
    "<controls><control><family>Doors</family><number>D-{0}</number><title>Door {0}</title><description>It opens {0}."
    "</description><guidance>Door {0} is shut by hand.</guidance></control></controls>"],
    ids=["moodle", "wazuh", "nist-controls"])
def test_xml_with_the_same_few_names_is_not_taken_for_a_known_source(record, tmp_path):
    root = record[1:record.index(">")]
    inner = record.removeprefix(f"<{root}>").removesuffix(f"</{root}>")
    found = _rows(tmp_path / "f.xml", f"<{root}>{''.join(map(inner.format, 'abc'))}</{root}>")
    assert [name in row["text"] for name, row in zip("abc", found, strict=True)] == [True] * 3
    assert all("is shut by hand" in row["text"] for row in found)


def _rows(path, content):
    path.write_text(content)
    trees = parse_file.trees(path, path.name, SETTINGS, Counter())
    return list(parse_file.rows(trees, path.name, SETTINGS, Counts()))

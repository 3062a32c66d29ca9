"""report.html: what it says is what the run did, and no text of the data can be more than text."""

import dataclasses
import errno
import json
import os
import re
from pathlib import Path

import pytest

from cybersieve import labels, page, page_sections, params, records, report, samples
from cybersieve.errors import InputError
from tests import decided
from tests.browser import axe, fits
from tests.conftest import ROOT

SCRIPT = "<script>window.ran = 1</script>"
HOSTILE = [
    {"title": SCRIPT, "text": f"malware {SCRIPT} </style></title></textarea>{SCRIPT}"},
    {"title": "Picture", "text": "<img src=https://evil.example/p.png onerror='window.ran = 1'> exploit"},
    {"title": "Link", "text": "[click](javascript:window.ran=1) <a href='javascript:window.ran=1'>x</a>"},
    {"title": "Turned \u202egnp.exe", "text": "bidi \u2066 and zero\u200bwidth and \x1b[31mred"},
    {"title": "Long", "text": "A" * 1_000_000},
    {"title": "", "text": "\"'><svg onload=window.ran=1><iframe src=//evil.example></iframe>"},
    {"title": "سلام", "text": "نص عربي about ransomware $body ${script} {0} %s"},
]


def rows():
    """Records of all kinds, the hostile ones first; the ids and reasons are hostile too."""
    kinds = [{"verdict": "kept", "by": "rule", "score": 3.0, "confidence": 0.95},
             {"verdict": "rejected", "by": "llm", "score": 0.0, "confidence": 0.5, "p_yes": 0.21, "margin": -1.5},
             {"verdict": "rejected", "by": "dedup", "reason": f"duplicate of {SCRIPT}"},
             {"verdict": "rejected", "by": "rule", "score": -3.0, "confidence": 0.05}]
    texts = HOSTILE + [{"title": f"Plain {n}", "text": f"An exploit of part {n}"} for n in range(33)]
    result = [kinds[n % 4] | text | {"id": str(n)} for n, text in enumerate(texts)]
    result[0] |= {"id": f"<b>{SCRIPT}", "reason": SCRIPT}
    result[3] |= {"id": "turned \u202egnp"}
    return result


def write_run(folder, all_rows):
    decided.write(folder, all_rows, source=f"a/<i onclick=x>{'w' * 60}.json")
    (folder / "labels").mkdir()
    lines = [f"<i onclick=x>{'w' * 60}.json,{n},{n % 2}" for n in range(7, 40)]
    (folder / "labels" / labels.UNIFORM).write_text("\n".join(["file,id,label", *lines, ""]))
    for stage in ("parse", "score", "verify", "export"):
        records.save_json(folder / "counts" / f"{stage}.json",
                          {"read": len(all_rows), "written": len(all_rows), "dropped": {}, "failed": 0})
    records.save_json(folder / "thresholds.json", {"mode": "fixed", "accept": 0.9, "reject": 0.1})
    records.save_json(folder / "performance.json",
                      {"parse": {"stage": "parse", "seconds": 1.5, "peak_memory_mb": 90.0, "records": 40,
                                 "records_per_second": 26.7}})
    report.report_folder(folder / "scored", folder / "verdicts", folder / "counts", folder / "labels",
                         folder / "thresholds.json", folder, folder / "plots")


def build(folder, mask=None):
    settings = params.load(ROOT / "params.yaml")
    export = dataclasses.replace(settings.export, mask=mask or settings.export.mask)
    score = dataclasses.replace(settings.score, rules=str(ROOT / "rules.yaml"), trust={"</script><b>": 1.0})
    return page.page_folder(folder / "parsed", folder / "scored", folder / "verdicts", folder / "labels",
                            folder / "plots", folder, dataclasses.replace(settings, score=score, export=export),
                            ["git checkout abc", "dvc repro"])


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    write_run(folder, rows())
    return build(folder)


def test_a_full_disk_leaves_no_half_of_a_page(tmp_path, monkeypatch):
    write_run(tmp_path, rows())

    def full(path, *_, **__):
        path.touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        build(tmp_path)
    assert not list(tmp_path.glob("*report.html*"))


def opened(browser, path, width=1280, scheme="light", failed=None):
    """The page in a tab of its own, all folds open; `tab.asked` are its requests, `tab.said` console and dialogs."""
    tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    tab.asked, tab.said = [], []
    tab.on("request", lambda request: tab.asked.append(request.url))
    tab.on("requestfailed", lambda request: failed.append((request.url, request.failure)))
    tab.on("console", lambda message: tab.said.append(message.text))
    tab.on("dialog", lambda dialog: tab.said.append(dialog.message))
    tab.goto(path.as_uri())
    tab.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
    return tab


def test_it_says_what_the_metrics_say(built):
    text, metrics = built.read_text(), json.loads((built.parent / "metrics.json").read_text())
    plain = re.sub(r"<[^>]+>", "", text)
    assert f"Of {metrics['records']} records {metrics['kept']} were kept." in plain
    assert f"{metrics['precision']:.1%} of what was kept is security text" in plain
    assert "git checkout abc\ndvc repro" in plain and "certificate" in plain.lower()
    assert f'name="metrics" content="{report.fingerprint(built.parent)}"' in text
    assert plain.count("p_yes 0.210") >= 10  # asked records show margin and posterior


@pytest.mark.parametrize("mask", [True, False])
def test_what_export_masks_is_masked_in_rejected_records_too(mask, tmp_path):
    secret = "AKIA" + "Q3EXAMPLEKEYS7ZZ"
    record = {"title": f"Holiday {secret}", "text": "Ask my aunt, please write to anna.b@quiet-street.net."}
    write_run(tmp_path, [record | {"verdict": "rejected", "by": "rule", "score": -3.0, "confidence": 0.05, "id": "7"}])
    text = build(tmp_path, params.Mask(secrets=mask, personal=mask)).read_text()
    assert (secret in text) is ("anna.b@" in text) is not mask
    assert ("[SECRET]" in text) is ("[EMAIL]" in text) is mask


def test_megabytes_have_their_usual_name():
    figures = {"seconds": 1.0, "peak_memory_mb": 90.0, "mb": 3.0, "mb_per_second": 5.0}
    assert "3 MB (5/s)" in page_sections.clock({"parse": figures})


def test_files_that_were_left_out_are_in_the_headline(built):
    metrics = json.loads((built.parent / "metrics.json").read_text())
    lost = [{"source": "<b>.json", "records": 377, "reason": "byte 4, torn"}]
    shown = page_sections.headline(metrics | {"left_out": lost}, "")
    assert "Left out: 1 file, 377 records (&lt;b&gt;.json: byte 4, torn)." in shown
    assert "Left out: " not in page_sections.headline(metrics, "")


def test_kept_records_that_export_left_out_are_in_the_headline(built):
    metrics = json.loads((built.parent / "metrics.json").read_text())
    stages = [{"stage": "export", "dropped": {"rule": 20, "benchmark": 3}}]
    kept = f"Of {metrics['records']} records {metrics['kept']} were kept"
    shown = page_sections.headline(metrics | {"stages": stages}, "")
    assert f"{kept}, of which export left out 3 (benchmark 3). " in shown
    assert f"{kept}. " in page_sections.headline(metrics, "")


def test_the_same_run_gives_the_same_bytes(built):
    first = built.read_bytes()
    assert build(built.parent).read_bytes() == first


def test_a_text_of_a_megabyte_is_cut_and_says_so(built):
    text = built.read_text()
    assert len(text) < 300_000
    assert "999,100 more characters" in text
    assert max(len(run) for run in re.findall("A+", text)) <= 900


def test_no_markup_of_the_data_is_markup(built):
    text = built.read_text()
    assert text.count("<script>") == 1  # ours, whose hash the policy names
    assert not re.search(r"<(img|iframe|a href=.javascript|b>|i onclick|svg onload)", text)
    assert "\u202e" not in text and "U+202E" in text and "\x1b" not in text


@pytest.mark.parametrize("width, scheme", [(390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")])
def test_in_a_real_browser_nothing_runs_nothing_leaves_and_all_can_read_it(browser, built, width, scheme):
    tab = opened(browser, built, width, scheme)
    assert tab.evaluate("window.ran") is None
    assert tab.asked == [built.as_uri()] and tab.said == []
    assert fits(tab)
    assert axe(tab) == []
    tab.close()


def test_a_script_that_got_in_would_not_run(browser, built):
    """The policy itself is tried: an inline script and a picture are put into the page's own bytes."""
    broken = built.with_name("broken.html")
    broken.write_text(built.read_text().replace("<main", f"{SCRIPT}<img src='https://evil.example/x.png'><main"))
    blocked = []
    tab = opened(browser, broken, failed=blocked)
    assert tab.evaluate("window.ran") is None
    assert tab.asked == [broken.as_uri(), *(url for url, _ in blocked)]
    assert blocked == [("https://evil.example/x.png", "csp")]
    assert len(tab.said) == 2 and all("Content Security Policy" in message for message in tab.said)
    tab.close()


def test_tables_are_sorted_by_keyboard(browser, built):
    tab = opened(browser, built)
    table = tab.locator("#rules table.sortable").first
    head = table.locator("thead th").nth(2)
    weights = lambda: [float(x) for x in table.locator("tbody tr td:nth-child(3)").all_inner_texts()]  # noqa: E731
    head.locator("button").focus()
    tab.keyboard.press("Enter")
    assert weights() == sorted(weights(), reverse=True) and head.get_attribute("aria-sort") == "descending"
    tab.keyboard.press("Space")
    assert weights() == sorted(weights()) and head.get_attribute("aria-sort") == "ascending"
    tab.close()


def test_headings_come_in_order(browser, built):
    tab = opened(browser, built)
    levels = tab.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(head => +head.tagName[1])")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in zip(levels, levels[1:], strict=False))
    tab.close()


def test_a_run_without_labels_or_clock_has_a_page_too(tmp_path):
    write_run(tmp_path, rows()[:4])
    (tmp_path / "labels" / labels.UNIFORM).unlink()
    (tmp_path / "performance.json").unlink()
    report.report_folder(tmp_path / "scored", tmp_path / "verdicts", tmp_path / "counts", tmp_path / "labels",
                         tmp_path / "thresholds.json", tmp_path, tmp_path / "plots")
    text = build(tmp_path).read_text()
    assert "no labelled records" in text and "Not measured" in text


def test_without_metrics_the_stage_to_run_is_named(tmp_path):
    with pytest.raises(InputError, match="metrics.json"):
        build(tmp_path)


def test_as_many_records_of_each_kind_as_there_are_up_to_twenty(built):
    text = built.read_text()
    assert text.count("<article>") == 10 * len(samples.KINDS) + 10  # the uncertain ones are among the rejected too

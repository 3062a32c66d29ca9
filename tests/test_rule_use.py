"""What each rule did in a run."""

from cybersieve import rules
from cybersieve.rule_use import RuleUse
from tests import own_rules

BOOK = own_rules.book(own_rules.rule("strong", "x", 4.0), own_rules.rule("weak", "y", 0.1),
                      own_rules.rule("silent", "z", 1.0), bias=-1.0)


def scored(*hits):
    score = BOOK.bias + sum(rule.weight for rule in BOOK.rules if rule.id in hits)
    return {"rules": list(hits), "score": score, "confidence": rules.confidence(score)}


def test_a_hit_is_decisive_if_the_record_would_have_gone_another_way_without_it():
    use = RuleUse(BOOK, accept=0.9, reject=0.2)
    use.add(scored("strong", "weak"), 1)
    use.add(scored("weak"), None)
    use.add({"rules": None, "score": None, "confidence": None}, 0)  # a duplicate: never scored
    table = {row["id"]: row for row in use.table()}
    assert [row["id"] for row in use.table()] == ["strong", "weak", "silent"]
    assert (table["strong"]["hits"], table["strong"]["decisive"], table["strong"]["yes"]) == (1, 1, 1)
    assert (table["weak"]["hits"], table["weak"]["decisive"], table["weak"]["no"]) == (2, 0, 0)
    assert table["silent"]["hits"] == 0


def test_the_only_hit_that_speaks_for_a_record_is_decisive_for_what_silence_adds():
    quiet = own_rules.book(*BOOK.rules, own_rules.rule("against", "n", -0.1), bias=-1.0, silent=-1.0)
    use = RuleUse(quiet, accept=0.9, reject=0.2)
    for hits in (("weak", "against"), ("weak", "silent"), ("against",)):
        score = round(-1.0 + sum(rule.weight for rule in quiet.rules if rule.id in hits)
                      - (1.0 if hits == ("against",) else 0.0), 4)
        use.add({"rules": list(hits), "score": score, "confidence": rules.confidence(score)}, None)
    assert {row["id"]: row["decisive"] for row in use.table()} == {"weak": 1, "against": 0, "silent": 0, "strong": 0}


def test_a_confidence_at_a_threshold_is_decided_by_rule_and_labels_count_on_their_sides():
    use = RuleUse(BOOK, accept=scored("strong", "weak")["confidence"], reject=scored("weak")["confidence"])
    use.add(scored("strong", "weak"), 0)
    use.add(scored("weak", "silent"), 0)
    use.add(scored("weak", "silent"), 1)
    assert [tuple(row.values())[3:] for row in use.table()] == [(2, 2, 1, 1), (3, 1, 1, 2), (1, 1, 0, 1)]
    assert [row["id"] for row in use.table()] == ["silent", "weak", "strong"]


def test_without_thresholds_no_rule_decides():
    use = RuleUse(BOOK, None, None)
    use.add(scored("strong"), None)
    assert use.table()[0]["decisive"] == 0

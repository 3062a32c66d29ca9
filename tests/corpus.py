"""A small corpus of our own in three of the shapes that dumps have: a galaxy, CWE-like XML and JSON Lines."""

import json
import uuid
from pathlib import Path
from xml.sax.saxutils import escape

SECURITY = [
    ("Buffer overflow in the parser", "A remote attacker can execute arbitrary code by sending a crafted packet."),
    ("SQL injection in the login form", "Improper input validation lets an attacker bypass authentication."),
    ("Emberfox ransomware", "The malware encrypts files, deletes shadow copies and asks for a ransom in Monero."),
    ("Credential dumping from memory", "Adversaries may read LSASS memory to steal password hashes."),
    ("Spear phishing by Quiet Heron", "The threat actor sends e-mails with a macro that downloads a backdoor."),
    ("Certificate pinning", "The client checks the server's TLS certificate against a stored public key."),
    ("CVE-2031-0001", "A use-after-free in the renderer allows a sandbox escape through a crafted page."),
    ("Audit of privileged accounts", "Review who holds administrator rights, and revoke what is not needed."),
]
OTHER = [
    ("Wheat farming", "Establishments primarily engaged in growing wheat and producing wheat seeds."),
    ("Kestrel", "A small falcon that hovers over fields while it looks for voles and beetles."),
    ("Bolt-action rifle", "Chambered in .308 with a five-round magazine and a wooden stock."),
    ("Republic of Saltmarsh", "An island country with two rivers, one railway and a lively fish market."),
    ("Fourier series", "A periodic function is written as a sum of sines and cosines that converges in norm."),
    ("Knitting circle", "Members meet on Thursdays, bring their own wool and share the cake."),
    ("Sorting a list", "How do I sort a list of names by the second letter without changing the rest?"),
    ("Sponge cake", "Beat the eggs with the sugar until pale, fold in the flour and bake at once."),
]


def pairs(copies: int = 3) -> list[tuple[str, str, int]]:
    """(title, text, label), each text told apart by a number so that no two are the same."""
    return [(f"{title} {n}" if n else title, f"{text} Part {n}." if n else text, label)
            for n in range(copies) for texts, label in ((SECURITY, 1), (OTHER, 0)) for title, text in texts]


def write(folder: Path, copies: int = 3) -> dict[tuple[str, str], int]:
    """Write galaxy.json, weaknesses.xml and notes.jsonl; returns the labels by (file, id)."""
    folder.mkdir(parents=True)
    texts, labels = pairs(copies), {}
    values = []
    for title, text, label in texts[::3]:
        name = str(uuid.uuid5(uuid.NAMESPACE_URL, title))
        values.append({"value": title, "description": text, "uuid": name, "meta": {"refs": ["https://example.org/1"]}})
        labels["galaxy.json", name] = label
    (folder / "galaxy.json").write_text(json.dumps({"name": "Ours", "type": "ours", "values": values, "version": 1}))
    rows = []
    for n, (title, text, label) in enumerate(texts[1::3]):
        rows.append(f'<Weakness ID="{n + 1}" Name="{escape(title)}" Status="Stable"><Description>{escape(text)}'
                    "</Description></Weakness>")
        labels["weaknesses.xml", f"CWE-{n + 1}"] = label
    (folder / "weaknesses.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?><Weakness_Catalog xmlns="http://cwe.mitre.org/cwe-7"><Weaknesses>'
        + "".join(rows) + "</Weaknesses></Weakness_Catalog>")
    lines = []
    for n, (title, text, label) in enumerate(texts[2::3]):
        lines.append(json.dumps({"id": f"note-{n}", "title": title, "text": text}))
        labels["notes.jsonl", f"note-{n}"] = label
    (folder / "notes.jsonl").write_text("\n".join(lines) + "\n")
    return labels


def write_labels(folder: Path, labels: dict[tuple[str, str], int]) -> None:
    """All of them as uniform labels, the headline's kind."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [f"{file},{name},{label}" for (file, name), label in sorted(labels.items())]
    (folder / "sample_uniform.csv").write_text("\n".join(["file,id,label", *rows, ""]))
    (folder / "sample_stratified.csv").write_text("file,id,label\n")

"""The unoptimised way, to compare with: whole files in memory, keyword points, one LLM generate call a record.

    python -m bench.before --input-dir raw_data --output kept.json --no-llm     # minutes of reading, no question asked
    python -m bench.before --input-dir raw_data --output kept.json              # days on a CPU

Written from a description of how such scripts used to be made, as plainly as they are: every file by json.load (XML as
one tree), all records in one list, a point for each keyword, five generated tokens of a 4-bit model for each record,
kept where they say yes, json.dump at the end. No batch, no cache, no shared prompt, nothing decided without the LLM.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

QUESTION = "Is this about cybersecurity? Answer Yes or No."
TITLES, TEXTS = ("Name", "name", "value", "title"), ("Description", "description", "text")
WORDS = ["attack", "attacker", "backdoor", "botnet", "breach", "credential", "cve", "cyber", "ddos", "encryption",
         "exploit", "firewall", "forensic", "hacker", "injection", "intrusion", "malware", "password", "phishing",
         "ransomware", "security", "spyware", "trojan", "virus", "vulnerability"]
MOST = 2000  # characters of a text in the question; scripts that send all of it run out of context on the longest


def read(folder: Path) -> list[dict[str, Any]]:
    """All records of all files."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".json":
            with path.open() as file:
                found += [entry(path, tree) for tree in dictionaries(json.load(file))]
        elif path.suffix == ".xml":
            from lxml import etree

            for node in etree.parse(path).iter("{*}Weakness"):
                tree = {**node.attrib, **{etree.QName(child).localname: " ".join("".join(child.itertext()).split())
                                          for child in node.iterchildren(tag=etree.Element)}}
                found.append(entry(path, tree))
    return found


def dictionaries(tree: Any) -> Iterator[dict[str, Any]]:
    """The objects of the lists, or of the id → object mappings, under a file's top level."""
    for key, value in tree.items():
        listed = list(value.values()) if isinstance(value, dict) and not key.startswith("_") else value
        if isinstance(listed, list):
            yield from (item for item in listed if isinstance(item, dict))


def entry(path: Path, tree: dict[str, Any]) -> dict[str, Any]:
    title = next((str(tree[name]) for name in TITLES if tree.get(name)), "")
    text = next((str(tree[name]) for name in TEXTS if tree.get(name)), "")
    return {"source": path.name, "title": title, "text": text, "raw": tree}


def points(text: str) -> int:
    """One for each keyword that the text holds."""
    return sum(word in text.lower() for word in WORDS)


def prompt(tokenizer: Any, text: str) -> list[int]:
    turn = [{"role": "user", "content": f"{text[:MOST]}\n\n{QUESTION}"}]
    tokens: list[int] = tokenizer.apply_chat_template(turn, add_generation_prompt=True, tokenize=True,
                                                      return_dict=False)
    return tokens


def ask(model: Any, tokenizer: Any, text: str) -> bool:
    """The whole prompt through the model, five tokens generated, and "yes" looked for in them."""
    from mlx_lm import generate

    return "yes" in generate(model, tokenizer, prompt(tokenizer, text), max_tokens=5).lower()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input-dir", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--no-llm", action="store_true", help="keep what has a point")
    args = parser.parse_args()
    found = read(args.input_dir)
    if not args.no_llm:
        from mlx_lm import load

        from cybersieve import model as models

        model, tokenizer = load(str(models.prepare_default()))
    kept = []
    for record in found:
        text = f"{record['title']}\n{record['text']}"
        record["points"] = points(text)
        if record["points"] if args.no_llm else ask(model, tokenizer, text):
            kept.append(record)
    with args.output.open("w") as file:
        json.dump(kept, file, indent=2)
    print(json.dumps({"records": len(found), "kept": len(kept), "llm_calls": 0 if args.no_llm else len(found)}))


if __name__ == "__main__":
    main()

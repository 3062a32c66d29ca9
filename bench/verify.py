"""How fast the verifier is beside three other ways to ask the same model the same texts, and what it costs to start.

    python bench/verify.py [--texts 256] [--parsed-dir data/parsed] [--output bench/verify.json]

Each way runs in a process of its own, one after the other; loading is not counted:
  generate        mlx_lm.generate(max_tokens=5) record by record, 4-bit weights, wheels as they come
  batch_generate  mlx_lm.batch_generate(max_tokens=5) on the same prompts
  llama.cpp       llama-cpp-python on the same GGUF: one prefill a record of the tokens that we ask
                  (pip install -r requirements_bench.txt; left out where it can't be imported)
  cybersieve      this project's engine, with its adapter
The slow ways get fewer texts, evenly spaced over the lengths. On a machine that others use too, compare CPU seconds
(all threads added up) rather than seconds. `gemm` is what the model's matrix products alone would
allow, timed in the same process at the shapes of a batch; `square` is the same from one large square product.
`start`: from the start of Python to the first answer, in a process that is asked one text.

Texts: of --parsed-dir where it is there, 150 to 500 characters each; otherwise made up from a word list.
Prints a table, and one JSON line at the end. On a GPU, --dtype bfloat16 and a large --batch-size are worth a try.
"""

import argparse
import datetime
import importlib.metadata
import importlib.util
import json
import math
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
QUESTION = "Is this about cybersecurity? Answer Yes or No."
WORDS = """attacker buffer bread certificate cloud coffee compiler driver encryption exploit farm filter firmware garden
    history kernel kitchen library malware market museum music network packet painting parser password patch phishing
    planet policy poem protocol query railway recipe river router sample scanner school server session signature soil
    storm student summer token tourist tree tunnel update virus weather window"""
LINKS = "a the of in and with for through under between allows shows holds sends reads after before"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=256, help="texts for cybersieve; a quarter of them for llama.cpp")
    parser.add_argument("--slow", type=int, default=6, help="texts for mlx_lm.generate")
    parser.add_argument("--batched", type=int, default=8, help="texts for mlx_lm.batch_generate")
    parser.add_argument("--batch-size", type=int, help="default: verify.batch_size")
    parser.add_argument("--dtype", choices=["float32", "bfloat16", "float16"], help="default: as verify loads it")
    parser.add_argument("--parsed-dir", type=Path, default=ROOT / "data" / "parsed")
    parser.add_argument("--only", nargs="*", choices=WAYS, default=list(WAYS), help="only these ways")
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "verify.json")
    parser.add_argument("--run", choices=[*WAYS, "start"], help=argparse.SUPPRESS)  # the child process' own argument
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run:
        print(json.dumps(one_answer(args) if args.run == "start" else WAYS[args.run](args)))
        return
    result = compare(args)
    show(result)
    args.output.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result))


def compare(args: argparse.Namespace) -> dict[str, Any]:
    """All ways, and the figures made of them."""
    texts = sorted(corpus(args.parsed_dir, args.texts), key=len)
    counts = {"generate": args.slow, "batch_generate": args.batched, "llama.cpp": max(8, args.texts // 4)}
    ways: dict[str, Any] = {}
    for way in args.only:
        if way == "llama.cpp" and importlib.util.find_spec("llama_cpp") is None:
            continue
        print(f"{way} …", file=sys.stderr, flush=True)
        ways[way] = child(way, spaced(texts, counts.get(way, len(texts))), args)
    ours = ways.get("cybersieve")
    result = {"ways": ways, "machine": processor(), "day": datetime.date.today().isoformat(), "texts": len(texts),
              "versions": {
        name: importlib.metadata.version(name) for name in ("mlx", "mlx-lm")}}
    if ours:
        result["times"] = {way: round(ours["records_per_second"] / figures["records_per_second"], 2)
                           for way, figures in ways.items() if way != "cybersieve"}
        start = [child("start", texts[:1], args)["seconds"] for _ in range(3)]
        result["start_seconds"] = min(start)
    return result


def corpus(parsed_dir: Path, count: int) -> list[str]:
    """Texts of the parsed folder, or made up where there is none."""
    draw = random.Random(0)
    if parsed_dir.is_dir():
        from cybersieve import records
        found = [records.full_text(row["title"], row["text"]) for shard in records.shards(parsed_dir)
                 for row in records.read(shard.path, ["title", "text"])]
        found = sorted({text for text in found if 150 <= len(text) <= 500})
        if len(found) >= count:
            return draw.sample(found, count)
    words, links = WORDS.split(), LINKS.split()
    return [" ".join(draw.choice(words if i % 2 else links) for i in range(draw.randint(25, 80))) for _ in range(count)]


def spaced(texts: list[str], count: int) -> list[str]:
    """`count` of the texts, evenly spaced, the middle of each part."""
    count = min(count, len(texts))
    return [texts[(2 * i + 1) * len(texts) // (2 * count)] for i in range(count)]


def child(way: str, texts: list[str], args: argparse.Namespace) -> dict[str, Any]:
    """One way in a process of its own; its last line is JSON."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "texts.json")
        file.write_text(json.dumps({"started": time.time(), "texts": texts}))
        command = [sys.executable, __file__, "--run", way, "--file", str(file)]
        command += ["--dtype", args.dtype] if args.dtype else []
        command += ["--batch-size", str(args.batch_size)] if args.batch_size else []
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        sys.exit(f"{way}: {done.stderr}")
    result = json.loads(done.stdout.splitlines()[-1])
    if "records" in result:
        result["records_per_second"] = round(result["records"] / result["seconds"], 4)
        result["tokens_per_second"] = round(result["tokens"] / result["seconds"], 1)
    return dict(result)


# ------------------------------------------------------------------ the ways, each in its own process

class Clock:
    """Seconds and CPU seconds since it was made."""

    def __init__(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def figures(self, records: int, tokens: int) -> dict[str, Any]:
        wall, cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
        return {"records": records, "tokens": tokens, "seconds": round(wall, 3), "cpu_seconds": round(cpu, 3)}


def read(args: argparse.Namespace) -> list[str]:
    return list(json.loads(args.file.read_text())["texts"])


def prompts(tokenizer: Any, texts: list[str]) -> list[list[int]]:
    options = {"add_generation_prompt": True, "tokenize": True, "return_dict": False}
    turns = [[{"role": "user", "content": f"{text}\n\n{QUESTION}"}] for text in texts]
    return [tokenizer.apply_chat_template(turn, **options) for turn in turns]


def by_generate(args: argparse.Namespace) -> dict[str, Any]:
    from mlx_lm import generate, load
    model, tokenizer = load(str(prepared()))
    asked = prompts(tokenizer, read(args))
    clock = Clock()
    for tokens in asked:
        generate(model, tokenizer, tokens, max_tokens=5)
    return clock.figures(len(asked), sum(map(len, asked)))


def by_batch_generate(args: argparse.Namespace) -> dict[str, Any]:
    from mlx_lm import batch_generate, load
    model, tokenizer = load(str(prepared()))
    asked = prompts(tokenizer, read(args))
    clock = Clock()
    batch_generate(model, tokenizer, asked, max_tokens=5)
    return clock.figures(len(asked), sum(map(len, asked)))


def by_llama_cpp(args: argparse.Namespace) -> dict[str, Any]:
    import llama_cpp
    from mlx_lm.utils import load_tokenizer

    from cybersieve import machine, model, prompt

    files, settings = ours()
    layout = files.layout(settings)
    cores = machine.cores()
    tokenizer = load_tokenizer(files.folder)
    first, last = prompt.prefix_tokens(tokenizer, layout), prompt.suffix_tokens(tokenizer, layout)
    asked = [first + body + last for body in prompt.text_tokens(tokenizer, layout, read(args))]
    with tempfile.TemporaryDirectory() as folder:
        llama = llama_cpp.Llama(str(model.default_gguf(Path(folder))), n_ctx=1024, n_batch=1024, n_ubatch=1024,
                                n_threads=cores, n_threads_batch=cores, n_gpu_layers=-1, verbose=False)
        llama.eval(asked[0])
        clock = Clock()
        for tokens in asked:
            llama.reset()
            llama.eval(tokens)
        return clock.figures(len(asked), sum(map(len, asked)))


def by_cybersieve(args: argparse.Namespace) -> dict[str, Any]:
    from cybersieve import machine, mlx_engine, model, prompt
    from cybersieve.measure import peak_memory_mb

    files, settings = ours()
    loaded, tokenizer = model.open_files(files, args.dtype)
    layout = files.layout(settings) or prompt.of_model(tokenizer, settings)
    texts, size = read(args), args.batch_size or settings.batch_size
    with mlx_engine.Engine(loaded, tokenizer, layout, size) as engine:
        list(engine.margins(texts[:size]))  # kernels compiled, memory mapped
        engine.tokens, clock = 0, Clock()
        answers = [pair for batch in engine.margins(texts) for pair in batch]
        figures = clock.figures(len(answers), engine.tokens)
        most = mlx_engine.CPU_TOKENS if engine.on_cpu else mlx_engine.GPU_TOKENS
        mean = engine.tokens / len(texts)
        batch = int(mean * min(size, len(texts), most // mean))  # tokens in a usual batch
        workers, peak = machine.cores() if engine.on_cpu else 1, round(peak_memory_mb(), 1)
    rate = engine.tokens / figures["seconds"]
    bound = gemm_bound(loaded, batch) * workers
    square = square_flops() / (2 * sum(math.prod(shape(layer)) for layer in products(loaded)))
    return figures | {
            "batch_size": size, "device": device(), "dtype": str(loaded.layers[0].input_layernorm.weight.dtype),
            "peak_memory_mb": peak, "gemm_tokens_per_second": round(bound, 1), "share_of_gemm": round(rate / bound, 3),
            "square_tokens_per_second": round(square, 1), "share_of_square": round(rate / square, 3)}


def one_answer(args: argparse.Namespace) -> dict[str, float]:
    from cybersieve import mlx_engine, model, prompt
    tree = json.loads(args.file.read_text())
    files, settings = ours()
    loaded, tokenizer = model.open_files(files, args.dtype)
    with mlx_engine.Engine(loaded, tokenizer, files.layout(settings) or prompt.of_model(tokenizer, settings)) as engine:
        list(engine.margins(tree["texts"]))
        return {"seconds": round(time.time() - tree["started"], 2)}


WAYS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "generate": by_generate, "batch_generate": by_batch_generate, "llama.cpp": by_llama_cpp,
    "cybersieve": by_cybersieve}


def ours() -> tuple[Any, Any]:
    """Files and settings of the project's own verify block."""
    from cybersieve import model, params
    settings = params.load(ROOT / "params.yaml").verify
    return model.find(settings), settings


def prepared() -> Path:
    """The default model's folder; found without loading the fast BLAS into this process."""
    from cybersieve import model
    return model.prepare_default()


# ------------------------------------------------------------------ what the machine could do

def products(model: Any) -> list[Any]:
    """The layers that every token is multiplied with, the output layer left out."""
    found = model.named_modules()
    return [layer for name, layer in found if "Linear" in type(layer).__name__ and "lm_head" not in name]


def gemm_bound(model: Any, tokens: int) -> float:
    """Tokens a second of one worker, were there nothing but the matrix products of a batch of `tokens` tokens."""
    from cybersieve.mlx_engine import mx
    dtype = model.layers[0].input_layernorm.weight.dtype
    inputs = {columns: mx.random.normal((tokens, columns)).astype(dtype) for _, columns in map(shape, products(model))}

    def once() -> None:
        mx.eval([layer(inputs[shape(layer)[1]]) for layer in products(model)])

    return tokens / best(once)


def shape(layer: Any) -> tuple[int, int]:
    """(outputs, inputs) of a layer, quantised or not."""
    rows, columns = layer.weight.shape
    return rows, columns * 32 // layer.bits if hasattr(layer, "bits") else columns


def square_flops() -> float:
    """Floating-point operations a second of a large square product: bfloat16 on a GPU, float32 on a CPU's cores."""
    from cybersieve import blas, machine
    from cybersieve.mlx_engine import mx
    on_cpu = mx.default_device() == mx.cpu
    if on_cpu:
        blas.threads(machine.cores())
    n = 2048 if on_cpu else 8192
    a = mx.random.normal((n, n)).astype(mx.float32 if on_cpu else mx.bfloat16)
    mx.eval(a)
    return 2 * n**3 / best(lambda: mx.eval(a @ a))


def best(work: Callable[[], None], rounds: int = 5) -> float:
    work()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def device() -> str:
    from cybersieve.mlx_engine import mx
    return str(mx.device_info().get("device_name", mx.default_device())) if mx.default_device() != mx.cpu else "cpu"


def processor() -> str:
    from cybersieve import machine
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{machine.cores()} x {(names or [platform.processor()])[0]}"


def show(result: dict[str, Any]) -> None:
    print(f"{result['machine']}, {result['texts']} texts")
    print(f"{'way':16}{'records':>9}{'seconds':>10}{'CPU s':>9}{'records/s':>11}{'tokens/s':>10}{'ours is':>10}")
    for way, row in result["ways"].items():
        times = result.get("times", {}).get(way)
        print(f"{way:16}{row['records']:9}{row['seconds']:10.1f}{row['cpu_seconds']:9.1f}{row['records_per_second']:11.3f}"
              f"{row['tokens_per_second']:10.1f}{f'{times:.1f} x' if times else '':>10}")
    ours = result["ways"].get("cybersieve")
    if ours:
        print(f"device {ours['device']}, {ours['dtype']}, batch {ours['batch_size']}: {ours['share_of_gemm']:.0%} of"
              f" {ours['gemm_tokens_per_second']:.0f} tokens/s that its matrix products alone would allow,"
              f" {ours['share_of_square']:.0%} of {ours['square_tokens_per_second']:.0f} at a square product's rate")
        print(f"peak memory {ours['peak_memory_mb']:.0f} MB, start to first answer {result['start_seconds']:.2f} s")


if __name__ == "__main__":
    main()
